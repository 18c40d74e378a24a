"""The jackknife by sums over cells: leaving out one sample after the other, by their definition."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from fastmi.belief.pseudovalues import jackknife, unseen
from fastmi.contingency import Contingency
from tests.fastmi.belief import definitions
from tests.fastmi.belief.samples import pairs


def table_of(t, y):
    """Its cells in the order in which they come up."""
    counted = Counter(zip(t, y, strict=True))
    rows, columns = zip(*counted, strict=True)
    return Contingency.of_cells(list(counted.values()), rows, columns)


def test_it_is_the_one_that_leaves_out_sample_by_sample(rng):
    for t, y in itertools.chain(pairs(rng, 100, 9), pairs(rng, 100, 150)):
        expected = definitions.jackknife(t, y)
        assert jackknife(table_of(t, y))[:2] == pytest.approx(expected, abs=1e-10, nan_ok=True)


def test_many_symbols_and_few_samples_of_each(rng):
    t, y = rng.integers(0, 90, 200).tolist(), rng.integers(0, 30, 200).tolist()
    expected = definitions.jackknife(t, y)
    assert jackknife(table_of(t, y))[:2] == pytest.approx(expected, abs=1e-10)


def test_large_counts_keep_their_digits():
    """d(x) = log2 x + 1 / ln 2 - 1 / (2 x ln 2) - 1 / (6 x^2 ln 2), where x is large."""
    n = 4 * 10**9
    table = Contingency.of_cells([n // 4] * 4, [0, 0, 1, 1], [0, 1, 0, 1])
    value, se, _ = jackknife(table)
    assert value == pytest.approx(-1 / (2 * n * math.log(2)), abs=1e-14)
    assert se == 0


@pytest.mark.parametrize(
    ("t", "y", "expected"),
    [
        ([0], [0], (0, math.nan)),  # nothing is left without it
        ([0, 0, 0], [0, 0, 0], (0, 0)),
        ([7, 7, 7, 7], [0, 1, 0, 1], (0, 0)),
        ([0, 1, 2, 3], [5, 5, 5, 5], (0, 0)),
        # each alone with its code and its class: every pseudo-value is d(n)
        ([0, 1, 2, 3], [0, 1, 2, 3], (8 - 3 * math.log2(3), 0)),
        ([0, 0, 1, 1], [0, 0, 1, 1], (6 - 3 * math.log2(3), 0)),
    ],
)
def test_degenerate_tables_have_values_that_are_known(t, y, expected):
    assert jackknife(table_of(t, y))[:2] == pytest.approx(expected, abs=1e-14, nan_ok=True)


def test_what_is_rare_has_a_share_in_the_error(rng):
    for t, y in pairs(rng, 50, 150):
        counted, found = Counter(zip(t, y, strict=True)), jackknife(table_of(t, y))
        pseudo, se = definitions.pseudo_values(t, y), found.se
        if not se > 0:
            assert found.rare == 0
            continue
        few = [counted[pair] < 5 for pair in zip(t, y, strict=True)]
        rare = [(p - found.value) ** 2 for p, alone in zip(pseudo, few, strict=True) if alone]
        n = len(t)
        assert found.rare == pytest.approx(math.fsum(rare) / (n * (n - 1) * se**2), abs=1e-9)


def test_what_was_not_seen_moves_it_by_as_much_as_one_sample_more(rng):
    for t, y in itertools.chain(pairs(rng, 100, 9), pairs(rng, 50, 150)):
        assert unseen(table_of(t, y)) == pytest.approx(definitions.unseen(t, y), abs=1e-12)


def test_where_no_cell_is_empty_nothing_is_unseen():
    assert unseen(Contingency.of_cells([3, 1, 1, 3], [0, 0, 7, 7], [2, 5, 2, 5])) == 0
    # codes and classes without samples are none
    assert unseen(Contingency.of_cells([3, 1], [4, 4], [2, 5])) == 0


def test_no_order_of_samples_or_labels_leaves_a_trace(rng):
    t, y = rng.integers(0, 40, 500), rng.integers(0, 6, 500)
    expected = jackknife(table_of(t.tolist(), y.tolist()))
    for _ in range(20):
        order, names = rng.permutation(500), rng.permutation(40)
        assert jackknife(table_of(names[t][order].tolist(), y[order].tolist())) == expected
        assert (
            jackknife(Contingency.of_cells(np.ones(500, int), names[t][order], y[order]))
            == expected
        )
