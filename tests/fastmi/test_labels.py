"""Symbols are equal where the Python values are, or refused; and what messages advise works."""

import re
import tracemalloc
import warnings
from fractions import Fraction

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import fastmi
from fastmi.labels import as_labels, as_values
from tests import naive

BIG = 2**53


def entropy_of(values):
    """The oracle: Python's own equality."""
    return naive.entropy(list(values))


# --- what is equal --------------------------------------------------------------------------------

EQUAL = {
    "one and 1.0 in rows with strings": [("a", 1), ("a", 1.0)],
    "true, one and 1.0": [True, 1, 1.0, 0, 0.0, False],
    "whole numbers beside floats": [BIG, BIG + 1, 0.0, 0.0],
    "floats first": [float(BIG), BIG + 1, BIG],
    "numpy scalars": [np.int8(1), np.float16(1), np.uint64(1), 2],
    "beyond int64": [2**63, 2**63 + 1, 2**63, 5],
    "beyond int64, and below 0": [2**63, -(2**63), -1, 2**64 - 1],
    "the lowest of int64, as a float": [-(2.0**63), -(2**63), 0.0],
    "an array of the lowest": np.array([-(2.0**63), 0.0, -(2.0**63)]),
    "from end to end": [-(2**63), 2**63 - 1, -(2**63), 0],
    "beyond uint64": [2**64, 2**64 + 1, 2**64, 0],
    "a NUL at the end": ["a", "a\0", "a"],
    "NULs alone": ["", "\0", "\0\0", ""],
    "bytes that end in NULs": [b"a", b"a\0", b"a"],
    "letters of two code points": ["é", "e\u0301", "é"],
    "rows of bytes and numbers": [(b"x", 2), (b"x", 2.0), (b"x\0", 2)],
    "one long word": ["a", "b", "a" * 15_000, "a"],
    "objects": np.array(["a", "b", "a"], object),
    "whole objects": np.array([1, 2.0, 1.0, True], object),
    "objects in rows": np.array([["a", 1], ["a", 1.0], ["b", 1]], object),
    "wide strings": np.array(["a" * 40, "a" * 40 + "b", "a" * 40]),
    "wide bytes": np.array([b"a" * 40, b"a" * 40 + b"b", b"a" * 40]),
    "strings of any length": np.array(["a", "bb", "a"], np.dtypes.StringDType()),
    "another order of bytes": np.array([1, 256, 1], ">u8"),
    "a list of rows": [np.array([1, 2]), np.array([1, 2]), np.array([2, 1])],
    "a list of tensors": [
        torch.tensor([1.0, 2.0], requires_grad=True),
        torch.tensor([1, 2]),
        torch.tensor([1, 3]),
    ],
    "single tensors": [torch.tensor(1), torch.tensor(1.0), torch.tensor(2)],
    "eight bits": torch.tensor([1.0, 2.0, 1.0]).to(torch.float8_e4m3fn),
}


def plain(labels):
    """The same as Python values: rows are tuples."""
    if isinstance(labels, torch.Tensor):
        labels = labels.float()
    values = [
        value.tolist() if hasattr(value, "tolist") and not isinstance(value, np.generic) else value
        for value in labels
    ]
    return [tuple(value) if isinstance(value, list) else value for value in values]


@pytest.mark.parametrize("name", EQUAL)
def test_symbols_are_equal_where_python_values_are(name):
    labels = EQUAL[name]
    assert fastmi.entropy(labels) == pytest.approx(entropy_of(plain(labels)), abs=1e-12)
    for y in ([k % 2 for k in range(len(labels))], list(range(len(labels)))):
        expected = naive.mutual_information(plain(labels), y)
        assert fastmi.mutual_information(labels, y) == pytest.approx(expected, abs=1e-12)


def test_the_inputs_that_showed_it():
    assert fastmi.entropy([("a", 1), ("a", 1.0)]) == 0
    assert fastmi.entropy([BIG, BIG + 1, 0.0, 0.0]) == 1.5
    assert fastmi.entropy(["a", "a\0", "a"]) == pytest.approx(0.9182958340544894)
    assert (
        fastmi.mutual_information([(1, "x"), (1.0, "x"), (2, "x"), (2.0, "x")], [0, 1, 0, 1]) == 0
    )


VALUES = [
    0,
    1,
    2,
    -1,
    1.0,
    2.0,
    True,
    False,
    BIG,
    BIG + 1,
    float(BIG),
    2**63,
    2**63 + 1,
    np.int8(1),
    np.float32(2),
]


@given(
    st.lists(
        st.tuples(st.sampled_from(VALUES), st.sampled_from(["", "a", "a\0", "b", "1"])),
        min_size=1,
        max_size=30,
    )
)
def test_rows_of_numbers_and_strings(rows):
    assert fastmi.entropy(rows) == pytest.approx(entropy_of(rows), abs=1e-12)
    numbers = [row[0] for row in rows]
    assert fastmi.entropy(numbers) == pytest.approx(entropy_of(numbers), abs=1e-12)
    assert fastmi.mutual_information([row[1] for row in rows], numbers) == pytest.approx(
        naive.mutual_information([row[1] for row in rows], numbers), abs=1e-12
    )


MIXED = {
    "a number beside a string, in rows": [("a", 1), ("a", "1")],
    "bytes beside strings": [b"a", "a"],
    "a number beside a string": [1, "1"],
    "bytes beside numbers": [b"1", 1],
    "objects": np.array([1, "1"], object),
    "objects in rows": np.array([["a", "1"], ["a", 1]], object),
    "a truth beside its name": [True, "True"],
}


@pytest.mark.parametrize("name", MIXED)
def test_mixtures_without_a_common_equality_are_refused_and_the_advice_works(name):
    x = MIXED[name]
    with pytest.raises(
        TypeError, match=r"x mixes strings with other labels, .*have no common equality"
    ) as caught:
        fastmi.entropy(x)
    one_label = str(x[0]) == str(x[1])
    assert fastmi.entropy(advised(caught.value, r"all strings \((\[.*?\]),", x)) == (
        0.0 if one_label else 1.0
    )


# --- advice that works ----------------------------------------------------------------------------


def advised(error, pattern, x):
    """What the part of a message that is an expression of x gives, as its reader would type it."""
    expression = re.search(pattern, str(error)).group(1)
    return eval(expression, {"np": np, "x": x, "X": x, "y": x, "pandas": pd, "fastmi": fastmi})


MISSING = {  # four labels, and the entropy where what is missing is a label of its own
    "None": ([1, None, 3, 1], 1.5),
    "None among strings": (["a", None, "a", "b"], 1.5),
    "NaN in a list": ([1.0, float("nan"), 3.0, 1.0], 1.5),
    "NaN in an array": (np.array([1.0, np.nan, 3.0, 1.0]), 1.5),
    "half precision": (np.array([1.0, np.nan, 3.0, 1.0], np.float16), 1.5),
    "NaN in a tensor": (torch.tensor([1.0, torch.nan, 3.0, 1.0]), 1.5),
    "pandas' strings": (pd.Series(["a", None, "b", "a"]).to_numpy(), 1.5),
    "pandas' nullable integers": (pd.Series([1, None, 3, 1], dtype="Int64").to_numpy(), 1.5),
    "pandas' nullable truths": (
        pd.Series([True, None, False, True], dtype="boolean").to_numpy(),
        1.5,
    ),
    "pandas' categories": (pd.Series(["a", None, "b", "a"], dtype="category").to_numpy(), 1.5),
    "NaT": ([pd.NaT, 1, 2, 1], 1.5),
    "rows": ([(1, 2), (None, 2), (1, 3), (1, 2)], 1.5),
    "masked": (np.ma.array([1, 9, 3, 1], mask=[0, 1, 0, 0]), 1.5),
    "a series": (pd.Series(["a", None, "b", "a"]), 1.5),
    "rows of floats": (np.array([[1.0, 2], [np.nan, 2], [1, 3], [1, 2]]), 1.5),
}


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_value_is_called_one_and_the_choices_are_named(name):
    x, expected = MISSING[name]
    for call in (fastmi.entropy, lambda x, **given: fastmi.mutual_information(x, x, **given)):
        with pytest.raises(
            ValueError,
            match=r"x holds 1 missing value \(.*, the first at (0|1|\(1, 0\))\).*"
            r'missing="drop".*missing="symbol"',
        ) as caught:
            call(x)
        assert "fastmi.encode" not in str(caught.value)
        assert call(x, missing="symbol") == pytest.approx(expected, abs=1e-12)
        assert call(x, missing="drop") == pytest.approx(
            naive.entropy([0, 0, 1] if name != "rows" else [0, 1, 0]), abs=1e-12
        )


@pytest.mark.parametrize("name", MISSING)
def test_where_nothing_can_be_dropped_the_message_says_how(name):
    """A layer's labels: its samples go with them."""
    x, _ = MISSING[name]
    with pytest.raises(ValueError, match=r"y holds 1 missing value.*drop those samples") as caught:
        fastmi.Stream(fastmi.Edges([0])).update(np.zeros((4, 1)), x)
    kept = advised(caught.value, r"drop those samples \((.*?), and the same", x)
    assert len(kept) == len(x) - 1
    assert fastmi.entropy(kept) == pytest.approx(naive.entropy([0, 0, 1]), abs=1e-12)


CONTINUOUS = {
    "a column": np.array([0.1, 0.5, 0.9, 0.5]),
    "a list": [0.1, 0.5, 0.9, 0.5],
    "rows": np.array([[0.1, 1], [0.5, 1], [0.9, 1], [0.5, 1]]),
    "a tensor": torch.tensor([0.1, 0.5, 0.9, 0.5]),
    "all one value": [0.5, 0.5],
    "beside whole numbers": [0, 0.5, 1, 0.5],
    "a column of pyarrow": pyarrow.array([0.1, 0.5, 0.9, 0.5]),
}
FRAMES = {
    "pandas": pd.DataFrame({"a": [0.1, 0.5, 0.9, 0.5], "b": list("uvuv")}),
    "polars": polars.DataFrame({"a": [0.1, 0.5, 0.9, 0.5], "b": list("uvuv")}),
    "a column of pandas": pd.Series([0.1, 0.5, 0.9, 0.5]),
    "a column of polars": polars.Series([0.1, 0.5, 0.9, 0.5]),
    "nullable": pd.Series([0.1, 0.5, 0.9, 0.5], dtype="Float64"),
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous_labels_are_binned_as_the_message_says(name):
    x = CONTINUOUS[name]
    with pytest.raises(ValueError, match=r"x holds 0\.[15].*, not a whole number") as caught:
        fastmi.entropy(x)
    codes = advised(caught.value, r"bin them first: (fastmi\.encode\(.*\))$", x)
    assert fastmi.entropy(codes) == (0.0 if name == "all one value" else 1.5)


def features(table):
    return fastmi.feature_information(table, [0, 1, 2, 1])


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("of", [fastmi.entropy, features])
def test_continuous_columns_of_a_frame_are_binned_together(of, name):
    x = FRAMES[name]
    with pytest.raises(ValueError, match=r"[xX](\['a'\])? holds 0\.1, not a whole") as caught:
        of(x)
    binned = advised(caught.value, r"bin them first: (fastmi\.discretize\(.*\))$", x)
    assert type(binned) is type(x)
    of(binned)
    assert fastmi.entropy(binned) == 1.5


TABLES = {
    "an array": np.array([[0.1, 1], [0.5, 1], [0.9, 1], [0.5, 1]]),
    "a gap": np.array([[0.1, 1], [0.5, 1], [0.9, 1], [0.5, np.nan]]),
    "a single column": np.array([0.1, 0.5, 0.9, 0.5]),
    "objects": np.array([[0.1, 1], [0.5, 1], [0.9, 1], [0.5, None]], object),
    "a list of rows": [[0.1, 1], [0.5, 1], [0.9, None], [0.5, 1]],
    "a tensor": torch.tensor([[0.1, 1], [0.5, 1], [0.9, 1], [0.5, 1]]),
    "masked": np.ma.array([[0.1, 1], [0.5, 1], [0.9, 1], [0.5, 7]], mask=[[0, 0]] * 3 + [[0, 1]]),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("of", [fastmi.feature_information, fastmi.pairwise_mutual_information])
def test_columns_that_are_variables_are_binned_each_by_itself(of, name):
    x, y = TABLES[name], [0, 1, 2, 1]
    with pytest.raises(ValueError, match=r"X holds 0\.1.*, not a whole number") as caught:
        of(x, y)
    way = r"bin them first: (fastmi\.discretize\(.*, fastmi\.QuantileBins\(8\)\))$"
    found = of(advised(caught.value, way, x), y, missing="symbol")
    first = found.scores[0] if of is fastmi.feature_information else found.bits[0, 0]
    assert first == 1.5


@pytest.mark.parametrize("x", [np.array([0.1, np.nan, 0.9, 0.9]), [0.1, float("nan"), 0.9, 0.9]])
def test_what_is_missing_among_continuous_labels_stays_so(x):
    with pytest.raises(ValueError, match="not a whole number") as caught:
        fastmi.entropy(x)
    binned = advised(caught.value, r"bin them first: (fastmi\.discretize\(.*\))$", x)
    assert fastmi.entropy(binned, missing="drop") == pytest.approx(naive.entropy([0, 1, 1]))


def test_chunks_of_a_frame_are_told_bins_that_all_have():
    x = FRAMES["a column of pandas"]
    with pytest.raises(ValueError, match=r"bin them first: fastmi\.encode\(np\.asarray\(y\)"):
        fastmi.Stream(fastmi.Edges([0])).update(np.zeros((4, 1)), x)


@pytest.mark.parametrize(
    "x",
    [
        {"p": 1, "q": 2, "r": 1, "s": 3},
        "abac",
        b"abac",
        torch.tensor([1, 2, 1, 3]).to_sparse(),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_container_is_told_its_own_way(x):
    if isinstance(x, range):
        x = iter([1, 2, 1, 3])
    with pytest.raises(TypeError, match=r"x is a ") as caught:
        fastmi.entropy(x)
    assert "\n" not in str(caught.value)
    way = re.search(r"\((.*)\)", str(caught.value)).group(1)
    scope = {"np": np, "x": x, "torch": torch}
    if way.startswith("keep = "):
        statement, _, way = way.partition("; ")
        exec(statement, scope)
        way = way.partition(", and")[0]
    way = re.split(r"[:;] |, and", way)[0]
    assert fastmi.entropy(eval(way, scope)) == 1.5


def test_nothing_is_lost_where_labels_are_plain():
    for given_ in (
        [1, 2, 3],
        np.array([1, 2, 3]),
        (1, 2, 3),
        [np.int64(1), np.int64(2), np.int64(3)],
    ):
        assert as_labels("x", given_).dtype == np.int64
    assert as_labels("x", [2**63]).dtype == np.uint64
    assert as_labels("x", ["a", "b", "a"]).tolist() == [0, 1, 0]
    assert as_labels("x", np.array(["a"])).dtype == "<U1"
    assert as_values("x", ["a\0", "b"]).tolist() == ["a\0", "b"]
    assert as_labels("x", [[[1, 2]], [[3, 4]]]).shape == (2, 1, 2)


@pytest.mark.parametrize(
    "x", [[Fraction(1, 2), 1], [(1, 2), [3, Fraction(1)]], [1, {2}], np.array([[1], 2], object)]
)
def test_values_that_are_no_labels_are_named(x):
    with pytest.raises(TypeError, match=r"x holds .*(Fraction|set|list).*str\(value\)"):
        fastmi.entropy(x)


# --- a table taken for its columns ----------------------------------------------------------------


def test_a_table_of_many_columns_is_told_that_it_is_one_symbol():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 4, (200, 100)), rng.integers(0, 2, 200)
    with pytest.warns(
        fastmi.CoverageWarning,
        match=r"x is 200 rows of 100 columns, each row one joint symbol.*x\[:, j\]",
    ):
        joint = fastmi.mutual_information(X, y)
    assert joint == fastmi.entropy(y)
    with pytest.warns(fastmi.CoverageWarning, match="y is 200 rows of 100 columns"):
        fastmi.mutual_information(y, X)
    with pytest.warns(fastmi.CoverageWarning, match="x is 200 rows"):
        fastmi.conditional_mutual_information(X, y, y)
    with pytest.warns(fastmi.CoverageWarning, match=r"a batch of 19 labelings of 100 samples is x"):
        fastmi.mutual_information(X[:19], y[:19])
    with pytest.warns(fastmi.CoverageWarning, match="x is 200 rows"):
        fastmi.mutual_information(np.stack([X, X]), np.stack([X[:, :2], X[:, :2]]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fastmi.mutual_information(X[:, :2], y)  # 16 symbols
        # a column of its own is the user's symbol
        fastmi.mutual_information(X[:, :1] * 0 + np.arange(200)[:, None], y)
        fastmi.mutual_information(X[:19, :18], y[:19])  # few samples, and no batch by its looks
        [fastmi.mutual_information(column, y) for column in X.T]


def test_the_first_line_says_what_a_row_is():
    for function in (fastmi.entropy, fastmi.mutual_information):
        assert "each row ONE joint symbol" in function.__doc__.splitlines()[0]
    assert "A table of counts is no labels" in fastmi.entropy.__doc__


# --- long strings, far numbers --------------------------------------------------------------------


def peak(call):
    """Bytes that a call holds at most."""
    call()  # what is kept from a first call is not the call's
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def words(n, longest):
    return [f"w{k % 7}" for k in range(n)] + ["a" * longest]


@pytest.mark.parametrize(
    "put",
    [
        list,
        lambda x: np.array(x, object),
        lambda x: np.array(x, np.dtypes.StringDType()),
        lambda x: [(word, 1) for word in x],
    ],
    ids=["list", "objects", "StringDType", "rows"],
)
def test_one_long_string_costs_its_own_length(put):
    x = put(words(3000, 15_000))
    expected = naive.entropy(words(3000, 15_000))
    assert fastmi.entropy(x) == pytest.approx(expected, abs=1e-12)
    assert peak(lambda: fastmi.mutual_information(x, x)) < 2e6  # 832e6 once


def test_a_wide_array_of_strings_is_not_widened():
    x = np.array(words(300, 15_000))
    assert peak(lambda: fastmi.entropy(x)) < x.nbytes / 20
    assert fastmi.entropy(x) == pytest.approx(naive.entropy(words(300, 15_000)), abs=1e-12)
    letters = x.astype("S")
    assert fastmi.entropy(letters) == fastmi.entropy(x)


@pytest.mark.parametrize("lowest", [2**62, -(2**63), -(2**62) - 5, 2**63 - 9])
@pytest.mark.parametrize("kind", ["warnings", "seterr"])
def test_rows_far_from_zero_wrap_without_a_word(lowest, kind):
    rows = np.array([[0, 1], [0, 0], [3, 1], [0, 1]]) + lowest
    with np.errstate(all="raise" if kind == "seterr" else "warn"):
        assert fastmi.entropy(rows) == 1.5
        assert fastmi.mutual_information(rows, rows.tolist()) == 1.5


def test_timedeltas_one_by_one_are_no_numbers():
    with pytest.raises(TypeError, match=r"x holds np\.timedelta64\(1,'D'\), a timedelta64"):
        fastmi.entropy([np.timedelta64(1, "D"), np.timedelta64("NaT")], missing="drop")
