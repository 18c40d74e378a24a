"""Layers that come some samples at a time give the numbers of layers that come at once."""

import numpy as np
import pytest
import torch

import fastmi
from fastmi import PlaneEstimator
from fastmi.gathering import Gathering
from fastmi.measures import Counted, KDEBounds, PerUnit, SoftCodes, SoftmaxChannel
from tests.fastmi.measures.tiny import Means

BINS = fastmi.UniformBins(4, range=(-2, 2))
FEW = fastmi.UniformBins(2, range=(-1, 1))


@pytest.fixture
def case(rng):
    """x, two label sets, layers of 60 samples; one is wide, and its rows are hashed."""
    x, y = np.arange(60)[:, None], rng.integers(0, 3, 60)
    layers = {
        "a": rng.normal(size=(60, 2)).astype(np.float32),
        "b": rng.normal(size=(60, 70)).astype(np.float32),
    }
    return x, (y, y % 2), layers


def gathered(estimators, layers, sizes=(7, 20, 33), put=lambda array: array):
    gathering, first = Gathering(estimators), 0
    for size in sizes:
        for name, layer in layers.items():
            gathering.add(name, put(np.ascontiguousarray(layer[..., first : first + size, :])))
        first += size
    return gathering.points()


def assert_same(points, expected, tolerance_bits=0):
    assert points.present.keys() == expected.present.keys()
    for name, column in expected.present.items():
        np.testing.assert_allclose(
            points.present[name], column, rtol=0, atol=tolerance_bits, err_msg=name
        )


LAST_BITS = 1e-12  # of probabilities that are added up in another order


@pytest.mark.parametrize("sample", [None, "held-out", "training", "population"])
def test_counted_layers_give_the_same_floats_in_any_batches(case, twin, sample):
    x, labels, layers = case
    estimators = [PlaneEstimator(x, y, BINS, sample=sample) for y in labels]
    found = gathered(estimators, layers, put=twin.put)
    for points, estimator in zip(found, estimators, strict=True):
        whole = estimator.readings(layers)["each"].map(lambda column: column[0])
        assert_same(points, whole)


@pytest.mark.parametrize("sample", [None, "population"])
def test_units_give_the_same_floats_in_any_batches(case, twin, sample):
    x, labels, layers = case
    estimators = [PlaneEstimator(x, y, PerUnit(BINS), sample=sample) for y in labels]
    found = gathered(estimators, layers, put=twin.put)
    for points, estimator in zip(found, estimators, strict=True):
        assert_same(points, estimator.readings(layers)["each"].map(lambda column: column[0]))


SOFT = SoftCodes(6, n_seeds=2, corrected=False)


def test_soft_codes_add_up(case, rng, twin):
    x, labels, layers = case
    estimators = [PlaneEstimator(x, y, SOFT) for y in labels]
    maps = {"maps": rng.normal(size=(5, 60, 3)).astype(np.float32)}
    for given, reading in ((layers, "each"), (maps, "mixture")):
        found = gathered(estimators, given, put=twin.put)
        for points, estimator in zip(found, estimators, strict=True):
            whole = estimator.readings(given)[reading].map(lambda column: column.reshape(-1))
            assert points.present.keys() == whole.present.keys()
            for name, column in whole.present.items():
                assert points.present[name] == pytest.approx(column, abs=1e-6), name


@pytest.mark.parametrize("measure", [FEW, PerUnit(FEW), SOFT])
def test_x_with_repeats_counts(case, measure):
    _, (y, _), layers = case
    estimator = PlaneEstimator(np.arange(60)[:, None] // 3, y, measure)
    (points,) = gathered([estimator], layers)
    assert_same(points, estimator.readings(layers)["each"].map(lambda column: column[0]))
    assert (points.i_xt <= np.log2(20) + 1e-9).all()


def test_each_layer_by_its_own_measure_in_the_order_in_which_they_come(case):
    x, (y, _), layers = case
    layers["p"] = np.full((60, 4), 0.25, np.float32)
    measures = {"p": SoftmaxChannel(), "b": Counted(FEW), "a": KDEBounds(1.0)}
    estimator = PlaneEstimator(x, y, measures)
    (points,) = gathered([estimator], layers)
    assert_same(points, estimator.readings(layers)["each"].map(lambda column: column[0]), LAST_BITS)


@pytest.mark.parametrize("measure", [BINS, PerUnit(BINS), SoftmaxChannel()])
def test_positions_are_a_mixture(case, rng, measure):
    x, (y, _), _ = case
    maps = rng.dirichlet(np.ones(3), size=(5, 60)).astype(np.float32)
    estimator = PlaneEstimator(x, y, measure)
    (points,) = gathered([estimator], {"maps": maps})
    readings = estimator.readings({"maps": maps})
    assert_same(points, readings["mixture"], LAST_BITS if measure == SoftmaxChannel() else 0)
    assert points.verdict is None
    assert points.chance is None


def test_positions_beside_rows(case, rng):
    x, (y, _), layers = case
    layers["maps"] = rng.normal(size=(4, 60, 2)).astype(np.float32)
    estimator = PlaneEstimator(x, y, BINS)
    (points,) = gathered([estimator], layers)
    assert np.isnan(points.chance).tolist() == [False, False, True]
    assert np.isfinite(points.i_ty).all()


def test_what_is_kept_is_twelve_bytes_a_sample(case):
    x, (y, _), layers = case
    gathering = Gathering([PlaneEstimator(x, y, BINS)])
    gathering.add("b", layers["b"])
    (piece,) = gathering._pieces["b"]
    assert piece.kept.codes.nbytes + piece.kept.outside.nbytes == 60 * 12
    assert repr(gathering).startswith("Gathering of 1 layers: PlaneEstimator of 60 samples")


def test_what_is_kept_whole_is_a_copy(case):
    x, (y, _), layers = case
    estimator = PlaneEstimator(x, y, KDEBounds(1.0))
    expected = estimator.readings({"a": layers["a"]})["each"].map(lambda column: column[0])
    for put in (np.array, lambda array: torch.from_numpy(array.copy())):
        gathering, layer = Gathering([estimator]), put(layers["a"])
        gathering.add("a", layer)
        layer[:] = 0
        assert_same(gathering.points()[0], expected)


def test_a_layer_can_be_dropped(case):
    x, (y, _), layers = case
    gathering = Gathering([PlaneEstimator(x, y, BINS)])
    for name, layer in layers.items():
        gathering.add(name, layer)
    gathering.drop("a")
    gathering.drop("nothing")
    assert gathering.points()[0].i_ty.shape == (1,)


def test_what_cannot_be_gathered_is_refused(case):
    x, (y, _), layers = case
    estimator = PlaneEstimator(x, y, BINS)
    with pytest.raises(ValueError, match="estimators is empty"):
        Gathering([])
    with pytest.raises(ValueError, match="estimators differ in more than their labels"):
        Gathering([estimator, PlaneEstimator(x, y, FEW)])
    gathering = Gathering([estimator])
    with pytest.raises(ValueError, match="no layer was added"):
        gathering.points()
    gathering.add("a", layers["a"][:7])
    with pytest.raises(ValueError, match="layer 'a' has 7 samples, x and y have 60"):
        gathering.points()
    with pytest.raises(ValueError, match=r"layer 'a' is \(7, 1\) now and was \(7, 2\)"):
        gathering.add("a", layers["a"][:7, :1])
    with pytest.raises(ValueError, match="names 'a', and not the layer 'b'"):
        Gathering([PlaneEstimator(x, y, {"a": BINS})]).add("b", layers["b"])
    with pytest.raises(ValueError, match=r"layer 'a' has positions.*its measure cannot take"):
        Gathering([PlaneEstimator(x, y, KDEBounds(1.0))]).add("a", layers["a"][None])
    with pytest.raises(ValueError, match="layer 'a' holds 1 NaN"):
        Gathering([estimator]).add("a", np.full((1, 1), np.nan, np.float32))


def test_what_adds_up_has_a_state_for_each_set_of_labels_and_nothing_else(case):
    x, labels, layers = case
    estimators = [PlaneEstimator(x, y, Means()) for y in labels]
    for put in (np.asarray, torch.from_numpy):
        found = gathered(estimators, layers, put=put)
        for points, y in zip(found, labels, strict=True):
            means = [[t[y == c, 0].mean() for c in np.unique(y)] for t in layers.values()]
            np.testing.assert_allclose(points.i_ty, np.ptp(means, axis=1), atol=1e-6)
            assert points.i_xt.tolist() == [60, 60]
    gathering = Gathering(estimators)
    for name, layer in layers.items():
        gathering.add(name, layer[:7])
    gathering.drop("a")
    assert {piece.kept for pieces in gathering._pieces.values() for piece in pieces} == {None}
    assert [state.size for state in gathering._states["b"]] == [6, 4]
    with pytest.raises(ValueError, match="layer 'b' has 61 samples, x and y have 60"):
        gathering.add("b", layers["b"][:54])


@pytest.mark.parametrize("n_processes", [1, 2, 3, 7])
def test_what_several_gathered_by_turns_is_what_one_would_have(case, n_processes):
    x, labels, layers = case
    for measure in (BINS, {"a": KDEBounds(1.0), "b": FEW}):
        estimators = [PlaneEstimator(x, y, measure) for y in labels]
        each = [Gathering(estimators) for _ in range(n_processes)]
        for k, first in enumerate(range(0, 60, 11)):  # the last batch is shorter
            for name, layer in layers.items():
                each[k % n_processes].add(name, layer[first : first + 11])
        held = [gathering._pieces for gathering in each]
        for gathering in each:
            gathering.merge(lambda own, held=held: held)
            for points, expected in zip(
                gathering.points(), gathered(estimators, layers), strict=True
            ):
                assert_same(points, expected)


def test_what_adds_up_is_not_merged(case):
    x, (y, _), _ = case
    gathering = Gathering([PlaneEstimator(x, y, Means())])
    with pytest.raises(ValueError, match="Means adds up its batches in their order, and cannot be"):
        gathering.merge(lambda own: [own])
