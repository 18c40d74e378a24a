"""network, what to watch -> the outputs of those modules, heard by hooks while somebody listens."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fastmi.inputs import is_tensor, shown

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["Watched", "evaluating", "listen_to"]


def listen_to(network: nn.Module, watch: Any) -> Watched:
    """Hooks the modules that `watch` names or types; None is every module without children.

    A module with several names is heard under the first. Parametrizations compute weights, not
    layers: they are no children.
    """
    known = {
        name or "network": module for name, module in network.named_modules(remove_duplicate=False)
    }
    first: dict[int, str] = {}
    for name, module in known.items():
        first.setdefault(id(module), name)
    chosen: set[str] = set()
    for wanted in _leaves(network, first) if watch is None else _listed(watch):
        _watchable(wanted)
        heard = {
            first[id(module)]
            for name, module in known.items()
            if (name == wanted if isinstance(wanted, str) else isinstance(module, wanted))
        }
        chosen |= _some_watched(wanted, heard, known)
    return Watched({name: known[name] for name in first.values() if name in chosen})


@contextmanager
def evaluating(network: object) -> Iterator[None]:
    """Puts a network into evaluation mode, and gives every module the mode back that it had.

    What is no module has none.
    """
    from torch import nn

    modules = list(network.modules()) if isinstance(network, nn.Module) else []
    modes = [module.training for module in modules]
    if isinstance(network, nn.Module):
        network.eval()
    try:
        yield
    finally:
        for module, training in zip(modules, modes, strict=True):
            module.training = training


def _listed(watch: Any) -> list[Any]:
    """Makes a list of what is to be watched, which may be a single name or type."""
    listed = list(watch) if isinstance(watch, list | tuple | set | frozenset) else [watch]
    _something(listed)
    return listed


def _leaves(network: nn.Module, first: dict[int, str]) -> list[str]:
    """Names the modules without children."""
    from torch.nn.utils import parametrize

    parametrized: Any = filter(parametrize.is_parametrized, network.modules())
    weights = {id(inner) for module in parametrized for inner in module.parametrizations.modules()}
    return [
        first[id(module)]
        for module in network.modules()
        if id(module) not in weights and all(id(child) in weights for child in module.children())
    ]


class Watched:
    """Forward hooks that report to whoever listens.

    Attributes:
        modules: the names of those that are heard. names: the layers in the order of their calls,
            known after the first listening; a module called again is "name#2".
    """

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        self.modules = list(modules)
        self._names: tuple[str, ...] | None = None
        self._heard: list[tuple[str, Tensor]] | None = None
        self._handles = [
            module.register_forward_hook(functools.partial(self._hear, name))
            for name, module in modules.items()
        ]

    @property
    def names(self) -> tuple[str, ...]:
        """Lists the layers in the order of their calls; empty before the first listening."""
        return self._names or ()

    def close(self) -> None:
        """Takes the hooks off the network, which is as it was before.

        Nothing is heard from then on.
        """
        for handle in self._handles:
            handle.remove()

    def forget(self) -> None:
        """Forgets the layers: whoever is heard next may call others.

        From then on they must stay the same.
        """
        self._names = None

    def _hear(self, name: str, module: nn.Module, inputs: Any, output: Any) -> None:
        """Keeps a copy of an output, if somebody listens."""
        if self._heard is not None:
            _tensor_of(name, output, self.modules)
            # a later in-place operation must not reach it
            self._heard.append((name, output.clone()))

    @contextmanager
    def listening(self) -> Iterator[list[Tensor]]:
        """Gives a list that holds what was heard once the block is left."""
        self._heard, outputs = [], []
        try:
            yield outputs
        finally:
            heard, self._heard = self._heard, None
        called = [name for name, _ in heard]
        counts = [called[: i + 1].count(name) for i, name in enumerate(called)]
        names = tuple(
            name if n == 1 else f"{name}#{n}" for name, n in zip(called, counts, strict=True)
        )
        self._names = _same_calls(names, self._names)
        outputs.extend(output for _, output in heard)


def _watchable(wanted: Any) -> None:
    """Refuses what is neither a name nor a type of module."""
    import torch

    if not isinstance(wanted, str) and not (
        isinstance(wanted, type) and issubclass(wanted, torch.nn.Module)
    ):
        raise TypeError(
            f"watch holds {shown(wanted)}: pass names of modules or module types (torch.nn.Tanh, "
            "not torch.nn.Tanh())"
        )


def _some_watched(wanted: Any, heard: set[str], known: Iterable[str]) -> set[str]:
    """Refuses a name or a type that the network does not have."""
    if not heard:
        label = (
            repr(wanted) if isinstance(wanted, str) else getattr(wanted, "__name__", repr(wanted))
        )
        names = list(known)
        named = ", ".join(names[:20]) + (
            f" and {len(names) - 20} more (network.named_modules())" if len(names) > 20 else ""
        )
        raise ValueError(
            f"watch holds {label:.60}, which the network does not have; its modules are {named}"
        )
    return heard


def _same_calls(names: tuple[str, ...], before: tuple[str, ...] | None) -> tuple[str, ...]:
    """Refuses copies that call other watched layers, on one chunk of samples or another."""
    if before is not None and names != before:
        raise ValueError(
            f"one copy calls the watched layers {', '.join(names) or 'none'}, another, or on other "
            f"samples, {', '.join(before) or 'none'}: watch modules that every copy calls equally "
            "often"
        )
    return names


def _something(wanted: Sequence[Any]) -> None:
    """Refuses to watch nothing."""
    if not wanted:
        raise ValueError(
            "watch is empty, and there would be no layer to see: name modules or types, or leave it"
            " out (None) for every module without children"
        )


def _tensor_of(name: str, output: Any, watched: Iterable[str]) -> None:
    """Refuses an output that is no tensor."""
    if not is_tensor(output):
        others = [other for other in watched if other != name][:5]
        way = f"watch others (watch={others}), or " if others else ""
        kind = type(output).__name__
        raise TypeError(
            f"the watched module {name!r} returns a {kind}, not a tensor: {way}wrap it in a module "
            "that returns one"
        )
