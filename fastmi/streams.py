"""chunks of activations, one after the other -> H(T) and I(T;Y), as if all were counted at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from fastmi import checks
from fastmi.answers import Answers
from fastmi.arrays import Activations, LabelsLike
from fastmi.belief import SAMPLES
from fastmi.binning import Binning, as_binning
from fastmi.coding import encode_layers, identify_rows
from fastmi.contingency import Kinds
from fastmi.inputs import is_tensor, on_host
from fastmi.labels import as_values
from fastmi.reports import Report
from fastmi.spilling import (
    PAIR_BYTES,
    Folder,
    Held,
    Pairs,
    Run,
    bounded,
    distinct,
    existing,
    kinds,
    kinds_of,
    label_counts,
    read_together,
    written,
)

__all__ = ["MEMORY", "Counted", "Stream", "added", "as_run"]

MEMORY = 2**30  # bytes for pairs, unless another number is given


class Counted(NamedTuple):
    """All that some samples come to. It never changes, but `after` names what follows it, once."""

    n_samples: int
    width: int | None
    kinds: tuple[str, ...]  # of the columns of y; () without labels
    numbers: dict[str, int]  # of the rows of y, written out
    runs: tuple[Pairs, ...]
    spilled: tuple[Run, ...]
    found: Kinds | None  # of its table, once it was asked for
    after: dict[str, Counted]

    @property
    def n_labels(self) -> int:
        return max(1, len(self.numbers))

    @classmethod
    def nothing(cls) -> Counted:
        """Counts no samples."""
        return cls(0, None, (), {}, (), (), None, {})


class Stream:
    """Counts more samples than memory holds: of a chunk only its distinct rows are kept.

    H(T) = log2 n - (1/n) sum c log2 c over the counts c of all chunks, and I(T;Y) = H(T) + H(Y) -
    H(T,Y): plug-in, in bits, the same floats as from one call on all samples, in whatever chunks
    they came and from however many streams they were merged. Where every x is distinct and T is a
    function of X, I(X;T) = H(T) (see `PlaneEstimator`).

    Labels of two chunks are the same where they are equal in Python: 1, 1.0 and True are, 1 and "1"
    are not and are refused beside each other, as are "a" and b"a". Rows of one column (n, 1) are
    the labels (n,).

    An `update` or a `merge` that an exception ends (Ctrl-C, no memory) has counted all of its
    samples or none, and `n_samples` says which. Several threads may update, merge and read one
    stream at once.

    Memory grows with the number of distinct (row, label) pairs, 24 bytes each and as much again
    while they are joined, not with n. With `spill` it ends at `memory`: beyond, pairs are written
    into files of that folder, sorted, 8 to 24 bytes each, and answers are read off these, to the
    same floats. The labels themselves and the rows of one chunk stay in memory. Files go when the
    stream is closed or no longer used, and when the process ends.

    Args:
        binning: `Edges` or `UniformBins`.
        n_classes, sample: as in `PlaneEstimator`; what `report` says rests on them.
        spill: a folder for pairs that outgrow the memory. Each stream has one of its own in there;
            other files are left alone. None keeps all pairs in memory.
        memory: bytes for pairs, and for what joining them takes, of a stream that spills; 2^30
            unless given.

    Attributes:
        n_samples: how many samples have been counted.

    Raises:
        TypeError: something else than a binning, n_classes or memory that is no integer, spill that
            is no path.
        ValueError: n_classes or memory below 1, memory without spill, an unknown sample.
        FileNotFoundError: spill is no folder.

    Example:
        >>> import fastmi, numpy as np
        >>> stream = fastmi.Stream(fastmi.UniformBins(2, range=(-1, 1)))
        >>> for t in (-0.5, 0.5):
        ...     stream.update(np.full((1024, 3), t), np.full(1024, t > 0))
        >>> stream.entropy, stream.mutual_information
        (1.0, 1.0)
    """

    def __init__(
        self,
        binning: Binning,
        *,
        n_classes: int | None = None,
        sample: str | None = None,
        spill: str | os.PathLike[str] | None = None,
        memory: int | None = None,
    ) -> None:
        self.binning = as_binning(binning)
        if sample is not None:
            checks.one_of("sample", sample, SAMPLES)
        if n_classes is not None:
            n_classes = checks.positive_integer("n_classes", n_classes)
        self.n_classes, self.sample = n_classes, sample
        self.spill = None if spill is None else existing("spill", spill)
        self.memory = MEMORY if memory is None else checks.positive_integer("memory", memory)
        if memory is not None and spill is None:
            raise ValueError(
                f"memory is {memory}, and there is no folder for what is beyond it: pass spill=, or"
                " leave memory out"
            )
        self._folder: Folder | None = None
        self._state = Counted.nothing()

    def __repr__(self) -> str:
        return f"Stream of {self.n_samples} samples: {self.binning}"

    @property
    def n_samples(self) -> int:
        """Says how many samples have been counted."""
        return self._now().n_samples

    def update(self, activations: Activations, y: LabelsLike | None = None) -> None:
        """Counts one more chunk.

        Args:
            activations: (n, d), the same d in every chunk; a NumPy array or a tensor.
            y: (n,) labels or (n, k) rows of labels, the same k in every chunk; None in every chunk
                if there are none.

        Raises:
            TypeError: as `encode` and `PlaneEstimator`; numbers, strings and bytes in one column of
                the chunks' labels.
            ValueError: as `encode` and `PlaneEstimator`; another d or k than before, labels now and
                then. The stream is left as it was.
            OSError: pairs cannot be written into the folder; the stream is left as it was.
        """
        t = checks.activations("activations", activations)
        labels = None if y is None else as_values("y", y)
        before = self._now()
        _check_chunk(tuple(t.shape), before.width)
        n, width = t.shape
        if labels is not None:
            checks.one_plane(t, labels)
        of_labels = _kinds(labels)
        _check_labels(of_labels, before)
        encoded = encode_layers(
            [t], [self.binning], ["activations"], n_together=before.n_samples + n
        )
        ids, rows = (np.zeros(n, np.int64), []) if labels is None else _numbered(labels)
        codes = encoded.codes[0]
        ids = ids if is_tensor(codes) else on_host(ids)
        pairs = distinct(codes, ids, max(1, len(rows)), encoded.code_bits)
        numbers = {row: i for i, row in enumerate(rows)}
        self._count(Counted(n, width, of_labels, numbers, (pairs,), (), None, {}))

    def merge(self, other: Stream) -> None:
        """Counts what another stream has counted, of other samples; that one is left as it is.

        Raises:
            TypeError: no stream; numbers, strings and bytes in one column of both streams' labels.
            ValueError: other bins, another sample or n_classes, another number of units or of
                columns of labels, labels in only one of them.
            OSError: as `update`.
        """
        _check_mergeable(self, other)
        theirs = other._now()
        if theirs.n_samples:
            self._count(theirs)

    @property
    def entropy(self) -> float:
        """Estimates H(T) in bits. Raises ValueError before the first chunk."""
        return self._answers().entropy

    @property
    def entropy_y(self) -> float:
        """Estimates H(Y) in bits. Raises ValueError before the first chunk."""
        return self._answers().entropy_y

    @property
    def mutual_information(self) -> float:
        """Estimates I(T;Y) in bits. Raises ValueError before the first chunk, or without labels."""
        return self._answers().mutual_information

    def report(self) -> Report:
        """Reports on I(T;Y) of all chunks, as `mutual_information_report` does of labels.

        X of the report is T, the rows of bins; where these were chosen with labels, it is charged.

        Raises:
            ValueError: before the first chunk, or without labels; n_classes below the classes seen.
        """
        return self._answers().report()

    @property
    def n_symbols(self) -> int:
        """Counts the distinct rows of bins."""
        return self._answers().n_symbols

    @property
    def coverage(self) -> float:
        """Estimates the Good-Turing coverage: the share of samples not alone with their bins."""
        return self._answers().coverage

    def close(self) -> None:
        """Forgets all that was counted, and removes its files: the stream is empty again."""
        self._follow(lambda before: Counted.nothing())
        self._folder = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        """Lets a copy go its own way: nothing that is counted here follows what it has counted."""
        return {**vars(self), "_folder": None, "_state": self._now()._replace(after={})}

    def _now(self) -> Counted:
        """Finds the last of the states, each of which names the one after it."""
        state = self._state
        while later := state.after.get("state"):
            state = later
        self._state = state
        return state

    def _count(self, theirs: Counted) -> None:
        """Adds to what has been counted by now."""
        self._follow(lambda before: self._within_memory(added(before, theirs)))

    def _follow(self, find: Callable[[Counted], Counted]) -> None:
        """Puts what comes next behind what has been counted by now.

        The first that is put after a state follows it; who comes second begins anew. `setdefault`
        is one step, which neither an interrupt nor a thread can part, and so there is no lock that
        either could leave shut. Files of what did not come to follow go with it.
        """
        while True:
            before = self._now()
            next_ = find(before)
            if before.after.setdefault("state", next_) is next_:
                break
        self._now()  # lets go of what was before

    def _within_memory(self, state: Counted) -> Counted:
        """Writes the pairs in memory as a run where they have outgrown it."""
        held = sum(len(run.codes) for run in state.runs)
        if self.spill is None or PAIR_BYTES * held <= self.memory:
            return state
        folder = self._folder = self._folder or Folder(self.spill)
        run = written([Held(_in_one(state), state.n_labels)], folder.new())
        spilled = bounded((*state.spilled, run), folder, read_together(self.memory))
        return state._replace(runs=(), spilled=spilled, after={})

    def _answers(self) -> Answers:
        """Finds what has been counted; kept, unless another thread has gone on."""
        state = self._now()
        _check_counted(state)
        if state.found is None:
            before, state = state, _answered(state, read_together(self.memory))
            before.after.setdefault("state", state)
        assert state.found is not None
        return Answers(
            state.found,
            bool(state.kinds),
            n_classes=self.n_classes,
            sample=self.sample,
            n_candidates=self.binning.n_candidates,
        )


def as_run(stream: Stream, file: Path) -> Counted:
    """Writes all pairs of a stream into a file -> what it has counted, with that in their place.

    Raises:
        OSError: as `Stream.update`.
    """
    state = stream._now()
    if not state.n_samples:
        return state
    held = [Held(_in_one(state), state.n_labels) for _ in state.runs[:1]]
    run = written([*state.spilled, *held], file)
    return state._replace(runs=(), spilled=(run,), found=None, after={})


def _check_chunk(shape: tuple[int, ...], width: int | None) -> None:
    if len(shape) != 2 or shape[1] != (width or shape[1]):
        raise ValueError(
            f"activations has shape {shape}: a stream takes chunks (n, {width or 'd'}), a layer of "
            "one network"
        )


def _check_labels(now: tuple[str, ...], before: Counted) -> None:
    """Refuses labels now and then, other columns, and what cannot be equal in one of them."""
    n, known = before.n_samples, before.kinds
    if not n:
        return
    if bool(now) != bool(known):
        raise ValueError(
            f"y is {'given' if now else 'missing'}, but the {n} samples before came "
            f"{'with' if known else 'without'} labels: give every chunk labels, or none"
        )
    if len(now) != len(known):
        raise ValueError(
            f"y has {len(now)} columns of labels, but the {n} samples before came with "
            f"{len(known)}: give every chunk as many"
        )
    for column, (kind, other) in enumerate(zip(now, known, strict=True)):
        if kind != other:
            raise TypeError(
                f"y holds {kind} in column {column}, but the {n} samples before came with {other}: "
                "make them strings in every chunk, from the first on (np.asarray(y).astype(str) "
                "where they are not)"
            )


def _check_counted(state: Counted) -> None:
    if not state.n_samples:
        raise ValueError("the stream is empty (n = 0): update it with a chunk first")


def _check_mergeable(stream: Stream, other: Any) -> None:
    if not isinstance(other, Stream):
        raise TypeError(f"other is a {type(other).__qualname__}: pass a fastmi.Stream")
    if str(stream.binning) != str(other.binning) or not np.array_equal(
        stream.binning.edges, other.binning.edges
    ):
        raise ValueError(
            f"other has other bins ({other.binning}) than this stream ({stream.binning}): only "
            "equal bins merge"
        )
    for name in ("n_classes", "sample"):
        mine, theirs = getattr(stream, name), getattr(other, name)
        if mine != theirs:
            raise ValueError(
                f"other has {name}={theirs!r}, this stream {name}={mine!r}: only samples of one "
                "kind merge; make both streams with the same"
            )


def added(mine: Counted, theirs: Counted) -> Counted:
    """Counts the samples of both."""
    _check_chunk((theirs.n_samples, theirs.width or 0), mine.width)
    _check_labels(theirs.kinds, mine)
    new = [row for row in theirs.numbers if row not in mine.numbers]
    numbers = (
        {**mine.numbers, **{row: i for i, row in enumerate(new, len(mine.numbers))}}
        if new
        else mine.numbers
    )
    number = np.array([numbers[row] for row in theirs.numbers] or [0], np.int64)
    n_labels = max(1, len(numbers))
    runs = mine.runs
    for run in theirs.runs:
        runs = _kept(runs, run._replace(labels=number[run.labels]), n_labels)
    spilled = [run.renumbered(number, n_labels) for run in theirs.spilled]
    return Counted(
        mine.n_samples + theirs.n_samples,
        theirs.width,
        theirs.kinds,
        numbers,
        runs,
        (*mine.spilled, *spilled),
        None,
        {},
    )


def _kept(runs: tuple[Pairs, ...], pairs: Pairs, n_labels: int) -> tuple[Pairs, ...]:
    """Adds a run to runs that at least halve in length.

    So each pair is merged a few times only, however many chunks there are.
    """
    while runs and 2 * len(pairs.codes) > len(runs[-1].codes):
        runs, pairs = runs[:-1], _joined(runs[-1], pairs, n_labels)
    return (*runs, pairs)


def _answered(state: Counted, most_pairs: int) -> Counted:
    """Joins what the memory holds in one run, and finds the kinds of all."""
    runs = tuple(_in_one(state) for _ in state.runs[:1])
    if state.spilled:
        held = (Held(pairs, state.n_labels) for pairs in runs)
        found = kinds([*state.spilled, *held], most_pairs=most_pairs)
    else:
        (pairs,) = runs
        found = kinds_of(pairs, label_counts(pairs, state.n_labels))
    return state._replace(runs=runs, found=found, after={})


def _in_one(state: Counted) -> Pairs:
    pairs, *longer = reversed(state.runs)
    for run in longer:
        pairs = _joined(run, pairs, state.n_labels)
    return pairs


def _joined(run: Pairs, other: Pairs, n_labels: int) -> Pairs:
    codes, labels, counts = map(np.concatenate, zip(run, other, strict=True))
    return distinct(codes, labels, n_labels, counts=counts)


def _kinds(y: Any) -> tuple[str, ...]:
    """Tells what each column of checked labels holds. Only values of one kind can be equal."""
    first = [] if y is None else y[:1].reshape(-1).tolist()
    return tuple(
        "strings" if isinstance(label, str) else "bytes" if isinstance(label, bytes) else "numbers"
        for label in first
    )


def _numbered(y: Any) -> tuple[Any, list[str]]:
    """Numbers labels (n,) or rows (n, k), and gives the distinct rows, written out.

    Written out, because Python seeds the hashes of strings alone: all rows of -1 and -2 share one,
    and a dict of them is slow.
    """
    ids, n_labels = identify_rows(y)
    y = _one_of_each(y, ids, n_labels)
    rows = y.reshape(n_labels, -1).tolist()
    if y.dtype == object:  # 1, 1.0 and True are equal
        rows = [
            [label if isinstance(label, str | bytes) else int(label) for label in row]
            for row in rows
        ]
    return ids, list(map(repr, rows))


def _one_of_each(y: Any, ids: Any, n_labels: int) -> Any:
    """Takes one of the rows of each number; only these come to the host."""
    if is_tensor(ids):
        place = ids.new_empty(n_labels)
        place[ids] = ids.new_ones(len(ids)).cumsum(0).sub_(1)
    else:
        place = np.empty(n_labels, np.int64)
        place[ids] = np.arange(len(ids))
    return on_host(y[place if is_tensor(y) else on_host(place)])
