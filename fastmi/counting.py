"""codes (s, n) -> how many symbols occur once, twice, ...: integers, the sufficient statistic of
every entropy here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi import backends, checks
from fastmi.backends import IntArray, Occurrences

__all__ = ["CoverageWarning", "Tally", "counts_of_counts", "tally"]


class CoverageWarning(UserWarning):
    """Nearly every sample is alone with its symbol: the number is that of any labels, whatever
    these are.
    """


@dataclass(frozen=True)
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
        """How many different symbols each segment holds, (s,)."""
        return self._sum(self.occurrences.symbols)

    @property
    def singletons(self) -> IntArray:
        """How many symbols occur exactly once, (s,)."""
        return self._sum(np.where(self.occurrences.times == 1, self.occurrences.symbols, 0))

    @property
    def coverage(self) -> npt.NDArray[np.float64]:
        """Good-Turing coverage, (s,): the share of samples that are not alone with their symbol, 1
        - singletons / n.
        """
        return 1 - self.singletons / self.n_samples

    def _sum(self, values: IntArray) -> IntArray:
        return np.bincount(
            self.occurrences.segment, weights=values, minlength=self.n_segments
        ).astype(np.int64)


def tally(codes: Any, labels: Any = (), n_labels: tuple[int, ...] = ()) -> Tally:
    """codes (s, n), l label vectors (n,) in 0..n_labels[l] - 1 -> the tally of (1 + l) s segments.

    The first s are the codes, the next s the pairs of a code and the first label, and so on.
    """
    n_segments, n = codes.shape
    checks.countable("a segment", n)
    labels = np.asarray(labels, np.int64).reshape(len(n_labels), n)
    occurrences = backends.twin_for(codes).tally(codes, labels, n_labels)
    return Tally((1 + len(n_labels)) * n_segments, n, occurrences)


def counts_of_counts(counts: IntArray) -> tuple[IntArray, IntArray]:
    """Counts how many symbols occur once, twice, ...: (times, symbols), `symbols` of the counts
    being `times`, ascending.
    """
    counts = counts[counts > 0]
    if counts.max() > 4 * counts.size + 4096:  # a table of them would cost more than sorting
        return np.unique(counts, return_counts=True)
    symbols = np.bincount(counts.astype(np.int64, copy=False))
    times = np.flatnonzero(symbols)
    return times, symbols[times]
