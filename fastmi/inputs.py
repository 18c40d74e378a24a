"""what people hold -> a NumPy array or a CUDA tensor; of all else its name and its own way out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Set
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

__all__ = ["container", "is_tensor", "on_host", "shortened", "shown"]

DEVICES = ("cpu", "cuda")  # whose tensors are taken


def is_tensor(array: object) -> bool:
    """Tells whether it is a torch tensor, without importing torch.

    If torch was never imported, nothing can be a tensor.
    """
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def on_host(array: Any) -> Any:
    """Brings what a backend gave to the host, as a NumPy array."""
    return array if isinstance(array, np.ndarray) else array.cpu().numpy()


def shown(value: object, length: int = 60) -> str:
    """Shows the beginning of its repr, on one line.

    Of what has none, as integers of many thousand digits, the type.
    """
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__qualname__}>"
    return shortened(text, length)


def shortened(text: str, length: int = 120) -> str:
    """Puts a text on one line of at most `length` letters."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 3]}..."


def container(name: str, array: Any) -> Any:
    """Takes a NumPy array as it is, a CPU tensor as a NumPy view, a CUDA tensor detached.

    Raises:
        TypeError: anything else; the message names its type and how to make an array of it.
    """
    if is_tensor(array):
        return _from_tensor(name, array)
    if isinstance(array, np.ndarray) and not isinstance(array, np.ma.MaskedArray | np.matrix):
        return array
    kind = type(array)
    raise TypeError(
        f"{name} is a {kind.__module__}.{kind.__qualname__}: pass a NumPy array or a torch tensor "
        f"({_way(name, array)})"
    )


def _way(name: str, array: Any) -> str:
    """Says what to write in its place."""
    library = type(array).__module__.partition(".")[0]
    if isinstance(array, np.ma.MaskedArray):
        if not np.ma.is_masked(array):
            return f"np.asarray({name}): nothing is masked"
        if array.ndim == 1:
            return (
                f"{name}.compressed(), and the same samples of what stands beside it: an array "
                "would count what is masked"
            )
        rows = f"~np.ma.getmaskarray({name}).any(axis=1)"
        return (
            f"keep = {rows}; {name}.data[keep], and [keep] of what stands beside it: an array would"
            " count what is masked"
        )
    if isinstance(array, list | tuple) and any(map(is_tensor, array)):
        return f"torch.stack({name})"
    if isinstance(array, list | tuple | np.matrix | memoryview) or library in (
        "array",
        "jax",
        "jaxlib",
    ):
        return f"np.asarray({name})"
    if library == "pyarrow":
        return _way_of_pyarrow(name, array)
    if hasattr(array, "to_numpy"):  # pandas, polars, xarray
        frame = f"; every row of it is one joint symbol, and one column is {name}[...].to_numpy()"
        drop = _drops_missing(array)
        if drop:
            return (
                f"{name}.{drop}().to_numpy(), and the same samples of what stands beside it: it has"
                " missing values"
            )
        return f"{name}.to_numpy()" + (frame if hasattr(array, "columns") else "")
    if hasattr(array, "toarray"):
        return f"{name}.toarray()"
    if library == "polars" and hasattr(array, "collect"):
        return f"{name}.collect().to_numpy()"
    if library == "tensorflow":
        return f"{name}.numpy()"
    return _way_of_python(name, array)


def _way_of_pyarrow(name: str, array: Any) -> str:
    if hasattr(array, "num_columns"):
        return (
            f"{name}.to_pandas().to_numpy(); every row of it is one joint symbol, and one column is"
            f" {name}[...]"
        )
    drop = ".drop_null()" if getattr(array, "null_count", 0) else ""
    beside = (
        ", and the same samples of what stands beside it: it has missing values" if drop else ""
    )
    copied = "" if hasattr(array, "chunks") else "zero_copy_only=False"
    return f"{name}{drop}.to_numpy({copied}){beside}"


def _drops_missing(array: Any) -> str:
    """Names the method that drops missing values, where there are any."""
    # a MultiIndex cannot say
    if hasattr(array, "dropna") and hasattr(array, "isna") and not hasattr(array, "levels"):
        return "dropna" if np.any(array.isna()) else ""
    if hasattr(array, "drop_nulls"):
        return "drop_nulls" if np.any(array.null_count()) else ""
    return ""


def _way_of_python(name: str, array: Any) -> str:
    if isinstance(array, Set):
        return (
            f"sorted({name}) has each value once and in no order of samples: better the list it was"
            " made from"
        )
    if isinstance(array, Mapping):
        return f"list({name}.values())"
    if isinstance(array, str):
        return f"np.array(list({name})): a label for each letter"
    if hasattr(array, "__array__"):
        return f"np.asarray({name})"
    if hasattr(array, "__dlpack__"):
        return f"np.from_dlpack({name}), or torch.from_dlpack({name}) on a GPU"
    if isinstance(array, Iterable):
        return f"np.asarray(list({name}))"
    return "one value for each sample"


def _from_tensor(name: str, tensor: torch.Tensor) -> Any:
    """Makes NumPy views of CPU tensors (no copy), and leaves CUDA tensors; both detached."""
    import torch

    if tensor.is_nested:
        raise TypeError(
            f"{name} is a nested tensor: pass a dense one (torch.nested.to_padded_tensor({name}, "
            "0.0))"
        )
    if tensor.layout != torch.strided:
        raise TypeError(f"{name} is a {tensor.layout} tensor: pass a dense one ({name}.to_dense())")
    if tensor.is_quantized:
        raise TypeError(
            f"{name} is a quantised tensor ({tensor.dtype}): pass {name}.dequantize(), or "
            f"{name}.int_repr() as labels"
        )
    if tensor.device.type not in DEVICES:
        way = (
            "which holds no values: make it where it does (device='cpu')"
            if tensor.is_meta
            else f"pass {name}.cpu()"
        )
        raise TypeError(f"{name} is a tensor on device '{tensor.device}', {way}")
    tensor = tensor.detach()
    try:
        if tensor.is_floating_point() and (
            tensor.dtype == torch.bfloat16 or tensor.dtype.itemsize < 2
        ):
            tensor = tensor.float()  # NumPy has no such type
        if tensor.device.type != "cpu":
            return tensor
        return tensor.resolve_conj().resolve_neg().numpy()
    # a type that NumPy lacks; a tensor within a transform (vmap, compile)
    except (TypeError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise TypeError(
            f"{name} is a tensor of {tensor.dtype} that NumPy cannot look at ({reason:.120}): pass "
            "int64 or float32 values"
        ) from None
