"""Bounds by kernels: published values, the formula, and what they are not."""

import numpy as np
import pytest

import fastmi
from fastmi import PlaneEstimator
from fastmi.measures import KDEBounds
from tests import DATA

# --- bounds by kernels ----------------------------------------------------------------------------


EIGHT = np.array(
    [(0, 0), (0, 1), (1, 0), (1, 1), (0.5, 0.5), (0.2, 0.8), (0.8, 0.2), (0.1, 0.1)], np.float32
)


CLASSES = [0, 1, 1, 0, 0, 1, 1, 0]


def by_broadcasting(t, y, variance):
    """h(4 s^2), h(s^2), and of each the mean over the classes: the formula as NumPy writes it, in
    bits.
    """
    t, y = np.asarray(t, float), np.asarray(y)

    def h(rows, v):
        squares = ((rows[:, None] - rows[None]) ** 2).sum(-1)
        return -np.log2(np.exp(-squares / (2 * v)).mean(axis=1)).mean()

    return [
        *(h(t, v) for v in (4 * variance, variance)),
        *(
            sum(np.mean(y == c) * h(t[y == c], v) for c in np.unique(y))
            for v in (4 * variance, variance)
        ),
    ]


def estimate(t, y, variance, **options):
    plane = PlaneEstimator(np.arange(len(t)), y, KDEBounds(variance, **options))
    return plane.readings([t])["each"].map(lambda column: column.reshape(-1))


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_eight_points_have_their_published_values(precision):
    points = estimate(EIGHT, CLASSES, 0.05, precision=precision)
    lower = estimate(EIGHT, CLASSES, 0.05, precision=precision, pair="lower")
    assert (points.i_xt_lower[0], points.i_xt_upper[0]) == pytest.approx(
        (1.494753, 2.405358), abs=1e-6
    )
    assert (lower.i_ty[0], points.i_ty[0]) == pytest.approx((0.455041, 0.904371), abs=1e-6)
    assert (points.i_ty_lower[0], points.i_ty_upper[0]) == pytest.approx(
        (-0.006234, 1.365646), abs=1e-6
    )
    assert (lower.i_xt[0], points.i_xt[0]) == (points.i_xt_lower[0], points.i_xt_upper[0])


@pytest.mark.parametrize(
    ("a", "lower", "upper"),
    [
        (0.25, 0.022366, 0.087353),
        (0.5, 0.087353, 0.316051),
        (1, 0.316051, 0.816882),
        (2, 0.816882, 0.999516),
    ],
)
def test_two_points_have_their_published_bounds(a, lower, upper):
    points = estimate(np.float32([[-a], [a]]), [0, 1], 1)
    assert (points.i_xt_lower[0], points.i_xt_upper[0]) == pytest.approx((lower, upper), abs=1e-6)
    assert (points.i_ty_lower[0], points.i_ty_upper[0]) == pytest.approx((lower, upper), abs=1e-6)


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize(
    ("n", "d", "k", "variance"),
    [(1, 1, 1, 1), (2, 3, 2, 0.1), (600, 20, 10, 0.3), (1100, 2, 3, 1e-3)],
)
def test_kernels_are_the_formula(precision, n, d, k, variance, rng):
    t, y = np.tanh(rng.normal(size=(n, d))).astype(np.float32), rng.integers(0, k, n)
    wide, narrow, wide_y, narrow_y = by_broadcasting(t, y, variance)
    points = estimate(t, y, variance, precision=precision)
    tolerance = 1e-9 if precision == "float64" else 1e-5
    assert points.bits[0] == pytest.approx([narrow, narrow - narrow_y], abs=tolerance)
    bounds = [
        points.i_xt_lower[0],
        points.i_xt_upper[0],
        points.i_ty_lower[0],
        points.i_ty_upper[0],
    ]
    assert bounds == pytest.approx([wide, narrow, wide - narrow_y, narrow - wide_y], abs=tolerance)


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1, 1e15, 1e30])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_layer_and_its_noise_may_be_of_any_size(scale, precision, rng):
    t = rng.normal(size=(30, 2)).astype(np.float32)
    expected = estimate(t, np.arange(30) % 2, 1).bits
    found = estimate(
        (scale * t.astype(float)).astype(np.float32),
        np.arange(30) % 2,
        scale**2,
        precision=precision,
    )
    assert found.bits == pytest.approx(expected, abs=1e-5)


def test_kernels_take_a_layer_to_be_a_function_of_x(rng):
    x, t = np.array([0, 1, 0, 1]), rng.normal(size=(2, 3)).astype(np.float32)
    plane = PlaneEstimator(x, [0, 1, 0, 1], KDEBounds(0.1))
    assert plane.estimate(t[x]) == pytest.approx(
        PlaneEstimator(x[:2], [0, 1], KDEBounds(0.1)).estimate(t), abs=1e-6
    )
    with pytest.raises(ValueError, match="x has rows that are equal where a layer is not"):
        plane.estimate(np.concatenate([t, t + 1]))


def test_far_samples_leave_no_trace():
    t = np.float32([[0], [1e18], [-1e18], [1e18]])
    points = estimate(t, [0, 0, 1, 1], 1e-3)
    assert points.bits[0] == pytest.approx([1.5, 0.5], abs=1e-6)


def test_threads_change_nothing(rng):
    t, y = rng.normal(size=(700, 3)).astype(np.float32), rng.integers(0, 2, 700)
    alone = estimate(t, y, 0.1).bits
    with fastmi.use_threads(2):
        assert np.array_equal(estimate(t, y, 0.1).bits, alone)


def test_kernels_read_copies_apart_and_sampled_and_no_mixture(case, rng):
    _, y, layers = case
    plane, copy_of = PlaneEstimator(np.arange(60), y, KDEBounds(0.1)), rng.integers(0, 2, (3, 60))
    readings = plane.readings(layers, copy_of)
    assert list(readings) == ["each", "sampled"]
    assert readings["each"].i_xt.shape == (3, 2, 3)
    assert np.array_equal(readings["sampled"].bits, plane.sampled(layers, copy_of))
    assert np.array_equal(readings["each"].bits, plane.estimate(layers))
    with pytest.raises(ValueError, match=r"KDEBounds has no mixture: .*over copies it is not"):
        plane.mixture(layers)
    table = fastmi.InformationPlane.collect(
        plane, [readings["each"]], epochs=range(3), layers=list(layers)
    )
    assert table.method == "KDEBounds"
    assert {row["i_ty_lower_bits"] != "" for row in table.rows()} == {True}
    assert {row["n_symbols"] for row in table.rows()} == {""}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"noise_variance": 0}, ValueError, "noise_variance is 0: without noise"),
        ({"noise_variance": -1}, ValueError, "noise_variance must be finite and at least 0"),
        ({"noise_variance": "1"}, TypeError, "noise_variance must be a number"),
        ({"noise_variance": 1, "pair": "both"}, ValueError, "pair must be one of 'upper', 'lower'"),
        ({"noise_variance": 1, "precision": "float16"}, ValueError, "precision must be one of"),
    ],
)
def test_what_is_no_kernel_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        KDEBounds(**options)


# --- the golden values of the reference -----------------------------------------------------------


@pytest.fixture(scope="module")
def golden():
    with np.load(DATA / "ibsgd.npz") as file:
        return dict(file)


LAYERS = ["tanh_init/L4", "tanh_init/L5", "train_tanh_ep1500/L5", "train_relu_ep1500/L5"]


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(("precision", "tolerance"), [("float64", 1e-9), ("float32", 1e-5)])
def test_every_golden_value_of_the_kernels(golden, layer, precision, tolerance):
    """Columns: I(X;T), I(T;Y), H, upper; the same, lower."""
    t, y = golden[f"{layer}/T"], golden[f"{layer.split('/')[0]}/y"]
    for variance, row in zip((1e-3, 1e-1), golden[f"{layer}/kde64_bits"], strict=True):
        upper = estimate(t, y, variance, precision=precision)
        lower = estimate(t, y, variance, precision=precision, pair="lower")
        assert upper.bits[0] == pytest.approx(row[:2], abs=tolerance)
        assert lower.bits[0] == pytest.approx(row[3:5], abs=tolerance)
