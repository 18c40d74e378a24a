"""Pairs of columns: the cells of every table, by every twin, as dictionaries count them."""

from collections import Counter

import numpy as np
import pytest

import fastmi
from fastmi.backends import Columns, numba_pairs

from .seam import module_of


def by_hand(x, y, k_x, k_y):
    """The occurrences of cells, of x and of y, of the rows where both count."""
    rows = [(a, b) for a, b in zip(x, y, strict=True) if a < k_x and b < k_y]
    for counted in (rows, [a for a, _ in rows], [b for _, b in rows]):
        yield sorted(Counter(Counter(counted).values()).items())


def columns_of(twin, rng, n, sizes, kept=None, dtype=np.uint8):
    sizes = np.array(sizes)
    codes = rng.integers(0, sizes[:, None], (len(sizes), n)).astype(dtype)
    kept = sizes if kept is None else np.array(kept)
    return codes, Columns(twin.put(codes), sizes, kept)


SHAPES = {  # n, sizes of x, of y; of all columns beside all others bits are counted
    "a sample": (1, [1, 2, 3], [1, 4]),
    "few rows": (63, [2, 3] * 6, [1, 2, 5] * 4),
    "a word": (64, [2, 3] * 6, [7, 2, 5] * 4),
    "a word and one": (65, [2, 3] * 6, [1, 2, 5] * 4),
    "many rows": (25_000, [3] * 9, [4] * 9),
    "histograms": (1001, [40, 60], [50]),
    "one pair": (999, [7], [9]),
    "wide": (300, [200, 30], [290]),
}


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_cells_are_what_dictionaries_count(twin, rng, shape, apart):
    n, *sizes = SHAPES[shape]
    dtype = np.uint8 if max(map(max, sizes)) < 200 else np.int32
    (x, xs), (y, ys) = (columns_of(twin, rng, n, of, dtype=dtype) for of in sizes)
    check(twin, x, y, xs, ys, apart)


@pytest.mark.parametrize("sizes", [[3, 4, 2] * 4, [40, 30]])
def test_rows_of_a_symbol_that_does_not_count_are_left_out(twin, rng, sizes):
    kept = [size - (c % 2 == 0) for c, size in enumerate(sizes)]
    (x, xs), (y, ys) = (columns_of(twin, rng, 500, sizes, kept) for _ in range(2))
    check(twin, x, y, xs, ys, apart=True)


def check(twin, x, y, xs, ys, apart):
    pairs = np.array([(i, j) for i in range(len(x)) for j in range(len(y))])
    counted = module_of(twin).tally_pairs(xs, ys, pairs, apart)
    assert counted.segment.tolist() == sorted(counted.segment.tolist())
    found = [[] for _ in range(3 * len(pairs))]
    for segment, times, symbols in zip(*map(np.ndarray.tolist, counted), strict=True):
        found[segment].append((times, symbols))
    for p, (i, j) in enumerate(pairs.tolist()):
        expected = by_hand(x[i].tolist(), y[j].tolist(), int(xs.kept[i]), int(ys.kept[j]))
        for kind, of_kind in enumerate(expected):
            assert found[p + kind * len(pairs)] == (of_kind if apart or kind == 0 else [])


def test_bits_and_histograms_are_both_tried(monkeypatch, rng):
    """Else the table above would test one of them twice."""
    tried = []
    for name in ("count_by_bits", "count_in_tables"):
        kernel = getattr(numba_pairs, name)
        monkeypatch.setattr(
            numba_pairs, name, lambda *given, of=kernel, name=name: tried.append(name) or of(*given)
        )
    for n, x, y in (SHAPES["many rows"], SHAPES["one pair"]):
        sizes = np.array(x), np.array(y)
        xs, ys = (
            Columns(rng.integers(0, of[:, None], (len(of), n)).astype(np.uint8), of, of)
            for of in sizes
        )
        pairs = np.array([(i, j) for i in range(len(x)) for j in range(len(y))])
        numba_pairs.tally_pairs(xs, ys, pairs, False)
    assert tried == ["count_by_bits", "count_in_tables"]


def test_threads_leave_no_trace(rng, monkeypatch):
    monkeypatch.setattr(numba_pairs, "PIECE_ROWS", 1)
    sizes = np.array([3, 5, 2, 9])
    columns = Columns(rng.integers(0, sizes[:, None], (4, 700)).astype(np.uint8), sizes, sizes)
    pairs = np.array([(i, j) for i in range(4) for j in range(4)])
    alone = numba_pairs.tally_pairs(columns, columns, pairs, True)
    with fastmi.use_threads(3):
        together = numba_pairs.tally_pairs(columns, columns, pairs, True)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_kernels_are_plain_python(rng, monkeypatch):
    """Under NUMBA_DISABLE_JIT a kernel is the function that it was made of."""
    sizes = np.array([3, 2, 5])
    columns = Columns(rng.integers(0, sizes[:, None], (3, 130)).astype(np.uint8), sizes, sizes - 1)
    pairs = np.array([(i, j) for i in range(3) for j in range(3)] * 3)
    compiled = numba_pairs.tally_pairs(columns, columns, pairs, True)
    for name in ("ones", "pack", "meet", "add_sizes", "complete", "count_in_turns", "write_few"):
        monkeypatch.setattr(numba_pairs, name, getattr(numba_pairs, f"_{name}"))
    for name in ("count_by_bits", "count_in_tables", "write_pairs"):
        monkeypatch.setattr(numba_pairs, name, getattr(numba_pairs, f"_{name}"))
    plain = numba_pairs.tally_pairs(columns, columns, pairs, True)
    for one, other in zip(compiled, plain, strict=True):
        np.testing.assert_array_equal(one, other)
