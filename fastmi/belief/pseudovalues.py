"""counts of the pairs (T,Y) -> the jackknifed I(T;Y) and its standard error."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fastmi.arrays import FloatArray, IntArray
from fastmi.entropies import settle

__all__ = ["Cells", "cells", "jackknife"]


class Cells(NamedTuple):
    """The cells of a table that have samples, each once.

    Attributes:
        counts: (c,) the samples of each. rows, columns: (c,) where it lies. row_counts,
            column_counts: the samples of each row and column; 0 for numbers that do not occur.
    """

    counts: IntArray
    rows: IntArray
    columns: IntArray
    row_counts: IntArray
    column_counts: IntArray

    @property
    def n_samples(self) -> int:
        """Counts the samples of all cells."""
        return int(self.counts.sum())


def cells(counts: npt.ArrayLike, rows: npt.ArrayLike, columns: npt.ArrayLike) -> Cells:
    """Reads a table, (c,) each: parts of one cell are added up, those without samples left out.

    Raises:
        TypeError: no integers.
        ValueError: other shapes, negative numbers, no samples.
    """
    given = {"counts": counts, "rows": rows, "columns": columns}
    arrays = {name: _integers(name, array) for name, array in given.items()}
    if len({array.shape for array in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"shapes differ: {shapes}; a cell has a count, a row and a column")
    occupied = arrays["counts"] > 0
    k, row, column = (array[occupied] for array in arrays.values())
    if k.size == 0:
        raise ValueError("counts add up to 0: there is nothing to estimate")
    place = row * (int(column.max()) + 1) + column
    if not (np.diff(place) > 0).all():  # not in order: a cell may come in parts
        place, part = np.unique(place, return_inverse=True)
        row, column = np.divmod(place, int(column.max()) + 1)
        k = _added(part, k)
    return Cells(k, row, column, _added(row, k), _added(column, k))


def jackknife(table: Cells) -> tuple[float, float]:
    """Computes the jackknifed I(T;Y) and its standard error in bits, (value, se).

    A sample of row i and column j has the pseudo-value n I - (n - 1) I_(without it) =
    d(n) + d(k_ij) - d(a_i) - d(b_j), d(x) = x log2 x - (x - 1) log2(x - 1): k_ij samples in the
    cell, a_i in the row, b_j in the column. value is their mean over samples, se^2 = sum_ij k_ij
    (their deviation)^2 / (n (n - 1)): sums over cells, in ascending order, so that no order of
    samples or labels leaves a trace. se of one sample is NaN.

    Args:
        table: of `cells`.

    Source:
        Miller 1974, The jackknife: a review, Biometrika 61.
    """
    n, k = table.n_samples, table.counts
    alone = _last(table.row_counts)[table.rows] + _last(table.column_counts)[table.columns]
    pseudo = _last(np.array(n)) + _last(k) - alone
    value = float(np.sort(k * pseudo).sum()) / n
    if n == 1:
        return float(settle(np.array(value))), math.nan
    squares = float(np.sort(k * (pseudo - value) ** 2).sum())
    se = math.sqrt(squares / n / (n - 1))
    return float(settle(np.array(value))), float(settle(np.array(se)))


def _last(counts: IntArray) -> FloatArray:
    """Computes d(x), what the last of x samples adds to x log2 x, without a difference of both."""
    x = np.maximum(counts, 2)
    return np.where(counts > 1, np.log2(x) - (x - 1) * (np.log1p(-1 / x) / math.log(2)), 0.0)


def _added(place: IntArray, counts: IntArray) -> IntArray:
    """Adds counts up by place; sums below 2^53 are exact."""
    return np.bincount(place, weights=counts).astype(np.int64)


def _integers(name: str, array: npt.ArrayLike) -> IntArray:
    values = np.asarray(array)
    if values.dtype.kind not in "iu" and values.size:
        raise TypeError(f"{name} has dtype {values.dtype}: pass integers, one for each cell")
    values = values.astype(np.int64, copy=False)
    if values.ndim != 1 or values.min(initial=0) < 0:
        raise ValueError(
            f"{name} has shape {values.shape} and its smallest is {values.min(initial=0)}: pass one"
            " for each cell, (c,), of at least 0"
        )
    return values
