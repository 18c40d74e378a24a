"""Edges cut the line where they are: in float32, a copy, and nothing that is none."""

import numpy as np
import pytest

import fastmi
from fastmi import Edges, UniformBins


def test_edges_are_rounded_to_float32():
    np.testing.assert_array_equal(Edges([0.1, 0.2]).edges, np.array([0.1, 0.2], np.float32))
    assert Edges([0.1, 0.2]).edges.dtype == np.float32


def test_edges_are_a_copy_that_nobody_can_write():
    given = np.array([0, 1], np.float32)
    edges = Edges(given).edges
    given[0] = 9
    assert edges[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        edges[0] = 1


def test_equal_edges_are_equal_records():
    assert Edges([0, 1]) == Edges(np.array([0.0, 1.0]))
    assert hash(Edges([0, 1])) == hash(Edges((0.0, 1.0)))
    assert Edges([0, 1]) != Edges([0, 2])
    assert Edges([0, 1]) != Edges([0, 1], out_of_range="wrap")
    assert Edges([0, 1]) != "Edges"
    assert UniformBins(2, range=(0, 1)) == UniformBins(2, range=[0.0, 1.0])  # type: ignore[arg-type]


def test_fifty_edges_are_forty_nine_bins():
    assert str(Edges(np.linspace(-1, 1, 50))).startswith("49 bins on [-1, 1)")
    assert Edges(np.linspace(-1, 1, 50)).n_edges == 50


@pytest.mark.parametrize(
    ("edges", "error", "message"),
    [
        (
            ["a", "b"],
            TypeError,
            r"edges has dtype <U1 and shape \(2,\): pass a 1-D sequence of numbers",
        ),
        ([[0, 1]], TypeError, r"edges has dtype int64 and shape \(1, 2\)"),
        ([], ValueError, r"edges holds 0 values: pass at least one edge, and at most 16777216"),
        (
            np.ma.array([0, 1, 2], mask=[0, 1, 0]),
            TypeError,
            r"edges is a numpy.ma.MaskedArray.*edges.compressed\(\)",
        ),
        ({0, 1}, TypeError, r"edges has dtype object and shape \(\)"),
        ([0, np.nan], ValueError, r"edges holds nan: edges are finite float32"),
        ([0, np.inf], ValueError, r"edges holds inf"),
        ([0, 1e39], ValueError, r"edges holds 1e\+39"),  # finite in float64 only
        ([0, 2, 1], ValueError, r"edges\[1\] = 2 is followed by 1; sort them and drop repeats"),
        ([0, 1, 1], ValueError, r"edges\[1\] = 1 is followed by 1"),
        (
            [1, 1 + 1e-9],
            ValueError,
            r"must increase \(as float32\): edges\[0\] = 1.0 is followed by 1.000000001",
        ),
    ],
)
def test_impossible_edges_are_refused(edges, error, message):
    with pytest.raises(error, match=message):
        Edges(edges)


# --- frozen for good ------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", [[0, 1, 0], [1, 0, 0], [0, 0, 0]])
def test_hidden_edges_are_not_used_and_the_advice_works(mask):
    hidden = np.ma.array([0.0, 1.0, 2.0], mask=mask)
    with pytest.raises(TypeError, match=r"edges is a numpy\.ma\.MaskedArray") as caught:
        Edges(hidden)
    shown = hidden.compressed() if any(mask) else hidden.data
    assert ("edges.compressed()" if any(mask) else "np.asarray(edges): nothing is masked") in str(
        caught.value
    )
    assert Edges(shown).n_edges == 3 - sum(mask)


@pytest.mark.parametrize("edge", [0.5, 0, -1e30, 1e-40])
def test_one_edge_is_a_threshold(twin, edge):
    binning = Edges([edge])
    x = np.float32(
        [edge, np.nextafter(np.float32(edge), np.float32(-np.inf)), -np.inf, np.inf, 3e38]
    )[:, None]
    codes = fastmi.encode(twin.put(x), binning)
    assert codes.tolist() == np.digitize(x[:, 0], binning.edges).tolist() == [1, 0, 0, 1, 1]
    t = np.random.default_rng(0).normal(edge, 1, (50, 70))  # 70 bits: hashed
    rows = {tuple(row) for row in (np.float32(t) >= np.float32(edge)).tolist()}
    assert len(np.unique(fastmi.encode(twin.put(t), binning))) == len(rows)
    assert str(binning) == f"a threshold at {np.float32(edge):g}"


@pytest.mark.parametrize("rule", ["clip", "wrap", "raise"])
def test_a_threshold_has_nothing_to_clip_to(rule):
    with pytest.raises(
        ValueError, match=f"out_of_range is '{rule}', but a single edge is a threshold"
    ):
        Edges([0.5], rule)
