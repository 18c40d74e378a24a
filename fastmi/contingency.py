"""codes, labels (n,) -> the cells of their table that have samples: all that is said of a pair."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi import backends
from fastmi.arrays import IntArray
from fastmi.backends import ANY_CODE
from fastmi.coding import identify_rows
from fastmi.counting import Tally
from fastmi.inputs import on_host

__all__ = ["Contingency", "contingency"]


@dataclass(frozen=True, eq=False, repr=False)
class Contingency:
    """The cells of a table of two variables that are not empty, (c,) each, and each once.

    Attributes:
        counts: the samples of each cell. rows, columns: where it stands, from 0 on.
    """

    counts: IntArray
    rows: IntArray
    columns: IntArray

    @classmethod
    def of_cells(
        cls, counts: npt.ArrayLike, rows: npt.ArrayLike, columns: npt.ArrayLike
    ) -> Contingency:
        """Reads cells, (c,) each: parts of one are added up, those without samples left out.

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
        sums, row, column = (array[occupied] for array in arrays.values())
        if sums.size == 0:
            raise ValueError("counts add up to 0: there is nothing to estimate")
        n_columns = int(column.max()) + 1
        place, part = np.unique(row * n_columns + column, return_inverse=True)
        return cls(_summed(part, sums), *np.divmod(place, n_columns))

    @property
    def n_samples(self) -> int:
        """Counts the samples of all cells."""
        return int(self.counts.sum())

    @cached_property
    def row_counts(self) -> IntArray:
        """Counts the samples of each row, 0 of one that does not occur."""
        return _summed(self.rows, self.counts)

    @cached_property
    def column_counts(self) -> IntArray:
        """Counts the samples of each column, 0 of one that does not occur."""
        return _summed(self.columns, self.counts)

    @cached_property
    def tallies(self) -> tuple[Tally, Tally, Tally]:
        """Tallies the rows, the columns and the cells, a segment each."""
        counts = self.row_counts, self.column_counts, self.counts
        rows, columns, cells = (Tally.of_counts(of_symbols) for of_symbols in counts)
        return rows, columns, cells

    def __repr__(self) -> str:
        return f"Contingency of {self.n_samples} samples in {len(self.counts)} cells"


def contingency(
    codes: Any, labels: Any, n_labels: int, code_bits: int = ANY_CODE, counts: Any = None
) -> Contingency:
    """Counts the pairs of codes (n,), any integers, and labels (n,) in 0..n_labels - 1.

    `counts`: how often each pair is there, once unless said otherwise.
    """
    twin = backends.twin_for(codes)
    cells = twin.distinct(codes, labels, n_labels, code_bits, counts=counts)
    rows, columns = (on_host(identify_rows(symbols)[0]) for symbols in cells[:2])
    return Contingency(cells[2], rows, columns)


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


def _summed(places: IntArray, counts: IntArray) -> IntArray:
    # exact: sums stay below 2^53
    return np.bincount(places, weights=counts).astype(np.int64)
