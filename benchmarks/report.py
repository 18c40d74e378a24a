"""comparisons -> records (for programs) -> rows of a table (for people).

A table shows nothing that is not in its record.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.timing import Comparison
from fastmi.files import replacing

__all__ = [
    "as_record",
    "check_target",
    "curve_not_run",
    "curve_rows",
    "curve_section",
    "duration",
    "faster",
    "memory",
    "not_run",
    "notes",
    "rows",
    "section",
    "write_json",
]

UNITS = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6))

Record = Mapping[str, Any]


def as_record(comparison: Comparison, bytes_per_second: float) -> dict[str, Any]:
    """Records every round and what is made of them.

    `bytes_per_second` is how fast memory can be read once.
    """
    race, first = comparison.race, comparison.timed[0]
    candidates = [
        {
            "name": timed.name,
            "seconds": timed.seconds,
            "median": timed.median,
            "minimum": timed.minimum,
            "spread": timed.spread,
            "beside": timed.beside,
            "ratio": asdict(timed.ratio),
            "difference": comparison.differences.get(timed.name),
            "peak_bytes": comparison.peaks.get(timed.name),
        }
        for timed in comparison.timed
    ]
    read = None
    if race.n_bytes:
        speed = race.n_bytes / first.median
        read = {"bytes": race.n_bytes, "bytes_per_second": speed, "share": speed / bytes_per_second}
    return {
        "about": race.about,
        "largest_difference": comparison.largest_difference,
        "candidates": candidates,
        "absent": dict(race.absent),
        "read": read,
    }


def duration(seconds: float) -> str:
    """Writes three digits and a unit."""
    unit, size = next(((unit, size) for unit, size in UNITS if seconds >= size), UNITS[-1])
    value = seconds / size
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f} {unit}"


def faster(ratio: Record) -> str:
    """Says how many times the first candidate is faster or slower.

    The lowest and the highest of the rounds stand behind.
    """
    slower = ratio["median"] < 1
    middle, low, high = (ratio[end] for end in ("median", "low", "high"))
    middle, low, high = (1 / middle, 1 / high, 1 / low) if slower else (middle, low, high)
    digits = 1 if middle < 10 else 0
    spread = "" if low == high else f" ({low:,.{digits}f} .. {high:,.{digits}f})"
    return f"{middle:,.{digits}f} times {'slower' if slower else 'faster'}{spread}"


def rows(record: Record) -> list[tuple[str, ...]]:
    """Writes the head of a table, then one row for each candidate.

    A row holds its times, how many times faster the first candidate is, how far its answer is from
    that one's, and the memory that it took where that was weighed.
    """
    first = record["candidates"][0]
    weighed = any(candidate.get("peak_bytes") for candidate in record["candidates"])
    head = (
        "candidate",
        f"median per {record['unit']}",
        "minimum",
        "spread",
        "rounds",
        f"{first['name']} is",
        "differs by",
        *(["memory taken"] if weighed else []),
    )
    return [
        head,
        *(
            (*_row(candidate, candidate is first), *([memory(candidate)] if weighed else []))
            for candidate in record["candidates"]
        ),
    ]


def memory(candidate: Record) -> str:
    """Writes what an answer took, where it was weighed: what torch claims itself is not seen."""
    room = None if "torch" in candidate["name"] else candidate.get("peak_bytes")
    return f"{room / 1e6:,.1f} MB" if room else ""


def _row(candidate: Record, first: bool) -> tuple[str, ...]:
    difference = candidate["difference"]
    return (
        candidate["name"],
        duration(candidate["median"]),
        duration(candidate["minimum"]),
        f"{candidate['spread']:.0%}" if len(candidate["seconds"]) > 1 else "",
        str(len(candidate["seconds"])),
        "" if first else faster(candidate["ratio"]),
        "" if first or difference is None else f"{difference:.1g}",
    )


def not_run(record: Record, absent: Record) -> str:
    """Says who was not asked, and why; but for those that are `absent` from the whole run."""
    reasons: dict[str, list[str]] = {}
    for name, reason in record["absent"].items():
        if name not in absent:
            reasons.setdefault(reason, []).append(name)
    return "; ".join(f"{' and '.join(names)} ({reason})" for reason, names in reasons.items())


def notes(record: Record) -> list[str]:
    """Says of the first candidate how fast it reads.

    And what holds it up on a device, and the memory that it takes there, where these are known.
    """
    said, name = [], record["candidates"][0]["name"]
    if record["read"]:
        speed, share = record["read"]["bytes_per_second"], record["read"]["share"]
        said.append(
            f"{name} reads {speed / 1e9:.2f} GB of activations a second, {share:.1%} of what memory"
            " read once allows"
        )
    if "bound" in record:
        said.append(
            f"bound by {record['bound']}: launching alone takes {duration(record['launching'])}"
        )
    if "peak_bytes" in record:
        most, before = (record[key] / 1e6 for key in ("peak_bytes", "input_bytes"))
        said.append(
            f"memory on the device: {most:,.0f} MB at most, {before:,.0f} MB of them before"
        )
    return said


def section(record: Record, absent: Record) -> str:
    """Writes a case for the terminal."""
    others = not_run(record, absent)
    lines = [
        (
            f"answers agree: the largest difference is {record['largest_difference']:.2g} "
            f"{record['scale']}"
        ),
        *aligned(rows(record)),
        *([f"not run: {others}"] if others else []),
        *notes(record),
    ]
    about = f" ({record['about']})" if record["about"] else ""
    return f"{record['name']}: {record['what']}{about}\n" + "".join(f"  {line}\n" for line in lines)


def curve_rows(curve: Record) -> list[tuple[str, ...]]:
    """Writes the head of a table, then one row for each point: all candidates' medians."""
    names = list(
        dict.fromkeys(
            candidate["name"] for point in curve["points"] for candidate in point["candidates"]
        )
    )
    weighed = any(
        candidate.get("peak_bytes")
        for point in curve["points"]
        for candidate in point["candidates"]
    )
    cells = [
        (
            curve["axis"],
            *names,
            "read, of what memory allows",
            "differ by",
            *(["memory taken"] if weighed else []),
        )
    ]
    for point in curve["points"]:
        room = point["candidates"][0].get("peak_bytes")
        taken = {
            candidate["name"]: duration(candidate["median"]) for candidate in point["candidates"]
        }
        share = f"{point['read']['share']:.1%}" if point["read"] else ""
        difference = f"{point['largest_difference']:.1g}" if len(taken) > 1 else ""
        row = f"{point['at']:,}", *(taken.get(name, "") for name in names), share, difference
        cells.append((*row, f"{room / 1e6:,.0f} MB") if weighed else row)
    return cells


def curve_section(curve: Record) -> str:
    """Writes a curve for the terminal."""
    others = curve_not_run(curve)
    lines = [*aligned(curve_rows(curve)), *([f"not run: {others}"] if others else [])]
    return f"over {curve['name']}: {curve['what']}\n" + "".join(f"  {line}\n" for line in lines)


def curve_not_run(curve: Record) -> str:
    """Says why some cells are empty."""
    absent = {name: reason for point in curve["points"] for name, reason in point["absent"].items()}
    return not_run({"absent": absent}, {})


def aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    """Turns rows of cells into lines whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def check_target(path: Path) -> None:
    """Tries the place before anything is measured.

    Raises:
        OSError: the file cannot be written there, naming it.
    """
    if path.is_dir():
        raise IsADirectoryError(f"'{path}' is a folder: pass the name of a file")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path.parent):
        pass


def write_json(path: Path, record: Record) -> None:
    """Writes the file whole or not at all: beside it, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        beside.write_text(json.dumps(record, indent=1) + "\n")
