"""Continuous columns become bins, and everything else stays."""

import importlib.util
import re

import numpy as np
import pandas as pd
import pytest
import torch

import fastmi
from tests import naive

FRAME = {
    "x": [0.1, 0.4, None, 0.9, 0.5, 7.5],
    "whole": [0.0, 1.0, None, 2.0, 1.0, 0.0],
    "k": [3, 1, 2, 3, 1, 2],
    "word": ["a", "b", None, "a", "b", "b"],
}


def symbols(values, edges, out_of_range="separate"):
    """By the oracle; None where a value is missing."""
    return [None if v is None else naive.symbol(v, edges, out_of_range) for v in values]


def codes(column):
    return [None if code < 0 else code for code in column.cat.codes.tolist()]


def test_continuous_columns_alone_are_binned_and_names_kept():
    frame = pd.DataFrame(FRAME, index=list("pqrstu"))
    before = frame.copy(deep=True)
    binned = fastmi.discretize(frame, fastmi.Edges([0.4, 0.6, 1.0]))
    assert list(binned) == list(frame)
    assert list(binned.index) == list("pqrstu")
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(binned[["whole", "k", "word"]], frame[["whole", "k", "word"]])
    assert codes(binned["x"]) == symbols(FRAME["x"], [0.4, 0.6, 1.0])
    names = ["< 0.4", "[0.4, 0.6)", "[0.6, 1.0)", ">= 1.0"]
    assert list(binned["x"].cat.categories) == names
    assert binned["x"].cat.ordered
    assert binned.attrs["binnings"] == {"x": fastmi.Edges([0.4, 0.6, 1.0])}
    found = fastmi.mutual_information(binned["x"], frame["k"], missing="drop")
    assert found == pytest.approx(
        naive.mutual_information([0, 1, 2, 1, 3], [3, 1, 3, 1, 2]), abs=1e-12
    )


def test_each_column_is_fitted_to_itself_and_other_rows_get_the_same_bins():
    rng = np.random.default_rng(0)
    train = pd.DataFrame(rng.normal(size=(40, 2)) * [1, 9], columns=["a", "b"])
    test = pd.DataFrame(rng.normal(size=(10, 2)) * [1, 9], columns=["a", "b"])
    binned = fastmi.discretize(train, fastmi.QuantileBins(4))
    bins = binned.attrs["binnings"]
    for key in train:
        assert bins[key] == fastmi.QuantileBins(4).fit(train[key].to_numpy()[:, None])
        assert binned[key].value_counts().tolist() == [10] * 4
    again = fastmi.discretize(test, bins)
    for key in test:
        assert codes(again[key]) == symbols(test[key], bins[key].edges.tolist())
        assert list(again[key].cat.categories) == list(binned[key].cat.categories)


@pytest.mark.parametrize("out_of_range", ["separate", "clip", "wrap", "raise"])
def test_what_lies_outside_has_a_name(out_of_range):
    values = [-5.0, 0.25, 0.75, 9.0] if out_of_range != "raise" else [0.25, 0.75]
    binned = fastmi.discretize(
        pd.DataFrame({"x": values}), fastmi.Edges([0, 0.5, 1], out_of_range=out_of_range)
    )
    assert (
        binned["x"].tolist()
        == {
            "separate": ["< 0.0", "[0.0, 0.5)", "[0.5, 1.0)", ">= 1.0"],
            "clip": ["< 0.5", "< 0.5", ">= 0.5", ">= 0.5"],
            "wrap": ["outside", "[0.0, 0.5)", "[0.5, 1.0)", "outside"],
            "raise": ["[0.0, 0.5)", "[0.5, 1.0)"],
        }[out_of_range]
    )


def test_one_bin_that_takes_all():
    bins = fastmi.Edges([0, 1], out_of_range="clip")
    binned = fastmi.discretize(pd.DataFrame({"x": [0.5, 3.5]}), bins)
    assert binned["x"].tolist() == ["all", "all"]


def test_names_are_different_where_edges_are():
    edges = np.nextafter(np.float32(0.1), np.float32([0, 0.1, 1]))
    binned = fastmi.discretize(pd.DataFrame({"x": [0.05, 0.15]}), fastmi.Edges(edges))
    assert len(set(binned["x"].cat.categories)) == 4


def test_of_very_many_bins_those_that_occur_are_named():
    frame = pd.DataFrame({"x": [0.5, 7000.5, np.nan]})
    binned = fastmi.discretize(frame, fastmi.WidthBins(1.0))
    assert binned["x"].tolist()[:2] == ["[0.0, 1.0)", "[7000.0, 7001.0)"]
    assert len(binned["x"].cat.categories) == 2


def test_a_mapping_bins_what_it_names():
    frame = pd.DataFrame(FRAME)
    binned = fastmi.discretize(frame, {"k": fastmi.Edges([2.5])})
    assert binned["k"].tolist() == [">= 2.5", "< 2.5", "< 2.5", ">= 2.5", "< 2.5", "< 2.5"]
    pd.testing.assert_series_equal(binned["x"], frame["x"])


def test_infinities_have_a_bin_and_no_part_in_a_fit():
    frame = pd.DataFrame({"x": [np.inf, 0.5, 1.5, -np.inf]})
    binned = fastmi.discretize(frame, fastmi.QuantileBins(2))
    assert binned["x"].tolist() == [">= 1.5", "< 1.5", ">= 1.5", "< 1.5"]


@pytest.mark.parametrize("dtype", ["Float64", "float32", "float16"])
def test_other_floats_of_pandas(dtype):
    frame = pd.DataFrame({"x": pd.Series([0.25, None, 0.75], dtype=dtype)})
    binned = fastmi.discretize(frame, fastmi.Edges([0.5]))
    assert codes(binned["x"]) == [0, None, 1]
    series = fastmi.discretize(frame["x"], fastmi.Edges([0.5]))
    pd.testing.assert_series_equal(series, binned["x"])


def test_floats_among_objects_are_floats():
    values = pd.Series([0.25, None, 0.75, pd.NA, np.float32(2)], dtype=object)
    frame = pd.DataFrame({"x": values, "k": pd.Series([1, None, 2.0, 3, 4], dtype=object)})
    frame["mixed"] = pd.Series([0.5, "a", 0.5, 1, 2], dtype=object)
    binned = fastmi.discretize(frame, fastmi.Edges([0.5]))
    assert codes(binned["x"]) == [0, None, 1, None, 1]
    pd.testing.assert_frame_equal(binned[["k", "mixed"]], frame[["k", "mixed"]])
    nothing = pd.DataFrame({"x": [None, None]})
    assert codes(fastmi.discretize(nothing, {"x": fastmi.Edges([0.5])})["x"]) == [None, None]


def test_a_series_keeps_its_name_or_has_none():
    for name in (None, "x", 3):
        series = pd.Series([0.25, 0.75], name=name)
        assert fastmi.discretize(series, fastmi.Edges([0.5])).name == name


def test_frames_of_polars():
    if importlib.util.find_spec("polars") is None:
        pytest.skip("polars is not installed")
    import polars as pl

    frame = pl.DataFrame(FRAME)
    binned = fastmi.discretize(frame, fastmi.Edges([0.4, 0.6]))
    assert binned.columns == frame.columns
    assert binned["x"].to_list() == ["< 0.4", "[0.4, 0.6)", None, ">= 0.6", "[0.4, 0.6)", ">= 0.6"]
    assert binned.drop("x").equals(frame.drop("x"))
    assert fastmi.discretize(frame["x"], fastmi.Edges([0.4, 0.6])).equals(binned["x"])
    assert fastmi.discretize(pl.DataFrame({"self": [0.5]}), fastmi.Edges([0])).columns == ["self"]


def test_tables_of_pyarrow_go_by_pandas():
    if importlib.util.find_spec("pyarrow") is None:
        pytest.skip("pyarrow is not installed")
    import pyarrow as pa

    with pytest.raises(TypeError, match=r"of pyarrow frame\.to_pandas\(\)"):
        fastmi.discretize(pa.table({"x": [0.5]}), fastmi.Edges([0]))


def test_arrays_give_symbols_and_masks():
    array = np.array([[0.25, 3.0], [np.nan, 1.0], [0.75, 2.0]])
    binned = fastmi.discretize(array, fastmi.Edges([0.5, 2.5]))
    assert binned.tolist() == [[0, 2], [None, 1], [1, 1]]
    assert fastmi.entropy(binned, missing="drop") == 1.0
    assert fastmi.discretize(array[:, 1], fastmi.Edges([2.5])).tolist() == [1, 0, 0]
    assert fastmi.discretize(array[:, 1:], {0: fastmi.Edges([2.5])}).tolist() == [[1], [0], [0]]
    assert fastmi.discretize(torch.tensor([0.0, 3.0]), fastmi.Edges([2.5])).tolist() == [0, 1]


REFUSED = {
    "no binning": (({"x": [0.5]}, 8), TypeError, "binning is 8"),
    "no binning for whole numbers": (({"x": [1, 2]}, 8), TypeError, "binning is 8"),
    "an unknown name": (
        ({"x": [0.5]}, {"y": fastmi.Edges([0])}),
        ValueError,
        "binning names 'y', which is no column: they are 'x'",
    ),
    "words": (
        ({"x": ["a"]}, {"x": fastmi.Edges([0])}),
        TypeError,
        r"frame\['x'\] holds no numbers",
    ),
    "nothing to fit to": (
        ({"x": [np.nan, np.inf]}, {"x": fastmi.QuantileBins(2)}),
        ValueError,
        r"frame\['x'\] holds no finite value to fit 2 bins of equal mass to",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_binned_is_refused(name):
    (frame, binning), error, words = REFUSED[name]
    with pytest.raises(error, match=words):
        fastmi.discretize(pd.DataFrame(frame), binning)


DAYS = pd.Series(pd.to_datetime(["2024-01-01", "2024-02-01", None, "2024-05-01"]))
TIMES = {
    "dates": DAYS,
    "of a zone": DAYS.dt.tz_localize("Europe/Berlin"),
    "spans": DAYS - DAYS.min(),
    "nothing but gaps": DAYS[[2, 2]].reset_index(drop=True),
}


@pytest.mark.parametrize("name", TIMES)
def test_dates_are_binned_as_the_message_says(name):
    frame = pd.DataFrame({"signup": TIMES[name]})
    assert fastmi.discretize(frame, fastmi.QuantileBins(2))["signup"].equals(frame["signup"])
    binning = {
        "signup": fastmi.Edges([1.0, 3e6])
    }  # seconds: a day in February is below, in May not
    with pytest.raises(
        TypeError, match=r"frame\['signup'\] holds (dates|spans of time): "
    ) as caught:
        fastmi.discretize(frame, binning)
    way = re.search(r"put (?:seconds in their place, )?(.*total_seconds\(\))", str(caught.value))
    seconds = frame.assign(signup=eval(way.group(1), {"frame": frame, "pandas": pd}))
    expected = [0, 1, None, 2] if len(frame) == 4 else [None, None]
    assert codes(fastmi.discretize(seconds, binning)["signup"]) == expected


def test_other_containers_are_refused():
    with pytest.raises(TypeError, match=r"MultiIndex.*pass a DataFrame of pandas or polars"):
        fastmi.discretize(pd.MultiIndex.from_tuples([(0.5, 1.5)]), fastmi.Edges([0]))
    with pytest.raises(TypeError, match=r"frame is a builtins\.list"):
        fastmi.discretize([0.5], fastmi.Edges([0]))
    with pytest.raises(TypeError, match=r"frame has dtype float64 and shape \(1, 1, 1\)"):
        fastmi.discretize(np.zeros((1, 1, 1)), fastmi.Edges([0]))
    with pytest.raises(TypeError, match=r"frame has dtype <U1"):
        fastmi.discretize(np.array(["a"]), fastmi.Edges([0]))


@pytest.mark.parametrize(
    "made",
    [
        lambda values: pd.Series(values, name="v"),
        pd.Series,
        lambda values: pytest.importorskip("polars").Series(values),
    ],
)
def test_a_column_by_itself_is_binned_whatever_numbers_it_holds(made):
    for values in ([1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0], [0.5, 1, 2, 3]):
        binned = fastmi.discretize(made(values), fastmi.QuantileBins(2))
        assert len(set(list(binned)[:2])) == len(set(list(binned)[2:])) == 1
        assert len(set(binned)) == 2
    with pytest.raises(TypeError, match=r"^frame holds no numbers: leave it out of the binning"):
        fastmi.discretize(made(["a", "b"]), fastmi.QuantileBins(2))


def test_dates_by_themselves_are_told_how_they_are_binned():
    with pytest.raises(TypeError, match=r"^frame holds dates: .*dt\.total_seconds") as refused:
        fastmi.discretize(DAYS, fastmi.QuantileBins(2))
    advice = str(refused.value).partition("place, ")[2].partition(", to bin")[0]
    seconds = eval(advice, {"frame": DAYS, "pandas": pd})
    assert (
        fastmi.discretize(seconds, fastmi.QuantileBins(2)).isna().tolist() == DAYS.isna().tolist()
    )
