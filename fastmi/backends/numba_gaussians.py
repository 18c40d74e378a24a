"""The kernels of the measures that compare all samples: sums of Gaussians over all pairs.

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

FloatArray = npt.NDArray[np.float64]

# that two are compared with at a time: they stay in the first-level cache
TILE_SAMPLES = 512
N_PARTS = 8  # of the rows, that threads take in turn
# of 2: next to nothing beside the 1 that every sum has
LOWEST_EXPONENT = np.float32(-125)
LOG2_E = math.log2(math.e)
# 2^f for f in [-1/2, 1/2], to float32: the first terms of its series in f ln 2
TERMS = tuple(np.float32(math.log(2) ** k / math.factorial(k)) for k in range(7))
SUMMED = {
    "contract",
    "reassoc",
}  # what a compiler may do with a sum, so that it adds several at once


def _squares_of_two(t, i, k, first, last, squares_i, squares_k):
    """|t_i - t_j|^2 and |t_k - t_j|^2 for j in first..last - 1; t is (d, n).

    What is loaded and stored costs more than what is computed: so two samples share what is loaded,
    and four units what is stored.
    """
    n = last - first
    squares_i[:n] = 0
    squares_k[:n] = 0
    in_fours = t.shape[0] // 4 * 4
    for u in range(0, in_fours, 4):
        a, b, c, d = t[u, i], t[u + 1, i], t[u + 2, i], t[u + 3, i]
        e, f, g, h = t[u, k], t[u + 1, k], t[u + 2, k], t[u + 3, k]
        row_0, row_1 = t[u, first:last], t[u + 1, first:last]
        row_2, row_3 = t[u + 2, first:last], t[u + 3, first:last]
        for j in range(n):
            p, q, r, s = row_0[j] - a, row_1[j] - b, row_2[j] - c, row_3[j] - d
            squares_i[j] += (p * p + q * q) + (r * r + s * s)
            p, q, r, s = row_0[j] - e, row_1[j] - f, row_2[j] - g, row_3[j] - h
            squares_k[j] += (p * p + q * q) + (r * r + s * s)
    for u in range(in_fours, t.shape[0]):
        a, e, row = t[u, i], t[u, k], t[u, first:last]
        for j in range(n):
            p, q = row[j] - a, row[j] - e
            squares_i[j] += p * p
            squares_k[j] += q * q


def _exponentials(squares, scale, n):
    """exp(-square / 8) in float32, as 2^whole 2^rest; a whole power of 2 is made of its bits."""
    for j in range(n):
        exponent = squares[j] * scale
        exponent = exponent if exponent > LOWEST_EXPONENT else LOWEST_EXPONENT
        whole = np.int32(exponent - np.float32(0.5))  # towards 0, and so to the nearest or the next
        f = exponent - np.float32(whole)
        series = TERMS[6]
        series = series * f + TERMS[5]
        series = series * f + TERMS[4]
        series = series * f + TERMS[3]
        series = series * f + TERMS[2]
        series = series * f + TERMS[1]
        series = series * f + TERMS[0]
        power = np.int32((whole + np.int32(127)) << np.int32(23)).view(np.float32)
        squares[j] = series * power


def _exponentials_64(squares, scale, n):
    for j in range(n):
        squares[j] = math.exp(squares[j] * scale)


def _share_of_two(values_i, values_k, wide, fourth):
    """Adds what i and k share with each j, the values and their fourth powers, to every j.

    Returns their sums, for i and for k.
    """
    wide_i = fourth_i = wide_k = fourth_k = np.float64(0)
    for j in range(values_i.size):
        v, w = np.float64(values_i[j]), np.float64(values_k[j])
        v_2, w_2 = v * v, w * w
        v_4, w_4 = v_2 * v_2, w_2 * w_2
        wide[j] += v + w
        fourth[j] += v_4 + w_4
        wide_i += v
        wide_k += w
        fourth_i += v_4
        fourth_k += w_4
    return wide_i, fourth_i, wide_k, fourth_k


def _compare(t, i, k, first, last, single, scale, squares_i, squares_k, out):
    """Adds the Gaussians of the pairs (i, j) and (k, j), j in first..last - 1, to all three.

    out is (2, n); k = i stands for no second sample.
    """
    for begin in range(first, last, TILE_SAMPLES):
        end = min(last, begin + TILE_SAMPLES)
        n = end - begin
        squares_of_two(t, i, k, begin, end, squares_i, squares_k)
        if single:
            exponentials(squares_i, np.float32(scale), n)
            exponentials(squares_k, np.float32(scale), n)
        else:
            exponentials_64(squares_i, scale, n)
            exponentials_64(squares_k, scale, n)
        if k == i:
            squares_k[:n] = 0
        wide_i, fourth_i, wide_k, fourth_k = share_of_two(
            squares_i[:n], squares_k[:n], out[0, begin:end], out[1, begin:end]
        )
        out[0, i] += wide_i
        out[1, i] += fourth_i
        out[0, k] += wide_k
        out[1, k] += fourth_k


def _gaussian_sums(t, ends, rows, single, scale, squares_i, squares_k, others, same_class):
    """Sums exp(-d / 8) and exp(-d / 2) over the j of other classes, and of i's, (2, n) each.

    Of the pairs i < j alone, i in rows: each is added to both. Samples are sorted by class: from i
    to ends[i] they are of its own.
    """
    n = t.shape[1]
    i = rows[0]
    while i < rows[1]:
        k = i + 1 if i + 1 < min(rows[1], ends[i]) else i  # two samples of one class, or the last
        for sample in range(i, k + 1):
            same_class[:, sample] += 1
        if k > i:
            compare(t, i, i, k, k + 1, single, scale, squares_i, squares_k, same_class)
        compare(t, i, k, k + 1, ends[i], single, scale, squares_i, squares_k, same_class)
        compare(t, i, k, ends[i], n, single, scale, squares_i, squares_k, others)
        i = k + 1


squares_of_two = jit(_squares_of_two, fastmath=SUMMED)
exponentials = jit(_exponentials, fastmath={"contract"})
exponentials_64 = jit(_exponentials_64)
share_of_two = jit(_share_of_two, fastmath=SUMMED)
compare = jit(_compare)
sums = jit(_gaussian_sums)


@np.errstate(all="ignore")  # what is too small is 0
def gaussian_sums(t: npt.NDArray[Any], ids: npt.NDArray[np.int64], n_classes: int) -> FloatArray:
    """Sums Gaussians of all pairs of samples, of variances 4 and 1: t is in units of the noise.

    Args:
        t: (n, d), float32 or float64, in which distances are computed. ids: (n,) the class of each
            sample, 0..n_classes - 1.

    Returns:
        (4, n): the sums over all j of exp(-|t_i - t_j|^2 / 8) and of exp(-|t_i - t_j|^2 / 2), and
            both over the j of i's class. Each sum has the term of j = i, which is 1.
    """
    order = np.argsort(ids, kind="stable")
    sizes = np.bincount(ids, minlength=n_classes)
    ends = np.repeat(np.cumsum(sizes), sizes)
    by_unit = np.ascontiguousarray(t[order].T)
    # whatever the threads: sums have one order
    bounds = np.linspace(0, len(t), min(len(t), N_PARTS) + 1).astype(int)
    tasks = [partial(_rows, by_unit, ends, (int(i), int(j))) for i, j in pairwise(bounds)]
    others, same_class = np.sum(together(tasks), axis=0)
    unsorted = np.empty((4, len(t)))
    unsorted[:, order] = np.concatenate([others + same_class, same_class])
    return unsorted


def _rows(t: Any, ends: Any, rows: tuple[int, int]) -> FloatArray:
    """Sums over pairs whose first is in these rows: of other classes, of its own, (2, 2, n)."""
    out = np.zeros((2, 2, t.shape[1]))
    single = t.dtype == np.float32
    scale = -(LOG2_E if single else 1.0) / 8
    squares = np.empty(TILE_SAMPLES, t.dtype), np.empty(TILE_SAMPLES, t.dtype)
    sums(t, ends, rows, single, scale, *squares, *out)
    return out
