"""chunks of activations, one after the other -> H(T) and I(T;Y) of all of them, as if they had been counted at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fastmi import backends, checks, entropies
from fastmi.backends import IntArray, Occurrences
from fastmi.binning import Binning, as_binning
from fastmi.coding import encode_layers, identify_rows
from fastmi.counting import Tally
from fastmi.labels import as_labels

__all__ = ["Stream"]


class _Pairs(NamedTuple):
    """Every (code, label) that occurs, once, and how often."""

    codes: IntArray
    labels: IntArray
    counts: IntArray


class Stream:
    """Counts more samples than memory holds: a chunk is encoded, counted and forgotten, only distinct rows are kept.

    H(T) = log2 n - (1/n) sum c log2 c over the counts c of all chunks, and I(T;Y) = H(T) + H(Y) - H(T,Y): plug-in, in bits,
    the same floats as from one call on all samples, in whatever chunks they came and from however many streams they were
    merged. Where every x is distinct and T is a function of X, I(X;T) = H(T) (see `PlaneEstimator`).

    Memory grows with the number of distinct (row, label) pairs, 24 bytes each, not with n.

    Args:
        binning: `Edges` or `UniformBins`.

    Attributes:
        n_samples: how many samples have been counted.

    Raises:
        TypeError: something else than a binning.

    Example:
        >>> import fastmi, numpy as np
        >>> stream = fastmi.Stream(fastmi.UniformBins(2, range=(-1, 1)))
        >>> for t in (-0.5, 0.5):
        ...     stream.update(np.full((1024, 3), t), np.full(1024, t > 0))
        >>> stream.entropy, stream.mutual_information
        (1.0, 1.0)
    """

    def __init__(self, binning: Binning) -> None:
        self.binning = as_binning(binning)
        self.n_samples = 0
        self._width: int | None = None
        self._labels: dict[Any, int] = {}
        self._runs: list[_Pairs] = []

    def update(self, activations: Any, y: Any = None) -> None:
        """Count one more chunk.

        Args:
            activations: (n, d), the same d in every chunk; a NumPy array or a tensor.
            y: (n,) labels or (n, k) rows of labels; None in every chunk if there are none.

        Raises:
            TypeError, ValueError: as `encode` and `PlaneEstimator`; another d than before, labels now and then. The stream
                is left as it was.
        """
        t = checks.activations("activations", activations)
        y = None if y is None else as_labels("y", y)
        n, width = checks.chunk(tuple(t.shape), self._width)
        checks.labelled(y is not None, bool(self._labels), self.n_samples)
        if y is not None:
            checks.one_plane(t, y)
        (codes,), _ = encode_layers([t], self.binning, "activations", n_together=self.n_samples + n)
        known = dict(self._labels)
        labels = np.zeros(n, np.int64) if y is None else _numbered(y, known)
        found = _distinct(_host(codes), labels, np.ones(n, np.int64), max(1, len(known)))
        self._labels, self._width = known, width
        self.n_samples += n
        self._keep(found)

    def merge(self, other: Stream) -> None:
        """Count what another stream has counted, of another part of the samples; that one is left as it is.

        Raises:
            TypeError: no stream.
            ValueError: other bins, another number of units, labels in only one of them.
        """
        checks.mergeable(self, other, Stream)
        if not other.n_samples:
            return
        checks.chunk((other.n_samples, other._width or 0), self._width)
        checks.labelled(bool(other._labels), bool(self._labels), self.n_samples)
        theirs = list(other._runs)
        number = np.array([self._labels.setdefault(label, len(self._labels)) for label in other._labels] or [0], np.int64)
        self._width, self.n_samples = other._width, self.n_samples + other.n_samples
        for run in theirs:
            self._keep(run._replace(labels=number[run.labels]))

    @property
    def entropy(self) -> float:
        """H(T) in bits. Raises ValueError before the first chunk."""
        return self._entropy(self._pairs.codes)

    @property
    def entropy_y(self) -> float:
        """H(Y) in bits. Raises ValueError before the first chunk."""
        return self._entropy(self._pairs.labels)

    @property
    def mutual_information(self) -> float:
        """I(T;Y) in bits. Raises ValueError before the first chunk, or if there were no labels."""
        checks.has_labels(bool(self._labels) or not self.n_samples)
        pairs = self._pairs
        joint = entropies.plugin(_tally(pairs.counts, self.n_samples))
        found = entropies.information(np.array([self.entropy]), np.array([self.entropy_y]), joint)
        return float(found[0])

    @property
    def n_symbols(self) -> int:
        """How many distinct rows of bins there are."""
        return int(self._tally(self._pairs.codes).n_symbols[0])

    @property
    def coverage(self) -> float:
        """Good-Turing coverage: the share of samples that are not alone with their row of bins."""
        return float(self._tally(self._pairs.codes).coverage[0])

    def _entropy(self, values: IntArray) -> float:
        return float(entropies.plugin(self._tally(values))[0])

    def _tally(self, values: IntArray) -> Tally:
        ids, n = _identify(values)
        return _tally(_summed(ids, self._pairs.counts, n), self.n_samples)

    @property
    def _pairs(self) -> _Pairs:
        checks.counted(self.n_samples)
        while len(self._runs) > 1:
            self._merge_last()
        return self._runs[0]

    def _keep(self, found: _Pairs) -> None:
        """Runs at least halve in length, so that each pair is merged a few times only, however many chunks there are."""
        self._runs.append(found)
        while len(self._runs) > 1 and 2 * len(self._runs[-1].codes) > len(self._runs[-2].codes):
            self._merge_last()

    def _merge_last(self) -> None:
        last, before = self._runs.pop(), self._runs.pop()
        joined = (np.concatenate(parts) for parts in zip(before, last, strict=True))
        self._runs.append(_distinct(*joined, n_labels=max(1, len(self._labels))))


def _distinct(codes: IntArray, labels: IntArray, counts: IntArray, n_labels: int) -> _Pairs:
    """Equal pairs joined, their counts added."""
    ids, _ = _identify(codes)
    pairs, n_pairs = (ids, _) if n_labels == 1 else _identify(ids * n_labels + labels)
    one = np.empty(n_pairs, np.int64)
    one[pairs] = np.arange(len(pairs))  # a place where the pair stands
    return _Pairs(codes[one], labels[one], _summed(pairs, counts, n_pairs))


def _identify(values: IntArray) -> tuple[IntArray, int]:
    twin = backends.twin_for(values)
    ids, n = twin.identify(twin.receive(np.ascontiguousarray(values)))
    return _host(ids), n


def _summed(ids: IntArray, counts: IntArray, n: int) -> IntArray:
    return np.bincount(ids, weights=counts, minlength=n).astype(np.int64)  # exact: counts stay below 2^53


def _tally(counts: IntArray, n_samples: int) -> Tally:
    times, symbols = np.unique(counts, return_counts=True)
    return Tally(1, n_samples, Occurrences(np.zeros(len(times), np.int64), times, symbols))


def _numbered(y: Any, known: dict[Any, int]) -> IntArray:
    """Labels (n,) or rows (n, k) -> the number of each, the same in every chunk; new ones are added to `known`."""
    ids, n_labels = identify_rows(y)
    ids, y = _host(ids), _host(y)
    one = np.empty(n_labels, np.int64)
    one[ids] = np.arange(len(ids))
    rows = y[one].reshape(n_labels, -1).tolist()
    return np.array([known.setdefault(tuple(row), len(known)) for row in rows], np.int64)[ids]


def _host(array: Any) -> Any:
    return array if isinstance(array, np.ndarray) else array.cpu().numpy()
