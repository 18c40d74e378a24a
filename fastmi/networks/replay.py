"""A training step -> a recording of it, which is replayed once it has proved itself.

The one danger is what torch does not see: a forward or a loss that counts its calls, anneals, or
draws from `random` would be frozen as it was. So it is done unasked only where all code is torch's
own, and what is replayed has equalled the plain step bit for bit once.
"""

from __future__ import annotations

import copy
import functools
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Any

from fastmi.inputs import is_tensor
from fastmi.networks.graphs import Graph
from fastmi.networks.recordings import Recording

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["Gradients", "Replay", "unsafe"]

PLAIN_STEPS = 20  # of one shape before it is recorded: recording takes as long as a few dozen
MOST_SHAPES = 4  # that are known at a time, recorded or not yet

Leaves = dict[str, "Tensor"]
# losses, buffers afterwards, gradients of the parameters (None of those that it does not hang on)
Gradients = tuple["Tensor", list["Tensor"], list["Tensor | None"]]


class Replay:
    """Losses and gradients of steps: plain, until a recording of their kind has proved itself.

    Args:
        asked: None where all code is torch's own, True for every network that can be traced, False
            never.
        reason: why steps would not be replayed unasked, of `unsafe`.

    Attributes:
        reason: why steps are not replayed, "" while they are or may be.
        graph_reason: why the last that was recorded is no CUDA graph, "" if it is.
    """

    def __init__(self, asked: bool | None, reason: str) -> None:
        self.asked = asked
        self.reason = {None: reason, True: "", False: "it was not asked for (replay=False)"}[asked]
        self.graph_reason = ""
        self._steps: OrderedDict[Any, int | _Step] = OrderedDict()  # the last asked for at the end

    def __deepcopy__(self, memo: Any) -> Replay:
        """Forgets: the copy's parameters lie elsewhere."""
        fresh = copy.copy(self)
        fresh.graph_reason, fresh._steps = "", OrderedDict()
        return fresh

    @property
    def n_recordings(self) -> int:
        """Counts the kinds of steps that are replayed."""
        return sum(isinstance(known, _Step) for known in self._steps.values())

    def gradients(
        self,
        plain: Callable[[], Gradients],
        rehearsed: Callable[[], tuple[Callable[..., Gradients], Any]],
        leaves: Leaves,
        arrays: Sequence[Tensor],
        randomness: Any,
        loss: Callable[..., Any],
    ) -> Gradients:
        """Computes losses, buffers and gradients on one batch of each copy.

        Args:
            plain: the step as it is. rehearsed: -> the same as a function of leaves and arrays, and
                its randomness: a network and a randomness of its own, which tracing may change.
            leaves: parameters and buffers. arrays: x and y. randomness: dropout is drawn from it.
            loss: a recording holds for what it is told now.
        """
        whole = all(each.is_contiguous() for each in arrays)
        if self.reason or not whole or _watched_over() or any(map(_hooked, leaves.values())):
            return plain()
        key = _key(leaves, arrays, loss)
        known = self._steps.setdefault(key, 0)
        self._steps.move_to_end(key)
        if len(self._steps) > MOST_SHAPES:
            self._steps.popitem(last=False)
        if isinstance(known, _Step):
            return known.again(arrays, randomness)
        if known < PLAIN_STEPS:
            self._steps[key] = known + 1
            return plain()
        return self._proved(key, plain, rehearsed, leaves, arrays, randomness)

    def _proved(
        self,
        key: Any,
        plain: Callable[[], Gradients],
        rehearsed: Callable[[], tuple[Callable[..., Gradients], Any]],
        leaves: Leaves,
        arrays: Sequence[Tensor],
        randomness: Any,
    ) -> Gradients:
        """Takes the plain step, and beside it a recorded one, kept where all bits agree."""
        before = list(randomness.states)
        function, scratch = rehearsed()
        truth = plain()

        def fault(step: _Step) -> str:
            scratch.states = before
            if not _same_step(truth, step.again(arrays, scratch)):
                return "a replayed step was not the plain one, bit for bit"
            if not all(map(_same_bits, scratch.states, randomness.states)):
                return "a replayed step drew other random numbers than the plain one"
            return ""

        try:
            step = _Step(function, leaves, arrays, scratch)
            reason = fault(step)
            if reason and not step.graph.reason:  # the calls that were captured may be right
                step.graph.release(f"captured, {reason}")
                reason = fault(step)
        except MemoryError as error:
            self.reason = str(error) or "there was no memory for a recording"
            return truth
        except Exception as error:
            self.reason = f"it cannot be traced ({' '.join(str(error).split()):.200})"
            return truth
        self.reason, self.graph_reason = reason, step.graph.reason
        if not reason:
            self._steps[key] = step
        return truth


class _Step:
    """One recorded step: its inputs, and where it leaves what it computes.

    Attributes:
        graph: replays it.
    """

    def __init__(
        self,
        function: Callable[..., Gradients],
        leaves: Leaves,
        arrays: Sequence[Tensor],
        scratch: Any,
    ) -> None:
        names = list(leaves)
        self._arrays = [each.clone() for each in arrays]
        self._has_gradient: list[bool] = []

        def flat(*tensors: Tensor) -> list[Tensor]:
            state = dict(zip(names, tensors[: len(names)], strict=True))
            step = function(state, *tensors[len(names) :])
            self._has_gradient = [gradient is not None for gradient in step[2]]
            return _flat(step)

        with scratch, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the plain step has said what there is to say
            recording = Recording(flat, [*leaves.values(), *self._arrays])
        self._draws = recording.draws
        self.graph = Graph(recording)

    def again(self, arrays: Sequence[Tensor], randomness: Any) -> Gradients:
        for kept, given in zip(self._arrays, arrays, strict=True):
            kept.copy_(given)
        with randomness if self._draws else nullcontext():
            losses, *others = self.graph.replay()
        n_buffers = len(others) - sum(self._has_gradient)
        computed = iter(others[n_buffers:])
        gradients = [next(computed) if there else None for there in self._has_gradient]
        return losses.clone(), others[:n_buffers], gradients


def unsafe(network: nn.Module, loss: Callable[..., Any]) -> str:
    """Tells why a step is not to be replayed unasked: what is not torch's own; "" if all is."""
    from torch import nn

    for name, module in network.named_modules():
        if fault := _foreign(module):
            return f"the network's {name!r} {fault}" if name else f"the network {fault}"
    function = loss
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, nn.Module):
        faults = filter(None, map(_foreign, function.modules()))
        return next((f"loss {fault}" for fault in faults), "")
    if not _torchs(function):
        return f"loss is {getattr(function, '__qualname__', repr(function))}, not one of torch's"
    return ""


def _foreign(module: nn.Module) -> str:
    """Tells what of a module is not torch's own."""
    if not _torchs(type(module)):
        return f"is a {type(module).__name__}, not a module of torch.nn"
    if "forward" in vars(module):
        return "has a forward of its own"
    for name, value in vars(module).items():
        if name.endswith("_hooks") and value:
            return "has hooks"
        if callable(value) and not _torchs(value):
            return f"has {name!r}, which is not one of torch's"
    return ""


def _torchs(function: Any) -> bool:
    """Judges whether it comes from torch, whose C functions say no module."""
    place = getattr(function, "__module__", None)
    return f"{place}.".startswith("torch.") or (
        place is None and isinstance(function, BuiltinFunctionType)
    )


def _watched_over() -> bool:
    """Judges whether somebody watches or changes what torch computes, and is to see the step."""
    import torch

    return bool(
        torch.nn.modules.module._has_any_global_hook()
        or torch.is_anomaly_enabled()
        or torch.is_autocast_enabled("cpu")
        or torch.is_autocast_enabled("cuda")
        or torch._C._len_torch_dispatch_stack()
        or torch._C._len_torch_function_stack()
    )


def _hooked(leaf: Tensor) -> bool:
    return bool(leaf._backward_hooks or leaf._post_accumulate_grad_hooks)


def _key(leaves: Leaves, arrays: Sequence[Tensor], loss: Callable[..., Any]) -> Any:
    """Makes a key of what a recording holds for: places, shapes, types, and the loss as told."""
    where = tuple((leaf.data_ptr(), leaf.requires_grad) for leaf in leaves.values())
    shapes = tuple((each.shape, each.dtype, each.device) for each in arrays)
    return where, shapes, tuple(_told(loss))


def _told(loss: Any) -> Iterator[Any]:
    """Lists the settings of a loss, which its owner may change: of a partial, of a module."""
    import torch

    while isinstance(loss, functools.partial):
        yield from map(_frozen, (*loss.args, *loss.keywords.items()))
        loss = loss.func
    for module in loss.modules() if isinstance(loss, torch.nn.Module) else ():
        yield from map(_frozen, (*vars(module).items(), *module._buffers.items()))


def _frozen(value: Any) -> Any:
    """Takes numbers and words by value, tensors by where they lie, all else by who it is."""
    if isinstance(value, tuple):
        return tuple(map(_frozen, value))
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.data_ptr() if is_tensor(value) else id(value)


def _flat(step: Gradients) -> list[Tensor]:
    losses, buffers, gradients = step
    return [losses, *buffers, *(gradient for gradient in gradients if gradient is not None)]


def _same_step(one: Gradients, other: Gradients) -> bool:
    there = [[gradient is not None for gradient in step[2]] for step in (one, other)]
    return there[0] == there[1] and all(map(_same_bits, _flat(one), _flat(other)))


def _same_bits(one: Tensor, other: Tensor) -> bool:
    """Compares bits and layout, on which the next bits may hang: NaN is NaN, and 0 is not -0."""
    import torch

    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.is_contiguous() != other.is_contiguous():
        return False
    one, other = (each.detach().contiguous().reshape(-1).view(torch.uint8) for each in (one, other))
    return torch.equal(one, other)
