"""codes (s, n) -> how many symbols occur once, twice, ...: integers, all that an entropy needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fastmi import backends, checks
from fastmi.arrays import Codes, FloatArray, IntArray
from fastmi.backends import Occurrences

__all__ = ["CoverageWarning", "Tally", "counts_of_counts", "tally"]


class CoverageWarning(UserWarning):
    """Nearly every sample is alone with its symbol: any labels would give the same number."""


@dataclass(frozen=True, repr=False)
class Tally:
    """The occurrences in each of n_segments segments of n_samples samples.

    Sparse: in segment `occurrences.segment[k]`, `occurrences.symbols[k]` symbols occur
    `occurrences.times[k]` times each.
    """

    n_segments: int
    n_samples: int
    occurrences: Occurrences

    @property
    def n_symbols(self) -> IntArray:
        """Counts the different symbols of each segment, (s,)."""
        return self._sum(self.occurrences.symbols)

    @property
    def singletons(self) -> IntArray:
        """Counts the symbols that occur exactly once, (s,)."""
        return self._sum(np.where(self.occurrences.times == 1, self.occurrences.symbols, 0))

    @property
    def coverage(self) -> FloatArray:
        """Estimates the Good-Turing coverage, 1 - singletons / n, (s,).

        It is the share of samples that are not alone with their symbol.
        """
        return 1 - self.singletons / self.n_samples

    def __repr__(self) -> str:
        return f"Tally of {self.n_segments} segments of {self.n_samples} samples"

    def _sum(self, values: IntArray) -> IntArray:
        return np.bincount(
            self.occurrences.segment, weights=values, minlength=self.n_segments
        ).astype(np.int64)


def tally(
    codes: Codes, labels: Sequence[IntArray] | IntArray = (), n_labels: tuple[int, ...] = ()
) -> Tally:
    """Counts codes (s, n), and their pairs with each of l label vectors, in (1 + l) s segments.

    Labels are (n,) in 0..n_labels[l] - 1. The first s segments are the codes, the next s the pairs
    of a code and the first label, and so on.
    """
    n_segments, n = codes.shape
    checks.countable("a segment", n)
    label_rows = np.asarray(labels, np.int64).reshape(len(n_labels), n)
    occurrences = backends.twin_for(codes).tally(codes, label_rows, n_labels)
    return Tally((1 + len(n_labels)) * n_segments, n, occurrences)


def counts_of_counts(counts: IntArray) -> tuple[IntArray, IntArray]:
    """Counts how many symbols occur once, twice, ...: (times, symbols).

    So many `symbols` have a count of `times`, which ascend; zeros are left out.
    """
    counts = counts[counts > 0]
    if counts.max() > 4 * counts.size + 4096:  # a table of them would cost more than sorting
        return np.unique(counts, return_counts=True)
    symbols = np.bincount(counts.astype(np.int64, copy=False))
    times = np.flatnonzero(symbols)
    return times, symbols[times]
