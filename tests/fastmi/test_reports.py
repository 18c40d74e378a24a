"""A pair's report: every statement by its definition, what is not stated, and how it reads."""

import copy
import itertools
import json
import math
import pickle

import numpy as np
import pytest

import fastmi
from fastmi import belief, mutual_information_report
from tests import naive
from tests.fastmi.belief import definitions

STATED = (
    "coverage",
    "pair_coverage",
    "chance",
    "mean_lower",
    "mean_upper",
    "growth",
    "chance_sd",
    "chance_sd_from",
    "excess",
    "pvalue_bound",
)


def related(rng, n=600, classes=3):
    x = rng.integers(0, 6, n)
    return x, np.where(rng.random(n) < 0.7, x % classes, rng.integers(0, classes, n))


def test_every_statement_is_that_of_its_definition(twin, rng):
    for _ in range(30):
        n = int(rng.integers(2, 8))
        t, y = (rng.integers(0, k, n).tolist() for k in rng.integers(1, 4, 2))
        found = mutual_information_report(
            twin.put(np.array(t)), twin.put(np.array(y)), n_classes=4, sample="held-out"
        )
        bits = naive.mutual_information(t, y)
        expected = {
            "value": bits,
            "plugin": bits,
            "h_x": naive.entropy(t),
            "h_y": naive.entropy(y),
            "chance": definitions.chance(t, y),
            "chance_sd": definitions.chance_sd(t, y),
            "excess": bits - definitions.chance(t, y),
            "mean_lower": definitions.mean_lower(t, y, 4),
            "mean_upper": definitions.mean_upper(t, y, 4),
            "growth": (naive.entropy(t) - definitions.rarefied(t, n // 2))
            / math.log2(n / (n // 2)),
        }
        assert {name: getattr(found, name) for name in expected} == pytest.approx(
            expected, abs=1e-12
        )
        assert found.pvalue_bound == pytest.approx(min(1, 2 ** (-n * expected["mean_lower"])))
        pairs = list(zip(t, y, strict=True))
        sizes = found.n, *found.symbols
        assert sizes == (n, len(set(t)), len(set(y)), len(set(pairs)))
        alone = sum(pairs.count(pair) == 1 for pair in pairs)
        assert found.pair_coverage == pytest.approx(1 - alone / n)


def test_it_says_what_a_plane_says_of_the_same_samples(twin, rng):
    layer = rng.normal(size=(500, 2)).astype(np.float32)
    y = (layer[:, 0] > 0) * 1
    bins = fastmi.UniformBins(5, range=(-2, 2))
    plane = fastmi.PlaneEstimator(np.arange(500)[:, None], y, bins, n_classes=3, sample="held-out")
    points = plane.readings(twin.put(layer))["each"]
    found = mutual_information_report(fastmi.encode(layer, bins), y, n_classes=3, sample="held-out")
    names = ("coverage", "pair_coverage", "chance", "mean_lower", "mean_upper", "growth")
    of_plane = {name: float(getattr(points, name)[0, 0]) for name in names}
    assert {name: getattr(found, name) for name in names} == of_plane
    assert (found.value, found.verdict) == (
        points.i_ty[0, 0],
        belief.VERDICTS[points.verdict[0, 0]],
    )


def test_a_stream_reports_the_same_in_whatever_chunks(twin, rng):
    layer, bins = rng.normal(size=(700, 3)), fastmi.UniformBins(4, range=(-2, 2))
    y = np.array(["a", "b", "c"])[rng.integers(0, 3, 700)]
    stream = fastmi.Stream(bins, n_classes=5, sample="held-out")
    for rows in (slice(300), slice(300, 301), slice(301, None)):
        stream.update(twin.put(layer[rows]), y[rows])
    whole = mutual_information_report(fastmi.encode(layer, bins), y, n_classes=5, sample="held-out")
    assert stream.report().to_dict() == whole.to_dict()
    assert stream.report().value == stream.mutual_information


def test_conditional_information_is_stated_within_strata(twin, rng):
    t, y, z = ([0, 1, 0, 1, 1], [0, 0, 1, 1, 1], [0, 0, 0, 1, 1])
    found = mutual_information_report(
        *(twin.put(np.array(part)) for part in (t, y)),
        conditional_on=twin.put(np.array(z)),
        n_classes=2,
        sample="held-out",
    )
    every = [
        3 / 5 * naive.mutual_information(t[:3], labels) for labels in itertools.permutations(y[:3])
    ]
    assert found.chance == pytest.approx(sum(every) / 6, abs=1e-12)
    lower = [definitions.mean_lower(t[rows], y[rows], 2) for rows in (slice(3), slice(3, 5))]
    upper = [definitions.mean_upper(t[rows], y[rows], 2) for rows in (slice(3), slice(3, 5))]
    assert found.mean_lower == pytest.approx((3 * lower[0] + 2 * lower[1]) / 5, abs=1e-12)
    assert found.mean_upper == pytest.approx((3 * upper[0] + 2 * upper[1]) / 5, abs=1e-12)
    assert found.interval.reason == "unsupported: an interval is of unconditional information"
    assert repr(found).startswith("I(X;Y|Z) = ")

    x, y = related(rng)
    z = rng.integers(0, 4, 600)
    found = mutual_information_report(x, y, conditional_on=z)
    assert found.value == fastmi.conditional_mutual_information(x, y, z)
    given = fastmi.entropy(np.stack([y, z], axis=1)) - fastmi.entropy(z)
    assert found.h_y == pytest.approx(given, abs=1e-12)
    alike = mutual_information_report(x, y, conditional_on=np.zeros(600, int))
    plain = mutual_information_report(x, y)
    for name in ("value", "chance", "chance_sd", "mean_lower", "mean_upper", "growth", "h_x"):
        assert getattr(alike, name) == pytest.approx(getattr(plain, name), abs=1e-12)


def test_the_sample_decides_what_is_stated(rng):
    x, y = related(rng)
    population = mutual_information_report(x, y, sample="population")
    assert [getattr(population, name) for name in STATED] == [None] * len(STATED)
    assert (population.verdict, population.reason) == (
        "exact",
        "exact: the whole population was counted",
    )
    training = mutual_information_report(x, y, sample="training")
    assert training.pvalue_bound is None
    assert "a description: the layer was trained on this sample" in training.reason
    assert not training.interval.offered
    unknown = mutual_information_report(x, y)
    assert unknown.reason.endswith("it is not known whether the sample was held out)")
    held_out = mutual_information_report(x, y, sample="held-out")
    assert held_out.reason == unknown.reason[: len(held_out.reason)]


def test_a_method_corrects_the_value_and_nothing_else(rng):
    x, y = related(rng)
    found = mutual_information_report(x, y, method="miller-madow")
    assert found.value == fastmi.mutual_information(x, y, method="miller-madow")
    plain = mutual_information_report(x, y).to_dict()
    assert {**found.to_dict(), "value": plain["value"], "method": "plugin"} == plain


def test_it_is_plain_data_and_survives_a_copy(rng):
    for found in (
        mutual_information_report(*related(rng)),
        mutual_information_report([1], [2]),
        mutual_information_report([1, 2], [1, 2], conditional_on=[0, 1]),
    ):
        assert json.loads(json.dumps(found.to_dict(), allow_nan=False)) == found.to_dict()
        for other in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
            assert other.to_dict() == found.to_dict()
            assert repr(other) == repr(found)
    known = mutual_information_report([0, 1], [0, 1], n_classes=np.int64(2))
    assert json.loads(json.dumps(known.to_dict()))["n_classes"] == 2


def test_it_reads_as_a_page(rng):
    x = np.repeat([0, 1, 2, 3], 250)
    y = np.where(np.arange(1000) % 5, x // 2, 1 - x // 2)
    page = repr(mutual_information_report(x, y, n_classes=2, sample="held-out"))
    assert page.splitlines() == [
        "I(X;Y) = 0.2781 bits (plug-in), 4 x 2 symbols, n = 1,000, held-out sample",
        "  verdict   resolved: pair coverage 1.000 of 0.995, 0.018 bits above its lower end, of at "
        "most 0.100",
        "  interval  0.226 to 0.3258 bits at 95 %",
        "  chance    0.002169 over shuffles of Y, sd 0.0018 (exact); excess 0.2759",
        "  bracket   0.2606 to 0.2834, in mean over 2 classes; not a confidence interval",
        "  p-value   at most 3.5e-79, by the bracket alone",
        "  coverage  1.000 of X, 1.000 of the pairs",
        "  growth    H(X) grew 0.00217 bits in the last doubling of the sample",
        "  ceilings  H(X) = 2, H(Y) = 1 bits",
    ]


def test_a_notebook_shows_a_table_and_nothing_of_it_is_markup():
    shown = mutual_information_report([0, 0, 1, 1] * 9, [0, 1, 1, 1] * 9)._repr_html_()
    assert shown.startswith("<table><caption>I(X;Y) = ")
    assert shown.count("<tr>") == 8
    text = shown
    for tag in ("table", "caption", "tr", "th", "td"):
        text = text.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
    assert "<" not in text


DEGENERATE = [
    # x, y, n_classes -> value, chance, mean_lower, mean_upper, verdict
    # one sample: n = 1 says nothing; log2 C(1, K) = log2 K is paid for, and log2 K is known of Y
    ([3], ["a"], 4, 0, 0, -2, 2, "unresolved"),
    ([3], ["a"], 1, 0, 0, 0, 0, "unresolved"),
    # one symbol of X: nothing can be known by it; C(2, 2) = 2.5, KT of aabb... of (0, 1): 1/2 1/4
    ([7, 7], [0, 1], 2, 0, 0, -math.log2(2.5) / 2, 0.5, "unresolved"),
    # one class, known to be the only one: the bracket is 0 exactly
    ([0, 1, 2, 3], [5] * 4, 1, 0, 0, 0, 0, "unresolved"),
    # all rows distinct, one sample a class: any labels give log2 n
    ([0, 1, 2, 3], [9, 8, 7, 6], 4, 2, 2, 0, None, "unresolved"),
    # more symbols than samples of each class
    ([0, 1, 2, 3], [0, 0, 1, 1], 2, 1, 1, 0, None, "unresolved"),
]


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_samples_have_values_that_are_known(case):
    x, y, n_classes, value, chance, lower, upper, verdict = case
    found = mutual_information_report(x, y, n_classes=n_classes, sample="held-out")
    assert (found.value, found.chance) == (value, chance)
    assert found.mean_lower == pytest.approx(lower, abs=1e-12)
    if upper is not None:
        assert found.mean_upper == pytest.approx(upper, abs=1e-12)
    assert found.mean_upper == pytest.approx(definitions.mean_upper(x, y, n_classes), abs=1e-12)
    assert found.verdict == verdict
    assert not found.interval.offered


def test_a_class_without_samples_widens_the_bracket(rng):
    x, y = related(rng, n=50)
    seen, known = (mutual_information_report(x, y, n_classes=k) for k in (None, 7))
    assert seen.mean_lower > known.mean_lower
    assert (seen.value, seen.chance) == (known.value, known.chance)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"n_classes": 2}, ValueError, "n_classes is 2, but the labels have 3 classes"),
        ({"n_classes": 2.5}, TypeError, "n_classes"),
        ({"sample": "test"}, ValueError, "sample must be one of"),
        ({"method": "best"}, ValueError, "method"),
        (
            {"sample": "population", "method": "miller-madow"},
            ValueError,
            "sample 'population': that is all there is",
        ),
        ({"x": [1, 2]}, ValueError, "different numbers of samples|samples"),
        ({"x": np.zeros((2, 3, 1), int)}, ValueError, "x is a batch of"),
        (
            {"x": np.zeros((2, 3, 1), int), "y": np.zeros((2, 3, 1), int)},
            ValueError,
            r"x is a batch of \(2,\): a report is of one pair; ask for each, x\[0\] and so on",
        ),
        ({"weights": [1, 2, 3]}, TypeError, "weights"),
    ],
)
def test_what_cannot_be_reported_is_refused(given, error, words):
    with pytest.raises(error, match=words):
        mutual_information_report(**({"x": [0, 1, 1], "y": ["a", "b", "c"]} | given))
