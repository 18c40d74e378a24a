"""The jackknife by sums over cells: leaving out one sample after the other, by their definition."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from fastmi.belief.pseudovalues import drift, jackknife
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
        assert jackknife(table_of(t, y)) == pytest.approx(expected, abs=1e-10, nan_ok=True)


def test_many_symbols_and_few_samples_of_each(rng):
    t, y = rng.integers(0, 90, 200).tolist(), rng.integers(0, 30, 200).tolist()
    expected = definitions.jackknife(t, y)
    assert jackknife(table_of(t, y)) == pytest.approx(expected, abs=1e-10)


def test_large_counts_keep_their_digits():
    """d(x) = log2 x + 1 / ln 2 - 1 / (2 x ln 2) - 1 / (6 x^2 ln 2), where x is large."""
    n = 4 * 10**9
    table = Contingency.of_cells([n // 4] * 4, [0, 0, 1, 1], [0, 1, 0, 1])
    value, se = jackknife(table)
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
    assert jackknife(table_of(t, y)) == pytest.approx(expected, abs=1e-14, nan_ok=True)


def test_the_error_drifts_as_tables_beside_it_say(rng):
    for t, y in pairs(rng, 100, 150):
        found, counts = drift(table_of(t, y)), Counter(zip(t, y, strict=True))
        if math.isnan(found):  # one code or one class, or all pseudo-values are one
            assert jackknife(table_of(t, y))[1] == pytest.approx(0, abs=1e-12, nan_ok=True)
        elif abs(found) < 100:
            assert found == pytest.approx(definitions.drift(counts), rel=1e-3, abs=1e-3)


def test_the_error_all_but_vanishes_where_two_classes_are_told_and_nearly_alike():
    """se is sqrt(pq / n) log2(p / q): its drift is that of the logarithm, and of pq."""
    p, q, n = 0.55, 0.45, 1000
    expected = ((p - q) / 2 - 1 / math.log(p / q)) / math.sqrt(p * q * n)
    found = drift(Contingency.of_cells([550, 450], [0, 1], [0, 1]))
    assert found == pytest.approx(expected, rel=1e-12)
    assert drift(Contingency.of_cells([500, 500], [0, 1], [0, 1])) == pytest.approx(
        math.nan, nan_ok=True
    )


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
