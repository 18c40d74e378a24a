"""candidates -> answers that agree -> seconds: no time is taken of an answer that differs."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

__all__ = [
    "Comparison",
    "Disagreement",
    "Race",
    "Ratio",
    "Stopwatch",
    "Timed",
    "clock",
    "compare",
    "differences",
    "measure",
]

BLOCK = 0.020  # seconds for which a fast candidate is repeated before the next one takes its turn

Candidates = Mapping[str, Callable[[], Any]]
Stopwatch = Callable[[], Callable[[], float]]


class Disagreement(AssertionError):
    """Candidates gave different answers, so their times mean nothing."""


@dataclass(frozen=True)
class Race:
    """What is to be compared.

    Fields:
        candidates: name -> what to run and time; the others are compared with the first.
        answers: name -> what to run for the answer, where that of a timed run cannot be compared (a training is chaotic).
        work: name -> how many units (epochs, say) one run does, where it is not one; seconds are per unit.
        agree: name -> how far its answer may be, where its own arithmetic allows no better than the rest.
        absent: name -> why it is not among the candidates.
        n_bytes: how many bytes of activations one run of the first candidate reads, where it reads any.
        weighed: whether the memory that an answer takes is of interest.
        about: what the data turned out to be.
    """

    candidates: Candidates
    answers: Candidates | None = None
    work: Mapping[str, int] = field(default_factory=dict)
    agree: Mapping[str, float] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    n_bytes: int = 0
    weighed: bool = False
    about: str = ""


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

    @property
    def minimum(self) -> float:
        """The round that was disturbed least."""
        return min(self.seconds)

    @property
    def spread(self) -> float:
        """How far the rounds lie apart: (longest - shortest) / median."""
        return (max(self.seconds) - self.minimum) / self.median

    def against(self, first: Timed) -> Ratio:
        """Ratios are taken within a round, where both saw the same machine, and only then summarised."""
        ratios = [own / other for own, other in zip(self.seconds, first.seconds, strict=False)]  # the slow drop out early
        return Ratio(median(ratios), min(ratios), max(ratios))


@dataclass(frozen=True)
class Comparison:
    """What each candidate's answer differs by from the first one's, and what each takes; bytes only if they were weighed."""

    race: Race
    differences: Mapping[str, float]
    timed: tuple[Timed, ...]
    peaks: Mapping[str, int]

    @property
    def largest_difference(self) -> float:
        """Of them all."""
        return max(self.differences.values())


def clock() -> Callable[[], float]:
    """A stopwatch: start it, and it says how many seconds have gone by."""
    start = time.perf_counter()
    return lambda: time.perf_counter() - start


def compare(
    candidates: Candidates | Race,
    agree: float = 1e-12,
    *,
    rounds: int = 7,
    patience: float = 8.0,
    stopwatch: Stopwatch = clock,
) -> Comparison:
    """Agree first, then time; to answer is to warm up, and is not timed.

    Args:
        candidates: name -> what to run and time, or a `Race` where that is not all there is to say.
        agree: the largest difference between any answer and the first, where the race does not say otherwise.
        rounds, patience, stopwatch: see `measure`.

    Raises:
        Disagreement: shapes or values differ, or a value is NaN; nothing has been timed then.
    """
    race = candidates if isinstance(candidates, Race) else Race(candidates)
    apart, peaks = differences(race, agree)
    return Comparison(race, apart, measure(race, rounds=rounds, patience=patience, stopwatch=stopwatch), peaks)


def differences(race: Race, agree: float = 1e-12) -> tuple[dict[str, float], dict[str, int]]:
    """Run each; how far each is from the first one's answer, and the most bytes that Python and NumPy held for it at once.

    Raises:
        Disagreement: as `compare`.
    """
    answers, peaks = {}, {}
    for name, answer in (race.answers or race.candidates).items():
        with _weighing(race.weighed) as peak:
            answers[name] = np.asarray(answer())
        if peak:
            (peaks[name],) = peak
    (first, expected), *others = answers.items()
    out = {first: 0.0}
    for name, found in others:
        if found.shape != expected.shape:
            raise Disagreement(f"{name} answers with shape {found.shape}, {first} with {expected.shape}: nothing was timed")
        out[name], allowed = float(np.abs(found - expected).max()), race.agree.get(name, agree)
        if not out[name] <= allowed:  # NaN too
            raise Disagreement(f"{name} differs from {first} by {out[name]:.3g}, more than {allowed:g}: nothing was timed")
    return out, peaks


@contextmanager
def _weighing(wanted: bool) -> Iterator[list[int]]:
    """A list that holds the most bytes held at once, once the block is left; empty where that is not wanted."""
    peak: list[int] = []
    if wanted:
        tracemalloc.start()
    try:
        yield peak
    finally:
        if wanted:
            peak.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()


def measure(race: Race, *, rounds: int = 7, patience: float = 8.0, stopwatch: Stopwatch = clock) -> tuple[Timed, ...]:
    """Alternating blocks: in each round every candidate is repeated for at least 20 ms, or run once where it is slower.

    Args:
        race: what to run; its answers are not looked at here.
        rounds: how many; the order turns around in every other one.
        patience: a candidate that has taken this many seconds in all sits out the rounds that are left.
        stopwatch: what takes the time: `clock`, or a device's own events.
    """
    seconds: dict[str, list[float]] = {name: [] for name in race.candidates}
    spent = dict.fromkeys(seconds, 0.0)
    for turn in range(rounds):
        for name in list(seconds)[:: 1 if turn % 2 == 0 else -1]:
            if spent[name] <= patience:
                elapsed, runs = _block(race.candidates[name], stopwatch)
                spent[name] += elapsed
                seconds[name].append(elapsed / runs / race.work.get(name, 1))
    return tuple(Timed(name, tuple(taken)) for name, taken in seconds.items())


def _block(run: Callable[[], Any], stopwatch: Stopwatch) -> tuple[float, int]:
    runs, elapsed = 0, stopwatch()
    while True:
        run()
        runs += 1
        if (seconds := elapsed()) >= BLOCK:
            return seconds, runs
