"""Features: equal to scikit-learn, in what is refused too, and right where it is not."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import fastmi
from fastmi.compat import sklearn as ours
from tests.fastmi.compat.sklearn.agreement import (
    FEATURES,
    NEAR_NOTHING,
    THEIRS,
    WORDS,
    both,
    error,
    exact_information,
    features,
    labels_of,
    same,
)

# --- near nothing ---------------------------------------------------------------------------------


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


# --- features -------------------------------------------------------------------------------------


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
