"""Bins of one width: a symbol is the floor, as far as the fitted layer reached."""

import dataclasses

import numpy as np
import pytest

import fastmi
from fastmi import PlaneEstimator, WidthBins
from tests import DATA


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
        (lambda: WidthBins(1).fit([[0.5]]), TypeError, "activations is a builtins.list"),
        (
            lambda: WidthBins(1).fit(np.float32([[np.inf]])),
            ValueError,
            "activations hold inf: bins are fitted to finite",
        ),
    ],
)
def test_what_is_no_width_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
