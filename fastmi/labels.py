"""labels as people hold them -> arrays ready to be counted, and which of them are missing.

Symbols are equal exactly where the Python values are.

NumPy finds one type for a list and so decides what is equal: beside a string it writes 1 as "1",
beside a float it rounds 2**53 + 1, and it drops a string's trailing NULs. So lists and object
arrays are read value by value, a kind for each column; strings are numbered by a dictionary, and
an array as wide as the longest is never made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, compress, count, repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastmi import checks, frames
from fastmi.inputs import container, is_tensor, shown

if TYPE_CHECKING:
    import torch

__all__ = [
    "MISSING",
    "NAMES",
    "SHORT_LETTERS",
    "Labels",
    "as_columns",
    "as_labels",
    "as_values",
    "is_missing",
    "is_number",
    "numbered_values",
    "read",
    "together",
]

SHORT_LETTERS = 16  # a string of at most so many is compared by its letters, and not as a whole
MISSING = ("raise", "symbol", "drop")  # what can become of missing values
STRINGS, BYTES, NUMBERS = "strings", "bytes", "numbers"
KNOWN = "labels are integers, bools, strings or whole floats"
TEXTS, NUMERIC = ((str, STRINGS), (bytes, BYTES)), (int, float, np.integer, np.floating, np.bool_)
# the names of the types of missing values, how they are written, and how to test for each
NAMES = {"NoneType": "None", "NAType": "pandas.NA", "NaTType": "pandas.NaT"}
_PLAIN = {int, bool, float, str, bytes, type(None)}

Shape = tuple[int, ...]
Mask = Any  # bools where the labels are, or None


class Labels(NamedTuple):
    """Labels (n,), rows (n, d) or batches of rows (..., n, d), and where a value is missing.

    Attributes:
        array: integers, or strings as they came; where a value is missing, anything.
        absent: of the same shape; None where nothing is missing.
        value: how the first missing value looks.
    """

    array: Any
    absent: Mask = None
    value: str = "NaN"

    @property
    def lacking(self) -> Mask:
        """Finds the samples that lack a value, (..., n); None where none does."""
        if self.absent is None or self.absent.ndim == 1:
            return self.absent
        return self.absent.any(-1)

    def with_symbol(self) -> Any:
        """Makes what is missing a label of its own, in every column."""
        if self.absent is None:
            return self.array
        array = self.array.clone() if is_tensor(self.array) else self.array.copy()
        if not is_tensor(array) and array.dtype.kind in "USO":
            array, symbol = numbered_values(array), -1
        else:
            array, symbol = _free(array)
        array[self.absent] = symbol
        return array


def _free(array: Any) -> tuple[Any, int]:
    """Finds a number that does not occur, beside the others; where there is none, numbers anew."""
    low, high = int(array.min()), int(array.max())
    most = 2**64 - 1 if array.dtype == np.uint64 else 2**63 - 1
    if high < most:
        return array, high + 1
    if low > most - 2**64 + 1:
        return array, low - 1
    if is_tensor(array):
        return array.unique(return_inverse=True)[1], -1
    return np.unique(array, return_inverse=True)[1].reshape(array.shape), -1


def as_labels(name: str, given: Any) -> Any:
    """Reads labels (n,), rows (n, d) or batches of rows (..., n, d) as an array of that shape.

    Of numbers int64, or uint64 as it came; of arrays of strings what came, 'U' or 'S'; of all else
    a number for each symbol, which means nothing beside those of another call (`as_values` does).
    Tensors on a GPU stay there, int64. True, 1 and 1.0 are one label, as in Python.

    Args:
        name: what messages call it.
        given: a NumPy array, a tensor, a list or tuple of labels, of rows, of batches of rows; a
            column or a table of pandas, polars or pyarrow; whatever has `__array__` or DLPack.

    Raises:
        TypeError: an unknown container or dtype, a column that mixes strings, bytes and numbers.
        ValueError: nothing to count, a ragged list, missing values (NaN, None, NaT, NA), numbers
            that are not whole.
    """
    return _all_there(name, given, read(name, given))


def as_values(name: str, given: Any) -> Any:
    """Reads labels as `as_labels` does, but strings as values, equal where those of others are."""
    return _all_there(name, given, read(name, given, by_value=True))


def read(name: str, given: Any, by_value: bool = False, frame: str = "") -> Labels:
    """Reads labels and where they are missing, which is no error; all else as in `as_labels`.

    `frame`: of which it is a column, for messages.
    """
    labels = _read(name, given, by_value, frame)
    array = labels.array
    if array.ndim == 0:
        raise ValueError(
            f"{name} is a single value: labels are (n,), rows (n, d), batches of rows (..., n, d)"
        )
    if 0 in array.shape:
        raise ValueError(
            f"{name} has shape {tuple(array.shape)}: there is nothing to count (n = 0)"
        )
    checks.count(name, array.shape[0 if array.ndim == 1 else -2])
    if labels.absent is not None and not bool(labels.absent.any()):
        return Labels(array)
    return labels


def together(missing: str, given: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Reads variables that belong together, and does with missing values what is asked for.

    Args:
        missing: "raise" refuses them; "symbol" makes them a label of their own; "drop" leaves out
            the samples that lack a value in any of the variables.

    Returns:
        the arrays, and how many samples were left out.

    Raises:
        TypeError, ValueError: as `as_labels`; different lengths or devices; another `missing`; no
            sample that lacks nothing; a batch under "drop", where n would differ.
    """
    checks.one_of("missing", missing, MISSING)
    variables = {name: read(name, value) for name, value in given.items()}
    for name, labels in variables.items():
        if missing == "raise" and labels.absent is not None:
            raise ValueError(
                f"{_missing(name, labels)}: leave out the samples that lack a value "
                '(missing="drop"), or let it be a label of its own (missing="symbol")'
            )
    arrays = {name: labels.array for name, labels in variables.items()}
    checks.same_device(**arrays)
    n = checks.same_length(**arrays)
    if missing == "symbol":
        return {name: labels.with_symbol() for name, labels in variables.items()}, 0
    masks = [labels.lacking for labels in variables.values() if labels.absent is not None]
    if not masks:
        return arrays, 0
    if any(array.ndim > 2 for array in arrays.values()):
        raise ValueError(
            f"{', '.join(arrays)} are batches, and without the samples that lack a value each has "
            'another n: ask for each by itself, x[0] and so on, or pass missing="symbol"'
        )
    keep = ~masks[0]
    for mask in masks[1:]:
        keep = keep & ~mask
    kept = int(keep.sum())
    if not kept:
        raise ValueError(
            f"every one of the {n} samples lacks a value: there is nothing to count (n = 0); drop "
            'those columns first, or pass missing="symbol"'
        )
    return {name: array[keep] for name, array in arrays.items()}, n - kept


def as_columns(name: str, given: Any) -> dict[Any, Labels]:
    """Reads a table (n, d) column by column: {name: labels (n,)}, each of a kind of its own.

    The names are those of a frame; of an array 0, 1, ... A single column is a table of one.

    Raises:
        TypeError, ValueError: as `as_labels`, of the column that is named; more than two axes.
    """
    columns = frames.table(given)
    if columns is not None:
        frame = _as_frame(name, given, by_value=False)
        columns = {
            key: read(f"{name}[{key!r}]", column, frame=frame) for key, column in columns.items()
        }
        if not columns:
            raise ValueError(f"{name} has no columns: there is nothing to count")
        return columns
    whole = read(name, given, frame=_as_table(name, given))
    if whole.array.ndim > 2:
        raise ValueError(
            f"{name} has shape {tuple(whole.array.shape)}: a table is (n, d), samples by columns"
        )
    if whole.array.ndim == 1:
        return {getattr(given, "name", None) or 0: whole}
    absent = [None] * whole.array.shape[1] if whole.absent is None else whole.absent.T
    return {
        j: Labels(column, None if mask is None or not mask.any() else mask, whole.value)
        for j, (column, mask) in enumerate(zip(whole.array.T, absent, strict=True))
    }


def numbered_values(values: npt.NDArray[Any] | list[Any]) -> npt.NDArray[np.int64]:
    """Numbers values as they come, equal ones alike, in the shape that they stand in."""
    known: defaultdict[Any, int] = defaultdict(count().__next__)
    leaves = values if isinstance(values, list) else values.reshape(-1).tolist()
    ids = np.fromiter(map(known.__getitem__, leaves), np.int64, len(leaves))
    return ids if isinstance(values, list) else ids.reshape(values.shape)


# --- containers -----------------------------------------------------------------------------------


def _read(name: str, given: Any, by_value: bool, frame: str = "") -> Labels:
    if isinstance(given, frames.Held):
        return _held(name, given, by_value, frame)
    if isinstance(given, list | tuple):
        return _of_leaves(name, *_flattened(name, given), _converted(name, frame), by_value)
    if is_tensor(given):
        array = container(name, given)
        if is_tensor(array):
            return _on_device(name, array, _converted(f"{name}.tolist()", frame))
        return _on_host(name, array, _converted(f"{name}.tolist()", frame), by_value)
    if type(given) in (np.ndarray, np.memmap):
        return _on_host(name, given, Handle(name, frame), by_value)
    columns = frames.table(given)
    if columns is not None:
        whole = _as_frame(name, given, by_value)
        parts = [
            _read(f"{name}[{key!r}]", column, by_value, whole) for key, column in columns.items()
        ]
        return _side_by_side(parts, by_value) if parts else Labels(np.zeros((0, 0)))
    held = frames.held(given)
    if held is None:
        container(name, given)  # which says what it is
    return _held(name, held, by_value, frame or _as_frame(name, given, by_value))


def _held(name: str, held: Any, by_value: bool, frame: str) -> Labels:
    """Reads what a library's own reader gave."""
    values, absent, symbols, word, _ = held
    if symbols is not None and by_value:
        meant = list(symbols())
        lacks = absent.tolist()
        codes = values.tolist()
        values = [None if no else meant[k] for k, no in zip(codes, lacks, strict=True)]
    elif symbols is not None:
        return Labels(values.astype(np.int64), absent, word)
    if isinstance(values, list):
        return _of_leaves(name, *_flattened(name, values), _converted(name, frame), by_value)
    if is_tensor(values):
        return _read(name, values, by_value)
    if absent is not None and values.dtype.kind in "fOT":
        # what is hidden is judged by nobody
        blank: Any = None if values.dtype.kind in "OT" else 0
        values = np.asarray(np.where(absent, blank, values))
    labels = _on_host(name, values, _converted(name, frame), by_value)
    if absent is None:
        return labels
    return Labels(labels.array, absent if labels.absent is None else absent | labels.absent, word)


def _side_by_side(parts: Sequence[Labels], by_value: bool) -> Labels:
    """Joins columns (n,), or rows (n, k), as rows: all of them integers or, by value, objects."""
    arrays = [part.array for part in parts]
    if any(array.dtype != np.int64 for array in arrays):
        arrays = [
            array.astype(object)
            if by_value
            else array
            if array.dtype == np.int64
            else numbered_values(array)
            for array in arrays
        ]
    array = _joined(arrays)
    lacking = [part for part in parts if part.absent is not None]
    if not lacking:
        return Labels(array)
    absent = [
        np.zeros(part.array.shape, np.bool_) if part.absent is None else part.absent
        for part in parts
    ]
    return Labels(array, _joined(absent), lacking[0].value)


def _joined(columns: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return np.concatenate([one if one.ndim > 1 else one[:, None] for one in columns], axis=-1)


# --- arrays ---------------------------------------------------------------------------------------


def _on_host(name: str, array: npt.NDArray[Any], handle: Handle, by_value: bool) -> Labels:
    kind = array.dtype.kind
    if kind == "u" and array.dtype.itemsize == 8:
        return Labels(array.astype(np.uint64, copy=False))  # in the machine's order of bytes
    if kind in "biu":
        return Labels(array.astype(np.int64, copy=False))
    if kind in "US":
        return Labels(array)
    if kind in "OT":
        return _of_leaves(name, array.reshape(-1).tolist(), array.shape, handle, by_value)
    if kind == "f":
        # 2^63 is beyond float16
        wide = array if array.dtype.itemsize > 2 else array.astype(np.float32)
        return _whole(name, wide, handle)
    if kind in "mM" and not by_value:
        return Labels(array.astype(np.int64), np.isnat(array), "NaT")
    raise _wrong_dtype(name, array)


def _wrong_dtype(name: str, array: npt.NDArray[Any]) -> TypeError:
    if array.dtype.kind in "mM":
        # chunks may have other units
        way = f"one label for each instant is {name}.astype(np.int64)"
    elif array.dtype.names:
        way = f"pass rows of its fields ({name}.tolist())"
    else:
        way = f"make numbers of them ({name}.astype(np.float32)), or bins (fastmi.encode)"
    return TypeError(f"{name} has dtype {array.dtype}: {KNOWN}; {way}")


def _whole(name: str, array: npt.NDArray[Any], handle: Handle) -> Labels:
    """Makes of whole floats the integers that they are; NaN is missing."""
    with np.errstate(all="ignore"):
        odd = (
            ~np.isfinite(array)
            | (array != np.floor(array))
            | (array >= 2.0**63)
            | (array < -(2.0**63))
        )
    if not odd.any():
        return Labels(array.astype(np.int64))
    nan = np.isnan(array)
    wrong = array[odd & ~nan]
    if wrong.size:
        raise ValueError(
            f"{name} holds {wrong.flat[0]!s}, not a whole number within int64, and labels are "
            f"discrete; {_bins(handle, array, bool(nan.any()))}"
        )
    return Labels(np.where(nan, 0, array).astype(np.int64), nan)


class Handle(NamedTuple):
    """How an argument is typed that is to be binned.

    Attributes:
        array: as an array. frame: as what `discretize` takes, a frame of pandas or polars, or of
            whatever else is a table of variables; "" where rows are symbols.
    """

    array: str
    frame: str = ""


def _converted(name: str, frame: str = "") -> Handle:
    return Handle(f"np.asarray({name})", frame)


def _as_frame(name: str, given: Any, by_value: bool) -> str:
    """Names what `discretize` takes; chunks of a stream need bins that are not fitted to each."""
    takes = any(hasattr(given, method) for method in ("iloc", "with_columns", "to_frame"))
    return name if takes and not by_value and not hasattr(given, "levels") else ""


def _as_table(name: str, given: Any) -> str:
    """Writes a table of variables that is no frame as what `discretize` takes."""
    if frames.is_masked(given):
        return f"{name}.filled(np.nan)"
    if is_tensor(given):
        return f"{name}.cpu()" if given.is_cuda else name
    if type(given) in (np.ndarray, np.memmap) and given.dtype.kind == "f":
        return name
    return _as_frame(name, given, by_value=False) or f"np.asarray({name}, float)"


def _bins(handle: Handle, array: npt.NDArray[Any], gaps: bool) -> str:
    values = array[~np.isnan(array)]
    if not np.isfinite(values).all() or np.abs(values).max() >= 2.0**63:
        return "pass whole numbers within int64, or strings"
    if handle.frame:
        return f"bin them first: fastmi.discretize({handle.frame}, fastmi.QuantileBins(8))"
    low, high = float(values.min()), float(values.max())
    binning = f"fastmi.UniformBins(30, range=({low}, {high if high > low else low + 1}))"
    if gaps and array.ndim < 3:  # what is missing stays so
        return f"bin them first: fastmi.discretize({handle.array}, {binning})"
    columns = f"{handle.array}[:, None]" if array.ndim == 1 else handle.array
    return f"bin them first: fastmi.encode({columns}, {binning})"


def _on_device(name: str, tensor: torch.Tensor, handle: Handle) -> Labels:
    import torch

    if tensor.is_complex():
        raise TypeError(
            f"{name} has dtype {tensor.dtype}: {KNOWN}; pass its parts as rows (torch.view_as_real)"
        )
    absent = None
    if tensor.is_floating_point():
        tensor = tensor.double()  # 2^63 is beyond float16
        absent = torch.isnan(tensor)
        tensor = tensor.masked_fill(absent, 0)
        odd = (
            ~torch.isfinite(tensor)
            | (tensor != tensor.floor())
            | (tensor >= 2.0**63)
            | (tensor < -(2.0**63))
        )
        if bool(odd.any()):
            _whole(name, tensor.cpu().numpy(), handle)  # which says what is wrong
    labels = tensor.to(torch.int64)
    if tensor.dtype == torch.uint64 and bool((labels < 0).any()):
        raise ValueError(
            f"{name} holds {2**64 + int(labels.min())}, beyond int64: pass {name}.cpu()"
        )
    return Labels(labels, absent)


# --- what is missing ------------------------------------------------------------------------------


def _missing(name: str, labels: Labels) -> str:
    absent = labels.absent if not is_tensor(labels.absent) else labels.absent.cpu().numpy()
    n, first = int(absent.sum()), np.argwhere(absent)[0].tolist()
    at = first[0] if len(first) == 1 else tuple(first)
    return (
        f"{name} holds {n} missing value{'s' if n > 1 else ''} ({labels.value}, the first at {at}),"
        " and a missing value is no label"
    )


def _all_there(name: str, given: Any, labels: Labels) -> Any:
    if labels.absent is None:
        return labels.array
    raise ValueError(
        f"{_missing(name, labels)}: drop those samples ({_dropping(name, given, labels)}, and the "
        "same of every other argument)"
    )


def _dropping(name: str, given: Any, labels: Labels) -> str:
    """Says how to drop the samples that lack a value, as it is typed."""
    for method in ("dropna", "drop_nulls", "drop_null"):
        if hasattr(given, method) and not hasattr(given, "levels"):
            return f"{name}.{method}()"
    in_rows = labels.array.ndim > 1
    if frames.is_masked(given):
        absent = f"np.ma.getmaskarray({name})"
        return f"{name}[~{absent}.any(axis=-1)]" if in_rows else f"{name}.compressed()"
    if isinstance(given, list | tuple) or given.dtype == object:
        named = labels.value in NAMES.values()
        test = f"value is {labels.value}" if named else "value != value"
        if in_rows:
            return f"[row for row in {name} if not any({test} for value in row)]"
        return f"[value for value in {name} if not ({test})]"
    handle = f"np.asarray({name}.tolist())" if is_tensor(given) else name
    test = f"np.is{'nat' if labels.value == 'NaT' else 'nan'}({handle})"
    return f"{handle}[~{test}{'.any(axis=-1)' if in_rows else ''}]"


# --- values, one by one ---------------------------------------------------------------------------


def _flattened(name: str, given: Sequence[Any]) -> tuple[list[Any], Shape]:
    """Takes lists in lists apart into all values, and the shape that they stand in."""
    level: list[Any] = given if isinstance(given, list) else list(given)
    shape = [len(level)]
    while not set(map(type, level)) <= _PLAIN:
        level = [_opened(name, value) for value in level]
        lengths = {len(value) if isinstance(value, list | tuple) else -1 for value in level}
        if lengths == {-1}:
            break
        if len(lengths) > 1:
            raise ValueError(
                f"{name} is a ragged list: labels are (n,), or rows of one length (n, d)"
            )
        shape.append(lengths.pop())
        level = list(chain.from_iterable(level))
    return level, tuple(shape)


def _opened(name: str, value: Any) -> Any:
    """Makes a list of a row; what is none stays."""
    if isinstance(value, list | tuple | str | bytes | np.generic) or not hasattr(value, "ndim"):
        return value
    array = container(f"a row of {name}", value)
    if not is_tensor(array) and array.dtype.kind not in "biufUSTO":
        raise _wrong_dtype(name, array)
    return array.tolist()


def _of_leaves(
    name: str, leaves: list[Any], shape: Shape, handle: Handle, by_value: bool
) -> Labels:
    """Makes an array of values one after the other, a kind for each column."""
    types = set(map(type, leaves))
    if types <= {int, bool}:
        return Labels(_integers(leaves).reshape(shape))
    if types == {float}:
        return _whole(name, np.array(leaves).reshape(shape), handle)
    if len(shape) == 1:
        return _of_column(name, leaves, types, handle, by_value)
    d = shape[-1]
    if not d:
        return Labels(np.zeros(shape, np.int64))
    columns = [leaves[j::d] for j in range(d)]
    parts = [
        _of_column(name, column, set(map(type, column)), handle, by_value) for column in columns
    ]
    labels = _side_by_side(parts, by_value)
    absent = None if labels.absent is None else labels.absent.reshape(shape)
    return Labels(labels.array.reshape(shape), absent, labels.value)


def _of_column(
    name: str, column: list[Any], types: set[type], handle: Handle, by_value: bool
) -> Labels:
    """Reads the values of one column: all strings, all bytes or all whole numbers."""
    absent, value = _absent(column, types)
    present = column if absent is None else list(compress(column, (~absent).tolist()))
    kinds = {_kind_of(name, value): value for value in {type(one): one for one in present}.values()}
    if len(kinds) > 1:
        first, other = (shown(value, 30) for value in list(kinds.values())[:2])
        raise TypeError(
            f"{name} mixes strings with other labels, {first} with {other}, which have no common "
            f"equality: make them all numbers, or all strings ([str(value) for value in {name}], "
            "where 1 and '1' are one label)"
        )
    if not kinds or NUMBERS in kinds:
        floats = [value for value in present if isinstance(value, float | np.floating)]
        if floats:
            _whole(name, np.array(floats), handle)
        lacks = repeat(False) if absent is None else absent.tolist()
        whole = [0 if no else int(number) for number, no in zip(column, lacks, strict=False)]
        return Labels(_integers(whole), absent, value)
    if by_value:
        objects = np.empty(len(column), object)
        objects[:] = column
        return Labels(objects, absent, value)
    return Labels(numbered_values(column), absent, value)


def _absent(column: list[Any], types: set[type]) -> tuple[Mask, str]:
    """Finds where a column lacks a value, and how the first such value is written."""
    suspects = {
        kind for kind in types if kind.__name__ in NAMES or issubclass(kind, float | np.generic)
    }
    if not suspects:
        return None, ""
    absent = np.array([type(value) in suspects and is_missing(value) for value in column])
    if not absent.any():
        return None, ""
    return absent, NAMES.get(type(column[int(absent.argmax())]).__name__, "NaN")


def is_missing(value: Any) -> bool:
    """Tells whether it is None, NaN, NaT or NA."""
    return type(value).__name__ in NAMES or bool(value != value)


def is_number(kind: type) -> bool:
    """Tells whether it is a type of numbers; np.timedelta64 is an integer to NumPy alone."""
    return issubclass(kind, NUMERIC) and not issubclass(kind, np.timedelta64)


def _integers(leaves: list[int]) -> npt.NDArray[Any]:
    for kind in (np.int64, np.uint64):
        try:
            return np.array(leaves, kind)
        except OverflowError:
            continue
    return np.array(leaves, object)


def _kind_of(name: str, value: Any) -> str:
    if is_number(type(value)):
        return NUMBERS
    for text, kind in TEXTS:
        if isinstance(value, text):
            return kind
    raise TypeError(
        f"{name} holds {shown(value)}, a {type(value).__qualname__} (its dtype is object): {KNOWN};"
        f" name it by a string ([str(value) for value in {name}])"
    )
