"""The caller's settings of NumPy reach scikit-learn's functions and ours alike."""

import itertools

import numpy as np
import pytest

from fastmi.compat import sklearn as ours
from tests.fastmi.compat.sklearn.agreement import FEATURES, LABELS, WORDS, outcome


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
