"""what the benchmarks wrote, a manifest -> how long a run took, beside the published loop."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, TypedDict

from fastmi import files, from_json

from .catalog import CATALOG, Run

__all__ = ["time_of", "times_of_loops"]

LOOP = "published loop"


class Timed(TypedDict):
    """One candidate of a case, and the seconds that it took."""

    name: str
    median: float


class Case(TypedDict):
    """One case of the benchmarks."""

    name: str
    candidates: list[Timed]


class Times(TypedDict):
    """What is used of what the benchmarks write."""

    cases: list[Case]


def times_of_loops(times: Path) -> dict[str, float]:
    """Reads case -> seconds that one epoch of the published loop takes.

    Raises:
        ValueError: the file cannot be read, or is not what `python -m benchmarks --json` writes.
    """
    try:
        cases = from_json.typed("times", from_json.parse(files.read_text(times)), Times)["cases"]
    except (OSError, ValueError) as error:
        raise ValueError(
            f"times is '{times}', which is not what `python -m benchmarks --json` writes "
            f"({files.reason(error)})"
        ) from None
    candidates = {
        (case["name"], timed["name"]): timed["median"]
        for case in cases
        for timed in case["candidates"]
    }
    for (case, name), seconds in candidates.items():
        if not 0 < seconds < math.inf:
            raise ValueError(
                f"times is '{times}', where {name!r:.60} of {case!r:.60} took {seconds} seconds: "
                "write it again"
            )
    return {case: seconds for (case, name), seconds in candidates.items() if name == LOOP}


def time_of(run: Run, manifest: Any, loops: dict[str, float]) -> str:
    """Says what the run took, beside the published loop where that was timed."""
    training, case = run.training, CATALOG[run.name].case
    seeds = f"{training.seeds} seeds" if training.seeds > 1 else "one seed"
    copies = f"{training.copies} copies" if training.copies > 1 else "one network"
    stages = ", ".join(f"{stage} {spent:.0f} s" for stage, spent in manifest["seconds"].items())
    samples = len({reading["sample"] for reading in manifest["readings"]})
    text = (
        f"*Time:* {_duration(manifest['wall_seconds'])} for {seeds} of {copies}, "
        f"{training.epochs:,} {training.unit}, {len(training.recorded):,} recorded and read on "
        f"{samples} samples ({stages})."
    )
    if manifest["remark"]:
        text += f" {manifest['remark']}."
    if manifest["resumed"]:
        text += " It was interrupted, and this is the time of its last part."
    if case in loops:
        epoch_seconds = loops[case]
        loop, unit = _duration(epoch_seconds * training.epochs), training.unit[:-1]
        text += (
            f" The published loop: {1e3 * epoch_seconds:.0f} ms a {unit}, {loop} for one seed, "
            f"{_duration(epoch_seconds * training.epochs * training.seeds)} for {training.seeds}."
            if training.seeds > 1
            else f" The published loop: {1e3 * epoch_seconds:.0f} ms a {unit}, {loop} in all."
        )
    return text


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
