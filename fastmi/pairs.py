"""tables (n, d) -> the information of every pair of columns: one matrix, and what stands beside."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias, Union

import numpy as np

from fastmi import belief, checks, entropies
from fastmi.arrays import FloatArray, IntArray, LabelsLike
from fastmi.belief.hypergeometric import mean_log
from fastmi.belief.intervals import LEAST_ANYWHERE, LEAST_EXPECTED, LEAST_SHARE
from fastmi.crossing import (
    Table,
    alone_of,
    entropies_of,
    same_samples,
    table_of,
    tallies,
    tally_pairs,
)
from fastmi.inputs import shortened

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["PairwiseInformation", "pairwise_mutual_information"]

BLOCK_COLUMNS = 64  # beside as many others: so many pairs are counted at a time,
BLOCK_ROWS = 2**19  # or fewer, of which there are so many different counts: 12 MiB
BLOCK_COUNTS = 256  # of one margin, whose means beside as many others are computed at a time
PATIENCE_SECONDS = 2  # until a bar says how far it is

Matrix: TypeAlias = Union[FloatArray, "pd.DataFrame"]

NORMALIZERS = {
    "min": np.minimum,
    "max": np.maximum,
    "arithmetic": lambda h_x, h_y: (h_x + h_y) / 2,
    "geometric": lambda h_x, h_y: np.sqrt(h_x * h_y),
}


@dataclass(frozen=True, eq=False, repr=False)
class PairwiseInformation:
    """The plug-in I(X_i;Y_j) of all pairs of columns, and what the same counts say of it.

    A matrix is a DataFrame where X was one, else an array, (d_x, d_y). `bits` is computed at once,
    all others when they are first asked for; for that the columns' codes are kept, one byte a value
    where a column has at most 256 symbols.

    Attributes:
        names: of the rows and of the columns. symmetric: whether X was taken with itself.
    """

    _xs: Table
    _ys: Table
    _bits: FloatArray
    _n: IntArray
    _h: tuple[FloatArray, FloatArray]
    symmetric: bool
    framed: bool

    @property
    def names(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Lists the names of the rows and of the columns; those of an array are numbers."""
        return self._xs.names, self._ys.names

    @property
    def bits(self) -> Matrix:
        """Gives I(X_i;Y_j) in bits; where X is taken with itself the diagonal is H(X_i).

        NaN where no sample has both values.
        """
        return self._matrix(self._bits)

    @property
    def n(self) -> Matrix:
        """Counts the samples of each pair: those that lack neither value."""
        return self._matrix(np.array(self._n))

    @property
    def chance(self) -> Matrix:
        """Gives the exact mean of each pair's plug-in over all shuffles of one column, in bits.

        E = (1/n) sum_ab m_a m_b E[k log2(k n / (a b))]: m_a symbols of X occur a times, and k ~
        Hypergeometric(n, a, b). Equal counts are summed once for all columns. Of the diagonal it is
        that of two independent columns with these counts.

        Source: Vinh, Epps and Bailey 2010, JMLR 11:2837.
        """
        return self._matrix(self._chance)

    @property
    def excess(self) -> Matrix:
        """Subtracts chance from bits: what shuffled columns do not give."""
        return self._matrix(self._bits - self._chance)

    @property
    def pvalues(self) -> Matrix:
        """Tests each pair by G = 2 n ln2 I, which is chi-squared under independence for large n.

        It has (K_x - 1)(K_y - 1) degrees of freedom, for the symbols seen. NaN where the rule for
        it does not hold: were the two independent, at least 80 % of the cells would expect 5
        samples and all of them one; `permutation_test` takes any pair. It is 1 where a column is
        constant, and NaN on the diagonal, where there is nothing to test. For samples that are
        independent of each other.
        """
        return self._matrix(self._pvalues)

    @property
    def pvalues_adjusted(self) -> Matrix:
        """Adjusts the p-values by Benjamini and Yekutieli: those at most a are false to a share a.

        In mean, however the tests hang together; those of pairs with a column in common do. Over
        the m pairs that have a p-value: min over j >= i of p_(j) m (1 + 1/2 + ... + 1/m) / j.

        Source: Benjamini and Yekutieli 2001, Ann. Statist. 29:1165.
        """
        tested = np.isfinite(self._pvalues)
        if self.symmetric:
            tested &= np.triu(np.ones(tested.shape, bool), 1)
        out = np.full(tested.shape, np.nan)
        out[tested] = _yekutieli(self._pvalues[tested])
        return self._matrix(self._mirrored(out))

    def normalized(self, by: str = "min") -> Matrix:
        """Divides the information by a mean of H(X_i) and H(Y_j): 0 to 1, without a unit.

        NaN where it is 0 / 0, beside a constant column. Chance is not subtracted: columns of many
        symbols share much by chance, so it compares no columns of different numbers of symbols.

        Args:
            by: "min", of which it is the share that the one tells of the other; "max", "arithmetic"
                or "geometric", which are 1 only where each tells all of the other.

        Raises:
            ValueError: another mean.
        """
        mean = NORMALIZERS[checks.one_of("by", by, NORMALIZERS)](*self._h)
        out = np.full(self._bits.shape, np.nan)
        np.divide(self._bits, mean, out=out, where=mean > 0)
        return self._matrix(np.minimum(out, 1.0))

    def plot(self, values: str = "bits", ax: Axes | None = None) -> Figure:
        """Draws the matrix as a heat map, columns that tell of each other side by side.

        They are ordered by average linkage of 1 - I / min(H_i, H_j). The diagonal is left blank.

        Args:
            values: "bits", "excess" or "normalized". ax: axes to draw in; None makes a figure.

        Raises:
            ValueError: other values.
        """
        from fastmi import heatmaps

        checks.one_of("values", values, ("bits", "excess", "normalized"))
        matrix = {
            "bits": lambda: self._bits,
            "excess": lambda: self._bits - self._chance,
            "normalized": lambda: np.asarray(self.normalized()),
        }[values]()
        near = np.nan_to_num(np.asarray(self.normalized()))
        rows = heatmaps.clustered(near, self.symmetric)
        columns = rows if self.symmetric else heatmaps.clustered(near.T, False)
        label = {
            "bits": "I (bits)",
            "excess": "I above chance (bits)",
            "normalized": "I / min(H, H)",
        }[values]
        return heatmaps.heat_map(
            matrix,
            [list(map(str, names)) for names in self.names],
            (rows, columns),
            label,
            symmetric=self.symmetric,
            ax=ax,
        )

    def __repr__(self) -> str:
        d_x, d_y = self._bits.shape
        n = np.unique(self._n)
        samples = f"{n[0]:,}" if n.size == 1 else f"{n[0]:,} to {n[-1]:,}"
        off = self._bits[~np.eye(d_x, dtype=bool)] if self.symmetric else self._bits
        most = "" if not np.isfinite(off).any() else f", at most {np.nanmax(off):.4g} bits"
        return shortened(f"PairwiseInformation {d_x} x {d_y} columns, n = {samples}{most}")

    # --- what is computed when it is asked for ----------------------------------------------------

    @cached_property
    def _chance(self) -> FloatArray:
        out = _chance_of_complete(self._xs, self._ys)
        lacks = self._xs.lacks[:, None] | self._ys.lacks
        for block in self._blocks():
            some = block[lacks[block[:, 0], block[:, 1]]]
            if len(some):
                out[some[:, 0], some[:, 1]] = _chance_of_some(self._xs, self._ys, some)
        return self._mirrored(out)

    @cached_property
    def _pvalues(self) -> FloatArray:
        from scipy.special import gammaincc

        held, freedom = np.zeros(self._bits.shape, bool), np.zeros(self._bits.shape)
        for block in self._blocks():
            at = block[:, 0], block[:, 1]
            held[at], freedom[at] = _rule(self._xs, self._ys, block)
        statistic = self._n * math.log(2) * np.nan_to_num(self._bits)  # G / 2
        p = np.where(held, gammaincc(np.maximum(freedom, 1) / 2, statistic), np.nan)
        p = self._mirrored(np.where((freedom == 0) & (self._n > 0), 1.0, p))
        if self.symmetric:
            np.fill_diagonal(p, np.nan)
        return p

    def _blocks(self) -> Iterator[IntArray]:
        return _shown(_blocks(self._xs, self._ys, self.symmetric), self._bits.shape, self.symmetric)

    def _mirrored(self, matrix: FloatArray) -> FloatArray:
        """Makes the lower triangle what the upper one is."""
        if not self.symmetric:
            return matrix
        upper = np.triu(matrix)
        return np.where(np.tri(len(matrix), k=-1, dtype=bool), upper.T, upper)

    def _matrix(self, values: Any) -> Any:
        if not self.framed:
            return values
        import pandas as pd

        return pd.DataFrame(values, index=list(self._xs.names), columns=list(self._ys.names))


def pairwise_mutual_information(
    X: LabelsLike, Y: LabelsLike | None = None, *, missing: str = "raise"
) -> PairwiseInformation:
    """Estimates I(X_i;Y_j) of all pairs of columns of discrete tables, in bits, by the plug-in.

    Each is the float that `mutual_information(X[:, i], Y[:, j])` gives, to the last bit; a matrix
    of X with itself is symmetric to the last bit, and its diagonal is H(X_i).

    Beside the answer it holds the columns as codes, one byte a value where columns have at most 256
    symbols (two up to 65,536, else four), and while it counts at most 64 MiB a thread at a million
    samples. A bar on stderr says how far it is where it takes longer than two seconds.

    Args:
        X: (n, d) labels: a DataFrame of pandas (the matrices are then DataFrames, too), a table of
            polars or pyarrow, an array, a tensor, a list of rows. Each column is a variable of its
            own. Y: another table of the same samples; None takes X with itself.
        missing: what becomes of missing values: "raise" refuses them, "symbol" makes them one label
            of their column, "drop" leaves out, for each pair, the samples that lack either value.

    Returns:
        a record: bits, n, chance, excess, pvalues, pvalues_adjusted, normalized(by), plot().

    Raises:
        TypeError, ValueError: as `mutual_information`, of a column that is named; different
            lengths; more than two axes.

    Example:
        >>> import fastmi
        >>> fastmi.pairwise_mutual_information([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]).bits
        array([[1., 0., 0.],
               [0., 1., 0.],
               [0., 0., 0.]])
    """
    xs = table_of("X", X, missing)
    ys = xs if Y is None else table_of("Y", Y, missing)
    same_samples(X=xs.columns.codes.T, Y=ys.columns.codes.T)
    shape, symmetric = (xs.n_columns, ys.n_columns), Y is None
    whole = not (xs.lacks.any() or ys.lacks.any())
    alone_x = alone_of(xs)
    alone_y = alone_x if symmetric else alone_of(ys)
    bits, n = np.empty(shape), np.broadcast_to(np.int64(xs.n_samples), shape)
    h_x, h_y = np.broadcast_to(alone_x[:, None], shape), np.broadcast_to(alone_y, shape)
    if not whole:
        n, h_x, h_y = np.array(n), np.array(h_x), np.array(h_y)
    for block in _shown(_blocks(xs, ys, symmetric), shape, symmetric):
        i, j = block.T
        found = entropies_of(xs, ys, block, (alone_x, alone_y))
        bits[i, j] = entropies.information(found.h_x, found.h_y, found.h_xy)
        if symmetric:
            bits[j, i] = bits[i, j]
        if not whole:
            n[i, j], h_x[i, j], h_y[i, j] = found[:3]
            if symmetric:
                n[j, i], h_x[j, i], h_y[j, i] = found.n, found.h_y, found.h_x
    return PairwiseInformation(xs, ys, bits, n, (h_x, h_y), symmetric, _is_frame(X))


def _is_frame(given: Any) -> bool:
    kind = type(given)
    return kind.__module__.partition(".")[0] == "pandas" and hasattr(given, "columns")


def _blocks(xs: Table, ys: Table, symmetric: bool) -> Iterator[IntArray]:
    """Cuts all pairs into blocks of few columns, (p, 2) each; symmetric: those with i <= j."""
    d_x, d_y = xs.n_columns, ys.n_columns
    cells = int(xs.columns.sizes.max()) * int(ys.columns.sizes.max())
    rows = 3 * min(cells, math.isqrt(2 * xs.n_samples) + 1)  # of a pair and both margins
    side = max(1, min(BLOCK_COLUMNS, math.isqrt(BLOCK_ROWS // rows)))
    for first in range(0, d_x, side):
        for second in range(first if symmetric else 0, d_y, side):
            i, j = np.meshgrid(
                np.arange(first, min(d_x, first + side)),
                np.arange(second, min(d_y, second + side)),
                indexing="ij",
            )
            pairs = np.stack([i.reshape(-1), j.reshape(-1)], axis=1)
            yield pairs[pairs[:, 0] <= pairs[:, 1]] if symmetric else pairs


def _shown(
    blocks: Iterator[IntArray], shape: tuple[int, int], symmetric: bool
) -> Iterator[IntArray]:
    """Shows on stderr how far it is, where it takes long."""
    from tqdm import tqdm

    d_x, d_y = shape
    total = d_x * (d_x + 1) // 2 if symmetric else d_x * d_y
    with tqdm(total=total, unit=" pairs", delay=PATIENCE_SECONDS, leave=False, disable=None) as bar:
        for block in blocks:
            yield block
            bar.update(len(block))


# --- chance ---------------------------------------------------------------------------------------


def _chance_of_complete(xs: Table, ys: Table) -> FloatArray:
    """Averages over shuffles, of columns as if none lacked a value, (d_x, d_y).

    (1/n) M_x G M_y^T: G the means of distinct counts, M how many symbols of a column have each.
    """
    n = xs.n_samples
    (of_x, a, m_a), (of_y, b, m_b) = tallies(xs), tallies(ys)
    counts_a, at_a = np.unique(a, return_inverse=True)
    counts_b, at_b = np.unique(b, return_inverse=True)
    out = np.zeros((xs.n_columns, ys.n_columns))
    for first in range(0, counts_a.size, BLOCK_COUNTS):
        some_a = counts_a[first : first + BLOCK_COUNTS]
        left = _spread(of_x, at_a - first, m_a, (xs.n_columns, some_a.size))
        for second in range(0, counts_b.size, BLOCK_COUNTS):
            some_b = counts_b[second : second + BLOCK_COUNTS]
            right = _spread(of_y, at_b - second, m_b, (ys.n_columns, some_b.size))
            out += left @ _means(n, some_a, some_b) @ right.T
    return np.asarray(entropies.settle(out / n))


def _means(n: int, a: IntArray, b: IntArray) -> FloatArray:
    """Averages k log2(k n / (a b)) for each pair of counts, (a, b)."""
    rows, columns = np.repeat(a, b.size), np.tile(b, a.size)
    means = mean_log(np.full(rows.shape, n), rows, columns, rows * (columns / n))
    return means.reshape(a.size, b.size)


def _spread(
    column: IntArray, at: IntArray, symbols: IntArray, shape: tuple[int, int]
) -> FloatArray:
    matrix = np.zeros(shape)
    inside = (at >= 0) & (at < shape[1])
    matrix[column[inside], at[inside]] = symbols[inside]
    return matrix


def _chance_of_some(xs: Table, ys: Table, pairs: IntArray) -> FloatArray:
    """Averages over shuffles of the samples that lack neither value, pair by pair, (p,)."""
    margins = _margins(xs, ys, pairs)
    nats = [belief.expected_information(a, b) if a.size else math.nan for a, b in margins]
    return np.asarray(entropies.settle(np.array(nats) / math.log(2)))


def _margins(xs: Table, ys: Table, pairs: IntArray) -> list[tuple[IntArray, IntArray]]:
    """Counts the symbols of either column of each pair, among the samples that lack neither."""
    segment, times, symbols = tally_pairs(xs, ys, pairs, apart=True)
    ends = np.searchsorted(segment, np.arange(3 * len(pairs) + 1))
    counts = [
        np.repeat(times[first:last], symbols[first:last]) for first, last in pairwise(ends.tolist())
    ]
    return list(zip(counts[len(pairs) : 2 * len(pairs)], counts[2 * len(pairs) :], strict=True))


# --- p-values -------------------------------------------------------------------------------------


def _rule(xs: Table, ys: Table, pairs: IntArray) -> tuple[Any, IntArray]:
    """Tells whether G is near chi-squared, and its degrees of freedom, of each pair."""
    margins = _margins(xs, ys, pairs)
    return (
        np.array([_expects_enough(a, b) for a, b in margins]),
        np.array([max(a.size - 1, 0) * max(b.size - 1, 0) for a, b in margins]),
    )


def _expects_enough(a: IntArray, b: IntArray) -> bool:
    if not a.size:
        return False
    n = int(a.sum())
    if int(a.min()) * int(b.min()) < LEAST_ANYWHERE * n:
        return False
    return bool((np.multiply.outer(a, b) >= LEAST_EXPECTED * n).mean() >= LEAST_SHARE)


def _yekutieli(p: FloatArray) -> FloatArray:
    """Adjusts p-values (m,) for the rate of false discoveries."""
    m = p.size
    order = np.argsort(p, kind="stable")
    factor = m * (1 / np.arange(1, m + 1)).sum() if m else 0.0
    scaled = p[order] * factor / np.arange(1, m + 1)
    adjusted = np.minimum.accumulate(scaled[::-1])[::-1]
    out = np.empty(m)
    out[order] = np.minimum(adjusted, 1.0)
    return out
