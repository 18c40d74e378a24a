"""benchmarks/results/*.json -> docs/performance.md and its figures.

Every number on the page stands in those files.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import drawing
from benchmarks.cold import Cold
from benchmarks.limits import Limits
from benchmarks.machine import Machine
from benchmarks.report import (
    check_target,
    curve_not_run,
    curve_rows,
    duration,
    faster,
    not_run,
    notes,
    rows,
)
from benchmarks.targets import reached
from fastmi.files import replacing

__all__ = ["main", "page", "table"]

RESULTS, PAGE = Path("benchmarks/results"), Path("docs/performance.md")

OPENING = """# How fast

Written by `python -m benchmarks report` from the files in `benchmarks/results`, where every round
stands; not by hand. `make bench` measures anew.

**How to read the tables.** Every candidate does the same job through its own public interface, held
to one thread, and answers before anything is timed: where an answer differs by more than its
arithmetic allows, the run stops and no time is printed; "differs by" is how far it was from the
first candidate's. Then they take turns in blocks long enough for the clock, and each block stands
between two of the first candidate's: a shared machine changes its speed, so times faster or slower
are taken there, side by side; shown is the median over the rounds, with the lowest and the highest
behind. "Spread" is the longest round less the shortest, as a share of the median. Who was expected
to take too long was not asked, and is named below the table.
"""

Record = Mapping[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Runs `python -m benchmarks report [--results FOLDER] [--out FILE]`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks report", description=__doc__)
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help=f"where the files are; {RESULTS}"
    )
    parser.add_argument("--out", type=Path, default=PAGE, help=f"where the page goes; {PAGE}")
    options = parser.parse_args(arguments)
    files = sorted(options.results.glob("*.json"), key=lambda path: (path.stem != "cpu", path.stem))
    # those of gpu-check have a page of their own, docs/gpu.md
    records = [record for path in files if "parts" not in (record := _read(path))]
    if not records:
        raise FileNotFoundError(f"no file in '{options.results}': run make bench first")
    check_target(options.out)
    figures = drawing.curves(records, options.results)
    text = page(
        records,
        {name: path.resolve() for name, path in figures.items()},
        options.out.parent.resolve(),
    )
    with replacing(options.out) as beside:
        beside.write_text(text, encoding="utf-8")
    print(f"written to {options.out}")
    return 0


def _read(path: Path) -> Record:
    record = json.loads(path.read_text())
    if not {"limits", "parts"} & record.keys():
        raise ValueError(f"'{path}' was written by an older version: run make bench again")
    return record


def page(records: Sequence[Record], figures: Mapping[str, Path], folder: Path) -> str:
    """Writes the whole page; `figures` are named by curve, and linked as seen from `folder`."""
    links = {name: os.path.relpath(path, folder) for name, path in figures.items()}
    return "\n".join([OPENING, *(line for record in records for line in _device(record, links))])


def _device(record: Record, links: Mapping[str, str]) -> Iterator[str]:
    yield f"## {record['device']}\n"
    if record["quick"]:
        yield "**Measured with --quick: a look, not a measurement.**\n"
    said = [str(Machine(**record["machine"])), str(Limits(**record["limits"]))]
    if record["cold"]:
        said.append(str(Cold(**record["cold"])))
    said += [f"not here: {name}: {reason}" for name, reason in record["not_here"].items()]
    yield "".join(f"- {line}\n" for entry in said for line in entry.splitlines())
    yield "### Faster than fastmi anywhere\n"
    yield "".join(f"- {line}\n" for line in _faster_anywhere(record)) or "Nobody.\n"
    if aims := list(_aims(record)):
        yield (
            "### What was aimed "
            f"at\n\n{table([('case', 'against', 'at least', 'found', ''), *aims])}\n"
        )
    if record["cases"]:
        yield f"### At a glance\n\n{table(_glance(record['cases']))}\n"
        yield "### Cases\n"
        for case in record["cases"]:
            yield from _case(case, record["not_here"])
    if record["curves"]:
        yield "### How the cost grows\n"
        for curve in record["curves"]:
            yield from _curve(curve, links)


def _faster_anywhere(record: Record) -> Iterator[str]:
    """Yields every candidate quicker than fastmi, of cases and points of curves alike."""
    named = [(case["name"], case) for case in record["cases"]]
    for curve in record["curves"]:
        named += [
            (f"the curve over {curve['name']}, at {point['at']:,}", point)
            for point in curve["points"]
        ]
    for name, case in named:
        first, *others = case["candidates"]
        foreign = _foreign(others) if first["name"] == "fastmi" else []
        for candidate in foreign:
            if candidate["ratio"]["median"] < 1:
                yield f"{candidate['name']}, on {name}: fastmi is {faster(candidate['ratio'])}"


def _foreign(candidates: Sequence[Record]) -> list[Record]:
    """Leaves out fastmi's other ways."""
    return [candidate for candidate in candidates if not candidate["name"].startswith("fastmi")]


def _aims(record: Record) -> Iterator[tuple[str, ...]]:
    """Yields a row for each target; what was missed with the reason."""
    for target, ratio in reached(record):
        case = (
            target.case if target.at is None else f"the curve over {target.case}, at {target.at:,}"
        )
        sizes = (
            f"{size:.0%}" if target.against is None else f"{size:,.{0 if size >= 10 else 2}f} times"
            for size in (target.least, ratio)
        )
        kept = "reached" if ratio >= target.least else f"missed: {target.why}"
        yield case, target.against or "what memory read once allows", *sizes, kept


def _glance(cases: Sequence[Record]) -> list[tuple[str, ...]]:
    """Sets the quickest of the others beside fastmi, in every case."""
    cells = [("case", "fastmi", "quickest of the others", "", "so fastmi is")]
    for case in cases:
        first, *others = case["candidates"]
        foreign = _foreign(others)
        if foreign and first["name"] == "fastmi":
            best = min(foreign, key=lambda candidate: candidate["ratio"]["median"])
            taken = duration(first["median"]), best["name"], duration(best["median"])
            cells.append((case["name"], *taken, faster(best["ratio"])))
    return cells


def _case(case: Record, absent: Record) -> Iterator[str]:
    about = f" ({case['about']})" if case["about"] else ""
    yield f"#### {case['name']}\n\n{_capital(case['what'])}{about}.\n"
    yield table(rows(case))
    others = not_run(case, absent)
    said = [
        (
            f"Answers agree: the largest difference is {case['largest_difference']:.2g} "
            f"{case['scale']}."
        ),
        *(f"{_capital(note)}." for note in notes(case)),
        *([f"Not run: {others}."] if others else []),
    ]
    yield "\n" + " ".join(said) + "\n"


def _curve(curve: Record, links: Mapping[str, str]) -> Iterator[str]:
    yield f"#### Over {curve['name']}\n\n{_capital(curve['what'])}.\n"
    if curve["name"] in links:
        yield f"![Median seconds over {curve['axis']}]({links[curve['name']]})\n"
    yield table(curve_rows(curve)) + "\n"
    if others := curve_not_run(curve):
        yield f"Not run: {others}.\n"


def table(cells: Sequence[Sequence[str]]) -> str:
    """Writes a table of Markdown, its first line the head; numbers stand to the right."""
    head, *rest = cells
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rest]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _capital(text: str) -> str:
    return text if text.startswith("fastmi") else text[:1].upper() + text[1:]
