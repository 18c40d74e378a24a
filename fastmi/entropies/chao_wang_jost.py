"""The entropy read off the rise of the curve of new symbols, which is drawn on beyond n."""

from __future__ import annotations

import math

import numpy as np

from fastmi.arrays import FloatArray
from fastmi.counting import Tally
from fastmi.entropies.arithmetic import settle

__all__ = ["chao_wang_jost", "series"]

NEAR_TERMS, FAR_TERMS = 40, 100  # of the two ways to the series: either leaves less than 1e-14


def chao_wang_jost(tally: Tally) -> FloatArray:
    """Estimates the entropy of every segment from the curve of new symbols, in bits, (s,).

    H = sum_x (c/n) (psi(n) - psi(c)) + (f1/n) sum_k>=1 (1 - A)^k / (n - 1 + k) nats, over counts c,
    f1 of them 1 and f2 of them 2. The first sum is unbiased for the part of H that n samples can
    show, and the second stands for the rest, as though the curve went on as it ends: A = 2 f2 / ((n
    - 1) f1 + 2 f2), or 2 / ((n - 1) (f1 - 1) + 2) if f2 = 0, estimates the chance of what was seen
    once. None where f1 = 0 or A = 1.

    It fails where what was not seen is not like what was seen once: a heavy tail has more of it,
    and the result is too low. With every sample alone it comes to about 2 log2 n - 1 whatever
    the truth. It may exceed log2 n, and a difference of such entropies may be negative or exceed
    both: nothing is clipped.

    Source: Chao, Wang and Jost 2013, Entropy and the species accumulation curve: a novel estimator
    via discovery rates of new species, Methods in Ecology and Evolution 4.
    """
    from scipy.special import digamma

    n, (segment, times, symbols) = tally.n_samples, tally.occurrences
    terms = symbols * (times * (digamma(n) - digamma(times)))
    sums = np.bincount(segment, weights=terms, minlength=tally.n_segments)
    once, twice = tally.singletons, tally.occurring(2)
    a = np.ones(tally.n_segments)
    some, pairs = once > 0, twice > 0
    np.divide(2 * twice, (n - 1) * once + 2 * twice, out=a, where=some & pairs)
    np.divide(2, (n - 1) * (once - 1) + 2, out=a, where=some & ~pairs)
    return settle((sums + once * series(n, a)) / (n * math.log(2)))


def series(n: int, a: FloatArray) -> FloatArray:
    """Sums (1 - a)^k / (n - 1 + k) over k >= 1 for each a in (0, 1], to some 1e-14, (s,).

    It converges by itself only as 1 / a, which may be n^2 terms.
    """
    near, far = n * a < 1, (n * a >= 1) & (a < 1)
    sums = np.zeros_like(a)
    for some, way in ((near, _near), (far, _far)):
        if some.any():
            sums[some] = way(n, a[some])
    return sums


def _near(n: int, a: FloatArray) -> FloatArray:
    """Sums it as a series in a, for n a < 1: the logarithmic case of Gauss's 2F1(1, n; n + 1)."""
    from scipy.special import digamma

    slope = -np.log(a) + (digamma(1) - digamma(n))
    power, sums = np.ones_like(a), slope.copy()
    for j in range(1, NEAR_TERMS):
        power *= (n + j - 1) / j * a
        slope += 1 / j - 1 / (n + j - 1)
        sums += power * slope
    return (1 - a) * sums


def _far(n: int, a: FloatArray) -> FloatArray:
    """Sums it as Gauss's continued fraction of 2F1(1, 1; n + 1) in (1 - a) / a, from its end."""
    x = (1 - a) / a
    rest = np.ones_like(a)  # 1 and what follows
    for k in range(FAR_TERMS, 0, -1):
        share = k * (n + k - 1) / (n + 2 * k - 1)
        rest = 1 + (share / (n + 2 * k - 2)) * x / (1 + (share / (n + 2 * k)) * x / rest)
    return x / n / rest
