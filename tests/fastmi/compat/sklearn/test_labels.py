"""Labels of every kind and container are numbered as in scikit-learn, in no more memory."""

import itertools
import math
import tracemalloc
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

from fastmi.compat import sklearn as ours
from tests.fastmi.compat.sklearn.agreement import (
    KINDS,
    LABELS,
    SCORES,
    SIZES,
    WORDS,
    draw,
    error,
    exact_information,
    features,
    labels_of,
    outcome,
    same,
)

# --- labels ---------------------------------------------------------------------------------------


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


# --- near nothing ---------------------------------------------------------------------------------


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
