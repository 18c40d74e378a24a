"""The cases as data: what is measured, by which candidates; the first candidate is the one the others are compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.estimating import ONE_LAYER, SEGMENTS_30, TALL, WIDE
from benchmarks.labels import LABEL_STRINGS, LABELS
from benchmarks.timing import Race
from benchmarks.training import EXP_1, EXP_2, EXP_3, EXP_4

__all__ = ["CASES", "Case"]


@dataclass(frozen=True)
class Case:
    """`race(quick)` builds everything that is not to be timed; times are per `unit`, answers in `scale`."""

    name: str
    what: str
    race: Callable[[bool], Race]
    unit: str = "run"
    scale: str = "bits"


CASES = (
    *(Case(plane.name, plane.what, plane.race) for plane in (SEGMENTS_30, ONE_LAYER, TALL, WIDE)),
    *(Case(labels.name, labels.what, labels.race, scale="nats") for labels in (LABELS, LABEL_STRINGS)),
    *(Case(run.name, run.what, run.race, "epoch") for run in (EXP_1, EXP_2, EXP_3, EXP_4)),
    Case(
        "exp-2-readings",
        "the run of exp-2 by fastmi: what the readings add to training and forwarding; 1000 epochs (--quick: 100)",
        EXP_2.readings,
        "epoch",
    ),
)
