"""counts -> values that depend on the count alone: computed once, as counts turn up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastmi.arrays import FloatArray, IntArray

__all__ = ["Remembered"]

DENSE_COUNTS = 2**17  # counts below stand in an array, 8 bytes each
MOST_RARE = 2**15  # counts above it that are remembered; then all of them are forgotten


class Remembered:
    """A function of counts that keeps its values.

    Small counts are kept in an array that grows to the largest that was asked for, at most
    1 MiB; of larger ones a sample can have only few, which are kept by name. A value must not
    depend on the counts that it is computed with. Threads may share it: what two of them compute at
    once is the same, and what one of them loses is computed again.
    """

    def __init__(self, compute: Callable[[IntArray], FloatArray]) -> None:
        self._compute = compute
        self._dense = np.full(0, np.nan)
        self._rare: dict[int, float] = {}

    def __call__(self, counts: IntArray) -> FloatArray:
        """Gives the values of counts of at least 0, (k,)."""
        largest = int(counts.max(initial=-1))
        if largest < DENSE_COUNTS:
            return self._small(self._holding(largest), counts)
        small = counts < DENSE_COUNTS
        values = np.empty(counts.shape)
        values[~small] = self._large(counts[~small])
        values[small] = self(counts[small])
        return values

    def _holding(self, largest: int) -> FloatArray:
        """Finds an array that reaches to a count, which another thread's cannot take away."""
        dense = self._dense
        if largest >= dense.size:
            longer = np.full(min(1 << (largest + 1).bit_length(), DENSE_COUNTS), np.nan)
            longer[: dense.size] = dense
            self._dense = dense = longer
        return dense

    def _small(self, dense: FloatArray, counts: IntArray) -> FloatArray:
        values = dense[counts]
        if np.isnan(values).any():
            new = np.unique(counts[np.isnan(values)])
            dense[new] = self._compute(new)
            values = dense[counts]
        return values

    def _large(self, counts: IntArray) -> FloatArray:
        rare, asked = self._rare, set(counts.tolist())
        if not asked <= rare.keys():
            rare = dict(rare) if len(rare.keys() | asked) <= MOST_RARE else {}
            new = np.array(sorted(asked - rare.keys()), np.int64)
            rare.update(zip(new.tolist(), self._compute(new).tolist(), strict=True))
            self._rare = rare
        return np.array([rare[count] for count in counts.tolist()])

    def __repr__(self) -> str:
        return f"Remembered of {self._dense.size} counts and {len(self._rare)} more"
