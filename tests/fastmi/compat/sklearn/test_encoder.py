"""A mixed frame passes scikit-learn's pipelines as integers, and keeps its names."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectKBest
from sklearn.naive_bayes import CategoricalNB
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import fastmi
from fastmi.compat.sklearn import LabelEncoderTransformer
from tests import naive

FRAME = pd.DataFrame(
    {
        "word": ["b", "a", None, "b", "c", "a"],
        "size": pd.Categorical(["S", "L", "S", None, "L", "M"], ["S", "M", "L"], ordered=True),
        "count": pd.array([7, 3, None, 3, 3, 7], dtype="Int64"),
        "flag": [True, False, True, True, False, False],
        "real": [0.5, 1.5, np.nan, 2.5, 3.5, -1.5],
        "whole": [1.0, 0.0, np.nan, 1.0, 1.0, 0.0],
        "mixed": ["1", 1, "1", 2, None, 1.0],
    }
)
CODES = {
    "word": [1, 0, 3, 1, 2, 0],
    "size": [0, 2, 0, 3, 2, 1],
    "count": [1, 0, 2, 0, 0, 1],
    "flag": [1, 0, 1, 1, 0, 0],
    "real": [0, 1, 3, 1, 1, 0],
    "whole": [1, 0, 2, 1, 1, 0],
    "mixed": [2, 0, 2, 1, 3, 0],
}


@parametrize_with_checks([LabelEncoderTransformer()])
def test_it_is_an_estimator_of_scikit_learn(estimator, check):
    check(estimator)


def test_labels_are_their_places_and_names_are_kept():
    encoder = LabelEncoderTransformer(binning=fastmi.QuantileBins(2)).fit(FRAME)
    codes = encoder.transform(FRAME)
    assert codes.dtype == np.int64
    assert encoder.get_feature_names_out().tolist() == list(FRAME)
    for j, name in enumerate(FRAME):
        if name != "real":
            assert codes[:, j].tolist() == CODES[name], name
    bins = encoder.binnings_[4]
    assert bins == fastmi.QuantileBins(2).fit(FRAME[["real"]].dropna().to_numpy())
    assert codes[:, 4].tolist() == [0, 1, 2, 1, 1, 0]
    assert [None if one is None else list(one) for one in encoder.categories_][:3] == [
        ["a", "b", "c"],
        ["S", "M", "L"],
        [3, 7],
    ]


def test_information_is_that_of_the_column():
    codes = LabelEncoderTransformer().fit_transform(FRAME)
    y = [0, 1, 1, 0, 0, 1]
    for j, name in enumerate(FRAME):
        if name != "real":
            column = [None if pd.isna(value) else value for value in FRAME[name]]
            assert fastmi.mutual_information(codes[:, j], y) == pytest.approx(
                naive.mutual_information(column, y), abs=1e-12
            )


def test_what_was_not_seen_has_a_code_of_its_own_or_is_refused():
    new = FRAME.iloc[:3].copy()
    new["word"] = ["z", "a", "y"]
    new["size"] = pd.Categorical(["XL", "L", "S"])
    new["count"] = pd.array([8, 7, None], dtype="Int64")
    new["whole"] = [0.5, 1.0, np.nan]
    codes = LabelEncoderTransformer().fit(FRAME).transform(new)
    assert codes[:, 0].tolist() == [4, 0, 4]
    assert codes[:, 1].tolist() == [4, 2, 0]
    assert codes[:, 2].tolist() == [3, 1, 2]
    assert codes[:, 5].tolist() == [3, 1, 2]
    strict = LabelEncoderTransformer(unknown="raise").fit(FRAME)
    with pytest.raises(ValueError, match=r"X\['word'\] holds 'z', which `fit` has not seen"):
        strict.transform(new)
    assert strict.transform(FRAME).tolist() == (
        LabelEncoderTransformer().fit_transform(FRAME).tolist()
    )


def test_missing_values_can_be_refused():
    strict = LabelEncoderTransformer(missing="raise").fit(FRAME)
    with pytest.raises(ValueError, match=r"X\['word'\] holds 1 missing values, the first at 2"):
        strict.transform(FRAME)
    numbers = FRAME[["real"]]
    with pytest.raises(ValueError, match=r"X\['real'\] holds 1 missing values, the first at 2"):
        LabelEncoderTransformer(missing="raise").fit(numbers).transform(numbers)


def test_values_that_are_far_and_minus_zero():
    column = pd.DataFrame({"k": [2**63 - 1, -(2**63), 0], "f": [0.0, -0.0, np.inf]})
    assert LabelEncoderTransformer().fit_transform(column).tolist() == [[2, 0], [0, 0], [1, 1]]
    wide = pd.DataFrame({"k": np.array([2**64 - 1, 0, 2**64 - 1], np.uint64)})
    assert LabelEncoderTransformer().fit_transform(wide).tolist() == [[1], [0], [1]]
    long = np.array([[0.0], [1.0]], np.longdouble)
    assert LabelEncoderTransformer().fit_transform(long).tolist() == [[0], [1]]


def test_floats_among_objects_are_binned_and_one_row_may_lack_its_number():
    mixed = np.array([["a", 0.25], ["b", None], ["a", 0.75], ["b", 2]], object)
    encoder = LabelEncoderTransformer(binning=fastmi.Edges([0.5])).fit(mixed)
    assert encoder.transform(mixed).tolist() == [[0, 0], [1, 2], [0, 1], [1, 1]]
    assert encoder.transform(np.array([["a", None]], object)).tolist() == [[0, 2]]


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_frames_of_other_libraries(library):
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    module = importlib.import_module(library)
    make = module.DataFrame if library == "polars" else module.table
    columns = {"word": ["b", "a", None, "b"], "k": [1, None, 3, 3]}
    encoder = LabelEncoderTransformer().fit(make(columns))
    assert encoder.transform(make(columns)).tolist() == [[1, 0], [0, 2], [2, 1], [1, 1]]
    assert encoder.get_feature_names_out().tolist() == ["word", "k"]


@pytest.mark.parametrize(
    ("given", "X", "error", "words"),
    [
        ({"missing": "drop"}, FRAME, ValueError, "missing must be one of 'symbol', 'raise'"),
        ({"unknown": 3}, FRAME, ValueError, "unknown must be one of"),
        ({"binning": 8}, FRAME[["real"]], TypeError, "binning is 8"),
        ({}, FRAME.iloc[:0], ValueError, r"X has 0 samples"),
        ({}, pd.DataFrame({"a": [[1], [2]]}), TypeError, r"X\['a'\] holds \[1\], a list: the"),
        ({}, pd.DataFrame({"a": [1, 2]}).iloc[:, :0], ValueError, r"X has 0 features"),
    ],
)
def test_what_cannot_be_encoded_is_refused(given, X, error, words):
    with pytest.raises(error, match=words):
        LabelEncoderTransformer(**given).fit(X)


def test_a_column_that_was_numbers_must_stay_numbers():
    encoder = LabelEncoderTransformer().fit(FRAME[["real"]])
    with pytest.raises(TypeError, match=r"X\['real'\] holds no numbers"):
        encoder.transform(pd.DataFrame({"real": ["a"]}))


def scores(X, y):
    """In the place of feature_information: a score for each column, and no p-values."""
    return np.array([fastmi.mutual_information(column, y) for column in X.T])


SCORES = [scores, *([fastmi.feature_information] if hasattr(fastmi, "feature_information") else [])]


@pytest.mark.parametrize("score", SCORES)
def test_a_pipeline_selects_columns_of_a_mixed_frame(score):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 400)
    frame = pd.DataFrame(
        {
            "noise": rng.choice(list("abcd"), 400),
            "word": np.where(rng.random(400) < 0.1, None, np.array(list("pqr"), object)[y]),
            "real": y + rng.normal(size=400) / 4,
            "more noise": rng.normal(size=400),
        }
    )
    steps = make_pipeline(LabelEncoderTransformer(), SelectKBest(score, k=2))
    steps.set_output(transform="pandas")
    chosen = steps.fit_transform(frame, y)
    assert list(chosen) == ["word", "real"]
    assert steps.get_feature_names_out().tolist() == ["word", "real"]
    column = [None if value is None else value for value in frame["word"]]
    assert steps[-1].scores_[1] == pytest.approx(
        naive.mutual_information(column, y.tolist()), abs=1e-12
    )
    classify = make_pipeline(clone(steps), CategoricalNB(min_categories=20))
    assert classify.fit(frame[:300], y[:300]).score(frame[300:], y[300:]) > 0.8
    both = ColumnTransformer([("code", LabelEncoderTransformer(), ["word"])], remainder="drop")
    assert both.fit(frame).get_feature_names_out().tolist() == ["code__word"]
