"""Reads the runs of formats 0 and 1, and computes the ids that runs had there.

One flat record was trained and read then.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from fastmi import from_json

from .measures import Counted
from .records import Run, Training

__all__ = ["id_of", "run_of"]


@dataclass(frozen=True)
class _Rules:
    """The rules for stopping of a run that compared them.

    Their defaults are those of `analyses.stopping`.
    """

    beta: float = 1.0
    tolerance: float = 0.1
    patience: int = 3
    validation_patience: int = 10


@dataclass(frozen=True)
class _Flat:
    """The record as it was, its fields in their order and with their defaults."""

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
    stopping: _Rules | None = None
    published: str = ""


def run_of(fields: dict[str, Any]) -> Run:
    """Makes the run of a manifest of format 0 or 1, whoever wrote it.

    Raises:
        TypeError: its fields are not those of a run. ValueError: a value is of another type, or
            none that a run can have.
    """
    flat: _Flat = from_json.typed("run", fields, _Flat)
    rules = flat.stopping
    if rules is not None and (
        min(rules.beta, rules.tolerance) < 0 or min(rules.patience, rules.validation_patience) < 1
    ):
        raise ValueError(
            f"stopping is {asdict(rules)}: beta and tolerance are at least 0, patience at least 1"
        )
    training = Training(
        **{key: value for key, value in vars(flat).items() if key in Training.__dataclass_fields__}
    )
    run = Run(
        flat.name,
        training,
        (Counted(flat.edges, flat.out_of_range),),
        about=flat.about,
        published=flat.published,
        analyses=() if rules is None else ("stopping",),
    )
    run.check()
    return run


def id_of(run: Run) -> str | None:
    """Computes the id that the run had then: of all fields but the words, defaults too.

    None where it could not be said.
    """
    measure, *further = run.reads
    if further or not isinstance(measure, Counted) or run.training.labels != "true":
        return None
    trained = {
        key: value for key, value in vars(run.training).items() if key in _Flat.__dataclass_fields__
    }
    rules = _Rules() if "stopping" in run.analyses else None
    flat = _Flat(
        run.name,
        "",
        **trained,
        edges=measure.edges,
        out_of_range=measure.out_of_range,
        stopping=rules,
    )
    fields = {
        key: value for key, value in asdict(flat).items() if key not in ("about", "published")
    }
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
    return f"{run.name}-{digest[:10]}"
