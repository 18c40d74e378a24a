"""What the memory allows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks import limits
from benchmarks.timing import Timed


def test_limits_are_bytes_over_the_quickest_round(monkeypatch):
    rounds = (Timed("read", (0.5, 0.25), (1, 1)), Timed("copied", (1.0, 0.5), (1, 1)))
    monkeypatch.setattr(limits, "measure", lambda race, **options: rounds)
    memory = limits.limits(n_bytes=1 << 10)
    assert (memory.read, memory.copied) == (4 << 10, 4 << 10)  # a copy reads and writes


def test_limits_read_every_number_once():
    values = np.arange(100, dtype=np.float32)
    assert limits._sum()(values) == 4950
    memory = limits.limits(torch.device("cpu"), n_bytes=1 << 12)
    assert min(memory.read, memory.copied) > 0


@pytest.mark.parametrize("device", [None, torch.device("cpu")])
def test_limits_are_of_numbers_that_cannot_be_compressed(monkeypatch, device):
    seen = []

    def measured(race, **options):
        seen.append(race.candidates["copied"].args[-1])
        return Timed("read", (1.0,), (1,)), Timed("copied", (1.0,), (1,))

    monkeypatch.setattr(limits, "measure", measured)
    limits.limits(device, n_bytes=1 << 12)
    assert len(np.unique(np.asarray(seen[0]))) > 1000  # of 1024
