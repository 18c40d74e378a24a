"""Intervals: where they are offered, what they are there, and why there is none elsewhere."""

import math

import numpy as np
import pytest

from fastmi.belief import Interval, interval
from tests import naive
from tests.fastmi.belief import definitions

GOOD = [400, 100, 100, 400], [0, 0, 1, 1], [0, 1, 0, 1]


def of_samples(t, y, **given):
    return interval(np.ones(len(t), int), t, y, **given)


def reasons(*given, **more):
    found = interval(*given, **more)
    assert not found.offered
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    return found.reason.removeprefix("unsupported: ").split("; ")


def test_its_ends_are_the_jackknife_and_its_error(rng):
    t = rng.integers(0, 4, 300)
    y = np.where(rng.random(300) < 0.7, t % 2, rng.integers(0, 2, 300))
    value, se = definitions.jackknife(t.tolist(), y.tolist())
    for level, z in ((0.95, 1.959963984540054), (0.5, 0.6744897501960817)):
        found = of_samples(t, y, sample="held-out", level=level)
        assert found.offered
        assert (found.low, found.high) == pytest.approx((value - z * se, value + z * se), abs=1e-10)
        assert (found.value, found.se) == pytest.approx((value, se), abs=1e-10)
        assert found.level == level


def test_what_it_takes_for_granted_is_said():
    assert interval(*GOOD, sample="held-out").proviso == ""
    unknown = interval(*GOOD)
    assert unknown.proviso.startswith("if the samples are independent and none was used to find T")
    assert unknown.low == interval(*GOOD, sample="held-out").low


def test_nothing_is_estimated_over_a_population():
    found = interval(*GOOD, sample="population")
    assert (found.reason, found.offered) == ("exact: nothing is estimated", False)
    assert np.isnan([found.low, found.high, found.value, found.se]).all()


def test_there_is_none_of_a_training_sample():
    (reason,) = reasons(*GOOD, sample="training")
    assert reason == "none of a training sample: T depends on its labels, which are no new evidence"
    assert math.isnan(interval(*GOOD, sample="training").value)


def test_each_rule_has_its_reason():
    """Tables at a limit and one step short of it."""
    # 199 pairs twice or more, one alone: .995 of 200
    pairs = [3] + [2] * 98 + [1], [*range(99), 0], [i % 2 for i in range(99)] + [1]
    assert "pair coverage" not in reasons(*pairs)[0]
    assert reasons([2] * 98 + [1, 1], *pairs[1:])[0] == "pair coverage 0.989 of 0.995"
    # of the squared error less than half is of cells with fewer than five, and then more
    assert interval([100, 5, 5, 100], *GOOD[1:]).offered
    assert reasons([100, 4, 4, 100], *GOOD[1:]) == [
        "96.2 % of its squared error from cells of fewer than 5 samples, of at most 50 %"
    ]
    # two classes told apart without an error: se is all but 0, or one error would be much of it
    told = [0, 1], [0, 1]
    assert reasons([505, 495], *told) == [
        "a bias of about 0.000721 bits, of at most its standard error of 0.000457",
        "one sample more in an empty cell would change it by 0.0104 bits, of at most 0.5 standard "
        "errors, each 0.000457",
    ]
    assert reasons([720, 280], *told) == [
        "one sample more in an empty cell would change it by 0.00995 bits, of at most 0.5 standard "
        "errors, each 0.0194"
    ]
    assert interval([750, 250], *told).offered
    # two of ten cells expect less than 5, and then three
    alike = [*range(5), *range(5)], [0] * 5 + [1] * 5
    few, fewer = ([150, 40, 60, n, 2, 110, 240, 100, 8, 5] for n in (9, 5))
    assert expected_below(5, few, *alike) == 2
    assert interval(few, *alike).offered
    assert expected_below(5, fewer, *alike) == 3
    assert reasons(fewer, *alike) == ["70.000 % of the cells expect 5 samples, of 80 %"]
    # one cell of many expects less than 1
    rare = [300, 300, 300, 300, 3], [0, 1, 2, 3, 3], [0, 0, 1, 1, 2]
    assert reasons(*rare)[-1] == "a cell expects 0.748 samples, of 1"
    # two codes that are nearly alike
    assert reasons([260, 240, 240, 260], [0, 0, 1, 1], [0, 1, 0, 1])[-1].endswith(
        "bits against independence of 6.64"
    )


def expected_below(limit, counts, rows, columns):
    table = np.zeros((max(rows) + 1, max(columns) + 1))
    table[rows, columns] = counts
    return int((np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum() < limit).sum())


def test_all_that_lacks_is_said_and_coverage_first():
    t, y = np.arange(50), np.arange(50) % 2
    found = of_samples(t, y)
    assert repr(found) == (
        "Interval: unsupported: pair coverage 0.000 of 0.995; 0.000 % of the cells expect 5 "
        "samples, of 80 %; a cell expects 0.500 samples, of 1; 0.000 bits against independence of "
        "6.64"
    )
    assert np.isnan([found.value, found.se]).all()


@pytest.mark.parametrize(
    ("t", "y", "expected"),
    [
        (
            [0],
            [0],
            [
                "pair coverage 0.000 of 0.995",
                "0.000 % of the cells expect 5 samples, of 80 %",
                "0.000 bits against independence of 6.64",
            ],
        ),
        # C(40, 2) = 8.609
        ([0] * 40, [0, 1] * 20, ["-3.106 bits against independence of 6.64"]),
        ([0, 1] * 20, [0] * 40, ["0.000 bits against independence of 6.64"]),
        ([3] * 40, [3] * 40, ["0.000 bits against independence of 6.64"]),
    ],
)
def test_degenerate_tables_have_none(t, y, expected):
    assert reasons(np.ones(len(t), int), t, y) == expected


def test_classes_known_beforehand_count_as_evidence_does():
    few = [11, 2, 2, 11], [0, 0, 1, 1], [0, 1, 0, 1]
    assert all("bits against" not in reason for reason in reasons([22, 1, 1, 22], *few[1:]))
    assert "bits against independence" in reasons([22, 1, 1, 22], *few[1:], n_classes=10**4)[-1]
    with pytest.raises(ValueError, match="n_classes is 1, but the labels have 2 classes"):
        interval(*few, n_classes=1)


def test_an_end_is_not_clipped():
    """T tells Y without an error, so that I is H(Y): the end lies above what H(Y) is here."""
    y = np.repeat([0, 1], [900, 300])
    found = of_samples(y, y, sample="held-out")
    assert found.offered
    assert found.high > naive.entropy(y.tolist()) > found.low


def test_it_shows_itself():
    assert repr(interval(*GOOD, sample="held-out")) == "Interval: 0.2276 to 0.3271 bits at 95 %"
    assert repr(interval(*GOOD)).startswith(
        "Interval: 0.2276 to 0.3271 bits at 95 % (if the sample"
    )
    assert Interval(0.0, 1.0, 0.9, 0.5, 0.3).offered


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"level": 95}, "level is 95: a coverage is a float between 0 and 1, such as 0.95"),
        ({"level": 1.0}, "level is 1.0"),
        ({"level": "0.95"}, "level is '0.95'"),
        ({"sample": "test"}, "sample must be one of 'held-out', 'training', 'population'"),
    ],
)
def test_no_such_level_or_sample(given, words):
    with pytest.raises(ValueError, match=words):
        interval(*GOOD, **given)
