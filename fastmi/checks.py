"""Guards that several rooms ask: what came, what was expected, the way out.

Arrays leave here ready for a twin.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi.arrays import IntArray
from fastmi.inputs import container, is_tensor, shown

__all__ = [
    "activations",
    "assignment",
    "copies",
    "count",
    "countable",
    "depth_of_caller",
    "function",
    "not_negative",
    "numbers",
    "one_of",
    "one_plane",
    "positive_integer",
    "same_device",
    "same_length",
    "seed",
]

MAX_SAMPLES = 2**31 - 1  # in a segment, where ids of symbols are int32


# --- devices --------------------------------------------------------------------------------------


def same_device(**arrays: Any) -> None:
    """Refuses arrays that are not all in CPU memory, or all on one CUDA device."""
    where = {
        name: str(array.device) if is_tensor(array) else "cpu" for name, array in arrays.items()
    }
    if len(set(where.values())) > 1:
        places = ", ".join(f"{name} on '{place}'" for name, place in where.items())
        raise ValueError(
            f"arrays on different devices: {places}; move them to one (tensor.cpu(), "
            "tensor.to(...))"
        )


# --- arrays ---------------------------------------------------------------------------------------


def activations(name: str, array: Any, n_samples: int | None = None) -> Any:
    """Reads activations as float32 (..., n, d), NumPy or CUDA.

    Half, bfloat16 and float64 are rounded to float32 first.
    """
    array = container(name, array)
    kind = array.dtype if is_tensor(array) else array.dtype.kind
    if kind in ("O", "c", "U", "S", "T", "M", "m", "V") or str(kind).startswith("torch.complex"):
        way = (
            "its .real and .imag are, side by side"
            if "complex" in str(array.dtype)
            else f"{name}.astype(np.float32)"
        )
        raise TypeError(f"{name} has dtype {array.dtype}: activations are real numbers ({way})")
    if array.ndim < 2:
        way = f"{name}[:, None]" if array.ndim else f"{name}[None, None]"
        raise ValueError(
            f"{name} has shape {tuple(array.shape)}: activations are (..., n_samples, n_units), and"
            f" of one unit {way}"
        )
    n, d = array.shape[-2:]
    if n_samples is not None and n != n_samples:
        raise ValueError(
            f"{name} has {n} samples (shape {tuple(array.shape)}), but x and y have {n_samples}: "
            "the axis before the last is the samples; "
            f"{_samples_first(tuple(array.shape), n_samples)}"
        )
    count(name, n)
    if d == 0 or 0 in array.shape:
        raise ValueError(f"{name} has shape {tuple(array.shape)}: there is nothing to encode")
    if is_tensor(array):
        return array.float()
    if array.dtype == np.float32:
        return array
    # beyond float32 is +-inf, and +-inf has its symbol; what is too small is 0
    with np.errstate(all="ignore"):
        return array.astype(np.float32)


def _samples_first(shape: tuple[int, ...], n_samples: int) -> str:
    """Says the way out for layers whose samples stand elsewhere: tokens, positions, channels."""
    if shape[0] != n_samples or len(shape) < 3:
        return "give both the same samples, in the same order"
    return (
        f"if axis 1 has {shape[1]} tokens, positions or channels of a sample, read one of them "
        "(layer[:, 0]), their mean (layer.mean(1)), or all of them as one symbol "
        "(layer.reshape(n, -1)), which grows too wide for n samples soon"
    )


def numbers(name: str, array: Any) -> npt.NDArray[Any]:
    """Reads rows of X as a real NumPy array (n, d) without NaN.

    Every distinct row is a symbol, so -0 is made 0.
    """
    array = container(name, array)
    array = array.cpu().numpy() if is_tensor(array) else array
    if array.dtype.kind not in "biuf":
        ways = {
            "c": f"np.stack([{name}.real, {name}.imag], axis=-1)",
            "O": f"{name}.astype(np.float64)",
        }
        ways |= dict.fromkeys("mM", f"{name}.astype(np.int64)")
        way = ways.get(array.dtype.kind, f"np.unique({name}, axis=0, return_inverse=True)[1]")
        raise TypeError(
            f"{name} has dtype {array.dtype}: pass real numbers, one row a sample ({way})"
        )
    if array.ndim == 0 or 0 in array.shape:
        raise ValueError(f"{name} has shape {array.shape}: there is nothing to count (n = 0)")
    count(name, array.shape[0])
    array = array.reshape(len(array), -1)
    if array.dtype.kind == "i":
        # rows are packed into 63 bits: int8 would wrap there
        return array.astype(np.int64, copy=False)
    if array.dtype.kind != "f":
        return array
    nan = np.isnan(array).any(axis=1)
    if nan.any():
        raise ValueError(
            f"{name} holds NaN in row {int(nan.argmax())}: a NaN has no symbol; drop or fill those "
            "rows"
        )
    return array + array.dtype.type(0)


def count(name: str, n: int) -> None:
    if n == 0:
        raise ValueError(f"{name} has no samples (n = 0): there is nothing to count")
    countable(name, n)


def countable(name: str, n: int, way: str = "count them in chunks (fastmi.Stream)") -> None:
    if n > MAX_SAMPLES:
        raise ValueError(
            f"{name} has {n} samples: at most {MAX_SAMPLES} are counted at once; {way}"
        )


def same_length(**arrays: Any) -> int:
    """Finds the number of samples, which is the same in each."""
    lengths = {name: array.shape[0 if array.ndim == 1 else -2] for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            "different numbers of samples: "
            + ", ".join(f"{name} has {n}" for name, n in lengths.items())
        )
    return next(iter(lengths.values()))


def one_plane(x: Any, y: Any) -> int:
    """Finds the number of samples of one x (n, d) and one y, (n,) or (n, k): neither a batch."""
    if y.ndim > 2:
        raise ValueError(
            f"y has shape {tuple(y.shape)}: the labels of a plane are (n,) or (n, k); drop the "
            "other axes"
        )
    return same_length(x=x, y=y)


def copies(shape: Sequence[int]) -> int:
    """Finds the number of copies in layers (..., n_copies, n, d)."""
    if len(shape) < 3:
        raise ValueError(
            f"layers[0] has shape {tuple(shape)}: this reading takes (..., n_copies, n_samples, "
            "n_units)"
        )
    return shape[-3]


def assignment(given: Any, shape: Sequence[int]) -> IntArray:
    """Reads which copy, of 0..n_copies - 1, each sample of a layer is sent through, (..., n).

    `shape` is that of the layers, (..., n_copies, n, d).
    """
    copies(shape)
    *leading, n_copies, n, _ = shape
    try:
        copy_of = np.asarray(given.cpu() if is_tensor(given) else given)
    except ValueError:
        raise ValueError(
            f"assignment is a ragged list: pass one copy index per sample, integers {(*leading, n)}"
        ) from None
    if copy_of.dtype.kind not in "iu" or copy_of.shape != (*leading, n):
        raise ValueError(
            f"assignment has dtype {copy_of.dtype} and shape {copy_of.shape}: pass one copy "
            f"index per sample, integers {(*leading, n)}"
        )
    wrong = copy_of[(copy_of < 0) | (copy_of >= n_copies)]
    if wrong.size:
        raise ValueError(f"assignment holds {wrong[0]}, but the copies are 0..{n_copies - 1}")
    return copy_of.astype(np.int64, copy=False)


# --- plain values ---------------------------------------------------------------------------------


def one_of(name: str, value: Any, options: Iterable[str]) -> str:
    options = tuple(options)
    if not isinstance(value, str) or value not in options:
        raise ValueError(
            f"{name} must be one of {', '.join(map(repr, options))}, not {shown(value)}"
        )
    return value


def positive_integer(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, not {shown(value)}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, not {value}")
    return int(value)


def not_negative(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number of at least 0, not {shown(value)}")
    try:
        number = float(value)
    except OverflowError:  # an integer that no float can hold
        number = np.inf
    if not (np.isfinite(number) and number >= 0):
        raise ValueError(f"{name} must be finite and at least 0, not {number:g}")
    return number


def seed(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise ValueError(f"seed must be an integer of at least 0, not {shown(value)}")
    return int(value)


def function(name: str, value: Any, example: str) -> Any:
    if not callable(value):
        raise TypeError(f"{name} is {shown(value)}, which cannot be called: pass {example}")
    return value


# --- warnings -------------------------------------------------------------------------------------


def depth_of_caller() -> int:
    """Finds the stacklevel at which a warning points to the caller of fastmi, however deep."""
    frame, depth = sys._getframe(1), 0
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "fastmi":
        frame, depth = frame.f_back, depth + 1
    return depth + 1
