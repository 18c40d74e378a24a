"""Tables of two variables: cells that are not empty, from samples and as they come."""

import numpy as np
import pytest

from fastmi.belief.pseudovalues import jackknife
from fastmi.contingency import Contingency, contingency


def as_lists(table):
    """Its cells in one order, whatever their numbers."""
    return sorted(table.counts.tolist())


def test_equal_pairs_share_a_cell(twin, rng):
    codes, labels = (
        rng.integers(-(2**62), 2**62, 30)[rng.integers(0, 30, 500)],
        rng.integers(0, 7, 500),
    )
    table = contingency(twin.put(codes), twin.put(labels), 7)
    counted = {}
    for pair in zip(codes.tolist(), labels.tolist(), strict=True):
        counted[pair] = counted.get(pair, 0) + 1
    assert as_lists(table) == sorted(counted.values())
    assert sorted(table.row_counts.tolist()) == sorted(np.unique(codes, return_counts=True)[1])
    assert sorted(table.column_counts.tolist()) == sorted(np.unique(labels, return_counts=True)[1])
    assert table.n_samples == 500
    assert repr(table) == f"Contingency of 500 samples in {len(counted)} cells"


def test_counts_of_pairs_are_added_up():
    table = contingency(np.array([5, 5, -1]), np.array([1, 1, 0]), 2, counts=np.array([2, 3, 4]))
    assert as_lists(table) == [4, 5]


def test_small_codes_and_any_codes_give_one_table(rng):
    codes, labels = rng.integers(0, 50, 400), rng.integers(0, 5, 400)
    told, untold = contingency(codes, labels, 5, code_bits=6), contingency(codes, labels, 5)
    assert as_lists(told) == as_lists(untold)
    for one, other in zip(told.tallies, untold.tallies, strict=True):
        assert [part.tolist() for part in one.occurrences] == [
            part.tolist() for part in other.occurrences
        ]


def test_cells_may_come_in_parts_and_empty():
    table = Contingency.of_cells([2, 0, 1, 3, 4, 0], [4, 1, 0, 4, 0, 9], [0, 3, 2, 0, 0, 9])
    parts = table.counts, table.rows, table.columns, table.row_counts, table.column_counts
    assert [part.tolist() for part in parts] == [
        [4, 1, 5],
        [0, 0, 4],
        [0, 2, 0],
        [5, 0, 0, 0, 5],
        [9, 0, 1],
    ]
    assert table.n_samples == 10
    with np.errstate(all="raise"):
        assert jackknife(table) == jackknife(Contingency.of_cells([4, 1, 5], [0, 0, 1], [0, 1, 0]))


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (([1.0], [0], [0]), TypeError, "counts has dtype float64: pass integers"),
        (([1], ["a"], [0]), TypeError, "rows has dtype <U1: pass integers"),
        (([1], [0], [[0]]), ValueError, r"columns has shape \(1, 1\) and its smallest is 0"),
        (([1], [-2], [0]), ValueError, r"rows has shape \(1,\) and its smallest is -2"),
        (([2, 1], [0, 1], [0]), ValueError, r"shapes differ: counts \(2,\), .* columns \(1,\)"),
        (([], [], []), ValueError, "counts add up to 0"),
        (([0, 0], [0, 1], [1, 1]), ValueError, "counts add up to 0"),
    ],
)
def test_what_is_no_table_is_refused(given, error, words):
    with pytest.raises(error, match=words):
        Contingency.of_cells(*given)
