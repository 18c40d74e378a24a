"""What an ensemble remembers, as plain arrays: tensors, numbers and the states of random generators, there and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastmi.containers import is_tensor, shown

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["Randomness", "flat", "like", "same_state", "stored"]


def flat(sections: dict[str, dict[Any, Any]]) -> dict[str, npt.NDArray[Any]]:
    """{section: {name: value}} -> {"section/name": array}, copies."""
    return {f"{section}/{name}": _array(value) for section, held in sections.items() for name, value in held.items()}


def _array(value: Any) -> npt.NDArray[Any]:
    """A plain array, a copy; of bfloat16 the bytes."""
    if not is_tensor(value):
        return np.asarray(value)
    import torch

    value = value.detach().cpu()
    raw = value.dtype == torch.bfloat16
    array = np.array((value.view(torch.int16) if raw else value).numpy())
    return array.view("V2") if raw else array


def like(example: Any, array: npt.NDArray[Any]) -> Any:
    """The array as what it was, if that was like the example: a tensor of its type and device, a number, a tuple, a string."""
    if not is_tensor(example):
        value = array.tolist()
        return tuple(value) if isinstance(value, list) else value
    import torch

    raw = array.dtype.kind == "V"
    tensor = torch.from_numpy(np.array(array.view(np.int16) if raw else array))
    return (tensor.view(torch.bfloat16) if raw else tensor).to(example.device, example.dtype)


class Randomness:
    """torch's global generators, exchanged for the ensemble's own while it computes (vmap draws dropout from them)."""

    def __init__(self, seed: int, device: torch.device) -> None:
        import torch

        self._cuda = device if device.type == "cuda" else None
        places = [torch.device("cpu")] if self._cuda is None else [torch.device("cpu"), device]
        self.states = [torch.Generator(place).manual_seed(seed).get_state() for place in places]  # manual_seed: every device

    def _exchange(self, states: list[Tensor]) -> list[Tensor]:
        import torch

        found = [torch.get_rng_state()]
        torch.set_rng_state(states[0])
        if self._cuda is not None:
            found.append(torch.cuda.get_rng_state(self._cuda))
            torch.cuda.set_rng_state(states[1], self._cuda)
        return found

    def __enter__(self) -> None:
        self._found = self._exchange(self.states)

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        states = self._exchange(self._found)
        if error is None:  # what fails has drawn nothing
            self.states = states


def stored(name: str, given: Any) -> dict[str, npt.NDArray[Any]]:
    if not isinstance(given, Mapping):
        raise TypeError(f"{name} is a {type(given).__qualname__}: pass what `state` returned, or np.load of where it was saved")
    for key, value in given.items():
        if not isinstance(value, np.ndarray | np.generic | int | float | str):
            raise TypeError(f"{name} holds a {type(value).__qualname__} at {shown(key)}: its values are NumPy arrays")
    return {str(key): np.asarray(value) for key, value in given.items()}


def same_state(given: dict[str, npt.NDArray[Any]], own: dict[str, npt.NDArray[Any]]) -> None:
    """A state that holds what this ensemble's own holds: the same names, shapes and types (a single number may be any)."""
    faults = [f"it has no {name!r}" for name in own if name not in given]
    faults += [f"it has {name!r}, and this ensemble has not" for name in given if name not in own]
    faults += [
        f"its {name!r} is {given[name].dtype} {given[name].shape}, here {array.dtype} {array.shape}"
        for name, array in own.items()
        if name in given and not _of_one_type(given[name], array)
    ]
    if faults:
        raise ValueError(
            f"state is not that of an ensemble like this one: {faults[0]}; restore it into one that is built as "
            "that one was (network, n_copies, optimizer, device)"
        )


def _of_one_type(given: npt.NDArray[Any], own: npt.NDArray[Any]) -> bool:
    """Of one shape and type; single numbers may be of any type of numbers."""
    kinds = {array.dtype.kind.translate(str.maketrans("iu", "ff")) for array in (given, own)}
    return given.shape == own.shape and len(kinds) == 1 and (not own.ndim or given.dtype == own.dtype)
