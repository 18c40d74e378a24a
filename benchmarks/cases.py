"""The cases as data: what is measured, by which candidates; the first candidate is the one the
others are compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.encoding import CANDIDATES, CODINGS
from benchmarks.estimating import PLANES
from benchmarks.labels import COMPAT, LABELS
from benchmarks.peers import peers
from benchmarks.timing import Race
from benchmarks.training import EPOCHS, EXP_2, QUICK, READINGS, RUNS

__all__ = ["CASES", "Case"]


@dataclass(frozen=True)
class Case:
    """`race(quick)` builds everything that is not to be timed; times are per `unit`, answers in
    `scale`.

    A candidate that has taken `patience` seconds in all sits out the rounds that are left. `who`
    names all that could take part; those that do not are `absent` from the race, with the reason.
    """

    name: str
    what: str
    race: Callable[[bool], Race]
    unit: str = "run"
    scale: str = "bits"
    patience: float = 1.5
    who: tuple[str, ...] = ()


PEERS = tuple(peer.name for peer in peers())

CASES = (
    *(
        Case(plane.name, plane.what, plane.race, patience=plane.patience, who=PEERS)
        for plane in PLANES
    ),
    *(
        Case(coding.name, coding.what, coding.race, scale="codes", who=CANDIDATES)
        for coding in CODINGS
    ),
    *(
        Case(labels.name, labels.what, labels.race, scale="nats", who=(*PEERS, COMPAT))
        for labels in LABELS
    ),
    *(
        Case(run.name, run.what, run.race, "epoch", patience=3.0, who=("fastmi", "published loop"))
        for run in RUNS
    ),
    Case(
        "exp-2-readings",
        f"the run of exp-2 by fastmi, {EPOCHS[0]} epochs (--quick: {QUICK[0]}): what forwarding and"
        " reading add to training",
        EXP_2.readings,
        "epoch",
        patience=3.0,
        who=READINGS,
    ),
)
