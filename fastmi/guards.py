"""What an ensemble cannot take: networks, batches, losses and states that are none, each with its way out."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.containers import shown

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

__all__ = [
    "batch",
    "copied",
    "counters",
    "differentiable",
    "generator",
    "loss",
    "network",
    "number_of_copies",
    "numbers",
    "options",
    "remembered",
    "same_type",
    "samples",
    "some_samples",
    "some_watched",
    "watched_tensor",
]

MOST_COPIES = 2**20  # each has a generator of 5 KB
NOT_NEGATIVE = (  # of what element-wise optimisers remember: counts, steps, sums and means of squares, maxima
    *("step", "sum", "square_avg", "exp_avg_sq", "max_exp_avg_sq", "acc_delta", "exp_inf"),
    *("step_size", "eta", "mu", "mu_product"),
)


# --- networks ---------------------------------------------------------------------------------------------------------


def number_of_copies(n_copies: Any) -> int:
    n_copies = checks.positive_integer("n_copies", n_copies)
    if n_copies > MOST_COPIES:
        raise ValueError(f"n_copies must be at most {MOST_COPIES:,}, not {shown(n_copies)}: train them in several ensembles")
    return n_copies


def network(network: Any) -> None:
    """A module whose parameters can be stacked, lent to it, and trained."""
    checks.trainable(network)
    for name, module in network.named_modules():
        _plain_module(f"network.{name}" if name else "network", module)
    for name, leaf in (*network.named_parameters(), *network.named_buffers()):
        _plain_leaf(name, leaf)
    devices = dict.fromkeys(str(leaf.device) for leaf in (*network.parameters(), *network.buffers()))
    if len(devices) > 1:
        first, *_ = devices
        raise ValueError(f"network lies on {' and '.join(devices)}: move it to one device (network.to({first!r}))")

    if not any(leaf.requires_grad for leaf in network.parameters()):
        raise ValueError("network is frozen, and there is nothing to train: unfreeze some of it (network.requires_grad_(True))")


def _plain_module(where: str, module: nn.Module) -> None:
    """Parameters are lent to a module by their names, which wrappers and compiled code do not let through."""
    import torch

    kind = type(module).__name__
    if isinstance(module, torch.nn.DataParallel | torch.nn.parallel.DistributedDataParallel):
        raise TypeError(f"{where} is a {kind}, which spreads batches: pass the module that it wraps ({where}.module)")

    if isinstance(module, torch.jit.ScriptModule):
        raise TypeError(f"{where} is a {kind}, whose parameters are fixed in it: pass the module that it was scripted from")
    if hasattr(module, "_orig_mod"):
        raise TypeError(f"{where} is compiled for a single copy: pass the module that it was compiled from ({where}._orig_mod)")


def _plain_leaf(name: str, leaf: Tensor) -> None:
    import torch

    if torch.nn.parameter.is_lazy(leaf):
        raise ValueError(f"network has no values at {name!r} yet (a lazy module): call it once on a sample, network(x[:1])")
    if leaf.device.type == "meta":
        raise ValueError(
            f"network has no values at {name!r} (device 'meta'): build it on 'cpu' or 'cuda', or give it values there "
            "(network.to_empty(device='cpu'), then its reset_parameters or load_state_dict)"
        )
    if leaf.dtype not in _taken():
        raise TypeError(f"network holds {leaf.dtype} at {name!r}, which cannot be trained: network.to(torch.float32)")


def copied(network: nn.Module) -> nn.Module:
    """A copy that keeps its ties; what was computed with gradients and kept as an attribute cannot be copied."""
    try:
        return copy.deepcopy(network)
    except Exception as error:
        raise TypeError(
            f"network ({type(network).__name__}) cannot be copied ({_line(error)}): keep no outputs in its attributes unless "
            "detached; weights are normalised by torch.nn.utils.parametrizations, not by torch.nn.utils.weight_norm"
        ) from error


# --- batches ----------------------------------------------------------------------------------------------------------


def _taken() -> Sequence[torch.dtype]:
    import torch

    whole = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
    return *whole, torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128


def numbers(name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A copy in a type that torch has, in this machine's order of bytes; wider floats are rounded to float64."""
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array: drop the masked samples, or give them values ({name}.filled(0))")
    if array.dtype.kind not in "biufc" or array.dtype == np.uint64:
        way = f"{name}.astype(np.{'int64' if array.dtype == np.uint64 else 'float32'})"
        raise TypeError(f"{name} has dtype {array.dtype}, which torch cannot compute with: pass numbers ({way})")
    kind, size = array.dtype.kind, array.dtype.itemsize
    size = {"u": 8 if size > 1 else 1, "f": min(size, 8), "c": min(size, 16)}.get(kind, size)
    return array.astype(f"{'i' if kind == 'u' and size > 1 else kind}{size}")


def batch(name: str, tensor: Tensor) -> Tensor:
    """A dense tensor of numbers that networks compute with."""
    import torch

    way = ""
    if tensor.is_nested:
        way = f"a nested tensor: pad it ({name}.to_padded_tensor(0.0))"
    elif tensor.layout != torch.strided:
        way = f"a {tensor.layout} tensor: make it dense ({name}.to_dense())"
    elif tensor.is_quantized:
        way = f"quantised ({tensor.dtype}): pass its values ({name}.dequantize())"
    elif tensor.dtype not in _taken():
        kind = "complex64" if tensor.is_complex() else "float32" if tensor.is_floating_point() else "int64"
        way = f"of dtype {tensor.dtype}, which networks do not compute with: {name}.to(torch.{kind})"
    if way:
        raise TypeError(f"{name} is {way}")
    return tensor


def same_type(given: torch.dtype, own: torch.dtype, error: RuntimeError) -> None:
    """A network that fails on x because its parameters are of another type; some take both."""
    if given != own and "type" in str(error):
        raise TypeError(
            f"x is of dtype {given}, the network's parameters of {own} ({_line(error)}): x.to({own}), or "
            "x.astype(np.float32) of an array"
        ) from error


def some_samples(**arrays: Tensor) -> None:
    """The loss of no samples is NaN, and so are the parameters after it."""
    for name, array in arrays.items():
        if not array.numel():
            raise ValueError(f"{name} is empty, {tuple(array.shape)}: a batch without samples has no loss; draw at least one")


def samples(name: str, shape: Sequence[int]) -> None:
    if not len(shape):
        raise ValueError(f"{name} has shape (): pass samples, (n, ...); a single one is {name}[None]")


# --- losses and layers ------------------------------------------------------------------------------------------------


def loss(given: Any) -> Any:
    given = checks.function("loss", given, "(prediction, target) -> a scalar")
    if isinstance(given, type):
        raise TypeError(f"loss is the class {given.__name__}: pass one of it, {given.__name__}(), or a function")
    return given


def differentiable(losses: Tensor) -> Tensor:
    """Losses of all copies that say how each of them should change."""
    if losses.is_complex():
        raise ValueError(f"loss returned {losses.dtype}: it must be real ((prediction - target).abs().square().mean())")
    if not losses.requires_grad:
        raise ValueError(
            "loss does not depend on any parameter that requires a gradient: compute it from the prediction, by operations "
            "that have one (no .detach(), no torch.no_grad() inside the network, no argmax)"
        )
    return losses


def some_watched(wanted: Sequence[Any]) -> None:
    if not wanted:
        raise ValueError(
            "watch is empty, and there would be no layer to see: name modules or types, or leave it out (None) for every "
            "module without children"
        )


def watched_tensor(name: str, output: Any, watched: Iterable[str]) -> None:
    if not checks.is_tensor(output):
        others = [other for other in watched if other != name][:5]
        way = f"watch others (watch={others}), or " if others else ""
        kind = type(output).__name__
        raise TypeError(
            f"the watched module {name!r} returns a {kind}, not a tensor: {way}wrap it in a module that returns one"
        )


# --- states -----------------------------------------------------------------------------------------------------------


def counters(buffers: Mapping[str, Tensor]) -> None:
    """Batches are counted from 0."""
    for name, leaf in buffers.items():
        if name.rpartition(".")[2] == "num_batches_tracked" and bool((leaf < 0).any()):
            raise _not_honest(f"buffers/{name}", f"holds {int(leaf.min())}")


def remembered(key: str, held: Mapping[Any, Any]) -> None:
    """Of what an optimiser remembers, steps are whole and squares are not negative; a network that has died may hold NaN."""
    for name in held.keys() & set(NOT_NEGATIVE):
        array = np.asarray(_host(held[name]), np.float64)
        wrong = array[array < 0] if array.ndim else array[~(np.isfinite(array) & (array >= 0))]
        if name == "step" and not wrong.size and array % 1:
            wrong = array.reshape(1)
        if wrong.size:
            raise _not_honest(f"{key}/{name}", f"holds {wrong[0]}")


def options(key: str, kind: type[torch.optim.Optimizer], given: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Options that an optimiser of this kind could have been made with; a scheduler may have changed numbers, not switches."""
    import inspect

    import torch

    for name, value in given.items():
        if isinstance(value, bool) and value != own[name]:
            raise _not_honest(f"{key}/{name}", f"is {value}, where this ensemble's is {own[name]}")
        if not isinstance(value, str) and not np.isfinite(np.asarray(_host(value), np.float64)).all() and value != own[name]:
            raise _not_honest(f"{key}/{name}", f"is {_host(value)}")
    known = inspect.signature(kind).parameters
    try:
        kind([torch.zeros(1, device="cpu")], **{name: value for name, value in given.items() if name in known})
    except Exception as error:
        raise _not_honest(key, f"makes no {kind.__name__} ({_line(error)})") from error


def generator(key: str, state: Tensor, device: Any) -> None:
    import torch

    try:
        torch.Generator(device).set_state(state)
    except Exception as error:
        raise _not_honest(key, f"is not the state of a generator ({_line(error)})") from error


def _host(value: Any) -> Any:
    """Tensors as lists of floats, complex ones as pairs."""
    if not checks.is_tensor(value):
        return value
    return (value.view(value.real.dtype) if value.is_complex() and value.ndim else value).double().tolist()


def _not_honest(name: str, what: str) -> ValueError:
    return ValueError(f"state is none that an ensemble had: its {name!r} {what}; pass what `state` returned, unchanged")


def _line(error: Exception) -> str:
    """What it says first."""
    first, *_ = str(error).strip().splitlines() or [""]
    return first if len(first) <= 80 else f"{first[:77]}..."
