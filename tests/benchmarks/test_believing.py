"""What belief costs: every call gives the number that stands alone, or nothing is timed."""

import pytest

from benchmarks import believing
from benchmarks.timing import compare


@pytest.mark.parametrize("case", believing.BELIEFS, ids=lambda case: case.name)
def test_the_number_is_the_same_with_all_that_stands_beside_it(case, monkeypatch):
    for size, small in (("N_SAMPLES", 64), ("PERMUTED_SAMPLES", 30), ("PERMUTATIONS", 3)):
        monkeypatch.setattr(believing, size, small)
    monkeypatch.setattr(believing, "PAIRS", 1000)
    comparison = compare(case.race(quick=True), rounds=1, patience=0.0)
    assert tuple(timed.name for timed in comparison.timed) == case.candidates
    assert comparison.largest_difference == 0
