"""margins (pairs,) -> means of what two shuffled labelings share: sums over the law of one cell.

A cell's count k is hypergeometric: of n samples a have the one label and b the other.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np

from fastmi.arrays import FloatArray, IntArray
from fastmi.entropies.divergence import BLOCK_TERMS

__all__ = ["Windows", "mean", "mean_log", "weights", "windows"]

Counts: TypeAlias = FloatArray | IntArray
Value: TypeAlias = Callable[[Counts, IntArray], FloatArray]

MANY_PAIRS = 200  # from here on a row of pairs is multiplied at once


class Windows(NamedTuple):
    """Where nearly all of the law of a cell lies: from low to high, around the mode, (pairs,).

    Beyond 9.6 sd + 31 of the mean Bernstein's inequality leaves less than 1e-19.
    """

    low: IntArray
    mode: IntArray
    high: IntArray


def windows(n: IntArray, a: IntArray, b: IntArray) -> Windows:
    """Finds them for margins a, b of n samples, (pairs,) each."""
    mean = a * (b / np.maximum(n, 1))
    reach = 9.6 * np.sqrt(mean * ((n - a) / np.maximum(n, 1)) * ((n - b) / np.maximum(n - 1, 1)))
    least, most = np.maximum(0, a + b - n), np.minimum(a, b)
    mode = np.clip((a + 1) * (b + 1) // (n + 2), least, most)
    low = np.maximum(np.floor(mean - reach).astype(np.int64) - 31, least)
    high = np.minimum(np.ceil(mean + reach).astype(np.int64) + 31, most)
    return Windows(np.minimum(low, mode), mode, np.maximum(high, mode))


def mean_log(n: IntArray, a: IntArray, b: IntArray, reference: FloatArray) -> FloatArray:
    """Averages k log2(k / reference) over k ~ Hypergeometric(n, a, b), (pairs,).

    Args:
        n, a, b, reference: (pairs,).
    """
    n, a, b, reference = np.broadcast_arrays(n, a, b, reference)
    return mean(n, a, b, lambda k, some: _k_log(k, reference[some]))


def mean(n: IntArray, a: IntArray, b: IntArray, value: Value) -> FloatArray:
    """Averages a value over k ~ Hypergeometric(n, a, b), (pairs,).

    The weights are products of the ratios P(k + 1) / P(k) from the mode on, both ways: no
    factorial, whose logarithms would lose digits as n grows. Each sum is added one by one, outwards
    from the mode: the other pairs leave no trace in it.

    Args:
        n, a, b: (pairs,). value: of k (counts, pairs) or (pairs,), and of which pairs.
    """
    window = windows(n, a, b)
    width = window.high - window.low + 1
    order = np.argsort(width, kind="stable")[::-1]  # those of one width together
    means, first = np.empty(a.shape), 0
    while first < order.size:
        some = order[first : first + max(1, BLOCK_TERMS // int(width[order[first]]))]
        block = Windows(*(end[some] for end in window))
        with np.errstate(under="ignore"):  # the ends of a window may weigh less than any float
            means[some] = _mean(n[some], a[some], b[some], block, lambda k, at=some: value(k, at))
        first += some.size
    return means


def _mean(
    n: IntArray,
    a: IntArray,
    b: IntArray,
    window: Windows,
    value: Callable[[Counts], FloatArray],
) -> FloatArray:
    total, sum_ = np.ones(a.shape), value(window.mode)
    for k, weight in weights(n, a, b, window):
        if len(weight):
            total = total + _summed(weight)
            sum_ = sum_ + _summed(weight * value(k))
    return sum_ / total


def _k_log(k: Counts, reference: FloatArray) -> FloatArray:
    return np.asarray(k * np.log2(np.maximum(k, 1) / reference), np.float64)


def _summed(terms: FloatArray) -> FloatArray:
    """Sums over the first axis, one by one; a lone column would be summed by halves."""
    if terms.shape[1] == 1:
        return np.add.accumulate(terms, axis=0)[-1]
    return np.add.reduce(terms, axis=0)


def weights(
    n: IntArray, a: IntArray, b: IntArray, window: Windows
) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """Weighs the counts above the mode and those below it, which itself has weight 1.

    Returns:
        (k, weight), (k, weight): each (most counts on that side, pairs), going away from the mode;
        beyond a window the weight is 0.
    """
    p, q, rest = (margin.astype(np.float64) for margin in (a, b, n - a - b))
    low, mode, high = (end.astype(np.float64) for end in window)
    up = mode + np.arange(float((window.high - window.mode).max()))[:, None]
    ratio = (p - up) / (up + 1) * ((q - up) / np.maximum(rest + up + 1, 1))
    down = mode - np.arange(float((window.mode - window.low).max()))[:, None]
    fall = (down / np.maximum(p - down + 1, 1)) * ((rest + down) / np.maximum(q - down + 1, 1))
    ratio[up >= high], fall[down <= low] = 0, 0
    with np.errstate(under="ignore"):
        return (up + 1, _multiplied(ratio)), (down - 1, _multiplied(fall))


def _multiplied(ratios: FloatArray) -> FloatArray:
    """Multiplies the ratios before and at each place of the first axis, in place."""
    if ratios.shape[1] < MANY_PAIRS:
        return np.multiply.accumulate(ratios, axis=0)
    for before, at in pairwise(ratios):  # the same products, many at a time
        at *= before
    return ratios
