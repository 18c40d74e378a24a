"""Stands in for the report's experimental_setup.py: networks, X, y -> information planes.

The names, arguments and draws from NumPy's global generator are those of
github.com/vadim0x60/IDNN-Replication-Study, with `experiment` and `fit` of its notebook; the code
is fastmi's. Copies train in parallel, and a plane is counted at once.

Networks are called on batches, where the original forwards sample by sample while it estimates: the
same values, but for the last bits of float32 sums, which can move an activation that lies on an
edge. They are read in evaluation mode. While `experiment` and `fit` run, torch is held to one
thread: networks this small lose by more.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from tqdm import tqdm

from fastmi import checks
from fastmi.arrays import Activations, Array, IntArray, LabelsLike
from fastmi.binning import Edges
from fastmi.coding import identify_rows
from fastmi.compat.information_process import narrowed
from fastmi.inputs import container, shown
from fastmi.networks import Ensemble, InformationStopping, evaluating, guards, one_thread
from fastmi.networks.forwarding import CHUNK_NETWORKS
from fastmi.planes import PlaneEstimator, Points
from fastmi.tables import InformationPlane

__all__ = [
    "BufferedSequential",
    "Copies",
    "ReshapeLayer",
    "ZivInformationPlane",
    "experiment",
    "fit",
    "mutual_information_for_network_family",
]

BINS = np.linspace(-1, 1, 30)
ACTIVATION_BINS = np.linspace(-1, 1, 50)  # edges: 49 bins, and a symbol for exactly 1.0
FILE = "information_plane.png"


class ZivInformationPlane:
    """Estimates I(X;T) = H(T) - H(T|X) and I(T;Y) = H(T) - H(T|Y) of a layer, plug-in, in bits.

    The recipe is that of Shwartz-Ziv and Tishby.

    The edges are rounded to float32; a value below the first joins the symbol at and above the
    last. A symbol of X or Y is a distinct row. (arXiv:1703.00810.)

    Args:
        X: (n, ...) numbers, one row a sample.
        Y: (n,) or (n, k) numbers, one-hot or not; a list will do.
        bins: the edges.

    Attributes:
        X, Y: as given. estimator: the `fastmi.PlaneEstimator` behind it.

    Raises:
        TypeError: an unknown container or dtype.
        ValueError: no samples, different numbers of them, NaN, a Y of three axes, edges that do not
            increase.

    Example:
        >>> import numpy as np
        >>> plane = ZivInformationPlane(np.arange(4)[:, None], np.array([[0], [0], [1], [1]]))
        >>> plane.mutual_information(np.array([[-0.9], [-0.8], [0.8], [0.9]]))
        (2.0, 1.0)
    """

    def __init__(self, X: Array, Y: LabelsLike, bins: npt.ArrayLike = BINS) -> None:
        self.X, self.Y = X, Y
        x = checks.numbers("X", X)
        y = np.asarray(Y) if isinstance(Y, list | tuple) else Y
        y_rows = checks.numbers("Y", y)
        checks.one_plane(x, y)
        self.estimator = PlaneEstimator(
            x, identify_rows(y_rows)[0], Edges(bins, out_of_range="wrap")
        )

    def mutual_information(self, layer_output: Activations) -> tuple[float, float]:
        """Estimates (I(X;T), I(T;Y)) of one layer.

        Args:
            layer_output: (n, d) activations, or (n, ...), flattened; NumPy array or tensor.

        Raises:
            TypeError, ValueError: not real activations of these n samples, NaN.
        """
        ((i_xt, i_ty),) = self.estimator.estimate(narrowed(layer_output))
        return float(i_xt), float(i_ty)


class ReshapeLayer(nn.Module):
    """Reshapes x as x.reshape(new_shape); -1 stands for the samples.

    It is made by ReshapeLayer((-1, 1, 14, 14)) or ReshapeLayer(-1, 1, 14, 14).

    Raises:
        TypeError: sizes that are no integers. ValueError: no size, one below 1 but for a single -1.

    Example:
        >>> ReshapeLayer((-1, 9))(torch.zeros(2, 3, 3)).shape
        torch.Size([2, 9])
    """

    def __init__(self, *new_shape: int | Sequence[int]) -> None:
        super().__init__()
        whole = len(new_shape) == 1 and isinstance(new_shape[0], list | tuple | np.ndarray)
        self.new_shape = _sizes(new_shape[0] if whole else new_shape)

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(self.new_shape)

    def extra_repr(self) -> str:
        return str(self.new_shape)


class _Function(nn.Module):
    """A layer that is a plain function."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class BufferedSequential(nn.Module):
    """Layers in sequence; after a call, `.buffer` holds the outputs of those that are flagged.

    Works inside `fastmi.Ensemble`: values that exist only under `torch.func.vmap` are not kept, and
    `.buffer` stays as it was.

    Args:
        layers: modules, or functions of one tensor.
        buffer_or_not: a flag for each.

    Attributes:
        layers: an nn.ModuleList. buffer_or_not: the flags. n_buffers: how many are true.
        buffer: copies of the outputs, detached (the original keeps their graph), which np.asarray
            takes; [] before a call.

    Raises:
        TypeError: layers that are neither modules nor functions, flags that are neither true nor
            false.
        ValueError: not one flag for each layer.

    Example:
        >>> network = BufferedSequential([nn.Linear(3, 2), nn.Tanh()], [False, True])
        >>> network(np.zeros((5, 3))).shape, [layer.shape for layer in network.buffer]
        (torch.Size([5, 2]), [torch.Size([5, 2])])
    """

    def __init__(
        self, layers: Iterable[Callable[[Tensor], Tensor]], buffer_or_not: Iterable[bool | int]
    ) -> None:
        super().__init__()
        modules = _sequence("layers", layers, "modules")
        flags = _sequence("buffer_or_not", buffer_or_not, "flags")
        self.layers = nn.ModuleList([_layer(i, layer) for i, layer in enumerate(modules)])
        self.buffer_or_not = tuple(_flag(i, flag) for i, flag in enumerate(flags))
        _one_flag_each(self.layers, self.buffer_or_not)
        self.n_buffers = sum(self.buffer_or_not)
        self.buffer: list[Tensor] = []

    def forward(self, x: npt.ArrayLike | Tensor) -> Tensor:
        """Gives the output, and keeps those of the flagged layers.

        x is a tensor, or numbers, which take the type and the device of the parameters.
        """
        out, flagged = self.through(x if isinstance(x, Tensor) else _tensor(self, "x", x))
        if all(_has_memory(layer) for layer in flagged):
            self.buffer = [layer.detach().clone() for layer in flagged]
        return out

    def through(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Gives the output, and the outputs of the flagged layers; nothing is kept."""
        flagged = []
        for layer, flag in zip(self.layers, self.buffer_or_not, strict=True):
            x = layer(x)
            if flag:
                flagged.append(x.clone())  # a later in-place operation must not reach it
        return x, flagged


def mutual_information_for_network_family(
    infoplane: ZivInformationPlane, buffered_networks: Sequence[BufferedSequential]
) -> list[tuple[float, float]]:
    """Sends every sample through one network of the family, drawn at random.

    It is the report's "extended" estimator.

    T of sample i is the buffered output of network `assignment[i]` on it, assignment =
    np.random.choice(n_networks, n): NumPy's global generator gives what n scalar draws would.
    (Quantity: `fastmi.PlaneEstimator.sampled`.)

    Args:
        infoplane: X, Y and the bins.
        buffered_networks: a sequence of `BufferedSequential`; each is called once, on the samples
            that are sent through it.

    Returns:
        (I(X;T), I(T;Y)) in bits for each buffered layer.

    Raises:
        TypeError: something else than a plane and a sequence of networks that have a `buffer` after
            a call.
        ValueError: no network, a buffered output whose first axis is not the samples, networks that
            keep other layers.
    """
    _family(infoplane, buffered_networks)
    x = np.asarray(infoplane.X.cpu() if isinstance(infoplane.X, Tensor) else infoplane.X)
    assignment = _choice(len(buffered_networks), len(x))
    layers: list[npt.NDArray[Any]] = []
    for i, network in enumerate(buffered_networks):
        (rows,) = np.nonzero(assignment == i)
        if not len(rows):
            continue
        with evaluating(network), torch.no_grad():
            network(_tensor(network, "X", x[rows]))
        values = [_kept(j, output, len(rows)) for j, output in enumerate(_buffer(i, network))]
        layers = layers or [np.empty((len(x), value.shape[1]), value.dtype) for value in values]
        if [value.shape[1] for value in values] != [layer.shape[1] for layer in layers]:
            raise ValueError(
                f"buffered_networks[{i}] keeps layers of {[value.shape[1] for value in values]} "
                f"units, one before it of {[layer.shape[1] for layer in layers]}: pass copies of "
                "one network"
            )
        for layer, value in zip(layers, values, strict=True):
            layer[rows] = value
    return [infoplane.mutual_information(layer) for layer in layers]


class Copies(list[BufferedSequential]):
    """The trained copies, a list, and `.plane`, the `fastmi.InformationPlane` of their training."""

    def __init__(self, networks: Iterable[BufferedSequential], plane: InformationPlane) -> None:
        super().__init__(networks)
        self.plane = plane


def experiment(
    base_network: BufferedSequential,
    X: Array,
    y: LabelsLike,
    epochs: int = 100,
    lr: float = 0.2,
    batch_size: int = 101,
    network_copies: int = 1,
    plot: str | None = "dynamic",
    activation_bins: npt.ArrayLike = ACTIVATION_BINS,
) -> Copies:
    """Trains copies of a network by SGD, and estimates each buffered layer after every epoch.

    The loss is the mean squared error.

    An epoch is one step of every copy, on np.random.permutation(n)[:batch_size] rows drawn anew for
    each. Then every sample is sent through one copy, np.random.choice(network_copies, n), as in
    `mutual_information_for_network_family`. NumPy's global generator is used in that order, as in
    the original.

    Args:
        base_network: copied, never trained; a `fastmi.LoopWarning` where torch.func.vmap cannot
            take it (`fastmi.Ensemble`).
        X: (n, ...) numbers. y: (n,) or (n, k) numbers, as many for each sample as the network has
            outputs.
        plot: "dynamic": the plane is redrawn during training, at most 50 times and in at most a
            fifth of the time. "once": it is drawn at the end. None: not at all. It appears in the
            notebook's cell, or in a window where matplotlib's backend has them; else it is written
            at the end to information_plane.png in the working directory.
        activation_bins: the edges.

    Returns:
        the trained copies, a list; its `.plane` holds I(X;T) and I(T;Y) of each epoch 1, 2, ... and
        layer, in bits.

    Raises:
        TypeError: not a `BufferedSequential`; a learning rate that is no number.
        ValueError: as `ZivInformationPlane`; a learning rate below 0 or not finite, another plot; y
            that does not fit the prediction. (The original makes (101, 1) labels into (101, 1, 1)
            targets, which today's torch broadcasts to (101, 101, 1) losses: the network dies of
            it.)

    Example:
        >>> network = BufferedSequential([nn.Linear(3, 1), nn.Tanh()], [False, True])
        >>> x = np.arange(60).reshape(20, 3) / 60
        >>> copies = experiment(
        ...     network, x, x[:, 0] > 0.5, epochs=4, batch_size=5, network_copies=2, plot=None
        ... )
        >>> len(copies), copies.plane.i_xt.shape
        (2, (4, 1, 1))
    """
    _buffering("base_network", base_network, BufferedSequential)
    epochs = checks.positive_integer("epochs", epochs)
    batch_size = checks.positive_integer("batch_size", batch_size)
    n_copies = checks.positive_integer("network_copies", network_copies)
    lr, screen = checks.not_negative("lr", lr), _Screen(plot)
    infoplane = ZivInformationPlane(X, y, bins=activation_bins)
    inputs, targets = _training_set(base_network, X, y)
    optimizer = functools.partial(torch.optim.SGD, lr=lr)
    ensemble = Ensemble(_Tapped(base_network), n_copies, optimizer=optimizer, watch=_Tap)
    points: list[Points] = []

    def plane() -> InformationPlane:
        return InformationPlane.collect(
            infoplane.estimator,
            points,
            epochs=range(1, 1 + sum(len(chunk.i_xt) for chunk in points)),
            layers=[f"layer {i + 1}" for i in range(base_network.n_buffers)],
            reading="sampled" if n_copies > 1 else "each",
            n_copies=n_copies,
        )

    with one_thread():
        for snapshots, assignment in _trained(ensemble, inputs, targets, epochs, batch_size):
            points.append(
                _sampled(infoplane.estimator, ensemble.activations(inputs, snapshots), assignment)
            )
            screen.redraw(plane, done=sum(len(chunk.i_xt) for chunk in points) / epochs)
    screen.finish(plane)
    return Copies((cast("_Tapped", member).network for member in ensemble.networks()), plane())


def fit(
    network: BufferedSequential,
    X: Array,
    y: LabelsLike,
    epochs: int = 10,
    epoch_length: int = 10,
    mi_tol: float = 0.1,
    beta: float = 1,
    lr: float = 0.2,
    batch_size: int = 101,
    activation_bins: npt.ArrayLike = ACTIVATION_BINS,
    loss: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> list[tuple[float, float]]:
    """Trains a network by SGD until the information plane of its last buffered layer comes to rest.

    Every `epoch_length` steps J = I(T;Y) - beta I(X;T) is estimated; training stops when J has
    moved by less than `mi_tol` bits since the check before, or after `epochs` checks. The first
    check has none before it and never stops. This is `fastmi.InformationStopping(beta, mi_tol,
    patience=1)`, which says what rest can mean and what deceives it.

    What was wrong: the original names `network_copies` and `tol`, which do not exist there; it
    compares J with a constant 1e-19 that is never updated; and it stops where J - 1e-19 < tol
    1e-19, which with beta = 1 holds at every first check.

    Args:
        network: trained in place. X, y, lr, batch_size, activation_bins: as in `experiment`.
        mi_tol: bits; 0 never stops early. beta: at least 0.
        loss: (prediction, target) -> a scalar; None is the mean squared error.

    Returns:
        (I(X;T), I(T;Y)) in bits at every check; the original returns nothing.

    Raises:
        TypeError, ValueError: as `experiment`; beta or mi_tol that is negative or not finite, a
            loss that is no function, or returns what cannot be learnt from.
    """
    _buffering("network", network, BufferedSequential)
    epochs = checks.positive_integer("epochs", epochs)
    epoch_length = checks.positive_integer("epoch_length", epoch_length)
    batch_size = checks.positive_integer("batch_size", batch_size)
    rule = InformationStopping(beta, checks.not_negative("mi_tol", mi_tol), patience=1)
    lr = checks.not_negative("lr", lr)
    measure = nn.functional.mse_loss if loss is None else guards.loss(loss)
    infoplane = ZivInformationPlane(X, y, bins=activation_bins)
    path: list[tuple[float, float]] = []
    # gradients are needed, whatever the caller has set
    with one_thread(), torch.inference_mode(False):
        inputs, targets = _training_set(network, X, y)
        solver = torch.optim.SGD(network.parameters(), lr=lr)
        for _ in tqdm(range(epochs), disable=None):
            for _ in range(epoch_length):
                rows = torch.from_numpy(_batch(len(inputs), batch_size)).to(inputs.device)
                solver.zero_grad()
                guards.differentiable(
                    guards.scalar_loss(measure(network(inputs[rows]), targets[rows]))
                ).backward()
                solver.step()
            path.append(mutual_information_for_network_family(infoplane, [network])[-1])
            if rule.update(*path[-1]):
                break
    return path


class _Tap(nn.Identity):
    """Where an ensemble listens: once for each flagged layer, whichever module it is."""


class _Tapped(nn.Module):
    """A buffered network whose flagged outputs pass through taps instead of being kept."""

    def __init__(self, network: BufferedSequential) -> None:
        super().__init__()
        self.network = network
        self.taps = nn.ModuleList([_Tap() for _ in range(network.n_buffers)])

    def forward(self, x: Tensor) -> Tensor:
        out, flagged = self.network.through(x)
        for tap, layer in zip(self.taps, flagged, strict=True):
            tap(layer)
        return out


def _trained(
    ensemble: Ensemble, inputs: Tensor, targets: Tensor, epochs: int, batch_size: int
) -> Iterator[tuple[list[dict[str, Tensor]], IntArray]]:
    """Trains, and gives snapshots of epochs 1, 2, ... and the copy of each sample (epochs, n).

    They come a chunk at a time, so that memory is bounded.
    """
    n, n_copies = len(inputs), ensemble.n_copies
    together = max(1, CHUNK_NETWORKS // n_copies)
    snapshots, assignments = [], []
    for epoch in tqdm(range(1, epochs + 1), disable=None):
        rows = torch.from_numpy(np.stack([_batch(n, batch_size) for _ in range(n_copies)])).to(
            inputs.device
        )
        ensemble.step(inputs[rows], targets[rows])
        snapshots.append(ensemble.snapshot())
        assignments.append(_choice(n_copies, n))
        if len(snapshots) == together or epoch == epochs:
            yield snapshots, np.stack(assignments)
            snapshots, assignments = [], []


def _sampled(estimator: PlaneEstimator, layers: list[Tensor], assignment: IntArray) -> Points:
    """Reads layers (epochs, n_copies, n, d), each sample of its copy -> points (epochs, n_layers).

    The assignment is (epochs, n).
    """
    epochs, n = assignment.shape
    chosen = [layer[np.arange(epochs)[:, None], assignment, np.arange(n)] for layer in layers]
    rows = [narrowed(layer.reshape(epochs * n, -1)).reshape(epochs, 1, n, -1) for layer in chosen]
    each = estimator.readings(rows)["each"]
    return each.map(lambda column: column[:, 0])


class _Screen:
    """Shows the plane where it can be looked at: as it grows, at its end, or never."""

    def __init__(self, plot: str | None) -> None:
        off = plot is None or plot is False or (isinstance(plot, str) and not plot)
        self._plot = None if off else checks.one_of("plot", plot, ("dynamic", "once"))
        if self._plot:
            from fastmi import screens

            self._live = screens.Live(FILE, rewrite=False)

    def redraw(self, plane: Callable[[], InformationPlane], done: float) -> None:
        if self._plot == "dynamic":
            self._live.redraw(lambda: plane().plot(), done)

    def finish(self, plane: Callable[[], InformationPlane]) -> None:
        """Shows the whole plane; a file is announced."""
        if not self._plot:
            return
        try:
            self._live.finish(lambda: plane().plot())
        except OSError as error:  # the networks are worth more than their picture
            warnings.warn(f"the information plane could not be written: {error}", stacklevel=3)
        else:
            if self._live.where == "file":
                print(f"The information plane is in {Path(FILE).resolve()}")


def _batch(n: int, batch_size: int) -> IntArray:
    """Draws a batch as in the original, from the same generator."""
    return np.random.permutation(n)[:batch_size]  # noqa: NPY002


def _choice(n_networks: int, n: int) -> IntArray:
    """Draws the same numbers, from the same generator, as n scalar draws."""
    return np.random.choice(n_networks, n)  # noqa: NPY002


def _training_set(network: BufferedSequential, X: Any, y: Any) -> tuple[Tensor, Tensor]:
    """Takes X, and y in the shape of the prediction.

    Both take the type and the device of the parameters.
    """
    inputs = _tensor(network, "X", X)
    probe = inputs[:2]
    with evaluating(network), torch.no_grad():
        prediction, _ = network.through(probe)
    y = checks.numbers("y", np.asarray(y) if isinstance(y, list | tuple) else y)
    _targets_fit(y.shape, len(probe), tuple(prediction.shape))
    return inputs, _tensor(network, "y", y).reshape(len(y), *prediction.shape[1:])


def _tensor(network: Any, name: str, array: Any) -> Tensor:
    """Makes a tensor in the type of the parameters that are no whole numbers, on their device.

    It is a copy, which the network may overwrite.
    """
    parameters = network.parameters() if isinstance(network, nn.Module) else ()
    floats = (leaf for leaf in parameters if leaf.is_floating_point() or leaf.is_complex())
    parameter = next(floats, torch.empty(0, device="cpu"))
    if isinstance(array, Tensor):
        tensor = guards.batch(name, array).detach()
        return (tensor.clone() if tensor.is_inference() else tensor).to(
            parameter.device, parameter.dtype
        )
    plain = guards.numbers(name, array if isinstance(array, np.ndarray) else np.asarray(array))
    return torch.from_numpy(plain).to(parameter.device, parameter.dtype)


def _sizes(shape: Any) -> tuple[int, ...]:
    """Checks sizes of at least 1, but for a single -1."""
    for size in shape:
        if isinstance(size, bool | str) or not isinstance(size, int | np.integer):
            raise TypeError(
                f"new_shape holds {shown(size)}: pass integers, as ReshapeLayer(-1, 1, 14, 14)"
            )
    if (
        not len(shape)
        or sum(size == -1 for size in shape) > 1
        or any(size < 1 and size != -1 for size in shape)
    ):
        raise ValueError(
            f"new_shape is {shown(tuple(shape))}: pass sizes of at least 1, and one -1 for the "
            "samples"
        )
    return tuple(int(size) for size in shape)


def _layer(i: int, layer: Any) -> nn.Module:
    """Checks a module, or makes one of a function."""
    if isinstance(layer, type) and issubclass(layer, nn.Module):
        raise TypeError(
            f"layers[{i}] is the class {layer.__name__}: pass one of it, {layer.__name__}(...)"
        )
    if isinstance(layer, nn.Module):
        return layer
    return _Function(
        checks.function(f"layers[{i}]", layer, "a module, or a function of one tensor")
    )


def _flag(i: int, flag: Any) -> bool:
    """Checks what is true or false."""
    if not isinstance(flag, bool | np.bool_) and (
        not isinstance(flag, int | np.integer) or flag not in (0, 1)
    ):
        raise TypeError(f"buffer_or_not[{i}] is {shown(flag)}: pass True or False for each layer")
    return bool(flag)


def _family(infoplane: Any, networks: Any) -> None:
    """Refuses what is no plane, and no list of networks."""
    if not isinstance(infoplane, ZivInformationPlane):
        raise TypeError(
            f"infoplane is a {type(infoplane).__qualname__}: pass a ZivInformationPlane(X, Y)"
        )
    if isinstance(networks, str) or not isinstance(networks, Sequence):
        raise TypeError(
            f"buffered_networks is {shown(networks)}: pass a list of networks ([network])"
        )
    _some_networks(networks)
    for i, network in enumerate(networks):
        checks.function(
            f"buffered_networks[{i}]", network, "BufferedSequential(layers, buffer_or_not)"
        )


def _buffer(i: int, network: Any) -> Sequence[Any]:
    """Takes what a network keeps after a call."""
    kept = getattr(network, "buffer", None)
    if not isinstance(kept, list | tuple):
        raise TypeError(
            f"buffered_networks[{i}] is a {type(network).__qualname__} without a list `buffer` "
            "after a call: pass a BufferedSequential(layers, buffer_or_not)"
        )
    return kept


def _kept(layer: int, output: Any, n_rows: int) -> npt.NDArray[Any]:
    """Takes a buffered output as an array (n, d)."""
    values = container(f"buffer[{layer}]", output.cpu() if isinstance(output, Tensor) else output)
    _samples_first(layer, values.shape, n_rows)
    return values.reshape(n_rows, -1)


def _has_memory(tensor: Tensor) -> bool:
    """Judges whether a tensor has memory of its own.

    False of what stands for a batch under torch.func.vmap, or for a gradient under torch.func.grad.
    """
    try:
        tensor.untyped_storage()
    except NotImplementedError:
        return False
    return True


def _buffering(name: str, network: Any, kind: type) -> None:
    """Refuses what is no network that keeps the outputs of some of its layers."""
    if not isinstance(network, kind):
        raise TypeError(
            f"{name} is a {type(network).__qualname__}: pass a {kind.__name__}(layers, "
            "buffer_or_not)"
        )
    if not network.n_buffers:
        raise ValueError(
            f"{name} keeps no layer's output, so there is nothing to estimate: flag a layer in "
            "buffer_or_not"
        )


def _sequence(name: str, given: Any, things: str) -> list[Any]:
    """Makes a list, which a string is not."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise TypeError(f"{name} is {shown(given)}: pass a list of {things}")
    return list(given)


def _one_flag_each(layers: Sized, buffer_or_not: Sequence[bool]) -> None:
    """Refuses more or fewer flags than layers."""
    if len(layers) != len(buffer_or_not) or not len(layers):
        raise ValueError(
            f"buffer_or_not holds {len(buffer_or_not)} flags for {len(layers)} layers: pass one "
            "flag for each layer"
        )


def _some_networks(networks: Sequence[Any]) -> None:
    """Refuses a family without networks."""
    if not len(networks):
        raise ValueError("buffered_networks is empty: there is nothing to draw from")


def _samples_first(layer: int, shape: tuple[int, ...], n_rows: int) -> None:
    """Refuses a buffered output whose first axis is not the samples."""
    if not shape or shape[0] != n_rows:
        raise ValueError(
            f"buffer[{layer}] has shape {shape} after a call on {n_rows} samples: the first axis of"
            " a buffered output must be the samples (ReshapeLayer((-1, ...)))"
        )


def _targets_fit(shape: tuple[int, ...], n_rows: int, prediction: tuple[int, ...]) -> None:
    """Refuses y that cannot take the prediction's shape.

    It needs as many numbers for each sample, whatever the axes they stand in.
    """
    if (
        not prediction
        or prediction[0] != n_rows
        or np.prod(shape[1:], dtype=int) != np.prod(prediction[1:], dtype=int)
    ):
        raise ValueError(
            f"y has shape {shape}, but on {n_rows} samples the network's prediction has "
            f"{prediction}, and the loss would broadcast them against each other: give y as many "
            "numbers a sample as the network has outputs ((n, 1), or one-hot (n, k))"
        )
