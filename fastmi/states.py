"""What an ensemble remembers, as plain arrays: tensors, numbers and the states of random generators, there and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastmi import checks

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["Randomness", "flat", "like"]


def flat(sections: dict[str, dict[Any, Any]]) -> dict[str, npt.NDArray[Any]]:
    """{section: {name: value}} -> {"section/name": array}, copies."""
    return {f"{section}/{name}": _array(value) for section, held in sections.items() for name, value in held.items()}


def _array(value: Any) -> npt.NDArray[Any]:
    """A plain array, a copy; of bfloat16 the bytes."""
    if not checks.is_tensor(value):
        return np.asarray(value)
    import torch

    value = value.detach().cpu()
    raw = value.dtype == torch.bfloat16
    array = np.array((value.view(torch.int16) if raw else value).numpy())
    return array.view("V2") if raw else array


def like(example: Any, array: npt.NDArray[Any]) -> Any:
    """The array as what it was, if that was like the example: a tensor of its type and device, a number, a tuple, a string."""
    if not checks.is_tensor(example):
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
