"""Every guard and message a caller can meet: what came, what was expected, the way out. Arrays leave here ready for a twin."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence, Sized
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi.containers import container, is_tensor, shown

__all__ = [
    "activations",
    "alike",
    "assignment",
    "base",
    "bits",
    "buffered",
    "buffering",
    "census",
    "copies",
    "copy_axis",
    "count",
    "countable",
    "depth_of_caller",
    "elementwise",
    "ensembles",
    "flags",
    "fresh",
    "function",
    "is_tensor",
    "layers",
    "network_family",
    "not_negative",
    "not_vectorisable",
    "numbered",
    "numbers",
    "on_device",
    "one_by_one",
    "one_of",
    "one_plane",
    "one_table",
    "positive_integer",
    "resettable",
    "same_batch",
    "same_calls",
    "same_device",
    "same_length",
    "same_state",
    "same_tables",
    "sample_axis",
    "scalar_loss",
    "seed",
    "sequence",
    "shares",
    "shown",
    "snapshots",
    "some_called",
    "some_panels",
    "spreads",
    "stored",
    "table",
    "target",
    "targets_fit",
    "tensor_prediction",
    "trainable",
    "watchable",
    "watched",
]

MAX_SAMPLES = 2**31 - 1  # symbol ids are int32 inside a segment


# --- containers -------------------------------------------------------------------------------------------------------


def same_device(**arrays: Any) -> None:
    """All in CPU memory, or all on one CUDA device."""
    where = {name: str(array.device) if is_tensor(array) else "cpu" for name, array in arrays.items()}
    if len(set(where.values())) > 1:
        places = ", ".join(f"{name} on '{place}'" for name, place in where.items())
        raise ValueError(f"arrays on different devices: {places}; move them to one (tensor.cpu(), tensor.to(...))")


# --- arrays -----------------------------------------------------------------------------------------------------------


def activations(name: str, array: Any, n_samples: int | None = None) -> Any:
    """-> float32 (..., n, d), NumPy or CUDA; half, bfloat16 and float64 are rounded to float32 first."""
    array = container(name, array)
    kind = array.dtype if is_tensor(array) else array.dtype.kind
    if kind in ("O", "c", "U", "S", "T", "M", "m", "V") or str(kind).startswith("torch.complex"):
        way = "its .real and .imag are, side by side" if "complex" in str(array.dtype) else f"{name}.astype(np.float32)"
        raise TypeError(f"{name} has dtype {array.dtype}: activations are real numbers ({way})")
    if array.ndim < 2:
        way = f"{name}[:, None]" if array.ndim else f"{name}[None, None]"
        raise ValueError(
            f"{name} has shape {tuple(array.shape)}: activations are (..., n_samples, n_units), and of one unit {way}"
        )
    n, d = array.shape[-2:]
    if n_samples is not None and n != n_samples:
        raise ValueError(
            f"{name} has {n} samples (shape {tuple(array.shape)}), but x and y have {n_samples}: "
            f"the axis before the last is the samples; {_samples_first(tuple(array.shape), n_samples)}"
        )
    count(name, n)
    if d == 0 or 0 in array.shape:
        raise ValueError(f"{name} has shape {tuple(array.shape)}: there is nothing to encode")
    if is_tensor(array):
        return array.float()
    with np.errstate(all="ignore"):  # beyond float32 is +-inf, and +-inf has its symbol; what is too small is 0
        return array.astype(np.float32, copy=False)


def _samples_first(shape: tuple[int, ...], n_samples: int) -> str:
    """The way out for layers whose samples stand elsewhere: tokens, positions, channels."""
    if shape[0] != n_samples or len(shape) < 3:
        return "give both the same samples, in the same order"
    return (
        f"if axis 1 has {shape[1]} tokens, positions or channels of a sample, read one of them (layer[:, 0]), their mean "
        "(layer.mean(1)), or all of them as one symbol (layer.reshape(n, -1)), which grows too wide for n samples soon"
    )


def numbers(name: str, array: Any) -> npt.NDArray[Any]:
    """Rows of X -> a real NumPy array (n, d) without NaN; every distinct row is a symbol, so -0 is made 0."""
    array = container(name, array)
    array = array.cpu().numpy() if is_tensor(array) else array
    if array.dtype.kind not in "biuf":
        ways = {"c": f"np.stack([{name}.real, {name}.imag], axis=-1)", "O": f"{name}.astype(np.float64)"}
        ways |= dict.fromkeys("mM", f"{name}.astype(np.int64)")
        way = ways.get(array.dtype.kind, f"np.unique({name}, axis=0, return_inverse=True)[1]")
        raise TypeError(f"{name} has dtype {array.dtype}: pass real numbers, one row a sample ({way})")
    if array.ndim == 0 or 0 in array.shape:
        raise ValueError(f"{name} has shape {array.shape}: there is nothing to count (n = 0)")
    count(name, array.shape[0])
    array = array.reshape(len(array), -1)
    if array.dtype.kind == "i":
        return array.astype(np.int64, copy=False)  # rows are packed into 63 bits: int8 would wrap there
    if array.dtype.kind != "f":
        return array
    nan = np.isnan(array).any(axis=1)
    if nan.any():
        raise ValueError(f"{name} holds NaN in row {int(nan.argmax())}: a NaN has no symbol; drop or fill those rows")
    return array + array.dtype.type(0)


def count(name: str, n: int) -> None:
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
        way = "list(layers.values())" if isinstance(layers, Mapping) else "list(layers)"
        raise TypeError(f"layers is {shown(layers)}: pass one array (..., n, d) or a non-empty sequence of them ({way})")
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
    try:
        who = np.asarray(who.cpu() if is_tensor(who) else who)
    except ValueError:
        raise ValueError(f"assignment is a ragged list: pass one copy index per sample, integers {(*leading, n)}") from None
    if who.dtype.kind not in "iu" or who.shape != (*leading, n):
        raise ValueError(
            f"assignment has dtype {who.dtype} and shape {who.shape}: pass one copy index per sample, integers {(*leading, n)}"
        )
    if ((who < 0) | (who >= n_copies)).any():
        wrong = who[(who < 0) | (who >= n_copies)][0]
        raise ValueError(f"assignment holds {wrong}, but the copies are 0..{n_copies - 1}")
    return who.astype(np.int64, copy=False)


def numbered(name: str, ids: Any) -> npt.NDArray[np.int64]:
    """-> int64 (n,), from (n,) or the (n, 1) of some versions of NumPy."""
    ids = np.asarray(ids)
    if ids.dtype.kind not in "iu" or ids.ndim == 0 or ids.size == 0 or ids.size != ids.shape[0] or ids.min() < 0:
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


def census(name: str, nan: int, outside: int, cut: Any) -> None:
    """NaN has no symbol; under out_of_range="raise" neither has a value beyond the edges."""
    if nan:
        raise ValueError(
            f"{name} holds {nan} NaN, and a NaN has no bin: did the training diverge? drop those samples, or stop before them"
        )
    if outside and cut.out_of_range == "raise":
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
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}, not {shown(value)}")
    return value


def positive_integer(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, not {shown(value)}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, not {value}")
    return int(value)


def not_negative(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number of at least 0, not {shown(value)}")
    try:
        number = float(value)
    except OverflowError:  # an integer that no float can hold
        number = np.inf
    if not (np.isfinite(number) and number >= 0):
        raise ValueError(f"{name} must be finite and at least 0, not {number:g}")
    return number


def bits(n_axes: int = 0, **values: Any) -> list[npt.NDArray[np.float64]]:
    """Estimates of mutual information, a number each or arrays of one shape with at least `n_axes` axes -> float64."""
    found = {name: _bits(name, value) for name, value in values.items()}
    shapes = {name: array.shape for name, array in found.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) < n_axes for shape in shapes.values()):
        expected = "one shape, (n_checks, ...)" if n_axes else "a number each, or arrays of one shape"
        raise ValueError(f"{', '.join(f'{name} has shape {shape}' for name, shape in shapes.items())}: pass {expected}")
    return list(found.values())


def _bits(name: str, value: Any) -> npt.NDArray[np.float64]:
    plain = isinstance(value, int | float | np.generic | list | tuple)
    if isinstance(value, list | tuple):
        value = [container(name, number.cpu()) if is_tensor(number) else number for number in value]
    try:
        array = np.asarray(value) if plain else container(name, value.cpu() if is_tensor(value) else value)
    except ValueError:
        raise ValueError(f"{name} is a ragged list: pass numbers, mutual information in bits, or lists of one length") from None
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} is {shown(value)}: pass numbers, mutual information in bits")
    if not array.size:
        raise ValueError(f"{name} has shape {array.shape}: there is nothing to watch")
    with np.errstate(all="ignore"):  # what is too small is 0
        array = array.astype(np.float64)
    wrong = array[~(np.isfinite(array) & (array >= 0))]
    if wrong.size:
        raise ValueError(
            f"{name} holds {wrong[0]}: mutual information is finite and not negative (np.maximum(..., 0) for an estimate that "
            "falls below 0; NaN comes of a network that has died)"
        )
    return array


def base(value: float | None) -> float | None:
    if value is not None and not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"base must be a number above 1, or None for nats, not {shown(value)}")
    if value is not None and not (np.isfinite(value) and value > 1):
        raise ValueError(f"base must be a number above 1, or None for nats, not {shown(value)}")
    return value


def seed(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise ValueError(f"seed must be an integer of at least 0, not {shown(value)}")
    return int(value)


# --- networks (torch is loaded by whoever has one) --------------------------------------------------------------------

ELEMENTWISE = ("SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Rprop", "Adagrad", "Adadelta", "ASGD")


def trainable(network: Any) -> None:
    import torch

    if not isinstance(network, torch.nn.Module):
        raise TypeError(f"network is a {type(network).__qualname__}: pass a torch.nn.Module")
    if next(network.parameters(), None) is None:
        raise ValueError(f"network ({type(network).__name__}) has no parameters: there is nothing to train")


def not_vectorisable(network: Any, error: Exception | None = None) -> str:
    """Why torch.func.vmap cannot take the network: what it raised, or what is known before; "" if nothing is."""
    import torch

    if error is not None:
        first, *_ = str(error).strip().splitlines() or [type(error).__name__]
        return f"network ({type(network).__name__}) cannot be vectorised over copies by torch.func.vmap: {first.rstrip(' .')}"
    for name, module in network.named_modules():
        where = f"network has {type(module).__name__} at {name!r}" if name else f"network is a {type(module).__name__}"
        if isinstance(module, torch.nn.RNNBase):
            return f"{where}: torch.func.vmap has no rule for recurrent layers"
        if getattr(module, "momentum", 0) is None and getattr(module, "track_running_stats", False):
            return f"{where} with momentum=None, which reads a counter as a number, and torch.func.vmap cannot"
    return ""


def one_by_one(reason: str) -> str:
    return f"{reason}; its copies train one after the other: slower, the same numbers"


def elementwise(optimizer: Any, parameters: dict[str, Any]) -> Any:
    """Over stacked parameters only an element-wise optimiser is one optimiser per copy, and it must hold those, no others."""
    import torch

    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"optimizer returned a {type(optimizer).__qualname__}: pass parameters -> a torch.optim optimiser")
    if type(optimizer) not in [getattr(torch.optim, name) for name in ELEMENTWISE]:
        raise TypeError(
            f"optimizer is {type(optimizer).__name__}, which is not known to treat every parameter element alone and could "
            f"couple the copies; use one of {', '.join(ELEMENTWISE)}, or train the copies one by one with an ordinary loop"
        )
    stacked = {id(leaf) for leaf in parameters.values()}
    if any(id(leaf) not in stacked for group in optimizer.param_groups for leaf in group["params"]):
        raise ValueError(
            "optimizer holds tensors that are not the ensemble's and would train something else: build it over the parameters "
            "that it is called with (lambda parameters: torch.optim.SGD(parameters, lr=0.2))"
        )
    return optimizer


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
            f"watch holds {shown(wanted)}: pass names of modules or module types (torch.nn.Tanh, not torch.nn.Tanh())"
        )


def function(name: str, value: Any, example: str) -> Any:
    if not callable(value):
        raise TypeError(f"{name} is {shown(value)}, which cannot be called: pass {example}")
    return value


def watched(wanted: Any, found: set[str], known: Iterable[str]) -> set[str]:
    if not found:
        label = repr(wanted) if isinstance(wanted, str) else getattr(wanted, "__name__", repr(wanted))
        names = list(known)
        named = ", ".join(names[:20]) + (f" and {len(names) - 20} more (network.named_modules())" if len(names) > 20 else "")
        raise ValueError(f"watch holds {label:.60}, which the network does not have; its modules are {named}")
    return found


def some_called(layers: Sequence[str]) -> None:
    if not layers:
        raise ValueError(
            "watch names modules that the network's forward never calls: watch modules that it does call, or all of it "
            '(watch="network")'
        )


def same_calls(names: tuple[str, ...], before: tuple[str, ...] | None) -> tuple[str, ...]:
    """The watched layers that one copy called on one chunk of samples are those of the others."""
    if before is not None and names != before:
        raise ValueError(
            f"one copy calls the watched layers {', '.join(names) or 'none'}, another, or on other samples, "
            f"{', '.join(before) or 'none'}: watch modules that every copy calls equally often"
        )
    return names


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
        raise TypeError(f"snapshots is {shown(given)}: pass a non-empty list of what `snapshot` returned")
    for i, snapshot in enumerate(given):
        forms = {name: _form(leaf) for name, leaf in snapshot.items()} if isinstance(snapshot, dict) else None
        if forms != {name: _form(leaf) for name, leaf in state.items()}:
            raise ValueError(
                f"snapshots[{i}] is not a snapshot of this ensemble: its names, shapes, types or devices are others (other "
                "copies? arrays that were stored are torch.from_numpy(...).to(ensemble.device))"
            )
    return list(given)


def _form(leaf: Any) -> tuple[Any, ...]:
    return (tuple(leaf.shape), leaf.dtype, leaf.device) if is_tensor(leaf) else (type(leaf),)


def ensembles(given: Any, kind: type) -> list[Any]:
    if not isinstance(given, Sequence) or not given:
        raise TypeError(f"ensembles is {shown(given)}: pass a non-empty list of {kind.__name__}s")
    for i, part in enumerate(given):
        if not isinstance(part, kind):
            raise TypeError(f"ensembles[{i}] is a {type(part).__qualname__}: pass a non-empty list of {kind.__name__}s")
    return list(given)


def alike(forms: Sequence[dict[str, Any]]) -> None:
    """Ensembles differ in nothing that makes one step of all of them; what is no plain value is compared by its repr."""
    first, *others = [{key: " ".join(str(value).split()) for key, value in form.items()} for form in forms]
    for i, form in enumerate(others, start=1):
        for key in first | form:
            if form.get(key) != first.get(key):
                own, other = _where_they_differ(str(form.get(key)), str(first.get(key)))
                raise ValueError(
                    f"ensembles[{i}] has the {key} {own}, ensembles[0] has {other}: only "
                    "ensembles that are built alike can be joined; give them the same arguments, but for n_copies and seed"
                )


def _where_they_differ(a: str, b: str, length: int = 80) -> tuple[str, str]:
    """The first word of each, and what stands around the first difference."""
    same = next((i for i, pair in enumerate(zip(a, b, strict=False)) if len(set(pair)) > 1), min(len(a), len(b)))
    begin = a.rfind(" ", 0, max(a.rfind(" ", 0, same), 0)) + 1 if same > length // 2 else 0  # two words before
    own, other = (text if len(text) <= begin + length else f"{text[: begin + length]}..." for text in (a, b))
    return (f"{a.split()[0]} ... {own[begin:]}", f"{b.split()[0]} ... {other[begin:]}") if begin else (own, other)


def fresh(optimizers: Sequence[Any]) -> None:
    """None remembers a step; Adagrad is born with a memory of none."""
    for i, optimizer in enumerate(optimizers):
        if any(float(memory.get("step", 1)) for memory in optimizer.state.values()):
            raise ValueError(
                f"ensembles[{i}] has been trained, and its optimiser ({type(optimizer).__name__}) has a state that a new one "
                "would not have: join ensembles before their first step"
            )


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
        if name in given and not _like(given[name], array)
    ]
    if faults:
        raise ValueError(
            f"state is not that of an ensemble like this one: {faults[0]}; restore it into one that is built as "
            "that one was (network, n_copies, optimizer, device)"
        )


def _like(given: npt.NDArray[Any], own: npt.NDArray[Any]) -> bool:
    """Of one shape and type; single numbers may be of any type of numbers."""
    kinds = {array.dtype.kind.translate(str.maketrans("iu", "ff")) for array in (given, own)}
    return given.shape == own.shape and len(kinds) == 1 and (not own.ndim or given.dtype == own.dtype)


def scalar_loss(loss: Any) -> Any:
    if not is_tensor(loss):
        raise TypeError(f"loss returned a {type(loss).__name__}, not a tensor: return what torch computes from the prediction")
    if loss.ndim:
        raise ValueError(f"loss returned shape {tuple(loss.shape)}: it must reduce a batch to a scalar (.mean())")
    return loss


def buffering(name: str, network: Any, kind: type) -> None:
    """A network that keeps the outputs of some of its layers."""
    if not isinstance(network, kind):
        raise TypeError(f"{name} is a {type(network).__qualname__}: pass a {kind.__name__}(layers, buffer_or_not)")
    if not network.n_buffers:  # type: ignore[attr-defined]
        raise ValueError(f"{name} keeps no layer's output, so there is nothing to estimate: flag a layer in buffer_or_not")


def sequence(name: str, given: Any, of_what: str) -> list[Any]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise TypeError(f"{name} is {shown(given)}: pass a list of {of_what}")
    return list(given)


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


def one_table(path: Any, planes: Sequence[Any]) -> Any:
    if len(planes) != 1:
        raise ValueError(f"{path} holds {len(planes)} tables: read them with fastmi.tables.load_planes")
    return planes[0]


def same_tables(planes: Sequence[Any]) -> Any:
    """The first of some tables that may be averaged: the same points of the same reading."""
    first = planes[0]
    for plane in planes[1:]:
        for name in ("layers", "reading", "data", "sample", "n_samples", "n_copies", "binning"):
            if getattr(plane, name) != getattr(first, name):
                raise ValueError(
                    f"planes differ in their {name}, {getattr(first, name)!r} and {getattr(plane, name)!r}: "
                    "only runs that differ in their seed are averaged; draw them apart"
                )
        if not np.array_equal(plane.epochs, first.epochs):
            raise ValueError("planes were recorded at different epochs: only the same epochs are averaged; draw them apart")
    seeds = [plane.seed for plane in planes]
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"planes hold seed {max(seeds, key=seeds.count)} more than once: pass one plane of each seed")
    return first


def spreads(shape: tuple[int, ...], spread_xt: Any, spread_ty: Any) -> None:
    """Standard deviations of both coordinates, or none of either."""
    if (spread_xt is None) != (spread_ty is None):
        raise ValueError("spread_xt and spread_ty belong together: pass both or neither")
    for name, spread in (("spread_xt", spread_xt), ("spread_ty", spread_ty)):
        if spread is not None and (np.shape(spread) != shape or not (np.isfinite(spread) & (np.asarray(spread) >= 0)).all()):
            raise ValueError(
                f"{name} has shape {np.shape(spread)}: pass standard deviations, finite and not negative, of shape {shape}"
            )


def some_panels(grid: Sequence[Sequence[Any]], rows: Sequence[str]) -> None:
    """Rows of equal length, each with its name, of panels that one legend can name."""
    if not all(map(len, grid)) or not len(grid):
        raise ValueError("panels is empty: there is nothing to draw")
    if len({len(row) for row in grid}) > 1:
        raise ValueError(f"panels has rows of {', '.join(str(len(row)) for row in grid)} panels: pass as many in every row")
    if len(rows) != len(grid) and (len(rows) or len(grid) > 1):
        raise ValueError(f"rows has {len(rows)} names for {len(grid)} rows of panels: pass one for each")
    first = grid[0][0].layers
    for panel in (panel for row in grid for panel in row):
        if tuple(panel.layers) != tuple(first):
            raise ValueError(
                f"panels have different layers, {', '.join(first)} and {', '.join(panel.layers)}: "
                "one legend cannot name both; draw them apart"
            )
