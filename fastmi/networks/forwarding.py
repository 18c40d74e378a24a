"""stacked networks x samples -> outputs and watched layers: by torch.func.vmap, or in a loop where
it cannot.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.networks.guards import first_line
from fastmi.networks.states import Randomness
from fastmi.networks.watching import evaluating, listen_to

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

__all__ = ["MODELS", "NUMBERS", "Forwarding", "LoopWarning"]

MODELS = 64  # networks forwarded at a time when snapshots are evaluated,
NUMBERS = 2**25  # and networks x samples x numbers of a sample

Leaves = dict[str, "Tensor"]  # parameters and buffers by name, of one copy or stacked


class LoopWarning(UserWarning):
    """torch.func.vmap cannot take the network: its copies train one after the other, slower, with
    the same numbers.
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
        """The watched layers in the order of their calls."""
        return self.watched.names

    def try_vmap(self) -> None:
        """Looks for what is known to be beyond torch.func.vmap before anything is computed."""
        self.loop(_not_vectorisable(self._network))

    def loop(self, reason: str) -> None:
        """From now on the copies are looped over, if there is a reason; the first time it is said
        aloud.
        """
        known, self.reason = self.reason, reason
        if reason and not known:
            warnings.warn(_one_by_one(reason), LoopWarning, stacklevel=checks.depth_of_caller())

    def call(self, state: Leaves, x: Tensor) -> tuple[Any, list[Tensor]]:
        """One copy's output and its buffers afterwards; what is done in place reaches neither the
        state nor x.
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
        """The function's outputs for all copies, stacked: by vmap, or, where only vmap is to blame
        for a failure, in a loop.
        """
        import torch

        reason = self.reason
        if not reason:
            try:
                with self.randomness:  # a failed attempt has drawn nothing
                    return torch.func.vmap(function, randomness="different")(state, *arrays)
            except torch.OutOfMemoryError:
                raise  # no fault of the network's: fewer copies, snapshots or samples at a time
            except Exception as error:
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
        self, x: Tensor, states: Sequence[Leaves], assignment: npt.NDArray[np.int64] | None
    ) -> list[Tensor]:
        """The watched layers in evaluation mode, of all copies in each of the states.

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
        """Each watched layer of all networks, as many as memory allows at a time: (n_models, width,
        d).

        All samples through each network, or of each those that its line of `rows` (n_models, width)
        names.
        """
        n_models, width, size = len(next(iter(state.values()))), len(x), max(1, x[:1].numel())
        if rows is not None:
            width = rows.shape[1]
        n_networks = max(1, min(MODELS * len(x), NUMBERS // size) // max(1, width))
        n_rows = max(1, NUMBERS // (n_networks * size))
        layers: list[Tensor] = []
        for models in (slice(i, i + n_networks) for i in range(0, n_models, n_networks)):
            for chosen in (slice(i, i + n_rows) for i in range(0, max(1, width), n_rows)):
                some = {name: leaf[models] for name, leaf in state.items()}
                pieces = (
                    self._layers(x[chosen], some)
                    if rows is None
                    else self._layers(x[rows[models, chosen]], some, True)
                )
                if n_networks >= n_models and n_rows >= width:
                    return pieces
                layers = layers or [
                    piece.new_empty(n_models, width, piece.shape[2]) for piece in pieces
                ]
                for layer, piece in zip(layers, pieces, strict=True):
                    layer[models, chosen] = piece
        return layers

    def _layers(self, x: Tensor, state: Leaves, own: bool = False) -> list[Tensor]:
        """The watched layers of all networks stacked in the state, each (n_models, n, d); x is one
        for all, or each its own.
        """

        def one(state: Leaves, x: Tensor = x) -> tuple[Tensor, ...]:
            with self.watched.listening() as heard:
                self.call(state, x)
            return tuple(heard)  # captured values leave vmap only by being returned

        outputs = self.over_copies(one, state, x) if own else self.over_copies(one, state)
        _some_called(self.layers)
        for name, out in zip(self.layers, outputs, strict=True):
            _sample_axis(name, tuple(out.shape[1:]), x.shape[own])
        return [out.flatten(2) if out.ndim > 2 else out[..., None] for out in outputs]


def _type_of(state: Leaves) -> torch.dtype:
    """That of the first leaf that is no whole number."""
    return next(
        leaf.dtype for leaf in state.values() if leaf.is_floating_point() or leaf.is_complex()
    )


def _slots(network: nn.Module) -> dict[str, str]:
    """Every place of a module that holds a parameter or a buffer -> the name of what it holds; what
    is tied has one name.

    A module that is registered under several names has its places once: what is lent there twice is
    not given back.
    """
    own = {id(leaf): name for name, leaf in (*network.named_buffers(), *network.named_parameters())}
    places: dict[str, str] = {}
    for prefix, module in network.named_modules():
        for every in (module.named_parameters, module.named_buffers):
            found = every(prefix, recurse=False, remove_duplicate=False)
            places |= {place: own[id(leaf)] for place, leaf in found}
    return places


def _grouped(
    who: npt.NDArray[np.int64], n_copies: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The copy of each sample (s, n) -> the samples of each network, padded by sample 0, (s *
    n_copies, width), and where in
    those lines, taken as one, each sample stands, (s, n).
    """
    network = (np.arange(len(who))[:, None] * n_copies + who).reshape(-1)
    order, counts = (
        np.argsort(network, kind="stable"),
        np.bincount(network, minlength=len(who) * n_copies),
    )
    width = counts.max()
    place = (
        np.arange(network.size)
        - np.repeat(np.cumsum(counts) - counts, counts)
        + width * network[order]
    )
    rows, found = np.zeros(counts.size * width, np.int64), np.empty(network.size, np.int64)
    rows[place], found[order] = order % who.shape[1], place
    return rows.reshape(counts.size, width), found.reshape(who.shape)


# --- what cannot be forwarded ---------------------------------------------------------------------


def _not_vectorisable(network: Any, error: Exception | None = None) -> str:
    """Why torch.func.vmap cannot take the network: what it raised, or what is known before; "" if
    nothing is.
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
    return f"{reason}; its copies train one after the other: slower, the same numbers"


def _same_type(given: torch.dtype, own: torch.dtype, error: RuntimeError) -> None:
    """A network that fails on x because its parameters are of another type; some take both."""
    if given != own and "type" in str(error):
        raise TypeError(
            f"x is of dtype {given}, the network's parameters of {own} ({first_line(error)}): "
            f"x.to({own}), or x.astype(np.float32) of an array"
        ) from error


def _some_called(layers: Sequence[str]) -> None:
    if not layers:
        raise ValueError(
            "watch names modules that the network's forward never calls: watch modules that it"
            ' does call, or all of it (watch="network")'
        )


def _sample_axis(name: str, shape: tuple[int, ...], n_samples: int) -> None:
    if not shape or shape[0] != n_samples:
        raise ValueError(
            f"the watched module {name!r} returns shape {shape} on {n_samples} samples: the first "
            "axis of a watched output must be the samples; watch another module"
        )
