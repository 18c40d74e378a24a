"""a function of tensors -> the calls that it makes, to be made again into the same memory.

A TorchDispatchMode hears the ATen calls, those of the gradient included. What they return stays
where it is: a view or a constant is then there for good, and every other call becomes one that
writes into the tensor that it returned before. What is left is a list of calls without the graph,
the wrappers and the memory that a step is otherwise made of anew.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["MOST_BYTES", "Recording"]

MOST_BYTES = 2**28  # that one recording may hold


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
        devices: those that the calls compute on.

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
        self.devices: set[torch.device] = set()
        constants: set[int] = set()
        computed: set[int] = set()  # where replaying writes
        for call in traced:
            given, writes = (call.args, call.options), _writes(call.target)
            if not writes and not call.n_bytes:
                continue  # a view is there for good
            if folds and not _draws(call.target) and _places(given) <= constants:
                constants |= _places(call.result)
                continue
            if writes:
                self._calls.append(functools.partial(call.target, *call.args, **call.options))
            else:
                computed |= _places(call.result)
                self._calls.append(_again(call.target, call.args, call.options, call.result))
            self.devices |= {each.device for each in _tensors((given, call.result))}
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


# --- its calls ------------------------------------------------------------------------------------


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
