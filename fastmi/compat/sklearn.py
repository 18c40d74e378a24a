"""labels, features -> the six mutual-information scores of scikit-learn, in nats: its names and answers, fastmi's counts.

    from fastmi.compat.sklearn import mutual_info_score  # instead of sklearn.metrics

What scikit-learn would refuse or warn about (ragged, mixed or unequal labels, labels that are not whole numbers, options that
do not exist) is put to scikit-learn itself, so errors and warnings are its own; what it takes is counted here. Where the
installed scikit-learn is wrong the answers differ, on purpose: four ways of features are listed at `mutual_info_classif`,
the rounding of little information at `mutual_info_score` and of chance at `adjusted_mutual_info_score`; a given table may
hold counts whose products pass 2^63, and a float32 contingency matrix counts beyond 2^24; NaT is one class in the entropies
too. scikit-learn is imported only where it is asked: for features, for contingency matrices, and for what is not plain.

Labels are read as NumPy reads them, there as here: one list of 1 and "1" holds strings, of 2^53 + 1 and 0.5 floats, a
list's strings lose trailing NULs ("a" and "a\\0" are one label, and two in an array of objects), and a masked array shows
what it hides. What `np.seterr` raises for the caller's own arithmetic is never raised here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from numbers import Integral
from typing import Any, NamedTuple, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

from fastmi import backends
from fastmi.arrays import FloatArray
from fastmi.backends import IntArray

__all__ = [
    "adjusted_mutual_info_score",
    "contingency_matrix",
    "mutual_info_classif",
    "mutual_info_regression",
    "mutual_info_score",
    "normalized_mutual_info_score",
]

AVERAGES = {"min": min, "max": max, "geometric": lambda u, v: math.sqrt(u * v), "arithmetic": lambda u, v: (u + v) / 2}
EPSILON = float(np.finfo(np.float64).eps)
NOISE = 1e-10  # what scikit-learn adds to a continuous column, as a share of its mean magnitude
STRINGS = {str, np.str_}
LONGEST = 4 * 64  # bytes of a string beyond which arrays of them are mostly padding, or their letters too many to number
BLOCK = 2**14  # terms at a time: what stands between them stays in the cache
CROWD = 10_000  # equal values that this noise still separates: there are some 4.5e5 floats to its standard deviation

P = ParamSpec("P")
R = TypeVar("R")


def _theirs(module: str, name: str) -> Any:
    """A function of scikit-learn, imported where it is asked."""
    return getattr(import_module(f"sklearn.{module}"), name)


def _calm(function: Callable[P, R]) -> Callable[P, R]:
    """What `np.seterr` raises for the caller's own arithmetic is no error here, nor in scikit-learn: tiny numbers underflow."""

    @wraps(function)
    def calm(*arguments: P.args, **options: P.kwargs) -> R:
        settings: dict[str, Any] = {kind: "warn" if how == "raise" else how for kind, how in np.geterr().items()}
        settings["under"] = "ignore"
        with np.errstate(**settings):
            return function(*arguments, **options)

    return calm


# --- scores of two labelings ------------------------------------------------------------------------------------------


@_calm
def contingency_matrix(
    labels_true: Any, labels_pred: Any, *, eps: float | None = None, sparse: bool = False, dtype: npt.DTypeLike = np.int64
) -> Any:
    """C[i, j] = how many samples have the i-th label of labels_true and the j-th of labels_pred, labels in sorted order.

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
    original = _theirs("metrics.cluster", "contingency_matrix")
    pair = _pair(labels_true, labels_pred)
    if pair is None:
        return original(labels_true, labels_pred, eps=eps, sparse=sparse, dtype=dtype)
    smallest = original([0], [0], eps=eps, sparse=sparse, dtype=dtype)  # judges the options, and shows the type of a result
    a, b = map(_number, pair)
    small = a.size * b.size <= _room(a.codes.size)
    if not (small and a.ordered and b.ordered):
        a, b = _in_order(a, pair[0]), _in_order(b, pair[1])
    if sparse and not small:
        cells, counts = np.unique(a.codes * b.size + b.codes, return_counts=True)
        return type(smallest)(*_compressed(cells, counts.astype(dtype), (a.size, b.size)))
    table = _without_empty(_tabulate(a, b))
    if sparse:
        cells = np.flatnonzero(table)
        return type(smallest)(*_compressed(cells, table.reshape(-1)[cells].astype(dtype), table.shape))
    table = table.astype(dtype, copy=False)
    return table if eps is None else table + eps


@_calm
def mutual_info_score(labels_true: Any, labels_pred: Any, *, contingency: Any = None) -> float:
    """Mutual information I(A;B) = sum_ij n_ij / n log(n n_ij / (a_i b_j)) of two labelings, in nats.

    To some 1e-15 of itself however small it is, where scikit-learn's terms cancel: two labels among 1e6, each of one sample,
    share 1e-12 nats, of which it keeps three digits. One float for every order of the samples, for every naming of the
    classes, and both ways round; where one labeling is a function of the other, exactly its entropy.

    Args:
        labels_true, labels_pred: (n,) labels: integers, bools, strings, floats.
        contingency: an array or sparse matrix of counts, as `contingency_matrix` gives; the labels are then ignored.

    Returns:
        a float, never negative and never above either entropy.

    Raises:
        ValueError, TypeError: what scikit-learn raises: labels that are not 1-D, of different lengths, not finite, bytes.

    Warns:
        UserWarning: as scikit-learn, labels that are not whole numbers ("expects discrete values").

    Example:
        >>> round(mutual_info_score([0, 1, 1, 0, 1, 0], ["a", "b", "a", "a", "b", "b"]), 4)
        0.0566
    """
    if contingency is None:
        counts = _count("mutual_info_score", labels_true, labels_pred)
    else:
        counts = _count_table(contingency)
        if counts is None or not (_listed(labels_true) and _listed(labels_pred)):
            score = _theirs("metrics.cluster", "mutual_info_score")(labels_true, labels_pred, contingency=contingency)
            counts = counts or score
    return _nats(counts)[0] if isinstance(counts, Counts) else counts


@_calm
def normalized_mutual_info_score(labels_true: Any, labels_pred: Any, *, average_method: str = "arithmetic") -> float:
    """NMI = I(A;B) / mean(H(A), H(B)), between 0 and 1; two labelings of one class each match, and score 1.

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
    counts = _count("normalized_mutual_info_score", labels_true, labels_pred, average_method=average_method)
    if not isinstance(counts, Counts):
        return counts
    nats, h_true, h_pred = _nats(counts)
    if h_true == h_pred == 0:
        return 1.0
    return nats / AVERAGES[average_method](h_true, h_pred) if nats else 0.0


@_calm
def adjusted_mutual_info_score(labels_true: Any, labels_pred: Any, *, average_method: str = "arithmetic") -> float:
    """AMI = (I(A;B) - E) / (mean(H(A), H(B)) - E), E the mean of I over all shuffles of one labeling; 0 is chance, 1 a match.

    E is summed from ratios of hypergeometric probabilities, to some 1e-14 of itself; scikit-learn's, from differences of
    log-factorials, is off by some 1e-13 at n = 100 and 6e-11 at n = 1e6, and it takes a difference below 2e-16 for 2e-16.
    Where one labeling gives every sample a class of its own, E = I and, under the mean that is the other's entropy, the score
    is 0 / 0: 1 here, and there about 1 (1.29 too).

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
    counts = _count("adjusted_mutual_info_score", labels_true, labels_pred, average_method=average_method)
    if not isinstance(counts, Counts):
        return counts
    nats, h_true, h_pred = _nats(counts)
    if h_true == 0 or h_pred == 0:
        return 1.0 if h_true == h_pred else 0.0
    highest, expected = AVERAGES[average_method](h_true, h_pred), _expected_nats(counts.a, counts.b)
    return 1.0 if nats == highest else (nats - expected) / max(highest - expected, EPSILON * highest)


def _count(name: str, labels_true: Any, labels_pred: Any, **options: Any) -> Counts | float:
    """The counts of two labelings, once scikit-learn has judged what is not plain; its own score where nothing is counted."""
    pair = _pair(labels_true, labels_pred)
    average_method = options.get("average_method", "min")
    if pair is not None and isinstance(average_method, str) and average_method in AVERAGES:
        return _count_numbers(*map(_number, pair))
    score = _theirs("metrics.cluster", name)(labels_true, labels_pred, **options)
    arrays = np.asarray(labels_true), np.asarray(labels_pred)
    return _count_table(_theirs("metrics.cluster", "contingency_matrix")(*arrays, sparse=True)) or score


# --- labels -> numbers -> counts --------------------------------------------------------------------------------------


class Numbered(NamedTuple):
    """codes (n,) in 0..size - 1, equal where the labels are; `dense`: each occurs; `ordered`: as the labels are."""

    codes: IntArray
    size: int
    dense: bool
    ordered: bool


class Counts(NamedTuple):
    """The counts of A's classes and of B's, zeros perhaps among them; of every cell that is not empty, and where it lies."""

    a: IntArray
    b: IntArray
    cells: IntArray
    row: IntArray
    column: IntArray


def _listed(labels: Any) -> bool:
    """A container that scikit-learn takes without a word and NumPy reads: no scalar, mask, sparse matrix or tensor."""
    if isinstance(labels, np.ma.MaskedArray):
        return False
    return isinstance(labels, list | tuple | np.ndarray) or hasattr(labels, "to_numpy")


def _pair(labels_true: Any, labels_pred: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]] | None:
    """Both as 1-D arrays of integers, bools or strings, of one length above 0; None: scikit-learn must judge them."""
    a, b = _plain(labels_true), _plain(labels_pred)
    return None if a is None or b is None or len(a) != len(b) else (a, b)


def _plain(labels: Any) -> npt.NDArray[Any] | None:
    if not _listed(labels):
        return None
    if isinstance(labels, list | tuple) and labels and isinstance(labels[0], str) and set(map(type, labels)) <= STRINGS:
        return np.array([name.rstrip("\0") for name in labels], object)  # what NumPy reads, at no cost of the longest for each
    try:
        labels = np.asarray(labels)
    except ValueError:  # a ragged list
        return None
    if labels.ndim != 1 or not labels.size:
        return None
    if labels.dtype.kind == "U":
        return labels if labels.dtype.itemsize <= LONGEST else labels.astype(object)
    if labels.dtype.kind == "O":
        return labels if set(map(type, labels.tolist())) == {str} else None
    return _whole(labels) if labels.dtype.kind == "f" else labels if labels.dtype.kind in "biu" else None


def _whole(values: npt.NDArray[Any]) -> IntArray | None:
    """Whole floats as the integers they are."""
    if not (float(values.min()) >= -(2.0**63) and float(values.max()) < 2.0**63):  # NaN neither
        return None
    integers = values.astype(np.int64)
    return integers if bool((integers == values).all()) else None


def _number(labels: npt.NDArray[Any]) -> Numbered:
    """Integers of a small range by their distance from the lowest; others, and strings, through the engine's table."""
    if labels.dtype.kind == "b":
        labels = labels.view(np.uint8)
    if labels.dtype.kind == "U":
        return _letters(labels)
    if labels.dtype.kind == "O":
        return _names(labels.tolist())
    lowest = labels.min()
    span = int(labels.max()) - int(lowest)
    if span >= _room(labels.size):
        return _identify(labels.astype(np.int64, copy=False))  # uint64 wraps, and stays one to one
    if labels.dtype.itemsize < 8:
        labels = labels.astype(np.int64)
        lowest = np.int64(lowest)
    return Numbered((labels - lowest).astype(np.int64, copy=False), span + 1, dense=False, ordered=True)


def _room(n: int) -> int:
    """The largest table of counts worth a pass: beyond, only the symbols that occur are numbered."""
    return 4 * n + 4096


def _names(labels: list[str]) -> Numbered:
    number = {name: i for i, name in enumerate(dict.fromkeys(labels))}
    codes = np.fromiter(map(number.__getitem__, labels), np.int64, len(labels))
    return Numbered(codes, len(number), dense=True, ordered=False)


def _letters(labels: npt.NDArray[Any]) -> Numbered:
    """Strings by their code points, side by side in one integer: as many as fit, those numbered, the next beside the number."""
    n, width = labels.size, labels.dtype.itemsize // 4
    native = np.ascontiguousarray(labels, labels.dtype.newbyteorder("="))
    letters = native.view(np.uint32).reshape(n, width)
    bits = max(1, int(letters.max()).bit_length())
    codes, room = np.zeros(n, np.int64), 63
    for d in range(width):
        if room < bits:
            codes, size, *_ = _identify(codes)
            room = 63 - (size - 1).bit_length()
        codes <<= bits
        codes |= letters[:, d]
        room -= bits
    return _number(codes)._replace(ordered=False)


def _identify(codes: IntArray) -> Numbered:
    twin = backends.twin_for(codes)
    ids, size = twin.identify(twin.receive(codes))
    return Numbered(np.asarray(ids), size, dense=True, ordered=False)


def _compact(a: Numbered) -> Numbered:
    """Without the numbers that never occur."""
    if a.dense:
        return a
    occurs = np.bincount(a.codes, minlength=a.size) > 0
    renumbered = np.cumsum(occurs) - 1
    return Numbered(renumbered[a.codes], int(renumbered[-1]) + 1, dense=True, ordered=a.ordered)


def _in_order(a: Numbered, labels: npt.NDArray[Any]) -> Numbered:
    """Dense, and numbered as the labels sort."""
    a = _compact(a)
    if a.ordered:
        return a
    sample, rank = np.empty(a.size, np.int64), np.empty(a.size, np.int64)
    sample[a.codes] = np.arange(a.codes.size)  # one with each number
    rank[np.argsort(labels[sample])] = np.arange(a.size)
    return a._replace(codes=rank[a.codes], ordered=True)


def _tabulate(a: Numbered, b: Numbered) -> IntArray:
    """The counts of every pair of numbers, (a.size, b.size)."""
    joint = a.codes * b.size
    joint += b.codes
    return np.bincount(joint, minlength=a.size * b.size).reshape(a.size, b.size)


def _without_empty(table: IntArray) -> IntArray:
    rows, columns = table.any(axis=1), table.any(axis=0)
    return table if rows.all() and columns.all() else table[rows][:, columns]


def _count_numbers(a: Numbered, b: Numbered) -> Counts:
    room = _room(a.codes.size)
    if a.size * b.size > room:
        a, b = _compact(a), _compact(b)
    if a.size * b.size <= room:
        table = _tabulate(a, b)
        cells = np.flatnonzero(table)
        return Counts(table.sum(axis=1), table.sum(axis=0), table.reshape(-1)[cells], *np.divmod(cells, b.size))
    joint = a.codes * b.size + b.codes
    pairs = _identify(joint)
    cells = np.empty(pairs.size, np.int64)
    cells[pairs.codes] = joint  # one with each number
    times_a, times_b, times = (np.bincount(x.codes, minlength=x.size) for x in (a, b, pairs))
    return Counts(times_a, times_b, times, *np.divmod(cells, b.size))


def _compressed(cells: IntArray, counts: npt.NDArray[Any], shape: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    """Cells that are not empty, numbered row by row -> what SciPy builds a CSR matrix from."""
    rows, columns = np.divmod(cells, shape[1])
    return (counts, columns, np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))])), shape


def _count_table(contingency: Any) -> Counts | None:
    """None where the table is none, or holds no distribution: scikit-learn answers that."""
    from scipy.sparse import find

    try:
        accepted = {"accept_sparse": ["csr", "csc", "coo"], "dtype": [int, np.int32, np.int64]}
        table = _theirs("utils", "check_array")(contingency, **accepted)
    except ValueError:
        return None
    row, column, cells = (np.asarray(part, np.int64) for part in find(table))
    if not cells.size or cells.min() < 0:
        return None
    exact = np.int64 if cells.sum(dtype=np.float64) < 2**31 else object  # beyond, products of counts pass 2^63
    cells = cells.astype(exact)
    a, b = (np.zeros(length, exact) for length in table.shape)
    np.add.at(a, row, cells)
    np.add.at(b, column, cells)
    return Counts(a, b, cells, row, column)


# --- counts -> nats ---------------------------------------------------------------------------------------------------


def _nats(counts: Counts) -> tuple[float, float, float]:
    """I(A;B), H(A), H(B): I = sum_ij (n_ij log(n_ij / m_ij) - n_ij + m_ij) / n over all cells, m_ij = a_i b_j / n.

    n_ij and m_ij have one sum, so the last two terms add nothing; but no term is negative, and none hides another however
    small I is. Of the empty cells the sum of m is that of n_ij - m_ij over the others: integers, over n. The terms are added
    in ascending order: one float for every order of samples and classes, and for (A, B) as for (B, A). Where one labeling is
    a function of the other, I is its entropy, exactly.
    """
    n = int(counts.a.sum())
    h_a, h_b = _entropy(counts.a, n), _entropy(counts.b, n)
    if counts.cells.size == np.count_nonzero(counts.b):  # one cell in each column
        return h_a, h_a, h_b
    if counts.cells.size == np.count_nonzero(counts.a):
        return h_b, h_a, h_b
    a, b = counts.a[counts.row], counts.b[counts.column]
    empty = int((counts.cells * n - a * b).sum())
    parts = [slice(first, first + BLOCK) for first in range(0, a.size, BLOCK)]
    terms = np.concatenate([_divergence(counts.cells[part], a[part], b[part], n) for part in parts])
    terms.sort()
    nats = (float(terms.sum()) + empty) / n / n
    return min(nats, h_a, h_b), h_a, h_b


def _entropy(counts: IntArray, n: int) -> float:
    """H = sum_i a_i / n log(n / a_i), each logarithm of 1 + (n - a_i) / a_i: no term is negative, and none is rounded off."""
    times, symbols = _occurrences(counts)
    rest = (n - times).astype(np.float64)
    times = times.astype(np.float64)
    return float((symbols * (times * np.log1p(rest / times))).sum()) / n


def _divergence(k: IntArray, a: IntArray, b: IntArray, n: int) -> FloatArray:
    """n^2 times (k log(k / m) - k + m) / n with m = a b / n: p log(p / q) - p + q of p = n k and q = a b, to some 1e-15 of it.

    d = p - q is exact. Where p and q are near, log(p / q) = 2 artanh v with v = d / (p + q), and of its series the first
    term leaves d v.
    """
    d = (n * k - a * b).astype(np.float64)
    p, q = float(n) * k.astype(np.float64), a.astype(np.float64) * b.astype(np.float64)
    v = d / (p + q)
    square = v * v
    series = np.zeros_like(v)
    for power in range(17, 1, -2):
        series += 1 / power
        series *= square
    near, value = np.abs(v) < 0.1, v * (d + 2 * p * series)
    if near.all():
        return value
    return np.where(near, value, p * np.log1p(np.maximum(d / q, EPSILON - 1)) - d)  # p = 0 leaves q


def _occurrences(counts: IntArray) -> tuple[IntArray, IntArray]:
    """(times, symbols): `symbols` of the counts are `times`, in ascending order."""
    counts = counts[counts > 0]
    if counts.max() > _room(counts.size):
        return np.unique(counts, return_counts=True)
    symbols = np.bincount(counts.astype(np.int64, copy=False))
    times = np.flatnonzero(symbols)
    return times, symbols[times]


# --- the mutual information of chance ---------------------------------------------------------------------------------


def _expected_nats(a: IntArray, b: IntArray) -> float:
    """The mean of I(A;B) over all shuffles: that of every cell's term as in `_nats`, n_ij hypergeometric with mean m.

    Equal margins are summed once. n_ij stays within 9.6 sd + 31 of m: beyond, Bernstein's inequality leaves less than 1e-19
    (it is a sum of independent trials).
    """
    n = int(a.sum())
    (a, times_a), (b, times_b) = sorted(map(_occurrences, (a, b)), key=lambda part: [values.tolist() for values in part])
    a, b, times = np.repeat(a, b.size), np.tile(b, a.size), np.outer(times_a, times_b).reshape(-1)
    mean = a * (b / n)
    reach = 9.6 * np.sqrt(mean * ((n - a) / n) * ((n - b) / max(n - 1, 1))) + 31
    low = np.maximum(np.floor(mean - reach).astype(np.int64), np.maximum(0, a + b - n))
    high = np.minimum(np.ceil(mean + reach).astype(np.int64), np.minimum(a, b))
    order = np.argsort(high - low)[::-1]  # those of one width together
    total, first = 0.0, 0
    while first < order.size:
        width = int((high - low)[order[first]]) + 1
        some = order[first : first + max(1, BLOCK // width)]
        total += float(times[some] @ _expected_divergence(a[some], b[some], n, low[some], high[some], width))
        first += some.size
    return total / n / n


def _expected_divergence(a: IntArray, b: IntArray, n: int, low: IntArray, high: IntArray, width: int) -> FloatArray:
    """The mean of `_divergence` for each pair of margins, (pairs,), from the ratios P(k + 1) / P(k)."""
    a, b, k = a[:, None], b[:, None], low[:, None] + np.arange(width)
    inside = k <= high[:, None]
    step = np.where(k < high[:, None], k, low[:, None])  # beyond the last k any ratio will do
    ratio = (a - step) / (step + 1) * ((b - step) / np.maximum(n - a - b + step + 1, 1))
    log_p = np.cumsum(np.log(np.where(ratio > 0, ratio, 1))[:, :-1], axis=1)
    log_p = np.where(inside, np.pad(log_p, ((0, 0), (1, 0))), -np.inf)
    p = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    return (p * _divergence(k, a, b, n)).sum(axis=1) / p.sum(axis=1)


# --- features against a target ----------------------------------------------------------------------------------------


@_calm
def mutual_info_classif(
    X: Any,
    y: Any,
    *,
    discrete_features: Any = "auto",
    n_neighbors: int = 3,
    copy: bool = True,
    random_state: Any = None,
    n_jobs: int | None = None,
) -> FloatArray:
    """I(X_j; Y) of every feature and a discrete target, in nats: counted, or by nearest neighbours where X_j is continuous.

    Continuous columns go through scikit-learn's own estimator with the noise that `random_state` draws there, so an
    ordinary column has its value bit for bit. Where that noise, 1e-10 of the column's mean magnitude, is not harmless, the
    installed scikit-learn is wrong, and here

    - a constant feature, or target, has zero information: the noise gave it 0.05 nats at n = 2e5, growing with n;
    - a column of few values (n / 100 or fewer, some of them more than 10 000 times) that meets a discrete one is counted
      too: floats are not dense enough for noise to part so many equals (0.034 nats for an independent coin at n = 2e5);
    - a column far from zero (times, identifiers: whole numbers of 1e8 or more, others 1e4 times their range) loses its
      offset first, exactly: the noise is in proportion to it, and 0..9 + 1e12 had nothing left;
    - discrete integers are never cast to floats, which merged neighbours beyond 2^53.

    Args:
        X: (n, d) numbers, or a sparse matrix, all of whose columns are discrete.
        y: (n,) classes.
        discrete_features: "auto" (False, and True for sparse X), a bool, a mask (d,), or indices.
        n_neighbors: k of the nearest-neighbour estimates.
        copy: accepted; X is never overwritten, which False would permit.
        random_state: of the noise; nothing is drawn where nothing is estimated.
        n_jobs: over the columns that are estimated.

    Returns:
        (d,) float64, never negative (float64 too where scikit-learn returns integer zeros).

    Raises, warns: as scikit-learn.

    Source:
        Kraskov, Stögbauer and Grassberger 2004, doi:10.1103/PhysRevE.69.066138; Ross 2014, doi:10.1371/journal.pone.0087357.

    Example:
        >>> mutual_info_classif([[0, 7], [0, 7], [1, 7], [1, 7]], [0, 0, 1, 1], discrete_features=True).round(4)
        array([0.6931, 0.    ])
    """
    original = _theirs("feature_selection", "mutual_info_classif")
    settings = {"n_neighbors": n_neighbors, "copy": copy, "random_state": random_state, "n_jobs": n_jobs}
    checked = _checked(X, y, discrete_features, settings, discrete_target=True)
    if checked is None:
        return original(X, y, discrete_features=discrete_features, **settings)
    X, y, discrete = checked
    classes = _classes(y)
    counted = discrete.copy()
    for j in np.flatnonzero(~discrete).tolist():
        x = _column(X, j)
        counted[j] = _constant(x) or _crowded(x)
    scores = np.zeros(len(discrete))
    if not counted.all():
        matrix = _for_neighbours(X, discrete)
        matrix[:, discrete] = 0  # counted below; they stay so that the noise falls on the others as it would
        scores[:] = 0 if classes.size == 1 else original(matrix, y, discrete_features=discrete, **settings | {"copy": False})
    elif _plain(y) is None or 2 * classes.size > len(y):  # refused, or warned of
        _theirs("utils.multiclass", "check_classification_targets")(y)
    for j in np.flatnonzero(counted).tolist():
        x = _column(X, j)
        labels = _plain(x)
        if discrete[j] and labels is None:
            scores[j] = mutual_info_score(x, y)  # of numbers that are not whole scikit-learn warns
        else:
            scores[j] = _nats(_count_numbers(_classes(x) if labels is None else _number(labels), classes))[0]
    return scores


@_calm
def mutual_info_regression(
    X: Any,
    y: Any,
    *,
    discrete_features: Any = "auto",
    n_neighbors: int = 3,
    copy: bool = True,
    random_state: Any = None,
    n_jobs: int | None = None,
) -> FloatArray:
    """I(X_j; Y) of every feature and a continuous target, in nats, by nearest neighbours.

    Through scikit-learn's own estimator, bit for bit for ordinary columns and targets, and repaired where it is wrong in
    the four ways listed at `mutual_info_classif`, for the target too.

    Args:
        X: (n, d) numbers, or a sparse matrix, all of whose columns are discrete.
        y: (n,) numbers.
        discrete_features, n_neighbors, copy, random_state, n_jobs: as `mutual_info_classif`.

    Returns:
        (d,) float64, never negative.

    Raises, warns: as scikit-learn.

    Source:
        Kraskov, Stögbauer and Grassberger 2004, doi:10.1103/PhysRevE.69.066138; Ross 2014, doi:10.1371/journal.pone.0087357.

    Example:
        >>> mutual_info_regression([[5], [5], [5], [5], [5]], [0.1, 0.7, 0.3, 0.2, 0.9])
        array([0.])
    """
    original = _theirs("feature_selection", "mutual_info_regression")
    settings = {"n_neighbors": n_neighbors, "copy": copy, "random_state": random_state, "n_jobs": n_jobs}
    checked = _checked(X, y, discrete_features, settings, discrete_target=False)
    if checked is None:
        return original(X, y, discrete_features=discrete_features, **settings)
    X, y, discrete = checked
    matrix = _for_neighbours(X, discrete)
    scores = np.array(original(matrix, _near_zero(y), discrete_features=discrete, **settings | {"copy": False}), np.float64)
    classes = _classes(y) if discrete.any() and _crowded(y) else None
    for j in range(len(discrete)):
        x = _column(X, j)
        if discrete[j] and classes is not None:
            scores[j] = _nats(_count_numbers(_classes(x), classes))[0]
        if _constant(x) or _constant(y):
            scores[j] = 0
    return scores


def _checked(
    X: Any, y: Any, discrete_features: Any, settings: dict[str, Any], discrete_target: bool
) -> tuple[Any, npt.NDArray[Any], npt.NDArray[np.bool_]] | None:
    """X (n, d), y (n,) and which features are discrete, (d,), as scikit-learn reads them; None: it must refuse them itself.

    Classes that are strings become numbers: scikit-learn compares all of them with each.
    """
    names = _plain(y) if discrete_target else None
    if names is not None and names.dtype.kind in "UO":
        y = _classes(names).codes
    try:
        X, y = _theirs("utils", "check_X_y")(X, y, accept_sparse="csc", y_numeric=not discrete_target)
        discrete = _discrete(discrete_features, X.shape[1], is_sparse=not isinstance(X, np.ndarray))
    except (TypeError, ValueError, IndexError):
        return None
    if discrete is None or not _possible(**settings) or not (isinstance(X, np.ndarray) or discrete.all()):
        return None
    return X, y, discrete


def _discrete(features: Any, n_features: int, is_sparse: bool) -> npt.NDArray[np.bool_] | None:
    if isinstance(features, str | bool):
        known = isinstance(features, bool) or features == "auto"
        return np.full(n_features, is_sparse if features == "auto" else features) if known else None
    features = np.asarray(features)
    if features.dtype.kind == "b":
        return features if features.shape == (n_features,) else None
    mask = np.zeros(n_features, np.bool_)
    if features.dtype.kind not in "iu" or features.ndim != 1 or not features.size:
        return None
    mask[features] = True
    return mask


def _possible(n_neighbors: Any, copy: Any, random_state: Any, n_jobs: Any) -> bool:
    """Whether scikit-learn would take these; where nothing is estimated it is not asked."""
    seeded = random_state is None or isinstance(random_state, np.random.RandomState)
    seeded = seeded or (isinstance(random_state, Integral) and 0 <= int(random_state) < 2**32)
    counts = isinstance(n_neighbors, Integral) and int(n_neighbors) >= 1 and (n_jobs is None or isinstance(n_jobs, Integral))
    return seeded and counts and isinstance(copy, bool | np.bool_)


def _column(X: Any, j: int) -> npt.NDArray[Any]:
    """Column j of X, an array or a CSC matrix, as a contiguous array (n,)."""
    if isinstance(X, np.ndarray):
        return np.ascontiguousarray(X[:, j])
    column = np.zeros(X.shape[0], X.dtype)
    stored = slice(X.indptr[j], X.indptr[j + 1])
    column[X.indices[stored]] = X.data[stored]
    return column


def _classes(labels: npt.NDArray[Any]) -> Numbered:
    """Any labels or numbers -> dense numbers."""
    plain = _plain(labels)
    return _compact(_number(np.unique(labels, return_inverse=True)[1] if plain is None else plain))


def _constant(column: npt.NDArray[Any]) -> bool:
    return bool((column == column[0]).all())


def _crowded(column: npt.NDArray[Any]) -> bool:
    """Few values, some of them too often for noise to part: to be counted where a nearest neighbour must differ."""
    if column.size <= CROWD:
        return False
    counts = np.unique(column, return_counts=True)[1]
    return bool(counts.max() > CROWD and 100 * counts.size <= column.size)


def _for_neighbours(X: Any, discrete: npt.NDArray[np.bool_]) -> Any:
    """X in floats that keep what its columns say."""
    if not isinstance(X, np.ndarray):
        return X
    matrix = X.astype(np.float64)
    for j in range(X.shape[1]):
        column = _column(X, j)
        if not discrete[j]:
            matrix[:, j] = _near_zero(column)
        elif column.dtype.kind in "iu":
            matrix[:, j] = _classes(column).codes
    return matrix


def _near_zero(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The column without its offset, where noise in proportion to that would blur it; else the column itself.

    Exact: integers are subtracted as integers, and floats less than a factor of two apart differ by a float.
    """
    if column.dtype.kind not in "iuf":
        return column
    lowest, highest = column.min().item(), column.max().item()
    magnitude, span = max(abs(lowest), abs(highest)), highest - lowest
    gap = 1 if column.dtype.kind in "iu" or _whole(column) is not None else span / 1e4
    blurred = NOISE * magnitude > gap / 100 and 2 * span < magnitude
    return (column - column.min()).astype(np.float64) if blurred else column
