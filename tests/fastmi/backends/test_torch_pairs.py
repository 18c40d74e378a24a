"""Products of one-hot matrices, and pairs by themselves: the same tables."""

import numpy as np
import pytest

from fastmi.backends import Columns, torch_pairs


@pytest.mark.parametrize(
    "limits",
    [
        {"PRODUCT_CELLS": 1},  # each pair by itself
        {"ONE_HOT_CELLS": 64, "TABLE_CELLS": 20},  # few rows, and few pairs, at a time
        {"EXACT_ROWS": 7},
    ],
)
def test_neither_the_way_nor_the_parts_leave_a_trace(rng, monkeypatch, limits):
    sizes = np.array([3, 5, 2])
    codes = rng.integers(0, sizes[:, None], (3, 100)).astype(np.uint8)
    columns = Columns(codes, sizes, np.array([3, 4, 1]))
    pairs = np.array([(i, j) for i in range(3) for j in range(3)])
    expected = torch_pairs.tally_pairs(columns, columns, pairs, True)
    for name, limit in limits.items():
        monkeypatch.setattr(torch_pairs, name, limit)
    counted = torch_pairs.tally_pairs(columns, columns, pairs, True)
    for one, other in zip(expected, counted, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("apart", [False, True])
def test_pairs_of_which_no_symbol_counts_have_no_cells(apart):
    nothing = Columns(np.zeros((1, 4), np.uint8), np.array([1]), np.array([0]))
    two = Columns(np.array([[0, 1, 1, 0]], np.uint8), np.array([2]), np.array([2]))
    counted = torch_pairs.tally_pairs(nothing, two, np.array([[0, 0]]), apart)
    assert [column.tolist() for column in counted] == [[], [], []]
