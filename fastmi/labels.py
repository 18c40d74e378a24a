"""labels as people hold them -> arrays ready to be counted.

Symbols are equal exactly where the Python values are.

NumPy finds one type for a list and so decides what is equal: beside a string it writes 1 as "1",
beside a float it rounds 2**53 + 1, and it drops a string's trailing NULs. So lists and object
arrays are read value by value, a kind for each column.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastmi.checks import count
from fastmi.inputs import container, is_tensor, shown

if TYPE_CHECKING:
    import torch

__all__ = ["SHORT_LETTERS", "as_labels"]

SHORT_LETTERS = 16  # a string of at most so many is compared by its letters, and not as a whole
STRINGS, BYTES, NUMBERS = "strings", "bytes", "numbers"
KNOWN = "labels are integers, bools, strings or whole floats"
KINDS = ((str, STRINGS), (bytes, BYTES), ((int, float, np.integer, np.floating, np.bool_), NUMBERS))
# the names of the types of missing values, and how to test for each
MISSING = {
    "NoneType": "value is None",
    "NAType": "value is pandas.NA",
    "NaTType": "value is pandas.NaT",
}
_PLAIN = {int, bool, float, str, bytes}

Shape = tuple[int, ...]


def as_labels(name: str, given: Any) -> Any:
    """Reads labels (n,), rows (n, d) or batches of rows (..., n, d) as an array of that shape.

    Of numbers int64, or uint64 as it came; of strings what came, 'U' or 'S'; else objects that are
    Python strings, bytes or whole numbers, one kind in each column. Tensors on a GPU stay there,
    int64. True, 1 and 1.0 are one label, as in Python.

    Args:
        name: what messages call it.
        given: a NumPy array, a tensor, a list or tuple of labels, of rows, of batches of rows.

    Raises:
        TypeError: an unknown container or dtype, a column that mixes strings, bytes and numbers.
        ValueError: nothing to count, a ragged list, missing values (NaN, None, NaT, NA), numbers
            that are not whole.
    """
    # how a message takes hold of the array
    handle = f"np.asarray({name}.tolist())" if is_tensor(given) else name
    if isinstance(given, list | tuple):
        array: Any = _of_leaves(name, *_flattened(name, given), f"np.asarray({name})")
    else:
        array = container(name, given)
    if array.ndim == 0:
        raise ValueError(
            f"{name} is a single value: labels are (n,), rows (n, d), batches of rows (..., n, d)"
        )
    if 0 in array.shape:
        raise ValueError(
            f"{name} has shape {tuple(array.shape)}: there is nothing to count (n = 0)"
        )
    count(name, array.shape[0 if array.ndim == 1 else -2])
    return _on_device(name, array, handle) if is_tensor(array) else _on_host(name, array, handle)


# --- arrays ---------------------------------------------------------------------------------------


def _on_host(name: str, array: npt.NDArray[Any], handle: str) -> npt.NDArray[Any]:
    kind = array.dtype.kind
    if kind == "u" and array.dtype.itemsize == 8:
        return array.astype(np.uint64, copy=False)  # in the machine's order of bytes
    if kind in "biu":
        return array.astype(np.int64, copy=False)
    if kind in "US":
        return array
    if kind in "OT":
        return _of_leaves(name, array.reshape(-1).tolist(), array.shape, handle)
    if kind == "f":
        # 2^63 is beyond float16
        return _whole(name, array if array.dtype.itemsize > 2 else array.astype(np.float32), handle)
    raise _wrong_dtype(name, array)


def _wrong_dtype(name: str, array: npt.NDArray[Any]) -> TypeError | ValueError:
    kind = array.dtype.kind
    if kind in "mM":
        absent = np.isnat(array)
        if absent.any():
            return _missing(
                name, int(absent.sum()), _first(absent), "NaT", f"{name}[~np.isnat({name})]"
            )
        way = f"one label for each instant is {name}.astype(np.int64)"
    elif array.dtype.names:
        way = f"pass rows of its fields ({name}.tolist())"
    else:
        way = f"make numbers of them ({name}.astype(np.float32)), or bins (fastmi.encode)"
    return TypeError(f"{name} has dtype {array.dtype}: {KNOWN}; {way}")


def _whole(name: str, array: npt.NDArray[Any], handle: str) -> npt.NDArray[np.int64]:
    """Makes of whole floats the integers that they are."""
    with np.errstate(all="ignore"):
        odd = (
            ~np.isfinite(array)
            | (array != np.floor(array))
            | (array >= 2.0**63)
            | (array < -(2.0**63))
        )
    if not odd.any():
        return array.astype(np.int64)
    nan = np.isnan(array)
    if nan.any():
        test = f"np.isnan({handle})"
        keep = f"{handle}[~{test}{'' if array.ndim == 1 else '.any(axis=-1)'}]"
        raise _missing(
            name, int(nan.sum()), _first(nan), "NaN", keep, f"np.where({test}, -1, {handle})"
        )
    wrong = array[odd].flat[0]
    raise ValueError(
        f"{name} holds {wrong!s}, not a whole number within int64, and labels are discrete; "
        f"{_bins(handle, array)}"
    )


def _first(where: npt.NDArray[np.bool_]) -> int | Shape:
    at = np.argwhere(where)[0].tolist()
    return tuple(at) if where.ndim > 1 else int(at[0])


def _bins(handle: str, array: npt.NDArray[Any]) -> str:
    if not np.isfinite(array).all() or np.abs(array).max() >= 2.0**63:
        return "pass whole numbers within int64, or strings"
    low, high = float(array.min()), float(array.max())
    columns = f"{handle}[:, None]" if array.ndim == 1 else handle
    return (
        f"bin them first: fastmi.encode({columns}, fastmi.UniformBins(30, range=({low}, "
        f"{high if high > low else low + 1})))"
    )


def _on_device(name: str, tensor: torch.Tensor, handle: str) -> torch.Tensor:
    import torch

    if tensor.is_complex():
        raise TypeError(
            f"{name} has dtype {tensor.dtype}: {KNOWN}; pass its parts as rows (torch.view_as_real)"
        )
    if tensor.is_floating_point():
        tensor = tensor.double()  # 2^63 is beyond float16
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
    return labels


def _missing(
    name: str, n: int, first: int | Shape, value: str, drop: str, relabel: str = ""
) -> ValueError:
    return ValueError(
        f"{name} holds {n} missing value{'s' if n > 1 else ''} ({value}, the first at {first}), "
        f"and a missing value is no label: drop those samples ({drop}, and the same of every other "
        "argument)" + (f", or give them a label of their own ({relabel})" if relabel else "")
    )


# --- values, one by one ---------------------------------------------------------------------------


def _flattened(name: str, given: Sequence[Any]) -> tuple[list[Any], Shape]:
    """Takes lists in lists apart into all values, and the shape that they stand in."""
    level: list[Any] = list(given)
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


def _of_leaves(name: str, leaves: list[Any], shape: Shape, handle: str) -> npt.NDArray[Any]:
    """Makes an array of values one after the other: integers if all are numbers, else objects."""
    types = set(map(type, leaves))
    if types <= {int, bool}:
        return _integers(leaves, shape)
    if types == {float}:
        return _whole(name, np.array(leaves).reshape(shape), handle)
    if types == {str}:
        # an array keeps all that they say
        if max(map(len, leaves)) <= SHORT_LETTERS and "\0" not in "".join(leaves):
            return np.array(leaves).reshape(shape)
    else:
        n_columns = shape[-1] if len(shape) > 1 else 1
        kinds = [
            _kind(name, leaves[j::n_columns], handle, len(shape) > 1) for j in range(n_columns)
        ]
        leaves = [
            int(value) if kinds[i % n_columns] == NUMBERS else value
            for i, value in enumerate(leaves)
        ]
        if set(kinds) == {NUMBERS}:
            return _integers(leaves, shape)
    objects = np.empty(len(leaves), object)
    objects[:] = leaves
    return objects.reshape(shape)


def _integers(leaves: list[int], shape: Shape) -> npt.NDArray[Any]:
    for kind in (np.int64, np.uint64):
        try:
            return np.array(leaves, kind).reshape(shape)
        except OverflowError:
            continue
    return np.array(leaves, object).reshape(shape)


def _kind(name: str, column: list[Any], handle: str, in_rows: bool) -> str:
    """Tells what the values of one column are: all strings, all bytes or all whole numbers."""
    examples = {type(value): value for value in column}
    _refuse_missing(name, column, examples, in_rows)
    kinds = {_kind_of(name, value): value for value in examples.values()}
    if len(kinds) > 1:
        first, other = (shown(value, 30) for value in list(kinds.values())[:2])
        raise TypeError(
            f"{name} mixes strings with other labels, {first} with {other}, which have no common "
            f"equality: make them all numbers, or all strings ([str(value) for value in {name}], "
            "where 1 and '1' are one label)"
        )
    floats = [value for value in column if isinstance(value, float | np.floating)]
    if floats:
        _whole(name, np.array(floats), handle)
    return next(iter(kinds))


def _kind_of(name: str, value: Any) -> str:
    for types, kind in KINDS:
        if isinstance(value, types):
            return kind
    raise TypeError(
        f"{name} holds {shown(value)}, a {type(value).__qualname__} (its dtype is object): {KNOWN};"
        f" name it by a string ([str(value) for value in {name}])"
    )


def _refuse_missing(name: str, column: list[Any], examples: dict[type, Any], in_rows: bool) -> None:
    tests = {kind: MISSING[kind.__name__] for kind in examples if kind.__name__ in MISSING}
    may_be_nan = [kind for kind in examples if issubclass(kind, float | np.generic)]
    if not tests and not may_be_nan:
        return
    absent = [
        i
        for i, value in enumerate(column)
        if type(value) in tests or (type(value) in may_be_nan and value != value)
    ]
    if not absent:
        return
    first, other = column[absent[0]], "'missing'" if str in examples else -1
    test = tests.get(type(first), "value != value")
    if in_rows:
        ways = (f"[row for row in {name} if not any({test} for value in row)]",)
    else:
        ways = (
            f"[value for value in {name} if not ({test})]",
            f"[{other} if {test} else value for value in {name}]",
        )
    raise _missing(name, len(absent), absent[0], shown(first), *ways)
