"""The measures of layers as data: frozen records with ids of their own, whatever was trained."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

import numpy as np

from experiments.identity import digest
from fastmi import Edges, PlaneEstimator, from_json

__all__ = ["MEASURES", "MOST_EDGES", "Counted", "Measure", "from_fields"]

MOST_EDGES = 2**24


class Measure(Protocol):
    """A measure of layers: all that decides the numbers which are read of given activations.

    Another one is another frozen record with a name of its own in `measure`, and a row in
    `MEASURES`.
    """

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


@dataclass(frozen=True)
class Counted:
    """Counts rows of bins, between evenly spaced edges.

    `edges` = (low, high, number of edges) of a linspace, as the report gives them.
    """

    edges: tuple[float, float, int] = (-1.0, 1.0, 50)
    out_of_range: Literal["wrap", "separate", "clip", "raise"] = "wrap"
    measure: Literal["counted"] = "counted"

    @property
    def id(self) -> str:
        return f"{self.measure}-{digest(self)}"

    @property
    def binning(self) -> Edges:
        low, high, n_edges = self.edges
        return Edges(np.linspace(low, high, n_edges), out_of_range=self.out_of_range)

    @property
    def n_bytes(self) -> int:
        return self.edges[2] * 12

    def estimator(
        self, x: Any, classes: Any, n_classes: int | None = None, sample: str | None = None
    ) -> PlaneEstimator:
        return PlaneEstimator(x, classes, self.binning, n_classes=n_classes, sample=sample)

    def fields(self) -> dict[str, Any]:
        return asdict(self)

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


MEASURES: dict[str, type[Any]] = {"counted": Counted}


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
