"""What other libraries hold gives the plain list's answer, with and without missing values."""

import datetime
import importlib.util
import itertools

import numpy as np
import pandas as pd
import pytest
import torch

import fastmi
from fastmi import frames
from fastmi.labels import as_columns, as_values
from tests import naive
from tests.scorecard.containers import ByArray, ByDLPack


def library(name):
    """An import that skips the test where the library is not installed."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    return importlib.import_module(name)


pl, pa, xr = (lambda name=name: library(name) for name in ("polars", "pyarrow", "xarray"))

WORDS, NUMBERS = ["a", "b", None, "a", "a\0", "b"], [3, 2**53, None, 3, 2**53 + 1, 0]
FLOATS, FLAGS = [0.0, 1.0, None, 0.0, 2.0, 2.0], [True, False, None, True, True, False]
DAYS = [value and datetime.datetime(2020, 1, value) for value in (1, 2, None, 1, 3, 3)]
NANS = [np.nan if value is None else value for value in FLOATS]

# each makes a column of the values, six with one missing
COLUMNS = {
    "pandas text": (WORDS, lambda x: pd.Series(x, dtype="str")),
    "pandas strings": (WORDS, lambda x: pd.Series(x, dtype="string")),
    "pandas strings of Python": (WORDS, lambda x: pd.Series(x, dtype="string[python]")),
    "pandas objects": (WORDS, lambda x: pd.Series(x, dtype=object)),
    "pandas categories": (WORDS, lambda x: pd.Series(x, dtype="category")),
    "pandas categories of numbers": (FLOATS, lambda x: pd.Series(x, dtype="category")),
    "pandas Categorical": (WORDS, pd.Categorical),
    "pandas CategoricalIndex": (WORDS, pd.CategoricalIndex),
    "pandas Index": (WORDS, pd.Index),
    "pandas Int64": (NUMBERS, lambda x: pd.Series(x, dtype="Int64")),
    "pandas array": (NUMBERS, lambda x: pd.array(x, dtype="Int64")),
    "pandas Float64": (FLOATS, lambda x: pd.Series(x, dtype="Float64")),
    "pandas floats": (FLOATS, lambda x: pd.Series(x, dtype="float64")),
    "pandas boolean": (FLAGS, lambda x: pd.Series(x, dtype="boolean")),
    "pandas times": (DAYS, lambda x: pd.Series(pd.to_datetime(x))),
    "pandas times somewhere": (DAYS, lambda x: pd.Series(pd.to_datetime(x)).dt.tz_localize("CET")),
    "pandas periods": (DAYS, lambda x: pd.Series(pd.PeriodIndex(pd.to_datetime(x), freq="D"))),
    "pandas sparse": (FLOATS, lambda x: pd.Series(pd.arrays.SparseArray(x, dtype="float64"))),
    "pandas Arrow text": (
        WORDS,
        lambda x: pd.Series(x, dtype=pd.ArrowDtype(pa().string())),
    ),
    "pandas Arrow numbers": (
        NUMBERS,
        lambda x: pd.Series(x, dtype=pd.ArrowDtype(pa().int64())),
    ),
    "polars text": (WORDS, lambda x: pl().Series(x)),
    "polars categories": (WORDS, lambda x: pl().Series(x, dtype=pl().Categorical)),
    "polars enumeration": (
        WORDS,
        lambda x: pl().Series(x, dtype=pl().Enum(["b", "c", "a\0", "a"])),
    ),
    "polars numbers": (NUMBERS, lambda x: pl().Series(x)),
    "polars floats": (FLOATS, lambda x: pl().Series(x)),
    "polars NaN": (FLOATS, lambda x: pl().Series([np.nan if v is None else v for v in x])),
    "polars truths": (FLAGS, lambda x: pl().Series(x)),
    "polars times": (DAYS, lambda x: pl().Series(x)),
    "polars bytes": (WORDS, lambda x: pl().Series([v and v.encode() for v in x])),
    "pyarrow text": (WORDS, lambda x: pa().array(x)),
    "pyarrow wide text": (WORDS, lambda x: pa().array(x, pa().large_string())),
    "pyarrow views": (WORDS, lambda x: pa().array(x, pa().string_view())),
    "pyarrow bytes": (WORDS, lambda x: pa().array([v and v.encode() for v in x])),
    "pyarrow numbers": (NUMBERS, lambda x: pa().array(x)),
    "pyarrow floats": (FLOATS, lambda x: pa().array(x)),
    "pyarrow truths": (FLAGS, lambda x: pa().array(x)),
    "pyarrow times": (DAYS, lambda x: pa().array(x)),
    "pyarrow days": (DAYS, lambda x: pa().array([v and v.date() for v in x])),
    "pyarrow chunks": (WORDS, lambda x: pa().chunked_array([x[:2], x[2:]])),
    "pyarrow dictionary": (WORDS, lambda x: pa().array(x).dictionary_encode()),
    "pyarrow dictionaries in chunks": (
        WORDS,
        lambda x: pa().chunked_array(
            [pa().array(part).dictionary_encode() for part in (x[:1], x[1:])]
        ),
    ),
    "pyarrow dictionary with doubles": (
        ["a", "b", None, "a", "b", "b"],
        lambda x: pa().DictionaryArray.from_arrays([0, 1, 2, 3, 4, 1], ["a", "b", None, "a", "b"]),
    ),
    "pyarrow dictionary with gaps": (
        ["a", "b", None, "a", "b", "b"],
        lambda x: pa().DictionaryArray.from_arrays([0, 1, None, 0, 1, 1], ["a", "b"]),
    ),
    "pyarrow decimals, whole": (
        [1, 2, None, 1, 1, 3],
        lambda x: pa().array([None if v is None else str(v) for v in x]),
    ),
    "xarray objects": (WORDS, lambda x: xr().DataArray(np.array(x, object))),
    "xarray floats": (NANS, lambda x: xr().DataArray(x)),
    "masked": (
        FLOATS,
        lambda x: np.ma.array([9.5 if v is None else v for v in x], mask=[v is None for v in x]),
    ),
    "masked objects": (
        WORDS,
        lambda x: np.ma.array(np.array(x, object), mask=[v is None for v in x]),
    ),
    "masked letters": (
        ["a", "b", None, "a", "c", "b"],
        lambda x: np.ma.array([v or "z" for v in x], mask=[v is None for v in x]),
    ),
    "instants": (DAYS, lambda x: np.array(x, "M8[us]")),
    "a tensor": (NANS, lambda x: torch.tensor(x)),
    "StringDType": (WORDS, lambda x: np.array(x, np.dtypes.StringDType(na_object=None))),
    "by __array__": (NANS, lambda x: ByArray(np.array(x))),
    "by DLPack": (NANS, lambda x: ByDLPack(np.array(x))),
    "a list": (WORDS, list),
    "an array of objects": (NUMBERS, lambda x: np.array(x, object)),
}


def plain(values):
    """The list, None where a value is missing."""
    return [None if value is None or value != value else value for value in values]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_has_the_plain_answer(name):
    values, make = COLUMNS[name]
    x, known = make(values), plain(values)
    y = [0, 1, 1, 0, 1, 0]
    kept = [i for i, value in enumerate(known) if value is not None]
    with pytest.raises(
        ValueError, match=r'x holds 1 missing value \(.*, the first at 2\).*missing="drop"'
    ):
        fastmi.mutual_information(x, y)
    for missing, rows in (("symbol", range(6)), ("drop", kept)):
        a, b = [known[i] for i in rows], [y[i] for i in rows]
        assert fastmi.entropy(x, missing=missing) == pytest.approx(naive.entropy(a), abs=1e-12)
        expected = naive.mutual_information(a, b)
        for given in ((x, y), (y, x)):
            found = fastmi.mutual_information(*given, missing=missing)
            assert found == pytest.approx(expected, abs=1e-12)
        report = fastmi.mutual_information_report(x, y, missing=missing)
        assert report.value == pytest.approx(expected, abs=1e-12)
        assert (report.n, report.n_dropped) == (len(a), 6 - len(a))
        assert ("(1 dropped)" in repr(report)) == (missing == "drop")
        expected = naive.conditional_mutual_information(b, b, a)
        found = fastmi.conditional_mutual_information(y, y, x, missing=missing)
        assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", COLUMNS)
def test_without_gaps_nothing_need_be_said(name):
    values, make = COLUMNS[name]
    if "dictionary with" in name or name in ("masked", "masked objects", "masked letters"):
        pytest.skip("made with a gap")
    whole = [value for value in plain(values) if value is not None]
    assert fastmi.entropy(make(whole)) == pytest.approx(naive.entropy(whole), abs=1e-12)


@pytest.mark.parametrize(
    "name",
    [
        *("pandas text", "pandas categories", "pandas Int64", "polars text", "polars categories"),
        *("polars enumeration", "pyarrow text", "pyarrow dictionary"),
    ],
)
def test_chunks_of_a_stream_are_compared_by_value(name):
    """Codes of two columns mean different things."""
    values, make = COLUMNS[name]
    whole = [value for value in values if value is not None]
    labels = [*whole, *whole[::-1]]
    stream = fastmi.Stream(fastmi.Edges([0]))
    for part in (whole, whole[::-1]):
        stream.update(np.zeros((len(part), 1)), make(part))
    assert stream.entropy_y == pytest.approx(naive.entropy(labels), abs=1e-12)
    assert as_values("x", make(whole)).tolist() == whole


FRAMES = {
    "pandas": lambda columns: pd.DataFrame(columns),
    "pandas, categories": lambda columns: pd.DataFrame(columns).astype({"w": "category"}),
    "pandas, nullable": lambda columns: pd.DataFrame(columns).convert_dtypes(),
    "polars": lambda columns: pl().DataFrame(columns),
    "pyarrow": lambda columns: pa().table(columns),
    "pyarrow batch": lambda columns: pa().record_batch(columns),
}


@pytest.mark.parametrize("name", FRAMES)
def test_rows_of_a_frame_are_joint_symbols_and_columns_keep_their_names(name):
    columns = {"w": WORDS, "k": [1, 1, 2, None, 2, 2], "f": [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]}
    frame = FRAMES[name](columns)
    rows = list(zip(*columns.values(), strict=True))
    y = [0, 1, 1, 0, 1, 0]
    assert fastmi.entropy(frame, missing="symbol") == pytest.approx(naive.entropy(rows), abs=1e-12)
    kept = [i for i, row in enumerate(rows) if None not in row]
    a, b = [rows[i] for i in kept], [y[i] for i in kept]
    found = fastmi.mutual_information(frame, y, missing="drop")
    assert found == pytest.approx(naive.mutual_information(a, b), abs=1e-12)
    with pytest.raises(ValueError, match=r"x holds 2 missing values \(.*, the first at \(2, 0\)\)"):
        fastmi.entropy(frame)
    read = as_columns("X", frame)
    assert list(read) == ["w", "k", "f"]
    assert [
        None if one.absent is None else one.absent.tolist().index(True) for one in read.values()
    ]
    assert read["f"].absent is None
    for key, one in read.items():
        assert naive.entropy(one.with_symbol().tolist()) == pytest.approx(
            naive.entropy(columns[key]), abs=1e-12
        )


def test_columns_of_arrays_have_their_place_for_a_name():
    X = np.array([[0, np.nan], [1, 2], [1, 2]])
    read = as_columns("X", X)
    assert list(read) == [0, 1]
    assert read[0].absent is None
    assert read[1].absent.tolist() == [True, False, False]
    assert list(as_columns("X", [1, 2, 1])) == [0]
    assert list(as_columns("X", pd.Series([1, 2], name="k"))) == ["k"]
    assert list(as_columns("X", torch.tensor([[1, 2], [3, 4]]))) == [0, 1]
    twice = pd.DataFrame([[1, 2], [1, 3]], columns=["a", "a"])
    assert list(as_columns("X", twice)) == [("a", 0), ("a", 1)]
    with pytest.raises(ValueError, match=r"X has no columns"):
        as_columns("X", pd.DataFrame(index=[0, 1]))
    with pytest.raises(ValueError, match=r"X has shape \(2, 2, 1\): a table is \(n, d\)"):
        as_columns("X", np.zeros((2, 2, 1), int))
    with pytest.raises(ValueError, match=r"X\['b'\] holds 0\.5, not a whole number"):
        as_columns("X", pd.DataFrame({"a": [1, 2], "b": [0.5, 1]}))


def test_no_column_is_lost_beside_others_of_its_name():
    names = pd.Index(["a", "a", ("a", 1)], tupleize_cols=False)
    frame = pd.DataFrame([[1, 2, 3], [1, 3, 3]])
    frame.columns = names
    assert list(as_columns("X", frame)) == [("a", 0), (("a", 1), 1), (("a", 1), 2)]


def test_columns_of_rows_stand_beside_others():
    frame = pl().DataFrame({"a": [[1, 2], [3, 4], [1, 2], [1, 2]], "b": [1, 2, 1, 2]})
    assert fastmi.entropy(frame) == 1.5
    assert fastmi.entropy(pa().table(frame.to_dict(as_series=False))) == 1.5


def test_integers_that_numpy_lacks():
    column = pl().Series([1, 2**100, None, 1], dtype=pl().Int128)
    assert fastmi.entropy(column, missing="symbol") == 1.5


def test_a_frame_without_columns_has_nothing_to_count():
    with pytest.raises(ValueError, match=r"x has shape \(0, 0\): there is nothing to count"):
        fastmi.entropy(pd.DataFrame())


def test_intervals_of_a_cut_are_labels():
    cut = pd.cut(pd.Series([0.1, 0.4, 2.0, np.nan, 1.9]), [0, 0.5, 1, 3])
    assert fastmi.entropy(cut, missing="drop") == 1.0
    assert fastmi.entropy(pd.Series(pd.interval_range(0, 4))) == 2.0


def test_levels_of_an_index_are_columns():
    index = pd.MultiIndex.from_tuples([(0, "a"), (1, "b"), (0, "a"), (1, None)])
    assert fastmi.entropy(index, missing="symbol") == 1.5


@pytest.mark.parametrize("make", [range, lambda n: memoryview(bytes(range(n)))])
def test_sequences_of_python(make):
    assert fastmi.entropy(make(4)) == 2.0


def test_an_array_that_is_more_than_one():
    class Named(np.ndarray):
        pass

    assert fastmi.entropy(np.array([0, 1, 0, 1]).view(Named)) == 1.0
    assert fastmi.entropy(np.array([[0, 1], [0, 1], [1, 1]]).view(np.matrix)) == pytest.approx(
        naive.entropy("aab"), abs=1e-12
    )
    assert frames.held(object()) is None


def test_what_is_missing_takes_the_next_number_where_it_can():
    ends = [-(2**63), 2**63 - 1]
    for values in ([0, 1, None, 1], [2**63 - 1, 0, None, 0], [*ends, None, ends[0]]):
        assert fastmi.entropy(values, missing="symbol") == 1.5
        masked = np.ma.array(
            [0 if v is None else v for v in values], mask=[v is None for v in values]
        )
        assert fastmi.entropy(masked, missing="symbol") == 1.5
    high = pd.array([2**64 - 1, 0, None, 0], dtype="UInt64")
    assert fastmi.entropy(high, missing="symbol") == 1.5
    assert fastmi.entropy(pd.array([2**64 - 1, 7, None, 7], dtype="UInt64"), missing="drop") == (
        pytest.approx(naive.entropy("abb"), abs=1e-12)
    )


# --- what becomes of missing values ---------------------------------------------------------------


def test_pairs_and_triples_lack_a_value_where_one_of_them_does():
    x, y, z = [None, 0, 1, 1, 0, 1], [0, None, 1, 0, 0, 1], [0, 0, None, 1, 1, 1]
    rows = [row for row in zip(x, y, z, strict=True) if None not in row]
    a, b, c = zip(*rows, strict=True)
    found = fastmi.conditional_mutual_information(x, y, z, missing="drop")
    assert found == pytest.approx(naive.conditional_mutual_information(a, b, c), abs=1e-12)
    report = fastmi.mutual_information_report(x, y, conditional_on=z, missing="drop")
    assert (report.value, report.n, report.n_dropped) == (found, 3, 3)
    assert report.to_dict()["n_dropped"] == 3
    test = fastmi.permutation_test(x, y, rng=0, n_resamples=99, missing="drop")
    kept = [(a, b) for a, b in zip(x, y, strict=True) if a is not None and b is not None]
    assert test.statistic == fastmi.mutual_information(*zip(*kept, strict=True))


def test_all_or_nothing_missing():
    for x in ([None, None], [np.nan, np.nan], np.array([np.nan, np.nan]), [(1, None), (None, 1)]):
        with pytest.raises(ValueError, match=r"every one of the 2 samples lacks a value"):
            fastmi.entropy(x, missing="drop")
    assert fastmi.entropy([None, None], missing="symbol") == 0
    assert fastmi.entropy([0, 1], missing="drop") == fastmi.entropy([0, 1], missing="symbol") == 1


def test_a_batch_cannot_drop():
    batch = np.array([[[0.0], [1.0]], [[np.nan], [0.0]]])
    with pytest.raises(ValueError, match=r"x are batches.*x\[0\].*missing=\"symbol\""):
        fastmi.entropy(batch, missing="drop")
    assert fastmi.entropy(batch, missing="symbol").tolist() == [1, 1]
    assert fastmi.entropy(batch[:1], missing="drop").tolist() == [1]


@pytest.mark.parametrize("missing", ["ignore", None, True, 0])
def test_another_missing_is_refused(missing):
    calls = itertools.product(
        (fastmi.mutual_information, fastmi.mutual_information_report, fastmi.permutation_test),
        ([0, 1],),
    )
    for call, x in calls:
        with pytest.raises(ValueError, match=r"missing must be one of 'raise', 'symbol', 'drop'"):
            call(x, x, missing=missing)
    with pytest.raises(ValueError, match=r"missing must be one of"):
        fastmi.entropy([0, 1], missing=missing)


def test_floats_with_gaps_are_told_how_to_be_binned():
    with pytest.raises(ValueError, match=r"x holds 0\.5.*fastmi\.discretize"):
        fastmi.entropy([0.5, np.nan])


@pytest.mark.parametrize("backend", ["torch"])
def test_gaps_of_tensors(backend):
    x, y = torch.tensor([0.0, 1.0, torch.nan, 1.0]), torch.tensor([0, 1, 0, 0])
    with fastmi.use_backend(backend):
        assert fastmi.entropy(x, missing="symbol") == 1.5
        assert fastmi.mutual_information(x, y, missing="drop") == pytest.approx(
            naive.mutual_information([0, 1, 1], [0, 1, 0]), abs=1e-12
        )


def test_instants_of_chunks_are_refused_since_their_units_may_differ():
    days = np.array(["2020-01-01", "2020-01-02"], "M8[D]")
    assert fastmi.entropy(days) == 1
    with pytest.raises(TypeError, match=r"y has dtype datetime64\[D\].*y\.astype\(np\.int64\)"):
        fastmi.Stream(fastmi.Edges([0])).update(np.zeros((2, 1)), days)
