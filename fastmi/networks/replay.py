"""A training step, traced once -> a list of calls, made again into the same memory.

torch.fx's make_fx writes down the ATen calls that a function makes, its gradient included. They are
made once, and what they return stays where it is: a view or a constant is then there for good, and
every other call becomes one that writes into the tensor that it returned before. What is left is a
list of calls without the graph, the wrappers and the memory that a step is otherwise made of anew.

The one danger is what torch does not see: a forward or a loss that counts its calls, anneals, or
draws from `random` would be frozen as it was. So it is done unasked only where all code is torch's
own, and what is replayed has equalled the plain step bit for bit once.
"""

from __future__ import annotations

import copy
import functools
import operator
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Any

from fastmi.inputs import is_tensor

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["Gradients", "Recording", "Replay", "unsafe"]

PLAIN_STEPS = 20  # of one shape before it is recorded: recording takes as long as a few hundred
MOST_SHAPES = 4  # that are known at a time, recorded or not yet
MOST_BYTES = 2**28  # that one recording may hold

Leaves = dict[str, "Tensor"]
# losses, buffers afterwards, gradients of the parameters (None of those that it does not hang on)
Gradients = tuple["Tensor", list["Tensor"], list["Tensor | None"]]


class Recording:
    """The calls that a function of tensors makes, to be made again into the same memory.

    Args:
        function: tensors -> a list of tensors; traced, and so called with stand-ins for tensors.
        inputs: where the inputs will lie whenever `replay` is called.

    Attributes:
        outputs: what the function returned; `replay` writes them anew.
        n_calls: how many calls are left.
        n_bytes: what the recording holds.

    Raises:
        MemoryError: it would hold more than MOST_BYTES.
        Exception: whatever tracing raises of a function that cannot be traced.
    """

    def __init__(self, function: Callable[..., Sequence[Tensor]], inputs: Sequence[Tensor]) -> None:
        from torch.fx.experimental.proxy_tensor import make_fx
        from torch.fx.node import map_arg

        graph = make_fx(function)(*inputs)
        graph.graph.eliminate_dead_code()
        nodes = list(graph.graph.nodes)
        # what is changed in place is no constant, nor is what was made of it
        folds = not any(_writes(node.target) for node in nodes if node.op == "call_function")
        self._calls: list[Callable[[], object]] = []
        self._inputs = [leaf.detach() for leaf in inputs]
        self.n_bytes = 0
        values: dict[Any, Any] = {}
        constants: set[Any] = set()
        given = iter(self._inputs)
        for node in nodes:
            if node.op == "placeholder":
                values[node] = next(given)
            elif node.op == "get_attr":  # no constant: weights of a loss, say, may change in place
                values[node] = getattr(graph, node.target)
            elif node.op == "output":
                self.outputs = self._apart([values[each] for each in node.args[0]])
            else:
                args, options = map_arg((node.args, node.kwargs), values.__getitem__)
                values[node] = node.target(*args, **options)
                constant = folds and constants.issuperset(node.all_input_nodes)
                if constant and not _draws(node.target):
                    constants.add(node)
                else:
                    self._record(node.target, args, options, values[node])

    @property
    def n_calls(self) -> int:
        return len(self._calls)

    def replay(self) -> list[Tensor]:
        """Makes the calls; returns the outputs, which lie where they always do."""
        for call in self._calls:
            call()
        return self.outputs

    def _record(self, target: Any, args: Any, options: Any, result: Any) -> None:
        if _writes(target):
            self._calls.append(functools.partial(target, *args, **options))
        elif target is not operator.getitem and not _looks_at(result, args):
            self.n_bytes += sum(each.nbytes for each in _tensors(result))
            if self.n_bytes > MOST_BYTES:
                raise MemoryError(f"a recording would hold more than {MOST_BYTES >> 20} MiB")
            self._calls.append(_again(target, args, options, result))

    def _apart(self, outputs: Sequence[Tensor]) -> list[Tensor]:
        """Gives each output memory of its own, whole: an optimiser may write into it.

        And in order, as backward leaves gradients: in half precision the bits of a step hang on it.
        """
        import torch

        apart, taken = [], {each.untyped_storage().data_ptr() for each in self._inputs}
        for output in outputs:
            where = output.untyped_storage().data_ptr()
            if where in taken or not output.is_contiguous():
                separate = output.clone(memory_format=torch.contiguous_format)
                self._calls.append(functools.partial(separate.copy_, output))
                output = separate
            taken.add(where)
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
        with randomness:
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


def _writes(target: Any) -> bool:
    """Judges whether the operator changes one of its arguments."""
    return target is not operator.getitem and any(
        argument.alias_info is not None and argument.alias_info.is_write
        for argument in target._schema.arguments
    )


def _draws(target: Any) -> bool:
    """Judges whether the operator draws random numbers."""
    import torch

    return target is not operator.getitem and torch.Tag.nondeterministic_seeded in target.tags


def _tensors(value: Any) -> Iterator[Tensor]:
    import torch

    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _tensors(each)


def _looks_at(result: Any, args: Any) -> bool:
    """Judges whether the result lies in an argument's memory, and so is there for good."""
    known = {each.untyped_storage().data_ptr() for each in _tensors(args)}
    return all(each.untyped_storage().data_ptr() in known for each in _tensors(result))


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
