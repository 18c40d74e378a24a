"""What is its own: the fit and its rows, k by mean_lower, what the codes bound, what is refused."""

import dataclasses
import re

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

import fastmi
from fastmi import PlaneEstimator, belief
from fastmi.gathering import Gathering
from fastmi.measures import VectorQuantized
from fastmi.measures.base import Fittable
from fastmi.measures.vector_quantized import CANDIDATES
from tests import naive

N = 200


@pytest.fixture
def case(rng):
    """x, labels that depend on where a row lies, and a layer of more units than samples."""
    y = rng.integers(0, 3, N)
    centres = rng.normal(size=(3, 300))
    layer = np.maximum(centres[y] + 1.2 * rng.normal(size=(N, 300)), 0).astype(np.float32)
    return np.arange(N), y, layer


def plane(case, measure, **given):
    x, y, _ = case
    return PlaneEstimator(x, y, measure, **given)


def points(case, measure, **given):
    found = plane(case, measure, **given).readings(case[2])["each"]
    return found.map(lambda column: column[0, 0])


def test_where_rows_all_differ_codes_speak(case):
    joint = points(case, fastmi.UniformBins(30, range=(0, 4)), sample="held-out")
    codes = points(case, VectorQuantized(3), sample="held-out")
    assert belief.VERDICTS[joint.verdict] == "unresolved"
    assert joint.mean_lower < 0
    assert belief.VERDICTS[codes.verdict] == "resolved"
    assert codes.mean_lower > 1
    assert codes.n_symbols == 3


def test_every_column_is_that_of_the_codes_as_labels(case):
    _, y, layer = case
    measure = VectorQuantized(8).fit(layer)
    codes = measure.codebooks[0].encode(layer)
    found = points(case, measure, sample="held-out")
    report = fastmi.mutual_information_report(codes, y, sample="held-out")
    for column in ("chance", "mean_lower", "mean_upper"):
        assert getattr(found, column) == pytest.approx(getattr(report, column), abs=1e-12)
    assert found.i_ty == pytest.approx(naive.mutual_information(codes.tolist(), y.tolist()))
    assert found.i_xt == pytest.approx(naive.entropy(codes.tolist()))
    assert (found.coding, found.outside, found.charge) == (0, None, None)


def test_one_code_knows_nothing_and_a_code_a_row_is_the_plug_in(case):
    _, y, _ = case
    for by in CANDIDATES:
        assert points(case, VectorQuantized(1, by=by)).bits.tolist() == [0, 0]
    assert points(case, VectorQuantized(10**9)).bits == pytest.approx(
        [np.log2(N), fastmi.entropy(y)], abs=1e-12
    )


def test_it_is_fitted_to_some_rows_spread_evenly(case):
    _, _, layer = case
    some = np.linspace(0, N - 1, 50).astype(int)
    one, other = VectorQuantized(4, max_fit=50).fit(layer), VectorQuantized(4).fit(layer[some])
    assert np.array_equal(one.codebooks[0].weights, other.codebooks[0].weights)
    tensor = VectorQuantized(4, max_fit=50).fit(torch.from_numpy(layer))
    assert np.array_equal(one.codebooks[0].weights, tensor.codebooks[0].weights)
    assert (one.needs_fit, one.needs_labels, VectorQuantized().needs_fit) == (False, False, True)
    assert isinstance(one, Fittable)


def test_fitted_it_reads_any_sample_in_one_way_batch_by_batch(case, twin):
    _, _, layer = case
    measure = VectorQuantized(5).fit(layer[:100])
    whole = plane(case, measure).readings(twin.put(layer))["each"].map(lambda column: column[0])
    gathering = Gathering([plane(case, measure)])
    for part in np.split(np.arange(N), [64, 128, 192]):
        gathering.add("a", twin.put(layer[part]))
    (piece, *_) = gathering._pieces["a"]
    assert piece.kept.codes.nbytes == 64 * 8  # and no layer
    (found,) = gathering.points()
    for name, column in whole.present.items():
        np.testing.assert_array_equal(getattr(found, name), column, err_msg=name)


def test_of_positions_codes_are_shared(case, rng):
    _, y, _ = case
    maps = rng.normal(size=(4, N, 3)).astype(np.float32)
    measure = VectorQuantized(6).fit(maps.reshape(-1, 3))
    for one in (measure, dataclasses.replace(measure, codebooks=())):
        gathering = Gathering([plane(case, one)])
        gathering.add("maps", maps)
        (found,) = gathering.points()
        codes = measure.codebooks[0].encode(maps).reshape(-1).tolist()
        assert found.i_ty[0] == pytest.approx(naive.mutual_information(codes, y.tolist() * 4))
        assert found.verdict is None


# --- k by mean_lower ------------------------------------------------------------------------------


@pytest.mark.parametrize("by", CANDIDATES)
@pytest.mark.parametrize("fitted", [False, True])
def test_k_is_the_best_of_the_candidates_and_pays_for_it(case, by, fitted):
    _, _, layer = case
    auto = VectorQuantized("auto", by=by)
    found = points(case, auto.fit(layer) if fitted else auto, sample="held-out")
    some = [k for k in CANDIDATES[by] if k < N]
    each = [points(case, VectorQuantized(k, by=by), sample="held-out") for k in some]
    best = max(each, key=lambda one: one.mean_lower)
    charge = np.log2(len(some)) / N
    assert found.charge == pytest.approx(charge)
    assert found.mean_lower == pytest.approx(best.mean_lower - charge, abs=1e-12)
    for column in ("i_xt", "i_ty", "n_symbols", "chance", "mean_upper", "coverage"):
        assert getattr(found, column) == getattr(best, column), column


def test_each_layer_and_network_chooses_for_itself(rng):
    y = rng.integers(0, 4, (300, 1))
    layers = [
        np.stack([y % 2 + 0.1 * rng.normal(size=(300, 2)), y + 0.1 * rng.normal(size=(300, 2))]),
        np.stack([y + 0.1 * rng.normal(size=(300, 3)), y // 2 + 0.1 * rng.normal(size=(300, 3))]),
    ]
    estimator = PlaneEstimator(np.arange(300), y[:, 0], VectorQuantized("auto"), sample="held-out")
    readings = estimator.readings(layers, rng.integers(0, 2, 300))
    assert list(readings) == ["each", "sampled"]
    assert readings["each"].n_symbols.tolist() == [[2, 4], [4, 2]]
    assert readings["each"].mean_lower.shape == (2, 2)
    assert np.array_equal(estimator.estimate(layers), readings["each"].bits)


def test_of_what_has_no_mean_lower_nothing_is_chosen(case):
    _, _, layer = case
    for measure in (VectorQuantized("auto"), VectorQuantized("auto").fit(layer)):
        with pytest.raises(ValueError, match="has no mixture: k is chosen by mean_lower"):
            plane(case, measure).mixture(layer[None])
        with pytest.raises(ValueError, match="k is 'auto' over a population"):
            plane(case, measure, sample="population")
    assert points(case, VectorQuantized(3), sample="population").chance is None


def test_few_rows_leave_few_candidates():
    rows = np.float32([[0], [1], [5]])
    assert [len(VectorQuantized("auto").fit(rows[:n]).codebooks) for n in (1, 2, 3)] == [1, 1, 1]
    assert len(VectorQuantized("auto").fit(np.arange(9.0)[:, None]).codebooks) == 3


# --- what the codes bound -------------------------------------------------------------------------


def binary_entropy(p):
    return -p * np.log2(p) - (1 - p) * np.log2(1 - p)


@pytest.fixture(scope="module")
def digits():
    """Two digits in a layer of 512 units, their classes, and codes that know none of them."""
    given = load_digits()
    two = given.target < 2
    weights = torch.randn(64, 512, generator=torch.Generator().manual_seed(0)) / 8
    layer = torch.relu(torch.from_numpy(given.data[two] / 16).float() @ weights)
    return given.target[two], layer, [VectorQuantized(k).fit(layer) for k in (4, "auto")]


@pytest.mark.parametrize("error", [0.05, 0.2, 0.4])
def test_the_lower_bound_stays_below_the_truth_in_mean(digits, error):
    """The class through a binary symmetric channel: I(image;Y) = h(p * e) - h(e)."""
    classes, layer, measures = digits
    rng = np.random.default_rng(1)
    p = classes.mean() * (1 - error) + (1 - classes.mean()) * error
    truth = binary_entropy(p) - binary_entropy(error)
    for measure in measures:
        lower = []
        for _ in range(20):
            y = classes ^ (rng.random(len(classes)) < error)
            estimator = PlaneEstimator(np.arange(len(y)), y, measure, sample="held-out")
            lower.append(estimator.readings(layer)["each"].mean_lower.item())
        assert np.mean(lower) <= truth + 2 * np.std(lower, ddof=1) / np.sqrt(len(lower))
        assert np.mean(lower) > truth - 0.07


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        ({"k": 0}, ValueError, "k must be at least 1, not 0"),
        ({"k": 2.5}, TypeError, "k must be"),
        ({"k": 2**31 + 1}, ValueError, "k is 2147483649: pass at most 2^31 codes"),
        ({"k": "best"}, ValueError, "k is 'best': pass a number of codes, or 'auto'"),
        (
            {"by": "voronoi"},
            ValueError,
            "by must be one of 'kmeans', 'pca', 'product', not 'voronoi'",
        ),
        ({"max_fit": 0}, ValueError, "max_fit must be at least 1, not 0"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": 2**32}, ValueError, "seed is 4294967296: pass a whole number below 2^32"),
        ({"codebooks": "fitted"}, TypeError, "codebooks is 'fitted': leave it out"),
    ],
)
def test_what_makes_no_codes_is_refused(given, kind, said):
    with pytest.raises(kind, match=re.escape(said)):
        VectorQuantized(**given)


def test_what_codes_cannot_be_fitted_to_is_refused(case):
    _, _, layer = case
    with pytest.raises(ValueError, match=r"layer has shape \(1, 200, 300\): codes are fitted to"):
        VectorQuantized().fit(layer[None])
    wrong = layer.copy()
    wrong[7, 3] = np.nan
    with pytest.raises(ValueError, match="layer holds 1 NaN, which is near no code"):
        VectorQuantized().fit(wrong)
    with pytest.raises(ValueError, match=r"layers\[0\] holds 1 NaN"):
        plane(case, VectorQuantized()).estimate(wrong)
    with pytest.raises(ValueError, match=r"layers\[0\] holds 1 NaN"):
        plane(case, VectorQuantized().fit(layer)).estimate(wrong)
    with pytest.raises(ValueError, match=r"layers\[0\] has 7 units, and the codes were fitted to"):
        plane(case, VectorQuantized().fit(layer)).estimate(layer[:, :7])


def test_it_says_what_it_is():
    measure = VectorQuantized(4)
    assert repr(measure) == "VectorQuantized(k=4, by='kmeans', max_fit=2048, seed=0)"
    assert str(measure) == "k-means, k=4, fitted to at most 2048 rows"
    fitted = measure.fit(np.arange(8.0)[:, None])
    assert str(fitted) == str(measure)
    assert repr(fitted).endswith("seed=0, fitted to 1 units)")
    assert str(VectorQuantized("auto", by="pca")).startswith("PCA grid, k chosen by mean_lower")
