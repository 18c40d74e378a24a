"""what the next step of an ensemble depends on <-> plain arrays, of which what is read is judged.

It is tensors, numbers and the states of random generators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastmi.inputs import is_tensor, shown
from fastmi.networks.guards import first_line

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["Randomness", "Sections", "State", "leaves", "plain_device"]

# "optimizer/0" -> "exp_avg" -> what it holds: a tensor, a number, a tuple, a string
Sections = dict[str, dict[Any, Any]]

# of what element-wise optimisers remember: counts, steps, sums and means of squares, maxima
NOT_NEGATIVE = (
    *("step", "sum", "square_avg", "exp_avg_sq", "max_exp_avg_sq", "acc_delta", "exp_inf"),
    *("step_size", "eta", "mu", "mu_product"),
)


@dataclass(frozen=True)
class State:
    """All that the next step of an ensemble depends on.

    Attributes:
        parameters, buffers: the stacked leaves by name. batches: the generators that draw them, one
            a copy.
        dropout: the states of torch's generators while the ensemble computes. optimizer: over the
            parameters.
        reason: why the copies are looped over; "" while they are not.
    """

    parameters: dict[str, Tensor]
    buffers: dict[str, Tensor]
    batches: list[torch.Generator]
    dropout: list[Tensor]
    optimizer: torch.optim.Optimizer
    reason: str

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Gives {"section/name": array}, copies."""
        return _flat(self._sections(self.optimizer))

    def read(
        self,
        name: str,
        given: Any,
        recipe: Callable[[dict[str, Tensor]], torch.optim.Optimizer],
        device: torch.device,
    ) -> Sections:
        """Reads arrays that somebody kept, once it is known that an ensemble like this had them.

        Args:
            name: what messages call them. given: what `arrays` returned. recipe: parameters -> an
                optimiser like this one's.
            device: of the ensemble.

        Raises:
            TypeError, ValueError: see `Ensemble.restore`.
        """
        arrays = _stored(name, given)
        here = self._sections(self._rehearsed(recipe, arrays))
        _same_state(arrays, _flat(here))
        read = {
            key: {name: _like(value, arrays[f"{key}/{name}"]) for name, value in held.items()}
            for key, held in here.items()
        }
        self._vouch(read, here, device)
        return read

    def remember(self, read: Sections) -> None:
        """Gives parameters and optimiser the values that were read."""
        import torch

        with torch.no_grad():
            for name, leaf in self.parameters.items():
                leaf.copy_(read["parameters"][name])
        for i, group in enumerate(self.optimizer.param_groups):
            group.update(read[f"optimizer/{type(self.optimizer).__name__}/{i}"])
        self.optimizer.state.clear()
        for i, leaf in enumerate(leaves(self.optimizer)):
            if read[f"optimizer/{i}"]:
                self.optimizer.state[leaf] = read[f"optimizer/{i}"]

    def _sections(self, optimizer: torch.optim.Optimizer) -> Sections:
        """Sorts all that is held into sections; the optimiser is the given one."""
        kind = type(optimizer).__name__
        sections: Sections = {
            "parameters": dict(self.parameters),
            "buffers": dict(self.buffers),
            "batches": {i: generator.get_state() for i, generator in enumerate(self.batches)},
            "dropout": dict(enumerate(self.dropout)),
            "loop": {"reason": self.reason},
        }
        # a scheduler may have changed its options
        for i, group in enumerate(optimizer.param_groups):
            sections[f"optimizer/{kind}/{i}"] = {
                key: group[key] for key in optimizer.defaults if group[key] is not None
            }
        for i, leaf in enumerate(leaves(optimizer)):
            sections[f"optimizer/{i}"] = dict(optimizer.state.get(leaf, {}))
        return sections

    def _rehearsed(
        self,
        recipe: Callable[[dict[str, Tensor]], torch.optim.Optimizer],
        arrays: Mapping[str, Any],
    ) -> torch.optim.Optimizer:
        """Makes an optimiser that remembers steps of those parameters whose steps the arrays hold.

        It shows their names, types and devices.
        """
        import torch

        zeros = {
            name: torch.zeros_like(leaf).requires_grad_(leaf.requires_grad)
            for name, leaf in self.parameters.items()
        }
        optimizer = recipe(zeros)
        for i, leaf in enumerate(leaves(optimizer)):
            if any(name.startswith(f"optimizer/{i}/") for name in arrays):
                leaf.grad = torch.zeros_like(leaf)
        with plain_device():
            optimizer.step()
        return optimizer

    def _vouch(self, read: Sections, here: Sections, device: torch.device) -> None:
        """Vouches that an ensemble can have had every value, before any of it is taken."""
        _counters(read["buffers"])
        for key, held in read.items():
            if key.startswith(f"optimizer/{type(self.optimizer).__name__}/"):
                _options(key, type(self.optimizer), held, here[key])
            elif key.startswith("optimizer/"):
                _remembered(key, held)
            for name, value in held.items() if key in ("batches", "dropout") else ():
                _generator(
                    f"{key}/{name}", value, device if (key, name) == ("dropout", 1) else "cpu"
                )


def leaves(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """Lists what it optimises, in its order."""
    return [leaf for group in optimizer.param_groups for leaf in group["params"]]


def plain_device() -> AbstractContextManager[Any]:
    """Keeps the counts of optimisers on the CPU, whatever device torch makes tensors on.

    They stand where torch makes tensors unless told otherwise.
    """
    import torch

    return nullcontext() if torch.get_default_device().type == "cpu" else torch.device("cpu")


def _flat(sections: Sections) -> dict[str, npt.NDArray[Any]]:
    """Flattens {section: {name: value}} into {"section/name": array}, copies."""
    return {
        f"{section}/{name}": _array(value)
        for section, held in sections.items()
        for name, value in held.items()
    }


def _array(value: Any) -> npt.NDArray[Any]:
    """Copies a value into a plain array; of bfloat16 the bytes."""
    if not is_tensor(value):
        return np.asarray(value)
    import torch

    value = value.detach().cpu()
    raw = value.dtype == torch.bfloat16
    array = np.array((value.view(torch.int16) if raw else value).numpy())
    return array.view("V2") if raw else array


def _like(example: Any, array: npt.NDArray[Any]) -> Any:
    """Makes an array what it was, if that was like the example.

    That is a tensor of its type and device, a number, a tuple or a string.
    """
    if not is_tensor(example):
        value = array.tolist()
        return tuple(value) if isinstance(value, list) else value
    import torch

    raw = array.dtype.kind == "V"
    tensor = torch.from_numpy(np.array(array.view(np.int16) if raw else array))
    return (tensor.view(torch.bfloat16) if raw else tensor).to(example.device, example.dtype)


class Randomness:
    """torch's global generators, exchanged for the ensemble's own while it computes.

    vmap draws dropout from them.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        import torch

        self._cuda = device if device.type == "cuda" else None
        places = [torch.device("cpu")] if self._cuda is None else [torch.device("cpu"), device]
        # manual_seed: every device
        self.states = [torch.Generator(place).manual_seed(seed).get_state() for place in places]

    def _exchange(self, states: list[Tensor]) -> list[Tensor]:
        """Sets torch's global generators, and gives what they were before."""
        import torch

        before = [torch.get_rng_state()]
        torch.set_rng_state(states[0])
        if self._cuda is not None:
            before.append(torch.cuda.get_rng_state(self._cuda))
            torch.cuda.set_rng_state(states[1], self._cuda)
        return before

    def __enter__(self) -> None:
        self._callers = self._exchange(self.states)

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        states = self._exchange(self._callers)
        if error is None:  # what fails has drawn nothing
            self.states = states


# --- what no ensemble had -------------------------------------------------------------------------


def _stored(name: str, given: Any) -> dict[str, npt.NDArray[Any]]:
    """Checks that it is a mapping of plain arrays."""
    if not isinstance(given, Mapping):
        raise TypeError(
            f"{name} is a {type(given).__qualname__}: pass what `state` returned, or np.load of "
            "where it was saved"
        )
    for key, value in given.items():
        if not isinstance(value, np.ndarray | np.generic | int | float | str):
            raise TypeError(
                f"{name} holds a {type(value).__qualname__} at {shown(key)}: its values are NumPy "
                "arrays"
            )
    return {str(key): np.asarray(value) for key, value in given.items()}


def _same_state(given: dict[str, npt.NDArray[Any]], here: dict[str, npt.NDArray[Any]]) -> None:
    """Refuses a state that does not hold what this ensemble's own holds.

    That is the same names, shapes and types; a single number may be of any.
    """
    faults = [f"it has no {name!r}" for name in here if name not in given]
    faults += [f"it has {name!r}, and this ensemble has not" for name in given if name not in here]
    faults += [
        f"its {name!r} is {given[name].dtype} {given[name].shape}, here {array.dtype} {array.shape}"
        for name, array in here.items()
        if name in given and not _of_one_type(given[name], array)
    ]
    if faults:
        raise ValueError(
            f"state is not that of an ensemble like this one: {faults[0]}; restore it into one that"
            " is built as that one was (network, n_copies, optimizer, device)"
        )


def _of_one_type(given: npt.NDArray[Any], here: npt.NDArray[Any]) -> bool:
    """Judges whether both have one shape and type; single numbers may be of any type of numbers."""
    kinds = {array.dtype.kind.translate(str.maketrans("iu", "ff")) for array in (given, here)}
    return (
        given.shape == here.shape
        and len(kinds) == 1
        and (not here.ndim or given.dtype == here.dtype)
    )


def _counters(buffers: Mapping[str, Tensor]) -> None:
    """Refuses negative counts of batches."""
    for name, leaf in buffers.items():
        if name.rpartition(".")[2] == "num_batches_tracked" and bool((leaf < 0).any()):
            raise _not_honest(f"buffers/{name}", f"holds {int(leaf.min())}")


def _remembered(key: str, held: Mapping[Any, Any]) -> None:
    """Refuses what no optimiser remembers: steps that are not whole, squares that are negative.

    A network that has died may hold NaN.
    """
    for name in held.keys() & set(NOT_NEGATIVE):
        array = np.asarray(_host(held[name]), np.float64)
        wrong = array[array < 0] if array.ndim else array[~(np.isfinite(array) & (array >= 0))]
        if name == "step" and not wrong.size and array % 1:
            wrong = array.reshape(1)
        if wrong.size:
            raise _not_honest(f"{key}/{name}", f"holds {wrong[0]}")


def _options(
    key: str,
    kind: type[torch.optim.Optimizer],
    given: Mapping[str, Any],
    here: Mapping[str, Any],
) -> None:
    """Refuses options that an optimiser of this kind could not have been made with.

    A scheduler may have changed numbers, not switches.
    """
    import inspect

    import torch

    for name, value in given.items():
        if isinstance(value, bool) and value != here[name]:
            raise _not_honest(f"{key}/{name}", f"is {value}, where this ensemble's is {here[name]}")
        if (
            not isinstance(value, str)
            and not np.isfinite(np.asarray(_host(value), np.float64)).all()
            and value != here[name]
        ):
            raise _not_honest(f"{key}/{name}", f"is {_host(value)}")
    known = inspect.signature(kind).parameters
    try:
        kind(
            [torch.zeros(1, device="cpu")],
            **{name: value for name, value in given.items() if name in known},
        )
    except Exception as error:
        raise _not_honest(key, f"makes no {kind.__name__} ({first_line(error)})") from error


def _generator(key: str, state: Tensor, device: torch.device | str) -> None:
    """Refuses bytes that are not the state of a generator."""
    import torch

    try:
        torch.Generator(device).set_state(state)
    except Exception as error:
        raise _not_honest(key, f"is not the state of a generator ({first_line(error)})") from error


def _host(value: Any) -> Any:
    """Makes lists of floats of tensors, pairs of complex ones."""
    if not is_tensor(value):
        return value
    return (
        (value.view(value.real.dtype) if value.is_complex() and value.ndim else value)
        .double()
        .tolist()
    )


def _not_honest(name: str, fault: str) -> ValueError:
    """Words what an ensemble cannot have had."""
    return ValueError(
        f"state is none that an ensemble had: its {name!r} {fault}; pass what `state` returned, "
        "unchanged"
    )
