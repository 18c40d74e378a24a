"""counts of the pairs (T,Y) -> the jackknifed I(T;Y), its standard error, and what was not seen."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fastmi.contingency import Contingency
from fastmi.entropies import information, plugin, settle
from fastmi.entropies.jackknife import last_term

__all__ = ["FEW", "Jackknife", "jackknife", "unseen"]

FEW = 5  # samples: of a cell with fewer it is chance how many it has


class Jackknife(NamedTuple):
    """The jackknifed information of a table, in bits.

    Attributes:
        value: of I(T;Y). se: its standard error; NaN of one sample. rare: the share of se^2 that
            comes from cells with fewer than `FEW` samples; 0 where se is.
    """

    value: float
    se: float
    rare: float


def jackknife(table: Contingency) -> Jackknife:
    """Computes the jackknifed I(T;Y) and its standard error in bits.

    A sample of row i and column j has the pseudo-value n I - (n - 1) I_(without it) =
    d(n) + d(k_ij) - d(a_i) - d(b_j), d(x) = x log2 x - (x - 1) log2(x - 1): k_ij samples in the
    cell, a_i in the row, b_j in the column. value is their mean over samples, se^2 = sum_ij k_ij
    (their deviation)^2 / (n (n - 1)): sums over cells, in ascending order, so that no order of
    samples or labels leaves a trace.

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
    squares = k * (pseudo - value) ** 2
    total = float(np.sort(squares).sum())
    se = float(settle(np.array(math.sqrt(total / n / (n - 1))))) if n > 1 else math.nan
    rare = float(np.sort(squares[k < FEW]).sum()) / total if se > 0 else 0.0
    return Jackknife(float(settle(np.array(value))), se, rare)


def unseen(table: Contingency) -> float:
    """Finds by how much one sample more, in a cell that has none, would change I(T;Y), in bits.

    With it n I(T;Y) grows by d(n + 1) - d(a_i + 1) - d(b_j + 1), d as in `jackknife`; the most over
    the empty cells of rows and columns that are not empty, and 0 where no cell is. What a sample
    has not shown may have a share of 1 / n in truth, of which its standard error knows nothing.

    Args:
        table: T in rows, classes in columns.
    """
    n, rows, columns = (
        table.n_samples,
        *map(np.flatnonzero, (table.row_counts, table.column_counts)),
    )
    empty = np.ones((rows.size, columns.size), bool)
    empty[np.searchsorted(rows, table.rows), np.searchsorted(columns, table.columns)] = False
    a, b = table.row_counts[rows], table.column_counts[columns]
    grown = last_term(np.array(n + 1)) - last_term(a + 1)[:, None] - last_term(b + 1)
    bits = float(information(*map(plugin, table.tallies))[0])
    return float(np.abs(grown - bits)[empty].max(initial=0)) / (n + 1)
