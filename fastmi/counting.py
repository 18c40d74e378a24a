"""codes (s, n) -> how many symbols occur once, twice, ...: integers, all that an entropy needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmi import backends, checks
from fastmi.arrays import Codes, FloatArray, IntArray
from fastmi.backends import ANY_CODE, Occurrences
from fastmi.inputs import is_tensor

__all__ = [
    "FEWEST_SAMPLES",
    "LOWEST_COVERAGE",
    "CoverageWarning",
    "Tally",
    "counts_of_counts",
    "most_cells",
    "tally",
    "tally_cells",
]

FEWEST_SAMPLES = 20  # from which a sample is judged
LOWEST_COVERAGE = 1 / 20  # at least this share of the samples must share its symbol with another

# of a table of all cells of a pair: so many a sample, and at most; larger ones are hashed
CELLS_A_SAMPLE, MOST_CELLS = 4, 2**20


class CoverageWarning(UserWarning):
    """The sample cannot size the number: any labels would give nearly the same."""


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
        return self.occurring(1)

    @property
    def coverage(self) -> FloatArray:
        """Estimates the Good-Turing coverage, 1 - singletons / n, (s,).

        It is the share of samples that are not alone with their symbol.
        """
        return 1 - self.singletons / self.n_samples

    @classmethod
    def of_counts(cls, counts: IntArray) -> Tally:
        """Tallies symbols that have these counts, (k,), as one segment; zeros are left out."""
        times, symbols = counts_of_counts(counts)
        occurrences = Occurrences(np.zeros(len(times), np.int64), times, symbols)
        return cls(1, int(counts.sum()), occurrences)

    @classmethod
    def joined(cls, tallies: Sequence[Tally]) -> Tally:
        """Lays the segments of tallies of as many samples end to end."""
        if len(tallies) == 1:
            return tallies[0]
        starts = np.cumsum([0, *(each.n_segments for each in tallies)]).tolist()
        moved = [
            each.occurrences._replace(segment=each.occurrences.segment + start)
            for start, each in zip(starts, tallies, strict=False)
        ]
        columns = (np.concatenate(column) for column in zip(*moved, strict=True))
        return cls(starts[-1], tallies[0].n_samples, Occurrences(*columns))

    def occurring(self, times: int) -> IntArray:
        """Counts the symbols that occur exactly so many times, (s,)."""
        return self._sum(np.where(self.occurrences.times == times, self.occurrences.symbols, 0))

    def between(self, first: int, last: int) -> Tally:
        """Takes the segments first..last - 1, as the codes' own of a tally of codes and pairs."""
        start, stop = np.searchsorted(self.occurrences.segment, (first, last))
        segment, times, symbols = (column[start:stop] for column in self.occurrences)
        return Tally(last - first, self.n_samples, Occurrences(segment - first, times, symbols))

    def __repr__(self) -> str:
        return f"Tally of {self.n_segments} segments of {self.n_samples} samples"

    def _sum(self, values: IntArray) -> IntArray:
        return np.bincount(
            self.occurrences.segment, weights=values, minlength=self.n_segments
        ).astype(np.int64)


def tally(
    codes: Codes, labels: Any = (), n_labels: tuple[int, ...] = (), code_bits: int = ANY_CODE
) -> Tally:
    """Counts codes (s, n), and their pairs with each of l label vectors, in (1 + l) s segments.

    Labels are (l, n), of row l in 0..n_labels[l] - 1; codes in 0..2^code_bits - 1, or any integers.
    The first s segments are the codes, the next s the pairs of a code and the first label, and so
    on.
    """
    n_segments, n = codes.shape
    checks.countable("a segment", n)
    if not is_tensor(labels):
        labels = np.asarray(labels, np.int64).reshape(len(n_labels), n)
    occurrences = backends.twin_for(codes).tally(codes, labels, n_labels, code_bits)
    return Tally((1 + len(n_labels)) * n_segments, n, occurrences)


def tally_cells(cells: IntArray) -> Tally:
    """Tallies tables of counts (s, k), one a segment, as if their samples had been counted."""
    n_samples = int(cells[0].sum())
    segment, place = np.nonzero(cells)
    keys, symbols = np.unique(segment * (n_samples + 1) + cells[segment, place], return_counts=True)
    segment, times = np.divmod(keys, n_samples + 1)
    return Tally(len(cells), n_samples, Occurrences(segment, times, symbols))


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


def most_cells(n_samples: int, least: int) -> int:
    """Bounds the cells of a pair's table: beyond, looking them through costs more than hashing."""
    return max(least, min(CELLS_A_SAMPLE * n_samples, MOST_CELLS))
