"""counts -> terms p log(p/q) - p + q of a divergence, exact even where p is near q."""

from __future__ import annotations

import numpy as np

from fastmi.arrays import FloatArray, IntArray

__all__ = ["BLOCK_TERMS", "divergence"]

EPSILON = float(np.finfo(np.float64).eps)  # from 1 to the next float64
BLOCK_TERMS = 2**14  # at a time: what stands between them stays in the cache


def divergence(k: IntArray, a: IntArray, b: IntArray, n: int) -> FloatArray:
    """Computes n^2 times (k log(k / m) - k + m) / n with m = a b / n, to some 1e-15 of it.

    That is p log(p / q) - p + q of p = n k and q = a b. d = p - q is exact. Where p and q are near,
    log(p / q) = 2 artanh v with v = d / (p + q), and of its series the first term leaves d v.
    """
    d = (n * k - a * b).astype(np.float64)
    p, q = float(n) * k.astype(np.float64), a.astype(np.float64) * b.astype(np.float64)
    v = d / (p + q)
    square = v * v
    series = np.zeros_like(v)
    for power in range(17, 1, -2):
        series += 1 / power
        series *= square
    near, value = np.abs(v) < 0.1, v * (d + 2 * p * series)
    if near.all():
        return value
    return np.where(near, value, p * np.log1p(np.maximum(d / q, EPSILON - 1)) - d)  # p = 0 leaves q
