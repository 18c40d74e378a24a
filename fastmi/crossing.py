"""tables (n, d) -> columns of small numbers -> the occurrences of many of their pairs at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from fastmi import backends, checks
from fastmi.arrays import FloatArray, IntArray
from fastmi.backends import Columns, Occurrences
from fastmi.coding import identify_rows
from fastmi.counting import most_cells, tally
from fastmi.entropies.plugin import plugin_of
from fastmi.inputs import is_tensor
from fastmi.labels import MISSING, Labels, as_columns, read

__all__ = [
    "Entropies",
    "Table",
    "alone_of",
    "bare",
    "entropies_of",
    "joined_table",
    "same_samples",
    "samples_of",
    "table_of",
    "tallies",
    "tally_pairs",
    "without",
]

MOST_BYTE = 255
TURNED_NUMBERS = 2**16  # laid in columns at a time, in the cache
FEW_SYMBOLS = 16  # whose numbers are taken as they are: to look for gaps costs as much as counting
SHOWN = 2**12  # samples in which all symbols may show
LEAST_CELLS = 2**12  # of a pair's table, however few samples: to hash one pair takes longer


class Table(NamedTuple):
    """Columns that are ready to be counted beside others, and their names.

    Where some samples lack a value and are to be left out, lacking is a symbol that does not count.
    """

    names: tuple[Any, ...]
    columns: Columns

    @property
    def n_samples(self) -> int:
        """Counts the samples, whether they lack a value or not."""
        return int(self.columns.codes.shape[1])

    @property
    def lacks(self) -> Any:
        """Tells which columns have samples that are left out, (d,)."""
        return self.columns.kept < self.columns.sizes

    @property
    def n_columns(self) -> int:
        """Counts the columns."""
        return len(self.names)

    def __repr__(self) -> str:
        return f"Table of {len(self.names)} columns, {self.n_samples} samples"


def table_of(name: str, given: Any, missing: str = "raise") -> Table:
    """Numbers the symbols of each column of a table (n, d), or of a single column (n,).

    Args:
        name: what messages call it. given: as `fastmi.labels.as_columns` takes it.
        missing: "raise" refuses missing values; "symbol" makes them one label of their column;
            "drop" leaves out their samples wherever that column is counted.

    Raises:
        TypeError, ValueError: as `as_columns`; missing values, under "raise"; another `missing`.
    """
    checks.one_of("missing", missing, MISSING)
    columns = _narrow(given) or as_columns(name, given)
    checks.same_length(**{f"{name}[{key!r}]": each.array for key, each in columns.items()})
    return _numbered(name, columns, missing)


def _narrow(given: Any) -> dict[Any, Labels] | None:
    """Takes an array of integers in a range of bytes apart, as bytes: nothing can be missing.

    One pass in the order of the rows, and columns of an eighth of what they were.
    """
    if type(given) is not np.ndarray or given.ndim != 2 or given.dtype.kind not in "iu":
        return None
    n, d = given.shape
    if not given.size:
        return None
    low, high = int(given[0, 0]), int(given[0, 0])
    narrow, step = np.empty((d, n), np.uint8), max(1, TURNED_NUMBERS // d)
    for first in range(0, n, step):
        some = given[first : first + step]
        low, high = min(low, int(some.min())), max(high, int(some.max()))
        if high - low > MOST_BYTE:
            return None
        narrow[:, first : first + step] = some.astype(np.uint8).T  # modulo 256
    narrow -= np.uint8(low % (MOST_BYTE + 1))  # and so less the lowest, which is below 256
    return {j: Labels(column) for j, column in enumerate(narrow)}


def joined_table(name: str, given: Sequence[Any], missing: str = "raise") -> Table:
    """Numbers variables of labels (n,), or of rows (n, d), each of which is one joint symbol."""
    return _numbered(name, dict(enumerate(given)), missing)


def _numbered(name: str, columns: dict[Any, Labels], missing: str) -> Table:
    codes, sizes, kept = [], [], []
    for key, labels in columns.items():
        if not is_tensor(labels.array):  # a column of a table of rows is read once, and not anew
            labels = labels._replace(array=np.ascontiguousarray(labels.array))
        numbers, size, n_counting = _number(f"{name}[{key!r}]", labels, missing)
        # in as few bytes as it needs: what is read may be eight times as large
        narrow = numbers if is_tensor(numbers) else numbers.astype(np.min_scalar_type(size - 1))
        codes.append(narrow)
        sizes.append(size)
        kept.append(n_counting)
    if is_tensor(codes[0]):
        import torch

        together: Any = torch.stack(codes)
    else:
        together = np.stack(codes)  # in the type of the widest
    return Table(tuple(columns), Columns(together, np.array(sizes), np.array(kept)))


def _number(name: str, labels: Labels, missing: str) -> tuple[Any, int, int]:
    """Numbers one column: its codes, below which number they are, and how many of these count."""
    lacking = labels.lacking
    if lacking is None and labels.array.dtype == np.uint8:
        codes, size = _number_bytes(labels.array)
        return codes, size, size
    if lacking is None:
        codes, size = identify_rows(labels.array)
        return codes, size, size
    if missing == "raise":
        n = int(lacking.sum())
        raise ValueError(
            f"{name} lacks {n} value{'s' if n > 1 else ''} ({labels.value}), and a missing value is"
            ' no label: leave its samples out (missing="drop"), or let it be a label of its own '
            '(missing="symbol")'
        )
    if missing == "symbol":
        codes, size = identify_rows(labels.with_symbol())
        return codes, size, size
    there = ~lacking
    size = 0
    codes: Any = there.astype(np.int64) if isinstance(there, np.ndarray) else there.long()
    if bool(there.any()):
        codes[there], size = identify_rows(labels.array[there])
    codes[lacking] = size
    return codes, size + 1, size


def _number_bytes(column: Any) -> tuple[Any, int]:
    """Numbers bytes: those of a narrow range as they are, though some may not occur."""
    low, high = int(column.min()), int(column.max())
    size = high - low + 1
    occurs = np.ones(size, bool)
    if size > FEW_SYMBOLS:
        for some in (column[:SHOWN], column):  # mostly there are no gaps, and that shows early
            occurs = np.bincount(some, minlength=high + 1)[low:] > 0
            if occurs.all():
                break
    if occurs.all():
        return (column - np.uint8(low) if low else column), size
    numbers = np.zeros(MOST_BYTE + 1, np.uint8)
    numbers[low : high + 1] = np.cumsum(occurs) - 1
    return numbers[column], int(np.count_nonzero(occurs))


def bare(name: str, given: Any) -> Labels:
    """Reads one variable, labels (n,) or rows (n, d), each of which is one joint symbol.

    Raises:
        TypeError, ValueError: as `fastmi.labels.read`; a batch.
    """
    labels = read(name, given)
    if labels.array.ndim > 2:
        raise ValueError(
            f"{name} has shape {tuple(labels.array.shape)}: it is one variable, labels (n,) or rows"
            " (n, d)"
        )
    return labels


def same_samples(**arrays: Any) -> None:
    """Refuses tables and variables of different lengths, or on different devices."""
    checks.same_device(**arrays)
    checks.same_length(**arrays)


def without(table: Table, keep: Any) -> Table:
    """Takes the samples to keep, (n,); columns keep their numbers, whether they occur or not."""
    return table._replace(columns=table.columns._replace(codes=table.columns.codes[:, keep]))


# --- pairs ----------------------------------------------------------------------------------------


def tally_pairs(xs: Table, ys: Table, pairs: IntArray, apart: bool = False) -> Occurrences:
    """Counts pairs (p, 2) of a column of xs and one of ys, in p segments.

    A sample that lacks either value is left out. `apart`: in 3 p, of the pairs, of the first's
    symbols among the samples of its pair, and of the second's. Pairs of many symbols are hashed,
    one after the other: they cost as much as each by itself.
    """
    cells = xs.columns.sizes[pairs[:, 0]] * ys.columns.sizes[pairs[:, 1]]
    fit = cells <= most_cells(xs.n_samples, LEAST_CELLS)
    twin = backends.twin_for(xs.columns.codes)
    if fit.all():
        return twin.tally_pairs(xs.columns, ys.columns, pairs, apart)
    parts = []
    if fit.any():
        some = twin.tally_pairs(xs.columns, ys.columns, pairs[fit], apart)
        kind, at = np.divmod(some.segment, int(fit.sum()))
        parts.append(some._replace(segment=kind * len(pairs) + np.flatnonzero(fit)[at]))
    for p in np.flatnonzero(~fit).tolist():
        x, y = pairs[p].tolist()
        for kind, occurrences in enumerate(_hashed(xs, ys, x, y, apart)):
            segment = np.full_like(occurrences.segment, kind * len(pairs) + p)
            parts.append(occurrences._replace(segment=segment))
    segment, times, symbols = map(np.concatenate, zip(*parts, strict=True))
    order = np.argsort(segment, kind="stable")
    return Occurrences(segment[order], times[order], symbols[order])


def _hashed(xs: Table, ys: Table, x: int, y: int, apart: bool) -> list[Occurrences]:
    """Counts a pair that has no table: of the pair, and `apart` of either."""
    a, b = _integers(xs.columns.codes[x]), _integers(ys.columns.codes[y])
    there = (a < int(xs.columns.kept[x])) & (b < int(ys.columns.kept[y]))
    if not bool(there.all()):
        if not bool(there.any()):
            return []
        a, b = a[there], b[there]
    both = tally(a[None], b[None], (int(ys.columns.sizes[y]),))
    of_pairs = both.between(1, 2).occurrences
    return [of_pairs, both.between(0, 1).occurrences, tally(b[None]).occurrences][
        : 3 if apart else 1
    ]


def _integers(codes: Any) -> Any:
    return codes.astype(np.int64) if isinstance(codes, np.ndarray) else codes.long()


class Entropies(NamedTuple):
    """Of each pair, (p,): the samples that lack neither value, and the entropies among them.

    In bits; NaN where there is no such sample.
    """

    n: IntArray
    h_x: FloatArray
    h_y: FloatArray
    h_xy: FloatArray


def entropies_of(
    xs: Table, ys: Table, pairs: IntArray, alone: tuple[FloatArray, FloatArray] | None = None
) -> Entropies:
    """Estimates H(X), H(Y), H(X,Y) of pairs (p, 2) by the plug-in, as each pair by itself would.

    `alone`: what `alone_of` gives of xs and of ys, where it is known; it is used where no column
    lacks a value.
    """
    n_pairs = len(pairs)
    if xs.lacks.any() or ys.lacks.any():
        counted = tally_pairs(xs, ys, pairs, apart=True)
        ns = samples_of(counted, 3 * n_pairs)
        bits = np.where(ns > 0, plugin_of(counted, np.maximum(ns, 1)), np.nan)
        h_xy, h_x, h_y = bits.reshape(3, n_pairs)
        return Entropies(ns[:n_pairs], h_x, h_y, h_xy)
    n = np.full(n_pairs, xs.n_samples)
    h_xy = plugin_of(tally_pairs(xs, ys, pairs), n)
    of_x, of_y = alone or (alone_of(xs), alone_of(ys))
    return Entropies(n, of_x[pairs[:, 0]], of_y[pairs[:, 1]], h_xy)


def alone_of(table: Table) -> FloatArray:
    """Estimates the entropy of each column, (d,), among the samples that do not lack its value."""
    counted = tallies(table)
    n = samples_of(counted, table.n_columns)
    return np.where(n > 0, plugin_of(counted, np.maximum(n, 1)), np.nan)


def tallies(table: Table) -> Occurrences:
    """Counts each column, in a segment of its own: its pairs with what is always the same."""
    one = np.array([1])
    constant = Table((0,), Columns(table.columns.codes[:1] * 0, one, one))
    pairs = np.stack([np.arange(table.n_columns), np.zeros(table.n_columns, np.int64)], axis=1)
    return tally_pairs(table, constant, pairs)


def samples_of(counted: Occurrences, n_segments: int) -> IntArray:
    """Counts the samples of each segment."""
    sums = np.bincount(counted.segment, counted.times * counted.symbols, n_segments)
    return sums.astype(np.int64)
