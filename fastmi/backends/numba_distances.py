"""The kernels of the measures that compare every sample with every other: sums of Gaussians over all pairs.

Plain functions first (`_name`) and compiled second (`name`), as the kernels of counting.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi.backends.numba_kernels import jit
from fastmi.backends.threads import n_threads, together

__all__ = ["gaussian_sums"]

TILE = 512  # samples compared at a time: what they need stays in the first-level cache
LOWEST = np.float32(-125)  # exponents of 2 below it are 0 in float32
LOG2_E = math.log2(math.e)
# 2^f for f in [-1/2, 1/2], to float32: the first terms of its series in f ln 2
TERMS = tuple(np.float32(math.log(2) ** k / math.factorial(k)) for k in range(8))


def _squares(t, i, first, last, squares):
    """|t_i - t_j|^2 for j in first..last - 1; t is (d, n)."""
    for j in range(last - first):
        squares[j] = 0
    for k in range(t.shape[0]):
        center = t[k, i]
        row = t[k, first:last]
        for j in range(last - first):
            difference = row[j] - center
            squares[j] += difference * difference


def _exponentials(squares, scale, bits, powers, n):
    """exp(-square / (8 s^2)) in float32, as 2^(whole) 2^(rest); `powers` looks at the memory of `bits`."""
    for j in range(n):
        exponent = squares[j] * scale
        exponent = exponent if exponent > LOWEST else LOWEST
        whole = np.int32(exponent - np.float32(0.5))  # towards 0, and so to the nearest or the next
        bits[j] = (whole + np.int32(127)) << np.int32(23)
        f = exponent - np.float32(whole)
        series = TERMS[7]
        series = series * f + TERMS[6]
        series = series * f + TERMS[5]
        series = series * f + TERMS[4]
        series = series * f + TERMS[3]
        series = series * f + TERMS[2]
        series = series * f + TERMS[1]
        series = series * f + TERMS[0]
        squares[j] = series if squares[j] * scale > LOWEST else np.float32(0)
    for j in range(n):
        squares[j] *= powers[j]


def _exponentials_64(squares, scale, n):
    for j in range(n):
        squares[j] = math.exp(squares[j] * scale)


def _add(values, first, last):
    """The sums of the values and of their fourth powers, sixteen at a time."""
    wide = fourth = np.float64(0)
    for begin in range(first, last, 64):
        some_wide = some_fourth = values[0] * 0
        for j in range(begin, min(begin + 64, last)):
            v = values[j]
            squared = v * v
            some_wide += v
            some_fourth += squared * squared
        wide += some_wide
        fourth += some_fourth
    return wide, fourth


def _gaussian_sums(t, starts, ids, rows, scale, squares, bits, powers, out):
    """out[:, i] = sums over all j, then over those of i's class, of exp(-d / 8 s^2), and of exp(-d / 2 s^2)."""
    n = t.shape[1]
    for i in range(rows[0], rows[1]):
        lowest, highest = starts[ids[i]], starts[ids[i] + 1]
        for first in range(0, n, TILE):
            last = min(n, first + TILE)
            squared_distances(t, i, first, last, squares)
            if bits.size:
                exponentials(squares, np.float32(scale), bits, powers, last - first)
            else:
                exponentials_64(squares, scale, last - first)
            wide, fourth = add(squares, 0, last - first)
            out[0, i] += wide
            out[1, i] += fourth
            begin, end = max(lowest, first), min(highest, last)
            if begin < end:
                wide, fourth = (wide, fourth) if end - begin == last - first else add(squares, begin - first, end - first)
                out[2, i] += wide
                out[3, i] += fourth


squared_distances = jit(_squares)
exponentials = jit(_exponentials)
exponentials_64 = jit(_exponentials_64)
add = jit(_add, fastmath={"reassoc", "contract"})
sums = jit(_gaussian_sums)


@np.errstate(all="ignore")  # what is too small is 0
def gaussian_sums(t: npt.NDArray[Any], ids: npt.NDArray[np.int64], n_classes: int, variance: float) -> npt.NDArray[np.float64]:
    """Sums Gaussians of all pairs of samples.

    Args:
        t: (n, d), float32 or float64, in which distances are computed. ids: (n,) the class of each sample, 0..n_classes - 1.
        variance: s^2.

    Returns:
        (4, n): the sums over all j of exp(-|t_i - t_j|^2 / (8 s^2)) and of exp(-|t_i - t_j|^2 / (2 s^2)), and both over the j
        of i's class. Each sum has the term of j = i, which is 1.
    """
    order = np.argsort(ids, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(ids, minlength=n_classes))])
    by_unit = np.ascontiguousarray(t[order].T)
    single = t.dtype == np.float32
    scale = -(LOG2_E if single else 1.0) / (8 * variance)
    out = np.zeros((4, len(t)))
    n_tasks = min(len(t), 4 * n_threads() if n_threads() > 1 else 1)
    bounds = np.linspace(0, len(t), n_tasks + 1).astype(int)
    together(
        [
            partial(_rows, by_unit, starts, ids[order], (int(first), int(last)), scale, single, out)
            for first, last in pairwise(bounds)
        ]
    )
    unsorted = np.empty_like(out)
    unsorted[:, order] = out
    return unsorted


def _rows(t: Any, starts: Any, ids: Any, rows: tuple[int, int], scale: float, single: bool, out: Any) -> None:
    bits = np.empty(TILE if single else 0, np.int32)
    sums(t, starts, ids, rows, scale, np.empty(TILE, t.dtype), bits, bits.view(np.float32), out)
