"""The measure seam: X and Y, layers with their names, and what a measure has to offer."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from fastmi import backends, checks, entropies
from fastmi.arrays import Activations, Bits, FloatArray, Inputs, IntArray, LabelsLike
from fastmi.belief import Statements
from fastmi.coding import identify_rows
from fastmi.counting import (
    FEWEST_SAMPLES,
    LOWEST_COVERAGE,
    CoverageWarning,
    Tally,
    tally,
)
from fastmi.inputs import is_tensor, on_host, shortened
from fastmi.labels import as_values
from fastmi.points import Points

__all__ = [
    "Accumulates",
    "ByBatch",
    "Fittable",
    "Layers",
    "Measure",
    "Reader",
    "Variables",
    "one_layer",
    "placed",
    "points_of",
    "some_rows",
    "spread",
    "through",
    "variables",
    "warn_of_pairs",
]

Prepared = TypeVar("Prepared")  # what a reader makes of layers, for all readings


class Layers(NamedTuple):
    """Checked layers: float32 arrays (..., n_samples, n_units) with the same leading axes.

    Attributes:
        names: of each, to find what belongs to it. places: what messages call them. arrays: as
            many.
    """

    names: Sequence[str]
    places: Sequence[str]
    arrays: list[Activations]

    def some(self, at: Sequence[int]) -> Layers:
        """Takes those of these numbers."""
        return Layers(
            [self.names[i] for i in at], [self.places[i] for i in at], [self.arrays[i] for i in at]
        )

    def __repr__(self) -> str:
        return f"Layers: {shortened(', '.join(self.names))}"


@dataclass(frozen=True, eq=False, repr=False)
class Variables:
    """X and Y of all layers: the number of each sample's symbol.

    Attributes:
        ids_y, ids_x: (n_samples,) in 0..n_y - 1 and 0..n_x - 1. labels: both, (2, n_samples).
        tally: of Y, then of X. statements: what is said of numbers beside Y.
        classes: the label behind each number of Y, (n_y,) or (n_y, k), as `as_values` reads them.
    """

    labels: IntArray
    n_y: int
    n_x: int
    tally: Tally
    statements: Statements
    classes: npt.NDArray[Any]
    _beside: dict[Any, Any] = field(init=False, default_factory=dict)  # where layers lay before

    @property
    def ids_y(self) -> IntArray:
        """Numbers each sample's symbol of Y, (n_samples,) in 0..n_y - 1."""
        return self.labels[0]

    @property
    def ids_x(self) -> IntArray:
        """Numbers each sample's symbol of X, (n_samples,) in 0..n_x - 1."""
        return self.labels[1]

    @property
    def n_samples(self) -> int:
        """Counts the samples."""
        return self.labels.shape[1]

    @property
    def judged(self) -> bool:
        """Tells whether a warning is due where the sample cannot size a layer.

        A population is what it is, and of less than twenty samples nobody expects it.
        """
        return self.statements.sample != "population" and self.n_samples >= FEWEST_SAMPLES

    def labels_beside(self, codes: Any, n_rows: int = 2) -> Any:
        """Lays the first rows of the labels where codes are, where they stay for the next call."""
        if isinstance(codes, np.ndarray):
            return self.labels[:n_rows]
        place = codes.device, n_rows
        if place not in self._beside:
            twin = backends.twin_for(codes)
            self._beside[place] = twin.beside(self.labels[:n_rows], codes)
        return self._beside[place]

    def numbers_among(self, classes: npt.NDArray[Any]) -> IntArray:
        """Numbers each sample's label as others number theirs, (n_samples,); -1 is none of them.

        What was fitted to the labels of one sample reads another by it: each numbers its own.

        Args:
            classes: (m,) or (m, k), as `classes` or `fit` has them.
        """
        known = {_key(label): number for number, label in enumerate(classes.tolist())}
        numbers = [known.get(_key(label), -1) for label in self.classes.tolist()]
        return np.array(numbers, np.int64)[self.ids_y]

    def entropies(self, method: str) -> FloatArray:
        """Estimates H(Y) and H(X), (2,)."""
        return entropies.method(method)(self.tally)

    def __getstate__(self) -> dict[str, Any]:
        """Leaves at home what lies on a device."""
        return {**vars(self), "_beside": {}}

    def __repr__(self) -> str:
        return f"Variables of {self.n_samples} samples, {self.n_x} x, {self.n_y} y"


def variables(
    x: Inputs,
    y: LabelsLike,
    sample: str | None = None,
    n_classes: int | None = None,
    scatter: bool = False,
) -> Variables:
    """Numbers the symbols of X and Y.

    Raises:
        TypeError, ValueError: as `PlaneEstimator`.
    """
    x, y = checks.numbers("x", x), as_values("y", y)
    checks.one_plane(x, y)
    (ids_x, n_x), (ids_y, n_y) = identify_rows(x), identify_rows(y)
    labels = np.stack([on_host(ids_y), on_host(ids_x)])
    statements = Statements(np.bincount(labels[0]), n_classes, sample, scatter)
    place_of = np.empty(n_y, np.int64)
    place_of[labels[0]] = np.arange(labels.shape[1])
    return Variables(labels, n_y, n_x, tally(labels), statements, on_host(y)[place_of])


def _key(label: Any) -> Any:
    return tuple(label) if isinstance(label, list) else label


def spread(n: int, most: int) -> IntArray:
    """Spreads at most so many of n rows evenly over them."""
    return np.linspace(0, n - 1, min(n, most)).astype(np.int64)


def one_layer(layer: Any, y: Any, why: str) -> tuple[Any, Any]:
    """Reads one layer (n, d) of one network, and its labels.

    Raises:
        TypeError, ValueError: no activations, no labels, other numbers of samples; copies or epochs
            of a layer, with the reason why there are none.
    """
    activations, labels = checks.activations("layer", layer), as_values("y", y)
    if activations.ndim != 2:
        raise ValueError(f"layer has shape {tuple(activations.shape)}: {why}")
    if labels.ndim <= 2:
        checks.same_length(layer=activations, y=labels)
    return activations, labels


def points_of(names: Sequence[str], counts: Sequence[int], n_points: int) -> str:
    """Names the layers of which some points are concerned, and how many of each's n_points."""
    return ", ".join(
        name if count == n_points else f"{name} ({count} of {n_points} points)"
        for name, count in zip(names, counts, strict=True)
        if count
    )


def warn_of_pairs(fixed: Variables, names: Sequence[str], coverage: FloatArray) -> None:
    """Warns of layers whose pairs (T,Y) nearly all differ, by their coverage (n_layers, ...).

    Warns:
        CoverageWarning: there are some, and the sample is one that is judged.
    """
    coverage = coverage.reshape(len(names), -1)
    lost = (coverage <= LOWEST_COVERAGE).sum(axis=1).tolist()
    if fixed.judged and any(lost):
        warnings.warn(
            f"unresolved: {points_of(names, lost, coverage.shape[1])}: at most one "
            f"sample in twenty shares its code and label with another of these {fixed.n_samples}, "
            "and I(T;Y) would be nearly the same for any labels; take more samples, fewer bins or "
            "units, or another measure (`readings` says what stands beside each number)",
            CoverageWarning,
            stacklevel=checks.depth_of_caller(),
        )


def through(values: Any, assignment: Any) -> Any:
    """Takes of every sample the copy that it is assigned.

    Of values (..., n_copies, n, d) and an assignment (..., n) they are (..., n, d).
    """
    *leading, n_copies, n, d = values.shape
    flat = values.reshape(-1, n_copies, n, d)
    if is_tensor(values):
        copy_of = backends.twin_for(values).beside(assignment, values).reshape(-1, 1, n, 1)
        chosen = flat.gather(1, copy_of.long().expand(-1, 1, n, d))
    else:
        copy_of = assignment.reshape(-1, n)
        chosen = flat[np.arange(len(flat))[:, None], copy_of, np.arange(n)]
    return chosen.reshape(*leading, n, d)


def some_rows(layer: Any, most: int) -> Any:
    """Takes at most so many rows of a layer (n, d), spread evenly."""
    if len(layer) <= most:
        return layer
    rows = spread(len(layer), most)
    return layer[backends.twin_for(layer).beside(rows, layer) if is_tensor(layer) else rows]


class Reader(Protocol[Prepared]):
    """A measure with X and Y fixed. What `prepare` returns is its own, and serves every reading.

    Attributes:
        mixes: whether there is a mixture.
    """

    mixes: bool

    def prepare(self, layers: Layers, n_copies: int = 1, for_points: bool = False) -> Prepared:
        """Does once what all readings share; rows of `n_copies` copies may be read together.

        `for_points` says that points will be asked for, and not the two numbers alone.
        """
        ...

    def sampled(self, prepared: Prepared, assignment: IntArray) -> Prepared:
        """Sends every sample through the copy that it is assigned."""
        ...

    def mixture(self, prepared: Prepared) -> Prepared:
        """Sends every sample through every copy, or raises ValueError with the reason why not."""
        ...

    def bits(self, prepared: Prepared) -> Bits:
        """Measures I(X;T) and I(T;Y), (..., n_layers, 2), and nothing else."""
        ...

    def points(self, prepared: Prepared) -> Points:
        """Measures I(X;T) and I(T;Y), with everything that stands beside them, (..., n_layers)."""
        ...


@runtime_checkable
class ByBatch(Protocol):
    """A reader that can prepare some samples at a time, and then needs no layer any more.

    What it prepares knows nothing of X and Y, so that readers of other labels can read it.
    """

    def joined(self, batches: Sequence[Any]) -> Any:
        """Joins what was prepared of some samples at a time, as if all had come at once."""
        ...


@runtime_checkable
class Accumulates(Protocol):
    """A reader that adds up some samples at a time, beside their labels, in a state of fixed size.

    A state is its own, one for each layer and set of labels, and all that is kept of both.
    """

    def accumulate(self, state: Any, layers: Layers, first: int) -> Any:
        """Adds the next samples of one layer and gives the state, which it may change in place.

        Args:
            state: what it gave before; None at first. layers: the one, (n_b, d), or (n_positions,
                n_b, d) where the reader has a mixture. first: the place of its first sample among
                all.
        """
        ...

    def accumulated(self, state: Any) -> Points:
        """Measures the layer of which all samples were added, (1,)."""
        ...


def placed(measure: Any) -> bool:
    """Tells whether I(X;T) of a measure, or a binning, says something of a layer.

    It does but where the measure's own `placed` denies it: of codes that are fitted to be k it is
    about log2 k, and a probe has none. Such layers have no place in the plane.
    """
    return getattr(measure, "placed", True)


@runtime_checkable
class Fittable(Protocol):
    """A measure that is fitted to a layer; fitted, it reads this layer of any sample in one way.

    The reader of one that is not fitted fits it in `prepare`, for each network and reading by
    itself, to the very samples that it reads. Recorders fit it at each update to the first sample,
    layer by layer, and read all samples by what was fitted.

    Attributes:
        needs_fit: whether it is still to be fitted. needs_labels: whether labels are needed for it.
            max_fit: the most rows that it is fitted to.
    """

    @property
    def needs_fit(self) -> bool: ...

    @property
    def needs_labels(self) -> bool: ...

    @property
    def max_fit(self) -> int: ...

    def fit(self, layer: Activations, y: npt.NDArray[Any] | None = None) -> Measure:
        """Fits it to at most `max_fit` rows, evenly spread, and gives the fitted record.

        Args:
            layer: (n, d), float32. y: the labels of its rows, (n,) or (n, k), as `as_values` reads
                them, where they are needed.
        """
        ...


@runtime_checkable
class Measure(Protocol):
    """How a layer is measured: a frozen record."""

    def reader(self, variables: Variables) -> Reader[Any]:
        """Fixes X and Y."""
        ...
