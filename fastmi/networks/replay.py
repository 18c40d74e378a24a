"""A training step, traced once -> a list of calls, made again into the same memory.

A TorchDispatchMode hears the ATen calls that a function makes, its gradient included. What they
return stays where it is: a view or a constant is then there for good, and every other call becomes
one that writes into the tensor that it returned before. What is left is a list of calls without the
graph, the wrappers and the memory that a step is otherwise made of anew.

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
from dataclasses import dataclass
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Any

from fastmi.inputs import is_tensor

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["Gradients", "Recording", "Replay", "unsafe"]

PLAIN_STEPS = 20  # of one shape before it is recorded: recording takes as long as a few dozen
MOST_SHAPES = 4  # that are known at a time, recorded or not yet
MOST_BYTES = 2**28  # that one recording may hold

Leaves = dict[str, "Tensor"]
# losses, buffers afterwards, gradients of the parameters (None of those that it does not hang on)
Gradients = tuple["Tensor", list["Tensor"], list["Tensor | None"]]


class Recording:
    """The calls that a function of tensors makes, to be made again into the same memory.

    Args:
        function: tensors -> a list of tensors; called once, or twice.
        inputs: where the inputs will lie whenever `replay` is called.

    Attributes:
        outputs: what the function returned; `replay` writes them anew.
        n_calls: how many calls are left.
        n_bytes: what the recording holds.
        draws: whether it draws random numbers.

    Raises:
        MemoryError: it would hold more than MOST_BYTES.
        Exception: whatever a function raises that cannot be traced.
    """

    def __init__(self, function: Callable[..., Sequence[Tensor]], inputs: Sequence[Tensor]) -> None:
        outputs, traced = _traced(function, inputs, spared=True)
        # what is changed in place is no constant, nor is what was made of it, and x * 1 is not x
        folds = not any(_writes(call.target) for call in traced)
        if not folds:
            outputs, traced = _traced(function, inputs, spared=False)
        self._calls: list[Callable[[], object]] = []
        self.n_bytes = sum(call.n_bytes for call in traced)
        self.draws = any(_draws(call.target) for call in traced)
        constants: set[int] = set()
        computed: set[int] = set()  # where replaying writes
        for call in traced:
            if _writes(call.target):
                self._calls.append(functools.partial(call.target, *call.args, **call.options))
            elif not call.n_bytes:
                continue  # a view is there for good
            elif (
                folds
                and not _draws(call.target)
                and _places((call.args, call.options)) <= constants
            ):
                constants |= _places(call.result)
            else:
                computed |= _places(call.result)
                self._calls.append(_again(call.target, call.args, call.options, call.result))
        self.outputs = self._apart([output.detach() for output in outputs], computed)

    @property
    def n_calls(self) -> int:
        return len(self._calls)

    def replay(self) -> list[Tensor]:
        """Makes the calls; returns the outputs, which lie where they always do."""
        for call in self._calls:
            call()
        return self.outputs

    def _apart(self, outputs: Sequence[Tensor], computed: set[int]) -> list[Tensor]:
        """Gives each output memory of its own, whole: an optimiser may write into it.

        And in order, as backward leaves gradients: in half precision the bits of a step hang on it.
        """
        import torch

        apart = []
        for output in outputs:
            (place,) = _places(output)
            if place not in computed or not output.is_contiguous():
                separate = output.clone(memory_format=torch.contiguous_format)
                self._calls.append(functools.partial(separate.copy_, output))
                output = separate
            computed.discard(place)
            apart.append(output)
        return apart


class Replay:
    """Losses and gradients of steps: plain, until a recording of their kind has proved itself.

    Args:
        asked: None where all code is torch's own, True for every network that can be traced, False
            never.
        reason: why steps would not be replayed unasked, of `unsafe`.

    Attributes:
        reason: why steps are not replayed, "" while they are or may be.
    """

    def __init__(self, asked: bool | None, reason: str) -> None:
        self.asked = asked
        self.reason = {None: reason, True: "", False: "it was not asked for (replay=False)"}[asked]
        self._steps: OrderedDict[Any, int | _Step] = OrderedDict()  # the last asked for at the end

    def __deepcopy__(self, memo: Any) -> Replay:
        """Forgets: the copy's parameters lie elsewhere."""
        fresh = copy.copy(self)
        fresh._steps = OrderedDict()
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
        try:
            step = _Step(function, leaves, arrays, scratch)
            scratch.states = before
            again = step.again(arrays, scratch)
        except MemoryError as error:
            self.reason = str(error) or "there was no memory for a recording"
            return truth
        except Exception as error:
            self.reason = f"it cannot be traced ({' '.join(str(error).split()):.200})"
            return truth
        if not _same_step(truth, again):
            self.reason = "a replayed step was not the plain one, bit for bit"
        elif not all(map(_same_bits, scratch.states, randomness.states)):
            self.reason = "a replayed step drew other random numbers than the plain one"
        else:
            self._steps[key] = step
        return truth


class _Step:
    """One recorded step: its inputs, and where it leaves what it computes."""

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
            self._recording = Recording(flat, [*leaves.values(), *self._arrays])

    def again(self, arrays: Sequence[Tensor], randomness: Any) -> Gradients:
        for kept, given in zip(self._arrays, arrays, strict=True):
            kept.copy_(given)
        with randomness if self._recording.draws else nullcontext():
            losses, *others = self._recording.replay()
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


# --- the calls of a recording ---------------------------------------------------------------------


@dataclass(frozen=True)
class _Call:
    """One call of an ATen operator, and what it returned.

    A view of an argument has no bytes of its own.
    """

    target: Any
    args: Any
    options: Any
    result: Any
    n_bytes: int


def _traced(
    function: Callable[..., Sequence[Tensor]], inputs: Sequence[Tensor], spared: bool
) -> tuple[Sequence[Tensor], list[_Call]]:
    """Calls a function, and lists the ATen calls that it makes, those of its gradient included.

    All that they return is kept, so that no two results lie in one place. Where it is `spared`,
    x * 1 is x: vmap multiplies every bias by 1.
    """
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_map_only

    traced: list[_Call] = []

    class Listening(TorchDispatchMode):
        n_bytes = 0

        def __torch_dispatch__(
            self, target: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            _same_whatever_the_data(target, args)
            if spared and _is_its_argument(target, args):
                return args[0].detach()
            result = target(*args, **(kwargs or {}))
            looks = _places(result) <= _places((args, kwargs))
            own = 0 if looks else sum(each.nbytes for each in _tensors(result))
            self.n_bytes += own
            if self.n_bytes > MOST_BYTES:
                raise MemoryError(f"a recording would hold more than {MOST_BYTES >> 20} MiB")
            given, options, returned = tree_map_only(
                torch.Tensor, torch.Tensor.detach, (args, kwargs or {}, result)
            )
            traced.append(_Call(target, given, options, returned, own))
            return result

    with Listening():
        outputs = function(*inputs)
    return outputs, traced


def _same_whatever_the_data(target: Any, args: Any) -> None:
    """Refuses an operator that makes a number, or a shape, of what a tensor holds."""
    import torch

    hanging = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}
    masks = (torch.bool, torch.uint8)  # of which indexing alone makes such a shape
    if hanging.intersection(target.tags) and (
        target is not torch.ops.aten.index.Tensor
        or any(index.dtype in masks for index in _tensors(args[1]))
    ):
        raise RuntimeError(f"{target} makes a number, or a shape, of what a tensor holds")


def _is_its_argument(target: Any, args: Any) -> bool:
    """Judges whether the operator multiplies floats by 1, which returns the same bits."""
    import torch

    return (
        target in (torch.ops.aten.mul.Tensor, torch.ops.aten.mul.Scalar)
        and type(args[1]) in (int, float)
        and args[1] == 1
        and args[0].is_floating_point()
        and args[0].is_contiguous()
    )


def _writes(target: Any) -> bool:
    """Judges whether the operator changes one of its arguments."""
    return any(
        argument.alias_info is not None and argument.alias_info.is_write
        for argument in target._schema.arguments
    )


def _draws(target: Any) -> bool:
    """Judges whether the operator draws random numbers."""
    import torch

    return torch.Tag.nondeterministic_seeded in target.tags


def _tensors(value: Any) -> Iterator[Tensor]:
    import torch

    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _tensors(each)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))


def _places(value: Any) -> set[int]:
    """Finds the memory in which all tensors of a value lie."""
    return {each.untyped_storage().data_ptr() for each in _tensors(value)}


def _again(target: Any, args: Any, options: Any, result: Any) -> Callable[[], object]:
    """Makes a call that computes the result anew, where it lies."""
    import torch

    if isinstance(result, torch.Tensor) and not _draws(target):
        for function, out in _ways(target):
            call = functools.partial(function, *args, **options, **{out: result})
            try:
                call()
            except (TypeError, RuntimeError):  # torch's function of that name takes no `out`
                continue
            return call

    def call_and_copy() -> None:
        computed = target(*args, **options)
        for old, new in zip(_tensors(result), _tensors(computed), strict=True):
            old.copy_(new)

    return call_and_copy


@functools.cache
def _ways(target: Any) -> list[tuple[Callable[..., Any], str]]:
    """Finds functions that compute the same into a given tensor, the fastest to call first."""
    import torch

    packet = target.overloadpacket
    wanted = [(argument.name, str(argument.type)) for argument in target._schema.arguments]
    for name in packet.overloads():
        overload = getattr(packet, name)
        arguments = overload._schema.arguments
        taken = [(each.name, str(each.type)) for each in arguments if not each.is_out]
        outs = [each.name for each in arguments if each.is_out]
        if taken == wanted and len(outs) == 1:
            plain = getattr(torch, packet.__name__, None)
            return [*([(plain, "out")] if plain else []), (overload._op, outs[0])]
    return []
