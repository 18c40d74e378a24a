"""Tests of independence: their shares, counted."""

import math

import numpy as np
import pytest

from benchmarks.simulation.laws import apart, told_by
from benchmarks.simulation.rejecting import Null, chi_squared, null, power
from benchmarks.simulation.sampling import Mean, sampled


def test_shares_and_the_mean_are_those_of_the_samples():
    samples = sampled(apart((1, 1), (1, 1)), "none", 10, 4, intervals=False)
    found = null(samples._replace(lower=np.array([-0.5, 0, 0.5, 1])), 10)
    assert found.evidence.value == pytest.approx((2**-5 + 1 + 2**5 + 2**10) / 4)
    assert found.rejected == (0.25, 0.5, 0.5)
    assert found.n_samples == 4
    assert not found.holds


@pytest.mark.parametrize(
    ("evidence", "rejected", "expected"),
    [
        ((1.3, 0.1), (0.01, 0.05, 0.1), True),
        ((1.31, 0.1), (0.01, 0.05, 0.1), False),
        ((0.5, 0.1), (0.01, 0.05, 0.13), False),
        ((0.5, 0.1), (0.01, 0.05, 0.1 + 3 * math.sqrt(0.09 / 1000)), True),
    ],
)
def test_it_holds_within_three_errors(evidence, rejected, expected):
    assert Null(Mean(*evidence), rejected, 1000).holds is expected


def test_pearsons_p_is_the_one_that_is_known():
    """A 2 x 2 table of 30, 10, 20, 20: 80 / 1.2 / 16 of one degree, whose tail is erfc."""
    t, y = np.repeat([0, 0, 3, 3], [30, 10, 20, 20]), np.repeat([0, 2, 0, 2], [30, 10, 20, 20])
    statistic = 80 * (30 * 20 - 10 * 20) ** 2 / (40 * 40 * 50 * 30)
    assert chi_squared(t, y) == pytest.approx(math.erfc(math.sqrt(statistic / 2)), rel=1e-10)
    assert chi_squared(np.zeros(5, int), np.arange(5)) == 1


def test_power_is_seen_and_paid_for():
    found = power(told_by(np.ones(4), 0.5, np.ones(2)), "told", 60, 100)
    assert found.chi > found.bound > found.bound_null
    assert found.chi_null < 0.2
