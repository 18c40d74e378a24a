"""results of devices -> the table of docs/gpu.md: what was aimed at, and what was seen of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.device.findings import read, unequal
from benchmarks.device.runs import ON_CPU, name_of
from benchmarks.device.times import HUNDRED_MILLION, LAYERS_30, ONE_LAYER_3000
from benchmarks.training import EXP_2_CROWD
from fastmi.files import replacing

__all__ = ["AIMS", "PAGE", "Aim", "fill", "table"]

PAGE = Path("docs/gpu.md")
BEGIN = "<!-- aims, written by `python -m benchmarks gpu-check --page` -->\n"
END = "<!-- end of aims -->\n"

Record = Mapping[str, Any]


class Aim(NamedTuple):
    """Some cases of a part, what is aimed at, and what their records say of it, in a unit."""

    about: str
    aim: str
    part: str
    cases: tuple[str, ...]
    seen: Callable[..., float]
    reached: Callable[[float], bool]
    unit: str


AIMS = (
    Aim(
        "3000 segments x 4096 x 10 units, the estimate",
        "5 G rows/s",
        "times",
        (ONE_LAYER_3000.name,),
        lambda case: case["estimate"]["rows_per_s"] / 1e9,
        lambda speed: speed >= 5,
        "G rows/s",
    ),
    Aim(
        "30 segments x 4096 (5 copies x 6 layers), the estimate",
        "0.25 ms",
        "times",
        (LAYERS_30.name,),
        lambda case: case["estimate"]["ms"],
        lambda ms: ms <= 0.25,
        "ms",
    ),
    Aim(
        "1e8 rows x 10 units, coding and counting",
        "below 20 ms",
        "times",
        (HUNDRED_MILLION.name,),
        lambda case: case["encode"]["ms"] + case["tally"]["ms"],
        lambda ms: ms < 20,
        "ms",
    ),
    Aim(
        "exp 2 with 1000 copies, an epoch and its sampled reading",
        "10 times one core",
        "runs",
        (name_of(EXP_2_CROWD), name_of(EXP_2_CROWD, ON_CPU)),
        lambda device, core: _epoch(core) / _epoch(device),
        lambda ratio: ratio >= 10,
        "times one core",
    ),
)


def _epoch(case: Record) -> float:
    return case["training_ms"] + case["sampled_reading_ms"]


def fill(page: Path, results: Path) -> None:
    """Writes the table anew between its two lines of the page, from the results of devices.

    Raises:
        OSError: the page cannot be read or written.
        ValueError: the page has not the two lines.
    """
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"'{page}' has no table of aims: it stands between {BEGIN}and {END}")
    records = [read(path) for path in sorted(results.glob("*.json"))]
    with replacing(page) as beside:
        beside.write_text(before + BEGIN + table(records) + END + after, encoding="utf-8")


def table(records: Sequence[Record]) -> str:
    """Writes a row for each aim; rehearsals, and records of other benchmarks, are no devices."""
    devices = [record for record in records if "parts" in record and not record["rehearsal"]]
    lines = ["| case | aim | seen |", "| --- | ---: | --- |"]
    for aim in AIMS:
        seen = "; ".join(_seen(aim, devices))
        lines.append(f"| {aim.about} | {aim.aim} | {seen} |".replace("|  |", "| |"))
    return "".join(f"{line}\n" for line in lines)


def _seen(aim: Aim, devices: Sequence[Record]) -> Iterator[str]:
    """Yields what each device showed; nothing of a case that is not there or ended in an error."""
    for record in devices:
        kept = record["parts"].get(aim.part, {}).get("cases", {})
        cases = [kept[name] for name in aim.cases if name in kept and "error" not in kept[name]]
        if len(cases) < len(aim.cases):
            continue
        where = f"{record['device']}, {record['machine']['date'][:10]}"
        if any(map(unequal, cases)):
            yield f"answers differed, so no time ({where})"
        else:
            value = aim.seen(*cases)
            verdict = "reached" if aim.reached(value) else "missed"
            yield f"{value:.3g} {aim.unit}, {verdict} ({where})"
