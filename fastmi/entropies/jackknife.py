"""The entropy whose bias of first order is taken off by leaving out each sample in turn."""

from __future__ import annotations

import math

import numpy as np

from fastmi.arrays import FloatArray, IntArray
from fastmi.counting import Tally
from fastmi.entropies.arithmetic import settle

__all__ = ["jackknife", "last_term"]


def jackknife(tally: Tally) -> FloatArray:
    """Estimates the entropy of every segment by n H - (n - 1) mean_i H(without i), in bits, (s,).

    H is the plug-in, i each of the n samples. Without one of a symbol that occurs c times the sum
    of c log c changes in one term alone, so that all n of them come to D(n) - (1/n) sum_c m_c c
    D(c), D(c) = c log2 c - (c - 1) log2(c - 1): m_c symbols occur c times. One sample has none
    without it, and 0 bits.

    It takes off the bias of order 1/n whatever the number of symbols, and so fails where the bias
    is not of that order: most symbols seen once or never. Every sample alone gives about log n + 1
    nats whatever the truth. It scatters more than the plug-in. It may exceed log2 n, and a
    difference of such entropies may be negative or exceed both: nothing is clipped.

    Source: Zahl 1977, Jackknifing an index of diversity, Ecology 58.
    """
    segment, times, symbols = tally.occurrences
    terms = symbols * (times * last_term(times))
    sums = np.bincount(segment, weights=terms, minlength=tally.n_segments)
    return settle(last_term(np.array([tally.n_samples])) - sums / tally.n_samples)


def last_term(c: IntArray) -> FloatArray:
    """Computes D(c) = c log2 c - (c - 1) log2(c - 1) of counts c >= 1; digits stay as c grows."""
    before = np.maximum(c - 1, 1)  # c = 1 has no second term
    return np.log2(c) + (c - 1) * (np.log1p(1 / before) / math.log(2))
