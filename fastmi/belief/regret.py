"""counts -> log2 C(a, K): what a code for labels pays, at worst, for not knowing their shares."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fastmi.arrays import FloatArray, IntArray
from fastmi.belief.remembered import Remembered
from fastmi.entropies.divergence import BLOCK_TERMS

__all__ = ["regret"]


def regret(counts: IntArray, n_classes: int) -> FloatArray:
    """Computes log2 C(a, K), the regret of the normalised maximum likelihood code, in bits, (k,).

    C(a, K) is the sum of the largest likelihoods of all sequences of a labels of K classes: C(a, 1)
    = 1, C(a, 2) = sum_(k = 0..a) prod_(j < k) (1 - j / a), C(a, K + 2) = C(a, K + 1) + (a / K) C(a,
    K). The recursion runs in the ratios r_K = C(a, K + 1) / C(a, K), whose product is kept as
    mantissa and exponent: C(1e6, 1000) is beyond any float.

    Args:
        counts: a of at least 0, (k,). n_classes: K of at least 1.

    Source:
        Kontkanen and Myllymaki 2007, A linear-time algorithm for computing the multinomial
        stochastic complexity, Inf. Process. Lett. 103.
    """
    return _regrets(int(n_classes))(np.asarray(counts, np.int64))


@lru_cache(maxsize=64)
def _regrets(n_classes: int) -> Remembered:
    def compute(counts: IntArray) -> FloatArray:
        if n_classes == 1:
            return np.zeros(counts.shape)
        a = np.maximum(counts, 1).astype(np.float64)
        ratio = _of_two_classes(np.maximum(counts, 1))
        mantissa, exponent = np.frexp(ratio)
        for k in range(1, n_classes - 1):
            ratio = 1 + a / k / ratio
            mantissa, further = np.frexp(mantissa * ratio)
            exponent = exponent + further
        return np.where(counts > 0, exponent + np.log2(mantissa), 0.0)

    return Remembered(compute)


def _of_two_classes(counts: IntArray) -> FloatArray:
    """Sums C(a, 2), of which 9 sqrt(a) + 2 terms are more than 1e-17 of it; each in order."""
    lengths = np.minimum(counts, np.ceil(9 * np.sqrt(counts)).astype(np.int64) + 2)
    sums, first = np.empty(counts.shape), 0
    order = np.argsort(lengths, kind="stable")[::-1]
    while first < order.size:
        longest = int(lengths[order[first]])
        some = order[first : first + max(1, BLOCK_TERMS // longest)]
        j = np.arange(float(longest))
        # what a shorter sum has beyond its end is too small to change it
        terms = np.multiply.accumulate(1 - j / counts[some, None], axis=1)
        sums[some] = 1 + np.add.accumulate(terms, axis=1)[:, -1]
        first += some.size
    return sums
