"""scikit-learn beside ours: names, kinds of labels, and what both make of them."""

import itertools
import warnings
from collections import Counter
from decimal import Decimal, localcontext

import numpy as np
import pytest
import sklearn.feature_selection
import sklearn.metrics.cluster
from scipy import sparse

from fastmi.compat import sklearn as ours

SCORES = ["mutual_info_score", "normalized_mutual_info_score", "adjusted_mutual_info_score"]
LABELS = [*SCORES, "contingency_matrix"]
FEATURES = ["mutual_info_classif", "mutual_info_regression"]
THEIRS = {name: getattr(sklearn.metrics.cluster, name) for name in LABELS}


def both(name):
    return getattr(ours, name), THEIRS[name]


def outcome(function, *arguments, **options):
    """What it returns or raises, and the warnings on the way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(*arguments, **options)
        except Exception as error:
            result = error
    return result, [(warning.category, str(warning.message)) for warning in caught]


def same(name, *arguments, **options):
    """Ours and theirs agree in value and type, or in error and message; and in their warnings.
    Returns that outcome.
    """
    (mine, my_warnings), (other, other_warnings) = (
        outcome(function, *arguments, **options) for function in both(name)
    )
    assert my_warnings == other_warnings
    assert type(mine) is type(other)
    if isinstance(other, Exception):
        assert str(mine) == str(other)
    elif sparse.issparse(other):
        assert mine.shape == other.shape
        for part in ("data", "indices", "indptr"):
            np.testing.assert_array_equal(getattr(mine, part), getattr(other, part), strict=True)
    elif name in FEATURES:
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-12)
    elif isinstance(other, np.ndarray):
        assert mine.dtype == other.dtype
        np.testing.assert_array_equal(mine, other)
    else:
        assert mine == pytest.approx(
            other, rel=0, abs=1e-11 if name == "adjusted_mutual_info_score" else 1e-12
        )
    return mine, my_warnings


WORDS = np.array(
    ["", "a", "b", "ab", "ba", "Zürich", "a longer name than nine letters", "\U0001f600"]
)


KINDS = {
    "small": lambda rng, k: rng.permutation(k),
    "negative": lambda rng, k: rng.permutation(k) - k // 2,
    "gaps": lambda rng, k: 7 * rng.permutation(k),
    "int8": lambda rng, k: (rng.permutation(k) % 200 - 100).astype(np.int8),
    "uint16": lambda rng, k: rng.permutation(k).astype(np.uint16),
    "big-endian": lambda rng, k: rng.permutation(k).astype(">i4"),
    "huge": lambda rng, k: rng.integers(-(2**63), 2**63 - 1, k),
    "around 2^63": lambda rng, k: rng.permutation(k).astype(np.uint64) + np.uint64(2**63 - 2),
    "the ends of int64": lambda rng, k: np.array([-(2**63), 2**63 - 1, 0])[np.arange(k) % 3],
    "bool": lambda rng, k: rng.permutation(k) % 2 == 0,
    "float": lambda rng, k: rng.permutation(k) * 1.0 - 3,
    "float16": lambda rng, k: (rng.permutation(k) % 2000).astype(np.float16),
    "huge float": lambda rng, k: rng.permutation(k) * 2.0**50,
    "letters": lambda rng, k: np.array([f"{i:x}" for i in rng.permutation(k)]),
    "words": lambda rng, k: WORDS[rng.permutation(k) % len(WORDS)],
    "big-endian words": lambda rng, k: WORDS.astype(WORDS.dtype.newbyteorder(">"))[
        rng.permutation(k) % len(WORDS)
    ],
    "in several integers": lambda rng, k: np.array(
        [f"{i % 2}{i // 2:>39}{i % 3}" for i in rng.permutation(k)]
    ),
    "long words": lambda rng, k: np.array([f"{i:>70}" for i in rng.permutation(k)]),
    "strings as objects": lambda rng, k: np.array([f"{i:x}" for i in rng.permutation(k)], object),
}


SIZES = [
    (1, 1, 1),
    (2, 1, 2),
    (9, 2, 2),
    (40, 1, 6),
    (60, 60, 60),
    (80, 7, 60),
    (500, 30, 4),
    (3000, 700, 900),
]


def draw(rng, kind, n, k):
    return KINDS[kind](rng, k)[rng.integers(k, size=n)]


def decimals(function):
    """Its sums of decimals, in 60 digits."""

    def rounded(*arguments):
        with localcontext(prec=60):
            return function(*arguments)

    return rounded


@decimals
def exact_information(table):
    """I of a table of counts, by its definition."""
    n, rows, columns = (
        sum(map(sum, table)),
        list(map(sum, table)),
        list(map(sum, zip(*table, strict=True))),
    )
    cells = (
        (k, rows[i] * columns[j]) for i, row in enumerate(table) for j, k in enumerate(row) if k
    )
    return sum(
        (Decimal(k) / n * (Decimal(n * k) / product).ln() for k, product in cells), Decimal(0)
    )


@decimals
def exact_expectation(rows, columns):
    """E I, from the ratios of the hypergeometric probabilities; few values of k, or small n."""
    n, total = sum(rows), Decimal(0)
    for (p, times_p), (q, times_q) in itertools.product(
        Counter(rows).items(), Counter(columns).items()
    ):
        weight, weights, mean = Decimal(1), Decimal(0), Decimal(0)
        for k in range(max(0, p + q - n), min(p, q) + 1):
            weights += weight
            mean += weight * k * (Decimal(n * k) / (p * q)).ln() if k else 0
            weight = weight * (p - k) * (q - k) / ((k + 1) * (n - p - q + k + 1))
        total += times_p * times_q * mean / weights / n
    return total


@decimals
def error(found, true):
    """|found / true - 1|."""
    return float(abs(Decimal(found) / true - 1))


def labels_of(table):
    table = np.array(table)
    return (
        np.repeat(where, table.reshape(-1))
        for where in np.indices(table.shape, np.int16).reshape(2, -1)
    )


NEAR_NOTHING = {
    "two rare labels that never meet": [[999_998, 1], [1, 0]],
    "two rare labels that meet once": [[999_998, 0], [0, 2]],
    "twice and once": [[999_997, 1], [2, 0]],
    "rare in one": [[499_999, 500_000], [1, 0]],
    "a sample off independence": [[1000, 2000, 3000], [2000, 4001, 6000]],
    "one of three": [[90_000, 30_000, 1], [60_000, 20_000, 0]],
    "classes of one sample": [[99_990, 1, 1, 1], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]],
}


def features(rng, n=200, dtype=np.float64, order="C"):
    """Three continuous columns and two of a few whole numbers."""
    X = rng.normal(size=(n, 5)) * 5
    X[:, [1, 3]] = rng.integers(4, size=(n, 2))
    return (
        np.asarray(X.astype(dtype), order=order),
        rng.integers(3, size=n),
        X[:, 0] + X[:, 1] + rng.normal(size=n),
    )
