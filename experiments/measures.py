"""The measures of layers as data: frozen records with ids of their own, whatever was trained."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from fastmi import Edges, PlaneEstimator, from_json, measures
from fastmi.measures import base

from .identity import digest

__all__ = [
    "KDE",
    "MEASURES",
    "MOST_EDGES",
    "Counted",
    "Measure",
    "PerUnit",
    "Probe",
    "SoftCodes",
    "VectorQuantized",
    "from_fields",
]

MOST_EDGES = 2**24
MOST_CODES = 2**16  # of which each layer of each network has a centre
MOST_COMPARED = 20_000  # samples, all pairs of which are compared


class Measure(Protocol):
    """A measure of layers: all that decides the numbers which are read of given activations.

    Another one is another frozen record with a name of its own in `measure`, and a row in
    `MEASURES`.

    Attributes:
        counts: whether it counts symbols, which are so many, and so many of them met once.
        most_samples: more of them it does not read; None is no limit.
    """

    counts: ClassVar[bool]
    most_samples: ClassVar[int | None]

    @property
    def placed(self) -> bool:
        """Tells whether I(X;T) says something of a layer, which has a place in the plane then."""
        ...

    @property
    def measure(self) -> str:
        """The name by which JSON and folders know it."""
        ...

    @property
    def id(self) -> str:
        """The measure's name and the digest of the record: it begins the name of a folder."""
        ...

    @property
    def n_bytes(self) -> int:
        """Bytes of memory that the record itself asks for."""
        ...

    def estimator(
        self, x: Any, classes: Any, n_classes: int | None = None, sample: str | None = None
    ) -> PlaneEstimator:
        """Makes what reads the layers of a sample: x (n, d), classes (n,).

        n_classes and sample are those of `PlaneEstimator`.
        """
        ...

    def fields(self) -> dict[str, Any]:
        """Gives the record as plain data, for JSON."""
        ...

    def faults(self) -> Iterator[str]:
        """Says a sentence for each value that none such can have."""
        ...

    def __str__(self) -> str:
        """Tells it from others in a few words."""
        ...


class _Read(ABC):
    """What every measure does in the same way, and what most do."""

    counts: ClassVar[bool] = True
    most_samples: ClassVar[int | None] = None

    @property
    def placed(self) -> bool:
        return base.placed(self.of_layers)

    @property
    def n_bytes(self) -> int:
        return 0

    @property
    @abstractmethod
    def of_layers(self) -> Any:
        """What `PlaneEstimator` takes."""

    @property
    def id(self) -> str:
        return f"{self.fields()['measure']}-{digest(self)}"

    def estimator(
        self, x: Any, classes: Any, n_classes: int | None = None, sample: str | None = None
    ) -> PlaneEstimator:
        return PlaneEstimator(x, classes, self.of_layers, n_classes=n_classes, sample=sample)

    def fields(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload]  # all of them are dataclasses


@dataclass(frozen=True)
class _Binned(_Read):
    """Bins activations between evenly spaced edges.

    `edges` = (low, high, number of edges) of a linspace, as the report gives them.
    """

    edges: tuple[float, float, int] = (-1.0, 1.0, 50)
    out_of_range: Literal["wrap", "separate", "clip", "raise"] = "wrap"

    @property
    def binning(self) -> Edges:
        low, high, n_edges = self.edges
        return Edges(np.linspace(low, high, n_edges), out_of_range=self.out_of_range)

    @property
    def n_bytes(self) -> int:
        return self.edges[2] * 12

    def faults(self) -> Iterator[str]:
        low, high, n_edges = self.edges
        if not (low < high and math.isfinite(high - low) and 2 <= n_edges <= MOST_EDGES):
            yield (
                f"edges are {low}, {high}, {n_edges}: they are LOW below HIGH, and N from 2 to "
                f"{MOST_EDGES:,}"
            )

    def __str__(self) -> str:
        low, high, n_edges = self.edges
        return f"{n_edges} edges on {low:g}..{high:g}, {self.out_of_range}"


@dataclass(frozen=True)
class Counted(_Binned):
    """Counts rows of bins."""

    measure: Literal["counted"] = "counted"

    @property
    def of_layers(self) -> Edges:
        return self.binning


@dataclass(frozen=True)
class PerUnit(_Binned):
    """Counts every unit by itself; the one that says most of the labels stands for its layer."""

    measure: Literal["per-unit"] = "per-unit"

    @property
    def of_layers(self) -> measures.PerUnit:
        return measures.PerUnit(self.binning)

    def __str__(self) -> str:
        return f"the best unit, {super().__str__()}"


@dataclass(frozen=True)
class VectorQuantized(_Read):
    """Counts codes that are fitted without labels, to each network and reading by itself."""

    k: int = 32
    by: Literal["kmeans", "pca", "product"] = "kmeans"
    measure: Literal["vector-quantized"] = "vector-quantized"

    @property
    def of_layers(self) -> measures.VectorQuantized:
        return measures.VectorQuantized(self.k, self.by)

    def faults(self) -> Iterator[str]:
        if not 1 <= self.k <= MOST_CODES:
            yield f"k is {self.k}: it is from 1 to {MOST_CODES:,}"

    def __str__(self) -> str:
        return f"{self.k} codes by {self.by}"


@dataclass(frozen=True)
class Probe(_Read):
    """Scores a classifier of each layer on half of the sample, fitted to the other half.

    The halves are drawn by `seed`; at most `max_fit` rows are fitted, and as many scored.
    """

    counts: ClassVar[bool] = False
    hidden: int = 0
    seed: int = 0
    max_fit: int = 5_000
    measure: Literal["probe"] = "probe"

    @property
    def of_layers(self) -> measures.Probe:
        return measures.Probe(self.hidden, seed=self.seed, max_fit=self.max_fit)

    def faults(self) -> Iterator[str]:
        if not (0 <= self.hidden <= MOST_CODES and self.seed >= 0 and self.max_fit >= 1):
            yield (
                f"hidden, seed and max_fit are {self.hidden}, {self.seed} and {self.max_fit}: the "
                f"first is from 0 to {MOST_CODES:,}, the others from 0 and from 1 on"
            )

    def __str__(self) -> str:
        return (
            f"a probe{f' of {self.hidden} hidden units' if self.hidden else ''}, seed {self.seed}"
        )


@dataclass(frozen=True)
class SoftCodes(_Read):
    """Reads through a random channel onto `n_anchors` directions, drawn `n_seeds` times."""

    counts: ClassVar[bool] = False
    n_anchors: int = 64
    n_seeds: int = 8
    measure: Literal["soft-codes"] = "soft-codes"

    @property
    def of_layers(self) -> measures.SoftCodes:
        return measures.SoftCodes(self.n_anchors, self.n_seeds)

    def faults(self) -> Iterator[str]:
        if not (2 <= self.n_anchors <= MOST_CODES and 1 <= self.n_seeds <= MOST_CODES):
            yield (
                f"n_anchors and n_seeds are {self.n_anchors} and {self.n_seeds}: they are from 2, "
                f"and from 1, to {MOST_CODES:,}"
            )

    def __str__(self) -> str:
        return f"{self.n_anchors} soft codes, {self.n_seeds} draws"


@dataclass(frozen=True)
class KDE(_Read):
    """Bounds what a layer says through Gaussian noise, by comparing all pairs of samples.

    The noise is no part of these networks: its variance decides the numbers, and .1 is what
    Saxe et al. 2018 took for MNIST.
    """

    counts: ClassVar[bool] = False
    most_samples: ClassVar[int | None] = MOST_COMPARED
    noise_variance: float = 0.1
    measure: Literal["kde"] = "kde"

    @property
    def of_layers(self) -> measures.KDEBounds:
        return measures.KDEBounds(self.noise_variance)

    def faults(self) -> Iterator[str]:
        if not 0 < self.noise_variance < math.inf:
            yield f"noise_variance is {self.noise_variance}: it is above 0"

    def __str__(self) -> str:
        return f"KDE, noise variance {self.noise_variance:g}"


MEASURES: dict[str, type[Any]] = {
    "counted": Counted,
    "per-unit": PerUnit,
    "vector-quantized": VectorQuantized,
    "probe": Probe,
    "soft-codes": SoftCodes,
    "kde": KDE,
}


def from_fields(name: str, fields: Any) -> Measure:
    """Makes the record again from its `fields`, as JSON gives them back, whoever wrote them.

    Args:
        name: what they are called where something is wrong with them.

    Raises:
        TypeError: they are not those of the measure. ValueError: a measure that this version does
            not know, or a value of another type.
    """
    measure = fields.get("measure") if isinstance(fields, dict) else None
    kind = MEASURES.get(measure) if isinstance(measure, str) else None
    if kind is None:
        raise ValueError(
            f"{name}.measure is {measure!r:.60}: this version knows {', '.join(MEASURES)}"
        )
    return from_json.typed(name, fields, kind)
