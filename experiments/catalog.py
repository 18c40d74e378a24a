"""The runs, as frozen records: a run is a value, and its id is computed from its fields."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fastmi import Edges

__all__ = ["CATALOG", "Run"]


@dataclass(frozen=True)
class Run:
    """Everything that determines a run's numbers on one device. An epoch is ONE step of every copy, as in the report.

    `published` is what the report shows, read off its figures: for the reader, not part of the id.
    """

    name: str
    about: str
    data: str
    n_samples: int
    targets: tuple[float, float]
    widths: tuple[int, ...]
    epochs: int
    copies: int = 1
    batch_size: int = 101
    learning_rate: float = 0.2
    edges: tuple[float, float, int] = (-1.0, 1.0, 50)
    out_of_range: str = "wrap"
    init: str = "shared"
    seed: int = 0
    published: str = ""

    @property
    def id(self) -> str:
        """The name and ten digits of the SHA-256 of all fields that decide the numbers."""
        fields = self.fields()
        for words in ("about", "published"):
            fields.pop(words)
        digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
        return f"{self.name}-{digest[:10]}"

    @property
    def binning(self) -> Edges:
        """`edges` = (low, high, number of edges) of a linspace, as the report gives them."""
        low, high, n_edges = self.edges
        return Edges(np.linspace(low, high, n_edges), out_of_range=self.out_of_range)

    def fields(self) -> dict[str, Any]:
        """The record as plain data, for JSON."""
        return asdict(self)


_TISHBY = Run(
    name="tishby",
    about="exp 2: the 12-10-7-5-4-3-1 tanh network of the information-plane papers, one copy",
    data="simple",
    n_samples=1000,
    targets=(-1.0, 1.0),
    widths=(12, 10, 7, 5, 4, 3, 1),
    epochs=1000,
    published="layers 1-3 near (9.97, .80); layer 4 (8.2, .42) -> (7, .79); layer 5 (3.9, .05) -> peak 6.5 -> (4.2, .75); "
    "output (0.5, 0) -> peak 4.5 -> (1.9, .73)",
)

_RUNS = (
    Run(
        name="warm-up",
        about="exp 1: a 12-5-1 tanh network, one copy, targets 0 and 1",
        data="simple",
        n_samples=1000,
        targets=(0.0, 1.0),
        widths=(12, 5, 1),
        epochs=300,
        published="layer 1 fixed at (9.97, .80), output to (4.2, .60)",
    ),
    _TISHBY,
    Run(
        **{
            **_TISHBY.fields(),
            "name": "tishby-extended",
            "about": "exp 2 with five copies: mean of single copies, sampled (as published) and mixture, side by side",
            "copies": 5,
        }
    ),
)

CATALOG: dict[str, Run] = {run.name: run for run in _RUNS}
