"""a table with continuous columns, a binning -> the table with bins in their place."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi import frames
from fastmi.arrays import FloatArray, IntArray
from fastmi.binning import Binning, as_binning, needs_data
from fastmi.coding import encode
from fastmi.inputs import container, is_tensor, shown
from fastmi.labels import NAMES, is_number

__all__ = ["cut", "discretize", "numbers_of"]

# columns -> their symbols, where they lack one, and the bins
Cuts = dict[Any, tuple[IntArray, npt.NDArray[np.bool_], Binning]]

MOST_NAMED = 2**12  # edges of a binning all of whose bins are named; else those that occur


def discretize(frame: Any, binning: Binning | Mapping[Any, Binning]) -> Any:
    """Puts bins in place of the numbers of continuous columns, and leaves the others as they are.

    A column is continuous where it holds floats that are not all whole; each is fitted by itself,
    where the binning depends on data, to its finite values. What is missing stays missing. Of a
    DataFrame they become ordered categories named by their edges, as "[0.5, 1.0)", in a DataFrame
    with the same columns; the fitted binnings stand in `.attrs["binnings"]` of pandas, a mapping
    which gives other rows the same bins: discretize(test, train.attrs["binnings"]).

    Values are rounded to float32 first, as everywhere where bins are.

    Args:
        frame: a DataFrame of pandas or polars; a Series, an array or CPU tensor (n,) or (n, d), all
            of whose columns are binned.
        binning: one for all continuous columns, fixed or to be fitted, as fastmi.QuantileBins(8);
            or a mapping of names of columns, these alone, to the binning of each.

    Returns:
        the like of what came; of an array the symbols (integers), masked where NaN was.

    Raises:
        TypeError: another container, no binning, a named column that holds no numbers.
        ValueError: a name that is no column's; a column to be fitted without a finite value.

    Example:
        >>> import fastmi, pandas
        >>> frame = pandas.DataFrame({"x": [0.1, 0.2, 0.7, 0.9], "k": [1, 1, 2, 2]})
        >>> binned = fastmi.discretize(frame, fastmi.QuantileBins(2))
        >>> binned["x"].tolist()
        ['< 0.7', '< 0.7', '>= 0.7', '>= 0.7']
        >>> fastmi.mutual_information(binned["x"], binned["k"])
        1.0
    """
    columns = frames.table(frame)
    if columns is not None and (hasattr(frame, "iloc") or hasattr(frame, "with_columns")):
        return _of_frame(frame, columns, binning)
    if hasattr(frame, "to_frame") and not hasattr(frame, "levels"):  # a Series
        table = frame.to_frame()
        (key,) = table.columns
        by_name = binning if isinstance(binning, Mapping) else {key: binning}
        table = _of_frame(table, frames.table(table) or {}, by_name, "frame")
        # a Series without a name gets one in its frame
        return table.iloc[:, 0].rename(frame.name) if hasattr(table, "iloc") else table.to_series()
    if columns is not None:
        raise TypeError(
            f"frame is {shown(type(frame))}: pass a DataFrame of pandas or polars (of pyarrow "
            "frame.to_pandas())"
        )
    return _of_array(container("frame", frame), binning)


def _of_frame(frame: Any, columns: Mapping[Any, Any], binning: Any, name: str = "") -> Any:
    """Bins columns; `name` is what messages call the only one, of a Series."""
    cuts = _cuts(columns, binning, name)
    if hasattr(frame, "iloc"):
        return _of_pandas(frame, columns, cuts)
    return frame.with_columns([_enumerated(columns[key], *cut) for key, cut in cuts.items()])


def _of_pandas(frame: Any, columns: Mapping[Any, Any], cuts: Cuts) -> Any:
    import pandas

    binned, fitted = frame.copy(), {}
    places = {key: j for j, key in enumerate(columns)}
    for key, (codes, absent, bins) in cuts.items():
        codes, names = _named(codes, absent, bins)
        categories = pandas.Categorical.from_codes(codes, names, ordered=True)
        binned.isetitem(places[key], pandas.Series(categories, frame.index))
        fitted[key] = bins
    binned.attrs["binnings"] = fitted
    return binned


def _enumerated(column: Any, codes: IntArray, absent: npt.NDArray[np.bool_], bins: Binning) -> Any:
    polars = sys.modules["polars"]
    codes, names = _named(codes, absent, bins)
    values = [None if code < 0 else names[code] for code in codes.tolist()]
    return polars.Series(column.name, values, dtype=polars.Enum(names))


def _of_array(array: Any, binning: Any) -> Any:
    if is_tensor(array) or array.ndim not in (1, 2) or array.dtype.kind not in "biuf":
        raise TypeError(
            f"frame has dtype {array.dtype} and shape {tuple(array.shape)}: pass a DataFrame, or an"
            " array of numbers (n,) or (n, d)"
        )
    columns = dict(enumerate(array.T if array.ndim == 2 else [array]))
    named = binning if isinstance(binning, Mapping) else dict.fromkeys(columns, binning)
    cuts = _cuts(columns, named)
    codes = np.stack([cuts[j][0] if j in cuts else column for j, column in columns.items()], -1)
    absent = np.stack(
        [cuts[j][1] if j in cuts else np.zeros(len(array), np.bool_) for j in columns], -1
    )
    codes, absent = (one.reshape(array.shape) for one in (codes, absent))
    return np.ma.array(codes, mask=absent) if absent.any() else codes


def _cuts(columns: Mapping[Any, Any], binning: Any, name: str = "") -> Cuts:
    """Finds the symbols of the columns that are to be binned, where they lack one, and the bins."""
    names = {key: name or f"frame[{key!r}]" for key in columns}
    if isinstance(binning, Mapping):
        for key in binning:
            if key not in columns:
                known = ", ".join(map(repr, columns))
                raise ValueError(
                    f"binning names {key!r}, which is no column: they are {known:.200}"
                )
        numbers = {key: numbers_of(names[key], columns[key], named=True) for key in binning}
    else:
        numbers = {key: numbers_of(names[key], column) for key, column in columns.items()}
    cuts = {}
    for key, values in numbers.items():
        if values is not None:
            bins = binning[key] if isinstance(binning, Mapping) else binning
            cuts[key] = cut(names[key], values, bins)
    if not cuts and not isinstance(binning, Mapping) and not needs_data(binning):
        as_binning(binning)  # is judged where nothing is continuous, too
    return cuts


def numbers_of(name: str, column: Any, named: bool = False) -> FloatArray | None:
    """Reads a column that is to be binned, NaN where a value is missing; None: it is not."""
    held = frames.held(column)
    values = None if held is None or held.symbols is not None else held.values
    if isinstance(values, list) or (isinstance(values, np.ndarray) and values.dtype == object):
        values = _floats(list(values))
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "biuf":
        if named:
            raise TypeError(f"{name} {_no_numbers(name, column)}")
        return None
    numbers = values.astype(np.float64)
    if held is not None and held.absent is not None:
        numbers[held.absent] = np.nan
    finite = numbers[np.isfinite(numbers)]
    continuous = values.dtype.kind == "f" and bool((finite != np.floor(finite)).any())
    return numbers if named or continuous else None


def _no_numbers(name: str, column: Any) -> str:
    """Says what becomes of a column without numbers; seconds of NaT are NaN, its int64 a number."""
    kind = getattr(getattr(column, "dtype", None), "kind", "")
    if kind == "M":
        since = f"{name} - pandas.{column.min()!r}"
        return f"holds dates: put seconds in their place, ({since}).dt.total_seconds(), to bin them"
    if kind == "m":
        return f"holds spans of time: put {name}.dt.total_seconds() in their place to bin them"
    return "holds no numbers: leave it out of the binning"


def _floats(values: list[Any]) -> FloatArray | None:
    """Reads Python's numbers, NaN where one is missing; None: there is something else."""
    if not all(is_number(kind) or kind.__name__ in NAMES for kind in set(map(type, values))):
        return None
    try:
        return np.array([float(v) if is_number(type(v)) else np.nan for v in values], np.float64)
    except OverflowError:  # an integer that no float can hold
        return None


def cut(
    name: str, values: FloatArray, binning: Any
) -> tuple[IntArray, npt.NDArray[np.bool_], Binning]:
    """Finds the symbols of one column's numbers, where it lacks one, and the fitted bins."""
    absent = np.isnan(values)
    if needs_data(binning):
        with np.errstate(over="ignore"):
            finite = values[np.isfinite(values.astype(np.float32))]
        if not finite.size:
            raise ValueError(
                f"{name} holds no finite value to fit {binning} to: drop the column, or "
                "pass fixed bins"
            )
        binning = binning.fit(finite[:, None])
    bins = as_binning(binning)
    symbols = np.zeros(len(values), np.int64)
    if not absent.all():
        symbols[~absent] = encode(values[~absent][:, None], bins)
    return symbols, absent, bins


def _named(
    codes: IntArray, absent: npt.NDArray[np.bool_], bins: Binning
) -> tuple[IntArray, list[str]]:
    """Numbers the symbols from 0 on, -1 where one is missing, and names their bins."""
    symbols = np.arange(bins.n_edges + 1)
    if bins.n_edges > MOST_NAMED:
        symbols = np.unique(codes[~absent])
    elif bins.out_of_range != "separate":
        symbols = symbols[1 : None if bins.out_of_range == "wrap" else -1]
    places = np.searchsorted(symbols, codes)
    return np.where(absent, -1, places), [_name(int(symbol), bins) for symbol in symbols]


def _name(symbol: int, bins: Binning) -> str:
    """Writes a bin by its edges, as short as float32 tells them apart."""
    below, above = symbol <= bins.ends[0], symbol >= bins.ends[1]
    if bins.out_of_range == "wrap" and symbol == bins.n_edges:
        return "outside"
    if bins.out_of_range == "clip" and below and above:
        return "all"
    if bins.out_of_range != "wrap" and below:
        return f"< {bins.edges[symbol]!s}"
    if bins.out_of_range != "wrap" and above:
        return f">= {bins.edges[symbol - 1]!s}"
    return f"[{bins.edges[symbol - 1]!s}, {bins.edges[symbol]!s})"
