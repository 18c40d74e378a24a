"""counts -> the mean information under shuffled labels: what chance alone would give."""

from __future__ import annotations

import numpy as np

from fastmi.arrays import FloatArray, IntArray
from fastmi.counting import counts_of_counts
from fastmi.entropies.divergence import BLOCK_TERMS, divergence

__all__ = ["expected_information"]


def expected_information(a: IntArray, b: IntArray) -> float:
    """Computes the exact mean of the plug-in I(A;B) over all shuffles of one labeling, in nats.

    It is known as the expected mutual information:
    E = sum_ij E[n_ij log(n_ij / m_ij) - n_ij + m_ij] / n, with n_ij hypergeometric of mean m_ij =
    a_i b_j / n: no term is negative, and none hides another.

    Args:
        a, b: the counts of A's symbols and of B's; zeros are left out.

    Source:
        Vinh, Epps and Bailey 2010, JMLR 11:2837.

    Equal margins are summed once. n_ij stays within 9.6 sd + 31 of m: beyond, Bernstein's
    inequality leaves less than 1e-19 (it is a sum of independent trials).
    """
    n = int(a.sum())
    (a, times_a), (b, times_b) = sorted(
        map(counts_of_counts, (a, b)), key=lambda margin: [values.tolist() for values in margin]
    )
    a, b, times = np.repeat(a, b.size), np.tile(b, a.size), np.outer(times_a, times_b).reshape(-1)
    mean = a * (b / n)
    reach = 9.6 * np.sqrt(mean * ((n - a) / n) * ((n - b) / max(n - 1, 1))) + 31
    low = np.maximum(np.floor(mean - reach).astype(np.int64), np.maximum(0, a + b - n))
    high = np.minimum(np.ceil(mean + reach).astype(np.int64), np.minimum(a, b))
    order = np.argsort(high - low)[::-1]  # those of one width together
    total, first = 0.0, 0
    while first < order.size:
        width = int((high - low)[order[first]]) + 1
        some = order[first : first + max(1, BLOCK_TERMS // width)]
        total += float(
            times[some] @ _expected_divergence(a[some], b[some], n, low[some], high[some], width)
        )
        first += some.size
    return total / n / n


def _expected_divergence(
    a: IntArray, b: IntArray, n: int, low: IntArray, high: IntArray, width: int
) -> FloatArray:
    """Averages `divergence` for each pair of margins, (pairs,), from the ratios P(k + 1) / P(k)."""
    a, b, k = a[:, None], b[:, None], low[:, None] + np.arange(width)
    inside = k <= high[:, None]
    step = np.where(k < high[:, None], k, low[:, None])  # beyond the last k any ratio will do
    ratio = (a - step) / (step + 1) * ((b - step) / np.maximum(n - a - b + step + 1, 1))
    log_p = np.cumsum(np.log(np.where(ratio > 0, ratio, 1))[:, :-1], axis=1)
    log_p = np.where(inside, np.pad(log_p, ((0, 0), (1, 0))), -np.inf)
    p = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    return (p * divergence(k, a, b, n)).sum(axis=1) / p.sum(axis=1)
