"""The Numba twin: which search a line takes, tiles that leave no trace, CPU memory alone."""

from collections import Counter

import numpy as np
import pytest
import torch

import fastmi
from fastmi import Edges, UniformBins, backends, coding
from fastmi.backends import Cut, numba_kernels, numba_twin
from fastmi.backends.numba_kernels import digitise_any, digitise_uniform
from tests.fastmi.backends.seam import EDGES, ENDS, WEIGHTS, module_of
from tests.fastmi.edge_sets import edge_sets

# --- dispatch -------------------------------------------------------------------------------------


def test_the_numba_twin_refuses_what_it_cannot_reach():
    with (
        fastmi.use_backend("numba"),
        pytest.raises(ValueError, match=r"an array is a CUDA tensor: .* pass tensor.cpu\(\)"),
    ):
        backends.twin_for(torch.zeros(1))


@pytest.mark.gpu
def test_the_numba_twin_refuses_cuda_tensors(cuda):
    message = r"use_backend\('numba'\) is in force.*leave the context, or pass tensor.cpu\(\)"
    with fastmi.use_backend("numba"), pytest.raises(ValueError, match=message):
        fastmi.encode(torch.zeros(3, 2, device=cuda), fastmi.Edges([0, 1]))
    with fastmi.use_backend("numba"), pytest.raises(ValueError, match=message):
        fastmi.entropy(torch.zeros(3, device=cuda))


@pytest.mark.parametrize(
    "laid_out",
    [
        lambda labels: np.broadcast_to(labels, labels.shape),  # read-only, as pandas gives columns
        lambda labels: np.repeat(labels, 2)[::2],
        lambda labels: np.stack([labels, labels], axis=1)[:, 1],
        lambda labels: np.asfortranarray(np.stack([labels, labels], axis=1)),
    ],
    ids=["read-only", "every other", "a column", "by column"],
)
@pytest.mark.parametrize("lowest", [0, -1, -(2**62)])
def test_no_kernel_is_compiled_for_a_layout_of_labels(laid_out, lowest):
    kernels = [one for one in vars(numba_kernels).values() if hasattr(one, "signatures")]
    plain = np.random.default_rng(5).integers(3, size=400) * (1 if lowest > -2 else 2**61) + lowest
    labels = laid_out(plain)
    rows = labels.copy(order="C")
    expected = fastmi.mutual_information(rows, plain), fastmi.entropy(rows)
    compiled = {kernel: list(kernel.signatures) for kernel in kernels}
    assert compiled[numba_kernels.extent]
    assert (fastmi.mutual_information(labels, plain), fastmi.entropy(labels)) == expected
    assert {kernel: list(kernel.signatures) for kernel in kernels} == compiled


@pytest.mark.parametrize("binning", [UniformBins(30, (-1, 1)), Edges([-1, 0.1, 0.5, 0.7, 1])])
def test_no_kernel_is_compiled_for_activations_that_are_read_only(binning):
    kernels = [
        numba_kernels.encode_rows,
        numba_kernels.count_units,
        numba_kernels.digitise_uniform,
    ]
    t = np.random.default_rng(6).uniform(-1, 1, (60, 4)).astype(np.float32)
    fixed, y = t.view(), np.arange(60) % 2
    fixed.flags.writeable = False
    codes, units = fastmi.encode(t, binning), fastmi.unit_information(t, y, binning)
    compiled = [list(kernel.signatures) for kernel in kernels]
    assert all(compiled)
    assert fastmi.encode(fixed, binning).tolist() == codes.tolist()
    again = fastmi.unit_information(fixed, y, binning)
    assert again.i_ty.tolist() == units.i_ty.tolist()
    assert [list(kernel.signatures) for kernel in kernels] == compiled


# --- the contract ---------------------------------------------------------------------------------


@pytest.mark.parametrize("edges", [EDGES, np.array([-1, 0.5, 1], np.float32)])
def test_the_census_adds_up_over_the_tiles_of_the_numba_twin(twin, edges):
    layer = np.zeros((5 * numba_twin.TILE_SYMBOLS, 2), np.float32)
    layer[[0, 1, numba_twin.TILE_SYMBOLS, -1], 0] = [np.nan, 7, -7, np.nan]
    _, [census], _ = module_of(twin).encode_layers([twin.put(layer)], [Cut(edges, ENDS)], [WEIGHTS])
    assert census == (2, 4)  # a NaN lies outside too


# --- the symbol of a value ------------------------------------------------------------------------


SINGLE, DOUBLE, SEARCH = np.float32, np.float64, None


def how(cut):
    line = numba_twin._search(cut.edges.tobytes(), cut.line).line
    return None if line is None else line.dtype.type


def test_the_ten_million_values_take_every_search_of_the_numba_twin():
    taken = Counter(how(Edges(edges)) for edges in edge_sets())
    assert taken[SINGLE] > 50
    assert taken[DOUBLE] > 2
    assert taken[SEARCH] > 50


@pytest.mark.parametrize("n_edges", [3, 4, 5, 8, 127, 128, 129, 255, 256, 257])
@pytest.mark.parametrize("ends", [None, (-3, 7)])
def test_uneven_edges_are_np_digitize_however_many_there_are(rng, n_edges, ends):
    """Few are all compared, many are searched; the padding and NaN count for nothing."""
    edges = np.unique(rng.normal(size=2 * n_edges).astype(np.float32))[:n_edges]
    line, padded, _ = numba_twin._search(edges.tobytes())
    assert line is None
    beside = [np.nextafter(edges, np.float32(side)) for side in (-np.inf, np.inf)]
    special = [0.0, -0.0, np.inf, -np.inf, np.nan]
    given = np.concatenate([edges, *beside, rng.normal(size=501), special]).astype(np.float32)
    low, high = (np.int32(end) for end in ends or (0, n_edges))
    expected = np.digitize(given, edges)
    expected[-1] = 0  # NaN
    symbols = np.empty(given.size, np.int32)
    outside = digitise_any(given, padded, np.int32(n_edges), (low, high), symbols)
    assert outside == np.count_nonzero((expected == 0) | (expected == n_edges))
    expected = np.where(expected == 0, low, np.where(expected == n_edges, high, expected))
    np.testing.assert_array_equal(symbols, expected)


@pytest.mark.parametrize("n_bins", [49, 50, 30, 100, 255])
@pytest.mark.parametrize("ends", [(-1, 1), (0, 1), (0.1, 0.9), (-3, 5)])
def test_the_usual_bins_take_the_search_in_single_precision(n_bins, ends):
    """Where 0 is an edge as well: float32 is finest there, and an edge that misses it by 1e-17 is
    another edge.
    """
    assert how(UniformBins(n_bins, ends)) == SINGLE


def test_the_lines_of_either_precision_are_np_digitize(rng, monkeypatch):
    """Each alone, wherever it was proved, on values near the edges."""
    for n_bins, low in zip(rng.integers(2, 400, 100), rng.normal(0, 3, 100), strict=True):
        cut = UniformBins(int(n_bins), (low, low + rng.uniform(0.1, 9)))
        low, step = map(np.float64, cut.line)
        near = (
            (cut.edges[:, None] + rng.normal(0, 1e-6, (n_bins + 1, 20)) * np.abs(cut.edges).max())
            .astype(np.float32)
            .ravel()
        )
        for line in (
            numba_twin._single(cut.edges, low, step),
            numba_twin._double(cut.edges, low, step),
        ):
            if numba_twin._proved(line, cut.edges):
                symbols, n_edges = np.empty(near.size, np.int32), np.int32(cut.n_edges)
                digitise_uniform(near, line, n_edges, (np.int32(0), n_edges), symbols)
                np.testing.assert_array_equal(symbols, np.digitize(near, cut.edges))


def test_every_evenly_spaced_binning_takes_the_fast_search(rng):
    """Also where the ends are no float32 numbers: the line is taken from the edges before they were
    rounded.
    """
    for low, width, n_bins in zip(
        rng.normal(0, 9, 200), rng.uniform(0.1, 50, 200), rng.integers(2, 300, 200), strict=True
    ):
        cut = UniformBins(int(n_bins), (low, low + width))
        assert how(cut) != SEARCH


def test_a_line_that_is_not_that_of_the_edges_is_not_believed(rng):
    t = rng.normal(0, 2, (1000, 3)).astype(np.float32)
    cut = UniformBins(30, (-1, 1)).cut._replace(line=(-1.0, 0.07))
    weights = coding.scheme(3, 31).weights
    codes, *_ = numba_twin.encode_layers([t], [cut], [weights])
    assert codes[0].tolist() == (np.digitize(t, cut.edges) @ weights).tolist()


# --- the code of a row ----------------------------------------------------------------------------


def test_codes_do_not_depend_on_where_the_tiles_of_the_numba_twin_end(twin, rng):
    for n in (1, 681, 682, 683, 1366, 5000):  # 2048 symbols a tile are 682 rows of 3
        rows = rng.uniform(-1, 1, (n, 3)).astype(np.float32)
        edges = np.linspace(-1, 1, 9)
        expected = (np.digitize(rows, edges.astype(np.float32)) << np.array([0, 4, 8])).sum(1)
        np.testing.assert_array_equal(fastmi.encode(twin.put(rows), Edges(edges)), expected)
