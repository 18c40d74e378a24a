"""Codes are compared exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import encoding
from benchmarks.timing import Disagreement, compare


def test_codes_that_differ_in_their_highest_bit_alone_differ():
    with pytest.raises(Disagreement):
        compare({"one": lambda: np.array([0]), "two": lambda: np.array([-(2**63)])}, agree=0)


@pytest.mark.parametrize("case", encoding.CODINGS, ids=lambda case: case.name)
def test_codes_are_compared_exactly(case, monkeypatch):
    monkeypatch.setattr(
        encoding, "symbols_by_arithmetic", lambda t, edges: np.digitize(t, edges) + (t == t[5, 0])
    )
    small = replace(case, n_samples=100)
    with pytest.raises(Disagreement, match="bins by arithmetic differs from fastmi by"):
        compare(small.race(quick=False), rounds=1)
    monkeypatch.undo()
    comparison = compare(small.race(quick=False), rounds=1)
    assert tuple(timed.name for timed in comparison.timed) == encoding.CANDIDATES
    assert comparison.largest_difference == 0.0
