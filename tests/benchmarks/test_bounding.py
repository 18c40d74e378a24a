"""The case of the bounds by kernels: all candidates agree, or nothing is timed."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import bounding
from benchmarks.peers import OF_BOUNDS, peers
from benchmarks.timing import Disagreement, compare


@pytest.mark.parametrize("case", bounding.BOUNDS, ids=lambda case: case.name)
def test_bounds_agree_within_float32(case, monkeypatch):
    small = replace(case, n_samples=200)
    comparison = compare(small.race(quick=True), rounds=1, patience=0.0)
    assert tuple(timed.name for timed in comparison.timed) == bounding.CANDIDATES
    assert 0 < comparison.largest_difference < 1e-5
    assert len(small.data(quick=True)[0]) == 50
    wrong = replace(
        peers(OF_BOUNDS)[1], bounds=lambda y, variance: lambda layer: np.full(4, 1e-4 + len(y))
    )
    others = peers(OF_BOUNDS)[::2]
    monkeypatch.setattr("benchmarks.peers.peers", lambda names: (others[0], wrong, *others[1:]))
    with pytest.raises(Disagreement, match="NumPy, broadcasting differs from fastmi by"):
        compare(small.race(quick=True))
