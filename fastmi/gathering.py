"""layers, some samples at a time -> points: of counted layers codes are kept, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastmi import checks
from fastmi.arrays import Activations
from fastmi.inputs import is_tensor
from fastmi.measures import Layers, Reader
from fastmi.measures.base import Accumulates, ByBatch
from fastmi.planes import PlaneEstimator
from fastmi.points import Points, joined

__all__ = ["Gathering"]


class _Piece(NamedTuple):
    """What is kept of a layer of some samples: what was prepared, the layer itself, or nothing."""

    kept: Any
    shape: tuple[int, ...]


class Gathering:
    """Gathers the layers of all samples, batch by batch, and reads them as if they came at once.

    A measure that can (`ByBatch`, as counting) prepares each batch and forgets it: of a sample and
    a layer 12 bytes are kept, its code and how many of its activations lie outside. One that adds
    up (`Accumulates`) keeps a state of fixed size for each set of labels. For others the layers are
    kept in float32.

    A layer is (n_b, d), or (n_positions, n_b, d) where every position of a sample is a sample. Then
    it is read as a mixture over positions: n n_positions rows, of which those of one sample have
    one x, so that H(T|X) counts, and nothing is said of what rows that hang together can show.

    Args:
        estimators: of the same measures and samples, with labels of their own each.

    Raises:
        ValueError: no estimator, or estimators of other measures or numbers of samples.
    """

    def __init__(self, estimators: Sequence[PlaneEstimator]) -> None:
        _check_alike(estimators)
        self._estimators = estimators
        self._measured = estimators[0].measures
        self._readers: list[list[Reader[Any]]] = [
            [measure.reader(each.variables) for measure, _ in each.measures] for each in estimators
        ]
        self._pieces: dict[str, list[_Piece]] = {}
        self._states: dict[str, list[Any]] = {}  # of each set of labels

    def add(self, name: str, layer: Activations) -> None:
        """Takes a layer of the next samples.

        Raises:
            TypeError, ValueError: as `PlaneEstimator.estimate`; a layer without a measure, or of
                another width than before; positions, for a measure that has no mixture.
        """
        array = checks.activations(f"layer {name!r}", layer)
        at = self._measure_of(name)
        reader = self._readers[0][at]
        shape = tuple(array.shape)
        self._check_shape(name, shape, reader.mixes)
        pieces = self._pieces.setdefault(name, [])
        if isinstance(reader, Accumulates):
            kept = self._accumulate(name, array, at, sum(piece.shape[-2] for piece in pieces))
        elif isinstance(reader, ByBatch):
            kept = self._kept(name, array, reader)
        else:
            kept = _copied(array)
        pieces.append(_Piece(kept, shape))

    def drop(self, name: str) -> None:
        """Forgets a layer."""
        self._pieces.pop(name, None)
        self._states.pop(name, None)

    def merge(self, together: Callable[[Any], list[dict[str, list[_Piece]]]]) -> None:
        """Takes what several processes gathered, as if it had all come here.

        Args:
            together: what one has -> what each of them has, in their order. Batches came to them by
                turns, so that the first has every layer.

        Raises:
            ValueError: a measure that keeps sums and no rows, whose order would be another.
        """
        for reader, (measure, _) in zip(self._readers[0], self._measured, strict=True):
            if isinstance(reader, Accumulates):
                raise ValueError(
                    f"{type(measure).__name__} adds up its batches in their order, and cannot be "
                    "merged over processes: let one of them read (process_group=None)"
                )
        held = together(self._pieces)
        self._pieces = {
            name: _by_turns([pieces.get(name, []) for pieces in held]) for name in held[0]
        }

    def points(self) -> list[Points]:
        """Reads all layers, in the order in which they came: (n_layers,) of each estimator.

        Raises:
            ValueError: no layer, or one of fewer or more samples than there are labels.
        """
        for name, pieces in self._pieces.items():
            gathered = sum(piece.shape[-2] for piece in pieces)
            if gathered != self._estimators[0].n_samples:
                raise self._other_number(name, gathered)
        if not self._pieces:
            raise ValueError("no layer was added, and there is nothing to read: add one first")
        return [self._points(i) for i in range(len(self._readers))]

    def _points(self, i: int) -> Points:
        found: dict[str, Points] = {}
        for at, reader in enumerate(self._readers[i]):
            names = [name for name in self._pieces if self._measure_of(name) == at]
            if isinstance(reader, Accumulates):
                found |= {name: reader.accumulated(self._states[name][i]) for name in names}
            elif isinstance(reader, ByBatch):
                found |= {name: self._of_codes(name, reader, reader.joined) for name in names}
            elif names:
                found |= self._of_layers(names, reader)
        return joined([found[name] for name in self._pieces], axis=-1)

    def _of_codes(self, name: str, reader: Reader[Any], join: Any) -> Points:
        pieces = self._pieces[name]
        prepared = join([piece.kept for piece in pieces])
        return reader.points(reader.mixture(prepared) if len(pieces[0].shape) == 3 else prepared)

    def _of_layers(self, names: Sequence[str], reader: Reader[Any]) -> dict[str, Points]:
        """Reads layers that were kept, those of one kind together."""
        found = {}
        for n_axes in (2, 3):
            some = [name for name in names if len(self._pieces[name][0].shape) == n_axes]
            for of_one in [[name] for name in some] if n_axes == 3 else [some] if some else []:
                arrays = [
                    _end_to_end([piece.kept for piece in self._pieces[name]]) for name in of_one
                ]
                n_copies = arrays[0].shape[0] if n_axes == 3 else 1
                layers = Layers(of_one, [f"layer {name!r}" for name in of_one], arrays)
                prepared = reader.prepare(layers, n_copies, for_points=True)
                points = reader.points(reader.mixture(prepared) if n_axes == 3 else prepared)
                for i, name in enumerate(of_one):
                    found[name] = points.map(lambda column, i=i: column[..., i : i + 1])
        return found

    def _accumulate(self, name: str, array: Any, at: int, first: int) -> None:
        """Adds a batch to the state of each set of labels."""
        layers = Layers([name], [f"layer {name!r}"], [array])
        before = self._states.get(name, [None] * len(self._readers))
        if first + array.shape[-2] > self._estimators[0].n_samples:
            raise self._other_number(name, first + array.shape[-2])
        self._states[name] = [
            readers[at].accumulate(state, layers, first)  # type: ignore[attr-defined]
            for readers, state in zip(self._readers, before, strict=True)
        ]

    def _kept(self, name: str, array: Any, reader: Reader[Any]) -> Any:
        layers = Layers([name], [f"layer {name!r}"], [array])
        return reader.prepare(layers, array.shape[0] if array.ndim == 3 else 1, for_points=True)

    def _measure_of(self, name: str) -> int:
        for at, (_, names) in enumerate(self._measured):
            if names is None or name in names:
                return at
        known = ", ".join(repr(each) for _, names in self._measured for each in names or ())
        raise ValueError(
            f"measures names {known}, and not the layer {name!r}: name every layer that is read, or"
            " pass one measure for all"
        )

    def _other_number(self, name: str, gathered: int) -> ValueError:
        return ValueError(
            f"layer {name!r} has {gathered} samples, x and y have {self._estimators[0].n_samples}: "
            "add every batch of every layer once"
        )

    def _check_shape(self, name: str, shape: tuple[int, ...], mixes: bool) -> None:
        if len(shape) == 3 and not mixes:
            raise ValueError(
                f"layer {name!r} has positions, rows of one sample that hang together, which its "
                "measure cannot take: pool them in another way, or count them"
            )
        before = self._pieces.get(name)
        # all but the samples
        if before and (*before[0].shape[:-2], before[0].shape[-1]) != (*shape[:-2], shape[-1]):
            raise ValueError(
                f"layer {name!r} is {shape} now and was {before[0].shape}: every batch needs as "
                "many units (pad them, or pool what has a length of its own)"
            )

    def __repr__(self) -> str:
        return f"Gathering of {len(self._pieces)} layers: {self._estimators[0]!r}"


def _check_alike(estimators: Sequence[PlaneEstimator]) -> None:
    if not estimators:
        raise ValueError("estimators is empty: pass one at least")
    first = estimators[0]
    for each in estimators[1:]:
        if each.measured != first.measured or each.n_samples != first.n_samples:
            raise ValueError(
                f"estimators differ in more than their labels ({each!r}, {first!r}): gather the "
                "layers of each by themselves"
            )


def _by_turns(of_each: Sequence[list[_Piece]]) -> list[_Piece]:
    """Lays the pieces of each in the order in which they were dealt: one to each, and again."""
    n, n_each = len(of_each), sum(map(len, of_each))
    return [of_each[k % n][k // n] for k in range(n_each)]


def _copied(array: Any) -> Any:
    """Copies a layer that is kept: what comes next may overwrite it."""
    return array.clone() if is_tensor(array) else np.array(array)


def _end_to_end(pieces: Sequence[Any]) -> Any:
    """Joins layers (..., n_b, d) along the samples."""
    if not is_tensor(pieces[0]):
        return np.concatenate(pieces, axis=-2)
    import torch

    return torch.cat(list(pieces), dim=-2)
