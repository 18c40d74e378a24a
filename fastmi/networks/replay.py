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

import functools
import operator
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["Gradients", "Recording", "Replay", "unsafe"]

PLAIN_STEPS = 20  # of one shape before it is recorded: recording takes as long as a few hundred
MOST_SHAPES = 4  # recordings that are kept at a time
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
        """Makes the calls; the outputs, in the memory where they always lie."""
        for call in self._calls:
            call()
        return self.outputs

    def _record(self, target: Any, args: Any, options: Any, result: Any) -> None:
        if _writes(target):
            self._calls.append(functools.partial(target, *args, **options))
        elif target is not operator.getitem and not _looks_at(result, args):
            self.n_bytes += sum(each.nbytes for each in _tensors(result))
            self._calls.append(_again(target, args, options, result))

    def _apart(self, outputs: Sequence[Tensor]) -> list[Tensor]:
        """Each output whole and in memory of its own: an optimiser may write into it.

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
    """Losses and gradients of steps: plain, until a recording of their shape has proved itself.

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
        self._steps: OrderedDict[Any, int | _Step] = OrderedDict()

    @property
    def n_recordings(self) -> int:
        """How many shapes are replayed."""
        return sum(isinstance(known, _Step) for known in self._steps.values())

    def gradients(
        self,
        plain: Callable[[], Gradients],
        rehearsed: Callable[[], tuple[Callable[..., Gradients], Any]],
        leaves: Leaves,
        arrays: Sequence[Tensor],
        randomness: Any,
    ) -> Gradients:
        """Losses, buffers and gradients on one batch of each copy.

        Args:
            plain: the step as it is. rehearsed: -> the same as a function of leaves and arrays, and
                its randomness: a network and a randomness of its own, which tracing may change.
            leaves: parameters and buffers. arrays: x and y. randomness: dropout is drawn from it.
        """
        whole = all(each.is_contiguous() for each in arrays)
        if self.reason or not whole or _watched_over() or any(map(_hooked, leaves.values())):
            return plain()
        key = _key(leaves, arrays)
        known = self._steps.setdefault(key, 0)
        self._steps.move_to_end(key)
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
        """The plain step, and beside it the first one of a recording: kept where all bits agree."""
        before = list(randomness.states)
        function, scratch = rehearsed()
        truth = plain()
        try:
            step = _Step(function, leaves, arrays, scratch)
            scratch.states = before
            again = step.again(arrays, scratch)
        except Exception as error:
            self.reason = f"it cannot be traced ({' '.join(str(error).split()):.200})"
            return truth
        if step.n_bytes > MOST_BYTES:
            self.reason = (
                f"a recording would hold {step.n_bytes / 2**20:.0f} MiB, and at most "
                f"{MOST_BYTES >> 20} are held"
            )
        elif not _same_step(truth, again):
            self.reason = "a replayed step was not the plain one, bit for bit"
        elif not all(map(_same_bits, scratch.states, randomness.states)):
            self.reason = "a replayed step drew other random numbers than the plain one"
        else:
            self._steps[key] = step
            while len(self._steps) > MOST_SHAPES:
                self._steps.popitem(last=False)
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

        with scratch:
            self._recording = Recording(flat, [*leaves.values(), *self._arrays])
        self.n_bytes = self._recording.n_bytes

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
    """Why a step of it is not to be replayed unasked: what is not torch's own; "" if all is."""
    from torch import nn

    for name, module in network.named_modules():
        where = f"the network's {name!r}" if name else "the network"
        if not type(module).__module__.startswith("torch.nn."):
            return f"{where} is a {type(module).__name__}, not a module of torch.nn"
        if "forward" in vars(module):
            return f"{where} has a forward of its own"
        if any(value for key, value in vars(module).items() if key.endswith("_hooks")):
            return f"{where} has hooks"
    function = loss.func if isinstance(loss, functools.partial) else loss
    known = type(function) if isinstance(function, nn.Module) else function
    if not (getattr(known, "__module__", None) or "").startswith("torch"):
        return f"loss is {getattr(known, '__qualname__', repr(known))}, not one of torch's"
    return ""


def _watched_over() -> bool:
    """Whether somebody watches or changes what torch computes: then every step is to be seen."""
    import torch

    return bool(
        torch.is_anomaly_enabled()
        or torch.is_autocast_enabled("cpu")
        or torch.is_autocast_enabled("cuda")
        or torch._C._len_torch_dispatch_stack()
        or torch._C._len_torch_function_stack()
    )


def _hooked(leaf: Tensor) -> bool:
    return bool(leaf._backward_hooks or leaf._post_accumulate_grad_hooks)


def _key(leaves: Leaves, arrays: Sequence[Tensor]) -> Any:
    """What a recording holds for: where leaves lie, and the shapes and types of the rest."""
    where = tuple((leaf.data_ptr(), leaf.requires_grad) for leaf in leaves.values())
    return where, tuple((each.shape, each.dtype, each.device) for each in arrays)


def _flat(step: Gradients) -> list[Tensor]:
    losses, buffers, gradients = step
    return [losses, *buffers, *(gradient for gradient in gradients if gradient is not None)]


def _same_step(one: Gradients, other: Gradients) -> bool:
    there = [[gradient is not None for gradient in step[2]] for step in (one, other)]
    return there[0] == there[1] and all(map(_same_bits, _flat(one), _flat(other)))


def _same_bits(one: Tensor, other: Tensor) -> bool:
    """NaN equals itself, and 0 is not -0; what is computed next may hang on the layout."""
    import torch

    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.is_contiguous() != other.is_contiguous():
        return False
    one, other = (each.detach().contiguous().reshape(-1).view(torch.uint8) for each in (one, other))
    return torch.equal(one, other)


# --- the calls of a recording ---------------------------------------------------------------------


def _writes(target: Any) -> bool:
    """Whether the operator changes one of its arguments."""
    return target is not operator.getitem and any(
        argument.alias_info is not None and argument.alias_info.is_write
        for argument in target._schema.arguments
    )


def _draws(target: Any) -> bool:
    """Whether the operator draws random numbers."""
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
    """Whether the result lies in the memory of an argument, and so is there for good."""
    known = {each.untyped_storage().data_ptr() for each in _tensors(args)}
    return all(each.untyped_storage().data_ptr() in known for each in _tensors(result))


def _again(target: Any, args: Any, options: Any, result: Any) -> Callable[[], object]:
    """A call that computes the result anew, where it lies."""
    import torch

    if isinstance(result, torch.Tensor) and not _draws(target):
        for function, out in _ways(target):
            call = functools.partial(function, *args, **options, **{out: result})
            try:
                call()
            except TypeError:  # torch's function of that name takes no `out`
                continue
            return call

    def call_and_copy() -> None:
        computed = target(*args, **options)
        for old, new in zip(_tensors(result), _tensors(computed), strict=True):
            old.copy_(new)

    return call_and_copy


@functools.cache
def _ways(target: Any) -> list[tuple[Callable[..., Any], str]]:
    """Functions that compute the same into a tensor that is given, the fastest to call first."""
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
