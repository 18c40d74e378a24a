"""choose_binning: the best of several, what the choice costs, and that it is owed."""

import csv
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

import fastmi
from fastmi import Edges, PlaneEstimator, QuantileBins, UniformBins, WidthBins, belief
from fastmi.binning import chosen_from
from tests import naive
from tests.fastmi.belief import definitions

UNIFORM = [UniformBins(k, range=(-1, 1)) for k in (2, 4, 8, 16, 30)]


@pytest.fixture
def layer(rng):
    return np.tanh(rng.normal(size=(400, 2))).astype(np.float32)


@pytest.fixture
def y(layer, rng):
    return (layer[:, 0] + rng.normal(0, 0.3, 400) > 0) * 1


def choose(layer, y, candidates=UNIFORM, **options):
    return fastmi.choose_binning(layer, y, candidates, **options)


# --- what is chosen -------------------------------------------------------------------------------


def test_the_table_is_what_a_plane_says_of_each(layer, y, twin):
    candidates = [*UNIFORM, QuantileBins(4), WidthBins(0.5), Edges([0.0]), UNIFORM[1]]
    bins = choose(twin.put(layer), twin.put(y), candidates, n_classes=3)
    fitted = [
        one.fit(layer) if isinstance(one, QuantileBins | WidthBins) else one for one in candidates
    ]
    m, charge = len(candidates), math.log2(len(candidates)) / 400
    lowers = []
    for one, found in zip(fitted, bins.candidates, strict=True):
        each = PlaneEstimator(np.arange(400), y, one, n_classes=3).readings(layer)["each"]
        lowers.append(each.mean_lower[0, 0])
        assert found.name == str(one)
        assert found.binning == replace(one, n_candidates=m)
        assert (found.n_symbols, found.coverage, found.information, found.outside) == tuple(
            getattr(each, name)[0, 0] for name in ("n_symbols", "coverage", "i_ty", "outside")
        )
        assert (found.uncharged, found.charge) == pytest.approx((lowers[-1], charge), abs=1e-15)
        assert found.mean_lower == lowers[-1] - charge
        said = PlaneEstimator(np.arange(400), y, found.binning, n_classes=3).readings(layer)["each"]
        assert found.mean_lower == said.mean_lower[0, 0]
        assert found.verdict == belief.VERDICTS[said.verdict[0, 0]]
    best = int(np.argmax(lowers))
    assert bins == replace(fitted[best], n_candidates=m)
    assert bins.candidates.best is bins.candidates[best]
    assert len({one.verdict for one in bins.candidates}) > 1


def test_the_choice_is_that_of_its_definition(rng):
    """By lists and the codes of the labels themselves."""
    cuts = [[0.5], [1.5], [0.5, 1.5, 2.5], [2.5]]
    winners = set()
    for _ in range(60):
        n = int(rng.integers(2, 15))
        t, y = rng.integers(0, 4, (n, 1)).tolist(), rng.integers(0, 3, n).tolist()
        lowers = [definitions.mean_lower(naive.digitise(t, edges), y, 3) - 2 / n for edges in cuts]
        bins = choose(np.float32(t), y, [Edges(edges) for edges in cuts], n_classes=3)
        found = [one.mean_lower for one in bins.candidates]
        assert found == pytest.approx(lowers, abs=1e-12)
        assert max(lowers) - lowers[found.index(max(found))] < 1e-12
        winners.add(str(bins))
    assert len(winners) > 2


def test_of_equally_good_ones_it_is_the_first(layer, y):
    one, same = UniformBins(4, range=(-1, 1)), Edges(np.linspace(-1, 1, 5))
    for first, second in ((one, same), (same, one)):
        bins = choose(layer, y, [UNIFORM[-1], first, second, first])
        assert bins == replace(first, n_candidates=4)  # equal ones count


def test_rules_are_fitted_and_fits_stay(layer, y):
    fitted = WidthBins(0.3).fit(2 * layer)
    bins = choose(layer, y, [WidthBins(0.3), fitted])
    assert bins.candidates[0].binning == replace(WidthBins(0.3).fit(layer), n_candidates=2)
    assert bins.candidates[1].binning == replace(fitted, n_candidates=2)
    (alone,) = choose(layer, y, [QuantileBins(3)]).candidates
    assert alone.binning.inner is not None


def test_one_candidate_is_no_choice(layer, y):
    bins = choose(layer, y, [UNIFORM[2]])
    assert bins == UNIFORM[2]
    assert (bins.candidates[0].charge, len(bins.candidates)) == (0, 1)
    points = PlaneEstimator(np.arange(400), y, bins).readings(layer)["each"]
    assert points.charge is None


def test_a_choice_among_choices_pays_for_both(layer, y):
    first = choose(layer, y, UNIFORM)
    again = choose(layer, y, [first, UNIFORM[0], Edges([9.0])])
    assert again == replace(first, n_candidates=15)
    assert again.candidates[0].name == f"{UNIFORM[1]}, chosen from 5" != str(again)
    charges = [one.charge * 400 for one in again.candidates]
    assert charges == pytest.approx([math.log2(15), math.log2(3), math.log2(3)])
    # the earlier choice counts against it
    assert choose(layer, y, [replace(UNIFORM[0], n_candidates=2), UNIFORM[0]]) == replace(
        UNIFORM[0], n_candidates=2
    )


def test_degenerate_samples_have_lower_ends_that_are_known():
    two = [Edges([0.0]), Edges([5.0])]
    # one sample, one class: the charge is all that is left
    assert {row.mean_lower for row in choose(np.ones((1, 1)), [0], two).candidates} == {-1}
    bins = choose(np.ones((1, 1)), [0], two, n_classes=2)
    assert [row.mean_lower for row in bins.candidates] == [-2, -2]
    assert bins == replace(two[0], n_candidates=2)
    # one class of many samples has nothing to tell; four alone in two classes pay a bit each
    assert choose(np.ones((4, 1)), [7] * 4, two).candidates.best.mean_lower == -1 / 4
    alone = Edges([1.5, 2.5, 3.5])
    table = choose(np.float32([[1], [2], [3], [4]]), [0, 1, 0, 1], [alone, two[0]]).candidates
    assert [row.mean_lower for row in table] == pytest.approx(
        [-1 / 4, -math.log2(definitions.likelihoods(4, 2)) / 4 - 1 / 4], abs=1e-15
    )
    assert table[0].verdict == "unresolved"


def test_labels_of_any_kind_and_rows_of_them(layer, y):
    bins = choose(layer, y)
    words = np.where(y, "cat", "dog")
    one_hot = np.eye(2)[y]
    for labels in (words, words.tolist(), one_hot):
        assert choose(layer, labels).candidates == bins.candidates


# --- that the charge is owed ----------------------------------------------------------------------


def test_under_independence_the_best_of_many_is_worth_one_only_when_it_is_charged():
    """Over all labels of seven samples, and all ways to cut their line: no sampling."""
    layer = np.arange(7, dtype=np.float32)[:, None]
    places = np.arange(1, 7) - 0.5
    cuts = [Edges(some) for r in range(1, 7) for some in itertools.combinations(places, r)]
    best = [
        choose(layer, y, cuts, n_classes=2).candidates.best
        for y in itertools.product((0, 1), repeat=7)
    ]
    uncharged, charged = (
        math.fsum(2 ** (7 * getattr(one, name)) for one in best) / len(best)
        for name in ("uncharged", "mean_lower")
    )
    assert uncharged > 3.3
    assert charged == pytest.approx(uncharged / 63)
    assert charged < 1
    # and one that was not chosen needs no charge
    alone = [
        choose(layer, y, cuts[:1], n_classes=2).candidates.best.mean_lower
        for y in itertools.product((0, 1), repeat=7)
    ]
    assert math.fsum(2 ** (7 * bits) for bits in alone) / len(alone) < 1


def test_drawn_samples_show_the_same(rng):
    """4,000 samples of twelve, a fresh layer each, 129 ways to cut it."""
    places = np.arange(1, 10) / 10
    cuts = [Edges(some) for r in (1, 2, 3) for some in itertools.combinations(places, r)]
    bins = {str(i): chosen_from(one, len(cuts)) for i, one in enumerate(cuts)}
    worth = []
    for _ in range(80):
        y, layers = rng.integers(0, 2, 12), rng.uniform(0, 1, (50, 12, 1))
        plane = PlaneEstimator(np.arange(12), y, bins, n_classes=2, sample="held-out")
        lower = plane.readings(dict.fromkeys(bins, layers))["each"].mean_lower.max(axis=-1)
        assert lower[0] == choose(layers[0], y, cuts, n_classes=2).candidates.best.mean_lower
        worth += np.exp2(12 * lower).tolist()
    mean, se = np.mean(worth), np.std(worth) / math.sqrt(len(worth))
    assert mean <= 1 + 3 * se
    assert len(cuts) * (mean - 3 * se) > 1  # without the charge


def test_charged_it_is_at_most_the_information_of_the_layer_in_mean():
    """Over every sample of four of a law, weighed by its probability."""
    law = [[0.4, 0.1], [0.05, 0.25], [0.1, 0.1]]
    cells = [(t, y, p) for t, row in enumerate(law) for y, p in enumerate(row)]
    of_t, of_y = [sum(row) for row in law], [sum(column) for column in zip(*law, strict=True)]
    truth = sum(p * math.log2(p / (of_t[t] * of_y[y])) for t, y, p in cells)
    cuts = [Edges([0.5]), Edges([1.5]), Edges([0.5, 1.5])]
    mean = 0.0
    for sample in itertools.combinations_with_replacement(cells, 4):
        times = [sample.count(cell) for cell in dict.fromkeys(sample)]
        ways = math.factorial(4) / math.prod(map(math.factorial, times))
        t, y, p = zip(*sample, strict=True)
        best = choose(np.float32(t)[:, None], y, cuts, n_classes=2).candidates.best
        mean += ways * math.prod(p) * best.mean_lower
    assert mean < truth


# --- where the charge goes ------------------------------------------------------------------------


def test_later_readings_are_charged_each_layer_for_its_own(layer, y, twin):
    chosen, plain = choose(layer, y), UNIFORM[3]
    other = replace(plain, n_candidates=3)
    two = np.stack([layer, -layer])
    layers = {"a": two, "b": two[::-1].copy(), "c": two / 2}
    bins = {"c": other, "a": chosen, "b": plain}
    free = {name: replace(one, n_candidates=1) for name, one in bins.items()}
    put, copy_of = {name: twin.put(one) for name, one in layers.items()}, y
    charged, uncharged = (
        PlaneEstimator(np.arange(400), y, some, sample="held-out", n_classes=2).readings(
            put, copy_of
        )
        for some in (bins, free)
    )
    owed = np.log2([5, np.nan, 3]) / 400
    for reading in ("each", "sampled"):
        one, none = charged[reading], uncharged[reading]
        np.testing.assert_array_equal(one.charge, np.broadcast_to(owed, one.i_ty.shape))
        np.testing.assert_array_equal(one.mean_lower, none.mean_lower - np.nan_to_num(owed))
        assert none.charge is None
        for name in set(none.present) - {"mean_lower", "verdict"}:
            np.testing.assert_array_equal(getattr(one, name), getattr(none, name))
    assert charged["mixture"].charge is None


def test_a_verdict_rests_on_the_charged_end():
    y = np.arange(40) % 2
    layer = (y + 0.0)[:, None]
    layer[:7] = 1 - layer[:7]
    bins = Edges([0.5])
    said = {}
    for m in (1, 2**6):
        plane = PlaneEstimator(
            np.arange(40), y, replace(bins, n_candidates=m), sample="held-out", n_classes=2
        )
        points = plane.readings(layer)["each"]
        said[m] = belief.VERDICTS[points.verdict[0, 0]], points.mean_lower[0, 0]
        bound = belief.pvalue_bound(points.mean_lower, 40)[0, 0]
        assert bound == pytest.approx(min(1, 2 ** (-40 * said[m][1])))
    assert said[1][1] - said[2**6][1] == pytest.approx(6 / 40)
    assert (said[1][0], said[2**6][0]) == ("bounded", "unresolved")


def test_over_a_population_and_a_training_sample(layer, y):
    bins = choose(layer, y)
    population, training = (
        PlaneEstimator(np.arange(400), y, bins, sample=sample).readings(layer)["each"]
        for sample in ("population", "training")
    )
    assert population.charge is population.mean_lower is None
    assert training.charge[0, 0] == math.log2(5) / 400


def test_a_stream_pays_too_and_says_so(layer, y):
    chosen = choose(layer, y)
    reports = {}
    for bins in (chosen, replace(chosen, n_candidates=1)):
        stream = fastmi.Stream(bins, sample="held-out", n_classes=2)
        for rows in (slice(150), slice(150, None)):
            stream.update(layer[rows], y[rows])
        reports[bins.n_candidates] = stream.report()
    charged, free = reports[5], reports[1]
    assert (charged.n_candidates, charged.charge, free.charge) == (5, math.log2(5) / 400, 0)
    assert charged.mean_lower == free.mean_lower - charged.charge
    assert charged.pvalue_bound == pytest.approx(5 * free.pvalue_bound, rel=1e-9)
    assert charged.to_dict()["charge"] == charged.charge
    assert charged.to_dict()["n_candidates"] == 5
    (line,) = (line for line in repr(charged).splitlines() if "choice" in line)
    assert "the bins are one of 5: 0.0058 bits off the lower end" in line
    assert "choice" not in repr(free)
    with pytest.raises(ValueError, match=r"other has other bins \(.*, chosen from 5\)"):
        fastmi.Stream(replace(chosen, n_candidates=1)).merge(fastmi.Stream(chosen))
    population = fastmi.Stream(chosen, sample="population")
    population.update(layer, y)
    assert population.report().charge is None


def test_a_table_carries_it_through_every_file(layer, y, tmp_path):
    layers = {"a": layer, "b": layer}
    plane = PlaneEstimator(
        np.arange(400), y, {"a": choose(layer, y), "b": UNIFORM[0]}, sample="held-out"
    )
    each = plane.readings(layers)["each"].map(lambda column: column[None])
    table = fastmi.InformationPlane.collect(plane, [each], epochs=[0], layers=layers)
    assert ", chosen from 5" in table.binning
    assert table.charge[0, 0, 0] == math.log2(5) / 400
    rows = list(table.rows())
    assert [row["charge_bits"] for row in rows] == [math.log2(5) / 400, ""]
    at = fastmi.tables.COLUMNS.index("charge_bits")
    table.save(tmp_path / "table.npz")
    again = fastmi.InformationPlane.load(tmp_path / "table.npz")
    assert list(again.rows()) == rows
    np.testing.assert_array_equal(again.charge, table.charge)
    table.to_csv(tmp_path / "table.csv")
    header, first, second = (tmp_path / "table.csv").read_text().splitlines()
    assert header.split(",")[at] == "charge_bits"
    assert float(next(csv.reader([first]))[at]) == math.log2(5) / 400
    assert next(csv.reader([second]))[at] == ""
    np.testing.assert_array_equal(table.mean().charge, table.charge)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ({"candidates": []}, ValueError, "candidates is empty: pass one binning at least"),
        ({"candidates": UNIFORM[0]}, TypeError, r"candidates is Unif.*pass a list .*\(\[cand"),
        ({"candidates": 5}, TypeError, "candidates is 5: pass a list of binnings, as"),
        ({"candidates": "uniform"}, TypeError, "candidates is 'uniform': pass a list"),
        ({"candidates": {"a": UNIFORM[0]}}, TypeError, "candidates is {'a': .*: pass a list"),
        ({"candidates": iter(UNIFORM)}, TypeError, "candidates is <list_iterator.*: pass a list"),
        (
            {"candidates": [UNIFORM[0], fastmi.measures.KDEBounds(1)]},
            TypeError,
            r"candidates\[1\] is KDEBounds.*: pass binnings, fixed or to be fitted",
        ),
        (
            {"candidates": [UniformBins]},
            TypeError,
            r"candidates\[0\] is the class UniformBins: pass fastmi",
        ),
        (
            {"layer": np.zeros((2, 400, 2))},
            ValueError,
            r"layer has shape \(2, 400, 2\): .*layer\[0",
        ),
        ({"layer": np.zeros((399, 2))}, ValueError, "layer has 399, y has 400"),
        ({"layer": [[1.0]]}, TypeError, "layer is a builtins.list"),
        ({"layer": np.full((400, 1), np.nan)}, ValueError, "layer holds 400 NaN"),
        ({"y": np.zeros((400, 1, 1), int)}, ValueError, r"y has shape \(400, 1, 1\)"),
        ({"y": np.full(400, 0.5)}, ValueError, "y holds"),
        ({"n_classes": 1}, ValueError, "n_classes is 1"),
        ({"n_classes": 2.5}, TypeError, "n_classes must be an integer"),
        (
            {"candidates": [Edges([-0.1, 0.1], "raise")]},
            ValueError,
            r"layer holds \d+ activations outside 1 bins",
        ),
    ],
)
def test_what_cannot_be_chosen_from(layer, y, given, error, told):
    with pytest.raises(error, match=told):
        choose(**{"layer": layer, "y": y, **given})


def test_a_permutation_test_of_chosen_bins_is_refused(layer, y):
    bins = choose(layer, y)
    for some in (bins, {"a": UNIFORM[0], "b": bins}):
        plane = PlaneEstimator(np.arange(400), y, some)
        with pytest.raises(ValueError, match=r"binning was chosen with labels .*n_candidates=1"):
            plane.permutation_test({"a": layer, "b": layer}, rng=0)
    free = PlaneEstimator(np.arange(400), y, replace(bins, n_candidates=1))
    assert free.permutation_test(layer, n_resamples=9, rng=0).pvalue[0] == 0.1
