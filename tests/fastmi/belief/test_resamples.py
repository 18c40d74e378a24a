"""The sd from drawn tables: within its stated error of the exact one, by both ways to draw."""

import math

import numpy as np
import pytest

from fastmi import belief
from fastmi.belief import resamples
from tests.fastmi.belief.samples import tally_of

WAYS = {"cell by cell": resamples._drawn, "by shuffles": resamples._shuffled}
MARGINS = [
    ([40, 30, 20, 10], [60, 40]),
    ([5, 4, 3, 2, 1, 1, 1], [6, 6, 5]),
    ([500, 499, 1], [250, 250, 250, 250]),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("a", "b"), MARGINS)
def test_it_is_near_the_exact_sd(way, a, b):
    a, b = np.array(a), np.array(b)
    sums = WAYS[way](a, b, 4000, np.random.default_rng(1))
    exact = float(belief.chance_sd(tally_of(a), b)[0])
    # sd of an sd: 1 / sqrt(2 * 4000) of it for a normal law, at most twice for these
    assert np.std(sums, ddof=1) / a.sum() == pytest.approx(exact, rel=0.1)
    mean = float(belief.chance(tally_of(a), b)[0])
    entropies = sum(-(c / c.sum()) @ np.log2(c / c.sum()) for c in (a, b))
    information = entropies - np.log2(a.sum()) + sums / a.sum()
    assert information.mean() == pytest.approx(mean, abs=5 * exact / math.sqrt(4000))


def test_it_is_the_same_number_every_time_in_whatever_order():
    a, b = np.array([50_000, 30_000, 20_000]), np.array([60_000, 40_000])
    assert belief.resampled_sd(a, b) == belief.resampled_sd(a[::-1], b[::-1])
    few = np.array([3, 2, 2]), np.array([4, 3])
    assert belief.resampled_sd(*few) == belief.resampled_sd(few[0][::-1], few[1])


def test_it_is_zero_where_no_shuffle_changes_anything():
    assert belief.resampled_sd(np.array([100]), np.array([40, 60])) == 0
    assert belief.resampled_sd(np.ones(9, int), np.array([4, 5])) == 0


def test_numpy_draws_no_table_of_a_milliard():
    assert math.isnan(belief.resampled_sd(np.array([10**9]), np.array([10**9])))
