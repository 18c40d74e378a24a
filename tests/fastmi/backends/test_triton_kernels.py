"""The kernels by Triton's interpreter: equal to the Numba twin to the last integer."""

import importlib.util

import numpy as np
import pytest
import torch

from fastmi import Edges, UniformBins, coding
from fastmi.backends import ANY_CODE, numba_twin, triton_twin
from tests import standin

if importlib.util.find_spec("triton") is None:
    pytest.skip("Triton is not installed", allow_module_level=True)
if standin.missing():
    pytest.skip(standin.missing(), allow_module_level=True)

from tests.standin import interpreter


@pytest.fixture(autouse=True)
def _by_numpy():
    with interpreter.fast():
        yield


# --- encode ---------------------------------------------------------------------------------------

BINNINGS = {
    "published": Edges(np.linspace(-1, 1, 50), "wrap"),
    "30 bins": UniformBins(30, (-1, 1)),
    "clipped": Edges([-0.5, 0.5], "clip"),
    "one edge": Edges([0.25]),
    "two edges": Edges([-0.1, 0.1]),
    "uneven": Edges(np.sort(np.random.default_rng(3).normal(size=17))),
    "1001 edges": UniformBins(1000, (0, 1)),
    "far from 0": UniformBins(200, (1000, 1001)),
    "tiny": Edges(np.float32(1e-38) * np.arange(1, 9)),
    "huge": Edges(np.float32([-3e38, 0, 3e38])),
    "denormal": Edges(np.float32([-1e-40, 0, 1e-40, 1])),
    "almost even": Edges(np.linspace(0, 1, 30) + np.random.default_rng(5).uniform(0, 0.006, 30)),
}
WIDTHS = (1, 2, 3, 7, 10, 11, 33, 64, 65, 100)


def numbers_near(edges, shape, rng, nan=0):
    """Draws numbers about the edges: each of them, both neighbours, infinities, both zeros, NaN."""
    special = np.float32([np.inf, -np.inf, 0.0, -0.0, 3.4e38, -3.4e38, 1e-45, -1e-45])
    beside = [np.nextafter(edges, np.float32(way)) for way in (-np.inf, np.inf)]
    pool = np.concatenate([edges, *beside, special, [np.nan] * nan]).astype(np.float32)
    lowest, highest = float(edges[0]), float(edges[-1])
    margin = 0.2 * (highest - lowest) + 1e-3
    spread = rng.uniform(max(lowest - margin, -3e38), min(highest + margin, 3e38), shape)
    return np.where(rng.random(shape) < 0.4, rng.choice(pool, shape), spread).astype(np.float32)


def coded_by(twin, layers, cuts, weights):
    codes, census, outside = twin.encode_layers(layers, cuts, weights, by_row=True)
    assert [each.outside for each in census] == np.asarray(outside).sum(axis=1).tolist()
    return np.asarray(codes), census, np.asarray(outside)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", list(BINNINGS))
def test_codes_and_census_are_those_of_the_numba_twin(name, width, rng):
    cut = BINNINGS[name].cut
    rows = numbers_near(cut.edges, (int(rng.integers(1, 2200 // width + 2)), width), rng, nan=2)
    weights = [coding.scheme(width, cut.edges.size).weights]
    codes, census, outside = coded_by(triton_twin, [rows], [cut], weights)
    expected, expected_census, expected_outside = coded_by(numba_twin, [rows], [cut], weights)
    assert census == expected_census
    np.testing.assert_array_equal(outside, expected_outside)
    whole = ~np.isnan(rows).any(axis=1)
    np.testing.assert_array_equal(codes[0, whole], expected[0, whole])


@pytest.mark.parametrize("name", list(BINNINGS))
def test_every_edge_and_both_its_neighbours_have_their_symbol(name):
    cut = BINNINGS[name].cut
    ways = (np.float32(-np.inf), np.float32(np.inf))
    rows = np.concatenate([cut.edges, *(np.nextafter(cut.edges, way) for way in ways)])[:, None]
    as_they_are = cut._replace(ends=(0, cut.edges.size))
    codes, *_ = coded_by(triton_twin, [rows], [as_they_are], [np.ones(1, np.int64)])
    np.testing.assert_array_equal(codes[0], np.digitize(rows[:, 0], cut.edges))


def test_layers_of_several_cuts_are_coded_in_one_call(rng):
    cuts = [BINNINGS[name].cut for name in ("published", "uneven", "one edge")]
    shapes = [(40, 3), (40, 12), (40, 70)]
    layers = [numbers_near(cut.edges, each, rng) for cut, each in zip(cuts, shapes, strict=True)]
    weights = [
        coding.scheme(layer.shape[1], cut.edges.size).weights
        for layer, cut in zip(layers, cuts, strict=True)
    ]
    codes, census, _ = coded_by(triton_twin, layers, cuts, weights)
    expected, expected_census, _ = coded_by(numba_twin, layers, cuts, weights)
    np.testing.assert_array_equal(codes, expected)
    assert census == expected_census


# --- count ----------------------------------------------------------------------------------------

ROWS = (1, 2, 3, 63, 64, 65, 200, 1000, 4096)
EXTREMES = np.array([-(2**63), 2**63 - 1, 0, -1, 2**62, 2**63 - 2])


def codes_like(kind, shape, rng):
    """Draws codes (s, n) of a kind, and of how many bits they are."""
    if kind == "wide":
        return rng.integers(0, 2**60, shape), 60
    if kind == "narrow":
        return rng.integers(0, 2**10, shape), 10
    if kind == "few":
        return rng.integers(0, 7, shape), 3
    if kind == "alike":
        return np.full(shape, 2**20 - 1), 20
    if kind == "distinct":
        return rng.permuted(np.broadcast_to(np.arange(shape[1]), shape), axis=1), 13
    if kind == "hashed":
        drawn = rng.integers(-(2**63), 2**63 - 1, max(1, shape[1] // 3))
        return rng.choice(drawn, shape), ANY_CODE
    return rng.choice(EXTREMES, shape), ANY_CODE


KINDS = ("wide", "narrow", "few", "alike", "distinct", "hashed", "extreme")


def assert_counted_alike(codes, labels, n_labels, code_bits):
    found = triton_twin.tally(codes, labels, n_labels, code_bits)
    expected = numba_twin.tally(codes, labels, n_labels)
    for name, one, other in zip(expected._fields, found, expected, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)


@pytest.mark.parametrize("n", ROWS)
@pytest.mark.parametrize("kind", KINDS)
def test_counts_are_those_of_the_numba_twin(kind, n, rng):
    codes, code_bits = codes_like(kind, (1 if n > 200 else 3, n), rng)
    for n_labels in (1, 2, 10) if n <= 65 else (2,):
        labels = rng.integers(0, n_labels, (1, n))
        assert not triton_twin.against_counting(n, (n_labels,), code_bits)
        assert_counted_alike(codes, labels, (n_labels,), code_bits)


@pytest.mark.parametrize("n_labels", [1, 2, 3, 16, 17, 1000, 5000, 2**31 - 1])
@pytest.mark.parametrize("kind", ["few", "wide", "hashed"])
def test_many_labels_are_counted_as_well(kind, n_labels, rng):
    codes, code_bits = codes_like(kind, (2, 100), rng)
    assert_counted_alike(codes, rng.integers(0, n_labels, (1, 100)), (n_labels,), code_bits)


@pytest.mark.parametrize("kind", KINDS)
def test_several_rows_of_labels_are_counted_one_by_one(kind, rng):
    codes, code_bits = codes_like(kind, (3, 90), rng)
    n_labels = (2, 90, 10**6)
    labels = np.stack([rng.integers(0, size, 90) for size in n_labels])
    assert_counted_alike(codes, labels, n_labels, code_bits)


def test_codes_and_labels_may_lie_apart(rng):
    table = torch.from_numpy(rng.integers(0, 5, (60, 6)))
    found = triton_twin.tally(table.T[1:4], table.T[5:], (5,), 3)
    expected = numba_twin.tally(table.numpy().T[1:4].copy(), table.numpy().T[5:].copy(), (5,))
    assert [column.tolist() for column in found] == [column.tolist() for column in expected]
    wide = torch.from_numpy(rng.normal(size=(9, 30)).astype(np.float32))
    cut, weights = BINNINGS["published"].cut, [coding.scheme(9, 50).weights]
    codes, *_ = triton_twin.encode_layers([wide.T], [cut], weights)
    expected_codes, *_ = numba_twin.encode_layers([wide.numpy().T], [cut], weights)
    np.testing.assert_array_equal(codes.numpy(), expected_codes)


def test_keys_of_exactly_as_many_bits_as_fit(rng):
    for code_bits in (28, 29, 30, 31, 60, 61, 62, 63):
        codes = rng.choice([0, 1, 2**code_bits - 1, 2**code_bits - 2], (2, 70))
        assert_counted_alike(codes, rng.integers(0, 2, (1, 70)), (2,), code_bits)
