"""Verdicts: the rule, at its limits, and the numbers in the words."""

import numpy as np
import pytest

from fastmi import belief

NAN = np.nan
# pair coverage, plug-in, mean_lower of H(Y) = 1 bit and 1000 samples -> the verdict, its reason
CASES = [
    (
        (0.995, 0.6, 0.5, "resolved"),
        "resolved: pair coverage 0.995 of 0.995, 0.100 bits above its lower end, of at most 0.100",
    ),
    (
        (0.99499, 0.6, 0.5, "bounded"),
        "bounded from below: 500.000 bits against independence of 6.64, "
        "but pair coverage 0.994 of 0.995",
    ),
    (
        (0.999, 0.6, 0.4999, "bounded"),
        "bounded from below: 499.900 bits against independence of 6.64, "
        "but 0.101 bits above its lower end, of at most 0.100",
    ),
    (
        (0.06, 0.83, -0.145, "unresolved"),
        "unresolved: n = 1000 cannot size this layer under these bins: pair coverage 0.060 of "
        "0.995, -145.000 bits against independence of 6.64",
    ),
    (
        (0.999, 0.2, 0.0066, "unresolved"),
        "unresolved: n = 1000 cannot size this layer under these bins: 0.194 bits above its lower "
        "end, of at most 0.100, 6.600 bits against independence of 6.64",
    ),
    ((0.99, 0.2, 0.0067, "bounded"), "bounded from below: 6.700 bits against independence of 6.64"),
    ((1.0, 0.0, 0.0, "resolved"), "resolved: pair coverage 1.000 of 0.995"),
    ((NAN, 0.5, 0.5, ""), "no verdict"),
    ((1.0, NAN, 0.5, ""), "no verdict"),
    ((1.0, 0.5, NAN, ""), "no verdict"),
]
COLUMNS = [np.array(column) for column in zip(*(case[:3] for case, _ in CASES), strict=True)]


def verdicts(*given):
    return belief.verdicts(belief.Evidence(*given))


def reasons(*given):
    return belief.reasons(belief.Evidence(*given))


def words(found):
    assert found.dtype == np.int8
    return np.array(belief.VERDICTS)[found].tolist()


@pytest.mark.parametrize("sample", ["held-out", "training", None])
def test_a_verdict_is_its_rule(sample):
    found = verdicts(*COLUMNS, 1.0, 1000, sample)
    assert words(found) == [case[3] for case, _ in CASES]


def test_a_reason_has_the_numbers_in_it():
    found = reasons(*COLUMNS, 1.0, 1000, "held-out")
    for line, (_, said) in zip(found, CASES, strict=True):
        assert line.startswith(said)
        assert "description" not in line


@pytest.mark.parametrize(
    ("sample", "said"), [("training", "the layer was trained on"), (None, "it is not known")]
)
def test_what_is_not_held_out_is_described(sample, said):
    for line, (case, start) in zip(reasons(*COLUMNS, 1.0, 1000, sample), CASES, strict=True):
        assert line.startswith(start)
        assert (f"(a description: {said}" in line) == (case[3] != "")


def test_a_population_is_exact_whatever_the_numbers():
    assert words(verdicts(*COLUMNS, 1.0, 1000, "population")) == ["exact"] * len(CASES)
    assert set(reasons(*COLUMNS, 1.0, 1000, "population")) == {
        "exact: the whole population was counted"
    }


def test_verdicts_have_the_shape_of_the_arrays():
    found = verdicts(*(column.reshape(2, -1) for column in COLUMNS), 1.0, 1000)
    assert found.shape == (2, len(CASES) // 2)


def test_the_slack_is_measured_by_the_entropy_of_the_labels():
    numbers = (np.array([1.0]), np.array([2.0]), np.array([1.8]))
    assert words(verdicts(*numbers, 1.9, 1000)) == ["bounded"]
    assert words(verdicts(*numbers, 2.1, 1000)) == ["resolved"]
    a_bit = (np.array([1.0]), np.array([3.0]), np.array([2.0]))
    assert words(verdicts(*a_bit, 10.0, 1000)) == ["resolved"]  # a tenth, and no more


def test_growth_has_a_word_and_its_bits():
    growth = np.array([1.0, 0.9, 0.03, 0.0, NAN])
    found = belief.growth_verdicts(growth)
    assert found.dtype == np.int8
    assert np.array(belief.GROWTH_VERDICTS)[found].tolist() == [
        "at the ceiling",
        *["below the ceiling"] * 3,
        "",
    ]
    assert belief.growth_reasons(growth) == [
        "at the ceiling: H(T) grew 1 bits in the last doubling of the sample, nearly every new "
        "sample is a new code",
        "H(T) grew 0.9 bits in the last doubling of the sample",
        "H(T) grew 0.03 bits in the last doubling of the sample",
        "H(T) grew 0 bits in the last doubling of the sample",
        "no verdict: it needs the growth of H(T)",
    ]
    assert set(belief.growth_reasons(growth, "population")) == {
        "exact: the whole population was counted"
    }


def test_another_sample_is_refused():
    for call in (
        lambda: verdicts(*COLUMNS, 1.0, 1000, "test"),
        lambda: belief.growth_verdicts(np.ones(1), "test"),
    ):
        with pytest.raises(ValueError, match="sample must be one of 'held-out', 'training', 'pop"):
            call()


def test_a_lower_end_that_stands_alone():
    lower = np.array([0.07, 0.06, -0.5, NAN])
    words = [belief.VERDICTS[word] for word in belief.lower_verdicts(lower, 100)]
    assert words == ["bounded", "unresolved", "unresolved", ""]
    assert belief.lower_reasons(lower, 100, "held-out") == [
        "bounded from below: 7.000 bits against independence of 6.64, in 100 scored samples; it "
        "has no upper end",
        "unresolved: 6.000 bits against independence of 6.64, in 100 scored samples",
        "unresolved: -50.000 bits against independence of 6.64, in 100 scored samples",
        "no verdict: it needs a lower end of I(T;Y)",
    ]
    (said,) = belief.lower_reasons(np.array([0.5]), np.array([40]), "training")
    assert said.endswith("(a description: the layer was trained on this sample)")
