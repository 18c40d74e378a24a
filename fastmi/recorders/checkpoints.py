"""state dicts that were saved -> the model with their weights, one after the other, and as it was.

Nothing is unpickled.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastmi.files import as_path, reason
from fastmi.inputs import is_tensor, shown
from fastmi.recorders.untouched import at_last

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["in_order", "lent", "read_state"]

INSIDE = ("state_dict", "model_state_dict", "model")  # where training loops keep it
PREFIXES = ("module.", "_orig_mod.", "model.")  # that wrappers put before every name


def in_order(paths: Any) -> dict[int, Path]:
    """Sorts checkpoints by their steps: the last number of the name, or what a mapping says.

    Raises:
        TypeError, ValueError: no list and no mapping, none, a name without a number, two of a step.
    """
    if isinstance(paths, str | os.PathLike) or not hasattr(paths, "__iter__"):
        raise TypeError(
            f"paths is {shown(paths)}: pass a list of files (sorted(folder.glob('*.pt'))), or a "
            "mapping step -> file"
        )
    if isinstance(paths, Mapping):
        steps = [(_whole(step), as_path("paths", path)) for step, path in paths.items()]
    else:
        steps = [(_step_of(path), path) for path in (as_path("paths", each) for each in paths)]
    if not steps:
        raise ValueError("paths is empty: pass the files of at least one checkpoint")
    found: dict[int, Path] = {}
    for step, path in sorted(steps):
        if step in found:
            raise ValueError(
                f"paths has two files of step {step}, {found[step].name} and {path.name}: pass a "
                "mapping step -> file"
            )
        found[step] = path
    return found


@contextmanager
def lent(model: nn.Module) -> Iterator[Callable[[Path], None]]:
    """Lends a function that loads a file into the model, whose own weights come back at the end."""

    own = [*model.parameters(), *model.buffers()]
    values = [leaf.detach().clone() for leaf in own]

    def restore() -> None:
        for leaf, value in zip(own, values, strict=True):
            leaf.detach().copy_(value)

    try:
        yield lambda path: _load(model, path)
    finally:
        at_last(restore)


def read_state(path: Path) -> dict[str, Tensor]:
    """Reads a state dict, also from inside what a training loop saved, onto the CPU.

    Raises:
        FileNotFoundError: no such file. ImportError: safetensors is not installed. ValueError: it
            holds none.
    """
    import torch

    if not path.is_file():
        raise FileNotFoundError(f"{path} is no file: pass the files of checkpoints")
    if path.suffix == ".safetensors":
        try:
            from safetensors.torch import load_file  # type: ignore[import-not-found]
        except ImportError:
            raise ImportError(f"{path} needs safetensors: pip install safetensors") from None
        return load_file(path)
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(
            f"{path} is no state dict that can be read without running its code "
            f"({reason(error)}): save model.state_dict()"
        ) from error
    for key in INSIDE:
        if isinstance(held, Mapping) and isinstance(held.get(key), Mapping):
            held = held[key]
    if not isinstance(held, Mapping) or not any(map(is_tensor, held.values())):
        raise ValueError(f"{path} holds {shown(held)}: save model.state_dict()")
    return dict(held)


def _load(model: nn.Module, path: Path) -> None:
    state, own = read_state(path), model.state_dict()
    while state.keys() != own.keys():
        prefix = next((one for one in PREFIXES if all(key.startswith(one) for key in state)), None)
        if prefix is None:
            break
        state = {key.removeprefix(prefix): value for key, value in state.items()}
    faults = [f"it has no {key!r}" for key in own if key not in state]
    faults += [f"it has {key!r}, and the model has not" for key in state if key not in own]
    faults += [
        f"its {key!r} is {tuple(state[key].shape)}, the model's {tuple(value.shape)}"
        for key, value in own.items()
        if key in state and is_tensor(value) and state[key].shape != value.shape
    ]
    if faults:
        raise ValueError(f"{path} is a checkpoint of another model: {faults[0]}")
    model.load_state_dict(state)


def _step_of(path: Path) -> int:
    found = re.findall(r"\d+", path.stem)
    if not found:
        raise ValueError(
            f"paths holds {path.name}, whose name has no number: pass a mapping step -> file"
        )
    return int(found[-1])


def _whole(step: Any) -> int:
    if isinstance(step, bool) or not isinstance(step, int) or step < 0:
        raise ValueError(f"paths has the step {shown(step)}: steps are whole numbers from 0 on")
    return step
