"""pairs (code, label) that outgrow the memory -> sorted runs on the disk -> kinds of their table.

A run is sorted by the codes, mixed: the same codes of all runs are then read together, some at a
time, whatever the codes are, and a part of the mixed codes is a part of the work.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from fastmi import backends
from fastmi.arrays import IntArray
from fastmi.coding import identify_rows, splitmix64
from fastmi.contingency import Kinds
from fastmi.files import as_path
from fastmi.inputs import on_host

__all__ = [
    "ALL_CODES",
    "PAIR_BYTES",
    "Folder",
    "Held",
    "Pairs",
    "Run",
    "Sorted",
    "bounded",
    "distinct",
    "existing",
    "kinds",
    "kinds_of",
    "label_counts",
    "label_counts_of",
    "merged",
    "read_together",
    "written",
]

ALL_CODES = (0, 2**64)  # from the first mixed code to behind the last
# of a pair in memory: itself, and what joining and sorting it takes beside
PAIR_BYTES = 160
# read together: at most, as their table lies in the cache of a core then, and by the least memory
RANGE_PAIRS, FEWEST_PAIRS = 2**18, 2**10
MOST_RUNS = 64  # of a size; so many are merged into one
KEPT_KINDS = 2**20  # of ranges, until they are added up


class Pairs(NamedTuple):
    """Every (code, label) that occurs, once, and how often."""

    codes: IntArray
    labels: IntArray
    counts: IntArray


def distinct(codes: Any, labels: Any, n_labels: int, *more: Any, **options: Any) -> Pairs:
    """Joins equal pairs where the codes lie, and adds their counts."""
    return Pairs(*backends.twin_for(codes).distinct(codes, labels, n_labels, *more, **options))


def kinds_of(pairs: Pairs, of_labels: IntArray) -> Kinds:
    """Counts the cells of each kind, of pairs that stand once, with all of each code.

    of_labels: the samples of each label, here and elsewhere.
    """
    rows = on_host(identify_rows(pairs.codes)[0])
    a = np.bincount(rows, weights=pairs.counts).astype(np.int64)
    b = of_labels[pairs.labels]
    return Kinds.of_cells(pairs.counts, a[rows], b, np.ones_like(pairs.counts))


def label_counts(pairs: Pairs, n_labels: int) -> IntArray:
    """Counts the samples of each label."""
    # exact: sums stay below 2^53
    return np.bincount(pairs.labels, weights=pairs.counts, minlength=n_labels).astype(np.int64)


# --- where runs lie -------------------------------------------------------------------------------


class _Removed:
    """Something on the disk that goes when nothing refers to it, or this process ends.

    A copy is the same thing.
    """

    path: Path

    def _leave_with(self, remove: Any) -> None:
        self._left = weakref.finalize(self, _remove, remove, self.path, os.getpid())

    def remove(self) -> None:
        """Removes it now."""
        self._left()

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, _: Any) -> Any:
        return self

    def __reduce__(self) -> Any:
        raise TypeError(
            f"a stream that has spilled cannot be pickled: its pairs lie in {self.path.parent} and "
            "go with this process; let it answer where it is, merge streams of one process, or "
            "count in several with fastmi.distributed.count"
        )


def existing(name: str, given: str | os.PathLike[str]) -> Path:
    """Reads the name of a folder that is there.

    Raises:
        TypeError, ValueError: as `as_path`. FileNotFoundError: there is none.
    """
    folder = as_path(name, given)
    if not folder.is_dir():
        raise FileNotFoundError(f"{name} is {folder}, and there is no such folder: make it first")
    return folder


class Folder(_Removed):
    """A folder of one's own within another, whose other files are left alone."""

    def __init__(self, within: str | os.PathLike[str]) -> None:
        import tempfile

        self.path = Path(tempfile.mkdtemp(prefix="fastmi-", dir=within))
        self._leave_with(_remove_folder)

    def new(self) -> RunFile:
        """Names a file that goes with its last reference."""
        return RunFile(self)


class RunFile(_Removed):
    """The file of a run, which keeps its folder."""

    def __init__(self, folder: Folder) -> None:
        self.path, self.folder = folder.path / f"{os.urandom(8).hex()}.run", folder
        self._leave_with(os.unlink)


def _remove(remove: Any, path: Path, owner: int) -> None:
    """Removes what this process made: a fork leaves it to its parent."""
    if os.getpid() == owner:
        with suppress(OSError):
            remove(path)


def _remove_folder(path: Path) -> None:
    import shutil

    shutil.rmtree(path, ignore_errors=True)


# --- runs -----------------------------------------------------------------------------------------


class Sorted(Protocol):
    """Pairs that stand once, by mixed code; the memory or the disk holds them.

    label_counts: the samples of each label. most_count: no pair has more.
    """

    @property
    def n_pairs(self) -> int: ...
    @property
    def label_counts(self) -> IntArray: ...
    @property
    def most_count(self) -> int: ...

    def place(self, code: int, first: int, last: int) -> int:
        """Finds, from `first` to `last`, the first pair of at least this mixed code."""
        ...

    def read(self, first: int, last: int) -> Pairs:
        """Gives the pairs first..last - 1, of mixed codes."""
        ...


class Held:
    """Pairs that the memory holds."""

    def __init__(self, pairs: Pairs, n_labels: int) -> None:
        codes = splitmix64(pairs.codes.view(np.uint64))
        order = np.argsort(codes)
        self._codes = codes[order]
        self._pairs = Pairs(self._codes.view(np.int64), pairs.labels[order], pairs.counts[order])
        self.n_pairs = codes.size
        self.label_counts = label_counts(pairs, n_labels)
        self.most_count = int(pairs.counts.max(initial=1))

    def place(self, code: int, first: int, last: int) -> int:
        return first + int(np.searchsorted(self._codes[first:last], np.uint64(code)))

    def read(self, first: int, last: int) -> Pairs:
        return Pairs(*(column[first:last] for column in self._pairs))


class Run(NamedTuple):
    """Pairs that a file holds: a record each, of a mixed code, a label and a count.

    Attributes:
        file: its name, or what removes it in the end. dtype: of a record; without a label all are
            0, without a count 1. n_pairs, label_counts, most_count: as `Sorted`.
        numbers: the numbers that labels have by now, those in the file on the left; None as they
            are. level: how often its pairs were merged.
    """

    file: Path | RunFile
    dtype: npt.DTypeLike
    n_pairs: int
    label_counts: IntArray
    most_count: int
    numbers: IntArray | None = None
    level: int = 0

    def place(self, code: int, first: int, last: int) -> int:
        size = np.dtype(self.dtype).itemsize
        with open(self.file, "rb", buffering=0) as file:
            while first < last:
                middle = (first + last) // 2
                file.seek(middle * size)
                if int.from_bytes(file.read(8), "little") < code:
                    first = middle + 1
                else:
                    last = middle
        return first

    def read(self, first: int, last: int) -> Pairs:
        dtype, n = np.dtype(self.dtype), last - first
        with open(self.file, "rb", buffering=0) as file:
            file.seek(first * dtype.itemsize)
            records: Any = np.fromfile(file, dtype, n)
        if len(records) < n:
            raise OSError(f"{os.fspath(self.file)} is shorter than it was written: count anew")
        names = dtype.names or ()
        labels = records["label"] if "label" in names else np.zeros(n, np.int64)
        counts = records["count"] if "count" in names else np.ones(n, np.int64)
        labels = labels.astype(np.int64) if self.numbers is None else self.numbers[labels]
        codes = np.ascontiguousarray(records["code"]).astype(np.uint64, copy=False)
        return Pairs(codes.view(np.int64), labels, counts.astype(np.int64))

    def renumbered(self, numbers: IntArray, n_labels: int) -> Run:
        """Gives label i the number numbers[i], of n_labels."""
        counts = np.zeros(n_labels, np.int64)
        counts[numbers[: self.label_counts.size]] = self.label_counts
        return self._replace(
            label_counts=counts,
            numbers=numbers if self.numbers is None else numbers[self.numbers],
        )


def read_together(memory: int) -> int:
    """Finds how many pairs are read at a time, of as many bytes."""
    return max(FEWEST_PAIRS, min(RANGE_PAIRS, memory // PAIR_BYTES))


def written(
    runs: Sequence[Sorted],
    file: Path | RunFile,
    level: int = 0,
    most_pairs: int = RANGE_PAIRS,
) -> Run:
    """Writes the pairs of runs as one run, whole or not at all: no file, or all of it.

    Raises:
        OSError: it cannot be written; what it needs is said.
    """
    of_labels = label_counts_of(runs)
    most_count = sum(run.most_count for run in runs)
    fields = [("code", "<u8")]
    if of_labels.size > 1:
        fields.append(("label", _narrowest(of_labels.size - 1)))
    if most_count > 1:
        fields.append(("count", _narrowest(most_count)))
    dtype, n_pairs = np.dtype(fields), sum(run.n_pairs for run in runs)
    path = Path(file)
    temporary = path.with_name(f"{path.name}.{os.urandom(4).hex()}.part")
    try:
        with temporary.open("xb") as target:
            n_written = 0
            for pairs in merged(runs, of_labels.size, most_pairs=most_pairs):
                target.write(_records(pairs, dtype))
                n_written += len(pairs.codes)
        temporary.replace(path)
    except OSError as error:
        raise OSError(
            error.errno,
            f"{path.parent} takes no run of {n_pairs * dtype.itemsize:,} bytes: "
            f"{error.strerror or error}; what was counted before is still held: make room, and try "
            "again",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return Run(file, fields, n_written, of_labels, most_count, level=level)


def _records(pairs: Pairs, dtype: np.dtype[Any]) -> memoryview:
    """Makes records of pairs, by mixed code."""
    codes = pairs.codes.view(np.uint64)
    order = np.argsort(codes)
    records: Any = np.empty(codes.size, dtype)
    for name, column in zip(("code", "label", "count"), (codes, *pairs[1:]), strict=True):
        if name in (dtype.names or ()):
            records[name] = column[order]
    return memoryview(records).cast("B")


def _narrowest(highest: int) -> str:
    """Names the narrowest unsigned integers that go so far."""
    return next(f"<u{size}" for size in (1, 2, 4, 8) if highest < 256**size)


def label_counts_of(runs: Iterable[Sorted]) -> IntArray:
    """Adds up the samples of each label; labels that came later are the last."""
    each = [run.label_counts for run in runs]
    sums = np.zeros(max(counts.size for counts in each), np.int64)
    for counts in each:
        sums[: counts.size] += counts
    return sums


# --- many runs as one -----------------------------------------------------------------------------


def merged(
    runs: Sequence[Sorted],
    n_labels: int,
    codes: tuple[int, int] = ALL_CODES,
    most_pairs: int = RANGE_PAIRS,
) -> Iterator[Pairs]:
    """Reads the pairs of all runs, each once, some mixed codes at a time, from the lowest on.

    Args:
        codes: the first, and what is behind the last, of those that are read.
        most_pairs: that are read at a time, of all runs together; more where one code has more.
    """
    low, high = codes
    spans = [(_place(run, low), _place(run, high)) for run in runs]
    for parts in _ranges(runs, spans, low, high, most_pairs):
        read = [run.read(*span) for run, span in zip(runs, parts, strict=True) if span[0] < span[1]]
        if len(read) == 1:
            yield read[0]
        else:
            together = Pairs(*map(np.concatenate, zip(*read, strict=True)))
            yield distinct(*together[:2], n_labels, counts=together.counts)


def _ranges(
    runs: Sequence[Sorted], spans: list[tuple[int, int]], low: int, high: int, most_pairs: int
) -> Iterator[list[tuple[int, int]]]:
    """Halves the codes low..high - 1, which lie in these spans, until few pairs have them."""
    n_pairs = sum(last - first for first, last in spans)
    if n_pairs > most_pairs and high - low > 1:
        middle = (low + high) // 2
        cuts = [run.place(middle, *span) for run, span in zip(runs, spans, strict=True)]
        lower = [(first, cut) for (first, _), cut in zip(spans, cuts, strict=True)]
        upper = [(cut, last) for (_, last), cut in zip(spans, cuts, strict=True)]
        yield from _ranges(runs, lower, low, middle, most_pairs)
        yield from _ranges(runs, upper, middle, high, most_pairs)
    elif n_pairs:
        yield spans


def _place(run: Sorted, code: int) -> int:
    return run.n_pairs if code == ALL_CODES[1] else run.place(code, 0, run.n_pairs)


def kinds(
    runs: Sequence[Sorted],
    of_labels: IntArray | None = None,
    codes: tuple[int, int] = ALL_CODES,
    most_pairs: int = RANGE_PAIRS,
) -> Kinds:
    """Counts the cells of each kind in the table of all runs, or of some of the mixed codes.

    of_labels: the samples of each label in all of the table; what the runs have unless said.
    """
    of_labels = label_counts_of(runs) if of_labels is None else of_labels
    none = np.zeros(0, np.int64)
    found = [Kinds(none, none, none, none)]
    for pairs in merged(runs, of_labels.size, codes, most_pairs):
        found.append(kinds_of(pairs, of_labels))
        if sum(part.k.size for part in found[1:]) > KEPT_KINDS:
            found = [Kinds.joined(found)]
    return Kinds.joined(found) if len(found) > 1 else found[0]


def bounded(
    runs: tuple[Run, ...], folder: Folder, most_pairs: int = RANGE_PAIRS
) -> tuple[Run, ...]:
    """Merges runs of a level into one of the next while there are many."""
    level = 0
    while any(run.level >= level for run in runs):
        some = [run for run in runs if run.level == level]
        if len(some) < MOST_RUNS:
            level += 1
            continue
        others = tuple(run for run in runs if run.level != level)
        some, rest = some[:MOST_RUNS], tuple(some[MOST_RUNS:])
        runs = (*others, *rest, written(some, folder.new(), level + 1, most_pairs))
    return runs
