"""stacked networks x samples -> outputs and watched layers: by torch.func.vmap, else in a loop."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastmi import checks
from fastmi.arrays import IntArray
from fastmi.networks.guards import first_line
from fastmi.networks.states import Randomness
from fastmi.networks.watching import evaluating, listen_to

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

__all__ = ["CHUNK_NETWORKS", "CHUNK_NUMBERS", "Forwarding", "LoopWarning"]

# what is forwarded at a time when snapshots are evaluated: networks of all samples, and
# networks x samples x numbers of a sample
CHUNK_NETWORKS = 64
CHUNK_NUMBERS = 2**25
# a GPU is given so many times more as it has memory of this size: what is small does not fill it.
# Of all its memory, not of what is free: the bits may hang on the chunks, and should not on others
CHUNK_BYTES = 2**32

Leaves = dict[str, "Tensor"]  # parameters and buffers by name, of one copy or stacked


class LoopWarning(UserWarning):
    """torch.func.vmap cannot take the network, and its copies train one after the other.

    That is slower, and gives the same numbers.
    """


class Forwarding:
    """Lends the parameters of each copy to one module, and calls it.

    Args:
        template: copied, never called. watch: what is listened to (`listen_to`). randomness:
            dropout is drawn from it.

    Attributes:
        reason: why the copies are looped over; "" while torch.func.vmap takes them all at once.
            watched: who listens.

    Warns:
        LoopWarning: once, with the reason.
    """

    def __init__(self, template: nn.Module, watch: Any, randomness: Randomness) -> None:
        self._network = copy.deepcopy(template)
        self._slots = _slots(self._network)
        self._buffers = [name for name, _ in template.named_buffers()]
        self.watched = listen_to(self._network, watch)
        self.randomness = randomness
        self.reason = ""

    @property
    def layers(self) -> tuple[str, ...]:
        """Lists the watched layers in the order of their calls."""
        return self.watched.names

    def try_vmap(self) -> None:
        """Looks for what is known to be beyond torch.func.vmap before anything is computed."""
        self.loop(_not_vectorisable(self._network))

    def loop(self, reason: str) -> None:
        """Loops over the copies from now on, if there is a reason.

        The first time it is said aloud.
        """
        known, self.reason = self.reason, reason
        if reason and not known:
            warnings.warn(_one_by_one(reason), LoopWarning, stacklevel=checks.depth_of_caller())

    def call(self, state: Leaves, x: Tensor) -> tuple[Any, list[Tensor]]:
        """Calls one copy: its output, and its buffers afterwards.

        What is done in place reaches neither the state nor x.
        """
        from torch.func import functional_call

        state = state | {name: state[name].clone() for name in self._buffers}
        lent = {slot: state[name] for slot, name in self._slots.items()}
        try:
            # the slots hold the ties
            output = functional_call(self._network, lent, (x.clone(),), tie_weights=False)
        except RuntimeError as error:
            _same_type(x.dtype, _type_of(state), error)
            raise
        return output, [lent[name].detach() for name in self._buffers]

    def over_copies(
        self, function: Callable[..., tuple[Tensor, ...]], state: Leaves, *arrays: Tensor
    ) -> tuple[Tensor, ...]:
        """Stacks the function's outputs for all copies.

        They are computed by vmap, or, where only vmap is to blame for a failure, in a loop.
        """
        import torch

        reason = self.reason
        if not reason:
            try:
                with self.randomness:  # a failed attempt has drawn nothing
                    return torch.func.vmap(function, randomness="different")(state, *arrays)
            except Exception as error:
                from fastmi.backends.failures import of_the_device

                if of_the_device(error):
                    raise  # no fault of the network's
                reason = _not_vectorisable(self._network, error)
        members = (
            dict(zip(state, leaves, strict=True)) for leaves in zip(*state.values(), strict=True)
        )
        with self.randomness, warnings.catch_warnings():
            # nor can they be
            warnings.filterwarnings(
                "ignore", "RNN module weights are not part of single contiguous chunk"
            )
            # an error here is the network's own
            outputs = [function(*member) for member in zip(members, *arrays, strict=True)]
            stacked = tuple(torch.stack(pieces) for pieces in zip(*outputs, strict=True))
        self.loop(reason)
        return stacked

    def activations(
        self, x: Tensor, states: Sequence[Leaves], assignment: IntArray | None
    ) -> list[Tensor]:
        """Evaluates the watched layers, in evaluation mode, of all copies in each of the states.

        Args:
            x: (n, ...), one for all. states: of the same n_copies each. assignment: (n_states, n),
                the one copy that each sample goes through; None sends each through all.

        Returns:
            for each layer (n_states, n_copies, n, d), or with an assignment (n_states, n, d).
        """
        import torch

        n_copies = len(next(iter(states[0].values())))
        self.watched.forget()
        with torch.no_grad(), evaluating(self._network):
            stacked = {name: torch.cat([state[name] for state in states]) for name in states[0]}
            if assignment is None:
                layers = self._in_chunks(x, stacked)
                return [
                    layer.reshape(len(states), n_copies, len(x), layer.shape[-1])
                    for layer in layers
                ]
            rows, places = _grouped(assignment, n_copies)
            layers = self._in_chunks(x, stacked, torch.from_numpy(rows).to(x.device))
            chosen = torch.from_numpy(places.reshape(-1)).to(x.device)
            layers = [layer.flatten(0, 1).index_select(0, chosen) for layer in layers]
        return [layer.reshape(len(states), len(x), layer.shape[-1]) for layer in layers]

    def _in_chunks(self, x: Tensor, state: Leaves, rows: Tensor | None = None) -> list[Tensor]:
        """Evaluates all networks, as many as memory allows at a time.

        It gives each watched layer of them, (n_networks, width, d).

        All samples go through each network, or those that its line of `rows` (n_networks, width)
        names.
        """
        n_networks, width, size = len(next(iter(state.values()))), len(x), max(1, x[:1].numel())
        if rows is not None:
            width = rows.shape[1]
        scale = _scale(x.device)
        most_numbers = scale * CHUNK_NUMBERS
        # of networks and samples
        pairs = min(scale * CHUNK_NETWORKS * len(x), most_numbers // size)
        chunk_networks = max(1, pairs // max(1, width))
        chunk_rows = max(1, most_numbers // (chunk_networks * size))
        layers: list[Tensor] = []
        for first in range(0, n_networks, chunk_networks):
            networks = slice(first, first + chunk_networks)
            for chosen in (slice(i, i + chunk_rows) for i in range(0, max(1, width), chunk_rows)):
                some = {name: leaf[networks] for name, leaf in state.items()}
                pieces = (
                    self._layers(x[chosen], some)
                    if rows is None
                    else self._layers(x[rows[networks, chosen]], some, each_its_own=True)
                )
                if chunk_networks >= n_networks and chunk_rows >= width:
                    return pieces
                layers = layers or [
                    piece.new_empty(n_networks, width, piece.shape[2]) for piece in pieces
                ]
                for layer, piece in zip(layers, pieces, strict=True):
                    layer[networks, chosen] = piece
        return layers

    def _layers(self, x: Tensor, state: Leaves, each_its_own: bool = False) -> list[Tensor]:
        """Evaluates all networks stacked in the state: of each watched layer (n_networks, n, d).

        x is one for all, or each its own.
        """

        def layers(state: Leaves, x: Tensor = x) -> tuple[Tensor, ...]:
            with self.watched.listening() as heard:
                self.call(state, x)
            return tuple(heard)  # captured values leave vmap only by being returned

        outputs = self.over_copies(layers, state, *([x] if each_its_own else []))
        _some_called(self.layers)
        for name, out in zip(self.layers, outputs, strict=True):
            _sample_axis(name, tuple(out.shape[1:]), x.shape[each_its_own])
        return [out.flatten(2) if out.ndim > 2 else out[..., None] for out in outputs]


def _scale(device: torch.device) -> int:
    """Tells how many times more than on the CPU is forwarded at a time."""
    import torch

    if device.type != "cuda":
        return 1
    return max(1, torch.cuda.get_device_properties(device).total_memory // CHUNK_BYTES)


def _type_of(state: Leaves) -> torch.dtype:
    """Finds the type of the first leaf that is no whole number."""
    return next(
        leaf.dtype for leaf in state.values() if leaf.is_floating_point() or leaf.is_complex()
    )


def _slots(network: nn.Module) -> dict[str, str]:
    """Maps every place of a module that holds a parameter or a buffer to the name of what it holds.

    What is tied has one name.

    A module that is registered under several names has its places once: what is lent there twice is
    not given back.
    """
    names = {
        id(leaf): name for name, leaf in (*network.named_buffers(), *network.named_parameters())
    }
    places: dict[str, str] = {}
    for prefix, module in network.named_modules():
        for every in (module.named_parameters, module.named_buffers):
            held = every(prefix, recurse=False, remove_duplicate=False)
            places |= {place: names[id(leaf)] for place, leaf in held}
    return places


def _grouped(assignment: IntArray, n_copies: int) -> tuple[IntArray, IntArray]:
    """Groups samples by the copy that each goes through, (s, n).

    The samples of each network, padded by sample 0, (s * n_copies, width), and where in those
    lines, taken as one, each sample stands, (s, n).
    """
    network = (np.arange(len(assignment))[:, None] * n_copies + assignment).reshape(-1)
    order = np.argsort(network, kind="stable")
    counts = np.bincount(network, minlength=len(assignment) * n_copies)
    width = counts.max()
    place = (
        np.arange(network.size)
        - np.repeat(np.cumsum(counts) - counts, counts)
        + width * network[order]
    )
    rows, places = np.zeros(counts.size * width, np.int64), np.empty(network.size, np.int64)
    rows[place], places[order] = order % assignment.shape[1], place
    return rows.reshape(counts.size, width), places.reshape(assignment.shape)


# --- what cannot be forwarded ---------------------------------------------------------------------


def _not_vectorisable(network: Any, error: Exception | None = None) -> str:
    """Says why torch.func.vmap cannot take the network: what it raised, or what is known before.

    "" if nothing is.
    """
    import torch

    if error is not None:
        first, *_ = str(error).strip().splitlines() or [type(error).__name__]
        return (
            f"network ({type(network).__name__}) cannot be vectorised over copies by "
            f"torch.func.vmap: {first.rstrip(' .')}"
        )
    for name, module in network.named_modules():
        where = (
            f"network has {type(module).__name__} at {name!r}"
            if name
            else f"network is a {type(module).__name__}"
        )
        if isinstance(module, torch.nn.RNNBase):
            return f"{where}: torch.func.vmap has no rule for recurrent layers"
        if getattr(module, "momentum", 0) is None and getattr(module, "track_running_stats", False):
            return (
                f"{where} with momentum=None, which reads a counter as a number, and "
                "torch.func.vmap cannot"
            )
    return ""


def _one_by_one(reason: str) -> str:
    """Words the warning that copies are looped over."""
    return f"{reason}; its copies train one after the other: slower, the same numbers"


def _same_type(given: torch.dtype, held: torch.dtype, error: RuntimeError) -> None:
    """Refuses x where a network fails because its parameters are of another type.

    Some take both.
    """
    if given != held and "type" in str(error):
        raise TypeError(
            f"x is of dtype {given}, the network's parameters of {held} ({first_line(error)}): "
            f"x.to({held}), or x.astype(np.float32) of an array"
        ) from error


def _some_called(layers: Sequence[str]) -> None:
    """Refuses to watch what is never called."""
    if not layers:
        raise ValueError(
            "watch names modules that the network's forward never calls: watch modules that it"
            ' does call, or all of it (watch="network")'
        )


def _sample_axis(name: str, shape: tuple[int, ...], n_samples: int) -> None:
    """Refuses a watched output whose first axis is not the samples."""
    if not shape or shape[0] != n_samples:
        raise ValueError(
            f"the watched module {name!r} returns shape {shape} on {n_samples} samples: the first "
            "axis of a watched output must be the samples; watch another module"
        )
