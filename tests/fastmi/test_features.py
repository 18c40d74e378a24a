"""What each column tells of y: the numbers of a report of each, in one call."""

import pickle
import re

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_selection import SelectKBest

import fastmi
from fastmi import feature_information
from tests import naive

N = 240
SIZES = (1, 2, 5, 30, 150)


@pytest.fixture
def sample(rng):
    """Columns of one to N symbols, of which the third tells something; y, z."""
    y, z = rng.integers(3, size=N), rng.integers(4, size=N)
    x = np.column_stack([*(rng.integers(k, size=N) for k in SIZES), np.arange(N)])
    x[:, 2] = np.where(rng.random(N) < 0.4, y, x[:, 2])
    return x, y, z


def check(found, x, y, z=None):
    """Compares columns (d,) with a report of each, and the scores with the definition."""
    for j, column in enumerate(x.T):
        report = fastmi.mutual_information_report(column, y, conditional_on=z)
        assert found.n[j] == len(y)
        assert found.scores[j] == report.plugin
        assert found.chance[j] == pytest.approx(report.chance, abs=1e-12)
        assert found.mean_lower[j] == report.mean_lower
        lists = column.tolist(), y.tolist()
        expected = (
            naive.mutual_information(*lists)
            if z is None
            else naive.conditional_mutual_information(*lists, z.tolist())
        )
        assert found.scores[j] == pytest.approx(expected, abs=1e-12)


# --- values ---------------------------------------------------------------------------------------


def test_columns_are_those_of_reports(twin, sample):
    x, y, z = sample
    check(feature_information(twin.put(x), twin.put(y)), x, y)
    found = feature_information(twin.put(x), twin.put(y), conditional_on=twin.put(z))
    check(found, x, y, z)
    np.testing.assert_array_equal(found.excess, found.scores - found.chance)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 2)), min_size=1))
def test_few_samples_are_counted_as_well(rows):
    x, y, z = np.array([row[:1] for row in rows]), *np.array(rows).T[1:]
    check(feature_information(x, y), x, y)
    check(feature_information(x, y, conditional_on=z), x, y, z)


def test_y_may_be_rows_and_the_number_of_classes_known(sample):
    x, y, z = sample
    rows = np.stack([y, z], axis=1)
    check(feature_information(x, rows), x, y * 4 + z)
    found = feature_information(x, y, n_classes=9)
    report = fastmi.mutual_information_report(x[:, 2], y, n_classes=9)
    assert found.mean_lower[2] == report.mean_lower < feature_information(x, y).mean_lower[2]


def test_samples_that_lack_a_value_are_dropped_for_each_column(rng, sample):
    x, y, z = sample
    frame = pd.DataFrame(x.astype(float))
    frame[rng.random(frame.shape) < 0.2] = np.nan
    frame["none"] = np.nan
    labels = pd.Series(y.astype(float)).where(rng.random(N) > 0.1)
    strata = pd.Series(z.astype(float)).where(rng.random(N) > 0.1)
    for given_z, there in ((None, labels.notna()), (strata, labels.notna() & strata.notna())):
        found = feature_information(frame, labels, conditional_on=given_z, missing="drop")
        for j in range(x.shape[1]):
            keep = there & frame[j].notna()
            report = fastmi.mutual_information_report(
                frame[j][keep],
                labels[keep],
                conditional_on=None if given_z is None else given_z[keep],
            )
            assert (found.n[j], found.scores[j]) == (keep.sum(), report.plugin)
            assert found.chance[j] == pytest.approx(report.chance, abs=1e-12)
            assert found.mean_lower[j] == report.mean_lower
        assert found.n[-1] == 0
        assert np.isnan([found.scores[-1], found.chance[-1], found.mean_lower[-1]]).all()
    symbol = feature_information(frame, labels, missing="symbol")
    expected = feature_information(frame.fillna(-1), labels.fillna(-1))
    np.testing.assert_array_equal(symbol.scores, expected.scores)


# --- p-values -------------------------------------------------------------------------------------


def test_one_permutation_serves_all_columns(twin, sample):
    x, y, _ = sample
    found = feature_information(twin.put(x), twin.put(y), n_resamples=99, rng=3)
    assert found.n_resamples == 99
    for j, column in enumerate(x.T):
        test = fastmi.permutation_test(column, y, n_resamples=99, rng=3)
        assert found.pvalues[j] == test.pvalue
    assert (found.pvalues_adjusted >= found.pvalues).all()
    assert found.pvalues_adjusted[2] == 0.01
    assert found.pvalues_adjusted[0] == found.pvalues_adjusted[5] == 1


def test_columns_are_handed_on_some_at_a_time(sample, monkeypatch):
    x, y, _ = sample
    expected = feature_information(x, y, n_resamples=19, rng=3)
    monkeypatch.setattr("fastmi.features.MOST_CODES", 2 * N)
    found = feature_information(x, y, n_resamples=19, rng=3)
    np.testing.assert_array_equal(found.pvalues, expected.pvalues)
    np.testing.assert_array_equal(found.pvalues_adjusted, expected.pvalues_adjusted)


def test_p_values_of_noise_are_not_too_small():
    """The whole of it, 1000 columns and 400 families, is `python -m benchmarks selection`."""
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=60)
    x = rng.integers(3, size=(60, 300))
    found = feature_information(x, y, n_resamples=199, rng=0)
    for level in (0.05, 0.1, 0.5):
        most = level + 3 * np.sqrt(level * (1 - level) / 300)
        assert (found.pvalues <= level).mean() <= most


# --- shown, handed on -----------------------------------------------------------------------------


def test_it_chooses_for_scikit_learn(sample):
    x, y, _ = sample
    chosen = SelectKBest(feature_information, k=2).fit(x, y)
    np.testing.assert_array_equal(chosen.scores_, feature_information(x, y).scores)
    assert chosen.get_support().tolist() == [False, False, False, False, True, True]
    scores, pvalues = feature_information(x, y)
    assert pvalues is None
    scores, pvalues = feature_information(x, y, n_resamples=9, rng=0)
    assert pvalues.shape == scores.shape


def test_a_record_is_a_table_with_names(sample):
    x, y, _ = sample
    frame = pd.DataFrame(x, columns=["constant", *"bcd", "a name of\nsome length " * 9, ("f", 1)])
    found = feature_information(frame, y, n_resamples=9, rng=0)
    table = found.to_pandas()
    assert list(table.index) == list(frame.columns)
    assert list(table.columns) == [
        "score",
        "chance",
        "excess",
        "mean_lower",
        "n",
        "pvalue",
        "pvalue_adjusted",
    ]
    title, head, *rows = repr(found).splitlines()
    assert title == "I(X;Y) of 6 columns in bits, p of 9 permutations"
    assert head.split()[:2] == ["column", "score"]
    assert [row.split()[0] for row in rows] == ["constant", "b", "c", "d", "a", "('f',"]
    assert max(map(len, rows)) < 120
    page = found._repr_html_()
    assert page.count("<tr>") == 7
    assert "<th>b</th>" in page


def test_of_many_columns_the_most_telling_are_shown(rng):
    y = rng.integers(2, size=50)
    x = rng.integers(3, size=(50, 30))
    x[:, 17] = y
    found = feature_information(x, y, conditional_on=rng.integers(2, size=50))
    title, _, first, *rest = repr(found).splitlines()
    assert title == "I(X;Y|Z) of 30 columns in bits, the 20 of most excess"
    assert (first.split()[0], len(rest)) == ("17", 19)


def test_it_is_pickled_whole(sample):
    x, y, _ = sample
    found = feature_information(x, y, n_resamples=9, rng=0)
    again = pickle.loads(pickle.dumps(found))
    assert repr(again) == repr(found)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"X": [[0.5], [1]]}, "0.5, not a whole number"),
        ({"X": pd.DataFrame({"a": [1, None]})}, r"X\['a'\] lacks 1 value \(NaN\)"),
        ({"y": [1, None]}, r"y lacks 1 value \(None\)"),
        ({"y": [None, None], "missing": "drop"}, "every one of the 2 samples lacks y"),
        ({"y": [1, 2, 3]}, "X has 2, y has 3"),
        ({"y": np.zeros((2, 2, 1), int)}, "y has shape"),
        ({"conditional_on": [1, 2, 3]}, "conditional_on has 3"),
        ({"conditional_on": [1, 2], "n_resamples": 9}, "n_resamples is 9 beside conditional_on"),
        ({"n_classes": 1}, "n_classes is 1"),
        ({"n_resamples": 0}, "n_resamples"),
        ({"n_resamples": 9, "rng": -1}, "rng"),
        ({"missing": "maybe"}, "missing"),
        (
            {"X": [[1, None], [2, 3]], "missing": "drop", "n_resamples": 9},
            r"samples are left out of X\[1\]",
        ),
    ],
)
def test_bad_tables_are_refused(given, words):
    with pytest.raises(ValueError, match=words):
        feature_information(**({"X": [[1, 2], [3, 4]], "y": [0, 1]} | given))


TABLE = {"a": [0, 0, 1, 1], "target": ["u", "u", "v", "v"], "k": [0, 1, 0, 1]}


@pytest.mark.parametrize("kind", [pd.DataFrame, polars.DataFrame, pyarrow.table])
def test_the_name_of_a_column_is_no_y(kind):
    X = kind(TABLE)
    with pytest.raises(TypeError, match="y names a column: pass X") as caught:
        feature_information(X, "target")
    way = r"y names a column: pass (X\['target'\]), and leave it out of X \((X\.drop\(.*\))\)$"
    column, rest = re.fullmatch(way, str(caught.value)).groups()
    found = feature_information(eval(rest, {"X": X}), eval(column, {"X": X}))
    assert found.names == ("a", "k")
    assert found.scores.tolist() == [1.0, 0.0]
    with pytest.raises(TypeError, match=r"conditional_on names a column: pass X\['k'\]"):
        feature_information(X, [0, 0, 1, 1], conditional_on="k")
    with pytest.raises(TypeError, match=r"y is a builtins\.str"):
        feature_information(X, "no such")
