"""two margins -> how far the information under shuffled labels scatters, from drawn tables.

For tables whose sum is too long for `chance_sd`.
"""

from __future__ import annotations

import numpy as np

from fastmi.arrays import FloatArray, IntArray
from fastmi.entropies import settle

__all__ = ["SD_RESAMPLES", "resampled_sd"]

SD_RESAMPLES = 200  # an sd of so many is right within 5 %, two times of three
TOO_MANY_SAMPLES = 10**9
SAMPLES_A_CELL = 8  # drawing a cell takes as long as shuffling so many samples


def resampled_sd(a: IntArray, b: IntArray, n_resamples: int = SD_RESAMPLES) -> float:
    """Estimates the sd of the plug-in I(A;B) over shuffles of one labeling, in bits.

    From `n_resamples` tables with these margins, drawn with a fixed seed: the same number every
    time, with a relative error of 1 / sqrt(2 n_resamples). It is 0 where no shuffle changes the
    information, and NaN from a milliard samples on, of which NumPy draws no tables.

    Args:
        a, b: the samples of each symbol of A and of B, all above 0, with one sum.
    """
    rng, n = np.random.default_rng(0), int(a.sum())
    if n >= TOO_MANY_SAMPLES:
        return float("nan")
    draw = _drawn if a.size * b.size * SAMPLES_A_CELL <= n else _shuffled
    sums = draw(np.sort(a), np.sort(b), n_resamples, rng)
    return float(settle(np.array(float(np.std(sums / n, ddof=1)))))


def _drawn(a: IntArray, b: IntArray, n_resamples: int, rng: np.random.Generator) -> FloatArray:
    """Draws all tables cell by cell, given those before, and sums k log2 k of each."""
    sums = np.zeros(n_resamples)
    columns = np.tile(b[:, None], (1, n_resamples))  # what each column has left
    for row in a[:-1].tolist():
        left, beyond = np.full(n_resamples, row), columns.sum(axis=0)
        for column in columns[:-1]:
            beyond = beyond - column
            cells = rng.hypergeometric(column, beyond, left)
            sums += _k_log(cells)
            column -= cells
            left = left - cells
        columns[-1] -= left
        sums += _k_log(left)
    return sums + _k_log(columns).sum(axis=0)


def _shuffled(a: IntArray, b: IntArray, n_resamples: int, rng: np.random.Generator) -> FloatArray:
    """Shuffles the labels themselves, one table after the other."""
    codes, labels = (np.repeat(np.arange(counts.size), counts) for counts in (a, b))
    sums = np.empty(n_resamples)
    for i in range(n_resamples):
        cells = np.unique(codes * b.size + rng.permutation(labels), return_counts=True)[1]
        times, symbols = np.unique(cells, return_counts=True)  # ascending: one sum of one table
        sums[i] = symbols @ _k_log(times)
    return sums


def _k_log(k: IntArray) -> FloatArray:
    return np.asarray(k * np.log2(np.maximum(k, 1)), np.float64)
