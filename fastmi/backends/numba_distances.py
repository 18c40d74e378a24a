"""The kernels of the measures that compare every sample with every other: sums of Gaussians over
all pairs.

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
from fastmi.backends.threads import together

__all__ = ["gaussian_sums"]

TILE = 512  # samples compared at a time: what they need stays in the first-level cache
N_PARTS = 8  # of the rows, that threads take in turn
# an exponent of 2 that is next to nothing beside the 1 that every sum has
LOWEST = np.float32(-125)
LOG2_E = math.log2(math.e)
# 2^f for f in [-1/2, 1/2], to float32: the first terms of its series in f ln 2
TERMS = tuple(np.float32(math.log(2) ** k / math.factorial(k)) for k in range(7))


def _squares(t, i, first, last, squares):
    """|t_i - t_j|^2 for j in first..last - 1; t is (d, n)."""
    for j in range(last - first):
        squares[j] = 0
    whole = t.shape[0] // 4 * 4
    # four units a pass: what is stored and loaded again costs more than what is computed
    for k in range(0, whole, 4):
        a, b, c, d = t[k, i], t[k + 1, i], t[k + 2, i], t[k + 3, i]
        row_a, row_b, row_c, row_d = (
            t[k, first:last],
            t[k + 1, first:last],
            t[k + 2, first:last],
            t[k + 3, first:last],
        )
        for j in range(last - first):
            u, v, w, x = row_a[j] - a, row_b[j] - b, row_c[j] - c, row_d[j] - d
            squares[j] += (u * u + v * v) + (w * w + x * x)
    for k in range(whole, t.shape[0]):
        a, row_a = t[k, i], t[k, first:last]
        for j in range(last - first):
            u = row_a[j] - a
            squares[j] += u * u


def _exponentials(squares, scale, bits, powers, n):
    """exp(-square / 8) in float32, as 2^(whole) 2^(rest); `powers` looks at the memory of
    `bits`.
    """
    for j in range(n):
        exponent = squares[j] * scale
        exponent = exponent if exponent > LOWEST else LOWEST
        whole = np.int32(exponent - np.float32(0.5))  # towards 0, and so to the nearest or the next
        bits[j] = (whole + np.int32(127)) << np.int32(23)
        f = exponent - np.float32(whole)
        series = TERMS[6]
        series = series * f + TERMS[5]
        series = series * f + TERMS[4]
        series = series * f + TERMS[3]
        series = series * f + TERMS[2]
        series = series * f + TERMS[1]
        series = series * f + TERMS[0]
        squares[j] = series
    for j in range(n):
        squares[j] *= powers[j]


def _exponentials_64(squares, scale, n):
    for j in range(n):
        squares[j] = math.exp(squares[j] * scale)


def _share(values, wide, fourth):
    """Adds what i and each j share, the values and their fourth powers, to every j; returns their
    sums, for i.
    """
    all_wide = all_fourth = np.float64(0)
    for j in range(values.size):
        v = np.float64(values[j])
        squared = v * v
        wide[j] += v
        fourth[j] += squared * squared
        all_wide += v
        all_fourth += squared * squared
    return all_wide, all_fourth


def _gaussian_sums(t, starts, ids, rows, scale, squares, bits, powers, out):
    """out[:, i] = sums over all j, then over those of i's class, of exp(-d / 8), and of exp(-d /
    2).

    Of the pairs i < j alone, i in rows: each is added to both.
    """
    n = t.shape[1]
    for i in range(rows[0], rows[1]):
        # samples are sorted by class: from i on, those of its class come first
        highest = starts[ids[i] + 1]
        for k in range(4):
            out[k, i] += 1
        for first in range(i + 1, n, TILE):
            last = min(n, first + TILE)
            squared_distances(t, i, first, last, squares)
            if bits.size:
                exponentials(squares, np.float32(scale), bits, powers, last - first)
            else:
                exponentials_64(squares, scale, last - first)
            wide, fourth = share(squares[: last - first], out[0, first:last], out[1, first:last])
            out[0, i] += wide
            out[1, i] += fourth
            end = min(highest, last)
            if first < end:
                wide, fourth = share(squares[: end - first], out[2, first:end], out[3, first:end])
                out[2, i] += wide
                out[3, i] += fourth


squared_distances = jit(_squares, fastmath={"contract", "reassoc"})
exponentials = jit(_exponentials)
exponentials_64 = jit(_exponentials_64)
share = jit(_share, fastmath={"contract", "reassoc"})
sums = jit(_gaussian_sums)


@np.errstate(all="ignore")  # what is too small is 0
def gaussian_sums(
    t: npt.NDArray[Any], ids: npt.NDArray[np.int64], n_classes: int
) -> npt.NDArray[np.float64]:
    """Sums Gaussians of all pairs of samples, of variances 4 and 1: t is in units of the noise.

    Args:
        t: (n, d), float32 or float64, in which distances are computed. ids: (n,) the class of each
            sample, 0..n_classes - 1.

    Returns:
        (4, n): the sums over all j of exp(-|t_i - t_j|^2 / 8) and of exp(-|t_i - t_j|^2 / 2), and
            both over the j of i's
        class. Each sum has the term of j = i, which is 1.
    """
    order = np.argsort(ids, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(ids, minlength=n_classes))])
    by_unit = np.ascontiguousarray(t[order].T)
    single = t.dtype == np.float32
    scale = -(LOG2_E if single else 1.0) / 8
    # whatever the threads: sums have one order
    bounds = np.linspace(0, len(t), min(len(t), N_PARTS) + 1).astype(int)
    tasks = [
        partial(_rows, by_unit, starts, ids[order], (int(first), int(last)), scale, single)
        for first, last in pairwise(bounds)
    ]
    unsorted = np.empty((4, len(t)))
    unsorted[:, order] = np.sum(together(tasks), axis=0)
    return unsorted


def _rows(
    t: Any, starts: Any, ids: Any, rows: tuple[int, int], scale: float, single: bool
) -> npt.NDArray[np.float64]:
    """The pairs whose first is in these rows, (4, n)."""
    out, bits = np.zeros((4, t.shape[1])), np.empty(TILE if single else 0, np.int32)
    sums(t, starts, ids, rows, scale, np.empty(TILE, t.dtype), bits, bits.view(np.float32), out)
    return out
