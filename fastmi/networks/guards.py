"""What an ensemble cannot take, and what to pass instead.

Networks, batches, losses, optimisers, and ensembles to be joined.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.inputs import is_tensor, shown

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

__all__ = [
    "ELEMENTWISE",
    "alike",
    "asked",
    "batch",
    "copied",
    "copy_axis",
    "differentiable",
    "elementwise",
    "ensembles",
    "first_line",
    "fresh",
    "loss",
    "network",
    "number_of_copies",
    "numbers",
    "on_device",
    "resettable",
    "samples",
    "scalar_loss",
    "snapshots",
    "some_samples",
    "target",
    "tensor_prediction",
    "trainable",
]

# of an ensemble: each has a generator of 5 KB
MOST_COPIES = 2**20


# --- networks -------------------------------------------------------------------------------------


def asked(replay: Any) -> bool | None:
    if replay is not None and not isinstance(replay, bool):
        raise ValueError(
            f"replay is {shown(replay)}: pass None (where it is safe), True (wherever the network "
            "can be traced) or False (never)"
        )
    return replay


def number_of_copies(n_copies: Any) -> int:
    """Checks a number of copies that one ensemble can hold."""
    n_copies = checks.positive_integer("n_copies", n_copies)
    if n_copies > MOST_COPIES:
        raise ValueError(
            f"n_copies must be at most {MOST_COPIES:,}, not {shown(n_copies)}: train them in "
            "several ensembles"
        )
    return n_copies


def network(network: Any) -> None:
    """Refuses what is no module whose parameters can be stacked, lent to it, and trained."""
    trainable(network)
    for name, module in network.named_modules():
        _plain_module(f"network.{name}" if name else "network", module)
    for name, leaf in (*network.named_parameters(), *network.named_buffers()):
        _plain_leaf(name, leaf)
    devices = dict.fromkeys(
        str(leaf.device) for leaf in (*network.parameters(), *network.buffers())
    )
    if len(devices) > 1:
        first, *_ = devices
        raise ValueError(
            f"network lies on {' and '.join(devices)}: move it to one device "
            f"(network.to({first!r}))"
        )

    if not any(leaf.requires_grad for leaf in network.parameters()):
        raise ValueError(
            "network is frozen, and there is nothing to train: unfreeze some of it "
            "(network.requires_grad_(True))"
        )


def trainable(network: Any) -> None:
    """Refuses what is no module, or has no parameters."""
    import torch

    if not isinstance(network, torch.nn.Module):
        raise TypeError(f"network is a {type(network).__qualname__}: pass a torch.nn.Module")
    if next(network.parameters(), None) is None:
        raise ValueError(
            f"network ({type(network).__name__}) has no parameters: there is nothing to train"
        )


def _plain_module(where: str, module: nn.Module) -> None:
    """Refuses wrappers and compiled code.

    Parameters are lent to a module by their names, which those do not let through.
    """
    import torch

    kind = type(module).__name__
    if isinstance(module, torch.nn.DataParallel | torch.nn.parallel.DistributedDataParallel):
        raise TypeError(
            f"{where} is a {kind}, which spreads batches: pass the module that it wraps "
            f"({where}.module)"
        )

    if isinstance(module, torch.jit.ScriptModule):
        raise TypeError(
            f"{where} is a {kind}, whose parameters are fixed in it: pass the module that it was "
            "scripted from"
        )
    if hasattr(module, "_orig_mod"):
        raise TypeError(
            f"{where} is compiled for a single copy: pass the module that it was compiled from "
            f"({where}._orig_mod)"
        )


def _plain_leaf(name: str, leaf: Tensor) -> None:
    """Refuses parameters and buffers without values, or of a type that networks do not take."""
    import torch

    if torch.nn.parameter.is_lazy(leaf):
        raise ValueError(
            f"network has no values at {name!r} yet (a lazy module): call it once on a sample, "
            "network(x[:1])"
        )
    if leaf.device.type == "meta":
        raise ValueError(
            f"network has no values at {name!r} (device 'meta'): build it on 'cpu' or 'cuda', or "
            "give it values there (network.to_empty(device='cpu'), then its reset_parameters or "
            "load_state_dict)"
        )
    if leaf.dtype not in _taken():
        raise TypeError(
            f"network holds {leaf.dtype} at {name!r}, which cannot be trained: "
            "network.to(torch.float32)"
        )


def copied(network: nn.Module) -> nn.Module:
    """Copies a network with its ties.

    What was computed with gradients and kept as an attribute cannot be copied.
    """
    try:
        return copy.deepcopy(network)
    except Exception as error:
        raise TypeError(
            f"network ({type(network).__name__}) cannot be copied ({first_line(error)}): keep no "
            "outputs in its attributes unless detached; weights are normalised by "
            "torch.nn.utils.parametrizations, not by torch.nn.utils.weight_norm"
        ) from error


def resettable(name: str, module: Any) -> Any:
    """Takes the method that draws a module anew."""
    if not hasattr(module, "reset_parameters"):
        raise TypeError(
            'init="independent" draws every module anew by reset_parameters(), which'
            f" {type(module).__name__} at {name!r} does not have: add the method, or use"
            ' init="shared"'
        )
    return module.reset_parameters


# --- batches --------------------------------------------------------------------------------------


def _taken() -> Sequence[torch.dtype]:
    """Lists the types that networks compute with."""
    import torch

    whole = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
    return (
        *whole,
        torch.float16,
        torch.bfloat16,
        torch.float32,
        torch.float64,
        torch.complex64,
        torch.complex128,
    )


def numbers(name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Copies an array in a type that torch has, in this machine's order of bytes.

    Wider floats are rounded to float64.
    """
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array: drop the masked samples, or give them values "
            f"({name}.filled(0))"
        )
    if array.dtype.kind not in "biufc" or array.dtype == np.uint64:
        way = f"{name}.astype(np.{'int64' if array.dtype == np.uint64 else 'float32'})"
        raise TypeError(
            f"{name} has dtype {array.dtype}, which torch cannot compute with: pass numbers ({way})"
        )
    kind, size = array.dtype.kind, array.dtype.itemsize
    size = {"u": 8 if size > 1 else 1, "f": min(size, 8), "c": min(size, 16)}.get(kind, size)
    return array.astype(f"{'i' if kind == 'u' and size > 1 else kind}{size}")


def batch(name: str, tensor: Tensor) -> Tensor:
    """Refuses what is no dense tensor of numbers that networks compute with."""
    import torch

    way = ""
    if tensor.is_nested:
        way = f"a nested tensor: pad it ({name}.to_padded_tensor(0.0))"
    elif tensor.layout != torch.strided:
        way = f"a {tensor.layout} tensor: make it dense ({name}.to_dense())"
    elif tensor.is_quantized:
        way = f"quantised ({tensor.dtype}): pass its values ({name}.dequantize())"
    elif tensor.dtype not in _taken():
        kind = (
            "complex64"
            if tensor.is_complex()
            else "float32"
            if tensor.is_floating_point()
            else "int64"
        )
        way = (
            f"of dtype {tensor.dtype}, which networks do not compute with: {name}.to(torch.{kind})"
        )
    if way:
        raise TypeError(f"{name} is {way}")
    return tensor


def on_device(name: str, array: Any, device: torch.device) -> Tensor:
    """Refuses what is no tensor, or lies on another device."""
    if not is_tensor(array):
        raise TypeError(
            f"{name} is a {type(array).__qualname__}: pass a torch tensor or a NumPy array"
        )
    if array.device != device:
        raise ValueError(
            f"{name} is on '{array.device}', the ensemble on '{device}': move one of them "
            "(tensor.to(...))"
        )
    return array


def copy_axis(n_copies: int, **arrays: Tensor) -> None:
    """Refuses batches whose first axis is not the copies."""
    for name, array in arrays.items():
        if array.ndim < 2 or array.shape[0] != n_copies:
            raise ValueError(
                f"{name} has shape {tuple(array.shape)}: step takes ({n_copies} copies, batch, "
                "...), each copy its own batch (rows = ensemble.draw(...); x[rows])"
            )


def some_samples(**arrays: Tensor) -> None:
    """Refuses empty batches: the loss of no samples is NaN, and so are the parameters after it."""
    for name, array in arrays.items():
        if not array.numel():
            raise ValueError(
                f"{name} is empty, {tuple(array.shape)}: a batch without samples has no loss; draw "
                "at least one"
            )


def samples(name: str, shape: Sequence[int]) -> None:
    """Refuses a number in place of samples."""
    if not len(shape):
        raise ValueError(
            f"{name} has shape (): pass samples, (n, ...); a single one is {name}[None]"
        )


def snapshots(given: Any, state: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """Checks snapshots of the ensemble whose present state this is.

    They have the same names and the same stacked shapes.
    """
    if isinstance(given, dict) or not isinstance(given, Sequence) or not given:
        raise TypeError(
            f"snapshots is {shown(given)}: pass a non-empty list of what `snapshot` returned"
        )
    for i, snapshot in enumerate(given):
        forms = (
            {name: _form(leaf) for name, leaf in snapshot.items()}
            if isinstance(snapshot, dict)
            else None
        )
        if forms != {name: _form(leaf) for name, leaf in state.items()}:
            raise ValueError(
                f"snapshots[{i}] is not a snapshot of this ensemble: its names, shapes, types or "
                "devices are others (other copies? arrays that were stored are "
                "torch.from_numpy(...).to(ensemble.device))"
            )
    return list(given)


def _form(leaf: Any) -> tuple[Any, ...]:
    return (tuple(leaf.shape), leaf.dtype, leaf.device) if is_tensor(leaf) else (type(leaf),)


# --- losses ---------------------------------------------------------------------------------------


def loss(given: Any) -> Any:
    """Checks a loss, which is a function, not a class of them."""
    given = checks.function("loss", given, "(prediction, target) -> a scalar")
    if isinstance(given, type):
        raise TypeError(
            f"loss is the class {given.__name__}: pass one of it, {given.__name__}(), or a function"
        )
    return given


def tensor_prediction(output: Any) -> Tensor:
    """Refuses an output that is no tensor."""
    if not is_tensor(output):
        raise TypeError(
            f"the network returns a {type(output).__name__}, not a tensor: wrap it in a module that"
            " returns one"
        )
    return output


def target(prediction: Tensor, target: Tensor, loss: Any) -> None:
    """Refuses a target whose shape is not the prediction's.

    It is broadcast by torch's losses on numbers, and the network dies of it without a word.

    Only class numbers may lack an axis, the one that the prediction has its classes in, and only
    for a loss that takes them.
    """
    import torch

    shape, classes = tuple(target.shape), tuple(prediction.shape)
    numbers = target.is_floating_point() or target.dtype == torch.bool or _compares_numbers(loss)
    if shape != classes and (
        numbers or len(classes) < 2 or classes[1] < 2 or shape != classes[:1] + classes[2:]
    ):
        raise ValueError(
            f"y has shape {shape} per copy, the prediction {classes}: the loss would broadcast them"
            " against each other; reshape y (y[:, None] for a single output), or give integer "
            "class numbers to a loss that takes them"
        )


def _compares_numbers(loss: Any) -> bool:
    """Judges whether a loss compares number with number, as a function, a module or a partial."""
    import functools

    import torch
    from torch.nn import functional

    names = (
        "mse_loss",
        "l1_loss",
        "smooth_l1_loss",
        "huber_loss",
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
    )
    kinds = ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "BCELoss", "BCEWithLogitsLoss")
    loss = loss.func if isinstance(loss, functools.partial) else loss
    return loss in [getattr(functional, name) for name in names] or isinstance(
        loss, tuple(getattr(torch.nn, kind) for kind in kinds)
    )


def scalar_loss(loss: Any) -> Tensor:
    """Refuses a loss that is no scalar tensor."""
    if not is_tensor(loss):
        raise TypeError(
            f"loss returned a {type(loss).__name__}, not a tensor: return what torch computes from "
            "the prediction"
        )
    if loss.ndim:
        raise ValueError(
            f"loss returned shape {tuple(loss.shape)}: it must reduce a batch to a scalar (.mean())"
        )
    return loss


def differentiable(losses: Tensor) -> Tensor:
    """Refuses losses that do not say how each copy should change."""
    if losses.is_complex():
        raise ValueError(
            f"loss returned {losses.dtype}: it must be real ((prediction - "
            "target).abs().square().mean())"
        )
    if not losses.requires_grad:
        raise ValueError(
            "loss does not depend on any parameter that requires a gradient: compute it from the "
            "prediction, by operations that have one (no .detach(), no torch.no_grad() inside the "
            "network, no argmax)"
        )
    return losses


# --- optimisers -----------------------------------------------------------------------------------


# the classes of torch.optim that treat every parameter element alone
ELEMENTWISE = (
    "SGD",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "RAdam",
    "RMSprop",
    "Rprop",
    "Adagrad",
    "Adadelta",
    "ASGD",
)


def elementwise(optimizer: Any, parameters: dict[str, Tensor]) -> torch.optim.Optimizer:
    """Refuses an optimiser that is not element-wise, or holds other parameters than these.

    Over stacked parameters only an element-wise one is one optimiser per copy.
    """
    import torch

    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(
            f"optimizer returned a {type(optimizer).__qualname__}: pass parameters -> a torch.optim"
            " optimiser"
        )
    if type(optimizer) not in [getattr(torch.optim, name) for name in ELEMENTWISE]:
        raise TypeError(
            f"optimizer is {type(optimizer).__name__}, which is not known to treat every parameter "
            f"element alone and could couple the copies; use one of {', '.join(ELEMENTWISE)}, or "
            "train the copies one by one with an ordinary loop"
        )
    stacked = {id(leaf) for leaf in parameters.values()}
    if any(id(leaf) not in stacked for group in optimizer.param_groups for leaf in group["params"]):
        raise ValueError(
            "optimizer holds tensors that are not the ensemble's and would train something else: "
            "build it over the parameters that it is called with (lambda parameters: "
            "torch.optim.SGD(parameters, lr=0.2))"
        )
    return optimizer


# --- joining --------------------------------------------------------------------------------------


def ensembles(given: Any, kind: type) -> list[Any]:
    """Checks a list of ensembles."""
    if not isinstance(given, Sequence) or not given:
        raise TypeError(f"ensembles is {shown(given)}: pass a non-empty list of {kind.__name__}s")
    for i, ensemble in enumerate(given):
        if not isinstance(ensemble, kind):
            raise TypeError(
                f"ensembles[{i}] is a {type(ensemble).__qualname__}: pass a non-empty list of "
                f"{kind.__name__}s"
            )
    return list(given)


def alike(forms: Sequence[dict[str, Any]]) -> None:
    """Refuses ensembles that differ in what makes one step of all of them.

    What is no plain value is compared by its repr.
    """
    first, *others = [
        {key: " ".join(str(value).split()) for key, value in form.items()} for form in forms
    ]
    for i, form in enumerate(others, start=1):
        for key in first | form:
            if form.get(key) != first.get(key):
                here, there = _where_they_differ(str(form.get(key)), str(first.get(key)))
                raise ValueError(
                    f"ensembles[{i}] has the {key} {here}, ensembles[0] has {there}: only "
                    "ensembles that are built alike can be joined; give them the same arguments, "
                    "but for n_copies and seed"
                )


def _where_they_differ(a: str, b: str, length: int = 80) -> tuple[str, str]:
    """Cuts two texts to the first word of each, and what stands around the first difference."""
    same = next(
        (i for i, pair in enumerate(zip(a, b, strict=False)) if len(set(pair)) > 1),
        min(len(a), len(b)),
    )
    # two words before
    begin = a.rfind(" ", 0, max(a.rfind(" ", 0, same), 0)) + 1 if same > length // 2 else 0
    a_cut, b_cut = (
        text if len(text) <= begin + length else f"{text[: begin + length]}..." for text in (a, b)
    )
    return (
        (f"{a.split()[0]} ... {a_cut[begin:]}", f"{b.split()[0]} ... {b_cut[begin:]}")
        if begin
        else (a_cut, b_cut)
    )


def fresh(optimizers: Sequence[Any]) -> None:
    """Refuses optimisers that remember a step; Adagrad is born with a memory of none."""
    for i, optimizer in enumerate(optimizers):
        if any(float(memory.get("step", 1)) for memory in optimizer.state.values()):
            raise ValueError(
                f"ensembles[{i}] has been trained, and its optimiser ({type(optimizer).__name__}) "
                "has a state that a new one would not have: join ensembles before their first "
                "step"
            )


def first_line(error: Exception) -> str:
    """Takes the first line of what an error says, cut to 80 letters."""
    first, *_ = str(error).strip().splitlines() or [""]
    return first if len(first) <= 80 else f"{first[:77]}..."
