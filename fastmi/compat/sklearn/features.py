"""features, a target -> scikit-learn's scores, repaired where its noise is not harmless.

What can be counted is counted; the rest is estimated by scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from fastmi.arrays import FloatArray
from fastmi.compat.sklearn.labels import (
    Numbered,
    compact,
    count_numbers,
    number,
    plain_labels,
    whole,
)
from fastmi.compat.sklearn.originals import Sparse, calm, original
from fastmi.compat.sklearn.scores import information_of, mutual_info_score

__all__ = ["mutual_info_classif", "mutual_info_regression"]

Estimate: TypeAlias = Callable[[Any, npt.NDArray[Any]], FloatArray]

# what scikit-learn adds to a continuous column, as a share of its mean magnitude
NOISE_SHARE = 1e-10
# equal values that this noise still separates: there are some 4.5e5 floats to its standard
# deviation
CROWD_SAMPLES = 10_000


@calm
def mutual_info_classif(
    X: npt.ArrayLike | Sparse,
    y: npt.ArrayLike,
    *,
    discrete_features: npt.ArrayLike = "auto",
    n_neighbors: int = 3,
    copy: bool = True,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
) -> FloatArray:
    """Scores I(X_j; Y) of every feature and a discrete target, in nats.

    It is counted, or estimated by nearest neighbours where X_j is continuous.

    Continuous columns go through scikit-learn's own estimator with the noise that `random_state`
    draws there, so an ordinary column has its value bit for bit. Where that noise, 1e-10 of the
    column's mean magnitude, is not harmless, the installed scikit-learn is wrong, and here

    - a constant feature, or target, has zero information: the noise gave it 0.05 nats at n = 2e5,
      growing with n;
    - a column of few values (n / 100 or fewer, some of them more than 10 000 times) that meets a
      discrete one is counted too: floats are not dense enough for noise to part so many equals
      (0.034 nats for an independent coin at n = 2e5);
    - a column far from zero (times, identifiers: whole numbers of 1e8 or more, others 1e4 times
      their range) loses its offset first, exactly: the noise is in proportion to it, and 0..9 +
      1e12 had nothing left;
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
        Kraskov, Stögbauer and Grassberger 2004, doi:10.1103/PhysRevE.69.066138; Ross 2014,
        doi:10.1371/journal.pone.0087357.

    Example:
        >>> x, y = [[0, 7], [0, 7], [1, 7], [1, 7]], [0, 0, 1, 1]
        >>> mutual_info_classif(x, y, discrete_features=True).round(4)
        array([0.6931, 0.    ])
    """
    return _scored(
        X,
        y,
        discrete_features,
        discrete_target=True,
        n_neighbors=n_neighbors,
        copy=copy,
        random_state=random_state,
        n_jobs=n_jobs,
    )


@calm
def mutual_info_regression(
    X: npt.ArrayLike | Sparse,
    y: npt.ArrayLike,
    *,
    discrete_features: npt.ArrayLike = "auto",
    n_neighbors: int = 3,
    copy: bool = True,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
) -> FloatArray:
    """Scores I(X_j; Y) of every feature and a continuous target, in nats, by nearest neighbours.

    Through scikit-learn's own estimator, bit for bit for ordinary columns and targets, and repaired
    where it is wrong in the four ways listed at `mutual_info_classif`, for the target too.

    Args:
        X: (n, d) numbers, or a sparse matrix, all of whose columns are discrete.
        y: (n,) numbers.
        discrete_features, n_neighbors, copy, random_state, n_jobs: as `mutual_info_classif`.

    Returns:
        (d,) float64, never negative.

    Raises, warns: as scikit-learn.

    Source:
        Kraskov, Stögbauer and Grassberger 2004, doi:10.1103/PhysRevE.69.066138; Ross 2014,
        doi:10.1371/journal.pone.0087357.

    Example:
        >>> mutual_info_regression([[5], [5], [5], [5], [5]], [0.1, 0.7, 0.3, 0.2, 0.9])
        array([0.])
    """
    return _scored(
        X,
        y,
        discrete_features,
        discrete_target=False,
        n_neighbors=n_neighbors,
        copy=copy,
        random_state=random_state,
        n_jobs=n_jobs,
    )


def _scored(
    X: Any, y: Any, discrete_features: Any, *, discrete_target: bool, **settings: Any
) -> FloatArray:
    """Scores every feature; what scikit-learn must refuse is put to it as it came."""
    name, score = (
        ("mutual_info_classif", _against_classes)
        if discrete_target
        else ("mutual_info_regression", _against_numbers)
    )
    estimate = original("feature_selection", name)
    checked = _checked(X, y, discrete_features, settings, discrete_target)
    if checked is None:
        return estimate(X, y, discrete_features=discrete_features, **settings)
    # what it would overwrite was made here
    settings |= {"discrete_features": checked[2], "copy": False}
    return score(*checked, partial(estimate, **settings))


def _against_classes(
    X: Any, y: npt.NDArray[Any], discrete: npt.NDArray[np.bool_], estimate: Estimate
) -> FloatArray:
    """Counts the features that can be counted against classes, and estimates the others."""
    classes = _classes(y)
    counted = discrete.copy()
    for j in np.flatnonzero(~discrete).tolist():
        x = _column(X, j)
        counted[j] = _constant(x) or _crowded(x)
    scores = np.zeros(len(discrete))
    if not counted.all():
        matrix = _for_neighbours(X, discrete)
        # counted below; they stay so that the noise falls on the others as it would
        matrix[:, discrete] = 0
        scores[:] = 0 if classes.size == 1 else estimate(matrix, y)
    elif plain_labels(y) is None or 2 * classes.size > len(y):  # refused, or warned of
        original("utils.multiclass", "check_classification_targets")(y)
    for j in np.flatnonzero(counted).tolist():
        x = _column(X, j)
        labels = plain_labels(x)
        if discrete[j] and labels is None:
            scores[j] = mutual_info_score(x, y)  # of numbers that are not whole scikit-learn warns
        else:
            scores[j] = information_of(
                count_numbers(_classes(x) if labels is None else number(labels), classes)
            )[0]
    return scores


def _against_numbers(
    X: Any, y: npt.NDArray[Any], discrete: npt.NDArray[np.bool_], estimate: Estimate
) -> FloatArray:
    """Estimates every feature against numbers, and repairs where the noise is not harmless."""
    scores = np.array(estimate(_for_neighbours(X, discrete), _near_zero(y)), np.float64)
    classes = _classes(y) if discrete.any() and _crowded(y) else None
    for j in range(len(discrete)):
        x = _column(X, j)
        if discrete[j] and classes is not None:
            scores[j] = information_of(count_numbers(_classes(x), classes))[0]
        if _constant(x) or _constant(y):
            scores[j] = 0
    return scores


def _checked(
    X: Any, y: Any, discrete_features: Any, settings: dict[str, Any], discrete_target: bool
) -> tuple[Any, npt.NDArray[Any], npt.NDArray[np.bool_]] | None:
    """Reads X (n, d), y (n,) and which features are discrete, (d,), as scikit-learn does.

    None: it must refuse them itself.

    Classes that are strings become numbers: scikit-learn compares all of them with each.
    """
    names = plain_labels(y) if discrete_target else None
    if names is not None and names.dtype.kind in "UO":
        y = _classes(names).codes
    try:
        X, y = original("utils", "check_X_y")(
            X, y, accept_sparse="csc", y_numeric=not discrete_target
        )
        discrete = _discrete(discrete_features, X.shape[1], is_sparse=not isinstance(X, np.ndarray))
    except (TypeError, ValueError, IndexError):
        return None
    if (
        discrete is None
        or not _possible(**settings)
        or not (isinstance(X, np.ndarray) or discrete.all())
    ):
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
    """Judges whether scikit-learn would take these; where nothing is estimated it is not asked."""
    seeded = random_state is None or isinstance(random_state, np.random.RandomState)
    seeded = seeded or (isinstance(random_state, Integral) and 0 <= int(random_state) < 2**32)
    counts = (
        isinstance(n_neighbors, Integral)
        and int(n_neighbors) >= 1
        and (n_jobs is None or isinstance(n_jobs, Integral))
    )
    return seeded and counts and isinstance(copy, bool | np.bool_)


def _column(X: Any, j: int) -> npt.NDArray[Any]:
    """Takes column j of X, an array or a CSC matrix, as a contiguous array (n,)."""
    if isinstance(X, np.ndarray):
        return np.ascontiguousarray(X[:, j])
    column = np.zeros(X.shape[0], X.dtype)
    stored = slice(X.indptr[j], X.indptr[j + 1])
    column[X.indices[stored]] = X.data[stored]
    return column


def _classes(labels: npt.NDArray[Any]) -> Numbered:
    """Numbers any labels or numbers densely."""
    plain = plain_labels(labels)
    return compact(number(np.unique(labels, return_inverse=True)[1] if plain is None else plain))


def _constant(column: npt.NDArray[Any]) -> bool:
    return bool((column == column[0]).all())


def _crowded(column: npt.NDArray[Any]) -> bool:
    """Judges whether a column has few values, some of them too often for noise to part.

    It is to be counted where a nearest neighbour must differ.
    """
    if column.size <= CROWD_SAMPLES:
        return False
    counts = np.unique(column, return_counts=True)[1]
    return bool(counts.max() > CROWD_SAMPLES and 100 * counts.size <= column.size)


def _for_neighbours(X: Any, discrete: npt.NDArray[np.bool_]) -> Any:
    """Makes X floats that keep what its columns say."""
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
    """Takes the offset off a column where noise in proportion to it would blur the values.

    Else it is the column itself.

    Exact: integers are subtracted as integers, and floats less than a factor of two apart differ by
    a float.
    """
    if column.dtype.kind not in "iuf":
        return column
    lowest, highest = column.min().item(), column.max().item()
    magnitude, span = max(abs(lowest), abs(highest)), highest - lowest
    gap = 1 if column.dtype.kind in "iu" or whole(column) is not None else span / 1e4
    blurred = NOISE_SHARE * magnitude > gap / 100 and 2 * span < magnitude
    return (column - column.min()).astype(np.float64) if blurred else column
