"""somebody's model, names, patterns or types -> the modules that are heard, by name."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastmi.inputs import shown

if TYPE_CHECKING:
    from torch import nn

__all__ = ["found", "listed", "near", "some_of", "unwrapped", "weighted"]

ROOT = "model"  # the name of the model itself
FSDP = ("FullyShardedDataParallel", "FSDPModule")
PATTERN = "*?["
FUNCTIONS = (
    "; a function that a forward calls (F.relu) is no module and is not heard: leave layers out, "
    "or name the modules before it"
)
ACTIVATIONS = {
    "activation",
    "activations",
}  # modules that hold them, as torch.nn.modules.activation


def unwrapped(model: Any) -> nn.Module:
    """Takes a model out of torch.compile and DistributedDataParallel, and refuses what hides it.

    Raises:
        TypeError: no module, a ScriptModule, DataParallel, FSDP.
        ValueError: parameters without a shape (LazyLinear).
    """
    import torch

    if not isinstance(model, torch.nn.Module):
        given = f"the class {model.__name__}" if isinstance(model, type) else shown(model)
        raise TypeError(f"model is {given}: pass a torch.nn.Module")
    for module in model.modules():
        _check_open(module)
    inner = _peeled(model)
    for name, leaf in (*inner.named_parameters(), *inner.named_buffers()):
        if torch.nn.parameter.is_lazy(leaf):
            raise ValueError(
                f"model has no shape yet ({name} is lazy): call it once, as model(x[:2]), and watch"
                " it then"
            )
    return inner


def found(model: nn.Module, layers: Any) -> dict[str, nn.Module]:
    """Finds the modules that `layers` names, in the order of the model.

    Args:
        layers: a name, a pattern ("encoder.*.relu"), a module type, a list of these, or None: every
            activation of torch.nn or transformers, and where there are none every module without
            children that has parameters. A module with several names is heard under the first.

    Raises:
        TypeError: neither a name nor a type. ValueError: none, or what the model does not have; two
            modules that would have one name.
    """
    known = _known(model)
    first: dict[int, str] = {}
    for name, module in known.items():
        first.setdefault(id(module), name)
    chosen: set[str] = set()
    for wanted in [None] if layers is None else listed(layers):
        heard = {name for name in known if _meant(wanted, name, known)}
        if not heard and wanted is None:
            heard = set(weighted(model))
        if not heard:
            raise _not_found(wanted, known)
        chosen |= {first[id(known[name])] for name in heard}
    return {name: known[name] for name in first.values() if name in chosen}


def weighted(model: nn.Module) -> dict[str, nn.Module]:
    """Finds every module without children that has parameters, or the model where there is none."""
    chosen = {name: module for name, module in _known(model).items() if _has_weights(module)}
    return chosen or {ROOT: model}


def _peeled(module: nn.Module) -> nn.Module:
    """Takes off what torch.compile and DistributedDataParallel wrap around a module."""
    import torch

    while True:
        if "_orig_mod" in module._modules:
            module = module._modules["_orig_mod"]  # type: ignore[assignment]
        elif isinstance(module, torch.nn.parallel.DistributedDataParallel):
            module = module.module
        else:
            return module


def _check_open(module: nn.Module) -> None:
    """Refuses modules whose layers no hook of ours would hear."""
    import torch

    kinds = {kind.__name__ for kind in type(module).__mro__}
    if kinds.intersection(FSDP):
        raise TypeError(
            f"model is sharded ({type(module).__name__}): its forward has to run on every rank, and"
            " no rank has the weights; watch a copy of it that is not (a full state dict, loaded "
            "into the plain module)"
        )
    if isinstance(module, torch.nn.DataParallel):
        raise TypeError(
            "model is a DataParallel, which calls copies of its module: pass the module itself "
            "(model.module), or train by DistributedDataParallel"
        )
    if isinstance(module, torch.jit.ScriptModule):
        raise TypeError(
            f"model is a {type(module).__name__}, whose layers are compiled away: pass the module "
            "that it was scripted from"
        )


def _known(model: nn.Module) -> dict[str, nn.Module]:
    """Names all modules, wrappers taken off wherever they are."""
    known: dict[str, nn.Module] = {}
    for name, module in _named(model, ""):
        if known.setdefault(name, module) is not module:
            raise ValueError(
                f"model has two modules that would be called {name!r}: rename one of them"
            )
    return known


def _named(wrapped: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    from torch.nn.utils import parametrize

    module = _peeled(wrapped)
    yield name or ROOT, module
    computed = "parametrizations" if parametrize.is_parametrized(module) else None
    for own, child in module._modules.items():
        if child is not None and own != computed:  # those compute weights, and are no layers
            yield from _named(child, f"{name}.{own}" if name else own)


def listed(layers: Any) -> list[Any]:
    from torch import nn

    listed = list(layers) if isinstance(layers, list | tuple | set | frozenset) else [layers]
    if not listed:
        raise ValueError(
            "layers is empty, and there would be nothing to see: name modules, patterns or types, "
            "or leave it out"
        )
    for wanted in listed:
        if not isinstance(wanted, str) and not (
            isinstance(wanted, type) and issubclass(wanted, nn.Module)
        ):
            raise TypeError(
                f"layers holds {shown(wanted)}: pass names of modules, patterns or module types "
                "(torch.nn.ReLU, not torch.nn.ReLU())"
            )
    return listed


def _meant(wanted: Any, name: str, known: Mapping[str, nn.Module]) -> bool:
    if wanted is None:
        return _is_activation(known[name])
    if not isinstance(wanted, str):
        return isinstance(known[name], wanted)
    if wanted in known or not any(letter in wanted for letter in PATTERN):
        return name == wanted
    return fnmatch.fnmatchcase(name, wanted)


def _is_activation(module: nn.Module) -> bool:
    """Tells whether it is a nonlinearity, of torch or of a library that calls them so, too.

    Attention stands among torch's, and is none.
    """
    from torch import nn

    rooms = {kind.__module__.rpartition(".")[2] for kind in type(module).__mro__}
    return bool(rooms & ACTIVATIONS) and not isinstance(module, nn.MultiheadAttention)


def _has_weights(module: nn.Module) -> bool:
    """Tells whether it is a module without children that has parameters."""
    from torch.nn.utils import parametrize

    alone = not module._modules or parametrize.is_parametrized(module)
    return alone and next(module.parameters(), None) is not None


def _not_found(wanted: Any, known: Mapping[str, nn.Module]) -> ValueError:
    """Names what is near to what the model does not have."""
    aside = ""
    if isinstance(wanted, str):
        names, label, found = list(known), repr(wanted), near(wanted, known)
    else:
        kinds, label = [type(module).__name__ for module in known.values()], wanted.__name__
        names = list(dict.fromkeys(kinds))
        found = near(label, names)
        if not found and wanted.__module__ == "torch.nn.modules.activation":
            aside = FUNCTIONS
    listed = f"near it are {', '.join(found)}" if found else f"it has {', '.join(some_of(names))}"
    return ValueError(f"layers holds {label:.80}, which the model does not have; {listed}{aside}")


def near(wanted: str, names: Iterable[str]) -> list[str]:
    """Lists at most five names that `wanted` may have meant: alike, or that end in it."""
    names = list(names)
    alike = difflib.get_close_matches(wanted, names, n=5, cutoff=0.6)
    ends = [name for name in names if name.rpartition(".")[2] == wanted and name not in alike]
    return (alike + ends)[:5]


def some_of(names: Sequence[str]) -> list[str]:
    """Lists at most twenty names, and how many more there are."""
    more = len(names) - 20
    return [*names[:20], *([f"{more} more"] if more > 0 else [])]
