"""paths, arrays, or what makes one -> shards: parts of the samples, whose rows come in blocks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np

from fastmi.inputs import is_tensor, shown

__all__ = ["Shard", "as_shards"]

KINDS = ".npy, .npz, .zarr or .parquet"


@dataclass(frozen=True, eq=False)
class Shard:
    """A part of the samples, not opened yet: it is sent to whoever reads it.

    Attributes:
        name: for messages. t: a path, an array, or a function that makes either or both of t and
            y. y: the labels likewise; None has none, unless t brings them.
    """

    name: str
    t: Any
    y: Any = None

    def blocks(self, rows_at_a_time: Callable[[int], int]) -> Iterator[tuple[range, Any, Any]]:
        """Reads it: (the rows, t (n, d), y or None), block by block, of as many rows as d allows.

        Raises:
            TypeError, ValueError, FileNotFoundError: it is nothing that has rows, or has another
                number of labels.
        """
        t, y = self.t, self.y
        if callable(t) and not hasattr(t, "shape"):
            t = t()
        if _is_npz(t) and y is None:
            t, y = _archived(t)
        elif isinstance(t, tuple) and len(t) == 2:
            if y is not None:
                raise ValueError("it brings labels, and y has some for it: give them once")
            t, y = t
        activations, labels = opened("activations", t), None if y is None else opened("y", y)
        n, d = activations.n_rows, activations.n_units
        if labels is not None and labels.n_rows != n:
            raise ValueError(f"it has {n} rows of activations, and y has {labels.n_rows}")
        step = max(1, rows_at_a_time(d))
        for first in range(0, n, step):
            rows = range(first, min(n, first + step))
            yield rows, activations.read(rows), None if labels is None else labels.read(rows)

    def __repr__(self) -> str:
        return f"Shard: {self.name}"


def as_shards(shards: Any, y: Any = None, place: str = "") -> list[Shard]:
    """Reads what was given as shards and their labels.

    An array of Dask is cut where its chunks of rows end. `place`: whose they are, for messages.

    Raises:
        TypeError: no sequence of shards. ValueError: another number of labels.
    """
    if _is_dask(shards):
        shards, y = _cut(shards, y)
    for name, given in (("shards", shards), ("y", y)):
        if not (isinstance(given, Sequence) or (name == "y" and given is None)) or isinstance(
            given, str | bytes
        ):
            raise TypeError(
                f"{name} is {shown(given)}: pass a list, one for each shard, as [{name}] where it "
                "is all there is"
            )
    if y is not None and len(y) != len(shards):
        raise ValueError(
            f"shards are {len(shards)}, and y has {len(y)}: give the labels of each shard, in the "
            "same order"
        )
    return [
        Shard(f"shard {i}{place}{_named(t)}", t, None if y is None else y[i])
        for i, t in enumerate(shards)
    ]


def _named(t: Any) -> str:
    return f" ({os.fspath(t)})" if isinstance(t, str | os.PathLike) else ""


# --- rows -----------------------------------------------------------------------------------------


class Rows(Protocol):
    """Something with rows, which are read from the first on."""

    @property
    def n_rows(self) -> int: ...
    @property
    def n_units(self) -> int: ...
    def read(self, rows: range) -> Any: ...


def opened(name: str, given: Any) -> Rows:
    """Opens activations or labels.

    Raises:
        TypeError, ValueError, FileNotFoundError: it has no rows.
    """
    if callable(given) and not hasattr(given, "shape"):
        given = given()
    if isinstance(given, str | os.PathLike):
        return _of_path(name, Path(given))
    if _is_dask(given):
        return _Dask(name, given)
    if name == "y" and isinstance(given, list | tuple):
        return _Listed(given)
    if not hasattr(given, "shape") or not hasattr(given, "__getitem__"):
        raise TypeError(
            f"{name} is {shown(given)}: pass an array, a path ({KINDS}), or a function that makes "
            "one"
        )
    return _Array(name, given)


def _of_path(name: str, path: Path) -> Rows:
    if not path.exists():
        raise FileNotFoundError(f"{name}: there is no {path}, as seen by the process that reads it")
    if path.suffix == ".npy":
        return _Mapped(name, path)
    if path.suffix == ".npz":
        return _Array(name, _members(path, name))
    if path.suffix == ".zarr":
        return _Array(name, _package("zarr", path).open_array(path, mode="r"))
    if path.suffix == ".parquet":
        return _Parquet(name, path)
    raise ValueError(f"{name} is {path}, of a kind that is not known: pass {KINDS}")


def _package(name: str, path: Path) -> Any:
    try:
        return import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        raise ImportError(f"{path} needs {package}: pip install {package}") from None


def _is_npz(given: Any) -> bool:
    return isinstance(given, str | os.PathLike) and Path(given).suffix == ".npz"


def _archived(path: Any) -> tuple[Any, Any]:
    """Finds t and y of an archive that holds both, or t alone."""
    if not Path(path).exists():
        return path, None  # which is said where it is opened
    with np.load(path, allow_pickle=False) as archive:
        if sorted(archive.files) == ["t", "y"]:
            return archive["t"], archive["y"]
    return path, None


def _members(path: Path, name: str) -> Any:
    with np.load(path, allow_pickle=False) as archive:
        if len(archive.files) != 1:
            raise ValueError(
                f"{name} is {path}, which holds {', '.join(map(repr, archive.files)) or 'nothing'}:"
                " one array is read, or 't' and 'y' of activations that bring their labels"
            )
        return archive[archive.files[0]]


class _Array:
    """An array in memory, or one that reads as it is sliced."""

    def __init__(self, name: str, array: Any) -> None:
        self._array, self._shape = array, tuple(array.shape)
        self.n_rows, self.n_units = _shape(name, self._shape)

    def read(self, rows: range) -> Any:
        part = self._array[rows.start : rows.stop]
        return part if is_tensor(part) else np.asarray(part)


class _Listed:
    """Labels in a list."""

    def __init__(self, labels: Sequence[Any]) -> None:
        self._labels, self.n_rows, self.n_units = labels, len(labels), 1

    def read(self, rows: range) -> Any:
        return self._labels[rows.start : rows.stop]


class _Mapped:
    """An .npy, mapped for one block after the other: what was read leaves the memory."""

    def __init__(self, name: str, path: Path) -> None:
        self._path = path
        self.n_rows, self.n_units = _shape(name, self._open().shape)

    def read(self, rows: range) -> Any:
        return np.array(self._open()[rows.start : rows.stop])

    def _open(self) -> Any:
        return np.load(self._path, mmap_mode="r", allow_pickle=False)


class _Dask:
    """An array of Dask, computed block by block where it is read."""

    def __init__(self, name: str, array: Any) -> None:
        if any(size != size for size in array.shape):
            raise ValueError(
                f"{name} is an array of Dask whose shape is {array.shape}: let it count its rows "
                "first (array.compute_chunk_sizes())"
            )
        self._array = array
        self.n_rows, self.n_units = _shape(name, array.shape)

    def read(self, rows: range) -> Any:
        part = self._array[rows.start : rows.stop]
        return np.asarray(part.compute(scheduler="synchronous"))


class _Parquet:
    """The columns of a table, each a unit, read from the first row on."""

    def __init__(self, name: str, path: Path) -> None:
        self._file = _package("pyarrow.parquet", path).ParquetFile(path)
        self.n_rows, n_columns = self._file.metadata.num_rows, len(self._file.schema_arrow.names)
        self.n_units = n_columns
        self._flat = name == "y" and n_columns == 1
        self._batches: Iterator[Any] | None = None
        self._left: list[Any] = []  # read, and not asked for yet

    def read(self, rows: range) -> Any:
        batches = self._batches or self._file.iter_batches(batch_size=len(rows))
        self._batches = batches
        n_left = sum(map(len, self._left))
        while n_left < len(rows):
            columns = [column.to_numpy(zero_copy_only=False) for column in next(batches).columns]
            self._left.append(columns[0] if self._flat else np.column_stack(columns))
            n_left += len(self._left[-1])
        together = np.concatenate(self._left)
        self._left = [together[len(rows) :]]
        return together[: len(rows)]


def _shape(name: str, shape: Sequence[int]) -> tuple[int, int]:
    """Finds rows and units of activations (n, d), or of labels (n,) or (n, k)."""
    if len(shape) != 2 and (name != "y" or len(shape) != 1):
        axes = "(n,) or (n, k)" if name == "y" else "(n, d), a layer of one network"
        raise ValueError(f"{name} has shape {tuple(shape)}: a shard has {axes}")
    return int(shape[0]), int(shape[1]) if len(shape) > 1 else 1


# --- Dask -----------------------------------------------------------------------------------------


def _is_dask(given: Any) -> bool:
    """Knows arrays of Dask by what they have, so that it is not loaded for the others."""
    return hasattr(given, "dask") and hasattr(given, "compute") and hasattr(given, "chunks")


def _cut(array: Any, y: Any) -> tuple[list[Any], list[Any] | None]:
    """Cuts an array of Dask, and labels of as many rows, where its chunks of rows end."""
    _Dask("shards", array)
    ends = np.cumsum(array.chunks[0]).tolist()
    spans = [slice(end - n, end) for end, n in zip(ends, array.chunks[0], strict=True)]
    if y is None:
        return [array[span] for span in spans], None
    n_labels = len(cast(Any, y))
    if n_labels != ends[-1]:
        raise ValueError(f"shards has {ends[-1]} rows, and y has {n_labels}: give one label each")
    return [array[span] for span in spans], [y[span] for span in spans]
