"""network -> n copies trained in parallel: parameters stacked, torch.func.vmap over copies."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.arrays import Array
from fastmi.networks import guards
from fastmi.networks.batches import Batches
from fastmi.networks.forwarding import Forwarding
from fastmi.networks.graphs import DEVICES
from fastmi.networks.replay import Gradients, Replay, unsafe
from fastmi.networks.states import Randomness, State, plain_device

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

__all__ = ["Ensemble", "one_thread"]

P = ParamSpec("P")
T = TypeVar("T")


def _undisturbed(method: Callable[P, T]) -> Callable[P, T]:
    """Runs a method outside the caller's torch.no_grad and torch.inference_mode.

    Nothing can be trained in them.
    """

    @functools.wraps(method)
    def run(*args: P.args, **options: P.kwargs) -> T:
        import torch

        with torch.inference_mode(False):  # which allows gradients, too
            return method(*args, **options)

    return run


class Ensemble:
    """Copies of one network, each trained on its own batches by its own optimiser step.

    All of them take their steps in one vectorised call.

    The stacked parameters are ordinary leaf tensors: the losses of all copies are summed, so each
    copy receives exactly its own gradient, and an element-wise optimiser over the stack is exactly
    one optimiser per copy. Every copy draws its batches from its own generator, and copy i does so
    whatever the number of copies; torch's global generator is left as it was found.

    Args:
        network: any nn.Module; it is copied, never changed. The ensemble lives on its device. If
            torch.func.vmap cannot take it (recurrent layers, data-dependent control flow), its
            copies train in a loop: slower, the same numbers.
        n_copies: how many.
        init: "shared", every copy starts as `network`; "independent", every copy is drawn anew by
            `reset_parameters`.
        loss: (prediction, target) of one copy -> a scalar; None is the mean squared error.
        optimizer: parameters -> an element-wise torch.optim optimiser, as
            `functools.partial(torch.optim.Adam, lr=1e-3)`; None is SGD with lr = 0.2, the report's.
        watch: names or types of the modules whose outputs `activations` returns; None is every
            module without children.
        seed: of the batches, of "independent" parameters and of dropout.
        replay: None, steps are traced once and then replayed, to the same bits and several times
            faster, where all of the network and the loss is torch's own; True, wherever it can be
            traced (a forward or a loss that counts its calls, anneals or draws from `random` would
            be frozen as it was); False, never.

    Attributes:
        n_copies: how many.
        parameters: the stacked leaves by name, each (n_copies, ...).
        optimizer: the optimiser over them.
        vectorised: True until the network is found to be one that torch.func.vmap cannot take; then
            the copies are looped over.
        reason: why they are; "" while they are not.
        replay_reason: why steps are not replayed; "" while they are, or will be after a few.
        graph_reason: why replayed steps are not one CUDA graph; "" while they are, or will be.

    Raises:
        TypeError: an optimiser that is not element-wise; a module that cannot be drawn anew.
        ValueError: n_copies < 1, an unknown init, a watched name or type that the network does not
            have.

    Warns:
        LoopWarning: once, with the reason, when the copies are to be looped over: here, or at the
            first call that needs it.

    Example:
        >>> import torch, fastmi
        >>> network = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Tanh())
        >>> ensemble = fastmi.Ensemble(network, 5, watch=[torch.nn.Tanh])
        >>> x, y = torch.ones(20, 3), torch.ones(20, 1)
        >>> rows = ensemble.draw(n_samples=20, batch_size=8)
        >>> ensemble.step(x[rows], y[rows]).shape
        torch.Size([5])
        >>> [tuple(t.shape) for t in ensemble.activations(x)]
        [(5, 20, 1)]
    """

    @_undisturbed
    def __init__(
        self,
        network: nn.Module,
        n_copies: int,
        *,
        init: str = "shared",
        loss: Callable[[Tensor, Tensor], Tensor] | None = None,
        optimizer: Callable[[list[Tensor]], torch.optim.Optimizer] | None = None,
        watch: Sequence[str | type[nn.Module]] | str | type[nn.Module] | None = None,
        seed: int = 0,
        replay: bool | None = None,
    ) -> None:
        import torch

        self.n_copies = guards.number_of_copies(n_copies)
        checks.one_of("init", init, ("shared", "independent"))
        guards.network(network)
        self._template = guards.copied(network)  # it is never called, and so it stays as it came
        streams = np.random.SeedSequence(checks.seed(seed)).spawn(self.n_copies + 1)
        generators = [
            torch.Generator("cpu").manual_seed(_integer(stream)) for stream in streams[1:]
        ]
        self._batches = Batches(generators, next(network.parameters()).device)
        randomness = Randomness(_integer(streams[0]), next(network.parameters()).device)
        self._forwarding = Forwarding(self._template, watch, randomness)
        shared = [self._template] * self.n_copies
        networks = (
            shared
            if init == "shared"
            else [_drawn_anew(self._template, stream) for stream in streams[1:]]
        )
        self.parameters = _gathered(
            torch.stack, [dict(member.named_parameters()) for member in networks]
        )
        self._buffers = _gathered(
            torch.stack, [dict(member.named_buffers()) for member in networks]
        )
        self._loss = torch.nn.functional.mse_loss if loss is None else guards.loss(loss)
        recipe = functools.partial(torch.optim.SGD, lr=0.2) if optimizer is None else optimizer
        self._recipe = checks.function("optimizer", recipe, "parameters -> an optimiser")
        self.optimizer = self._optimised(self.parameters)
        self._replay = Replay(guards.asked(replay), unsafe(self._template, self._loss))
        self._sizes = [self.n_copies]
        self._forwarding.try_vmap()

    @classmethod
    @_undisturbed
    def joined(cls, ensembles: Sequence[Ensemble]) -> Ensemble:
        """Joins ensembles into one of all their copies, in order: several seeds that train as one.

        Every copy starts where it stands and draws the batches that it would have drawn in its own
        ensemble; the optimiser is made anew by the first one's recipe, and dropout draws as the
        first one's. `step` takes (sum of n_copies, batch, ...). The given ensembles are left as
        they are; `parts` cuts a snapshot into theirs.

        Args:
            ensembles: built alike (network, loss, optimizer, watch, device), each of any n_copies,
                none trained yet by an optimiser that remembers its steps.

        Raises:
            TypeError: not a list of ensembles.
            ValueError: one that is built otherwise than the first, or has an optimiser with a
                memory of steps.
        """
        import torch

        ensembles = guards.ensembles(ensembles, cls)
        guards.alike([member._form() for member in ensembles])
        guards.fresh([member.optimizer for member in ensembles])
        made = copy.copy(ensembles[0])
        first = ensembles[0]._forwarding
        made._forwarding = Forwarding(
            made._template, first.watched.modules, copy.deepcopy(first.randomness)
        )
        made._forwarding.reason = next((member.reason for member in ensembles if member.reason), "")
        made._sizes = [member.n_copies for member in ensembles]
        made.n_copies = sum(made._sizes)
        made._batches = Batches(
            [generator for member in ensembles for generator in member._batches.generators()],
            made.device,
        )
        made.parameters = _gathered(torch.cat, [member.parameters for member in ensembles])
        made._buffers = _gathered(torch.cat, [member._buffers for member in ensembles])
        made.optimizer = made._optimised(made.parameters)
        first = ensembles[0]._replay
        made._replay = Replay(first.asked, unsafe(made._template, made._loss))
        return made

    def parts(self, snapshot: dict[str, Tensor]) -> list[dict[str, Tensor]]:
        """Cuts a snapshot of a joined ensemble into one of each that was joined, in order; views.

        They are for the `activations` of those.

        Of an ensemble that was not joined: the snapshot itself, in a list.

        Raises:
            ValueError: the snapshot of another ensemble.
        """
        (whole,) = guards.snapshots([snapshot], self._tensors)
        split = {name: leaf.split(self._sizes) for name, leaf in whole.items()}
        return [
            {name: leaves[i] for name, leaves in split.items()} for i in range(len(self._sizes))
        ]

    def __repr__(self) -> str:
        layers = ", ".join(self._forwarding.watched.modules)
        return (
            f"Ensemble of {self.n_copies} x {type(self._template).__name__} on {self.device}, "
            f"watching {layers:.200}"
        )

    @property
    def reason(self) -> str:
        """Says why the copies are looped over; "" while they are not."""
        return self._forwarding.reason

    @property
    def vectorised(self) -> bool:
        """Tells whether torch.func.vmap takes all copies at once, as far as is known.

        If not, `reason` says why.
        """
        return not self.reason

    @property
    def replay_reason(self) -> str:
        """Tells why steps are not replayed; "" while they are, or will be after a few."""
        return "its copies are looped over" if self.reason else self._replay.reason

    @property
    def graph_reason(self) -> str:
        """Tells why replayed steps are not one CUDA graph; "" while they are, or will be."""
        if self.device.type not in DEVICES:
            return f"its device is {self.device}"
        return self.replay_reason or self._replay.graph_reason

    @property
    def device(self) -> torch.device:
        """Tells where the copies live."""
        return next(iter(self.parameters.values())).device

    @property
    def layers(self) -> tuple[str, ...]:
        """Lists the watched layers in the order of their calls; a module called again is "name#2".

        They are known after `activations`.
        """
        return self._forwarding.layers

    @_undisturbed
    def draw(self, n_samples: int, batch_size: int) -> Tensor:
        """Draws row numbers (n_copies, batch_size), for each copy its own, without replacement.

        They lie on the ensemble's device.
        """
        checks.countable(
            "n_samples", checks.positive_integer("n_samples", n_samples), "draw from some of them"
        )
        if checks.positive_integer("batch_size", batch_size) > n_samples:
            raise ValueError(
                f"batch_size is {batch_size}, but only {n_samples} samples can be drawn without "
                "replacement"
            )
        return self._batches.draw(int(n_samples), int(batch_size))

    @_undisturbed
    def step(self, x: Array, y: Array) -> Tensor:
        """Takes one optimiser step of every copy, each on its own batch.

        Args:
            x: (n_copies, batch, ...); y: (n_copies, batch, ...), for a loss on floats of the
                prediction's shape. Tensors on the ensemble's device, or NumPy arrays, whose floats
                take the parameters' type.

        Returns:
            the losses before the step, (n_copies,).

        Raises:
            TypeError: other containers, nested, sparse, quantised or masked ones, types that
                networks do not compute with; a loss or a prediction that is no tensor.
            ValueError: no copy axis, no samples, a device that is not the ensemble's, a target
                whose shape is not the prediction's, a loss that does not reduce or hangs on no
                parameter.
        """
        x, y = self._received("x", x), self._received("y", y)
        guards.copy_axis(self.n_copies, x=x, y=y)
        guards.some_samples(x=x, y=y)
        losses, buffers, gradients = (
            self._plain(x, y)
            if self.reason
            else self._replay.gradients(
                functools.partial(self._plain, x, y),
                self._rehearsed,
                self._tensors,
                (x, y),
                self._forwarding.randomness,
                self._loss,
            )
        )
        for leaf, gradient in zip(self._trained(), gradients, strict=True):
            leaf.grad = gradient
        with plain_device():
            self.optimizer.step()
        # a step that fails leaves them as they were
        for (name, known), buffer in zip(self._buffers.items(), buffers, strict=True):
            # where it lies: recordings know the place
            self._buffers[name] = known.copy_(buffer) if known.shape == buffer.shape else buffer
        return losses

    @_undisturbed
    def snapshot(self) -> dict[str, Tensor]:
        """Copies the stacked parameters and buffers as they are now.

        It is what `activations` can evaluate later.
        """
        return {name: leaf.detach().clone() for name, leaf in self._tensors.items()}

    @_undisturbed
    def activations(
        self,
        x: Array,
        snapshots: Sequence[dict[str, Tensor]] | None = None,
        assignment: npt.ArrayLike | Tensor | None = None,
    ) -> list[Tensor]:
        """Evaluates the watched layers on x, in evaluation mode.

        Args:
            x: (n, ...), the same samples for every copy.
            snapshots: earlier states of this ensemble (`snapshot`); None is the present one. At
                most 64 n samples, and 2^25 numbers, are forwarded at a time over all networks (a
                sample's output must not hang on the others), on a GPU so many times more as it has
                4 GiB of memory; but the result holds them all: pass as many snapshots as it may
                hold.
            assignment: (n,), or with snapshots (n_snapshots, n), integers: the one copy that each
                sample goes through, what `PlaneEstimator.sampled` reads; only those rows are
                forwarded. None forwards every sample through every copy.

        Returns:
            for each layer (n_copies, n, d), or with snapshots (n_snapshots, n_copies, n, d);
            further axes are flattened into d.
            With an assignment without the axis of copies: (n, d) or (n_snapshots, n, d), for
                `PlaneEstimator.estimate`.
            Of no samples, n = 0.

        Raises:
            TypeError: a watched module does not return a tensor.
            ValueError: a device that is not the ensemble's; a watched output whose first axis is
                not the samples; copies that do not call the same watched layers; an assignment that
                does not name a copy for each sample.
        """
        x = self._received("x", x)
        guards.samples("x", x.shape)
        states = (
            [self._tensors] if snapshots is None else guards.snapshots(snapshots, self._tensors)
        )
        leading = () if snapshots is None else (len(states),)
        if assignment is not None:
            assignment = checks.assignment(
                assignment, (*leading, self.n_copies, len(x), 1)
            ).reshape(len(states), -1)
        layers = self._forwarding.activations(x, states, assignment)
        return layers if leading else [layer[0] for layer in layers]

    @_undisturbed
    def networks(self) -> list[nn.Module]:
        """Makes ordinary modules of the copies, with their present parameters and buffers."""
        state = self.snapshot()
        members = [copy.deepcopy(self._template) for _ in range(self.n_copies)]
        for i, member in enumerate(members):
            # state_dict leaves some buffers out
            for name, leaf in (*member.named_parameters(), *member.named_buffers()):
                leaf.data.copy_(state[name][i])
        return members

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Gives everything that the next step depends on, as plain arrays.

        np.savez(path, **ensemble.state()) keeps it, without pickle.

        The names: "parameters/NAME" and "buffers/NAME" (n_copies, ...), "batches/COPY" and
        "dropout/DEVICE" (states of generators), "optimizer/PARAMETER/KEY" (what it remembers),
        "optimizer/CLASS/GROUP/OPTION" (its learning rate, ...), and "loop/reason". bfloat16, which
        NumPy lacks, becomes two bytes, V2.
        """
        return self._state().arrays()

    @_undisturbed
    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Goes on where an ensemble built like this one was when `state` was taken.

        The draws and parameters are the same, bit for bit.

        Args:
            state: what `state` returned, or np.load of where it was saved.

        Raises:
            TypeError: not a mapping.
            ValueError: the state of another ensemble: other names, shapes or types; values that no
                ensemble had (a learning rate below 0 or NaN, a generator's bytes that are none,
                steps that are not whole). This one is left as it was.
        """
        import torch

        held = self._state()
        read = held.read("state", state, self._optimised, self.device)
        generators = [
            torch.Generator("cpu").set_state(batches) for batches in read["batches"].values()
        ]
        self._batches = Batches(generators, self.device)
        self._forwarding.randomness.states = list(read["dropout"].values())
        self._buffers = read["buffers"]
        held.remember(read)
        self._forwarding.loop(read["loop"]["reason"])

    def _state(self) -> State:
        dropout = self._forwarding.randomness.states
        return State(
            self.parameters,
            self._buffers,
            self._batches.generators(),
            dropout,
            self.optimizer,
            self.reason,
        )

    @property
    def _tensors(self) -> dict[str, Tensor]:
        return self.parameters | self._buffers

    def _optimised(self, parameters: dict[str, Tensor]) -> torch.optim.Optimizer:
        with plain_device():
            optimizer = self._recipe([leaf for leaf in parameters.values() if leaf.requires_grad])
        return guards.elementwise(optimizer, parameters)

    def _form(self) -> dict[str, Any]:
        """Lists what ensembles that can be joined have in common."""
        return {
            **{
                f"tensor {name}": (*leaf.shape[1:], leaf.dtype, leaf.requires_grad)
                for name, leaf in self._tensors.items()
            },
            "device": self.device,
            "network": self._template,
            "modules in training": [module.training for module in self._template.modules()],
            "loss": self._loss,
            "optimizer": self.optimizer,
            "watch": self._forwarding.watched.modules,
        }

    def _plain(self, x: Tensor, y: Tensor) -> Gradients:
        """Computes losses, buffers and gradients on one batch of each copy."""
        learn = functools.partial(self._learn, self._forwarding)
        losses, *buffers = self._forwarding.over_copies(learn, self._tensors, x, y)
        guards.differentiable(losses)
        self.optimizer.zero_grad()
        losses.sum().backward()
        return losses.detach(), buffers, [leaf.grad for leaf in self._trained()]

    def _rehearsed(self) -> tuple[Callable[..., Gradients], Randomness]:
        """Makes a function of the same, of all that it depends on, with a network of its own."""
        import torch

        randomness = copy.deepcopy(self._forwarding.randomness)
        forwarding = Forwarding(self._template, self._forwarding.watched.modules, randomness)
        learn = functools.partial(self._learn, forwarding)

        def gradients(state: dict[str, Tensor], x: Tensor, y: Tensor) -> Gradients:
            trained = [leaf for leaf in state.values() if leaf.requires_grad]
            losses, *buffers = torch.func.vmap(learn, randomness="different")(state, x, y)
            # laid out as backward of their sum lays it out, and not computed anew at every step
            ones = torch.ones((), dtype=losses.dtype, device=losses.device).expand_as(losses)
            computed = torch.autograd.grad(losses, trained, ones, allow_unused=True)
            return losses.detach(), buffers, list(computed)

        return gradients, randomness

    def _trained(self) -> list[Tensor]:
        return [leaf for leaf in self.parameters.values() if leaf.requires_grad]

    def _learn(
        self, forwarding: Forwarding, state: dict[str, Tensor], x: Tensor, y: Tensor
    ) -> tuple[Tensor, ...]:
        """Computes the loss of one copy on its batch, and its buffers afterwards."""
        prediction, buffers = forwarding.call(state, x)
        guards.target(guards.tensor_prediction(prediction), y, self._loss)
        return guards.scalar_loss(self._loss(prediction, y)), *buffers

    def _received(self, name: str, array: Any) -> Tensor:
        """Takes an array to the ensemble's device; floats of NumPy to the parameters' type."""
        import torch

        if isinstance(array, np.ndarray):
            array = torch.from_numpy(guards.numbers(name, array)).to(self.device)
            array = array.to(self._type) if array.is_floating_point() else array
        array = guards.batch(name, guards.on_device(name, array, self.device)).detach()
        return array.clone() if array.is_inference() else array

    @property
    def _type(self) -> torch.dtype:
        """Finds the type of the first parameter that is no whole number."""
        return next(
            leaf.dtype
            for leaf in self.parameters.values()
            if leaf.is_floating_point() or leaf.is_complex()
        )


@contextmanager
def one_thread() -> Iterator[None]:
    """Holds torch to one CPU thread: networks this small lose by more."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _gathered(
    gather: Callable[[list[Tensor]], Tensor], states: list[dict[str, Tensor]]
) -> dict[str, Tensor]:
    """Stacks or concatenates leaves by name into new ones."""
    return {
        name: gather([state[name].detach() for state in states]).requires_grad_(leaf.requires_grad)
        for name, leaf in states[0].items()
    }


def _integer(stream: np.random.SeedSequence) -> int:
    """Draws 63 bits, which every generator of torch takes as a seed."""
    return int(stream.generate_state(1, np.uint64)[0] >> np.uint64(1))


def _drawn_anew(network: nn.Module, stream: np.random.SeedSequence) -> nn.Module:
    """Copies a network with fresh parameters.

    They are drawn on the CPU, so that every device starts from the same ones.
    """
    import torch

    (init,) = stream.spawn(1)
    device = next(network.parameters()).device
    fresh = copy.deepcopy(network).cpu()
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.default_generator.manual_seed(_integer(init))
        for name, module in fresh.named_modules():
            if next(module.parameters(recurse=False), None) is not None:
                guards.resettable(name, module)()
    return fresh.to(device)
