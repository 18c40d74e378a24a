"""counts of the pairs (T,Y) -> the jackknifed I(T;Y), its standard error, and what was not seen."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fastmi.contingency import Contingency, Kinds
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


def jackknife(table: Contingency | Kinds) -> Jackknife:
    """Computes the jackknifed I(T;Y) and its standard error in bits.

    A sample of row i and column j has the pseudo-value n I - (n - 1) I_(without it) =
    d(n) + d(k_ij) - d(a_i) - d(b_j), d(x) = x log2 x - (x - 1) log2(x - 1): k_ij samples in the
    cell, a_i in the row, b_j in the column. value is their mean over samples, se^2 = sum_ij k_ij
    (their deviation)^2 / (n (n - 1)): sums over kinds of cells, in ascending order, so that no
    order of samples or labels leaves a trace.

    Args:
        table: T in rows, classes in columns.

    Source:
        Miller 1974, The jackknife: a review, Biometrika 61.
    """
    n, kinds = table.n_samples, table.kinds
    k, samples = kinds.k, kinds.k * kinds.cells
    pseudo = last_term(np.array(n)) + last_term(k) - (last_term(kinds.a) + last_term(kinds.b))
    value = float(np.sort(samples * pseudo).sum()) / n
    squares = samples * (pseudo - value) ** 2
    total = float(np.sort(squares).sum())
    se = float(settle(np.array(math.sqrt(total / n / (n - 1))))) if n > 1 else math.nan
    rare = float(np.sort(squares[k < FEW]).sum()) / total if se > 0 else 0.0
    return Jackknife(float(settle(np.array(value))), se, rare)


def unseen(table: Contingency | Kinds) -> float:
    """Finds by how much one sample more, in a cell that has none, would change I(T;Y), in bits.

    With it n I(T;Y) grows by d(n + 1) - d(a_i + 1) - d(b_j + 1), d as in `jackknife`; the most over
    the empty cells of rows and columns that are not empty, and 0 where no cell is. What a sample
    has not shown may have a share of 1 / n in truth, of which its standard error knows nothing.

    Args:
        table: T in rows, classes in columns.
    """
    n, kinds = table.n_samples, table.kinds
    (_, a, n_rows), (_, b, n_columns), _ = (tally.occurrences for tally in kinds.tallies)
    at = np.searchsorted(a, kinds.a) * b.size + np.searchsorted(b, kinds.b)
    occupied = np.bincount(at, weights=kinds.cells, minlength=a.size * b.size)
    empty = occupied.reshape(a.size, b.size) < np.outer(n_rows, n_columns)
    grown = last_term(np.array(n + 1)) - last_term(a + 1)[:, None] - last_term(b + 1)
    bits = float(information(*map(plugin, kinds.tallies))[0])
    return float(np.abs(grown - bits)[empty].max(initial=0)) / (n + 1)
