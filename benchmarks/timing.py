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

BLOCK_SECONDS = 0.020  # for which a fast candidate is repeated before the next takes its turn

Candidates = Mapping[str, Callable[[], Any]]
Stopwatch = Callable[[], Callable[[], float]]


class Disagreement(AssertionError):
    """Candidates gave different answers, so their times mean nothing."""


@dataclass(frozen=True)
class Race:
    """What is to be compared.

    Fields:
        candidates: name -> what to run and time; the others are compared with the first.
        answers: name -> what to run for the answer, where that of a timed run cannot be compared
            (a training is chaotic).
        work: name -> how many units (epochs, say) one run does, where it is not one; seconds are
            per unit.
        agree: name -> how far its answer may be, where its own arithmetic allows no better than
            the rest.
        absent: name -> why it is not among the candidates.
        n_bytes: how many bytes of activations one run of the first candidate reads, where it reads
            any.
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
    """How many times as long as the first candidate, over the rounds."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Timed:
    """Seconds per unit of work, one for each round.

    `beside` each are those of the first candidate right before and after.
    """

    name: str
    seconds: tuple[float, ...]
    beside: tuple[float, ...]

    @property
    def median(self) -> float:
        """Finds the middle round."""
        return median(self.seconds)

    @property
    def minimum(self) -> float:
        """Finds the round that was disturbed least."""
        return min(self.seconds)

    @property
    def spread(self) -> float:
        """Says how far the rounds lie apart: (longest - shortest) / median."""
        return (max(self.seconds) - self.minimum) / self.median

    @property
    def ratio(self) -> Ratio:
        """Compares where both saw the same machine, and only then summarises."""
        ratios = [taken / first for taken, first in zip(self.seconds, self.beside, strict=True)]
        return Ratio(median(ratios), min(ratios), max(ratios))


@dataclass(frozen=True)
class Comparison:
    """What each candidate's answer differs by from the first one's, and what each takes.

    Bytes are held only if they were weighed.
    """

    race: Race
    differences: Mapping[str, float]
    timed: tuple[Timed, ...]
    peaks: Mapping[str, int]

    @property
    def largest_difference(self) -> float:
        """Finds the largest of them all."""
        return max(self.differences.values())


def clock() -> Callable[[], float]:
    """Starts a stopwatch, which says how many seconds have gone by."""
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
    """Lets them agree first, then times them; to answer is to warm up, and is not timed.

    Args:
        candidates: name -> what to run and time, or a `Race` where that is not all there is to say.
        agree: the largest difference between any answer and the first, where the race does not say
            otherwise.
        rounds, patience, stopwatch: see `measure`.

    Raises:
        Disagreement: shapes or values differ, or a value is NaN; nothing has been timed then.
    """
    race = candidates if isinstance(candidates, Race) else Race(candidates)
    apart, peaks = differences(race, agree)
    return Comparison(
        race, apart, measure(race, rounds=rounds, patience=patience, stopwatch=stopwatch), peaks
    )


def differences(race: Race, agree: float = 1e-12) -> tuple[dict[str, float], dict[str, int]]:
    """Runs each: how far its answer is from the first one's, and the most bytes held for it.

    The bytes are those that Python and NumPy held at once, where the race weighs them.

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
    for name, given in others:
        if given.shape != expected.shape:
            raise Disagreement(
                f"{name} answers with shape {given.shape}, {first} with {expected.shape}: nothing "
                "was timed"
            )
        out[name], allowed = float(np.abs(given - expected).max()), race.agree.get(name, agree)
        # NaN too, and the one int64 whose absolute value is negative
        if not 0 <= out[name] <= allowed:
            raise Disagreement(
                f"{name} differs from {first} by {out[name]:.3g}, more than {allowed:g}: nothing "
                "was timed"
            )
    return out, peaks


@contextmanager
def _weighing(wanted: bool) -> Iterator[list[int]]:
    """Yields a list that holds the most bytes held at once, when the block has been left.

    It stays empty where that is not wanted.
    """
    peak: list[int] = []
    if wanted:
        tracemalloc.start()
    try:
        yield peak
    finally:
        if wanted:
            peak.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()


def measure(
    race: Race, *, rounds: int = 7, patience: float = 8.0, stopwatch: Stopwatch = clock
) -> tuple[Timed, ...]:
    """Times alternating blocks: a candidate is repeated for 20 ms, or run once where it is slower.

    A machine's speed may change within a second. So each candidate's block stands between two of
    the first one's, the second of them a tenth as long as the block at least: the ratio is of what
    ran side by side.

    Args:
        race: what to run; its answers are not looked at here.
        rounds: how many; the order of the others turns around in every other one.
        patience: a candidate that has taken this many seconds in all sits out the rounds that are
            left.
        stopwatch: what takes the time: `clock`, or a device's own events.
    """
    first, *others = race.candidates
    blocks: dict[str, list[tuple[float, float]]] = {name: [] for name in others or [first]}
    spent = dict.fromkeys(blocks, 0.0)

    def seconds(name: str, *spans: tuple[float, int]) -> float:
        return (
            sum(elapsed for elapsed, _ in spans)
            / sum(runs for _, runs in spans)
            / race.work.get(name, 1)
        )

    for turn in range(rounds):
        for name in list(blocks)[:: 1 if turn % 2 == 0 else -1]:
            if spent[name] <= patience:
                before = _block(race.candidates[first], stopwatch) if others else (0.0, 0)
                block = _block(race.candidates[name], stopwatch)
                after = (
                    _block(race.candidates[first], stopwatch, block[0] / 10) if others else block
                )
                blocks[name].append((seconds(name, block), seconds(first, before, after)))
                spent[name] += block[0]
    timed = [Timed(name, *zip(*pairs, strict=True)) for name, pairs in blocks.items()]
    every = tuple(beside for other in timed for beside in other.beside)
    return (Timed(first, every, every), *(timed if others else ()))


def _block(run: Callable[[], Any], stopwatch: Stopwatch, least: float = 0.0) -> tuple[float, int]:
    """Runs until the block is long enough: its seconds, and how many runs that were."""
    runs, elapsed = 0, stopwatch()
    while True:
        run()
        runs += 1
        if (seconds := elapsed()) >= max(BLOCK_SECONDS, least):
            return seconds, runs
