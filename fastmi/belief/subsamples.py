"""tally -> how H(T) grows with the sample: its mean over all smaller samples."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fastmi.arrays import FloatArray, IntArray
from fastmi.belief.hypergeometric import mean_log
from fastmi.belief.margins import added
from fastmi.belief.remembered import Remembered
from fastmi.counting import Tally
from fastmi.entropies import plugin, settle

__all__ = ["growth", "rarefied"]


def growth(codes: Tally) -> FloatArray:
    """Computes the bits that H(T) grew in the last doubling of the sample, (s,).

    growth = (H_n - E[H_m]) / log2(n / m) with m = n // 2. It is 1 where every new sample is a new
    code, and 0 where there is one code. A small one never says that H(T) has converged: a heavy
    tail can grow for ever. NaN where n = 1.

    Args:
        codes: a tally of T, s segments.
    """
    n = codes.n_samples
    if n == 1:
        return np.full(codes.n_segments, np.nan)
    return (plugin(codes) - rarefied(codes, n // 2)) / (np.log2(n) - np.log2(n // 2))


def rarefied(codes: Tally, m: int) -> FloatArray:
    """Computes E[H_m], the exact mean of H(T) over all subsamples of m samples, in bits, (s,).

    E[H_m] = log2 m - (1/m) sum_a m_a g(a): m_a codes occur a times, and g(a) = E[k log2 k], k ~
    Hypergeometric(n, a, m).

    Args:
        codes: a tally of T, s segments of n samples. m: 1..n.

    Raises:
        ValueError: m is less than 1 or more than n.
    """
    if not 1 <= m <= codes.n_samples:
        raise ValueError(f"m is {m}: a subsample of {codes.n_samples} samples has 1..n of them")
    means = _mean_terms(codes.n_samples, int(m))(codes.occurrences.times)
    return settle(np.log2(m) - added(codes, means) / m)


@lru_cache(maxsize=64)
def _mean_terms(n: int, m: int) -> Remembered:
    """Remembers g(a) of subsamples of m of n samples."""

    def compute(counts: IntArray) -> FloatArray:
        size = counts.shape
        return mean_log(np.full(size, n), counts, np.full(size, m), np.ones(size))

    return Remembered(compute)
