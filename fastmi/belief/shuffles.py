"""tally, class counts -> what chance alone gives: the information under shuffled labels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fastmi.arrays import FloatArray, IntArray
from fastmi.belief.hypergeometric import mean_log
from fastmi.belief.margins import Margin, added, margin
from fastmi.belief.remembered import Remembered
from fastmi.counting import Tally
from fastmi.entropies import settle

__all__ = ["chance"]

BLOCK_PAIRS = 2**16  # a count and a class that are summed at a time


def chance(codes: Tally, class_counts: IntArray) -> FloatArray:
    """Computes the exact mean of the plug-in I(T;Y) over all shuffles of the labels, in bits, (s,).

    chance = H(Y) - (1/n) sum_a m_a D(a): m_a codes occur a times, and D(a) = sum_b E[k log2(a / k)]
    is a times the mean plug-in entropy of a labels drawn from the sample, k ~ Hypergeometric(n, a,
    b) of them from a class of b. D depends on the labels alone: it is remembered for all layers,
    copies and epochs. Where every sample is alone with its code, chance is H(Y) exactly.

    Args:
        codes: a tally of T, s segments. class_counts: (Ky,) the samples of each class.

    Raises:
        ValueError: the class counts do not add up to the samples of a segment.

    Source:
        Vinh, Epps and Bailey 2010, JMLR 11:2837 ("expected mutual information").
    """
    labels = margin(class_counts, codes.n_samples)
    scattered = added(codes, _mean_entropies(labels.key)(codes.occurrences.times))
    return settle(labels.entropy - scattered / codes.n_samples)


@lru_cache(maxsize=64)
def _mean_entropies(key: tuple[bytes, bytes]) -> Remembered:
    """Remembers D(a) of the labels that have this margin."""
    labels = Margin.of_key(key)

    def compute(counts: IntArray) -> FloatArray:
        n_together = max(1, BLOCK_PAIRS // labels.times.size)
        parts = [
            _mean_entropy(counts[first : first + n_together], labels)
            for first in range(0, counts.size, n_together)
        ]
        return np.concatenate(parts)

    return Remembered(compute)


def _mean_entropy(counts: IntArray, labels: Margin) -> FloatArray:
    """Computes D(a) of each count; the classes are added in ascending size."""
    a, b = np.repeat(counts, labels.times.size), np.tile(labels.times, counts.size)
    means = -mean_log(np.full(a.shape, labels.n_samples), a, b, a.astype(np.float64))
    of_count = np.repeat(np.arange(counts.size), labels.times.size)
    sums = np.bincount(of_count, weights=np.tile(labels.symbols, counts.size) * means)
    return np.asarray(sums, np.float64)
