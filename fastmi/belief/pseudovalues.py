"""counts of the pairs (T,Y) -> the jackknifed I(T;Y), its standard error, and how firm that is."""

from __future__ import annotations

import math

import numpy as np

from fastmi.contingency import Contingency
from fastmi.entropies import settle
from fastmi.entropies.arithmetic import RESIDUE_BITS
from fastmi.entropies.jackknife import last_term

__all__ = ["drift", "jackknife"]


def jackknife(table: Contingency) -> tuple[float, float]:
    """Computes the jackknifed I(T;Y) and its standard error in bits, (value, se).

    A sample of row i and column j has the pseudo-value n I - (n - 1) I_(without it) =
    d(n) + d(k_ij) - d(a_i) - d(b_j), d(x) = x log2 x - (x - 1) log2(x - 1): k_ij samples in the
    cell, a_i in the row, b_j in the column. value is their mean over samples, se^2 = sum_ij k_ij
    (their deviation)^2 / (n (n - 1)): sums over cells, in ascending order, so that no order of
    samples or labels leaves a trace. se of one sample is NaN.

    Args:
        table: T in rows, classes in columns.

    Source:
        Miller 1974, The jackknife: a review, Biometrika 61.
    """
    n, k = table.n_samples, table.counts
    a, b = (np.maximum(counts, 1) for counts in (table.row_counts, table.column_counts))
    alone = last_term(a)[table.rows] + last_term(b)[table.columns]
    pseudo = last_term(np.array(n)) + last_term(k) - alone
    value = float(np.sort(k * pseudo).sum()) / n
    if n == 1:
        return float(settle(np.array(value))), math.nan
    squares = float(np.sort(k * (pseudo - value) ** 2).sum())
    se = math.sqrt(squares / n / (n - 1))
    return float(settle(np.array(value))), float(settle(np.array(se)))


def drift(table: Contingency) -> float:
    """Computes by how much of itself the standard error changes as I(T;Y) moves by one of it.

    The shares p_ij move along the density i_ij = log2(p_ij / (p_i p_j)), as p_ij (1 + s f_ij) with
    f = i - I: that is the shortest way to another I. se = sqrt(v / n), v the mean of f^2, and
    d ln se / d (I / se) = (E[f^3] + (2 / ln 2) (v - v_rows - v_columns)) / (2 sqrt(n) v^(3/2)),
    with v_rows the mean square of the mean of f in a row. Where it is large, value +- z se is not
    what an interval should be: T that tells Y without an error, and classes nearly alike, have an
    se that all but vanishes at the most that I can be. NaN where v is 0.

    Args:
        table: T in rows, classes in columns.
    """
    n, k, (rows, columns) = table.n_samples, table.counts, (table.row_counts, table.column_counts)
    density = np.log2(k / rows[table.rows] * (n / columns[table.columns]))
    f = density - k @ density / n
    v = float(k @ f**2) / n
    if v <= RESIDUE_BITS**2:
        return math.nan
    along = [
        float((np.bincount(place, k * f) ** 2 / np.maximum(margin, 1)).sum()) / n
        for place, margin in ((table.rows, rows), (table.columns, columns))
    ]
    moved = float(k @ f**3) / n + 2 / math.log(2) * (v - sum(along))
    return moved / (2 * math.sqrt(n) * v**1.5)
