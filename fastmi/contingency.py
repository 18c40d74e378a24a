"""codes, labels (n,), or a table -> its cells that have samples: all that is said of a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi import backends
from fastmi.arrays import IntArray
from fastmi.backends import ANY_CODE, Occurrences
from fastmi.coding import identify_rows
from fastmi.counting import Tally
from fastmi.frames import is_masked
from fastmi.inputs import is_tensor, on_host, shown

__all__ = ["Contingency", "Kinds", "contingency", "read_counts", "read_table"]

MOST_SAMPLES = 2**53  # beyond, sums of counts are not exact as floats


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

    @cached_property
    def kinds(self) -> Kinds:
        """Counts the cells of each kind: all that is said of a table comes from these alone."""
        a, b = self.row_counts[self.rows], self.column_counts[self.columns]
        return Kinds.of_cells(self.counts, a, b, np.ones_like(self.counts))

    def __repr__(self) -> str:
        return f"Contingency of {self.n_samples} samples in {len(self.counts)} cells"


@dataclass(frozen=True, eq=False, repr=False)
class Kinds:
    """The cells of a table by their kind: so many have k samples, in a row of a, a column of b.

    Each (k, a, b) stands once, in ascending order: one form for one table, whatever the order of
    its rows and columns, and small however many these are. Different k, a and b add up to at most n
    samples each, so that there are about sqrt(2 n) of each at most.

    Attributes:
        k, a, b: the samples of a cell, its row and its column. cells: how many are of that kind;
            (kinds,) each.
    """

    k: IntArray
    a: IntArray
    b: IntArray
    cells: IntArray

    @classmethod
    def of_cells(cls, k: IntArray, a: IntArray, b: IntArray, cells: IntArray) -> Kinds:
        """Adds up the cells of equal kinds, (c,) each."""
        ids, n_kinds = identify_rows(np.stack([k, a, b], axis=1))
        ids = on_host(ids)
        place = np.empty(n_kinds, np.int64)
        place[ids] = np.arange(len(ids))
        k, a, b = k[place], a[place], b[place]
        order = np.lexsort((b, a, k))
        return cls(k[order], a[order], b[order], _summed(ids, cells)[order])

    @classmethod
    def joined(cls, parts: Sequence[Kinds]) -> Kinds:
        """Adds up the kinds of parts of a table, each of which holds whole rows."""
        columns = ([getattr(part, name) for part in parts] for name in ("k", "a", "b", "cells"))
        return cls.of_cells(*map(np.concatenate, columns))

    @property
    def kinds(self) -> Kinds:
        """Gives itself: what takes kinds takes a table as well."""
        return self

    @property
    def n_samples(self) -> int:
        """Counts the samples of all cells."""
        return int(self.k @ self.cells)

    @property
    def column_counts(self) -> IntArray:
        """Lists the samples of each column, ascending."""
        _, times, symbols = self.tallies[1].occurrences
        return np.repeat(times, symbols)

    @cached_property
    def tallies(self) -> tuple[Tally, Tally, Tally]:
        """Tallies the rows, the columns and the cells, a segment each."""
        rows, columns, cells = (self._tally(values) for values in (self.a, self.b, self.k))
        return rows, columns, cells

    def _tally(self, values: IntArray) -> Tally:
        """Tallies lines of so many samples, which their cells hold together."""
        times, which = np.unique(values, return_inverse=True)
        symbols = _summed(which, self.k * self.cells) // times
        return Tally(1, self.n_samples, Occurrences(np.zeros_like(times), times, symbols))

    def __repr__(self) -> str:
        return f"Kinds of {self.n_samples} samples in {int(self.cells.sum())} cells"


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


def read_counts(name: str, given: Any) -> IntArray:
    """Reads how often each symbol was seen, or the cells of a table, as integers of its shape.

    A mapping, as a Counter, is read by its values. Zeros are symbols that were not seen.

    Raises:
        TypeError: no numbers. ValueError: negative or not whole, masked, all 0, more than 2^53.
    """
    if isinstance(given, Mapping):
        given = list(given.values())
    if is_tensor(given):
        given = given.detach().cpu().numpy()
    if is_masked(given) and np.ma.is_masked(given):
        raise ValueError(f"{name} is masked in places: fill them ({name}.filled(0)), or drop them")
    try:
        values = np.asarray(given)
    except ValueError:
        raise ValueError(f"{name} is a ragged list: pass one count for each cell") from None
    if values.dtype == object and all(isinstance(one, int) for one in values.reshape(-1)):
        values = values.astype(np.float64)  # judged below, and exact up to 2^53
    if values.dtype.kind not in "biuf" or values.ndim == 0:
        raise TypeError(
            f"{name} is {shown(given)}: pass how often each symbol was seen, whole numbers of at "
            "least 0; labels themselves are the other arguments"
        )
    _judge_counts(name, values)
    return values.astype(np.int64)


def _judge_counts(name: str, values: npt.NDArray[Any]) -> None:
    if values.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            odd = values[~np.isfinite(values) | (values != np.floor(values))]
        if odd.size:
            raise ValueError(
                f"{name} holds {odd.flat[0]!s}: counts are whole numbers; shares of n samples are "
                "counts again as np.rint(shares * n)"
            )
    if values.size and values.min() < 0:
        raise ValueError(
            f"{name} holds {values.min()!s}: a symbol is seen 0 times at least; what is not known "
            "to be there is 0"
        )
    total = values.sum(dtype=np.float64)
    if total == 0:
        raise ValueError(
            f"{name} of shape {values.shape} adds up to 0: there is nothing to count (n = 0); pass "
            "one count above 0 at least"
        )
    if total > MOST_SAMPLES:
        raise ValueError(
            f"{name} adds up to {total:.3g} samples, and at most 2^53 are counted exactly: divide "
            "by what all of them have in common"
        )


def read_table(name: str, given: Any, n_axes: tuple[int, ...] = (2,)) -> Any:
    """Reads a table of counts: two axes as a Contingency, three as integers (k_x, k_y, k_z).

    Dense, in lists, a DataFrame (as of pandas.crosstab, without margins), or sparse of SciPy.

    Raises:
        TypeError, ValueError: as `read_counts`; another number of axes; a DataFrame with margins.
    """
    if hasattr(given, "tocoo") and getattr(given, "ndim", 0) == 2:
        cells = given.tocoo()
        return _of_occupied(read_counts(name, cells.data), cells.row, cells.col)
    table = read_counts(name, given)
    if table.ndim not in n_axes:
        axes = " or ".join(f"({'k_x, k_y, k_z'[: 5 * n - 2]})" for n in n_axes)
        raise ValueError(
            f"{name} has shape {table.shape}: pass a table {axes}, the counts of X in rows and of Y"
            " in columns; of one variable there is fastmi.entropy(counts=...)"
        )
    if table.ndim == 3:
        occupied = ((1, 2), (0, 2), (0, 1))
        return table[np.ix_(*(np.flatnonzero(table.any(others)) for others in occupied))]
    _refuse_margins(name, given, table)
    rows, columns = np.nonzero(table)
    return _of_occupied(table[rows, columns], rows, columns)


def _refuse_margins(name: str, given: Any, table: IntArray) -> None:
    """Refuses the table of pandas.crosstab(margins=True), whose sums would be symbols.

    They bear one name, in the row and in the column, and are the sums of all others: a class whose
    counts are so by chance, and by its name twice, there is not.
    """
    if min(table.shape) < 2 or not (hasattr(given, "index") and hasattr(given, "columns")):
        return
    last = [axis[-1] for axis in (given.index, given.columns)]
    row, column = (label[0] if isinstance(label, tuple) else label for label in last)
    sums = all(np.array_equal(one[-1], one[:-1].sum(0)) for one in (table, table.T))
    if row == column and sums:
        raise ValueError(
            f"{name} has margins, the row and the column {row!r}, which would count as symbols: "
            "make it without (margins=False), or leave them out (table.iloc[:-1, :-1])"
        )


def _of_occupied(counts: IntArray, rows: Any, columns: Any) -> Contingency:
    """Numbers the rows and columns that hold a sample: the others are no symbols of it."""
    held = counts > 0
    places = (np.unique(where[held], return_inverse=True)[1] for where in (rows, columns))
    return Contingency.of_cells(counts[held], *places)


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
