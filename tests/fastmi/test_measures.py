"""Measures: counting under names and methods, bounds by kernels, and layers measured each in its
own way.
"""

import math

import numpy as np
import pytest

import fastmi
from fastmi import Edges, PlaneEstimator, UniformBins
from fastmi.measures import Counted, KDEBounds, Measure, Reader, SoftmaxChannel
from tests import DATA, naive

BINS, FINE = UniformBins(5, range=(-1, 1)), UniformBins(50, range=(-1, 1), out_of_range="clip")


@pytest.fixture
def case(rng):
    """x, y, and layers (3 epochs, 2 copies, 60, d) by name."""
    x, y = rng.integers(0, 9, (60, 2)), rng.integers(0, 3, 60)
    return (
        x,
        y,
        {
            name: np.tanh(rng.normal(size=(3, 2, 60, d))).astype(np.float32)
            for name, d in (("a", 3), ("b", 1), ("c", 2))
        },
    )


# --- the seam -------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", [Counted(BINS), KDEBounds(0.1), SoftmaxChannel()], ids=str)
def test_a_measure_has_the_verbs_of_the_seam(measure, case):
    x, y, _ = case
    assert isinstance(measure, Measure)
    reader = PlaneEstimator(x, y, measure)._readers[0][0]
    verbs = [
        name
        for name, member in vars(Reader).items()
        if callable(member) and not name.startswith("_")
    ]
    assert verbs == ["prepare", "sampled", "mixture", "bits", "points"]
    assert all(callable(getattr(reader, verb)) for verb in verbs)
    assert isinstance(reader.mixes, bool)


def test_a_binning_is_short_for_counting_with_it(case):
    x, y, layers = case
    short, long = PlaneEstimator(x, y, BINS), PlaneEstimator(x, y, Counted(BINS))
    assert np.array_equal(short.estimate(layers), long.estimate(layers))
    assert short.measured == long.measured == str(BINS)
    assert (
        repr(short)
        == "PlaneEstimator of 60 samples, 48 x, 3 y: 5 bins on [-1, 1), outside: separate"
    )


# --- bins of each layer ---------------------------------------------------------------------------


def test_each_layer_has_its_own_bins(case, twin):
    x, y, layers = case
    bins = {"b": FINE, "a": BINS, "c": Edges([0.0])}
    plane = PlaneEstimator(x, y, bins)
    put = {name: twin.put(layer) for name, layer in layers.items()}
    together, copy_of = plane.readings(put, np.zeros((3, 60), int)), np.zeros((3, 60), int)
    for i, (name, layer) in enumerate(layers.items()):
        alone = PlaneEstimator(x, y, bins[name])
        assert np.array_equal(plane.estimate(put)[..., i, :], alone.estimate(layer)[..., 0, :])
        assert np.array_equal(
            plane.sampled(put, copy_of)[..., i, :], alone.sampled(layer, copy_of)[..., 0, :]
        )
        assert np.array_equal(plane.mixture(put)[..., i, :], alone.mixture(layer)[..., 0, :])
        for reading, points in alone.readings(layer, copy_of).items():
            for column, values in points.present.items():
                assert np.array_equal(together[reading].present[column][..., i], values[..., 0]), (
                    reading,
                    column,
                )


def test_the_table_says_which_bins_each_layer_has(case):
    x, y, layers = case
    plane = PlaneEstimator(x, y, {"a": BINS, "b": FINE})
    points = plane.readings({name: layers[name] for name in "ab"})["each"]
    table = fastmi.InformationPlane.collect(plane, [points], epochs=range(3), layers=["a", "b"])
    assert table.binning == f"a: {BINS}; b: {FINE}"


def test_the_table_says_which_layer_has_which_measure(case):
    x, y, _ = case
    plane = PlaneEstimator(np.arange(60), y, {"a": BINS, "b": KDEBounds(1), "c": SoftmaxChannel()})
    assert plane.measured == f"a: {BINS}; b: {KDEBounds(1)}; c: {SoftmaxChannel()}"
    for given in (SoftmaxChannel, KDEBounds):
        with pytest.raises(
            TypeError,
            match=rf"binning is the class {given.__name__}: pass one of it, {given.__name__}\(",
        ):
            PlaneEstimator(x, y, given)
        with pytest.raises(TypeError, match=r"binning\['a'\] is the class"):
            PlaneEstimator(x, y, {"a": given})


def test_a_frame_is_told_how_it_becomes_a_layer(case):
    pandas = pytest.importorskip("pandas")
    _, y, layers = case
    frame, plane = pandas.DataFrame(layers["a"][0, 0]), PlaneEstimator(np.arange(60), y, BINS)
    with pytest.raises(TypeError, match=r"^layers is a pandas\.DataFrame: .*layers\.to_numpy\(\)"):
        plane.estimate(frame)
    assert np.array_equal(plane.estimate(frame.to_numpy()), plane.estimate(layers["a"][0, 0]))


def test_a_layer_without_bins_is_named(case):
    x, y, layers = case
    plane = PlaneEstimator(x, y, {"a": BINS, "b": BINS})
    with pytest.raises(
        ValueError, match=r"binning names 'a', 'b', and not layers\['c'\]: pass layers as a mapping"
    ):
        plane.estimate(layers)
    with pytest.raises(
        ValueError, match=r"binning names 'a', 'b', and not layers\[0\]: pass layers as a mapping"
    ):
        plane.estimate([layers["a"], layers["b"]])
    with pytest.raises(ValueError, match="binning is empty: pass a mapping name -> binning"):
        PlaneEstimator(x, y, {})
    with pytest.raises(TypeError, match=r"binning\['a'\] is 3: pass fastmi.Edges"):
        PlaneEstimator(x, y, {"a": 3})
    with pytest.raises(ValueError, match="binning has no bins for the layer 'z', only for 'a'"):
        Counted({"a": BINS}).binning_of("z")


def test_messages_name_the_layer(case):
    x, y, layers = case
    layers["b"][0, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match=r"^layers\['b'\] holds 1 NaN"):
        PlaneEstimator(x, y, BINS).estimate(layers)
    with pytest.raises(ValueError, match=r"^layers\[1\] holds 1 NaN"):
        PlaneEstimator(x, y, BINS).estimate(list(layers.values()))
    with pytest.raises(ValueError, match=r"^layers\['a'\] holds NaN or infinities"):
        PlaneEstimator(x, y, KDEBounds(1)).estimate({"a": layers["b"]})


def test_measures_of_several_kinds_stand_in_the_order_of_the_layers(case):
    _, y, layers = case
    x = np.arange(60)
    kernel = KDEBounds(0.1)
    plane = PlaneEstimator(x, y, {"c": kernel, "b": BINS, "a": kernel})
    points = plane.readings(layers)["each"]
    kernels, counts = (PlaneEstimator(x, y, one).readings(layers)["each"] for one in (kernel, BINS))
    assert np.array_equal(
        points.i_xt,
        np.stack([kernels.i_xt[..., 0], counts.i_xt[..., 1], kernels.i_xt[..., 2]], axis=-1),
    )
    assert np.array_equal(
        np.isnan(points.n_symbols), np.broadcast_to([True, False, True], (3, 2, 3))
    )
    assert np.array_equal(plane.estimate(layers), points.bits)
    table = fastmi.InformationPlane.collect(plane, [points], epochs=range(3), layers=list(layers))
    assert [row["n_symbols"] == "" for row in table.rows()][:3] == [True, False, True]
    assert "mixture" not in plane.readings(layers)


# --- methods --------------------------------------------------------------------------------------


def miller_madow(symbols):
    """By the definition: nats."""
    symbols = list(symbols)
    return naive.entropy(symbols) + (len(set(symbols)) - 1) / (2 * len(symbols) * math.log(2))


def test_miller_madow_reaches_every_face(case, rng):
    x, y, layers = case
    a, b = rng.integers(0, 4, 60), rng.integers(0, 5, 60)
    pairs, triples = list(zip(a, b, strict=True)), list(zip(a, b, y, strict=True))
    assert fastmi.entropy(a, method="miller-madow") == pytest.approx(
        miller_madow(a.tolist()), abs=1e-12
    )
    expected = miller_madow(a) + miller_madow(b) - miller_madow(pairs)
    assert fastmi.mutual_information(a, b, method="miller-madow") == pytest.approx(
        expected, abs=1e-12
    )
    given = (
        miller_madow(zip(a, y, strict=True))
        + miller_madow(zip(b, y, strict=True))
        - miller_madow(triples)
        - miller_madow(y)
    )
    found = fastmi.conditional_mutual_information(a, b, y, method="miller-madow")
    assert found == pytest.approx(given, abs=1e-12)
    plane, layer = PlaneEstimator(x, y, BINS, method="miller-madow"), layers["a"][0, 0]
    codes = fastmi.encode(layer, BINS).tolist()
    rows = list(map(tuple, x.tolist()))
    i_xt = miller_madow(codes) + miller_madow(rows) - miller_madow(zip(codes, rows, strict=True))
    i_ty = miller_madow(codes) + miller_madow(y) - miller_madow(zip(codes, y, strict=True))
    assert plane.estimate(layer)[0] == pytest.approx([i_xt, i_ty], abs=1e-12)
    assert (plane.entropy_x, plane.entropy_y) == pytest.approx(
        (miller_madow(rows), miller_madow(y)), abs=1e-12
    )


def test_a_deterministic_layer_has_no_entropy_given_x_under_any_method(case):
    _, y, layers = case
    plane = PlaneEstimator(np.arange(60), y, BINS, method="miller-madow")
    codes = fastmi.encode(layers["a"][0, 0], BINS)
    assert plane.estimate(layers["a"][0, 0])[0, 0] == fastmi.entropy(codes, method="miller-madow")


def test_a_corrected_number_below_zero_is_kept_and_shown(case):
    x, _, layers = case
    y = np.arange(60) % 2
    plane = PlaneEstimator(x, y, Edges([-0.2]), method="miller-madow")
    points = plane.readings({"b": layers["b"]})["each"]
    assert points.i_ty.min() < 0
    table = fastmi.InformationPlane.collect(plane, [points], epochs=range(3), layers=["b"])
    assert table.method == "miller-madow"
    assert "miller-madow estimate" in table.panel().caption
    with pytest.raises(ValueError, match=r"i_ty holds -.*: bits are finite and not negative"):
        fastmi.InformationPlane.collect(
            PlaneEstimator(x, y, BINS), [points], epochs=range(3), layers=["b"]
        )


def test_a_method_that_there_is_not_is_refused(case):
    x, y, _ = case
    calls = [
        lambda: fastmi.entropy(y, method="jackknife"),
        lambda: fastmi.mutual_information(y, y, method=None),
        lambda: fastmi.conditional_mutual_information(y, y, y, method="PLUGIN"),
        lambda: PlaneEstimator(x, y, BINS, method="mm"),
        lambda: Counted(BINS, "mm"),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"method must be one of 'plugin', .*, not "):
            call()
    with pytest.raises(
        ValueError, match=r"method is 'miller-madow' beside the measure KDE upper bounds.*Counted"
    ):
        PlaneEstimator(x, y, KDEBounds(1), method="miller-madow")


@pytest.mark.parametrize("method", fastmi.entropies.METHODS)
def test_copies_that_are_alike_have_one_mixture_under_every_method(method, case):
    x, y, layers = case
    plane = PlaneEstimator(x, y, BINS, method=method)
    constant = np.zeros((5, 60, 2), np.float32)
    assert plane.mixture(constant)[0] == pytest.approx([0, 0], abs=0.01)
    alike = np.broadcast_to(layers["a"][0, :1], (5, 60, 3))
    labels = {
        "x": np.tile(x, (5, 1)),
        "y": np.tile(y, 5),
        "t": np.tile(fastmi.encode(alike[0], BINS), 5),
    }
    expected = [
        fastmi.mutual_information(labels["t"], labels[name], method=method) for name in "xy"
    ]
    assert plane.mixture(alike)[0] == pytest.approx(expected, abs=1e-12)


def test_the_ceilings_are_those_of_the_method_however_it_is_said(case):
    x, y, _ = case
    said = [
        PlaneEstimator(x, y, BINS, method="grassberger"),
        PlaneEstimator(x, y, Counted(BINS, "grassberger")),
    ]
    assert said[0].entropy_x == said[1].entropy_x != PlaneEstimator(x, y, BINS).entropy_x
    assert hash(Counted({"a": BINS})) == hash(Counted({"a": BINS}))


def test_names_are_strings_on_both_sides(case):
    x, y, layers = case
    plane = PlaneEstimator(x, y, {0: BINS, 1: FINE})
    assert plane.estimate({0: layers["a"], 1: layers["b"]}).shape == (3, 2, 2, 2)
    with pytest.raises(ValueError, match="layers names '0' twice"):
        plane.estimate({0: layers["a"], "0": layers["b"]})
    with pytest.raises(ValueError, match="binning is empty"):
        Counted({})


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
