"""The cases as data: what is measured, by which candidates; the first candidate is the one the others are compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import training
from benchmarks.estimating import ONE_LAYER, SEGMENTS_30, TALL, WIDE
from benchmarks.timing import Race

__all__ = ["CASES", "Case"]


@dataclass(frozen=True)
class Case:
    """`race(quick)` builds everything that is not to be timed; times are per `unit`."""

    name: str
    what: str
    race: Callable[[bool], Race]
    unit: str = "run"


CASES = (
    *(Case(plane.name, plane.what, plane.race) for plane in (SEGMENTS_30, ONE_LAYER, TALL, WIDE)),
    Case(
        "exp-2",
        "5 copies, 1000 samples, the sampled reading of 6 layers after every epoch, training and forwarding included; "
        "fastmi timed over 1000 epochs (--quick: 100), the published loop over 10 (--quick: 2); whole runs part by rounding "
        "alone, so the answers compared are the readings of one trained state",
        training.end_to_end,
        "epoch",
    ),
    Case(
        "exp-2-readings",
        "the run of exp-2 by fastmi: what the readings add to training and forwarding; 1000 epochs (--quick: 100)",
        training.readings,
        "epoch",
    ),
)
