"""Many pairs of columns in torch's own calls: products of one-hot matrices are all tables at once.

A cell is the number of rows that hold both symbols: a product of two columns of zeros and ones,
exact in float32 while it is below 2^24. Where the tables of all columns beside all others would be
too large, each pair is counted by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from fastmi.backends import Columns, IntArray, Occurrences
from fastmi.backends.torch_twin import receive

__all__ = ["tally_pairs"]

PRODUCT_CELLS = 1 << 24  # of one product of one-hot matrices,
ONE_HOT_CELLS = 1 << 26  # and of these matrices: a quarter of a gigabyte
EXACT_ROWS = 1 << 20  # added up in float32, whose whole numbers reach 2^24
TABLE_CELLS = 1 << 24  # of pairs that are taken apart at a time


def tally_pairs(xs: Columns, ys: Columns, pairs: IntArray, apart: bool) -> Occurrences:
    """Counts pairs (p, 2) of a column of xs and one of ys, as the seam says."""
    cells = xs.kept[pairs[:, 0]] * ys.kept[pairs[:, 1]]
    before, first = np.concatenate([[0], np.cumsum(cells)]), 0
    kinds: list[list[IntArray]] = [[], [], []]
    while first < len(pairs):
        fit = int(np.searchsorted(before, before[first] + TABLE_CELLS, "right")) - 1
        last = max(first + 1, fit)
        for kind, rows in enumerate(_tally(xs, ys, pairs[first:last], apart)):
            rows[0] += kind * len(pairs) + first
            kinds[kind].append(rows)
        first = last
    return Occurrences(*np.concatenate([rows for kind in kinds for rows in kind], axis=1))


def _tally(xs: Columns, ys: Columns, pairs: IntArray, apart: bool) -> list[IntArray]:
    some = [np.unique(pairs[:, side], return_inverse=True) for side in (0, 1)]
    some_x, some_y = (
        Columns(receive(columns.codes)[torch.from_numpy(at)], columns.sizes[at], columns.kept[at])
        for columns, (at, _) in zip((xs, ys), some, strict=True)
    )
    local = np.stack([at for _, at in some], axis=1)
    size = int(some_x.sizes.sum()) * int(some_y.sizes.sum())
    count = _by_product if size <= PRODUCT_CELLS else _each
    tables = list(count(some_x, some_y, local))
    counts = [[table.flatten() for table in tables]]
    if apart:
        counts += [[table.sum(dim) for table in tables] for dim in (1, 0)]
    return [_occurrences(of_pairs) for of_pairs in counts]


def _by_product(xs: Columns, ys: Columns, pairs: IntArray) -> Iterator[Tensor]:
    """Yields the table of each pair, (kept_x, kept_y), out of one product."""
    n, device = xs.codes.shape[1], xs.codes.device
    ends = [np.cumsum(columns.sizes) for columns in (xs, ys)]
    starts = [end - columns.sizes for end, columns in zip(ends, (xs, ys), strict=True)]
    product = torch.zeros((int(ends[0][-1]), int(ends[1][-1])), dtype=torch.int64, device=device)
    step = max(1, min(EXACT_ROWS, ONE_HOT_CELLS // sum(product.shape)))
    for first in range(0, n, step):
        one_hot = [
            _one_hot(columns.codes[:, first : first + step], start, size)
            for columns, start, size in zip((xs, ys), starts, product.shape, strict=True)
        ]
        product += (one_hot[0].T @ one_hot[1]).to(torch.int64)
    for x, y in pairs.tolist():
        row, column = int(starts[0][x]), int(starts[1][y])
        yield product[row : row + int(xs.kept[x]), column : column + int(ys.kept[y])]


def _one_hot(codes: Tensor, starts: IntArray, size: int) -> Tensor:
    """Makes rows (m, size) of zeros, with a one for the symbol of each column."""
    places = codes.to(torch.int64) + torch.from_numpy(starts).to(codes.device)[:, None]
    out = torch.zeros((codes.shape[1], size), dtype=torch.float32, device=codes.device)
    return out.scatter_(1, places.T.contiguous(), 1.0)


def _each(xs: Columns, ys: Columns, pairs: IntArray) -> Iterator[Tensor]:
    for x, y in pairs.tolist():
        k_x, k_y = int(xs.sizes[x]), int(ys.sizes[y])
        joint = xs.codes[x].to(torch.int64) * k_y + ys.codes[y].to(torch.int64)
        table = torch.bincount(joint, minlength=k_x * k_y).reshape(k_x, k_y)
        yield table[: int(xs.kept[x]), : int(ys.kept[y])]


def _occurrences(counts: list[Tensor]) -> IntArray:
    """Counts equal counts of each pair: rows (segment, times, symbols)."""
    sizes = torch.tensor([len(of_pair) for of_pair in counts])
    flat = torch.cat(counts)
    segment = torch.repeat_interleave(torch.arange(len(counts)), sizes).to(flat.device)
    occur = flat > 0
    beyond = int(flat.max()) + 1 if len(flat) else 1
    keys, symbols = torch.unique(segment[occur] * beyond + flat[occur], return_counts=True)
    return np.stack([*np.divmod(keys.cpu().numpy(), beyond), symbols.cpu().numpy()])
