"""The records that cut the line."""

import dataclasses

import numpy as np
import pytest

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


def test_records_are_frozen():
    for binning in (Edges([0, 1]), UniformBins(2, range=(0, 1))):
        with pytest.raises(dataclasses.FrozenInstanceError):
            binning.out_of_range = "wrap"  # type: ignore[misc]


def test_equal_edges_are_equal_records():
    assert Edges([0, 1]) == Edges(np.array([0.0, 1.0]))
    assert hash(Edges([0, 1])) == hash(Edges((0.0, 1.0)))
    assert Edges([0, 1]) != Edges([0, 2])
    assert Edges([0, 1]) != Edges([0, 1], out_of_range="wrap")
    assert Edges([0, 1]) != "Edges"
    assert UniformBins(2, range=(0, 1)) == UniformBins(2, range=[0.0, 1.0])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("n_bins", "low", "high"), [(1, 0, 1), (49, -1, 1), (7, -3.5, 1e3), (3, 1e-40, 3e-40), (2, -3e38, 3e38)]
)
def test_uniform_bins_are_the_edges_of_linspace(n_bins, low, high):
    binning = UniformBins(n_bins, range=(low, high))
    assert binning.n_edges == n_bins + 1
    np.testing.assert_array_equal(binning.edges, np.linspace(low, high, n_bins + 1).astype(np.float32))


def test_fifty_edges_are_forty_nine_bins():
    assert str(Edges(np.linspace(-1, 1, 50))).startswith("49 bins on [-1, 1)")
    assert Edges(np.linspace(-1, 1, 50)).n_edges == 50


@pytest.mark.parametrize(
    ("out_of_range", "ends"), [("separate", (0, 3)), ("clip", (1, 2)), ("wrap", (3, 3)), ("raise", (0, 3))]
)
def test_ends_are_the_symbols_of_what_falls_outside(out_of_range, ends):
    assert Edges([0, 1, 2], out_of_range=out_of_range).ends == ends
    assert UniformBins(2, range=(0, 2), out_of_range=out_of_range).ends == ends


@pytest.mark.parametrize(
    ("edges", "error", "message"),
    [
        (["a", "b"], TypeError, r"edges has dtype <U1 and shape \(2,\): pass a 1-D sequence of numbers"),
        ([[0, 1]], TypeError, r"edges has dtype int64 and shape \(1, 2\)"),
        ([], ValueError, r"edges holds 0 values: pass at least one edge, and at most 16777216"),
        (np.ma.array([0, 1, 2], mask=[0, 1, 0]), TypeError, r"edges is a numpy.ma.MaskedArray.*edges.data\[keep\]"),
        ({0, 1}, TypeError, r"edges has dtype object and shape \(\)"),
        ([0, np.nan], ValueError, r"edges holds nan: edges are finite float32"),
        ([0, np.inf], ValueError, r"edges holds inf"),
        ([0, 1e39], ValueError, r"edges holds 1e\+39"),  # finite in float64 only
        ([0, 2, 1], ValueError, r"edges\[1\] = 2 is followed by 1; sort them and drop repeats"),
        ([0, 1, 1], ValueError, r"edges\[1\] = 1 is followed by 1"),
        ([1, 1 + 1e-9], ValueError, r"must increase \(as float32\): edges\[0\] = 1.0 is followed by 1.000000001"),
    ],
)
def test_impossible_edges_are_refused(edges, error, message):
    with pytest.raises(error, match=message):
        Edges(edges)


@pytest.mark.parametrize(
    ("n_bins", "range_", "error", "message"),
    [
        (2.0, (0, 1), TypeError, "n_bins must be an integer, not 2.0"),
        (True, (0, 1), TypeError, "n_bins must be an integer, not True"),
        (0, (0, 1), ValueError, "n_bins must be at least 1, not 0"),
        (-3, (0, 1), ValueError, "n_bins must be at least 1, not -3"),
        (2, 1.0, TypeError, r"range must be a pair \(low, high\), not 1.0"),
        (2, (0, 1, 2), TypeError, r"range must be a pair \(low, high\), not \(0, 1, 2\)"),
        (2, ("low", "high"), TypeError, r"range must be a pair"),
        (2, (1, 0), ValueError, r"range must be finite with low < high, not \(1.0, 0.0\)"),
        (2, (1, 1), ValueError, r"low < high"),
        (2, (0, np.inf), ValueError, r"range must be finite"),
        (2, (np.nan, 1), ValueError, r"range must be finite"),
        (2, (1, 1 + 1e-9), ValueError, r"edges must increase \(as float32\)"),  # too narrow for float32
        (2, (-1e39, 1e39), ValueError, r"edges holds -1e\+39"),
        (2, (-1.7e308, 1.7e308), ValueError, r"edges holds .*: edges are finite float32"),  # linspace itself overflows
    ],
)
def test_impossible_uniform_bins_are_refused(n_bins, range_, error, message):
    with pytest.raises(error, match=message):
        UniformBins(n_bins, range=range_)


@pytest.mark.parametrize("make", [lambda how: Edges([0, 1], how), lambda how: UniformBins(1, (0, 1), how)])
def test_an_unknown_out_of_range_is_refused_with_the_known_ones(make):
    with pytest.raises(ValueError, match="out_of_range must be one of 'separate', 'clip', 'wrap', 'raise', not 'fold'"):
        make("fold")


def test_numpy_integers_count_bins():
    assert UniformBins(np.int16(3), range=(0, 1)).n_bins == 3  # type: ignore[arg-type]
