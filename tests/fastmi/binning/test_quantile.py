"""Bins that are fitted: of one width, of equal mass."""

import dataclasses
import pickle

import numpy as np
import pytest
import torch

import fastmi
from fastmi import Edges, PlaneEstimator, QuantileBins, Stream, WidthBins
from tests import DATA

# --- one width ------------------------------------------------------------------------------------


def floors(t, width):
    """By the definition, numbered from 1 on."""
    k = np.floor(np.asarray(t, np.float64) / width)
    return (k - k.min() + 1).astype(np.int64)


@pytest.mark.parametrize("width", [0.07, 0.5, 0.01, 1 / 3, 1e-3, 7.3, 1e5, 2**-10])
@pytest.mark.parametrize("scale", [0.01, 1, 100])
def test_a_symbol_is_the_floor_to_the_last_bit(width, scale, rng, twin):
    edges = np.arange(-40, 41) * width
    near = [np.nextafter(np.float32(edges), np.float32(end)) for end in (-np.inf, np.inf)]
    t = np.concatenate([rng.normal(size=3000) * scale, np.float32(edges), *near]).astype(
        np.float32
    )[:, None]
    assert np.array_equal(
        fastmi.encode(twin.put(t), WidthBins(width).fit(twin.put(t))), floors(t[:, 0], width)
    )


def test_a_width_below_the_spacing_of_floats_keeps_what_they_tell_apart():
    t = np.float32([[8192], [8192.001], [8192.002], [8192]])
    codes = fastmi.encode(t, WidthBins(1e-4).fit(t))
    assert len(set(codes.tolist())) == len(set(t[:, 0].tolist()))
    assert codes[0] == codes[3]


@pytest.mark.parametrize(
    "layer", ["tanh_init/L4", "tanh_init/L5", "train_tanh_ep1500/L5", "train_relu_ep1500/L5"]
)
def test_every_golden_value_of_the_widths(layer):
    """Rows: widths .07, .5, .01; columns H(T), I(T;Y), in bits."""
    with np.load(DATA / "ibsgd.npz") as golden:
        t, y, rows = (
            golden[f"{layer}/T"],
            golden[f"{layer.split('/')[0]}/y"],
            golden[f"{layer}/bin2_bits"],
        )
    for width, row in zip((0.07, 0.5, 0.01), rows, strict=True):
        plane = PlaneEstimator(np.arange(len(t)), y, WidthBins(width).fit(t))
        assert plane.estimate(t)[0] == pytest.approx(row, abs=1e-12)


def test_what_lies_beyond_the_bins_that_were_reached_is_outside():
    bins = WidthBins(1).fit(np.float32([[0.5], [2.5]]))
    assert bins.seen == (0.5, 2.5)
    assert bins.edges.tolist() == [0, 1, 2, 3]
    assert fastmi.encode(np.float32([[-0.1], [0], [2.9], [3], [99]]), bins).tolist() == [
        0,
        1,
        3,
        4,
        4,
    ]
    with pytest.raises(
        ValueError, match="activations holds 1 activations outside bins of width 1 on"
    ):
        fastmi.encode(np.float32([[3.0]]), dataclasses.replace(bins, out_of_range="raise"))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: WidthBins(0), ValueError, "width is 0: a bin has a width above 0"),
        (lambda: WidthBins(-0.5), ValueError, "width must be finite and at least 0, not -0.5"),
        (lambda: WidthBins(np.nan), ValueError, "width must be finite"),
        (lambda: WidthBins("0.1"), TypeError, "width must be a number"),
        (lambda: WidthBins(0.1, "ignore"), ValueError, "out_of_range must be one of"),
        (
            lambda: WidthBins(1e-9).fit(np.eye(2)),
            ValueError,
            "width is 1e-09, and from 0 to 1 that makes .* bins: at most",
        ),
        (
            lambda: WidthBins(1e-310).fit(np.ones((4, 1))),
            ValueError,
            "width is 1e-310, and from 1 to 1 that makes",
        ),
        (
            lambda: WidthBins(1e39).fit(np.ones((4, 1))),
            ValueError,
            r"width is 1e\+39, and its edges lie beyond float32",
        ),
        (
            lambda: WidthBins(1, seen=3),
            TypeError,
            "seen is 3: it is the lowest and the highest value of a fit",
        ),
        (
            lambda: WidthBins(1, seen=(2.0, 1.0)),
            ValueError,
            r"seen is \(2.0, 1.0\): it is the lowest and the highest value",
        ),
        (lambda: QuantileBins(3, 3), TypeError, "inner is 3: it is a tuple of edges of a fit"),
        (lambda: WidthBins(1).fit([[0.5]]), TypeError, "activations is a builtins.list"),
        (
            lambda: WidthBins(1).fit(np.float32([[np.inf]])),
            ValueError,
            "activations hold inf: bins are fitted to finite",
        ),
        (
            lambda: QuantileBins(4).fit(np.float32([[np.nan]])),
            ValueError,
            "activations hold nan: bins are fitted to finite",
        ),
        (lambda: QuantileBins(1), ValueError, "n_bins is 1: from 2 to"),
        (lambda: QuantileBins(2**24 + 1), ValueError, "n_bins is 16777217: from 2 to"),
        (lambda: QuantileBins(2.0), TypeError, "n_bins must be an integer"),
    ],
)
def test_what_is_no_rule_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


# --- equal mass -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n_bins", [2, 3, 10, 30])
def test_each_bin_holds_as_many(n_bins, rng, twin):
    t = rng.permutation(3000).astype(np.float32).reshape(1000, 3)
    bins = QuantileBins(n_bins).fit(twin.put(t))
    symbols = np.digitize(t.reshape(-1), bins.edges)
    counts = np.bincount(symbols)
    assert len(counts) == n_bins
    assert counts.max() - counts.min() <= 1
    assert np.array_equal(fastmi.encode(twin.put(t), bins), fastmi.encode(t, Edges(bins.edges)))


def test_equal_values_share_a_bin_and_the_ends_take_what_comes_later():
    t = np.float32([[0], [0], [0], [0], [0], [0], [1], [2]])
    bins = QuantileBins(4).fit(t)
    assert bins.inner == (0, 1)
    assert fastmi.encode(t, bins).tolist() == [1] * 6 + [2, 2]
    assert fastmi.encode(np.float32([[-9], [9]]), bins).tolist() == [0, 2]
    constant = QuantileBins(5).fit(np.ones((3, 2)))
    assert len(set(fastmi.encode(np.ones((3, 2)), constant).tolist())) == 1


def test_codes_do_not_change_with_a_rising_map(rng):
    t = rng.normal(size=(500, 3)).astype(np.float32)
    stretched = (2 * t + 4).astype(np.float32)
    same = [fastmi.encode(layer, QuantileBins(7).fit(layer)) for layer in (t, stretched)]
    assert fastmi.mutual_information(*same) == pytest.approx(fastmi.entropy(same[0]), abs=1e-9)


# --- both -----------------------------------------------------------------------------------------

RULES = [WidthBins(0.25), QuantileBins(6)]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_fit_is_a_record_of_its_own_and_is_remembered(rule, rng):
    t = rng.normal(size=(50, 2)).astype(np.float32)
    fitted = rule.fit(t)
    assert fitted != rule
    assert fitted == rule.fit(torch.from_numpy(t)) == pickle.loads(pickle.dumps(fitted))
    assert hash(fitted) == hash(rule.fit(t))
    assert fitted.fit(2 * t) == rule.fit(2 * t)  # fitted anew, it forgets
    assert not fitted.edges.flags.writeable
    assert str(rule) != str(fitted)
    assert repr(rule) != repr(fitted)
    assert "\n" not in repr(fitted)
    with pytest.raises(dataclasses.FrozenInstanceError):
        fitted.out_of_range = "clip"


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_rule_that_was_not_fitted_is_sent_to_its_fit(rule, rng):
    t, y = rng.normal(size=(50, 2)).astype(np.float32), rng.integers(0, 2, 50)
    for call in (
        lambda: fastmi.encode(t, rule),
        lambda: PlaneEstimator(t, y, rule),
        lambda: Stream(rule),
        lambda: fastmi.measures.Counted(rule),
    ):
        with pytest.raises(
            ValueError,
            match=r"binning is .*, whose edges depend on data: fit it .*binning\.fit\(layer\)",
        ):
            call()
    with pytest.raises(ValueError, match=r"binning\['a'\] is .*, whose edges depend on data"):
        PlaneEstimator(t, y, {"a": rule})


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_each_layer_has_a_fit_of_its_own(rule, rng):
    layers = {
        name: (scale * rng.normal(size=(200, 2))).astype(np.float32)
        for name, scale in (("a", 1), ("b", 10))
    }
    y = rng.integers(0, 3, 200)
    bins = {name: rule.fit(layer) for name, layer in layers.items()}
    together = PlaneEstimator(np.arange(200), y, bins).estimate(layers)
    for i, (name, layer) in enumerate(layers.items()):
        assert np.array_equal(
            together[i], PlaneEstimator(np.arange(200), y, bins[name]).estimate(layer)[0]
        )
