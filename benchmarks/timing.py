"""candidates -> answers that agree -> seconds: no time is taken of an answer that differs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

__all__ = [
    "Comparison",
    "Disagreement",
    "Race",
    "Ratio",
    "Timed",
    "compare",
    "largest_difference",
    "measure",
]

BLOCK = 0.020  # seconds for which a fast candidate is repeated before the next one takes its turn

Candidates = Mapping[str, Callable[[], Any]]


class Disagreement(AssertionError):
    """Candidates gave different answers, so their times mean nothing."""


@dataclass(frozen=True)
class Race:
    """What is to be compared.

    Fields:
        candidates: name -> what to run and time; the others are compared with the first.
        answers: name -> what to run for the answer, where that of a timed run cannot be compared (a training is chaotic).
        work: name -> how many units (epochs, say) one run does, where it is not one; seconds are per unit.
    """

    candidates: Candidates
    answers: Candidates | None = None
    work: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Ratio:
    """How many times as long as the first candidate: over the rounds that both ran."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Timed:
    """Seconds per unit of work, one for each round."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle round."""
        return median(self.seconds)

    def against(self, first: Timed) -> Ratio:
        """Ratios are taken within a round, where both saw the same machine, and only then summarised."""
        ratios = [own / other for own, other in zip(self.seconds, first.seconds, strict=False)]  # the slow drop out early
        return Ratio(median(ratios), min(ratios), max(ratios))


@dataclass(frozen=True)
class Comparison:
    """What the candidates differ by, and what each takes; the first is the one the others are compared with."""

    largest_difference: float
    timed: tuple[Timed, ...]


def compare(candidates: Candidates | Race, agree: float = 1e-12, *, rounds: int = 7, patience: float = 8.0) -> Comparison:
    """Agree first, then time.

    Args:
        candidates: name -> what to run and time, or a `Race` where that is not all there is to say.
        agree: the largest difference between any answer and the first.
        rounds, patience: see `measure`.

    Raises:
        Disagreement: shapes or values differ, or a value is NaN; nothing has been timed then.
    """
    race = candidates if isinstance(candidates, Race) else Race(candidates)
    difference = largest_difference(race.answers or race.candidates, agree)
    return Comparison(difference, measure(race, rounds=rounds, patience=patience))


def largest_difference(answers: Candidates, agree: float) -> float:
    """Run each; the largest distance from the first one's answer, which has to be within `agree`."""
    (first, expected), *others = ((name, np.asarray(answer())) for name, answer in answers.items())
    largest = 0.0
    for name, found in others:
        if found.shape != expected.shape:
            raise Disagreement(f"{name} answers with shape {found.shape}, {first} with {expected.shape}: nothing was timed")
        difference = float(np.abs(found - expected).max())
        if not difference <= agree:  # NaN too
            raise Disagreement(f"{name} differs from {first} by {difference:.3g}, more than {agree:g}: nothing was timed")
        largest = max(largest, difference)
    return largest


def measure(race: Race, *, rounds: int = 7, patience: float = 8.0) -> tuple[Timed, ...]:
    """Alternating blocks: in each round every candidate is repeated for at least 20 ms, or run once where it is slower.

    Args:
        race: what to run; its answers are not looked at here.
        rounds: how many; the order turns around in every other one.
        patience: a candidate that has taken this many seconds in all sits out the rounds that are left.
    """
    seconds: dict[str, list[float]] = {name: [] for name in race.candidates}
    spent = dict.fromkeys(seconds, 0.0)
    for turn in range(rounds):
        for name in list(seconds)[:: 1 if turn % 2 == 0 else -1]:
            if spent[name] <= patience:
                elapsed, runs = _block(race.candidates[name])
                spent[name] += elapsed
                seconds[name].append(elapsed / runs / race.work.get(name, 1))
    return tuple(Timed(name, tuple(taken)) for name, taken in seconds.items())


def _block(run: Callable[[], Any]) -> tuple[float, int]:
    runs, start = 0, time.perf_counter()
    while True:
        run()
        runs += 1
        if (elapsed := time.perf_counter() - start) >= BLOCK:
            return elapsed, runs
