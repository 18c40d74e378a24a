"""modules that are called -> their outputs, handed on as they come; hooks that are gone after."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from fastmi.inputs import is_tensor
from fastmi.recorders.untouched import at_last

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["Hearing", "hearing"]

Report = Callable[[str, "Tensor"], None]


class Hearing:
    """Hands on what is heard under the name of its module; called again it is "name#2".

    Attributes:
        names: of what was heard since the last `begin`, in the order of the calls.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self.begin()

    def begin(self) -> None:
        """Begins anew: the next batch."""
        self.names: list[str] = []
        self._calls: dict[str, int] = {}

    def hear(self, name: str, module: nn.Module, inputs: Any, output: Any) -> None:
        """Is the hook: what it hands on is read at once, before anybody can overwrite it."""
        self._calls[name] = calls = self._calls.get(name, 0) + 1
        label = name if calls == 1 else f"{name}#{calls}"
        tensor = first_tensor(output)
        if tensor is None:
            raise TypeError(
                f"the layer {name!r} returns a {type(output).__name__} without a tensor: watch "
                "others (layers=), as a module inside it"
            )
        self.names.append(label)
        self._report(label, tensor.detach())


@contextmanager
def hearing(modules: Mapping[str, nn.Module], report: Report) -> Iterator[Hearing]:
    """Hooks modules for the time of a block; whatever ends it, no hook stays."""
    heard = Hearing(report)
    handles = []

    def remove() -> None:
        for handle in handles:
            handle.remove()

    try:
        for name, module in modules.items():
            handles.append(module.register_forward_hook(functools.partial(heard.hear, name)))
        yield heard
    finally:
        at_last(remove)


def first_tensor(output: Any) -> Tensor | None:
    """Takes the tensor of an output, or the first of a tuple, a mapping or a dataclass."""
    if is_tensor(output):
        return output
    if isinstance(output, Mapping):
        inner: Any = output.values()
    elif is_dataclass(output) and not isinstance(output, type):
        inner = (getattr(output, one.name) for one in fields(output))
    else:
        inner = output if isinstance(output, list | tuple) else ()
    return next((found for each in inner if (found := first_tensor(each)) is not None), None)
