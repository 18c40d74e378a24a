"""tally, class counts -> how far the information under shuffled labels scatters around chance."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from fastmi.arrays import FloatArray, IntArray
from fastmi.belief.hypergeometric import Windows, mean_log, weights, windows
from fastmi.belief.margins import Margin, margin
from fastmi.counting import Tally
from fastmi.entropies import settle

__all__ = ["SD_TERMS", "chance_sd"]

# of the sum for one segment, about 0.15 s; where it has more there is no sd unless asked for
SD_TERMS = 2**22
BLOCK_PAIRS = 2**16  # a pivot and another margin that are summed at a time
LEAST_WEIGHT = 1e-20  # of a pivot's value: what weighs less is left out
RESIDUE = 1e-14  # of a line's terms: a difference of their sums that is less is rounding, and 0


def chance_sd(codes: Tally, class_counts: IntArray, most_terms: int = SD_TERMS) -> FloatArray:
    """Computes the exact sd of the plug-in I(T;Y) over all shuffles of the labels, in bits, (s,).

    The cells k_tb of the table of codes and classes vary, and with them n I, which is sum_tb
    f(k_tb) and a constant: f(k) = k log2(k / m) - k / ln 2, m = a_t b / n (what is linear in k has
    a constant sum). Given one cell, the rest of its row and that of its column are independent, so

        Var(n I) = sum_tb Cov(sum_b' f(k_tb'), sum_t' f(k_t'b)) = sum_tb Cov(S(k_tb), R(k_tb)),

    with S(k) and R(k) the means of these sums given k_tb = k: means over hypergeometric laws, once
    for each pair of distinct counts. Romano et al. sum over pairs of cells.

    It is 0 where every sample is alone with its code, where one code or one class is all there is,
    and wherever else no shuffle changes the information.

    Args:
        codes: a tally of T, s segments. class_counts: (Ky,) the samples of each class.
        most_terms: of the sum for a segment. They grow with the square of the distinct counts.

    Returns:
        (s,), NaN where there are more terms.

    Raises:
        ValueError: the class counts do not add up to the samples of a segment.

    Source:
        Romano, Bailey, Nguyen and Verspoor 2014, Standardized mutual information for clustering
        comparisons, ICML.
    """
    labels = margin(class_counts, codes.n_samples)
    segment, times, symbols = codes.occurrences
    bounds = np.searchsorted(segment, np.arange(codes.n_segments + 1)).tolist()
    return np.array(
        [
            _sd(Margin(times[first:last], symbols[first:last]), labels, most_terms)
            for first, last in pairwise(bounds)
        ]
    )


class _Lines(NamedTuple):
    """The line of the table that each cell lies in: its row, or its column.

    Attributes:
        size: the samples of the line. across: those of the line across, number `at` of the margin
            `others`; each (cells,).
    """

    size: IntArray
    across: IntArray
    at: IntArray
    others: Margin


class _Pivots(NamedTuple):
    """The values that each cell may have, by their probability: cell[v] has k[v]."""

    cell: IntArray
    k: IntArray
    probability: FloatArray


def _sd(rows: Margin, columns: Margin, most_terms: int) -> float:
    n = rows.n_samples
    for labeling in (rows, columns):
        if labeling.times.size == 1 and int(labeling.times[0]) in (1, n):
            return 0.0  # every shuffle gives the same table
    if rows.times.size * columns.times.size * (rows.times.size + columns.times.size) > most_terms:
        return math.nan
    row, column = np.divmod(np.arange(rows.times.size * columns.times.size), columns.times.size)
    a, b = rows.times[row], columns.times[column]
    lines = _Lines(a, b, column, columns), _Lines(b, a, row, rows)
    window = windows(np.full(a.shape, n), a, b)
    if _n_terms(n, window, lines, most_terms) > most_terms:
        return math.nan
    pivots = _pivots(n, a, b, window)
    along, across = (_centred(_given(pivots, n, line), pivots, n, line) for line in lines)
    times = (rows.symbols[row] * columns.symbols[column])[pivots.cell]
    terms = times * pivots.probability * along * across
    return float(settle(np.sqrt(max(float(terms.sum()), 0.0)) / n))


def _n_terms(n: int, window: Windows, lines: tuple[_Lines, _Lines], most_terms: int) -> int:
    """Counts the terms, as if each cell had its mode; where there are surely too many, roughly."""
    width = window.high - window.low + 1
    n_terms = int(width.sum()) * sum(line.others.times.size for line in lines)
    if n_terms > most_terms:
        return n_terms
    n_terms = 0
    for line in lines:
        cell, other = np.nonzero(_others(line.at, line.others))
        drawn, left = (line.size - window.mode)[cell], n - line.across[cell]
        rest = windows(left, drawn, line.others.times[other])
        n_terms += int((width[cell] * (rest.high - rest.low + 1)).sum())
    return n_terms


def _others(at: IntArray, labeling: Margin) -> IntArray:
    """Counts the labels of each size that are not the one of size number `at`, (cells, sizes)."""
    return labeling.symbols - (at[:, None] == np.arange(labeling.times.size))


def _pivots(n: int, a: IntArray, b: IntArray, window: Windows) -> _Pivots:
    sides = weights(np.full(a.shape, n), a, b, window)
    k = np.concatenate([window.mode[None], *(values for values, _ in sides)])
    weight = np.concatenate([np.ones((1, a.size)), *(weighed for _, weighed in sides)])
    probability = weight / weight.sum(axis=0)
    value, cell = np.nonzero(probability > LEAST_WEIGHT)
    return _Pivots(cell, k[value, cell].astype(np.int64), probability[value, cell])


def _given(pivots: _Pivots, n: int, lines: _Lines) -> FloatArray:
    """Sums f over the line of each pivot, in mean given the pivot, (v,).

    Of the size - k other samples of the line each size c takes its share, among n - across.
    """
    size, across, at = (of_cell[pivots.cell] for of_cell in lines[:3])
    sizes, k = lines.others.times, pivots.k
    sums = k * np.log2(np.maximum(k, 1) / (size * (across / n))) - k / math.log(2)
    n_together = max(1, BLOCK_PAIRS // sizes.size)
    for first in range(0, k.size, n_together):
        some = slice(first, first + n_together)
        times = _others(at[some], lines.others)
        pivot, other = np.nonzero(times)
        drawn, left, c = (size - k)[some][pivot], (n - across)[some][pivot], sizes[other]
        means = mean_log(left, drawn, c, size[some][pivot] * (c / n))
        means -= drawn * (c / left) / math.log(2)
        sums[some] += np.bincount(pivot, weights=times[pivot, other] * means, minlength=len(times))
    return sums


def _centred(sums: FloatArray, pivots: _Pivots, n: int, lines: _Lines) -> FloatArray:
    """Subtracts the mean over each cell's values; the rounding of a line's sum is 0."""
    means = np.bincount(pivots.cell, weights=pivots.probability * sums)
    centred = sums - means[pivots.cell]
    rounding = RESIDUE * np.log2(n) * lines.size[pivots.cell]
    return np.where(np.abs(centred) <= rounding, 0.0, centred)
