"""Every guard and message a caller can meet: what came, what was expected, the way out. Arrays leave here ready for a twin."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence, Sized
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

__all__ = [
    "activations",
    "assignment",
    "base",
    "binning",
    "buffered",
    "buffering",
    "census",
    "copies",
    "copy_axis",
    "countable",
    "depth_of_caller",
    "edges",
    "elementwise",
    "flags",
    "function",
    "increasing_range",
    "is_tensor",
    "labels",
    "layers",
    "network_family",
    "no_folder",
    "not_a_table",
    "not_vectorisable",
    "not_written",
    "numbered",
    "numbers",
    "on_device",
    "one_of",
    "one_plane",
    "points",
    "positive_integer",
    "resettable",
    "same_batch",
    "same_device",
    "same_length",
    "sample_axis",
    "scalar_loss",
    "seed",
    "shares",
    "snapshots",
    "some_called",
    "some_panels",
    "table",
    "target",
    "targets_fit",
    "tensor_output",
    "tensor_prediction",
    "vectorisable",
    "watchable",
    "watched",
    "whole",
]

MAX_SAMPLES = 2**31 - 1  # symbol ids are int32 inside a segment


# --- containers -------------------------------------------------------------------------------------------------------


def is_tensor(array: object) -> bool:
    """Without importing torch: if it was never imported, nothing can be a tensor."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def _from_tensor(name: str, tensor: torch.Tensor) -> Any:
    """CPU tensors become NumPy views (no copy), CUDA tensors stay; both detached."""
    import torch

    if tensor.layout != torch.strided or tensor.device.type not in ("cpu", "cuda"):
        raise TypeError(
            f"{name} is a {tensor.layout} tensor on device '{tensor.device}': pass a dense tensor on 'cpu' or 'cuda' "
            "(tensor.to_dense(), tensor.cpu())"
        )
    tensor = tensor.detach()
    if tensor.dtype == torch.bfloat16:  # NumPy has no such type
        tensor = tensor.float()
    if tensor.device.type == "cuda":
        return tensor
    return tensor.resolve_conj().resolve_neg().numpy()


def _container(name: str, array: Any) -> Any:
    if is_tensor(array):
        return _from_tensor(name, array)
    if isinstance(array, np.ndarray) and not isinstance(array, np.ma.MaskedArray | np.matrix):
        return array
    raise TypeError(
        f"{name} is a {type(array).__module__}.{type(array).__qualname__}: pass a NumPy array or a torch tensor "
        "(np.asarray(...), frame.to_numpy())"
    )


def same_device(**arrays: Any) -> None:
    """All in CPU memory, or all on one CUDA device."""
    where = {name: str(array.device) if is_tensor(array) else "cpu" for name, array in arrays.items()}
    if len(set(where.values())) > 1:
        places = ", ".join(f"{name} on '{place}'" for name, place in where.items())
        raise ValueError(f"arrays on different devices: {places}; move them to one (tensor.cpu(), tensor.to(...))")


# --- arrays -----------------------------------------------------------------------------------------------------------


def activations(name: str, array: Any, n_samples: int | None = None) -> Any:
    """-> float32 (..., n, d), NumPy or CUDA; half, bfloat16 and float64 are rounded to float32 first."""
    array = _container(name, array)
    kind = array.dtype if is_tensor(array) else array.dtype.kind
    if kind in ("O", "c", "U", "S", "T", "M", "m", "V") or str(kind).startswith("torch.complex"):
        raise TypeError(f"{name} has dtype {array.dtype}: activations are real numbers (array.astype(np.float32))")
    if array.ndim < 2:
        raise ValueError(f"{name} has shape {tuple(array.shape)}: activations are (..., n_samples, n_units)")
    n, d = array.shape[-2:]
    if n_samples is not None and n != n_samples:
        raise ValueError(
            f"{name} has {n} samples (shape {tuple(array.shape)}), but x and y have {n_samples}: "
            "the axis before the last is the samples (flatten the axes of one sample: .reshape(n, -1))"
        )
    _count(name, n)
    if d == 0 or 0 in array.shape:
        raise ValueError(f"{name} has shape {tuple(array.shape)}: there is nothing to encode")
    if is_tensor(array):
        return array.float()
    with np.errstate(over="ignore"):  # beyond float32 is +-inf, and +-inf has its symbol
        return array.astype(np.float32, copy=False)


def labels(name: str, array: Any) -> Any:
    """-> labels ready to be counted: int64 (NumPy or CUDA), or strings; lists and tuples are taken as arrays."""
    if isinstance(array, list | tuple):
        try:
            array = np.asarray(_one_kind(name, array))
        except ValueError:
            raise ValueError(f"{name} is a ragged list: labels are (n,), or rows of one length (n, d)") from None
    array = _container(name, array)
    if array.ndim == 0:
        raise ValueError(f"{name} is a single value: labels are (n,), rows (n, d), batches of rows (..., n, d)")
    if 0 in array.shape:
        raise ValueError(f"{name} has shape {tuple(array.shape)}: there is nothing to count (n = 0)")
    _count(name, array.shape[0 if array.ndim == 1 else -2])
    return _device_labels(name, array) if is_tensor(array) else _host_labels(name, array)


def _one_kind(name: str, labels: Sequence[Any]) -> Sequence[Any]:
    """NumPy would write numbers out as strings beside strings, and 1 would be "1"."""
    if len({isinstance(label, str | bytes) for label in labels}) > 1:
        raise TypeError(f"{name} mixes strings with other labels: make them all strings, or all numbers")
    return labels


def _host_labels(name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if array.dtype.kind in "USTbiu":
        if array.dtype.kind == "u" and array.dtype.itemsize == 8:
            return array.view(np.int64) if array.flags.c_contiguous else array.copy().view(np.int64)
        return array if array.dtype.kind in "UST" else array.astype(np.int64, copy=False)
    if array.dtype.kind != "f":
        raise TypeError(f"{name} has dtype {array.dtype}: labels are integers, bools, strings or whole floats")
    array = array if array.dtype.itemsize > 2 else array.astype(np.float32)  # 2^63 is beyond float16
    odd = ~np.isfinite(array) | (array != np.floor(array)) | (np.abs(array) >= 2.0**63)
    if odd.any():
        raise _not_whole(name, array[odd].flat[0])
    return array.astype(np.int64)


def _device_labels(name: str, tensor: torch.Tensor) -> torch.Tensor:
    import torch

    if tensor.is_complex():
        raise TypeError(f"{name} has dtype {tensor.dtype}: labels are integers, bools, strings or whole floats")
    if tensor.is_floating_point():
        tensor = tensor.double()  # 2^63 is beyond float16
        odd = ~torch.isfinite(tensor) | (tensor != tensor.floor()) | (tensor.abs() >= 2.0**63)
        if bool(odd.any()):
            raise _not_whole(name, tensor[odd][0].item())
    return tensor.to(torch.int64)


def _not_whole(name: str, value: float) -> ValueError:
    return ValueError(
        f"{name} holds {value!s}, not a whole number within int64, and labels are discrete; bin them first: fastmi.encode"
    )


def numbers(name: str, array: Any) -> npt.NDArray[Any]:
    """Rows of X -> a real NumPy array (n, d) without NaN; every distinct row is a symbol, so -0 is made 0."""
    array = _container(name, array)
    array = array.cpu().numpy() if is_tensor(array) else array
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} has dtype {array.dtype}: pass real numbers, one row a sample")
    if array.ndim == 0 or 0 in array.shape:
        raise ValueError(f"{name} has shape {array.shape}: there is nothing to count (n = 0)")
    _count(name, array.shape[0])
    array = array.reshape(len(array), -1)
    if array.dtype.kind == "i":
        return array.astype(np.int64, copy=False)  # rows are packed into 63 bits: int8 would wrap there
    if array.dtype.kind != "f":
        return array
    nan = np.isnan(array).any(axis=1)
    if nan.any():
        raise ValueError(f"{name} holds NaN in row {int(nan.argmax())}: a NaN has no symbol; drop or fill those rows")
    return array + array.dtype.type(0)


def _count(name: str, n: int) -> None:
    if n == 0:
        raise ValueError(f"{name} has no samples (n = 0): there is nothing to count")
    countable(name, n)


def countable(name: str, n: int) -> None:
    if n > MAX_SAMPLES:
        raise ValueError(f"{name} has {n} samples: at most {MAX_SAMPLES} are counted at once")


def same_length(**arrays: Any) -> int:
    """The number of samples, which is the same in each."""
    lengths = {name: array.shape[0 if array.ndim == 1 else -2] for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError("different numbers of samples: " + ", ".join(f"{name} has {n}" for name, n in lengths.items()))
    return next(iter(lengths.values()))


def one_plane(x: Any, y: Any) -> int:
    """The number of samples of one x (n, d) and one y, (n,) or (n, k): neither is a batch."""
    if y.ndim > 2:
        raise ValueError(f"y has shape {tuple(y.shape)}: the labels of a plane are (n,) or (n, k); drop the other axes")
    return same_length(x=x, y=y)


def same_batch(**arrays: Any) -> None:
    """The leading axes of batches (..., n, d) are the same."""
    leading = {name: tuple(array.shape[:-2]) for name, array in arrays.items() if array.ndim > 2}
    if len(leading) and (len(leading) < len(arrays) or len(set(leading.values())) > 1):
        shapes = ", ".join(f"{name} is {tuple(array.shape)}" for name, array in arrays.items())
        raise ValueError(f"different batches: {shapes}; give all of them the same leading axes (np.broadcast_to)")


def layers(layers: Any, n_samples: int) -> list[Any]:
    """One array or a sequence of them -> list of float32 (..., n, d), on one device, with the same leading axes."""
    if isinstance(layers, np.ndarray) or is_tensor(layers):
        layers = [layers]
    if not isinstance(layers, Sequence) or not len(layers):
        raise TypeError(f"layers is {layers!r:.60}: pass one array (..., n, d) or a non-empty sequence of them")
    same_device(**{f"layers[{i}]": layer for i, layer in enumerate(layers)})
    arrays = [activations(f"layers[{i}]", layer, n_samples) for i, layer in enumerate(layers)]
    for i, array in enumerate(arrays):
        if array.shape[:-2] != arrays[0].shape[:-2]:
            raise ValueError(
                f"layers[{i}] has leading axes {tuple(array.shape[:-2])}, layers[0] has {tuple(arrays[0].shape[:-2])}: "
                "every layer needs the same copies and epochs in front of (n_samples, n_units)"
            )
    return arrays


def copies(shape: Sequence[int]) -> int:
    """The number of copies in layers (..., n_copies, n, d)."""
    if len(shape) < 3:
        raise ValueError(f"layers[0] has shape {tuple(shape)}: this reading takes (..., n_copies, n_samples, n_units)")
    return shape[-3]


def assignment(who: Any, shape: Sequence[int]) -> npt.NDArray[np.int64]:
    """-> the copy (0..n_copies - 1) that each sample of layers (..., n_copies, n, d) is sent through, (..., n)."""
    copies(shape)
    *leading, n_copies, n, _ = shape
    who = np.asarray(who.cpu() if is_tensor(who) else who)
    if who.dtype.kind not in "iu" or who.shape != (*leading, n):
        raise ValueError(
            f"assignment has dtype {who.dtype} and shape {who.shape}: pass one copy index per sample, integers {(*leading, n)}"
        )
    if who.min() < 0 or who.max() >= n_copies:
        wrong = who[(who < 0) | (who >= n_copies)][0]
        raise ValueError(f"assignment holds {wrong}, but the copies are 0..{n_copies - 1}")
    return who.astype(np.int64, copy=False)


def numbered(name: str, ids: Any) -> npt.NDArray[np.int64]:
    """-> int64 (n,), from (n,) or the (n, 1) of some versions of NumPy."""
    ids = np.asarray(ids)
    if ids.dtype.kind not in "iu" or ids.size == 0 or ids.size != ids.shape[0] or ids.min() < 0:
        raise ValueError(
            f"{name} has dtype {ids.dtype} and shape {ids.shape}: pass the number of each sample's symbol, integers (n,) "
            "from 0 on (np.unique(..., return_inverse=True))"
        )
    return ids.reshape(-1).astype(np.int64, copy=False)


def shares(name: str, given: npt.NDArray[Any], numbers_name: str, ids: npt.NDArray[np.int64]) -> None:
    """The given shares are those of the symbols."""
    found = np.bincount(ids) / len(ids)
    if given.shape != found.shape or not np.allclose(given, found, rtol=0, atol=1e-9) or not found.all():
        raise ValueError(
            f"{name} holds {given.size} shares that are not those of the {found.size} symbols in {numbers_name}: pass what "
            "extract_probs returned for the same samples"
        )


# --- the binning ------------------------------------------------------------------------------------------------------


def edges(values: Any) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """-> read-only float32 edges, at least two, finite, strictly increasing after the rounding; and as they were given."""
    try:
        given = np.asarray(_container("edges", values) if is_tensor(values) else values)
    except ValueError:
        raise TypeError("edges is a ragged list: pass a 1-D sequence of numbers") from None
    if given.dtype.kind not in "iuf" or given.ndim != 1:
        raise TypeError(f"edges has dtype {given.dtype} and shape {given.shape}: pass a 1-D sequence of numbers")
    if given.size < 2:
        raise ValueError(f"edges holds {given.size} value(s): a binning needs at least two edges")
    with np.errstate(over="ignore"):
        rounded = given.astype(np.float32)
    if not np.isfinite(rounded).all():
        wrong = given[~np.isfinite(rounded)][0]
        raise ValueError(f"edges holds {wrong}: edges are finite float32; values beyond them have symbols of their own")
    falls = np.flatnonzero(rounded[1:] <= rounded[:-1])
    if falls.size:
        i = int(falls[0])
        raise ValueError(
            f"edges must increase (as float32): edges[{i}] = {given[i]!s} is followed by {given[i + 1]!s}; "
            "sort them and drop repeats"
        )
    rounded.flags.writeable = False
    return rounded, given.astype(np.float64)


def increasing_range(range_: Any) -> tuple[float, float]:
    try:
        low, high = (float(value) for value in range_)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"range must be a pair (low, high), not {range_!r}") from None
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ValueError(f"range must be finite with low < high, not ({low}, {high})")
    return low, high


def binning(value: Any) -> Any:
    if not hasattr(value, "edges") or not hasattr(value, "ends"):
        raise TypeError(f"binning is {value!r:.60}: pass fastmi.Edges(...) or fastmi.UniformBins(...)")
    return value


def census(name: str, nan: int, outside: int, out_of_range: str, cut: str) -> None:
    """NaN has no symbol; under out_of_range="raise" neither has a value beyond the edges."""
    if nan:
        raise ValueError(
            f"{name} holds {nan} NaN, and a NaN has no bin: did the training diverge? drop those samples, or stop before them"
        )
    if outside and out_of_range == "raise":
        raise ValueError(
            f"{name} holds {outside} activations outside {cut} (bins are closed on the left, open on the right): "
            'widen the edges, or give outsiders symbols with out_of_range="separate"'
        )


def depth_of_caller() -> int:
    """The stacklevel at which a warning points to the caller of fastmi, however deep it was noticed."""
    frame, depth = sys._getframe(1), 0
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "fastmi":
        frame, depth = frame.f_back, depth + 1
    return depth + 1


# --- plain values -----------------------------------------------------------------------------------------------------


def one_of(name: str, value: Any, options: Iterable[str]) -> str:
    options = tuple(options)
    if value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}, not {value!r}")
    return value


def positive_integer(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, not {value}")
    return int(value)


def base(value: float | None) -> float | None:
    if value is not None and not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"base must be a number above 1, or None for nats, not {value!r}")
    if value is not None and not (np.isfinite(value) and value > 1):
        raise ValueError(f"base must be a number above 1, or None for nats, not {value!r}")
    return value


def seed(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise ValueError(f"seed must be an integer of at least 0, not {value!r}")
    return int(value)


# --- networks (torch is loaded by whoever has one) --------------------------------------------------------------------

ELEMENTWISE = ("SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Rprop", "Adagrad", "Adadelta", "ASGD")
_ALONE = "train its copies one by one with an ordinary loop"


def vectorisable(network: Any) -> None:
    """What is known before the first forward pass: no parameters, recurrent layers, running averages without a momentum."""
    import torch

    if not isinstance(network, torch.nn.Module):
        raise TypeError(f"network is a {type(network).__qualname__}: pass a torch.nn.Module")
    if next(network.parameters(), None) is None:
        raise ValueError(f"network ({type(network).__name__}) has no parameters: there is nothing to train")
    for name, module in network.named_modules():
        where = f"network has {type(module).__name__} at {name!r}" if name else f"network is a {type(module).__name__}"
        if isinstance(module, torch.nn.RNNBase):
            raise TypeError(f"{where}: torch.func.vmap has no rule for recurrent layers; {_ALONE}")
        if getattr(module, "momentum", 0) is None and getattr(module, "track_running_stats", False):
            raise TypeError(f"{where} with momentum=None, which reads a counter as a number; give it a momentum, or {_ALONE}")


def not_vectorisable(network: Any, error: Exception) -> TypeError:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return TypeError(
        f"network ({type(network).__name__}) cannot be vectorised over copies by torch.func.vmap: {reason}; {_ALONE}"
    )


def elementwise(optimizer: Any, parameters: dict[str, Any]) -> None:
    """Over stacked parameters only an element-wise optimiser is one optimiser per copy, and it must hold those, no others."""
    import torch

    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"optimizer returned a {type(optimizer).__qualname__}: pass parameters -> a torch.optim optimiser")
    if type(optimizer) not in [getattr(torch.optim, name) for name in ELEMENTWISE]:
        raise TypeError(
            f"optimizer is {type(optimizer).__name__}, which is not known to treat every parameter element alone and could "
            f"couple the copies; use one of {', '.join(ELEMENTWISE)}, or {_ALONE}"
        )
    stacked = {id(leaf) for leaf in parameters.values()}
    if any(id(leaf) not in stacked for group in optimizer.param_groups for leaf in group["params"]):
        raise ValueError(
            "optimizer holds tensors that are not the ensemble's and would train something else: build it over the parameters "
            "that it is called with (lambda parameters: torch.optim.SGD(parameters, lr=0.2))"
        )


def resettable(name: str, module: Any) -> Any:
    if not hasattr(module, "reset_parameters"):
        raise TypeError(
            f'init="independent" draws every module anew by reset_parameters(), which {type(module).__name__} '
            f'at {name!r} does not have: add the method, or use init="shared"'
        )
    return module.reset_parameters


def watchable(wanted: Any) -> None:
    import torch

    if not isinstance(wanted, str) and not (isinstance(wanted, type) and issubclass(wanted, torch.nn.Module)):
        raise TypeError(
            f"watch holds {wanted!r:.60}: pass names of modules or module types (torch.nn.Tanh, not torch.nn.Tanh())"
        )


def function(name: str, value: Any, example: str) -> Any:
    if not callable(value):
        raise TypeError(f"{name} is {value!r:.60}, which cannot be called: pass {example}")
    return value


def watched(wanted: Any, found: set[str], known: Iterable[str]) -> set[str]:
    if not found:
        label = repr(wanted) if isinstance(wanted, str) else getattr(wanted, "__name__", repr(wanted))
        raise ValueError(f"watch holds {label}, which the network does not have; its modules are {', '.join(known)}")
    return found


def tensor_output(name: str, output: Any) -> None:
    if not is_tensor(output):
        raise TypeError(
            f"the watched module {name!r} returns a {type(output).__name__}, not a tensor: watch a module inside it"
        )


def some_called(layers: Sequence[str]) -> None:
    if not layers:
        raise ValueError("watch names modules that the network's forward never calls: watch modules that it does call")


def tensor_prediction(output: Any) -> Any:
    if not is_tensor(output):
        raise TypeError(f"the network returns a {type(output).__name__}, not a tensor: wrap it in a module that returns one")
    return output


def sample_axis(name: str, shape: tuple[int, ...], n_samples: int) -> None:
    if not shape or shape[0] != n_samples:
        raise ValueError(
            f"the watched module {name!r} returns shape {shape} on {n_samples} samples: the first axis of a watched output "
            "must be the samples; watch another module"
        )


def on_device(name: str, array: Any, device: Any) -> Any:
    if not is_tensor(array):
        raise TypeError(f"{name} is a {type(array).__qualname__}: pass a torch tensor or a NumPy array")
    if array.device != device:
        raise ValueError(f"{name} is on '{array.device}', the ensemble on '{device}': move one of them (tensor.to(...))")
    return array


def copy_axis(n_copies: int, **arrays: Any) -> None:
    for name, array in arrays.items():
        if array.ndim < 2 or array.shape[0] != n_copies:
            raise ValueError(
                f"{name} has shape {tuple(array.shape)}: step takes ({n_copies} copies, batch, ...), each copy its own batch "
                "(rows = ensemble.draw(...); x[rows])"
            )


def target(prediction: Any, target: Any, loss: Any) -> None:
    """A target of another shape is broadcast by torch's losses on numbers, and the network dies of it without a word.

    Only class numbers may lack an axis, the one that the prediction has its classes in, and only for a loss that takes them.
    """
    import torch

    shape, classes = tuple(target.shape), tuple(prediction.shape)
    numbers = target.is_floating_point() or target.dtype == torch.bool or _compares_numbers(loss)
    if shape != classes and (numbers or len(classes) < 2 or classes[1] < 2 or shape != classes[:1] + classes[2:]):
        raise ValueError(
            f"y has shape {shape} per copy, the prediction {classes}: the loss would broadcast them against each other; "
            "reshape y (y[:, None] for a single output), or give integer class numbers to a loss that takes them"
        )


def _compares_numbers(loss: Any) -> bool:
    """Losses that compare number with number, as functions, modules or partials of them."""
    import functools

    import torch
    from torch.nn import functional

    names = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits")
    kinds = ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "BCELoss", "BCEWithLogitsLoss")
    loss = loss.func if isinstance(loss, functools.partial) else loss
    return loss in [getattr(functional, name) for name in names] or isinstance(
        loss, tuple(getattr(torch.nn, kind) for kind in kinds)
    )


def snapshots(given: Any, state: dict[str, Any]) -> list[dict[str, Any]]:
    """Earlier states of the ensemble whose present one this is: the same names, the same stacked shapes."""
    if isinstance(given, dict) or not isinstance(given, Sequence) or not given:
        raise TypeError(f"snapshots is {given!r:.60}: pass a non-empty list of what `snapshot` returned")
    for i, snapshot in enumerate(given):
        shapes = {name: tuple(leaf.shape) for name, leaf in snapshot.items()} if isinstance(snapshot, dict) else None
        if shapes != {name: tuple(leaf.shape) for name, leaf in state.items()}:
            raise ValueError(
                f"snapshots[{i}] is not a snapshot of this ensemble: its names or shapes are others (other copies?)"
            )
    return list(given)


def scalar_loss(loss: Any) -> Any:
    if loss.ndim:
        raise ValueError(f"loss returned shape {tuple(loss.shape)}: it must reduce a batch to a scalar (.mean())")
    return loss


def buffering(name: str, network: Any, kind: type) -> None:
    """A network that keeps the outputs of some of its layers."""
    if not isinstance(network, kind):
        raise TypeError(f"{name} is a {type(network).__qualname__}: pass a {kind.__name__}(layers, buffer_or_not)")
    if not network.n_buffers:  # type: ignore[attr-defined]
        raise ValueError(f"{name} keeps no layer's output, so there is nothing to estimate: flag a layer in buffer_or_not")


def flags(layers: Sized, buffer_or_not: Sequence[Any]) -> None:
    if len(layers) != len(buffer_or_not) or not len(layers):
        raise ValueError(
            f"buffer_or_not holds {len(buffer_or_not)} flags for {len(layers)} layers: pass one flag for each layer"
        )


def network_family(networks: Sequence[Any]) -> None:
    if not len(networks):
        raise ValueError("buffered_networks is empty: there is nothing to draw from")


def buffered(layer: int, shape: tuple[int, ...], n_rows: int) -> None:
    if not shape or shape[0] != n_rows:
        raise ValueError(
            f"buffer[{layer}] has shape {shape} after a call on {n_rows} samples: the first axis of a buffered output must be "
            "the samples (ReshapeLayer((-1, ...)))"
        )


def targets_fit(shape: tuple[int, ...], n_rows: int, prediction: tuple[int, ...]) -> None:
    """y can take the prediction's shape: as many numbers for each sample, whatever the axes they stand in."""
    if not prediction or prediction[0] != n_rows or np.prod(shape[1:], dtype=int) != np.prod(prediction[1:], dtype=int):
        raise ValueError(
            f"y has shape {shape}, but on {n_rows} samples the network's prediction has {prediction}, and the loss would "
            "broadcast them against each other: give y as many numbers a sample as the network has outputs ((n, 1), or one-hot "
            "(n, k))"
        )


# --- tables and figures -----------------------------------------------------------------------------------------------


def table(shape: tuple[int, ...], **columns: Any) -> None:
    """Every column is (n_epochs, n_paths, n_layers)."""
    for name, column in columns.items():
        if column.shape != shape or 0 in shape:
            raise ValueError(
                f"{name} has shape {column.shape}: {shape[0]} epochs and {shape[2]} layers need (epochs, paths, layers)"
            )


def no_folder(path: Any, folder: Any) -> FileNotFoundError:
    return FileNotFoundError(f"{path} cannot be written: there is no folder {folder}; make it first")


def not_written(path: Any, error: OSError) -> OSError:
    return OSError(error.errno, f"{path} cannot be written, and what it held is untouched: {error.strerror or error}")


def points(given: Any, kind: type) -> None:
    if not isinstance(given, Sequence) or not given or not all(isinstance(batch, kind) for batch in given):
        raise TypeError(
            f"points is {given!r:.60}: pass a non-empty list of what PlaneEstimator.readings returned for a reading"
        )


def whole(name: str, values: Any) -> npt.NDArray[np.int64]:
    array = np.asarray(values)
    if array.size and (array.dtype.kind not in "iu" or array.ndim != 1):
        raise ValueError(f"{name} has dtype {array.dtype} and shape {array.shape}: pass whole numbers, one for each")
    return array.astype(np.int64)


def not_a_table(path: Any, error: Exception) -> ValueError:
    return ValueError(f"{path} is not a table that InformationPlane.save wrote ({type(error).__name__}: {error})")


def some_panels(panels: Sequence[Any]) -> None:
    if not len(panels):
        raise ValueError("panels is empty: there is nothing to draw")
    for panel in panels:
        if tuple(panel.layers) != tuple(panels[0].layers):
            raise ValueError(
                f"panels have different layers, {', '.join(panels[0].layers)} and {', '.join(panel.layers)}: "
                "one legend cannot name both; draw them apart"
            )
