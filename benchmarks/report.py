"""comparisons -> a table for people and a file for programs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.timing import Comparison, Ratio
from fastmi.tables import replacing

__all__ = ["as_record", "check_target", "duration", "table", "write_json"]

UNITS = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6))


def duration(seconds: float) -> str:
    """Three digits and a unit."""
    unit, size = next(((unit, size) for unit, size in UNITS if seconds >= size), UNITS[-1])
    value = seconds / size
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f} {unit}"


def _faster(ratio: Ratio) -> str:
    slower = ratio.median < 1
    ends = (1 / ratio.median, 1 / ratio.high, 1 / ratio.low) if slower else (ratio.median, ratio.low, ratio.high)
    middle, low, high = (f"{value:,.{1 if ends[0] < 10 else 0}f}" for value in ends)
    spread = "" if low == high else f" ({low} .. {high})"
    return f"{middle} times {'slower' if slower else 'faster'}{spread}"


def table(comparison: Comparison, unit: str) -> str:
    """One line for each candidate: its times, and how many times faster the first is."""
    first = comparison.timed[0]
    rows = [("candidate", f"median per {unit}", "min .. max", "rounds", f"{first.name} is")]
    for timed in comparison.timed:
        spread = f"{duration(min(timed.seconds))} .. {duration(max(timed.seconds))}"
        faster = "" if timed is first else _faster(timed.against(first))
        rows.append((timed.name, duration(timed.median), spread, str(len(timed.seconds)), faster))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(f"  {line}" for line in lines)


def as_record(comparison: Comparison) -> dict[str, Any]:
    """What the table shows, with every round."""
    first = comparison.timed[0]
    candidates = [asdict(timed) | {"median": timed.median, "ratio": asdict(timed.against(first))} for timed in comparison.timed]
    return {"largest_difference": comparison.largest_difference, "candidates": candidates}


def check_target(path: Path) -> None:
    """Try the place before anything is measured.

    Raises:
        OSError: the file cannot be written there, naming it.
    """
    if path.is_dir():
        raise IsADirectoryError(f"'{path}' is a folder: pass the name of a file")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path.parent):
        pass


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Whole or not at all: written beside, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_text(json.dumps(record, indent=1) + "\n")
