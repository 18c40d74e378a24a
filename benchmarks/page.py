"""benchmarks/results/*.json -> docs/performance.md, a page for each case and curve, and figures.

Every number on the pages stands in those files.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import drawing
from benchmarks.called import PROG
from benchmarks.cold import Cold
from benchmarks.limits import Limits
from benchmarks.machine import Machine
from benchmarks.report import (
    check_target,
    curve_not_run,
    curve_rows,
    duration,
    faster,
    memory,
    not_run,
    notes,
    rows,
)
from benchmarks.targets import reached
from fastmi.files import replacing

__all__ = ["main", "page", "pages", "table"]

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
behind. "Spread" is the longest round less the shortest, as a share of the median. "Memory" is the
most that Python and NumPy held at once for the answer, where that was weighed; what torch claims by
itself is not seen. Who was expected to take too long was not asked, and is named below the table.
Each case and curve has a page of its own, with all candidates.
"""

WRITTEN = "Written by `python -m benchmarks report`; how to read it: [How fast]({page}).\n"

Record = Mapping[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Runs `python -m benchmarks report [--results FOLDER] [--out FILE]`."""
    parser = argparse.ArgumentParser(prog=f"{PROG} report", description=__doc__)
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
    found = {name: path.resolve() for name, path in figures.items()}
    out = options.out.resolve()
    texts = pages(records, found, out)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as beside:
            beside.write_text(text, encoding="utf-8")
    for left in set(out.with_suffix("").glob("*/*.md")) - texts.keys():
        if WRITTEN.format(page=f"../../{out.name}") in left.read_text(encoding="utf-8"):
            left.unlink()  # of a case that there is no more; what others wrote stays
    print(f"written to {options.out}, and {len(texts) - 1} pages of cases and curves")
    return 0


def _read(path: Path) -> Record:
    record = json.loads(path.read_text())
    if not {"limits", "parts"} & record.keys():
        raise ValueError(f"'{path}' was written by an older version: run make bench again")
    return record


def pages(records: Sequence[Record], figures: Mapping[str, Path], out: Path) -> dict[Path, str]:
    """Writes all pages: path -> text, the first at `out`, the others in a folder of its name.

    `figures` are named by curve, and linked as seen from a page.
    """
    return {out: page(records, figures, out)} | {
        _place(out, record, name): f"# {name}\n\n{written}\n{text}"
        for record in records
        for name, text in _parts(record)
        for written in [WRITTEN.format(page=f"../../{out.name}")]
    }


def page(records: Sequence[Record], figures: Mapping[str, Path], out: Path) -> str:
    """Writes the page that sums all up."""
    lines = (line for record in records for line in _device(record, figures, out))
    return "\n".join([OPENING, *lines])


def _place(out: Path, record: Record, name: str) -> Path:
    device = re.sub(r"[^\w.-]+", "-", record["device"]).strip("-")
    return out.with_suffix("") / device / f"{name.replace(' ', '-')}.md"


def _parts(record: Record) -> Iterator[tuple[str, str]]:
    for case in record["cases"]:
        yield case["name"], "\n".join(_case(case, record["not_here"]))
    for curve in record["curves"]:
        yield f"over {curve['name']}", "\n".join(_curve(curve))


def _linked(out: Path, record: Record, name: str, words: str) -> str:
    return f"[{words}]({os.path.relpath(_place(out, record, name), out.parent)})"


def _device(record: Record, figures: Mapping[str, Path], out: Path) -> Iterator[str]:
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
        yield f"### At a glance\n\n{table(_glance(record, out))}\n"
    if record["curves"]:
        yield "### How the cost grows\n"
        for curve in record["curves"]:
            name = f"over {curve['name']}"
            linked = _linked(out, record, name, _capital(name))
            yield f"{linked}: {curve['what']}.\n"
            if curve["name"] in figures:
                path = os.path.relpath(figures[curve["name"]], out.parent)
                yield f"![Median seconds over {curve['axis']}]({path})\n"


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


def _glance(record: Record, out: Path) -> list[tuple[str, ...]]:
    """Sets the quickest of the others beside fastmi, in every case; of any other case its ways."""
    cells: list[tuple[str, ...]] = [
        ("case", "fastmi", "memory", "quickest of the others", "", "memory", "so fastmi is")
    ]
    for case in record["cases"]:
        first, *others = case["candidates"]
        foreign = _foreign(others) if first["name"] == "fastmi" else []
        linked = _linked(out, record, case["name"], case["name"])
        if foreign:
            best = min(foreign, key=lambda candidate: candidate["ratio"]["median"])
            taken = duration(best["median"]), memory(best)
            of_best = (best["name"], *taken, faster(best["ratio"]))
        else:
            of_best = (f"none: {len(others) + 1} ways of ours", "", "", "")
        cells.append((linked, duration(first["median"]), memory(first), *of_best))
    return cells


def _case(case: Record, absent: Record) -> Iterator[str]:
    about = f" ({case['about']})" if case["about"] else ""
    yield f"{_capital(case['what'])}{about}.\n"
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


def _curve(curve: Record) -> Iterator[str]:
    yield f"{_capital(curve['what'])}.\n"
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
