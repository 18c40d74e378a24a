"""Tables of columns: numbered, and beside each other, in a table of cells or hashed."""

import numpy as np
import pytest

from fastmi import crossing
from fastmi.crossing import table_of, tally_pairs
from fastmi.labels import read

PAIRS = np.array([(i, j) for i in range(4) for j in range(4)])


def columns(rng, n=120):
    return np.column_stack([rng.integers(k, size=n) for k in (1, 3, 30)] + [np.arange(n)])


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("missing", [False, True])
def test_hashed_pairs_are_what_tables_count(twin, rng, monkeypatch, apart, missing):
    given = columns(rng)
    table = table_of("X", twin.put(given))
    if missing:
        lacking = rng.random(given.T.shape) < 0.2
        lacking[1] = True
        codes = np.where(lacking, table.columns.sizes[:, None], given.T)
        table = table._replace(
            columns=table.columns._replace(codes=twin.put(codes), sizes=table.columns.sizes + 1)
        )
    expected = tally_pairs(table, table, PAIRS, apart)
    for most in (50, 0):  # some of them, all of them
        monkeypatch.setattr(crossing, "most_cells", lambda n, least, most=most: most)
        hashed = tally_pairs(table, table, PAIRS, apart)
        for one, other in zip(expected, hashed, strict=True):
            np.testing.assert_array_equal(one, other)


def test_codes_take_as_few_bytes_as_they_need(rng):
    given = rng.integers(256, size=(3000, 2))
    assert table_of("X", given).columns.codes.dtype == np.uint8
    given[:257, 0] = range(257)
    assert table_of("X", given).columns.codes.dtype == np.uint16


def test_a_column_that_lacks_all_has_no_symbol():
    table = table_of("X", [[None, 1], [None, None]], "drop")
    assert table.columns.kept.tolist() == [0, 1]
    assert table.lacks.tolist() == [True, True]
    np.testing.assert_array_equal(crossing.alone_of(table), [np.nan, 0])
    assert repr(table) == "Table of 2 columns, 2 samples"


def test_variables_are_read_together():
    y, z = read("y", [0, 1, 1]), read("z", [[0, 1], [0, 1], [1, 1]])
    table = crossing.joined_table("of", [y, z])
    assert table.columns.sizes.tolist() == [2, 2]
    assert crossing.without(table, np.array([True, False, True])).n_samples == 2


def test_a_batch_is_no_variable():
    with pytest.raises(ValueError, match=r"y has shape \(2, 3, 1\): it is one variable"):
        crossing.bare("y", np.zeros((2, 3, 1), int))


@pytest.mark.parametrize("dtype", [np.int64, np.uint64, np.int8])
def test_integers_of_a_narrow_range_are_read_as_bytes(rng, dtype):
    low = {np.int64: -(2**63), np.uint64: 2**64 - 300, np.int8: -128}[dtype]
    small = np.stack([rng.integers(k, size=60) for k in (1, 5, 200)], axis=1)
    given = (small.astype(object) + low).astype(dtype)
    given[:2, 2] = [low, low + 199]
    table = table_of("X", given)
    assert table.columns.codes.dtype == np.uint8
    for j, codes in enumerate(table.columns.codes):
        expected = np.unique(given[:, j], return_inverse=True)[1]
        assert (np.unique(codes, return_inverse=True)[1] == expected).all()
        assert codes.max() < table.columns.sizes[j]
