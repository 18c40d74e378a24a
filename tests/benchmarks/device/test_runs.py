"""Whole runs on the device and on a thread of the CPU."""

from __future__ import annotations

import numpy as np

from benchmarks.device import runs
from benchmarks.device.findings import unequal
from benchmarks.training import EXP_2_CROWD, EXP_2_MANY


def test_a_run_is_timed_in_its_pieces_and_its_readings_compared(place):
    record = dict(runs.cases(place))[runs.name_of(EXP_2_MANY)]()
    pieces = {"training_ms", "sampled_reading_ms", "draw_ms", "step_ms", "three_readings_ms"}
    assert record.keys() == pieces | {"epochs", "equal"}
    assert min(record[piece] for piece in pieces) > 0
    assert record["equal"] is True


def test_readings_that_differ_are_wrong(place, monkeypatch):
    answers = iter([np.zeros(2), np.array([0, 1e-16])])
    monkeypatch.setattr(runs, "three_readings", lambda *arguments: next(answers))
    assert unequal(dict(runs.cases(place))[runs.name_of(EXP_2_CROWD)]())


def test_every_run_is_on_the_device_and_on_the_cpu(place):
    assert [name for name, _ in runs.cases(place)] == [
        "exp-2-50-copies, the device",
        "exp-2-50-copies, one CPU thread",
        "exp-2-1000-copies, the device",
        "exp-2-1000-copies, one CPU thread",
    ]
