"""Tables: every candidate gives the same numbers, and memory is weighed."""

import numpy as np
import pytest

from benchmarks import tables
from benchmarks.tables import TABLES
from benchmarks.timing import compare
from tests import naive

SMALL = {
    "pairs": lambda: tables.pairs(200, 7, 4),
    "features": lambda: tables.features(300, 14),
    "pipeline": lambda: tables.pipeline(300, 14),
    "batch": lambda: tables.batch(100, 3, 4),
}


@pytest.mark.parametrize("name", SMALL)
def test_all_give_the_same_numbers(name):
    race = SMALL[name]()
    comparison = compare(race, rounds=1, patience=0.0)
    assert comparison.largest_difference < 1e-12
    assert set(comparison.peaks) == set(race.candidates)
    (case, *_) = (case for case in TABLES if case.name.startswith(name))
    assert tuple(race.candidates) == case.candidates
    assert set(race.work) == set(race.candidates)


def test_the_loop_agrees_with_the_definition():
    x, y = np.random.default_rng(0).integers(4, size=(2, 100))
    expected = naive.mutual_information(x.tolist(), y.tolist()) * np.log(2)
    assert tables.bincount(x, y) == pytest.approx(expected, abs=1e-12)
