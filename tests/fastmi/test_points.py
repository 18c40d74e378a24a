"""Points: the columns of what a measure says of layers, each with what it says of itself."""

import dataclasses

import numpy as np
import pytest

from fastmi.points import Points, joined

FEW = Points(np.float64([[1, 2], [3, 4]]), np.float64([[0.5, 1], [1.5, 2]]))
MORE = dataclasses.replace(FEW, n_symbols=np.array([[7, 8], [9, 10]]))


def test_every_column_says_what_it_is():
    columns = {column.name: column for column in Points.columns()}
    assert list(columns)[:5] == ["i_xt", "i_ty", "n_symbols", "coverage", "coding"]
    assert "n_samples" not in columns  # of the whole table
    assert len({column.header for column in columns.values()}) == len(columns)
    assert [name for name, column in columns.items() if not column.optional] == ["i_xt", "i_ty"]
    whole = [name for name, column in columns.items() if column.whole]
    assert whole == ["n_symbols", "verdict", "verdict_xt", "n_scored"]
    assert (columns["coverage"].low, columns["coverage"].high) == (0, 1)
    assert columns["i_xt_lower"].low == -np.inf
    assert {columns[name].unit for name in ("i_xt", "i_ty", "i_ty_upper")} == {"bits"}
    assert all(column.words for column in columns.values())


def test_bits_are_both_on_a_last_axis():
    assert FEW.bits.shape == (2, 2, 2)
    assert FEW.bits[1, 0].tolist() == [3, 1.5]


def test_what_a_measure_lacks_is_not_there():
    assert list(FEW.present) == ["i_xt", "i_ty"]
    assert list(MORE.present) == ["i_xt", "i_ty", "n_symbols"]
    assert repr(MORE) == "Points (2, 2): i_xt, i_ty, n_symbols"


def test_a_function_is_applied_to_every_column():
    last = MORE.map(lambda column: column[:, -1])
    assert (last.i_xt.tolist(), last.n_symbols.tolist()) == ([2, 4], [8, 10])
    assert last.coverage is None
    with pytest.raises(TypeError, match=r"function is .*: .*array -> array, as lambda column"):
        MORE.map("last")


@pytest.mark.parametrize(("axis", "shape"), [(0, (4, 2)), (1, (2, 4))])
def test_points_are_joined_along_an_axis_and_what_some_lack_is_nan(axis, shape):
    both = joined([FEW, MORE], axis=axis)
    assert both.i_xt.shape == both.n_symbols.shape == shape
    parts = np.split(both.n_symbols, 2, axis=axis)
    assert np.isnan(parts[0]).all()
    assert parts[1].tolist() == MORE.n_symbols.tolist()
    assert both.coverage is None
    assert joined([MORE], axis=axis).n_symbols.dtype == int


def test_a_column_of_words_is_said_by_its_words():
    columns = {column.name: column for column in Points.columns()}
    assert [columns["verdict"].shown(number) for number in (0, 1, 3.0, np.nan)] == [
        "",
        "unresolved",
        "resolved",
        "",
    ]
    assert columns["verdict_xt"].shown(1) == "at the ceiling"
    assert [columns["growth"].shown(number) for number in (0.5, np.nan)] == [0.5, ""]
    assert (columns["verdict"].low, columns["verdict"].high) == (0, 4)
