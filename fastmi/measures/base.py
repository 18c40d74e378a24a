"""The seam of the measures: X and Y, layers with their names, and what a measure has to offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from fastmi import checks, entropies
from fastmi.arrays import Bits, FloatArray, IntArray
from fastmi.coding import identify_rows
from fastmi.counting import Tally, tally
from fastmi.inputs import on_host
from fastmi.labels import as_labels
from fastmi.points import Points

__all__ = ["Layers", "Measure", "Reader", "Variables", "through", "variables"]


class Layers(NamedTuple):
    """Checked layers: float32 arrays (..., n_samples, n_units) with the same leading axes.

    Attributes:
        names: of each, to find what belongs to it. places: what messages call them. arrays: as
            many.
    """

    names: Sequence[str]
    places: Sequence[str]
    arrays: list[Any]

    def some(self, at: Sequence[int]) -> Layers:
        """Those of these numbers."""
        return Layers(*([column[i] for i in at] for column in self))


@dataclass(frozen=True, eq=False, repr=False)
class Variables:
    """X and Y of all layers: the number of each sample's symbol.

    Attributes:
        ids_y, ids_x: (n_samples,) in 0..n_y - 1 and 0..n_x - 1. labels: both, (2, n_samples).
        tally: of Y, then of X.
    """

    labels: IntArray
    n_y: int
    n_x: int
    tally: Tally

    @property
    def ids_y(self) -> IntArray:
        return self.labels[0]

    @property
    def ids_x(self) -> IntArray:
        return self.labels[1]

    @property
    def n_samples(self) -> int:
        return self.labels.shape[1]

    def entropies(self, method: str) -> FloatArray:
        """Estimates H(Y) and H(X), (2,)."""
        return entropies.method(method)(self.tally)


def variables(x: Any, y: Any) -> Variables:
    """Numbers the symbols of X and Y.

    Raises:
        TypeError, ValueError: as `PlaneEstimator`.
    """
    checks.same_device(x=x, y=y)
    x, y = checks.numbers("x", x), as_labels("y", y)
    checks.one_plane(x, y)
    (ids_x, n_x), (ids_y, n_y) = identify_rows(x), identify_rows(y)
    labels = np.stack([on_host(ids_y), on_host(ids_x)])
    return Variables(labels, n_y, n_x, tally(labels))


def through(values: Any, assignment: IntArray) -> Any:
    """Takes of every sample the copy that it is assigned: (..., n_copies, n, d), (..., n) -> (...,
    n, d).
    """
    *leading, n_copies, n, d = values.shape
    flat = values.reshape(-1, n_copies, n, d)
    copy_of = np.array(assignment).reshape(-1, n)  # a copy: torch warns of read-only memory
    chosen = flat[np.arange(len(flat))[:, None], copy_of, np.arange(n)]
    return chosen.reshape(*leading, n, d)


class Reader(Protocol):
    """A measure with X and Y fixed. What `prepare` returns is its own, and serves every reading.

    Attributes:
        mixes: whether there is a mixture.
    """

    mixes: bool

    def prepare(self, layers: Layers, n_copies: int = 1) -> Any:
        """Does once what all readings share. n_copies: rows of so many copies may be read
        together.
        """
        ...

    def sampled(self, prepared: Any, assignment: IntArray) -> Any:
        """Sends every sample through the copy that it is assigned."""
        ...

    def mixture(self, prepared: Any) -> Any:
        """Sends every sample through every copy, or raises ValueError with the reason why not."""
        ...

    def bits(self, prepared: Any) -> Bits:
        """Measures I(X;T) and I(T;Y), (..., n_layers, 2), and nothing else."""
        ...

    def points(self, prepared: Any) -> Points:
        """Measures them, with everything that stands beside them, (..., n_layers)."""
        ...


@runtime_checkable
class Measure(Protocol):
    """How a layer is measured: a frozen record."""

    def reader(self, variables: Variables) -> Reader:
        """Fixes X and Y."""
        ...
