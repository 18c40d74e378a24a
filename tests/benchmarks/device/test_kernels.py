"""Both ways of the device's twin: equal first, then timed."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.device import kernels
from benchmarks.device.findings import unequal


def test_both_ways_are_compared_and_then_timed(place):
    cases = dict(kernels.cases(place))
    assert cases["account"]().keys() == {"kernels", "reason"}
    for name in ("encode, 50 x 784, uneven edges", "tally, 4 x 128 of 32 units"):
        record = cases[name]()
        assert record["equal"] is True
        assert record["as it comes"]["ms"] > 0
        assert record["torch's lines"]["ms"] > 0


def test_what_differs_is_not_timed(place):
    answers = iter([(torch.zeros(2), np.zeros(1)), (torch.zeros(2), np.ones(1))])
    record = kernels._both(place, lambda: next(answers), 1, 1)
    assert unequal(record)
    assert "ms" not in record["as it comes"]


def test_single_operations_take_their_time(place):
    record = dict(kernels.cases(place))["single operations, ms"]()
    assert min(record.values()) > 0
    assert {"bucketize", "unique with counts", "sort of segments, with indices"} < record.keys()


def test_names_are_different(place):
    names = [name for name, _ in kernels.cases(place)]
    assert len(set(names)) == len(names)
