"""columns and tables of other libraries -> arrays, codes of their symbols, what is missing.

A categorical column is read by its codes, a column of strings where its library numbers them: no
value of the n is made a Python object that need not be.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Held", "held", "is_masked", "table"]

# sequences of Python, but no labels: text, and what has an order of its own
TEXT = (str, bytes, bytearray)


class Held(NamedTuple):
    """A column, or an array of any shape, as NumPy or as a list, and where it lacks a value.

    Attributes:
        values: an array or a list; with `symbols` the number of each one's symbol, where it lacks
            none, and anything where it does.
        absent: where a value is known to be missing; None where the values themselves say it.
        symbols: gives what the numbers stand for, in their order; None where they are values.
        word: what is missing is called there. declared: whether the symbols are categories, in an
            order that somebody gave them.
    """

    values: Any
    absent: npt.NDArray[np.bool_] | None = None
    symbols: Callable[[], Any] | None = None
    word: str = "NA"
    declared: bool = False


def is_masked(given: object) -> bool:
    """Tells whether it is NumPy's masked array."""
    return isinstance(given, np.ma.MaskedArray)


def table(given: Any) -> dict[Any, Any] | None:
    """Takes a frame of pandas or polars, a table of pyarrow apart into columns by name.

    None: it is no table. Columns of one name are told apart by their place.
    """
    library = _library(given)
    if library == "pandas" and hasattr(given, "levels"):  # a MultiIndex
        codes = map(np.asarray, given.codes)
        return {i: Held(of_level, of_level < 0) for i, of_level in enumerate(codes)}
    if library == "pandas" and hasattr(given, "iloc") and hasattr(given, "columns"):
        return _named(given.columns, [given.iloc[:, j] for j in range(given.shape[1])])
    if library == "polars" and hasattr(given, "get_columns"):
        return _named(given.columns, given.get_columns())
    if library == "pyarrow" and hasattr(given, "column_names"):
        return _named(given.column_names, given.columns)
    return None


def held(given: Any) -> Held | None:
    """Reads a column, or whatever says how it is an array; None where nothing does."""
    if isinstance(given, Held):
        return given
    if is_masked(given):
        # what is hidden may be anything, NaN too
        absent = np.ma.getmaskarray(given)
        return Held(np.asarray(given.data), absent, word="masked")
    if isinstance(given, np.ndarray):  # np.matrix, and others that are more than an array
        return Held(np.asarray(given))
    library = _library(given)
    if library == "pandas" and hasattr(given, "dtype"):
        return _of_pandas(given)
    if library == "polars" and hasattr(given, "to_physical"):
        return _of_polars(given)._replace(word="null")
    if library == "pyarrow" and hasattr(given, "dictionary_encode"):
        return _of_arrow(given)._replace(word="null")
    if getattr(given, "__dlpack_device__", None) and given.__dlpack_device__()[0] != 1:
        import torch

        return Held(torch.from_dlpack(given))
    if hasattr(given, "__array__") and not hasattr(given, "toarray"):
        return Held(np.asarray(given))
    if hasattr(given, "__dlpack__"):
        return Held(np.from_dlpack(given))
    if isinstance(given, Sequence) and not isinstance(given, TEXT):
        numbers = hasattr(given, "typecode") or isinstance(given, memoryview)
        return Held(np.asarray(given) if numbers else list(given))
    return None


def _library(given: Any) -> str:
    return type(given).__module__.partition(".")[0]


def _named(names: Any, columns: Sequence[Any]) -> dict[Any, Any]:
    names = list(names)
    while len(set(names)) < len(names):  # again, where such a name is another's already
        names = [name if names.count(name) == 1 else (name, j) for j, name in enumerate(names)]
    return dict(zip(names, columns, strict=True))


# --- pandas ---------------------------------------------------------------------------------------


def _of_pandas(column: Any) -> Held:
    """Reads a Series, an Index or an array of pandas."""
    array = getattr(column, "array", column)
    dtype = array.dtype
    if hasattr(array, "codes") and hasattr(array, "categories"):
        codes = np.asarray(array.codes)
        return Held(codes, codes < 0, lambda: array.categories, declared=True)
    if hasattr(dtype, "pyarrow_dtype") or getattr(dtype, "storage", "") == "pyarrow":
        return _of_arrow(array.__arrow_array__())
    if type(array).__name__ == "NumpyExtensionArray":
        return Held(array.to_numpy())
    absent = np.asarray(array.isna())
    if hasattr(dtype, "numpy_dtype"):  # with a mask beside it: Int64, Float64, boolean
        return Held(array.to_numpy(dtype=dtype.numpy_dtype, na_value=0), absent)
    if hasattr(dtype, "storage"):  # strings
        return Held(np.asarray(array, object), absent)
    if getattr(dtype, "subtype", None) is not None and hasattr(array, "sp_values"):
        return Held(np.asarray(array))
    codes, symbols = array.factorize()  # times, periods, intervals
    return Held(codes, absent, lambda: symbols)


# --- polars ---------------------------------------------------------------------------------------


def _of_polars(column: Any) -> Held:
    polars = sys.modules["polars"]

    absent = column.is_null().to_numpy()
    dtype = column.dtype
    if dtype in (polars.Categorical, polars.Enum, polars.String):
        by_code = column if dtype != polars.String else column.cast(polars.Categorical)
        if dtype == polars.Enum:
            codes = _filled(column.to_physical())
            return Held(codes, absent, lambda: list(dtype.categories), declared=True)
        return Held(_filled(by_code.to_physical()), absent, lambda: _categories(by_code))
    if dtype.is_temporal():
        return Held(_filled(column.to_physical()), absent)
    wide = str(dtype) in ("Int128", "UInt128")  # NumPy has none such
    if dtype == polars.Boolean or (dtype.is_numeric() and not dtype.is_decimal() and not wide):
        return Held(_filled(column), absent)
    return Held(column.to_list())


def _categories(column: Any) -> list[Any]:
    """Finds what the codes of a categorical column stand for; None where one does not occur."""
    polars = sys.modules["polars"]

    occurring = column.drop_nulls().unique()
    codes = occurring.to_physical().to_list()
    names: list[Any] = [None] * (max(codes, default=-1) + 1)
    for code, name in zip(codes, occurring.cast(polars.String).to_list(), strict=True):
        names[code] = name
    return names


def _filled(column: Any) -> npt.NDArray[Any]:
    """Puts 0 where there is none: NumPy would make floats of integers for its NaN."""
    return column.fill_null(False if str(column.dtype) == "Boolean" else 0).to_numpy()


# --- pyarrow --------------------------------------------------------------------------------------


def _of_arrow(column: Any) -> Held:
    pyarrow = sys.modules["pyarrow"]
    types = pyarrow.types

    if isinstance(column, pyarrow.ChunkedArray):
        column = column.unify_dictionaries().combine_chunks()
    if isinstance(column, pyarrow.ChunkedArray):  # too long for one
        column = pyarrow.concat_arrays(column.chunks)
    kind = column.type
    absent = column.is_null().to_numpy(zero_copy_only=False)
    if types.is_dictionary(kind):
        return _of_dictionary(column.indices, column.dictionary, absent)
    if types.is_string_view(kind) or types.is_binary_view(kind):
        text = types.is_string_view(kind)
        column = column.cast(pyarrow.large_string() if text else pyarrow.large_binary())
        kind = column.type
    if any(getattr(types, is_text)(kind) for is_text in TEXTS):
        numbered = column.dictionary_encode()
        return Held(_numpy(numbered.indices), absent, numbered.dictionary.to_pylist)
    if types.is_temporal(kind):
        column = column.cast(pyarrow.int32() if kind.bit_width == 32 else pyarrow.int64())
        kind = column.type
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        return Held(_numpy(column), absent)
    return Held(column.to_pylist())


def _of_dictionary(codes: Any, dictionary: Any, absent: npt.NDArray[np.bool_]) -> Held:
    """Numbers a dictionary's values anew: it may hold one twice, and none."""
    numbered = dictionary.dictionary_encode()
    if not len(dictionary):
        return Held(np.zeros(len(codes), np.int64), absent, list)
    codes = _numpy(codes)
    lacking = numbered.indices.is_null().to_numpy(zero_copy_only=False)
    values = numbered.dictionary
    return Held(_numpy(numbered.indices)[codes], absent | lacking[codes], values.to_pylist)


def _numpy(column: Any) -> npt.NDArray[Any]:
    """Makes an array of numbers of pyarrow, 0 where there is none: NumPy would make them floats."""
    pyarrow = sys.modules["pyarrow"]

    zero = pyarrow.scalar(0, pyarrow.int8()).cast(column.type)
    return column.fill_null(zero).to_numpy(zero_copy_only=False)


TEXTS = ("is_string", "is_large_string", "is_binary", "is_large_binary", "is_fixed_size_binary")
