"""What is believed of many samples, one by one; means, shares, and when they hold."""

import math

import numpy as np
import pytest

from benchmarks.simulation import sampling
from benchmarks.simulation.laws import told_by, two_classes
from benchmarks.simulation.sampling import (
    Bracket,
    Coverage,
    Mean,
    bracket,
    coverage,
    drawn_of,
    sampled,
)
from tests import naive
from tests.fastmi.belief import definitions

LAW = two_classes((0.5, 0.3, 0.2), np.array([0.1, 0.5, 0.9]))


@pytest.mark.parametrize("known", [True, False])
def test_each_sample_has_what_is_said_of_it_alone(known):
    found = sampled(LAW, "a law", 60, 7, known=known)
    (drawn,) = drawn_of(LAW, "a law", 60, 7)
    for i, (t, y) in enumerate(zip(drawn.t.tolist(), drawn.y.tolist(), strict=True)):
        k = 2 if known else len(set(y))
        expected = [
            naive.mutual_information(t, y),
            definitions.mean_lower(t, y, k),
            definitions.mean_upper(t, y, k),
            *definitions.jackknife(t, y),
        ]
        got = [column[i] for column in (*found[1:4], *found[6:])]
        assert got == pytest.approx(expected, abs=1e-10)
        if not math.isnan(found.low[i]):
            assert found.low[i] == pytest.approx(expected[3] - sampling.Z * expected[4], abs=1e-10)


def test_blocks_and_other_lines_leave_no_trace(monkeypatch):
    whole = sampled(LAW, "a law", 40, 6, intervals=False)
    monkeypatch.setattr(sampling, "BLOCK_DRAWS", 100)
    parts = sampled(LAW, "a law", 40, 6, intervals=False)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(whole, parts, strict=True))
    assert np.isnan(whole.low).all()
    assert not np.array_equal(whole.lower, sampled(LAW, "another", 40, 6).lower)


def test_classes_that_do_not_occur_are_paid_for_where_they_are_known():
    law = told_by(np.ones(4), 0.5, np.ones(30))
    known, seen = (sampled(law, "rare", 12, 5, known=some) for some in (True, False))
    assert (known.lower < seen.lower).all()
    assert (known.upper > seen.upper).all()


def test_a_mean_has_its_error():
    mean = Mean.of(np.array([1.0, 2.0, 3.0, 6.0]))
    assert mean == pytest.approx((3, math.sqrt(14 / 3 / 4)))


@pytest.mark.parametrize(
    ("lower", "excess", "expected"),
    [
        ((0.53, 0.01), (-0.03, 0.01), (True, True)),
        ((0.5301, 0.01), (-0.0301, 0.01), (False, False)),
        ((0.1, 0.01), (0.2, 0.01), (True, True)),
    ],
)
def test_a_bracket_holds_within_three_errors(lower, excess, expected):
    one = Mean(0.5, 0.01)
    assert Bracket(Mean(*lower), 0.50000001, one, one, one, Mean(*excess)).holds == expected


def test_the_upper_end_is_held_against_what_the_bins_tell():
    samples = sampled(LAW, "a law", 60, 20)._replace(told=np.linspace(0, 0.2, 20))
    found = bracket(samples, 0.9)
    assert (found.information, found.told.value) == (0.9, pytest.approx(0.1))
    assert found.excess == Mean.of(samples.upper - samples.told)
    assert found.lower == Mean.of(samples.lower)


def test_coverage_counts_those_that_are_offered_one():
    given = sampled(LAW, "a law", 60, 4)._replace(
        told=np.array([1.0, 1, 1, 1]),
        low=np.array([0.5, 1.1, np.nan, 1]),
        high=np.array([1, 2, np.nan, 1.5]),
        value=np.array([1.0, 2, 1, 0]),
        se=np.array([0.0, 0.1, 0.1, 0.6]),
    )
    found = coverage(given)
    assert found == (4, 3, 2, 3)
    assert (found.offered, found.would) == (0.75, 0.75)
    assert found.covered == pytest.approx(2 / 3)
    assert found.holds is False
    assert Coverage(100, 50, 46, 0).holds is True
    assert Coverage(100, 49, 10, 0).holds is None
    assert math.isnan(Coverage(100, 0, 0, 90).covered)
