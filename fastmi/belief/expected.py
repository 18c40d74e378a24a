"""two margins -> the mean information under shuffled labels, to the digits of what is tiny."""

from __future__ import annotations

import numpy as np

from fastmi.arrays import IntArray
from fastmi.belief.hypergeometric import mean
from fastmi.counting import counts_of_counts
from fastmi.entropies.divergence import divergence

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

    Equal margins are summed once. In nats, from both margins, and so that what is nearly nothing
    keeps its digits: `chance` is the same in bits, of many layers beside one labeling.
    """
    n = int(a.sum())
    (a, times_a), (b, times_b) = sorted(
        map(counts_of_counts, (a, b)), key=lambda margin: [values.tolist() for values in margin]
    )
    a, b, times = np.repeat(a, b.size), np.tile(b, a.size), np.outer(times_a, times_b).reshape(-1)
    means = mean(
        np.full(a.shape, n),
        a,
        b,
        lambda k, some: divergence(np.maximum(k, 0).astype(np.int64), a[some], b[some], n),
    )
    return float(times @ means) / n / n
