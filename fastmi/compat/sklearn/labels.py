"""two plain labelings -> counts of pairs; None where scikit-learn itself must judge."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastmi.arrays import IntArray
from fastmi.coding import identify_rows, number_rows
from fastmi.compat.sklearn.originals import original
from fastmi.inputs import on_host

__all__ = [
    "Counts",
    "Numbered",
    "compact",
    "compressed",
    "count_numbers",
    "count_table",
    "in_order",
    "listed",
    "number",
    "pair_of",
    "plain_labels",
    "tabulate",
    "whole",
    "widest",
    "without_empty",
]

STRINGS = {str, np.str_}
# of a string; arrays of longer ones are mostly padding
LONGEST_BYTES = 4 * 64


class Numbered(NamedTuple):
    """A number for each label: codes (n,) in 0..size - 1, equal where the labels are.

    `dense`: each occurs; `ordered`: as the labels are.
    """

    codes: IntArray
    size: int
    dense: bool
    ordered: bool


class Counts(NamedTuple):
    """The counts of A's classes and of B's, zeros perhaps among them, and of their cells.

    Cells are those that are not empty, with the row and the column in which each lies.
    """

    a: IntArray
    b: IntArray
    cells: IntArray
    row: IntArray
    column: IntArray


def listed(labels: Any) -> bool:
    """Judges whether scikit-learn takes the container without a word and NumPy reads it.

    That is no scalar, mask, sparse matrix or tensor.
    """
    if isinstance(labels, np.ma.MaskedArray):
        return False
    return isinstance(labels, list | tuple | np.ndarray) or hasattr(labels, "to_numpy")


def pair_of(labels_true: Any, labels_pred: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]] | None:
    """Reads both as 1-D arrays of integers, bools or strings, of one length above 0.

    None: scikit-learn must judge them.
    """
    a, b = plain_labels(labels_true), plain_labels(labels_pred)
    return None if a is None or b is None or len(a) != len(b) else (a, b)


def plain_labels(labels: Any) -> npt.NDArray[Any] | None:
    """Reads labels as a 1-D array of integers, bools or strings; None: scikit-learn must judge."""
    if not listed(labels):
        return None
    if (
        isinstance(labels, list | tuple)
        and labels
        and isinstance(labels[0], str)
        and set(map(type, labels)) <= STRINGS
    ):
        # what NumPy reads, at no cost of the longest for each
        return np.array([name.rstrip("\0") for name in labels], object)
    try:
        labels = np.asarray(labels)
    except ValueError:  # a ragged list
        return None
    if labels.ndim != 1 or not labels.size:
        return None
    if labels.dtype.kind == "U":
        return labels if labels.dtype.itemsize <= LONGEST_BYTES else labels.astype(object)
    if labels.dtype.kind == "O":
        return labels if set(map(type, labels.tolist())) == {str} else None
    return (
        whole(labels)
        if labels.dtype.kind == "f"
        else labels
        if labels.dtype.kind in "biu"
        else None
    )


def whole(values: npt.NDArray[Any]) -> IntArray | None:
    """Makes whole floats the integers they are; None where some are not whole."""
    if not (float(values.min()) >= -(2.0**63) and float(values.max()) < 2.0**63):  # NaN neither
        return None
    integers = values.astype(np.int64)
    return integers if bool((integers == values).all()) else None


def number(labels: npt.NDArray[Any]) -> Numbered:
    """Numbers integers of a small range by their distance from the lowest.

    Others, and strings, go through the engine's table.
    """
    if labels.dtype.kind == "O":
        return _names(labels.tolist())
    if labels.dtype.kind == "U":
        return _identified(labels)
    codes, size = number_rows(labels.view(np.uint8) if labels.dtype.kind == "b" else labels)
    return (
        Numbered(on_host(codes), size, dense=False, ordered=True)
        if size <= widest(labels.size)
        else _identified(labels)
    )


def _identified(labels: npt.NDArray[Any]) -> Numbered:
    """Numbers labels through the engine's table."""
    ids, size = identify_rows(labels)
    return Numbered(on_host(ids), size, dense=True, ordered=False)


def widest(n: int) -> int:
    """Limits a table of counts to what is worth a pass, in cells.

    Beyond, only the symbols that occur are numbered.
    """
    return 4 * n + 4096


def _names(labels: list[str]) -> Numbered:
    """Numbers strings in the order in which they come."""
    number = {name: i for i, name in enumerate(dict.fromkeys(labels))}
    codes = np.fromiter(map(number.__getitem__, labels), np.int64, len(labels))
    return Numbered(codes, len(number), dense=True, ordered=False)


def compact(a: Numbered) -> Numbered:
    """Drops the numbers that never occur."""
    if a.dense:
        return a
    occurs = np.bincount(a.codes, minlength=a.size) > 0
    renumbered = np.cumsum(occurs) - 1
    return Numbered(renumbered[a.codes], int(renumbered[-1]) + 1, dense=True, ordered=a.ordered)


def in_order(a: Numbered, labels: npt.NDArray[Any]) -> Numbered:
    """Numbers densely, and as the labels sort."""
    a = compact(a)
    if a.ordered:
        return a
    sample, rank = np.empty(a.size, np.int64), np.empty(a.size, np.int64)
    sample[a.codes] = np.arange(a.codes.size)  # one with each number
    rank[np.argsort(labels[sample])] = np.arange(a.size)
    return a._replace(codes=rank[a.codes], ordered=True)


def tabulate(a: Numbered, b: Numbered) -> IntArray:
    """Counts every pair of numbers, (a.size, b.size)."""
    joint = a.codes * b.size
    joint += b.codes
    return np.bincount(joint, minlength=a.size * b.size).reshape(a.size, b.size)


def without_empty(table: IntArray) -> IntArray:
    """Drops the rows and columns that hold no sample."""
    rows, columns = table.any(axis=1), table.any(axis=0)
    return table if rows.all() and columns.all() else table[rows][:, columns]


def count_numbers(a: Numbered, b: Numbered) -> Counts:
    """Counts two labelings and their cells, in a table while that is small."""
    room = widest(a.codes.size)
    if a.size * b.size > room:
        a, b = compact(a), compact(b)
    if a.size * b.size <= room:
        table = tabulate(a, b)
        cells = np.flatnonzero(table)
        return Counts(
            table.sum(axis=1),
            table.sum(axis=0),
            table.reshape(-1)[cells],
            *np.divmod(cells, b.size),
        )
    joint = a.codes * b.size + b.codes
    pairs = _identified(joint)
    cells = np.empty(pairs.size, np.int64)
    cells[pairs.codes] = joint  # one with each number
    times_a, times_b, times = (np.bincount(x.codes, minlength=x.size) for x in (a, b, pairs))
    return Counts(times_a, times_b, times, *np.divmod(cells, b.size))


def compressed(
    cells: IntArray, counts: npt.NDArray[Any], shape: tuple[int, ...]
) -> tuple[Any, tuple[int, ...]]:
    """Lays cells that are not empty, numbered row by row, out for SciPy's CSR matrix."""
    rows, columns = np.divmod(cells, shape[1])
    return (
        counts,
        columns,
        np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))]),
    ), shape


def count_table(contingency: Any) -> Counts | None:
    """Reads the counts of a table.

    None where it is none, or holds no distribution: scikit-learn answers that.
    """
    from scipy.sparse import find

    try:
        accepted = {"accept_sparse": ["csr", "csc", "coo"], "dtype": [int, np.int32, np.int64]}
        table = original("utils", "check_array")(contingency, **accepted)
    except ValueError:
        return None
    row, column, cells = (np.asarray(array, np.int64) for array in find(table))
    if not cells.size or cells.min() < 0:
        return None
    # beyond, products of counts pass 2^63
    exact = np.int64 if cells.sum(dtype=np.float64) < 2**31 else object
    cells = cells.astype(exact)
    a, b = (np.zeros(length, exact) for length in table.shape)
    np.add.at(a, row, cells)
    np.add.at(b, column, cells)
    return Counts(a, b, cells, row, column)
