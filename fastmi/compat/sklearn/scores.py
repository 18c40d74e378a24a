"""two labelings -> the scores of scikit-learn, in nats."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi.arrays import IntArray
from fastmi.belief import expected_information
from fastmi.compat.sklearn.labels import (
    Counts,
    compressed,
    count_numbers,
    count_table,
    in_order,
    listed,
    number,
    pair_of,
    tabulate,
    widest,
    without_empty,
)
from fastmi.compat.sklearn.originals import Sparse, calm, original
from fastmi.counting import counts_of_counts
from fastmi.entropies.divergence import BLOCK_TERMS, divergence

__all__ = [
    "adjusted_mutual_info_score",
    "contingency_matrix",
    "information_of",
    "mutual_info_score",
    "normalized_mutual_info_score",
]

# of two entropies, by the names that scikit-learn gives them
AVERAGES = {
    "min": min,
    "max": max,
    "geometric": lambda u, v: math.sqrt(u * v),
    "arithmetic": lambda u, v: (u + v) / 2,
}
# of the highest score: a smaller difference from chance is rounding
EPSILON_SHARE = float(np.finfo(np.float64).eps)


@calm
def contingency_matrix(
    labels_true: npt.ArrayLike,
    labels_pred: npt.ArrayLike,
    *,
    eps: float | None = None,
    sparse: bool = False,
    dtype: npt.DTypeLike = np.int64,
) -> npt.NDArray[Any] | Sparse:
    """Counts C[i, j] samples of the i-th label of labels_true and the j-th of labels_pred.

    The labels of both stand in sorted order.

    Args:
        labels_true, labels_pred: (n,) labels.
        eps: added to every cell if given; not with sparse.
        sparse: a CSR matrix of the kind scikit-learn is set to return, instead of an array.
        dtype: of the result.

    Returns:
        (n_classes_true, n_classes_pred), the same values and type as scikit-learn's.

    Raises:
        ValueError, TypeError: what scikit-learn raises.

    Example:
        >>> contingency_matrix([0, 0, 1, 1, 2, 2], [1, 0, 2, 1, 0, 2]).tolist()
        [[1, 1, 0], [0, 1, 1], [1, 0, 1]]
    """
    sklearns = original("metrics.cluster", "contingency_matrix")
    pair = pair_of(labels_true, labels_pred)
    if pair is None:
        return sklearns(labels_true, labels_pred, eps=eps, sparse=sparse, dtype=dtype)
    # judges the options, and shows the type of a result
    smallest = sklearns([0], [0], eps=eps, sparse=sparse, dtype=dtype)
    a, b = map(number, pair)
    small = a.size * b.size <= widest(a.codes.size)
    if not (small and a.ordered and b.ordered):
        a, b = in_order(a, pair[0]), in_order(b, pair[1])
    if sparse and not small:
        cells, counts = np.unique(a.codes * b.size + b.codes, return_counts=True)
        return type(smallest)(*compressed(cells, counts.astype(dtype), (a.size, b.size)))
    table = without_empty(tabulate(a, b))
    if sparse:
        cells = np.flatnonzero(table)
        return type(smallest)(
            *compressed(cells, table.reshape(-1)[cells].astype(dtype), table.shape)
        )
    table = table.astype(dtype, copy=False)
    return table if eps is None else table + eps


@calm
def mutual_info_score(
    labels_true: npt.ArrayLike,
    labels_pred: npt.ArrayLike,
    *,
    contingency: npt.ArrayLike | Sparse | None = None,
) -> float:
    """Scores I(A;B) = sum_ij n_ij / n log(n n_ij / (a_i b_j)) of two labelings, in nats.

    To some 1e-15 of itself however small it is, where scikit-learn's terms cancel: two labels among
    1e6, each of one sample, share 1e-12 nats, of which it keeps three digits. One float for every
    order of the samples, for every naming of the classes, and both ways round; where one labeling
    is a function of the other, exactly its entropy.

    Args:
        labels_true, labels_pred: (n,) labels: integers, bools, strings, floats.
        contingency: an array or sparse matrix of counts, as `contingency_matrix` gives; the labels
            are then ignored.

    Returns:
        a float, never negative and never above either entropy.

    Raises:
        ValueError, TypeError: what scikit-learn raises: labels that are not 1-D, of different
            lengths, not finite, bytes.

    Warns:
        UserWarning: as scikit-learn, labels that are not whole numbers ("expects discrete values").

    Example:
        >>> round(mutual_info_score([0, 1, 1, 0, 1, 0], ["a", "b", "a", "a", "b", "b"]), 4)
        0.0566
    """
    if contingency is None:
        counts = _count("mutual_info_score", labels_true, labels_pred)
    else:
        counts = count_table(contingency)
        if counts is None or not (listed(labels_true) and listed(labels_pred)):
            score = original("metrics.cluster", "mutual_info_score")(
                labels_true, labels_pred, contingency=contingency
            )
            counts = counts or score
    return information_of(counts)[0] if isinstance(counts, Counts) else counts


@calm
def normalized_mutual_info_score(
    labels_true: npt.ArrayLike, labels_pred: npt.ArrayLike, *, average_method: str = "arithmetic"
) -> float:
    """Scores NMI = I(A;B) / mean(H(A), H(B)) of two labelings, between 0 and 1.

    Two labelings of one class each match, and score 1.

    Args:
        labels_true, labels_pred: as `mutual_info_score`.
        average_method: the mean: "arithmetic", "geometric", "min" or "max".

    Raises, warns: as `mutual_info_score`.

    Source:
        Vinh, Epps and Bailey 2010, JMLR 11:2837.

    Example:
        >>> normalized_mutual_info_score([0, 0, 1, 1], [1, 1, 0, 0])
        1.0
    """
    counts = _count(
        "normalized_mutual_info_score", labels_true, labels_pred, average_method=average_method
    )
    if not isinstance(counts, Counts):
        return counts
    nats, h_true, h_pred = information_of(counts)
    if h_true == h_pred == 0:
        return 1.0
    return nats / AVERAGES[average_method](h_true, h_pred) if nats else 0.0


@calm
def adjusted_mutual_info_score(
    labels_true: npt.ArrayLike, labels_pred: npt.ArrayLike, *, average_method: str = "arithmetic"
) -> float:
    """Scores AMI = (I(A;B) - E) / (mean(H(A), H(B)) - E) of two labelings: 0 is chance, 1 a match.

    E is the mean of I over all shuffles of one labeling.

    E is summed from ratios of hypergeometric probabilities, to some 1e-14 of itself;
    scikit-learn's, from differences of log-factorials, is off by some 1e-13 at n = 100 and 6e-11 at
    n = 1e6, and it takes a difference below 2e-16 for 2e-16. Where one labeling gives every sample
    a class of its own, E = I and, under the mean that is the other's entropy, the score is 0 / 0: 1
    here, and there about 1 (1.29 too).

    Args:
        labels_true, labels_pred: as `mutual_info_score`.
        average_method: the mean: "arithmetic", "geometric", "min" or "max".

    Raises, warns: as `mutual_info_score`.

    Source:
        Vinh, Epps and Bailey 2009, doi:10.1145/1553374.1553511.

    Example:
        >>> adjusted_mutual_info_score([0, 0, 1, 1], [1, 1, 0, 0])
        1.0
    """
    counts = _count(
        "adjusted_mutual_info_score", labels_true, labels_pred, average_method=average_method
    )
    if not isinstance(counts, Counts):
        return counts
    nats, h_true, h_pred = information_of(counts)
    if h_true == 0 or h_pred == 0:
        return 1.0 if h_true == h_pred else 0.0
    highest = AVERAGES[average_method](h_true, h_pred)
    expected = expected_information(counts.a, counts.b)
    return (
        1.0
        if nats == highest
        else (nats - expected) / max(highest - expected, EPSILON_SHARE * highest)
    )


def _count(name: str, labels_true: Any, labels_pred: Any, **options: Any) -> Counts | float:
    """Counts two labelings, once scikit-learn has judged what is not plain.

    Where nothing is counted it is scikit-learn's own score.
    """
    pair = pair_of(labels_true, labels_pred)
    average_method = options.get("average_method", "min")
    if pair is not None and isinstance(average_method, str) and average_method in AVERAGES:
        return count_numbers(*map(number, pair))
    score = original("metrics.cluster", name)(labels_true, labels_pred, **options)
    arrays = np.asarray(labels_true), np.asarray(labels_pred)
    return (
        count_table(original("metrics.cluster", "contingency_matrix")(*arrays, sparse=True))
        or score
    )


def information_of(counts: Counts) -> tuple[float, float, float]:
    """Sums I(A;B), and H(A) and H(B), in nats.

    I = sum_ij (n_ij log(n_ij / m_ij) - n_ij + m_ij) / n over all cells, m_ij = a_i b_j / n.

    n_ij and m_ij have one sum, so the last two terms add nothing; but no term is negative, and none
    hides another however small I is. Of the empty cells the sum of m is that of n_ij - m_ij over
    the others: integers, over n. The terms are added in ascending order: one float for every order
    of samples and classes, and for (A, B) as for (B, A). Where one labeling is a function of the
    other, I is its entropy, exactly.
    """
    n = int(counts.a.sum())
    h_a, h_b = _entropy(counts.a, n), _entropy(counts.b, n)
    if counts.cells.size == np.count_nonzero(counts.b):  # one cell in each column
        return h_a, h_a, h_b
    if counts.cells.size == np.count_nonzero(counts.a):
        return h_b, h_a, h_b
    a, b = counts.a[counts.row], counts.b[counts.column]
    empty = int((counts.cells * n - a * b).sum())
    blocks = [slice(first, first + BLOCK_TERMS) for first in range(0, a.size, BLOCK_TERMS)]
    terms = np.concatenate([divergence(counts.cells[at], a[at], b[at], n) for at in blocks])
    terms.sort()
    nats = (float(terms.sum()) + empty) / n / n
    return min(nats, h_a, h_b), h_a, h_b


def _entropy(counts: IntArray, n: int) -> float:
    """Sums H = sum_i a_i / n log(n / a_i), in nats.

    Each logarithm is that of 1 + (n - a_i) / a_i: no term is negative, and none is rounded off.
    """
    times, symbols = counts_of_counts(counts)
    rest = (n - times).astype(np.float64)
    times = times.astype(np.float64)
    return float((symbols * (times * np.log1p(rest / times))).sum()) / n
