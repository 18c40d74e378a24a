"""The records that cut the line."""

import copy
import dataclasses
import pickle
from dataclasses import replace

import numpy as np
import pytest

import fastmi
from fastmi import Edges, UniformBins
from fastmi.binning import Binning


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
    ("n_bins", "low", "high"),
    [(1, 0, 1), (49, -1, 1), (7, -3.5, 1e3), (3, 1e-40, 3e-40), (2, -3e38, 3e38)],
)
def test_uniform_bins_are_the_edges_of_linspace(n_bins, low, high):
    binning = UniformBins(n_bins, range=(low, high))
    assert binning.n_edges == n_bins + 1
    np.testing.assert_array_equal(
        binning.edges, np.linspace(low, high, n_bins + 1).astype(np.float32)
    )


def test_fifty_edges_are_forty_nine_bins():
    assert str(Edges(np.linspace(-1, 1, 50))).startswith("49 bins on [-1, 1)")
    assert Edges(np.linspace(-1, 1, 50)).n_edges == 50


@pytest.mark.parametrize(
    ("out_of_range", "ends"),
    [("separate", (0, 3)), ("clip", (1, 2)), ("wrap", (3, 3)), ("raise", (0, 3))],
)
def test_ends_are_the_symbols_of_what_falls_outside(out_of_range, ends):
    assert Edges([0, 1, 2], out_of_range=out_of_range).ends == ends
    assert UniformBins(2, range=(0, 2), out_of_range=out_of_range).ends == ends


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
        (
            2,
            (1, 1 + 1e-9),
            ValueError,
            r"n_bins is 2 on range .*: float32 does not tell their edges apart",
        ),
        (
            2,
            (-1e39, 1e39),
            ValueError,
            r"range must be finite with low < high, not \(-1e\+39, 1e\+39\), and finite as float32",
        ),
        (2, (-1.7e308, 1.7e308), ValueError, r"range must be finite .* and finite as float32"),
    ],
)
def test_impossible_uniform_bins_are_refused(n_bins, range_, error, message):
    with pytest.raises(error, match=message):
        UniformBins(n_bins, range=range_)


@pytest.mark.parametrize(
    "make", [lambda how: Edges([0, 1], how), lambda how: UniformBins(1, (0, 1), how)]
)
def test_an_unknown_out_of_range_is_refused_with_the_known_ones(make):
    with pytest.raises(
        ValueError,
        match="out_of_range must be one of 'separate', 'clip', 'wrap', 'raise', not 'fold'",
    ):
        make("fold")


def test_numpy_integers_count_bins():
    assert UniformBins(np.int16(3), range=(0, 1)).n_bins == 3  # type: ignore[arg-type]


# --- frozen for good ------------------------------------------------------------------------------

FROZEN = [
    Edges([-1, 0, 1]),
    Edges([0.5]),
    UniformBins(3, range=(-1, 1)),
    Edges(np.linspace(-1, 1, 50), "wrap"),
]
ROADS = {
    "as made": lambda binning: binning,
    "pickle": lambda binning: pickle.loads(pickle.dumps(binning)),
    "an old pickle": lambda binning: pickle.loads(pickle.dumps(binning, 2)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "replace": lambda binning: (
        replace(binning) if isinstance(binning, UniformBins) else copy.copy(binning)
    ),
}


@pytest.mark.parametrize("binning", FROZEN, ids=str)
@pytest.mark.parametrize("road", ROADS)
def test_no_road_leads_to_edges_that_can_be_written_to(binning, road):
    other = ROADS[road](binning)
    with pytest.raises(ValueError, match="read-only"):
        other.edges[0] = 9
    with pytest.raises(ValueError, match="cannot set WRITEABLE"):
        other.edges.flags.writeable = True
    assert (other, hash(other), other.line, str(other)) == (
        binning,
        hash(binning),
        binning.line,
        str(binning),
    )
    t = np.float32([[-2], [-1], [0.5], [1], [2]])
    np.testing.assert_array_equal(fastmi.encode(t, other), fastmi.encode(t, binning))


@pytest.mark.parametrize(
    ("range_", "error"),
    [
        ("01", TypeError),
        (b"01", TypeError),
        ({5, 1}, TypeError),
        ({1: 0, 5: 0}, TypeError),
        (frozenset({0, 1}), TypeError),
    ],
)
def test_a_range_is_an_ordered_pair_of_numbers(range_, error):
    with pytest.raises(error, match=r"range must be a pair \(low, high\), not"):
        UniformBins(3, range=range_)


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


class LookAlike:
    edges, ends, out_of_range = [0, 1], (0, 2), "separate"


@pytest.mark.parametrize("binning", [LookAlike(), Binning(), "tanh", 30, None, Edges])
def test_what_only_looks_like_a_binning_is_none(binning):
    for call in (lambda: fastmi.encode(np.zeros((2, 1)), binning), lambda: fastmi.Stream(binning)):
        with pytest.raises(TypeError, match=r"binning is .*pass fastmi\.Edges\(\.\.\.\)"):
            call()


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
