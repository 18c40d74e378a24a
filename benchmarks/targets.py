"""a record -> what was aimed at, on this project's machine, beside what was reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["TARGETS", "Target", "reached"]

Record = Mapping[str, Any]
BY_SORTING = (
    "half of fastmi's time is counting, where each row waits for a table, and a sixth the Python "
    "around six layers; the recipe here, one sort a layer, takes two thirds of the time of the one "
    "that set this aim"
)
ELSEWHERE = (
    "reached on the machine that set the aims, an AMD EPYC (2026-11-23: {} times); on this one "
    "fastmi takes {} times the time that it took there, the other {} times"
)
SHARED = "a shared machine: from 19 to 26% on one day; 34% on an AMD EPYC (2026-11-23)"


@dataclass(frozen=True)
class Target:
    """At least so many times faster than a candidate of a case.

    Without a candidate: at least so large a share of what memory allows. `at` is the point of a
    curve, where the case is one; `why` is what profiling said where it was missed.
    """

    case: str
    against: str | None
    least: float
    at: int | None = None
    why: str = "not looked into"


TARGETS = (
    Target("segments-30", "NumPy, np.digitize", 25, why=BY_SORTING),
    Target("segments-30", "pandas, factorize of packed keys", 18, why=ELSEWHERE.format(21, 2, 1.5)),
    Target("segments-30", "NumPy, np.unique of a void view", 45, why=BY_SORTING),
    Target("segments-30", "published recipe", 2500),
    Target("million-wide", "pandas, factorize of packed keys", 18),
    Target("million-wide", "NumPy, np.digitize", 35, why=ELSEWHERE.format(45, 2.7, 1.6)),
    Target("digitise", "NumPy, np.digitize", 60, why=ELSEWHERE.format(66, 2.4, 1.5)),
    Target("encode", None, 0.25, why=SHARED),
    Target("kde-bounds", "NumPy, broadcasting", 100),
    Target("million-wide", None, 0.12),
    Target(
        "threads",
        "fastmi, one thread",
        1.6,
        at=2,
        why="memory for the answers is claimed by one thread, and the cores share a cache",
    ),
    Target("threads-busy", "fastmi, one thread", 1 / 1.2, at=2),
    Target("exp-2", "published loop", 150),
    Target("exp-2-50-copies", "published loop", 60),
)


def reached(record: Record) -> Iterator[tuple[Target, float]]:
    """Yields each target whose case was measured, and what was reached."""
    places: dict[tuple[str, int | None], Record] = {
        (case["name"], None): case for case in record["cases"]
    }
    places |= {
        (curve["name"], point["at"]): point
        for curve in record["curves"]
        for point in curve["points"]
    }
    for target in TARGETS:
        if place := places.get((target.case, target.at)):
            ratios = {
                candidate["name"]: candidate["ratio"]["median"] for candidate in place["candidates"]
            }
            ratios |= {None: place["read"]["share"]} if place["read"] else {}
            if target.against in ratios:
                yield target, ratios[target.against]
