"""Times of coding, counting and estimates."""

from __future__ import annotations

import numpy as np

import fastmi
from benchmarks.device import times
from benchmarks.device.findings import unequal


def test_a_size_is_timed_in_its_halves_and_whole(place):
    record = dict(times.cases(place))[times.LAYERS_30.name]()
    assert record["rows"] == 2 * 6 * 128
    assert record["n_bytes"] == 4 * 2 * 128 * (10 + 7 + 5 + 4 + 3 + 1)
    assert 12 <= record["distinct"] <= record["rows"]
    for half in ("encode", "tally", "estimate"):
        assert record[half].keys() == {"ms", "rows_per_s", "GB_per_s", "share_of_copy"}
    assert record["launching_ms"] > 0
    assert record["equal"] is True


def test_what_differs_from_the_judge_is_wrong(place, monkeypatch):
    right, calls = fastmi.PlaneEstimator.estimate, []

    def estimate(plane, layers):
        calls.append(1)
        return right(plane, layers) + 1e-16 * len(calls) + np.spacing(8.0) * len(calls)

    monkeypatch.setattr(fastmi.PlaneEstimator, "estimate", estimate)
    assert unequal(dict(times.cases(place))[times.ONE_LAYER_3000.name]())


def test_the_sizes_of_the_aims_are_what_they_say(place):
    assert times.LAYERS_30.n_rows == 30 * 4096
    assert times.ONE_LAYER_3000.n_rows == 3000 * 4096
    assert times.HUNDRED_MILLION.n_rows == 10**8
    names = [name for name, _ in times.cases(place)]
    assert len(set(names)) == len(names) == len(times.SIZES) + 1
