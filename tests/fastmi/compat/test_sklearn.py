"""fastmi.compat.sklearn: equal to scikit-learn, in what it refuses too, and right where
scikit-learn is wrong.
"""

import importlib.util
import inspect
import itertools
import math
import subprocess
import sys
import tracemalloc
import warnings
from collections import Counter
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn.feature_selection
import sklearn.metrics.cluster
import torch
from scipy import sparse
from threadpoolctl import threadpool_limits

import fastmi
from fastmi import belief
from fastmi.compat import sklearn as ours

SCORES = ["mutual_info_score", "normalized_mutual_info_score", "adjusted_mutual_info_score"]
LABELS = [*SCORES, "contingency_matrix"]
FEATURES = ["mutual_info_classif", "mutual_info_regression"]
AVERAGES = ["arithmetic", "geometric", "min", "max"]
THEIRS = {name: getattr(sklearn.metrics.cluster, name) for name in LABELS}
THEIRS |= {name: getattr(sklearn.feature_selection, name) for name in FEATURES}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """scikit-learn's neighbour search spins between its threads, for seconds where another process
    holds a core.
    """
    with threadpool_limits(1):
        yield


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


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", THEIRS)
def test_the_signature_is_scikit_learns(name):
    mine, other = (inspect.signature(function).parameters.values() for function in both(name))
    assert [(p.name, p.kind, p.default) for p in mine] == [
        (p.name, p.kind, p.default) for p in other
    ]


def test_the_module_offers_the_six_and_all_are_documented():
    assert ours.__all__ == sorted(THEIRS)
    assert all(getattr(ours, name).__doc__ for name in ours.__all__)


def test_plain_labels_are_scored_without_scikit_learn():
    code = (
        "import sys, fastmi.compat.sklearn as s; s.mutual_info_score([0, 1], list('ab')); "
        "print('sklearn' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=Path(fastmi.__file__).parents[1],
    )
    assert (done.stdout, done.stderr) == ("False\n", "")


# --- labels ---------------------------------------------------------------------------------------

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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", LABELS)
def test_labels_of_every_kind_score_as_in_scikit_learn(rng, name, kind):
    others = itertools.cycle(["small", "letters", "huge", kind])
    for n, k_true, k_pred in SIZES[:-1] if name == "adjusted_mutual_info_score" else SIZES:
        a, b = draw(rng, kind, n, k_true), draw(rng, next(others), n, k_pred)
        same(name, a, b)
        same(name, b, a)
        if name == "contingency_matrix":
            same(name, a, b, sparse=True)


@pytest.mark.parametrize("average_method", AVERAGES)
@pytest.mark.parametrize("name", SCORES[1:])
def test_every_mean_normalises_as_in_scikit_learn(rng, name, average_method):
    for n, k_true, k_pred in SIZES[:-1]:
        a, b = draw(rng, "small", n, k_true), draw(rng, "letters", n, k_pred)
        same(name, a, b, average_method=average_method)
        same(name, a, a, average_method=average_method)
        same(name, a, np.zeros(n), average_method=average_method)


def test_many_labels_and_few_in_a_range_wider_than_the_sample(rng):
    a = rng.integers(10**9, size=20_000)  # nearly all distinct: counted through the engine's table
    b = a % 3 * 10**6
    for name in SCORES[:2]:
        same(name, a, b)
    same("contingency_matrix", a, rng.integers(10**9, size=a.size), sparse=True)


def test_the_backend_in_force_counts(rng):
    a, b = draw(rng, "huge", 900, 300), draw(rng, "words", 900, 300)
    with fastmi.use_backend("torch"):
        same("mutual_info_score", a, b)
        same("contingency_matrix", a, b)


def test_the_score_is_the_engines_mutual_information(rng):
    a, b = rng.integers(9, size=(2, 500))
    assert ours.mutual_info_score(a, b) == pytest.approx(
        fastmi.mutual_information(a, b, base=None), rel=0, abs=1e-15
    )
    assert ours.mutual_info_score(a, b) == ours.mutual_info_score(b, a)
    assert ours.mutual_info_score(a, a) == pytest.approx(fastmi.entropy(a, base=None), rel=1e-15)


CONTAINERS = {
    "lists": ([0, 1, 1, 2], ["a", "b", "b", "a"]),
    "tuples": ((0, 1, 1), (True, False, True)),
    "numbers and strings": ([1, "a", 1], [0, 0, 1]),
    "series": (pd.Series([5, 5, 6]), pd.Series(["a", "b", "b"])),
    "nullable series": (pd.Series([5, 5, 6], dtype="Int64"), [0, 1, 1]),
    "a missing value": (pd.Series([5, None, 6], dtype="Int64"), [0, 1, 1]),
    "a categorical": (pd.Categorical(["a", "b", "a"]), [0, 1, 1]),
    "objects": (np.array(["b", "a", "b"], object), [0, 1, 1]),
    "object numbers": (np.array([1, 2, 2], object), [0, 1, 1]),
    "masked": (np.ma.array([0, 1, 1], mask=[0, 0, 1]), [0, 1, 1]),
    "a matrix": (np.matrix([0, 1]), [0, 1]),
    "a range": (range(3), [0, 1, 1]),
    "a set": ({1, 2}, [0, 1]),
    "minus zero": ([-0.0, 0.0, 1.0], [0, 1, 1]),
    "fractions": ([0.5, 1.0, 0.5], [0, 1, 1]),
    "two fractions": ([0.5, 1.0, 0.5], [0.1, 0.1, 0.2]),
    "large floats": ([1e300, 1.0, 1.0], [0, 1, 1]),
    "nan": ([math.nan, 1.0, 1.0], [0, 1, 1]),
    "infinity": ([math.inf, 1.0, 1.0], [0, 1, 1]),
    "beyond int64": ([2**70, 1, 1], [0, 1, 1]),
    "complex": ([1j, 1, 1], [0, 1, 1]),
    "bytes": ([b"a", b"b", b"b"], [0, 1, 1]),
    "dates": (np.array(["2020-01-01", "2020-01-02"], "M8[D]"), [0, 1]),
    "None inside": ([1, None], [0, 1]),
    "None": (None, [0]),
    "None second": ([0], None),
    "a scalar": (5, [0]),
    "a string": ("ab", "cd"),
    "nothing": ([], []),
    "nothing and something": ([], [0]),
    "different lengths": ([0, 1], [1, 1, 1]),
    "two axes": ([[0, 1], [1, 0]], [1, 1, 1]),
    "two axes second": ([0, 1, 0], [[1, 1], [0, 0]]),
    "one row": (np.array([[1, 2]]), [1]),
    "ragged": ([[1], [1, 2]], [0, 1]),
    "a sparse column": (sparse.csr_array([[1], [2]]), [0, 1]),
    "one sparse axis": (sparse.coo_array(np.array([0, 1, 1])), [0, 1, 1]),
    "no axis": (np.array(1), [1]),
    "a NumPy scalar": (np.int64(3), [3]),
    "a list of arrays": ([np.array(1), np.array(2), np.array(1)], [0, 1, 1]),
    "masked strings": (np.ma.array(["a", "b", "b"], mask=[0, 0, 1]), [0, 1, 1]),
    "masked NaN": (np.ma.array([0.0, 1.0, math.nan], mask=[0, 0, 1]), [0, 1, 1]),
    "one and its name": ([1, "1", 1, "1"], [0, 1, 0, 1]),
    "True and its name": ([True, "True", "x", True], [0, 1, 0, 1]),
    "True and one": ([True, 1, 0, False], [0, 1, 0, 1]),
    "one and 1.0": ([1, 1.0, 2, 2.0], [0, 1, 0, 1]),
    "2^53 + 1 among floats": ([2**53, 2**53 + 1, 0.0, 0.0], [0, 1, 0, 1]),
    "2^53 + 1": ([2**53, 2**53 + 1, 0, 0], [0, 1, 0, 1]),
    "2^63 beside -1": ([2**63 + 1, -1, 2**63 + 3, 0], [0, 1, 0, 1]),
    "beyond uint64": ([2**64, 2**64 + 1, -1], [0, 1, 1]),
    "beyond int64, whole floats": ([2.0**63, -(2.0**63), 0], [0, 1, 1]),
    "subnormal": ([5e-324, 0.0, 5e-324], [0, 1, 1]),
    "long double": (np.array([2**53, 2**53, 0], np.longdouble) + np.array([0, 1, 0]), [0, 1, 1]),
    "trailing NUL": (["a", "a\0", "b\0\0"], [0, 1, 1]),
    "trailing NUL in a tuple": (("a\0", "a", "b"), [0, 1, 1]),
    "trailing NUL in objects": (np.array(["a", "a\0", "b"], object), [0, 1, 1]),
    "trailing NUL in a series": (pd.Series(["a", "a\0", "b"]), [0, 1, 1]),
    "trailing NUL of a long name": (np.array(["a" * 99, "a" * 99 + "\0", "b"]), [0, 1, 1]),
    "NUL alone": (["\0", "", "\0\0"], [0, 1, 1]),
    "NUL inside": (["a\0b", "a", "a\0c"], [0, 1, 1]),
    "empty names": (["", "", ""], [0, 1, 1]),
    "half a character": (["\U0001f600", "\ud800", "\U0001f600"], [0, 1, 1]),
    "bytes and strings": ([b"a", "a", b"b"], [0, 1, 1]),
    "bytes as objects": (np.array([b"a", b"b", b"a"], object), [0, 1, 1]),
    "None among strings": (["a", None, "a"], [0, 1, 1]),
    "NaN among strings": (["a", math.nan, "a"], [0, 1, 1]),
    "NaN among objects": (np.array([1.0, math.nan, 1.0], object), [0, 1, 1]),
    "NA among strings": (pd.Series(["a", None, "a"], dtype="string"), [0, 1, 1]),
    "a missing string": (pd.Series(["a", None, "a"]), [0, 1, 1]),
    "a missing category": (pd.Series(["a", None, "a"], dtype="category"), [0, 1, 1]),
    "a string series": (pd.Series(["a", "b", "a"], dtype="string"), [0, 1, 1]),
    "a nullable bool": (pd.Series([True, False, True], dtype="boolean"), [0, 1, 1]),
    "dates with a zone": (
        pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02"], utc=True)),
        [0, 1],
    ),
    "an index": (pd.Index(["a", "b", "a"]), [0, 1, 1]),
    "a frame": (pd.DataFrame({"a": [1, 2, 1]}), [0, 1, 1]),
    "a tensor": (torch.tensor([0, 1, 1]), [0, 1, 1]),
    "objects of big integers": (np.array([2**70, 2**70 + 1, 1], object), [0, 1, 1]),
    "objects of fractions": ([Fraction(1, 2), Fraction(1, 3), Fraction(1, 2)], [0, 1, 1]),
    "objects of both": (np.array([1, "a", 1], object), [0, 1, 1]),
    "no strings": (np.array([], str), []),
    "every third": (np.array(list("abcdef"))[::3], [0, 1]),
    "backwards": (np.array(["ab", "c", "d"])[::-1], [0, 1, 1]),
}


@pytest.mark.parametrize("case", CONTAINERS)
@pytest.mark.parametrize("name", LABELS)
def test_containers_errors_and_warnings_are_scikit_learns(name, case):
    first, second = CONTAINERS[case]
    same(name, first, second)
    same(name, second, first)


def test_labels_that_are_not_whole_warn():
    for name in SCORES:
        _, warned = same(name, [0.5, 1.0, 0.5, 0.5], [0, 1, 1, 1])
        assert [category for category, _ in warned] == [UserWarning]


@pytest.mark.parametrize("value", ["median", None, 3, np.array(["min"])])
@pytest.mark.parametrize("name", SCORES[1:])
def test_an_unknown_mean_is_refused_as_by_scikit_learn(name, value):
    error, _ = same(name, [0, 1, 1], [0, 1, 0], average_method=value)
    assert isinstance(error, ValueError)


# --- contingency ----------------------------------------------------------------------------------

OPTIONS = [
    {"eps": 0.1},
    {"eps": 1},
    {"eps": 0.1, "dtype": np.float32},
    {"dtype": np.int8},
    {"dtype": np.float32},
    {"dtype": bool},
    {"dtype": "complex128"},
    {"sparse": True, "dtype": np.float64},
    {"sparse": True, "eps": 0.1},
    {"eps": -1},
    {"eps": "much"},
    {"sparse": "yes"},
    {"dtype": "no such type"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options_of_the_contingency_matrix(rng, options):
    a, b = rng.integers(-5, 5, 300), rng.integers(3, size=300)
    same("contingency_matrix", a, b, **options)
    same("contingency_matrix", np.where(a == 0, 10**12, a), b, **options)


@pytest.mark.parametrize("interface", ["spmatrix", "sparray"])
def test_the_sparse_kind_is_the_one_that_scikit_learn_is_set_to(interface):
    with sklearn.config_context(sparse_interface=interface):
        same("contingency_matrix", [0, 0, 1], [1, 2, 1], sparse=True)


def test_a_cell_counts_beyond_what_the_dtype_can_add_one_by_one():
    n = 2**24 + 2
    zeros = np.zeros(n, np.int8)
    # scikit-learn stops at 2^24
    assert ours.contingency_matrix(zeros, zeros, dtype=np.float32) == n


TABLES = {
    "dense": [[3, 0, 1], [0, 2, 2]],
    "float": [[3.0, 0.0], [1.7, 2.0]],
    "int32": np.array([[3, 1], [2, 2]], np.int32),
    "csr": sparse.csr_array([[3, 0, 1], [0, 2, 2]]),
    "csc": sparse.csc_matrix([[3, 0, 1], [0, 2, 2]]),
    "repeated entries": sparse.coo_array(([1, 2, 4], ([0, 0, 1], [0, 0, 1])), shape=(2, 2)),
    "one row": [[3, 4, 5]],
    "an empty row": [[3, 4], [0, 0]],
    "empty but for one row": [[3, 4], [0, 0], [0, 0]],
    "large counts": [[2**40, 2**40], [1, 2**41]],
    "zeros": [[0, 0], [0, 0]],
    "negative": [[3, -1], [1, 2]],
    "one axis": [3, 1],
    "text": "text",
    "nan": [[math.nan, 1.0], [1.0, 1.0]],
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("case", TABLES)
def test_a_given_table_is_scored_as_by_scikit_learn(case):
    if case in ("negative", "large counts"):  # NaN and an overflow there
        mine, other = (
            function([], [], contingency=TABLES[case]) for function in both("mutual_info_score")
        )
        assert math.isnan(other) or abs(mine - other) > 1e-3
        assert math.isnan(mine) == (case == "negative")
    else:
        same("mutual_info_score", [], [], contingency=TABLES[case])


def test_labels_beside_a_table_are_not_read_but_must_be_there():
    same("mutual_info_score", [[1], [2]], "ab", contingency=[[1, 2], [3, 4]])
    same("mutual_info_score", None, None, contingency=[[1, 2], [3, 4]])


# --- the mutual information of chance -------------------------------------------------------------


def expected_by_definition(a, b):
    """Every table that the margins allow, weighed exactly; the logarithms added in full
    precision.
    """
    n, terms = sum(a), []
    for p, q in itertools.product(a, b):
        for k in range(max(1, p + q - n), min(p, q) + 1):
            weight = Fraction(
                math.comb(q, k) * math.comb(n - q, p - k), math.comb(n, p)
            ) * Fraction(k, n)
            terms.append(float(weight) * math.log(Fraction(n * k, p * q)))
    return math.fsum(terms)


@pytest.mark.parametrize(
    ("n", "k_a", "k_b"), [(1, 1, 1), (2, 2, 2), (17, 3, 3), (60, 50, 4), (97, 61, 52), (400, 2, 2)]
)
def test_the_expected_information_is_exact(rng, n, k_a, k_b):
    a, b = (np.unique(rng.integers(k, size=n), return_counts=True)[1] for k in (k_a, k_b))
    found = belief.expected_information(a, b)
    assert found == pytest.approx(
        expected_by_definition(a.tolist(), b.tolist()), rel=1e-13, abs=1e-16
    )


def test_windows_and_batches_leave_no_trace_in_the_expected_information(rng):
    """Against every pair of margins by itself, over its whole support."""
    n = 20_000
    a, b = (np.unique(rng.zipf(1.3, n) % k, return_counts=True)[1] for k in (90, 50))
    alone = []
    for p, q in itertools.product(a[:, None], b[:, None]):
        low, high = np.maximum(0, p + q - n), np.minimum(p, q)
        alone.append(
            float(belief._expected_divergence(p, q, n, low, high, int(high[0] - low[0]) + 1)[0])
        )
    assert belief.expected_information(a, b) == pytest.approx(math.fsum(alone) / n**2, rel=1e-12)


@pytest.mark.parametrize("n", [10, 20, 100])
def test_an_adjusted_score_of_nothing_over_nothing_is_one(rng, n):
    """E = I where every sample has a class of its own; the rounding of scikit-learn's E makes it
    1.29 at n = 10.
    """
    for _ in range(5):
        assert (
            ours.adjusted_mutual_info_score(
                np.arange(n), rng.integers(3, size=n), average_method="min"
            )
            == 1
        )


# --- near nothing ---------------------------------------------------------------------------------


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
def exact_entropy(counts):
    counts = list(counts)
    n = sum(counts)
    return sum((Decimal(k) / n * (Decimal(n) / k).ln() for k in counts), Decimal(0))


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


@pytest.mark.parametrize("case", NEAR_NOTHING)
def test_scores_near_nothing_keep_their_digits(case):
    table = NEAR_NOTHING[case]
    rows, columns = list(map(sum, table)), list(map(sum, zip(*table, strict=True)))
    true, a, b = exact_information(table), *map(exact_entropy, (rows, columns))
    x, y = labels_of(table)
    assert error(ours.mutual_info_score(x, y), true) < 1e-15
    means = {
        "min": min(a, b),
        "max": max(a, b),
        "arithmetic": (a + b) / 2,
        "geometric": (a * b).sqrt(),
    }
    for method, mean in means.items():
        assert (
            error(ours.normalized_mutual_info_score(x, y, average_method=method), true / mean)
            < 2e-15
        )


@pytest.mark.parametrize(
    "container",
    [np.float32, str, object, lambda x: x / 7, "M8[s]", lambda x: x.astype(str).tolist()],
)
def test_every_kind_of_label_keeps_its_digits(container):
    table = [[99_998, 1], [1, 0]]
    x, y = labels_of(table)
    x = (
        container(x)
        if callable(container) and not isinstance(container, type)
        else x.astype(container)
    )
    _, warned = same("mutual_info_score", x, y)
    assert [category for category, _ in warned] == [UserWarning] * (
        getattr(x, "dtype", None) == np.float64
    )
    found, rewarned = outcome(ours.mutual_info_score, x, y)
    assert rewarned == warned
    assert error(found, exact_information(table)) < 1e-15


@pytest.mark.filterwarnings("ignore:Clustering metrics expects discrete values")
@pytest.mark.parametrize("scale", [1, 10**12, 1 / 7])
def test_discrete_features_keep_their_digits(scale):
    cases = [NEAR_NOTHING[case] for case in ("a sample off independence", "classes of one sample")]
    for table in cases:
        x, y = labels_of(table)
        X = x[:, None] * np.asarray(scale)
        for matrix in (X, sparse.csc_array(X)):
            (found,) = ours.mutual_info_classif(matrix, y, discrete_features=True)
            assert error(found, exact_information(table)) < 1e-15


def test_the_case_that_was_zero():
    x, y = labels_of(NEAR_NOTHING["two rare labels that never meet"])
    assert ours.normalized_mutual_info_score(x, y) == pytest.approx(6.7497e-8, rel=1e-5)
    # 6.7611e-8
    assert THEIRS["normalized_mutual_info_score"](x, y) == pytest.approx(6.7497e-8, rel=1e-2)


@pytest.mark.parametrize(
    "case", ["two rare labels that never meet", "two rare labels that meet once", "twice and once"]
)
def test_adjusted_scores_near_nothing_keep_their_digits(case):
    table = NEAR_NOTHING[case]
    rows, columns = list(map(sum, table)), list(map(sum, zip(*table, strict=True)))
    true, expected, a, b = (
        exact_information(table),
        exact_expectation(rows, columns),
        *map(exact_entropy, (rows, columns)),
    )
    assert error(belief.expected_information(np.array(rows), np.array(columns)), expected) < 1e-14
    x, y = labels_of(table)
    for method, mean in {"min": min(a, b), "max": max(a, b), "arithmetic": (a + b) / 2}.items():
        found = ours.adjusted_mutual_info_score(x, y, average_method=method)
        assert error(found, (true - expected) / (mean - expected)) < 1e-14


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ([10**9 - 1, 1], [10**9 - 1, 1]),
        ([10**9 - 40, 40], [10**9 // 2] * 2),
        ([2000, 2000], [1999, 2000, 1]),
        ([1] * 300, [299, 1]),
        ([3000, 999, 1], [2, 1998, 2000]),
    ],
)
def test_the_expected_information_keeps_its_digits(rows, columns):
    found = belief.expected_information(np.array(rows), np.array(columns))
    assert found == belief.expected_information(np.array(columns)[::-1], np.array(rows)[::-1])
    assert error(found, exact_expectation(rows, columns)) < 2e-14


def tables(rng):
    """Tables of all sorts: random, nearly independent, one odd sample among up to 1e13, of counts
    far apart, beyond 2^62.
    """
    for _ in range(40):
        shape = rng.integers(2, 6, size=2)
        yield rng.integers(0, 10 ** rng.integers(1, 9), size=shape) + np.eye(*shape, dtype=int)
        nearly = np.outer(
            rng.integers(1, 1000, shape[0]), rng.integers(1, 1000, shape[1])
        ) * 10 ** rng.integers(0, 7)
        nearly[0, 0] += rng.integers(-1, 2)
        yield nearly
        n = 10 ** int(rng.integers(1, 14))
        yield from (
            np.array([[n, 1], [1, 0]]),
            np.array([[n, 0], [0, 1]]),
            np.array([[n, 1], [1, 1]]),
        )
        yield 2 ** rng.integers(0, 40, size=shape)
        yield rng.integers(2**57, 2**59, size=shape)


def test_the_information_of_any_table_keeps_its_digits(rng):
    for table in tables(rng):
        found, true = (
            ours.mutual_info_score([], [], contingency=table),
            exact_information(table.tolist()),
        )
        assert found == 0 if abs(true) < 1e-50 else error(found, true) < 2e-15
        turned = table.T[rng.permutation(table.shape[1])][:, rng.permutation(table.shape[0])]
        assert ours.mutual_info_score([], [], contingency=turned) == found
        assert ours.mutual_info_score([], [], contingency=sparse.coo_array(table)) == found
        a, b = (
            exact_entropy([k for k in sums.tolist() if k])
            for sums in (table.astype(object).sum(0), table.astype(object).sum(1))
        )
        assert 0 <= found <= float(min(a, b)) * (1 + 1e-15)


def test_independent_tables_have_exactly_no_information():
    for rows, columns in itertools.product([(1, 2, 5), (2**20, 3), (7**8, 1, 10**6)], repeat=2):
        assert ours.mutual_info_score([], [], contingency=np.outer(rows, columns)) == 0


def test_a_table_of_many_cells_may_hold_a_huge_count():
    table = np.ones((70, 70), np.int64)
    table[3, 4] = 2**44
    true = exact_information(table.tolist())
    assert error(ours.mutual_info_score([], [], contingency=table), true) < 2e-15


@pytest.mark.parametrize("k", [2, 9, 150])  # in a table of all pairs, and by the pairs that occur
@pytest.mark.parametrize("name", SCORES)
def test_one_float_for_every_order_and_name_and_for_both_ways_round(rng, name, k):
    score = getattr(ours, name)
    a, b = rng.zipf(1.4, size=(2, 1500)) % k
    found = score(a, b)
    assert found == score(b, a)
    for _ in range(5):
        order, names = rng.permutation(a.size), rng.integers(-(2**62), 2**62, k)
        assert score(names[a][order], b[order]) == found
        assert score(b[order], names.astype(str)[a][order].tolist()) == found


@pytest.mark.parametrize("average_method", AVERAGES)
def test_a_labeling_meets_itself_with_exactly_one(rng, average_method):
    for n, k in [(2, 2), (30, 3), (30, 30), (1000, 900), (5000, 40)]:
        a = rng.zipf(1.3, n) % k if n > 30 else np.arange(n) % k
        for name in SCORES[1:]:
            assert getattr(ours, name)(a, 7 - 3 * a, average_method=average_method) == 1
        if average_method == "min":
            assert ours.normalized_mutual_info_score(a, a // 2, average_method="min") in (
                {1.0} if (a > 1).any() else {0.0}
            )


def test_a_function_of_a_labeling_shares_exactly_its_entropy(rng):
    a = rng.integers(3000, size=20_000)
    for b in (a % 7, a // 100, np.zeros(a.size), a == 5):
        assert (
            ours.mutual_info_score(a, b)
            == ours.mutual_info_score(b, b)
            == ours.mutual_info_score(b, a)
        )


# --- features -------------------------------------------------------------------------------------


def features(rng, n=200, dtype=np.float64, order="C"):
    """Three continuous columns and two of a few whole numbers."""
    X = rng.normal(size=(n, 5)) * 5
    X[:, [1, 3]] = rng.integers(4, size=(n, 2))
    return (
        np.asarray(X.astype(dtype), order=order),
        rng.integers(3, size=n),
        X[:, 0] + X[:, 1] + rng.normal(size=n),
    )


@pytest.mark.parametrize("n_neighbors", [1, 8])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.int16])
def test_ordinary_continuous_columns_are_scikit_learns_bit_for_bit(rng, dtype, order, n_neighbors):
    X, classes, y = features(rng, dtype=dtype, order=order)
    for chosen in ("auto", [False, True, False, True, False]):
        options = {"discrete_features": chosen, "n_neighbors": n_neighbors, "random_state": 7}
        mine, other = (function(X, classes, **options) for function in both("mutual_info_classif"))
        np.testing.assert_array_equal(mine[[0, 2, 4]], other[[0, 2, 4]])
        # those that are counted, to rounding
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-12)
        mine, other = (function(X, y, **options) for function in both("mutual_info_regression"))
        np.testing.assert_array_equal(mine, other)


def test_repaired_columns_leave_the_noise_of_the_others_alone(rng):
    X, classes, y = features(rng)
    X[:, 2], X[:, 4] = 3.25, X[:, 4].round() + 1e13
    for name, target in zip(FEATURES, (classes, y), strict=True):
        mine, other = (
            function(X, target, random_state=np.random.RandomState(1)) for function in both(name)
        )
        np.testing.assert_array_equal(mine[[0, 1, 3]], other[[0, 1, 3]])


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.uint8, bool])
def test_discrete_columns_are_counted_as_in_scikit_learn(rng, dtype):
    X = rng.integers(5, size=(300, 6)).astype(dtype)
    for target in (
        rng.integers(4, size=300),
        rng.integers(4, size=300) * 1.0,
        WORDS[rng.integers(6, size=300)],
        X[:, 0],
    ):
        same("mutual_info_classif", X, target, discrete_features=True)
        same("mutual_info_classif", X, list(target), discrete_features=np.arange(6))
        same(
            "mutual_info_classif",
            pd.DataFrame(X),
            pd.Series(target).astype(object),
            discrete_features=[True] * 6,
        )


@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array])
def test_sparse_features_are_discrete(rng, container):
    X = np.where(rng.random((200, 5)) < 0.7, 0, rng.integers(-3, 3, size=(200, 5)))
    X[:, 2] = 0
    for dtype in (np.float64, np.int64):
        for name, target in zip(
            FEATURES, (rng.integers(3, size=200), rng.normal(size=200)), strict=True
        ):
            for chosen in ("auto", True, [0, 1, 2, 3, 4], False, [0, 2]):
                same(
                    name,
                    container(X.astype(dtype)),
                    target,
                    discrete_features=chosen,
                    random_state=0,
                )


def test_continuous_columns_called_discrete_warn_as_in_scikit_learn(rng):
    _, warned = same(
        "mutual_info_classif", rng.normal(size=(9, 2)), [0, 1, 1] * 3, discrete_features=True
    )
    assert len(warned) == 2


def test_a_seed_draws_what_it_draws_in_scikit_learn(rng):
    X, classes, y = features(rng)
    for name, target in zip(FEATURES, (classes, y), strict=True):
        states = [np.random.RandomState(5), np.random.RandomState(5)]
        for function, state in zip(both(name), states, strict=True):
            function(X, target, random_state=state, discrete_features=[1])
        assert states[0].random_sample() == states[1].random_sample()


def test_the_callers_arrays_are_never_overwritten(rng):
    X, classes, y = features(rng)
    before = X.copy(), y.copy()
    ours.mutual_info_classif(X, classes, copy=False, discrete_features=[1])
    ours.mutual_info_regression(X, y, copy=False)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])


GOOD = {"X": [[0.1, 1], [0.2, 0], [0.7, 1], [0.4, 0], [0.5, 1]], "y": [0, 1, 0, 1, 1]}
REFUSED = [
    {"X": None},
    {"X": "text"},
    {"X": [1, 2, 3, 4, 5]},
    {"X": [[1], [2]]},
    {"X": [["a"]] * 5},
    {"X": [[math.nan]] * 5},
    {"X": np.empty((5, 0))},
    {"y": None},
    {"y": [[0, 1]] * 5},
    {"y": [0.5, 1.5, 0.1, 2, 3], "only": "mutual_info_classif"},
    {"y": ["a", "b", "a", "b", "b"], "only": "mutual_info_regression"},
    {"y": [b"a", b"b", b"a", b"b", b"b"]},
    {"y": [0, 1, 2, 3, 4], "only": "mutual_info_classif"},
    {"y": [0, 1, math.nan, 1, 1]},
    {"discrete_features": "manual"},
    {"discrete_features": None},
    {"discrete_features": 1.5},
    {"discrete_features": [True, False, True]},
    {"discrete_features": [1, 4]},
    {"discrete_features": []},
    {"discrete_features": np.array([[True, False]])},
    {"n_neighbors": 0},
    {"n_neighbors": 2.0},
    {"n_neighbors": 9, "only": "mutual_info_regression"},
    {"copy": "yes"},
    {"random_state": -1},
    {"random_state": "seed"},
    {"n_jobs": 1.5},
]


@pytest.mark.parametrize("discrete", [True, False])
@pytest.mark.parametrize(
    ("name", "change"),
    [(name, case) for name in FEATURES for case in REFUSED if case.get("only", name) == name],
    ids=str,
)
def test_features_are_refused_as_by_scikit_learn(name, change, discrete):
    arguments = {**GOOD, "discrete_features": discrete, **change}
    same(name, **{key: value for key, value in arguments.items() if key != "only"})


def test_a_target_in_a_column_and_one_of_many_classes_warn_as_in_scikit_learn(rng):
    X, column = rng.integers(3, size=(30, 2)), rng.integers(3, size=(30, 1))
    for discrete in (True, False):
        _, warned = same(
            "mutual_info_classif", X, column, discrete_features=discrete, random_state=0
        )
        assert [category.__name__ for category, _ in warned] == ["DataConversionWarning"]
        _, warned = same(
            "mutual_info_classif", X, np.arange(30) % 20, discrete_features=discrete, random_state=0
        )
        assert [category for category, _ in warned] == [UserWarning]
    _, warned = same("mutual_info_regression", X, column, random_state=0)
    assert [category.__name__ for category, _ in warned] == ["DataConversionWarning"]


# --- the caller's settings ------------------------------------------------------------------------


def unmoved(name, *arguments, **options):
    """What it returns and warns of, which NumPy set to raise does not change; and the setting
    stays.
    """
    expected = outcome(getattr(ours, name), *arguments, **options)
    with np.errstate(all="raise"):
        settings = np.geterr()
        found = outcome(getattr(ours, name), *arguments, **options)
        assert np.geterr() == settings
    np.testing.assert_array_equal(found[0], expected[0], strict=True)
    assert found[1] == expected[1]


@pytest.mark.parametrize("name", LABELS)
def test_labels_where_numpy_is_set_to_raise(rng, name):
    labelings = [
        rng.integers(3, size=400),
        rng.zipf(1.3, size=400) % 50,
        WORDS[rng.integers(6, size=400)],
        rng.normal(size=400),
    ]
    labelings += [labelings[-1] * 1e300, np.round(labelings[-1]) * 5e-324]
    for pair in itertools.product(labelings, repeat=2):
        unmoved(name, *pair)


COLUMNS = {
    "subnormal": lambda z: z * 1e-310,
    "of the least float": lambda z: np.round(z) * 5e-324,
    "huge": lambda z: z * 1e307,
    "both": lambda z: np.where(z > 1, 1e300, z * 1e-300),
    "one tiny": lambda z: np.append(1e-320, z[1:]),
    "tiny float32": lambda z: (z * 1e-40).astype(np.float32),
    "constant": lambda z: np.full_like(z, 5e-324),
}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("name", FEATURES)
def test_features_where_numpy_is_set_to_raise(rng, name, column):
    X = np.stack([COLUMNS[column](rng.normal(size=200)), rng.integers(3, size=200)], axis=1)
    for y in [rng.integers(3, size=200), X[:, 0]][: 1 + (name == "mutual_info_regression")]:
        for discrete in ([1], [0, 1]) if name == "mutual_info_classif" else ([1], []):
            unmoved(name, X, y, discrete_features=np.isin([0, 1], discrete), random_state=0)


@pytest.mark.parametrize(("how", "n_warnings"), [("raise", 1), ("warn", 1), ("ignore", 0)])
def test_scikit_learns_warnings_are_those_that_numpy_is_set_to_give(how, n_warnings):
    with np.errstate(all=how):
        _, warned = outcome(ours.mutual_info_score, [1e300, 1, 1], [0, 1, 1])
    assert [category for category, _ in warned].count(RuntimeWarning) == n_warnings


# --- one long name among short ones ---------------------------------------------------------------

SHORT = [f"name {i % 700}" for i in range(3000)]


@pytest.mark.parametrize("long", ["y" * 15_000, "name 1" + "\0" * 15_000, "\U0001f600" * 15_000])
@pytest.mark.parametrize(
    "container", [list, tuple, pd.Series, lambda names: np.array(names, object)]
)
def test_one_long_name_does_not_widen_the_others(container, long):
    names = container([*SHORT[:1700], long, *SHORT[1700:]])
    numbers = np.unique(
        np.array(names, object if isinstance(names, np.ndarray | pd.Series) else str),
        return_inverse=True,
    )[1]
    others = np.arange(len(names)) % 11
    X = others[:, None]
    tracemalloc.start()
    try:
        for name in LABELS:
            found = getattr(ours, name)(names, others), getattr(ours, name)(others, names)
            np.testing.assert_array_equal(found[0], getattr(ours, name)(numbers, others))
            np.testing.assert_array_equal(found[1], getattr(ours, name)(others, numbers))
        found = ours.mutual_info_classif(X, names, discrete_features=True)
        # an array of as many letters for each takes 180 MB
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    assert found == ours.mutual_info_score(others, numbers)


def test_an_array_that_is_that_wide_is_not_widened_further():
    names = np.array([*SHORT, "y" * 3000])
    tracemalloc.start()
    try:
        found = ours.mutual_info_score(names, np.arange(names.size) % 11)
        assert tracemalloc.get_traced_memory()[1] < names.nbytes / 4
    finally:
        tracemalloc.stop()
    assert found == ours.mutual_info_score(names.tolist(), np.arange(names.size) % 11)


def test_many_names_of_sixty_letters_are_not_widened():
    names = np.array([f"{i % 999:>60}" for i in range(20_000)])
    ours.mutual_info_score(names, names)  # compiled
    tracemalloc.start()
    try:
        assert ours.normalized_mutual_info_score(names, names) == 1
        assert tracemalloc.get_traced_memory()[1] < names.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("discrete", [True, False])
def test_named_classes_are_those_of_their_numbers(rng, discrete):
    X, classes, _ = features(rng)
    X[:, [0, 2, 4]] = X[:, [0, 2, 4]].round() if discrete else X[:, [0, 2, 4]]
    for names in (
        WORDS[classes],
        WORDS[classes].tolist(),
        pd.Series(WORDS[classes]),
        np.array(["q" * 99, "p", ""])[classes],
    ):
        same("mutual_info_classif", X, names, discrete_features=discrete, random_state=0)


# --- where scikit-learn is wrong ------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 10, 1000, 200_000])
@pytest.mark.parametrize("value", [0, 1, 7.3, -1e12, 2**60])
def test_a_constant_feature_has_no_information_at_any_n(n, value):
    y = np.arange(n) < max(1, n // 2000)
    X = np.full((n, 1), value)
    assert ours.mutual_info_classif(X, y, random_state=0).tolist() == [0]
    if n in (10, 1000):
        for discrete in (True, False):
            assert ours.mutual_info_regression(
                X, np.sin(np.arange(n)), random_state=0, discrete_features=discrete
            ) == [0]


def test_scikit_learn_gives_a_constant_more_than_the_target_has():
    y = np.arange(20_000) < 10
    (theirs,) = THEIRS["mutual_info_classif"](np.ones((20_000, 1)), y, random_state=0)
    # and 0.05 at n = 200000: this file's reason
    assert theirs > fastmi.entropy(y, base=None) > 0.004


@pytest.mark.parametrize("discrete", [True, False])
def test_a_constant_target_has_no_information(rng, discrete):
    X = rng.integers(10, size=(2000, 2))
    assert ours.mutual_info_classif(X, np.ones(2000), discrete_features=discrete).tolist() == [0, 0]
    assert ours.mutual_info_regression(
        X, np.ones(2000), discrete_features=discrete, random_state=0
    ).tolist() == [0, 0]
    assert ours.mutual_info_classif(X, np.ones(2000)).dtype == np.float64


@pytest.mark.parametrize("dtype", [np.int64, np.uint64, np.float64])
@pytest.mark.parametrize("offset", [10**9, 10**12, 2**52])
def test_an_offset_does_not_drown_whole_numbers(rng, dtype, offset):
    x = rng.integers(10, size=(2000, 1))
    x[0] = 0
    classes, y = x[:, 0] > 4, x[:, 0] + rng.normal(size=2000)
    for (mine, other), target in zip(map(both, FEATURES), (classes, y), strict=True):
        near, far = (
            other(x, target, random_state=0),
            mine((x + offset).astype(dtype), target, random_state=0),
        )
        assert far.tolist() == near.tolist()
        if offset == 10**12:
            assert other((x + offset).astype(dtype), target, random_state=0)[0] < 0.1 * near[0]


def test_an_offset_does_not_drown_a_target_or_fractions(rng):
    x = rng.normal(size=(2000, 1))
    y = np.floor(10 * x[:, 0])
    y -= y.min()
    near = THEIRS["mutual_info_regression"](x, y, random_state=0)
    assert (
        ours.mutual_info_regression(x, y.astype(np.int64) + 2**60, random_state=0).tolist()
        == near.tolist()
    )
    far = ours.mutual_info_regression(np.round(x, 3) + 1e9, y, random_state=0)
    assert far == pytest.approx(near, abs=0.05)


def test_wide_integers_are_not_shifted(rng):
    x = rng.integers(10**15, size=(300, 1))
    for name, target in zip(FEATURES, (x[:, 0] % 2, x[:, 0] * 2.0), strict=True):
        same(name, x, target, random_state=0)


def test_few_values_of_many_samples_are_counted(rng):
    n = 40_000
    coin, die, rare = rng.integers(2, size=n), rng.integers(6, size=n), np.arange(n) < 20
    X = np.stack([coin, coin / 8, coin + (die == 0)], axis=1)
    mine = ours.mutual_info_classif(X, rare, random_state=0)
    counted = [
        fastmi.mutual_information((column * 8).astype(int), rare, base=None) for column in X.T
    ]
    np.testing.assert_allclose(mine, counted, rtol=0, atol=1e-12)
    (theirs,) = THEIRS["mutual_info_classif"](coin[:, None], rare, random_state=0)
    assert theirs > 10 * counted[0]  # noise that floats no longer part
    (mirrored,) = ours.mutual_info_regression(
        rare[:, None], coin, discrete_features=True, random_state=0
    )
    assert mirrored == pytest.approx(counted[0], abs=1e-12)


def test_discrete_integers_beside_continuous_columns_are_not_cast_to_floats(rng):
    labels = rng.integers(2, size=500)
    X = np.stack([2**53 + labels, rng.integers(50, size=500)], axis=1)  # 2^53 + 1 is no float64
    for name, target in zip(FEATURES, (labels, labels + 0.1 * rng.normal(size=500)), strict=True):
        (mine, _), (other, _) = (
            f(X, target, discrete_features=[0], random_state=0) for f in both(name)
        )
        assert other == 0
        assert mine == pytest.approx(math.log(2), abs=0.01)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32, np.int64, np.float32])
def test_integer_columns_say_what_floats_say(rng, dtype):
    """scikit-learn 1.2 rounded scaled integers to nothing (its issue 26696)."""
    X = np.append(rng.integers(20, size=(199, 2)), [[120, 120]], axis=0)
    for name, target in zip(FEATURES, (X[:, 0] > 9, X[:, 0] + rng.normal(size=200)), strict=True):
        mine, other = both(name)
        expected = other(X.astype(np.float64), target, random_state=0)
        np.testing.assert_array_equal(mine(X.astype(dtype), target, random_state=0), expected)
        assert expected[0] > 0.5


# --- scikit-learn's own tests ---------------------------------------------------------------------

NOT_OURS = {  # its tests of other functions, in the same two modules
    "test_generalized_average": "tests the private mean",
    "test_homogeneous_but_not_complete_labeling": "homogeneity and completeness",
    "test_complete_but_not_homogeneous_labeling": "homogeneity and completeness",
    "test_not_complete_and_not_homogeneous_labeling": "homogeneity and completeness",
    "test_beta_parameter": "the V-measure",
    "test_non_consecutive_labels": "homogeneity, completeness and the Rand index",
    "test_adjustment_for_chance": "the Rand index",
    "test_expected_mutual_info_overflow": "expected_mutual_information",
    "test_public_entropy_deprecation": "the deprecated entropy",
    "test_entropy": "the private entropy",
    "test_entropy_array_api": "the private entropy",
    "test_fowlkes_mallows_score": "the Fowlkes-Mallows index",
    "test_fowlkes_mallows_score_properties": "the Fowlkes-Mallows index",
    "test_check_clustering_error": (
        "check_clusterings, whose warning test_labels_that_are_not_whole_warn asks of ours"
    ),
    "test_pair_confusion_matrix_fully_dispersed": "pair_confusion_matrix",
    "test_pair_confusion_matrix_single_cluster": "pair_confusion_matrix",
    "test_pair_confusion_matrix": "pair_confusion_matrix",
    "test_rand_score_edge_cases": "the Rand index",
    "test_rand_score": "the Rand index",
    "test_adjusted_rand_score_overflow": "the Rand index",
    "test_compute_mi_dd": "the private estimators, which ours calls through the public functions",
    "test_compute_mi_cc": "the private estimators",
    "test_compute_mi_cd": "the private estimators",
    "test_compute_mi_cd_unique_label": "the private estimators",
}
MODULES = {
    "metrics/cluster/tests/test_supervised.py": LABELS,
    "feature_selection/tests/test_mutual_info.py": FEATURES,
}
# as its conftest gives them
FIXTURES = {"global_dtype": [np.float32, np.float64], "global_random_seed": [0, 42]}


def load(path, names):
    """A fresh copy of one of its test modules, with ours where it imports these names."""
    spec = importlib.util.spec_from_file_location(
        "theirs_" + Path(path).stem, Path(sklearn.__file__).parent / path
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            home = sklearn.feature_selection if name in FEATURES else sklearn.metrics.cluster
            patch.setattr(home, name, getattr(ours, name))
        spec.loader.exec_module(module)
    return module


def calls(test):
    """The arguments of every call that pytest would make of it; those with another function of
    scikit-learn's left out.
    """
    axes = []
    for mark in getattr(test, "pytestmark", []):
        keys = [key.strip() for key in mark.args[0].split(",")]
        axes.append(
            [
                dict(zip(keys, value if len(keys) > 1 else [value], strict=True))
                for value in mark.args[1]
            ]
        )
    given = {key for axis in axes for key in axis[0]}
    for key, parameter in inspect.signature(test).parameters.items():
        if key not in given and parameter.default is parameter.empty:
            axes.append([{key: value} for value in FIXTURES[key]])
    for choice in itertools.product(*axes):
        arguments = {key: value for part in choice for key, value in part.items()}
        if arguments.get("score_func") is None or arguments["score_func"].__module__.startswith(
            ours.__name__
        ):
            yield arguments


def collect():
    for path, names in MODULES.items():
        module = load(path, names)
        for name, test in vars(module).items():
            if name.startswith("test_") and name not in NOT_OURS:
                for number, arguments in enumerate(calls(test)):
                    yield pytest.param(test, arguments, id=f"{name}-{number}")


THEIR_TESTS = list(collect())


@pytest.mark.parametrize(("test", "arguments"), THEIR_TESTS)
def test_scikit_learns_own_tests_pass(test, arguments):
    with joblib.parallel_config(backend="threading"):  # their n_jobs=2, without starting processes
        test(**arguments)


def test_all_of_scikit_learns_own_tests_are_accounted_for():
    """18 of the 42 test functions concern these six, with 47 calls between them."""
    everything = {
        name for path in MODULES for name in vars(load(path, [])) if name.startswith("test_")
    }
    assert set(NOT_OURS) <= everything
    assert len(everything - set(NOT_OURS)) == 18
    assert len(THEIR_TESTS) == 47


def test_scikit_learns_own_tests_were_given_ours():
    module = load("metrics/cluster/tests/test_supervised.py", LABELS)
    assert [getattr(module, name) for name in LABELS] == [getattr(ours, name) for name in LABELS]
    assert ours.adjusted_mutual_info_score in module.score_funcs
    # and the installed one was left alone
    assert sklearn.metrics.cluster.mutual_info_score is THEIRS["mutual_info_score"]
