"""What a reader needs to judge a timing by."""

from __future__ import annotations

import os

import pytest

from benchmarks import machine


@pytest.mark.parametrize(
    ("spins", "load", "busy"),
    [([1.0, 1.1, 1.2], 0.0, False), ([1.0, 1.5, 1.5], 0.0, True), ([1.0, 1.0, 1.0], 1e3, True)],
)
def test_a_busy_machine_is_said_at_the_start(monkeypatch, spins, load, busy):
    monkeypatch.setattr(machine, "spins", lambda: spins)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0, 0))
    here = machine.machine()
    assert here.busy == busy
    assert ("BUSY" in str(here)) == busy
    assert here.unrest == pytest.approx(spins[1] - 1)
    assert "every candidate held to 1 thread" in str(here)


def test_the_fixed_loop_is_timed_again_and_again():
    taken = machine.spins()
    assert len(taken) == machine.SPINS
    assert min(taken) > 0
