"""A run as a value: what it trains and what it reads, and its story beside them.

They are frozen records with ids of their own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

import numpy as np

from fastmi import from_json

from . import measures
from .identity import digest
from .measures import Counted, Measure

__all__ = ["MOST", "SHUFFLED", "Run", "Training"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")  # it begins the name of a folder
MOST = {"n_recorded": 2**20, "widths": 1000, "reads": 100, "compression": 10**5}
SHUFFLED = " (shuffled labels)"  # ends the name of a sample that is read by such
LEAST = {"seed": 0} | dict.fromkeys(
    ("n_samples", "epochs", "copies", "batch_size", "n_recorded", "record_every", "seeds"), 1
)


@dataclass(frozen=True)
class Training:
    """Everything that decides a run's snapshots on one device.

    `epoch` is what one epoch is: "step", ONE step of every copy, as in the report; "pass", the
    whole sample once, shuffled, in batches. `n_recorded` epochs are recorded, evenly spaced in
    log(epoch); None is every `record_every`-th. `targets` are the values that stand for class 0, 1,
    ... of a single output; None is one-hot, an output for each class. `seeds` seeds, from `seed`
    on, train side by side: each has data, an initialisation and batches of its own, for each copy.
    `labels` are what it learns: "shuffled" ones are those of the training sample, permuted.
    """

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
    init: Literal["shared", "independent"] = "shared"
    seed: int = 0
    seeds: int = 1
    labels: Literal["true", "shuffled"] = "true"

    @property
    def recorded(self) -> list[int]:
        """The epochs whose planes are estimated, 0 (the initialisation) and the last among them."""
        if self.n_recorded is None:
            return [*range(0, self.epochs, self.record_every), self.epochs]
        spaced = np.geomspace(1, self.epochs, self.n_recorded).round().astype(int)
        return [0, *np.unique(spaced).tolist()]

    @property
    def n_epochs(self) -> int:
        """How many epochs are recorded, or at most.

        It is said without a list of them, which may be too long to be made.
        """
        if self.n_recorded is None:
            return len(range(0, self.epochs, self.record_every)) + 1
        return 1 + min(self.n_recorded, self.epochs)

    @property
    def alone(self) -> list[Training]:
        """The training of each of its seeds."""
        return [replace(self, seed=self.seed + k, seeds=1) for k in range(self.seeds)]

    @property
    def sample(self) -> str:
        """The name of the sample that it is trained on, which says whose labels were shuffled."""
        return "training" if self.labels == "true" else f"training{SHUFFLED}"

    @property
    def label_note(self) -> str:
        """What a title says behind its name: ", trained on shuffled labels", or nothing."""
        return "" if self.labels == "true" else ", trained on shuffled labels"

    @property
    def unit(self) -> str:
        """What its epochs are called: "steps", of every copy, or "epochs", which are passes."""
        return "steps" if self.epoch == "step" else "epochs"

    @property
    def length(self) -> str:
        """How long it is, in words: "1,200 steps of 256, 5.1 passes", or "8,000 epochs"."""
        many = f"{self.epochs:,} {self.unit if self.epochs > 1 else self.unit[:-1]}"
        if self.epoch == "pass":
            return many
        size = min(self.batch_size, self.n_samples)
        passes = self.epochs * size / self.n_samples
        return (
            f"{many} of {size:,}, {passes:,.0f} passes"
            if passes >= 10
            else f"{many} of {size:,}, {passes:.1f} passes"
        )

    def faults(self) -> Iterator[str]:
        """Says a sentence for each value that no training can have."""
        for key, least in LEAST.items():
            value, most = getattr(self, key), MOST.get(key, 2**63 - 1)
            if value is not None and not least <= value <= most:
                yield (
                    f"{key}{' (--record)' if key == 'n_recorded' else ''} is {value}: it is from "
                    f"{least} to {most:,}"
                )
        if not 2 <= len(self.widths) <= MOST["widths"] or min(self.widths) < 1:
            yield (
                f"widths are {len(self.widths)}, from {min(self.widths, default=0)} on: they are 2 "
                "to 1000, each at least 1"
            )
        if self.targets is not None and not self.targets:
            yield "targets are none: they are a value for each class"
        if not 0 < self.learning_rate < math.inf:
            yield f"learning_rate is {self.learning_rate}: it is above 0"


@dataclass(frozen=True)
class Run:
    """What is trained, by which measures it is read, and the story.

    Several measures read at once, and each gives a result of its own. Of the story nothing is part
    of an id: `about` says what it is; `published` what the report shows, read off its figures, and
    `published_at` the epochs at which its output layer was read off; `shows` what the run does and
    does not show, a sentence without numbers; `case` is the case of `python -m benchmarks` that
    times its published loop; `analyses` are made of its results as they are written (see
    `analyses`).
    """

    name: str
    training: Training
    reads: tuple[Measure, ...] = (Counted(),)
    about: str = ""
    published: str = ""
    published_at: tuple[int, ...] = ()
    shows: str = ""
    case: str = ""
    analyses: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The id of what is trained: the name, and the digest of what decides the snapshots."""
        return f"{self.name}-{digest(self.training)}"

    @property
    def ids(self) -> list[str]:
        """The ids of its results, one for each measure: <training id>/<measure id>."""
        return [f"{self.id}/{measure.id}" for measure in self.reads]

    def read_by(self, measure: Measure) -> Run:
        """Makes the run with one measure; what is made of planes is not of one without places."""
        return replace(self, reads=(measure,), analyses=self.analyses if measure.placed else ())

    def varied(self, **changes: Any) -> Run:
        """Makes the run with other values, in whichever of its records has a field of that name.

        Raises:
            TypeError: none has.
        """
        ours = {key: changes.pop(key) for key in [*changes] if key in _names(Run)}
        trained = {key: changes.pop(key) for key in [*changes] if key in _names(Training)}
        reads = tuple(replace(measure, **changes) for measure in self.reads)  # type: ignore[type-var]
        return replace(
            self, **{"training": replace(self.training, **trained), "reads": reads} | ours
        )

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Run:
        """Makes the record again from its `fields`, as JSON gives them back, whoever wrote them.

        Raises:
            TypeError: they are not those of a run. ValueError: a value is of another type, or none
                that a run can have.
        """
        rest = dict(fields)
        listed = from_json.typed("run.reads", rest.pop("reads", None), list[dict[str, Any]])
        run: Run = from_json.typed("run", rest, cls)
        run = replace(
            run,
            reads=tuple(
                measures.from_fields(f"run.reads[{i}]", item) for i, item in enumerate(listed)
            ),
        )
        run.check()
        return run

    def check(self) -> None:
        """Raises ValueError where a value is none that a run can have, naming it."""
        for fault in self._faults():
            raise ValueError(fault)

    def _faults(self) -> Iterator[str]:
        if not NAME.fullmatch(self.name):
            yield f"name is {self.name!r:.60}: it is letters, digits, - and _, at most 64"
        yield from self.training.faults()
        if not 1 <= len(set(self.reads)) == len(self.reads) <= MOST["reads"]:
            yield (
                f"reads are {len(self.reads)}, {len(set(self.reads))} of them different: they are 1"
                " to 100, each given once"
            )
        for measure in self.reads:
            yield from measure.faults()
            n, most = self.training.n_samples, measure.most_samples
            if most is not None and n > most:
                yield (
                    f"n_samples is {n:,}, and {measure.measure} compares all pairs of at most "
                    f"{most:,}: read this run by another --measure"
                )

    def fields(self) -> dict[str, Any]:
        """Gives the record as plain data, for JSON."""
        return asdict(self)


def _names(record: type[Any]) -> set[str]:
    return {field.name for field in fields(record)}
