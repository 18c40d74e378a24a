"""Units counted one by one: the best of them as it is alone, and what its choice costs."""

import math
from dataclasses import replace

import numpy as np
import pytest

import fastmi
from fastmi import PlaneEstimator, UniformBins
from fastmi.belief import VERDICTS, statements
from fastmi.measures import Layers, PerUnit, units
from tests.fastmi.measures.layers import BINS, FINE

N = 400
X = np.arange(N)


@pytest.fixture
def y(rng):
    return rng.integers(0, 3, N)


@pytest.fixture
def layer(rng, y):
    """(2 epochs, 3 copies, n, 6): later units know more of y."""
    known = y[:, None] * np.linspace(0.2, 0.3, 6)
    return np.tanh(rng.normal(0, 0.3, (2, 3, N, 6)) + known - 0.5).astype(np.float32)


def alone(layer):
    return {str(d): layer[..., [d]] for d in range(layer.shape[-1])}


def same(points, others):
    assert points.present.keys() == others.present.keys() - {"coding"}
    for name, column in points.present.items():
        np.testing.assert_array_equal(column, getattr(others, name), err_msg=name)


# --- the best unit --------------------------------------------------------------------------------


def test_the_point_is_that_of_the_best_unit_alone(layer, y, twin):
    points = PlaneEstimator(X, y, PerUnit(BINS)).readings([twin.put(layer)])["each"]
    each = PlaneEstimator(X, y, BINS).readings(alone(layer))["each"]
    best = each.mean_lower.argmax(-1)[..., None]
    assert len(set(best.ravel())) > 1
    chosen = each.map(lambda column: np.take_along_axis(column, best, -1))
    charge = math.log2(6) / N
    for name in ("i_xt", "i_ty", "n_symbols", "coverage", "pair_coverage", "chance", "mean_upper"):
        np.testing.assert_array_equal(getattr(points, name), getattr(chosen, name), err_msg=name)
    np.testing.assert_array_equal(points.mean_lower, chosen.mean_lower - charge)
    np.testing.assert_array_equal(points.growth, chosen.growth)
    np.testing.assert_array_equal(points.charge, np.full((2, 3, 1), charge))
    assert points.outside == pytest.approx(each.outside.mean(-1, keepdims=True), abs=1e-15)
    assert points.units_i_ty == pytest.approx(each.i_ty.mean(-1, keepdims=True), abs=1e-15)
    assert points.units_chance == pytest.approx(each.chance.mean(-1, keepdims=True), abs=1e-15)


def test_a_layer_of_one_unit_is_counted(layer, y):
    layer, copy_of = layer[..., :1], np.arange(2 * N).reshape(2, N) % 3
    by_unit = PlaneEstimator(X, y, PerUnit(BINS)).readings([layer], copy_of)
    counted = PlaneEstimator(X, y, BINS).readings([layer], copy_of)
    for reading, points in by_unit.items():
        assert (points.units_i_ty == points.i_ty).all()
        same(replace(points, units_i_ty=None, units_chance=None), counted[reading])


def test_x_is_counted_where_it_is_not_the_sample_itself(layer, y):
    x, copy_of = X // 2, np.arange(2 * N).reshape(2, N) % 3
    by_unit = PlaneEstimator(x, y, PerUnit(BINS)).readings([layer], copy_of)
    counted = PlaneEstimator(x, y, BINS).readings(alone(layer), copy_of)
    for reading, points in by_unit.items():
        each = counted[reading]
        score = each.i_ty if each.mean_lower is None else each.mean_lower
        best = score.argmax(-1)[..., None]
        np.testing.assert_array_equal(points.i_xt, np.take_along_axis(each.i_xt, best, -1))
        np.testing.assert_array_equal(points.i_ty, np.take_along_axis(each.i_ty, best, -1))


def test_a_choice_of_bins_is_paid_beside_that_of_the_unit(layer, y):
    chosen = UniformBins(5, range=(-1, 1), n_candidates=4)
    free, paid = (
        PlaneEstimator(X, y, PerUnit(bins)).readings([layer])["each"] for bins in (BINS, chosen)
    )
    assert paid.charge == pytest.approx(math.log2(4 * 6) / N)
    assert paid.mean_lower == pytest.approx(free.mean_lower - 2 / N, abs=1e-12)


def test_of_a_population_the_unit_with_most_information_stands(layer, y):
    points = PlaneEstimator(X, y, PerUnit(BINS), sample="population").readings([layer])["each"]
    each = PlaneEstimator(X, y, BINS).estimate(alone(layer))[..., 1]
    np.testing.assert_array_equal(points.i_ty[..., 0], each.max(-1))
    assert points.mean_lower is points.chance is points.units_chance is None
    assert set(points.verdict.ravel()) == {VERDICTS.index("exact")}


def test_every_layer_has_its_bins(layer, y):
    layers = {"a": layer, "b": layer[..., :2]}
    together = PlaneEstimator(X, y, PerUnit({"a": BINS, "b": FINE})).estimate(layers)
    for i, (name, bins) in enumerate([("a", BINS), ("b", FINE)]):
        np.testing.assert_array_equal(
            together[..., i, :],
            PlaneEstimator(X, y, PerUnit(bins)).estimate(layers[name])[..., 0, :],
        )
    with pytest.raises(ValueError, match="binning has no bins for the layer 'c'"):
        PlaneEstimator(X, y, PerUnit({"a": BINS})).estimate({"c": layer})


# --- what it does not see, and what chance shows --------------------------------------------------


def test_shuffled_labels_give_chance_and_nothing_that_is_believed(rng, layer, y):
    layer, over = layer[0, 0], []
    for _ in range(60):
        points = PlaneEstimator(X, rng.permutation(y), PerUnit(BINS)).readings([layer])["each"]
        over.append(points.units_i_ty - points.units_chance)
        assert points.mean_lower < math.log2(100) / N
    assert np.mean(over) == pytest.approx(0, abs=3 * np.std(over) / math.sqrt(60))


def test_what_only_two_units_say_together_is_not_seen(rng):
    signs = rng.integers(0, 2, (N, 2))
    layer, y = (signs - 0.5).astype(np.float32), signs.sum(1) % 2
    points = PlaneEstimator(X, y, PerUnit(BINS)).readings([layer])["each"]
    assert points.i_ty[0, 0] < 0.01
    assert PlaneEstimator(X, y, BINS).estimate(layer)[0, 1] == fastmi.entropy(y)


def test_a_wide_layer_whose_rows_are_all_different_is_resolved(rng):
    y = rng.integers(0, 2, 3000)
    layer = rng.normal(size=(3000, 512)).astype(np.float32)
    layer[:, 100] = y + 0.1
    plane = {
        name: PlaneEstimator(np.arange(3000), y, measure).readings
        for name, measure in (("units", PerUnit(UniformBins(8, range=(-2, 2)))), ("rows", BINS))
    }
    points = plane["units"]([layer])["each"]
    assert VERDICTS[points.verdict[0, 0]] == "resolved"
    assert points.i_ty[0, 0] == fastmi.entropy(y)
    with pytest.warns(fastmi.CoverageWarning):
        assert VERDICTS[plane["rows"]([layer])["each"].verdict[0, 0]] == "unresolved"


# --- how it is counted ----------------------------------------------------------------------------


def test_a_table_that_would_be_too_large_leaves_no_trace(layer, y, twin, monkeypatch):
    plane = PlaneEstimator(X, y, PerUnit(BINS))
    points = plane.readings([twin.put(layer)])["each"]
    monkeypatch.setattr(units, "MOST_CELLS", 0)
    monkeypatch.setattr(units, "TOGETHER", 4 * N)  # of 6 units, 4 at a time
    others = plane.readings([twin.put(layer)])["each"]
    for name, column in points.present.items():
        np.testing.assert_array_equal(column, getattr(others, name), err_msg=name)


def test_batches_are_added_up_in_one_table(rng, layer, y):
    reader = PlaneEstimator(X, y, PerUnit(BINS))._readers[0][0]
    state = None
    for first in range(0, N, 100):
        batch = Layers(["a"], ["layer 'a'"], [layer[0, 0, first : first + 100]])
        state = reader.accumulate(state, batch, first)
        assert state.cells.shape == (3, 6, 7)
        assert state.cells.sum() == (first + 100) * 6
    alone = PlaneEstimator(X, y, PerUnit(BINS)).readings([layer[0, 0]])["each"]
    assert reader.accumulated(state).bits.tolist() == alone.bits[0].tolist()


def test_batches_that_no_table_holds_are_refused(layer, y, monkeypatch):
    monkeypatch.setattr(units, "MOST_CELLS", 125)
    reader = PlaneEstimator(X, y, PerUnit(BINS))._readers[0][0]
    words = (
        r"layer 'a' has 6 units, .* 7 symbols and 3 labels holds 126 counts, and no more than 125"
    )
    with pytest.raises(ValueError, match=words):
        reader.accumulate(None, Layers(["a"], ["layer 'a'"], [layer[0, 0]]), 0)


def test_bins_so_fine_that_any_labels_would_do_are_warned_of(rng, y):
    layer = rng.uniform(-1, 1, (N, 2)).astype(np.float32)
    plane = PlaneEstimator(X, y, PerUnit(UniformBins(10**6, range=(-1, 1))))
    with pytest.warns(fastmi.CoverageWarning, match=r"unresolved: layers\[0\]: at most one sample"):
        assert plane.estimate([layer])[0, 1] == fastmi.entropy(y)


@pytest.mark.parametrize(
    ("layer", "y"), [(np.ones((1, 3)), [0]), (np.ones((30, 1)), [4] * 30), (np.eye(3), [0, 0, 0])]
)
def test_what_can_say_nothing_is_nothing(layer, y):
    points = PlaneEstimator(np.arange(len(y)), y, PerUnit(BINS)).readings([layer])["each"]
    assert points.i_ty[0, 0] == points.chance[0, 0] == points.units_i_ty[0, 0] == 0


@pytest.mark.parametrize(
    ("value", "bins", "words"),
    [
        (np.nan, BINS, r"layers\[0\] holds 1 NaN, and a NaN has no bin"),
        (
            7,
            UniformBins(5, range=(-1, 1), out_of_range="raise"),
            r"layers\[0\] holds 1 activations",
        ),
    ],
)
def test_values_without_a_symbol_are_refused(layer, y, value, bins, words):
    layer[1, 1, 5, 2] = value
    with pytest.raises(ValueError, match=words):
        PlaneEstimator(X, y, PerUnit(bins)).estimate([layer])


@pytest.mark.parametrize("wrong", [5, "quantile", None, {}])
def test_what_is_no_binning_is_refused(wrong):
    with pytest.raises((TypeError, ValueError), match="binning is"):
        PerUnit(wrong)


def test_it_is_said_in_a_line():
    assert str(PerUnit(BINS)) == "unit by unit: 5 bins on [-1, 1), outside: separate"
    assert str(PerUnit({"a": BINS})).startswith("unit by unit: a: 5 bins")


def test_the_scatter_of_chance_is_that_of_the_best_unit_and_of_no_other(monkeypatch):
    rng = np.random.default_rng(5)
    y, layers = rng.integers(0, 3, 60), rng.normal(size=(2, 60, 7)).astype(np.float32)
    bins, sizes = fastmi.UniformBins(4, range=(-3, 3)), []
    kept = statements.chance_sd
    monkeypatch.setattr(
        statements, "chance_sd", lambda *of: sizes.append(of[0].n_segments) or kept(*of)
    )

    def each(measure, layer):
        plane = fastmi.PlaneEstimator(np.arange(60), y, measure, chance_sd=True)
        return plane.readings(layer)["each"]

    found = each(PerUnit(bins), layers)
    assert sizes == [2]
    for i, layer in enumerate(layers):
        best = fastmi.unit_information(layer, y, bins).best(1)[0].unit
        alone = each(bins, layer[:, best : best + 1])
        assert found.chance_sd[i] == alone.chance_sd[0] > 0
        assert found.chance[i] == alone.chance[0]
