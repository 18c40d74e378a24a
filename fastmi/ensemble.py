"""network -> n copies trained in parallel: parameters stacked on a leading copy axis, torch.func.vmap over it."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastmi import checks

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

__all__ = ["Ensemble", "one_thread"]

MODELS = 64  # networks forwarded at a time when snapshots are evaluated


class Ensemble:
    """Copies of one network, each trained on its own batches by its own optimiser step, all in one vectorised call.

    The stacked parameters are ordinary leaf tensors: the losses of all copies are summed, so each copy receives exactly its
    own gradient, and an element-wise optimiser over the stack is exactly one optimiser per copy. Every copy draws its
    batches from its own generator, and copy i does so whatever the number of copies; torch's global generator is left as
    it was found.

    Args:
        network: any nn.Module that torch.func.vmap can take; it is copied, never changed. The ensemble lives on its device.
        n_copies: how many.
        init: "shared", every copy starts as `network`; "independent", every copy is drawn anew by `reset_parameters`.
        loss: (prediction, target) of one copy -> a scalar; None is the mean squared error.
        optimizer: parameters -> an element-wise torch.optim optimiser, as `functools.partial(torch.optim.Adam, lr=1e-3)`;
            None is SGD with lr = 0.2, the report's.
        watch: names or types of the modules whose outputs `activations` returns; None is every module without children.
        seed: of the batches, of "independent" parameters and of dropout.

    Raises:
        TypeError: the network, a recurrent layer in it, or the optimiser cannot be vectorised over copies, with the reason;
            a module that cannot be drawn anew.
        ValueError: n_copies < 1, an unknown init, a watched name or type that the network does not have.

    Example:
        >>> import torch, fastmi
        >>> ensemble = fastmi.Ensemble(torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Tanh()), 5, watch=[torch.nn.Tanh])
        >>> x, y = torch.ones(20, 3), torch.ones(20, 1)
        >>> rows = ensemble.draw(n_samples=20, batch_size=8)
        >>> ensemble.step(x[rows], y[rows]).shape
        torch.Size([5])
        >>> [tuple(t.shape) for t in ensemble.activations(x)]
        [(5, 20, 1)]
    """

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
    ) -> None:
        import torch

        self.n_copies = checks.positive_integer("n_copies", n_copies)
        checks.one_of("init", init, ("shared", "independent"))
        checks.vectorisable(network)
        self._network = copy.deepcopy(network)
        self._modes = [module.training for module in self._network.modules()]
        self._watched = _watch(self._network, watch)
        streams = np.random.SeedSequence(checks.seed(seed)).spawn(self.n_copies + 1)
        self._generators = [torch.Generator().manual_seed(_integer(stream)) for stream in streams[1:]]
        self._randomness = _Randomness(_integer(streams[0]), next(self._network.parameters()).device)
        networks = [self._network] * n_copies if init == "shared" else [_drawn_anew(network, stream) for stream in streams[1:]]
        self.parameters = _stack([dict(member.named_parameters()) for member in networks])
        self._buffers = _stack([dict(member.named_buffers()) for member in networks])
        self._loss = checks.function("loss", loss or torch.nn.functional.mse_loss, "(prediction, target) -> a scalar")
        make = checks.function(
            "optimizer", optimizer or functools.partial(torch.optim.SGD, lr=0.2), "parameters -> an optimiser"
        )
        self.optimizer = make([leaf for leaf in self.parameters.values() if leaf.requires_grad])
        checks.elementwise(self.optimizer, self.parameters)

    @property
    def device(self) -> torch.device:
        """Where the copies live."""
        return next(iter(self.parameters.values())).device

    @property
    def layers(self) -> tuple[str, ...]:
        """The watched layers in the order of their calls; a module called again is "name#2". Known after `activations`."""
        return self._watched.names

    def draw(self, n_samples: int, batch_size: int) -> Tensor:
        """-> (n_copies, batch_size) row numbers on the ensemble's device; for each copy its own, without replacement."""
        import torch

        if checks.positive_integer("batch_size", batch_size) > checks.positive_integer("n_samples", n_samples):
            raise ValueError(f"batch_size is {batch_size}, but only {n_samples} samples can be drawn without replacement")
        drawn = [torch.randperm(n_samples, generator=generator)[:batch_size] for generator in self._generators]
        return torch.stack(drawn).to(self.device)

    def step(self, x: Tensor | npt.NDArray[Any], y: Tensor | npt.NDArray[Any]) -> Tensor:
        """One optimiser step of every copy, each on its own batch.

        Args:
            x: (n_copies, batch, ...); y: (n_copies, batch, ...), for a loss on floats of the prediction's shape. Tensors
                on the ensemble's device, or NumPy arrays, whose floats take the parameters' type.

        Returns:
            the losses before the step, (n_copies,).

        Raises:
            TypeError: vmap cannot take the network's forward pass, with torch's reason.
            ValueError: no copy axis, a device that is not the ensemble's, a target whose shape is not the prediction's.
        """
        x, y = self._received("x", x), self._received("y", y)
        checks.copy_axis(self.n_copies, x=x, y=y)
        losses = self._losses(x, y)
        self.optimizer.zero_grad()
        losses.sum().backward()
        self.optimizer.step()
        return losses.detach()

    def snapshot(self) -> dict[str, Tensor]:
        """The stacked parameters and buffers as they are now, a copy: what `activations` can evaluate later."""
        return {name: leaf.detach().clone() for name, leaf in (self.parameters | self._buffers).items()}

    def activations(self, x: Tensor | npt.NDArray[Any], snapshots: Sequence[dict[str, Tensor]] | None = None) -> list[Tensor]:
        """The watched layers' outputs on x, in evaluation mode.

        Args:
            x: (n, ...), the same samples for every copy.
            snapshots: earlier states of this ensemble (`snapshot`); None is the present one. At most 64 networks are
                forwarded at a time, but the result holds them all: pass as many snapshots as it may hold.

        Returns:
            for each layer (n_copies, n, d), or with snapshots (n_snapshots, n_copies, n, d); further axes are flattened into d.

        Raises:
            TypeError: vmap cannot take the forward pass; a watched module does not return a tensor.
            ValueError: a device that is not the ensemble's.
        """
        import torch

        x = self._received("x", x)
        present = self.snapshot()
        states = [present] if snapshots is None else checks.snapshots(snapshots, present)
        stacked = {name: torch.cat([state[name] for state in states]) for name in states[0]}
        n_models = len(states) * self.n_copies
        chunks = [{name: leaf[i : i + MODELS] for name, leaf in stacked.items()} for i in range(0, n_models, MODELS)]
        parts = [self._forward(x, chunk) for chunk in chunks]
        layers = parts[0] if len(parts) == 1 else [torch.cat(pieces) for pieces in zip(*parts, strict=True)]
        shape = (self.n_copies,) if snapshots is None else (len(states), self.n_copies)
        return [layer.reshape(*shape, *layer.shape[1:]) for layer in layers]

    def networks(self) -> list[nn.Module]:
        """The copies as ordinary modules, with their present parameters and buffers."""
        state = self.snapshot()
        members = [copy.deepcopy(self._network) for _ in range(self.n_copies)]
        for i, member in enumerate(members):
            for name, own in (*member.named_parameters(), *member.named_buffers()):  # state_dict leaves some buffers out
                own.data.copy_(state[name][i])
        return members

    def _losses(self, x: Tensor, y: Tensor) -> Tensor:
        from torch.func import functional_call

        def one(parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
            prediction = functional_call(self._network, parameters | buffers, (x,))
            checks.target(checks.tensor_prediction(prediction), y, self._loss)
            return checks.scalar_loss(self._loss(prediction, y))

        buffers = {name: buffer.clone() for name, buffer in self._buffers.items()}  # a step that fails leaves them as they were
        losses = self._vectorised(one, (0, 0, 0, 0), self.parameters, buffers, x, y)
        self._buffers = buffers
        return losses

    def _forward(self, x: Tensor, state: dict[str, Tensor]) -> list[Tensor]:
        """The watched layers of all networks stacked in the state, each (n_models, n, d)."""
        import torch
        from torch.func import functional_call

        def one(state: dict[str, Tensor], x: Tensor) -> tuple[Tensor, ...]:
            with self._watched.listening() as heard:
                functional_call(self._network, state, (x,))
            return tuple(heard)  # captured values leave vmap only by being returned

        with torch.no_grad(), self._evaluating():
            outputs = self._vectorised(one, (0, None), state, x)
        checks.some_called(self.layers)
        for name, out in zip(self.layers, outputs, strict=True):
            checks.sample_axis(name, tuple(out.shape[1:]), len(x))
        return [out.flatten(2) if out.ndim > 2 else out[..., None] for out in outputs]

    def _vectorised(self, function: Callable[..., Any], in_dims: tuple[int | None, ...], *arguments: Any) -> Any:
        """vmap over the copies; where only vmap is to blame for a failure, say so."""
        import torch

        with self._randomness:
            try:
                return torch.func.vmap(function, in_dims, randomness="different")(*arguments)
            except torch.OutOfMemoryError:
                raise  # no fault of the network's: fewer copies, snapshots or samples at a time
            except RuntimeError as error:
                first = [
                    _member(argument, 0) if axis == 0 else argument for argument, axis in zip(arguments, in_dims, strict=True)
                ]
                function(*first)  # one copy alone: an error of the network or its input is raised as torch words it
                raise checks.not_vectorisable(self._network, error) from error

    def _received(self, name: str, array: Any) -> Tensor:
        import torch

        if isinstance(array, np.ndarray):
            array = torch.from_numpy(array.copy()).to(self.device)
            array = array.to(next(iter(self.parameters.values())).dtype) if array.is_floating_point() else array
        return checks.on_device(name, array, self.device)

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        self._network.eval()
        try:
            yield
        finally:
            for module, training in zip(self._network.modules(), self._modes, strict=True):
                module.training = training


@contextmanager
def one_thread() -> Iterator[None]:
    """torch held to one CPU thread: networks this small lose by more."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Watched:
    """Forward hooks that report to whoever listens."""

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        self.names: tuple[str, ...] = ()
        self._heard: list[tuple[str, Tensor]] | None = None
        for name, module in modules.items():
            module.register_forward_hook(functools.partial(self._hear, name))

    def _hear(self, name: str, module: nn.Module, inputs: Any, output: Any) -> None:
        if self._heard is not None:
            checks.tensor_output(name, output)
            self._heard.append((name, output.clone()))  # a later in-place operation must not reach it

    @contextmanager
    def listening(self) -> Iterator[list[Tensor]]:
        self._heard, outputs = [], []
        try:
            yield outputs
        finally:
            heard, self._heard = self._heard, None
        names = [name for name, _ in heard]
        self.names = tuple(
            name if names[:i].count(name) == 0 else f"{name}#{names[:i].count(name) + 1}" for i, name in enumerate(names)
        )
        outputs.extend(output for _, output in heard)


class _Randomness:
    """torch's global generators, exchanged for the ensemble's own while it computes (vmap draws dropout from them)."""

    def __init__(self, seed: int, device: torch.device) -> None:
        import torch

        self._cuda = device if device.type == "cuda" else None
        places = [torch.device("cpu")] if self._cuda is None else [torch.device("cpu"), device]
        self._states = [torch.Generator(place).manual_seed(seed).get_state() for place in places]  # manual_seed: every device

    def _exchange(self, states: list[Tensor]) -> list[Tensor]:
        import torch

        found = [torch.get_rng_state()]
        torch.set_rng_state(states[0])
        if self._cuda is not None:
            found.append(torch.cuda.get_rng_state(self._cuda))
            torch.cuda.set_rng_state(states[1], self._cuda)
        return found

    def __enter__(self) -> None:
        self._found = self._exchange(self._states)

    def __exit__(self, *error: object) -> None:
        self._states = self._exchange(self._found)


def _watch(network: nn.Module, watch: Any) -> _Watched:
    modules = {name or "network": module for name, module in network.named_modules()}
    if watch is None:
        chosen = {name for name, module in modules.items() if not list(module.children())}
    else:
        chosen = set()
        for wanted in watch if isinstance(watch, list | tuple | set) else [watch]:
            checks.watchable(wanted)
            if isinstance(wanted, str):
                found = {wanted} & modules.keys()
            else:
                found = {name for name, module in modules.items() if isinstance(module, wanted)}
            chosen |= checks.watched(wanted, found, modules)
    return _Watched({name: module for name, module in modules.items() if name in chosen})


def _stack(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    import torch

    return {
        name: torch.stack([state[name].detach() for state in states]).requires_grad_(leaf.requires_grad)
        for name, leaf in states[0].items()
    }


def _member(argument: Any, i: int) -> Any:
    if isinstance(argument, dict):
        return {name: stacked[i].detach().clone() for name, stacked in argument.items()}
    return argument[i]


def _integer(stream: np.random.SeedSequence) -> int:
    return int(stream.generate_state(1, np.uint64)[0] >> np.uint64(1))


def _drawn_anew(network: nn.Module, stream: np.random.SeedSequence) -> nn.Module:
    """A copy with fresh parameters, drawn on the CPU so that every device starts from the same ones."""
    import torch

    (init,) = stream.spawn(1)
    device = next(network.parameters()).device
    fresh = copy.deepcopy(network).cpu()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(_integer(init))
        for name, module in fresh.named_modules():
            if next(module.parameters(recurse=False), None) is not None:
                checks.resettable(name, module)()
    return fresh.to(device)
