"""The cases as data: what is measured, by which candidates.

The first candidate is the one that the others are compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import bounding, encoding
from benchmarks.believing import BELIEFS
from benchmarks.estimating import PLANES
from benchmarks.labels import COMPAT, LABELS
from benchmarks.peers import peers
from benchmarks.tables import TABLES
from benchmarks.timing import Race
from benchmarks.training import EPOCHS, EXP_2, QUICK, READINGS, RUNS

__all__ = ["CASES", "Case"]


@dataclass(frozen=True)
class Case:
    """What is measured, under a name.

    `race(quick)` builds everything that is not to be timed; times are per `unit`, answers in
    `scale`. A candidate that has taken `patience` seconds in all sits out the rounds that are left.
    `candidates` names all that could take part; those that do not are `absent` from the race, with
    the reason.
    """

    name: str
    description: str
    race: Callable[[bool], Race]
    unit: str = "run"
    scale: str = "bits"
    patience: float = 1.5
    candidates: tuple[str, ...] = ()


PEERS = tuple(peer.name for peer in peers())

CASES = (
    *(
        Case(plane.name, plane.description, plane.race, patience=plane.patience, candidates=PEERS)
        for plane in PLANES
    ),
    *(
        Case(
            coding.name,
            coding.description,
            coding.race,
            scale="codes",
            candidates=encoding.CANDIDATES,
        )
        for coding in encoding.CODINGS
    ),
    *(
        Case(
            bounds.name,
            bounds.description,
            bounds.race,
            patience=10.0,
            candidates=bounding.CANDIDATES,
        )
        for bounds in bounding.BOUNDS
    ),
    *(
        Case(
            labels.name,
            labels.description,
            labels.race,
            scale="nats",
            candidates=(*PEERS, COMPAT),
        )
        for labels in LABELS
    ),
    *(
        Case(
            table.name,
            table.description,
            table.race,
            table.unit,
            scale="nats",
            candidates=table.candidates,
        )
        for table in TABLES
    ),
    *(
        Case(
            run.name,
            run.description,
            run.race,
            "epoch",
            patience=3.0,
            candidates=("fastmi", "published loop"),
        )
        for run in RUNS
    ),
    *(
        Case(belief.name, belief.description, belief.race, candidates=belief.candidates)
        for belief in BELIEFS
    ),
    Case(
        "exp-2-readings",
        f"the run of exp-2 by fastmi, {EPOCHS[0]} epochs (--quick: {QUICK[0]}): what forwarding and"
        " reading add to training",
        EXP_2.readings,
        "epoch",
        patience=3.0,
        candidates=READINGS,
    ),
)
