"""Answers agree, or nothing is timed; no time is asserted here."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from benchmarks.timing import Disagreement, Race, Ratio, Timed, compare, measure


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([1.0, 2.1], "differs from right by 0.1"),
        ([1.0, np.nan], "by nan"),
        ([1.0], "answers with shape"),
    ],
)
def test_nothing_is_timed_that_differs(capsys, wrong, message):
    runs = []
    candidates = {
        "right": lambda: runs.append("right") or [1.0, 2.0],
        "wrong": lambda: runs.append("wrong") or wrong,
    }
    with pytest.raises(Disagreement, match=message):
        compare(candidates)
    assert runs == ["right", "wrong"]  # once each, for the answer
    assert capsys.readouterr().out == ""


def test_a_comparison_holds_rounds_and_ratios():
    comparison = compare({"first": lambda: 1.0, "second": lambda: 1.0 + 1e-13}, rounds=2)
    assert comparison.largest_difference == pytest.approx(1e-13, rel=0.01)
    first, second = comparison.timed
    assert len(first.seconds) == len(second.seconds) == 2
    assert first.ratio == Ratio(1, 1, 1)
    assert second.ratio.low <= second.ratio.median <= second.ratio.high


def test_seconds_are_per_unit_of_work_and_the_slow_sit_out():
    runs = []
    (timed,) = measure(
        Race({"slow": lambda: runs.append(1)}, work={"slow": 10}), rounds=5, patience=0.0
    )
    assert len(timed.seconds) == 1
    assert timed.seconds[0] * 10 * len(runs) >= 0.02


def test_the_minimum_and_the_spread_of_the_rounds():
    timed = Timed("one", (3.0, 1.0, 2.0), (1.0, 1.0, 4.0))
    assert (timed.minimum, timed.median, timed.spread) == (1.0, 2.0, 1.0)
    assert timed.ratio == Ratio(1.0, 0.5, 3.0)


def test_a_candidate_may_be_as_far_away_as_its_arithmetic_allows():
    far = Race({"one": lambda: 1.0, "float32": lambda: 1.0 + 1e-7}, agree={"float32": 1e-6})
    assert compare(far, rounds=1).differences == {
        "one": 0.0,
        "float32": pytest.approx(1e-7, rel=0.01),
    }
    with pytest.raises(Disagreement, match="float32 differs from one by 1e-07, more than 1e-08"):
        compare(replace(far, agree={"float32": 1e-8}))


def test_blocks_alternate_and_last_long_enough():
    """A run takes 8 ms by a stopwatch of our own, so a block is three of them.

    Each block of b and c is between two of a.
    """
    ran, now = [], [0.0]

    def run(name):
        ran.append(name)
        now[0] += 0.008 if name in "ab" else 0.36

    def stopwatch():
        start = now[0]
        return lambda: now[0] - start

    timed = measure(
        Race({name: partial(run, name) for name in "abc"}), rounds=2, stopwatch=stopwatch
    )
    around_b, around_c = "aaabbbaaa", "aaac" + "a" * 5  # the block after c lasts a tenth of c
    assert "".join(ran) == around_b + around_c + around_c + around_b
    assert [(candidate.name, candidate.seconds) for candidate in timed] == [
        ("a", pytest.approx((0.008,) * 4)),
        ("b", pytest.approx((0.008, 0.008))),
        ("c", pytest.approx((0.36, 0.36))),
    ]
    assert timed[2].ratio == Ratio(*[pytest.approx(45)] * 3)


def test_a_machine_that_changes_its_speed_leaves_the_ratios():
    """Half as fast for a second, then for a second as before: the times spread, the ratio stays."""
    now = [0.0]

    def run(seconds):
        now[0] += seconds * (2 if now[0] % 2 < 1 else 1)

    def stopwatch():
        start = now[0]
        return lambda: now[0] - start

    timed = measure(
        Race({"a": partial(run, 0.01), "b": partial(run, 0.03)}),
        rounds=50,
        patience=100,
        stopwatch=stopwatch,
    )
    assert timed[0].spread > 0.4
    assert timed[1].spread > 0.4
    assert timed[1].ratio.median == pytest.approx(3)
