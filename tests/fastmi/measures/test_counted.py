"""Counting: bins for each layer, methods, and what a table says of them."""

import math

import numpy as np
import pytest

import fastmi
from fastmi import Edges, PlaneEstimator
from fastmi.measures import Counted, KDEBounds, SoftmaxChannel
from tests import naive
from tests.fastmi.measures.layers import BINS, FINE


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


@pytest.mark.parametrize("method", fastmi.entropies.METHODS)
@pytest.mark.parametrize("layer", ["few codes", "one code", "all alone"])
def test_a_deterministic_layer_has_no_entropy_given_x_under_any_method(method, layer, case, twin):
    _, y, layers = case
    copies = {
        "few codes": layers["a"][0],
        "one code": np.zeros((2, 60, 1), np.float32),
        "all alone": np.tile(np.arange(60, dtype=np.float32)[:, None], (2, 1, 1)),
    }[layer]
    bins = Edges(np.arange(1, 60)) if layer == "all alone" else BINS
    plane = PlaneEstimator(np.arange(60), y, bins, method=method)
    codes = fastmi.encode(copies, bins)
    h_t = np.asarray(fastmi.entropy(codes[..., None], method=method))
    put = twin.put(copies)
    assert plane.estimate(put)[:, 0, 0].tolist() == h_t.tolist()
    copy_of = np.arange(60) % 2
    readings = plane.readings(put, copy_of)
    assert readings["each"].i_xt[:, 0].tolist() == h_t.tolist()
    sampled = fastmi.entropy(codes[copy_of, np.arange(60)], method=method)
    assert readings["sampled"].i_xt.tolist() == plane.sampled(put, copy_of)[:, 0].tolist()
    assert readings["sampled"].i_xt[0] == sampled
    assert fastmi.mutual_information(np.arange(60), codes[0], method=method) == h_t[0]


@pytest.mark.parametrize("method", fastmi.entropies.METHODS)
def test_nor_does_it_where_inputs_repeat(method, rng):
    x = rng.integers(0, 40, 100)
    layer = (x % 7).astype(np.float32)[:, None]
    plane = PlaneEstimator(x, x % 2, Edges(np.arange(1, 7)), method=method)
    h_t = fastmi.entropy(x % 7, method=method)
    assert plane.estimate(layer)[0, 0] == pytest.approx(h_t, abs=1e-15)


@pytest.mark.parametrize("method", fastmi.entropies.METHODS)
def test_over_a_population_nothing_is_corrected(method, case):
    x, y, layers = case
    calls = [
        lambda: PlaneEstimator(x, y, BINS, method=method, sample="population"),
        lambda: PlaneEstimator(x, y, {"a": Counted(BINS, method)}, sample="population"),
    ]
    for call in calls:
        if method == "plugin":
            assert call().estimate({"a": layers["a"]}).shape == (3, 2, 1, 2)
        else:
            with pytest.raises(ValueError, match=f"method is '{method}' and sample 'population'"):
                call()


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


def test_a_corrected_entropy_below_zero_is_kept_and_shown(case, tmp_path):
    """Grassberger's of a single class."""
    x, _, layers = case
    plane = PlaneEstimator(x, np.zeros(60, int), BINS, method="grassberger")
    assert plane.entropy_y < 0
    points = plane.readings({"b": layers["b"]})["each"]
    table = fastmi.InformationPlane.collect(plane, [points], epochs=range(3), layers=["b"])
    table.save(tmp_path / "plane.npz")
    assert fastmi.InformationPlane.load(tmp_path / "plane.npz").entropy_y == plane.entropy_y
    assert {row["h_y_bits"] for row in table.rows()} == {plane.entropy_y}
    assert table.panel().ceiling_y == 0


def test_a_method_that_there_is_not_is_refused(case):
    x, y, _ = case
    calls = [
        lambda: fastmi.entropy(y, method="jack-knife"),
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
