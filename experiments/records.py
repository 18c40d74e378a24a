"""A run as a value: a frozen record, whose id is computed from its fields, and which says what is wrong with it."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from fastmi import Edges, plain

__all__ = ["Run", "Stopping"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")  # it begins the name of a folder
MOST = {"n_recorded": 2**20, "widths": 1000, "edges": 2**24, "compression": 10**5}
LEAST = {"seed": 0} | dict.fromkeys(("n_samples", "epochs", "copies", "batch_size", "n_recorded", "record_every", "seeds"), 1)


@dataclass(frozen=True)
class Stopping:
    """The rules for stopping that a run compares, at its recorded epochs, which are their checks.

    `beta`, `tolerance` (bits) and `patience` are those of `fastmi.InformationStopping`, its floor half of H(Y). Validation
    stops once the held-out loss has not reached a new minimum for `validation_patience` checks.
    """

    beta: float = 1.0
    tolerance: float = 0.1
    patience: int = 3
    validation_patience: int = 10


@dataclass(frozen=True)
class Run:
    """Everything that determines a run's numbers on one device.

    `epoch` is what one epoch is: "step", ONE step of every copy, as in the report; "pass", the whole sample once, shuffled,
    in batches. `n_recorded` epochs are recorded, evenly spaced in log(epoch); None is every `record_every`-th.
    `targets` are the values that stand for class 0, 1, ... of a single output; None is one-hot, an output for each class.
    `seeds` seeds, from `seed` on, train side by side: each has data, an initialisation and batches of its own, for each copy.

    `published` is what the report shows, read off its figures: for the reader, not part of the id.
    """

    name: str
    about: str
    data: str
    n_samples: int
    targets: tuple[float, ...] | None
    widths: tuple[int, ...]
    epochs: int
    network: str = "tanh"
    copies: int = 1
    batch_size: int = 101
    epoch: Literal["step", "pass"] = "step"
    optimizer: str = "sgd"
    learning_rate: float = 0.2
    loss: str = "mean squared error"
    n_recorded: int | None = None
    record_every: int = 1
    edges: tuple[float, float, int] = (-1.0, 1.0, 50)
    out_of_range: Literal["wrap", "separate", "clip", "raise"] = "wrap"
    init: Literal["shared", "independent"] = "shared"
    seed: int = 0
    seeds: int = 1
    stopping: Stopping | None = None
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

    @property
    def recorded(self) -> list[int]:
        """The epochs whose planes are estimated, 0 (the initialisation) and the last among them."""
        if self.n_recorded is None:
            return [*range(0, self.epochs, self.record_every), self.epochs]
        spaced = np.geomspace(1, self.epochs, self.n_recorded).round().astype(int)
        return [0, *np.unique(spaced).tolist()]

    @property
    def n_epochs(self) -> int:
        """How many epochs are recorded, or at most; without a list of them, which may be too long to be made."""
        if self.n_recorded is None:
            return len(range(0, self.epochs, self.record_every)) + 1
        return 1 + min(self.n_recorded, self.epochs)

    @property
    def alone(self) -> list[Run]:
        """The run of each of its seeds."""
        return [replace(self, seed=self.seed + k, seeds=1) for k in range(self.seeds)]

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Run:
        """The record again from its `fields`, as JSON gives them back, whoever wrote them.

        Raises:
            TypeError: they are not those of a run. ValueError: a value is of another type, or none that a run can have.
        """
        run: Run = plain.typed("run", fields, cls)
        run.check()
        return run

    def check(self) -> None:
        """Raises ValueError where a value is none that a run can have, naming it."""
        for fault in self._faults():
            raise ValueError(fault)

    def _faults(self) -> Iterator[str]:
        if not NAME.fullmatch(self.name):
            yield f"name is {self.name!r:.60}: it is letters, digits, - and _, at most 64"
        for key, least in LEAST.items():
            value, most = getattr(self, key), MOST.get(key, 2**63 - 1)
            if value is not None and not least <= value <= most:
                yield f"{key}{' (--record)' if key == 'n_recorded' else ''} is {value}: it is from {least} to {most:,}"
        if not 2 <= len(self.widths) <= MOST["widths"] or min(self.widths) < 1:
            yield f"widths are {len(self.widths)}, from {min(self.widths, default=0)} on: they are 2 to 1000, each at least 1"
        if self.targets is not None and not self.targets:
            yield "targets are none: they are a value for each class"
        if not 0 < self.learning_rate < math.inf:
            yield f"learning_rate is {self.learning_rate}: it is above 0"
        low, high, n_edges = self.edges
        if not (low < high and math.isfinite(high - low) and 2 <= n_edges <= MOST["edges"]):
            yield f"edges are {low}, {high}, {n_edges}: they are LOW below HIGH, and N from 2 to {MOST['edges']:,}"
        rules = self.stopping
        if rules is not None and (min(rules.beta, rules.tolerance) < 0 or min(rules.patience, rules.validation_patience) < 1):
            yield f"stopping is {rules}: beta and tolerance are at least 0, patience at least 1"

    def fields(self) -> dict[str, Any]:
        """The record as plain data, for JSON."""
        return asdict(self)
