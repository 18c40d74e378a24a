"""Scores of labels: equal to scikit-learn, in what is refused too, and right near nothing."""

import itertools
import math
from decimal import Decimal

import numpy as np
import pytest
import sklearn.feature_selection
import sklearn.metrics.cluster
from scipy import sparse

import fastmi
from fastmi import belief
from fastmi.compat import sklearn as ours
from tests.fastmi.compat.sklearn.agreement import (
    FEATURES,
    NEAR_NOTHING,
    SCORES,
    SIZES,
    THEIRS,
    both,
    decimals,
    draw,
    error,
    exact_expectation,
    exact_information,
    labels_of,
    same,
)

AVERAGES = ["arithmetic", "geometric", "min", "max"]


THEIRS |= {name: getattr(sklearn.feature_selection, name) for name in FEATURES}


# --- labels ---------------------------------------------------------------------------------------


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


@decimals
def exact_entropy(counts):
    counts = list(counts)
    n = sum(counts)
    return sum((Decimal(k) / n * (Decimal(n) / k).ln() for k in counts), Decimal(0))


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
