"""what holds samples -> labels, the rows' hashes, and batches for the model: read in one order."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.inputs import is_tensor, on_host, shown
from fastmi.labels import as_values
from fastmi.recorders.sources import Source, is_pair, source

if TYPE_CHECKING:
    import torch

__all__ = ["Sample", "by_name", "read_sample", "warn_of_shared_rows"]

KINDS = ("training", "held-out")  # names that say what a sample is
ALONE = "sample"  # the name of one that was passed by itself
LABELS = ("labels", "label")  # of a batch that is a mapping
ONE = "y"  # the name of labels that have none

Unpack = Callable[[Any], Any] | None


@dataclass(frozen=True, eq=False, repr=False)
class Sample:
    """A sample that can be read again and again, in one order and in batches of one size.

    Attributes:
        name: its own; kind: what it is said to be, "training", "held-out" or None.
        labels: name -> (n,) or (n, k). hashes: of the rows of x, (n,) bytes.
        n_samples: n. batch_size: of the batches in which it is read.
    """

    name: str
    kind: str | None
    labels: Mapping[str, Any]
    hashes: npt.NDArray[np.void]
    batch_size: int
    _source: Source
    _unpack: Unpack

    @property
    def n_samples(self) -> int:
        """Counts the samples."""
        return len(self.hashes)

    def batches(
        self, device: torch.device, rows: Sequence[int] | None = None
    ) -> Iterator[tuple[Any, int]]:
        """Reads what the model is called with, on its device, and the samples of each batch."""
        for batch in self._source(rows):
            x, y = _unpacked(self.name, batch, self._unpack)
            n = _rows_in(self.name, next(iter(_label_sets(y).values())))
            yield moved(x, device), n

    def __repr__(self) -> str:
        return f"Sample {self.name!r} of {self.n_samples} rows, labels {', '.join(self.labels)}"


def by_name(samples: Any) -> dict[str, Any]:
    """Reads several samples by name, or one.

    Raises:
        TypeError: a mapping of arrays, which is a batch. ValueError: no sample; names that are
            empty or hold a slash.
    """
    if not isinstance(samples, Mapping):
        return {ALONE: samples}
    if not samples:
        raise ValueError('samples is empty: pass (x, y), or by name {"training": ...}')
    for name, given in samples.items():
        if not isinstance(name, str) or not name or "/" in name:
            raise ValueError(
                f"samples has the name {shown(name)}: names are strings without a slash, which "
                "parts the names of numbers"
            )
        if isinstance(given, np.ndarray) or is_tensor(given):
            raise TypeError(
                f"samples[{name!r}] is a single array: pass (x, y), a data set or a DataLoader; of "
                "a mapping of inputs (samples, labels), or by name {'held-out': (samples, labels)}"
            )
    return dict(samples)


def read_sample(name: str, given: Any, unpack: Unpack, batch_size: int) -> Sample:
    """Reads a sample once: its labels, and a hash of each row of x.

    Raises:
        TypeError, ValueError: as `source`; no labels, of other numbers or names than before; labels
            that are none.
    """
    read, n = source(name, given, batch_size)
    found: dict[str, list[Any]] = {}
    hashes: list[npt.NDArray[np.void]] = []
    for batch in read(None):
        x, y = _unpacked(name, batch, None if is_pair(given) else unpack)
        sets = _label_sets(y)
        if found and sets.keys() != found.keys():
            raise ValueError(
                f"samples[{name!r}] has labels {', '.join(sets)} after batches with "
                f"{', '.join(found)}: give every batch the same"
            )
        for key, labels in sets.items():
            found.setdefault(key, []).append(labels)
        hashes.append(_hashes(name, x, _rows_in(name, next(iter(sets.values())))))
    n_read = sum(map(len, hashes))
    if not n_read:
        raise ValueError(f"samples[{name!r}] is empty (n = 0): there is nothing to read")
    if n is not None and n_read != n:
        raise ValueError(
            f"samples[{name!r}] gave labels for {n_read} of its {n} rows: give every row one"
        )
    labels = {key: _joined_labels(name, key, pieces) for key, pieces in found.items()}
    kind = name if name in KINDS else None
    own = None if is_pair(given) else unpack
    return Sample(name, kind, labels, np.concatenate(hashes), batch_size, read, own)


def warn_of_shared_rows(samples: Sequence[Sample]) -> None:
    """Warns where a row of x is in two samples: what is held out must be used for nothing else."""
    for i, one in enumerate(samples):
        for other in samples[:i]:
            shared = np.isin(one.hashes.view(np.uint64), other.hashes.view(np.uint64)).sum()
            if shared:
                warnings.warn(
                    f"{shared} of the {one.n_samples} rows of samples[{one.name!r}] are in "
                    f"samples[{other.name!r}], too: what is said of held-out samples is not true "
                    "of them",
                    stacklevel=checks.depth_of_caller(),
                )


def moved(value: Any, device: torch.device) -> Any:
    """Moves the tensors in it to a device, and makes tensors of arrays."""
    if isinstance(value, np.ndarray):
        import torch

        value = torch.from_numpy(value)
    if is_tensor(value):
        return value.to(device)
    if isinstance(value, Mapping):
        return {key: moved(each, device) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return tuple(moved(each, device) for each in value)
    return value


def _unpacked(name: str, batch: Any, unpack: Unpack) -> tuple[Any, Any]:
    """Parts a batch into what the model is called with, and labels."""
    if unpack is not None:
        parts = unpack(batch)
        if not isinstance(parts, tuple | list) or len(parts) != 2:
            raise TypeError(
                f"unpack of samples[{name!r}] returned {shown(parts)}: it returns what the model is"
                " called with, and the labels (lambda batch: (batch['x'], batch['y']))"
            )
        return parts[0], parts[1]
    if isinstance(batch, Mapping):
        for key in LABELS:
            if key in batch:
                return {one: each for one, each in batch.items() if one != key}, batch[key]
    elif isinstance(batch, tuple | list) and len(batch) == 2:
        return batch[0], batch[1]
    held = f"names {', '.join(map(str, batch))}" if isinstance(batch, Mapping) else shown(batch, 40)
    raise TypeError(
        f"samples[{name!r}] has batches that are not (x, y), where the labels are is not known "
        f"({held}): pass unpack=, a function of a batch, as lambda batch: (batch['x'], batch['y'])"
    )


def _label_sets(y: Any) -> dict[str, Any]:
    if not isinstance(y, Mapping):
        return {ONE: y}
    if not y:
        raise ValueError("labels are an empty mapping: name at least one set of labels")
    return {str(key): labels for key, labels in y.items()}


def _rows_in(name: str, labels: Any) -> int:
    if labels is None or not hasattr(labels, "__len__") or getattr(labels, "ndim", 1) == 0:
        raise TypeError(
            f"samples[{name!r}] has no labels for a batch, but {shown(labels)}: pass one for each "
            "sample"
        )
    return len(labels)


def _joined_labels(name: str, key: str, pieces: Sequence[Any]) -> Any:
    """Joins the labels of all batches, and checks that they are some."""
    if all(is_tensor(piece) or isinstance(piece, np.ndarray) for piece in pieces):
        joined: Any = np.concatenate([on_host(piece) for piece in pieces])
    else:
        joined = [label for piece in pieces for label in piece]
    where = f"y of samples[{name!r}]" if key == ONE else f"y[{key!r}] of samples[{name!r}]"
    return as_values(where, joined)


def _hashes(name: str, x: Any, n: int) -> npt.NDArray[np.void]:
    """Hashes each row of what a model is called with, (n,) of 8 bytes."""
    digests = [hashlib.blake2b(digest_size=8) for _ in range(n)]
    for leaf in _tensors(x):
        rows = np.ascontiguousarray(on_host(leaf.detach()) if is_tensor(leaf) else leaf)
        if not rows.ndim or len(rows) != n:
            raise ValueError(
                f"samples[{name!r}] has a batch of {n} labels and inputs {tuple(rows.shape)}: give "
                "every sample one label, or say where both are (unpack=)"
            )
        for digest, row in zip(digests, rows, strict=True):
            digest.update(row.tobytes())
    return np.array([digest.digest() for digest in digests], "V8")


def _tensors(x: Any) -> Iterator[Any]:
    """Finds the arrays in what a model is called with; bfloat16, which NumPy lacks, as float32."""
    if is_tensor(x):
        yield x.float() if x.is_floating_point() else x
    elif isinstance(x, np.ndarray):
        yield x
    elif isinstance(x, Mapping | list | tuple):
        for each in x.values() if isinstance(x, Mapping) else x:
            yield from _tensors(each)
