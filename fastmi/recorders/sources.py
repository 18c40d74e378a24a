"""arrays, data sets, loaders -> batches in one order, read by a loader of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi.inputs import is_tensor, shown

__all__ = ["Source", "is_pair", "source"]

Source = Callable[[Sequence[int] | None], Iterator[Any]]  # rows, or None for all -> batches


def source(name: str, given: Any, batch_size: int) -> tuple[Source, int | None]:
    """Makes of what holds a sample a function that reads it from its beginning.

    A DataLoader is not iterated: that would draw from torch's generator, and end the user's epoch
    where its workers persist. Its data set is read in order (of a SubsetRandomSampler its rows), by
    a loader of our own without workers and with a generator of its own, through its `collate_fn`.

    Returns:
        the function, and how many rows there are; None where that is not known before.

    Raises:
        TypeError: an iterator, which could be read once; what holds no samples; a loader whose
            sampler or batches are its own.
        ValueError: no samples.
    """
    from torch.utils.data import DataLoader, IterableDataset

    if is_pair(given):
        x, y = given
        return _of_arrays(name, x, y, batch_size)
    collate, rows = None, None
    if isinstance(given, DataLoader):
        collate, rows = given.collate_fn, _rows_of(name, given)
        given = given.dataset
    if isinstance(given, IterableDataset):
        return _of_stream(name, given, batch_size, collate), None
    _check_read_again(name, given)
    rows = range(len(given)) if rows is None else rows
    if not len(rows):
        raise ValueError(f"samples[{name!r}] is empty (n = 0): there is nothing to read")

    def read(chosen: Sequence[int] | None) -> Iterator[Any]:
        order = rows if chosen is None else [rows[i] for i in chosen]
        return iter(_loader(given, batch_size, collate, sampler=list(order)))

    return read, len(rows)


def is_pair(given: Any) -> bool:
    """Tells whether it is (x, y): two, of which the first is an array or a mapping of arrays."""
    return (
        isinstance(given, tuple | list)
        and len(given) == 2
        and (_is_array(given[0]) or (isinstance(given, tuple) and isinstance(given[0], Mapping)))
    )


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) or is_tensor(value)


def _of_arrays(name: str, x: Any, y: Any, batch_size: int) -> tuple[Source, int]:
    leaves = {f"{name}: {key}": value for key, value in _leaves("x", x)}
    leaves |= {f"{name}: {key}": value for key, value in _leaves("y", y)}
    lengths = {key: _length(key, value) for key, value in leaves.items()}
    n = next(iter(lengths.values()))
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        raise ValueError(f"different numbers of samples in samples[{found}]")
    if not n:
        raise ValueError(f"samples[{name!r}] is empty (n = 0): there is nothing to read")

    def read(chosen: Sequence[int] | None) -> Iterator[Any]:
        rows = np.arange(n) if chosen is None else np.asarray(chosen)
        for first in range(0, len(rows), batch_size):
            some = rows[first : first + batch_size]
            yield _taken(x, some), _taken(y, some)

    return read, n


def _leaves(name: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [(f"{name}[{key!r}]", each) for key, each in value.items()]
    return [(name, value)]


def _length(name: str, value: Any) -> int:
    if (_is_array(value) and value.ndim) or isinstance(value, list | tuple):
        return len(value)
    raise TypeError(
        f"samples[{name}] is {shown(value)}: pass arrays or tensors of n samples, a data set, or a "
        "DataLoader"
    )


def _taken(value: Any, rows: npt.NDArray[np.int64]) -> Any:
    """Takes rows of an array, of each of a mapping, or of a list."""
    if isinstance(value, Mapping):
        return {key: _taken(each, rows) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [value[i] for i in rows]
    import torch

    if is_tensor(value):
        return value[torch.from_numpy(rows).to(value.device)]
    return torch.from_numpy(value[rows]) if value.dtype.kind in "biuf" else value[rows]


def _rows_of(name: str, loader: Any) -> Sequence[int] | None:
    """Finds which rows of its data set a loader reads, in an order of ours; None is all."""
    from torch.utils.data import BatchSampler, IterableDataset, SubsetRandomSampler
    from torch.utils.data.distributed import DistributedSampler
    from torch.utils.data.sampler import RandomSampler, SequentialSampler

    if isinstance(loader.dataset, IterableDataset):
        return None
    if loader.batch_size is None or type(loader.batch_sampler) is not BatchSampler:
        raise TypeError(
            f"samples[{name!r}] is a DataLoader that makes its batches in its own way: pass its "
            "data set (loader.dataset), with unpack= where an item is not (x, y)"
        )
    if isinstance(loader.sampler, SubsetRandomSampler):
        return sorted(loader.sampler.indices)
    if type(loader.sampler) in (RandomSampler, SequentialSampler, DistributedSampler):
        return None
    raise TypeError(
        f"samples[{name!r}] is a DataLoader with a {type(loader.sampler).__name__}, which may leave"
        " out or repeat rows: pass the data set that is to be read (loader.dataset, or a "
        "torch.utils.data.Subset of it)"
    )


def _check_read_again(name: str, given: Any) -> None:
    """Refuses what is no data set, above all what can be read only once."""
    if hasattr(given, "__next__"):
        raise TypeError(
            f"samples[{name!r}] is {shown(given)}, which can be read only once: pass what it was "
            "made of (a data set, a DataLoader, arrays (x, y), or list(...) of samples)"
        )
    sized = hasattr(given, "__getitem__") and hasattr(given, "__len__")
    if not sized or isinstance(given, str | bytes | Mapping) or _is_array(given):
        way = ", and its labels: (x, y)" if _is_array(given) else ""
        raise TypeError(
            f"samples[{name!r}] is {shown(given)}{way}: pass (x, y), a data set or a DataLoader, "
            'or several by name, {"training": ..., "held-out": ...}'
        )


def _of_stream(name: str, given: Any, batch_size: int, collate: Any) -> Source:
    if iter(given) is given:
        raise TypeError(
            f"samples[{name!r}] is a {type(given).__name__} that iterates over itself, and could be"
            " read only once: let its __iter__ begin anew, or pass list(...) of its samples"
        )

    from torch.utils.data import IterableDataset

    class Chosen(IterableDataset[Any]):
        """Passes over what is not chosen."""

        def __init__(self, rows: Sequence[int]) -> None:
            self._rows = rows

        def __iter__(self) -> Iterator[Any]:
            chosen = set(self._rows)
            yield from (
                item for i, item in zip(range(max(chosen) + 1), given, strict=False) if i in chosen
            )

    def read(chosen: Sequence[int] | None) -> Iterator[Any]:
        rows = given if chosen is None else Chosen(chosen)
        return iter(_loader(rows, batch_size, collate))

    return read


def _loader(given: Any, batch_size: int, collate: Any, **order: Any) -> Any:
    import torch
    from torch.utils.data import DataLoader

    own = torch.Generator().manual_seed(0)
    return DataLoader(given, batch_size, collate_fn=collate, generator=own, **order)
