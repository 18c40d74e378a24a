"""cases -> what each says and what is written of it, in the order in which it is measured."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import gpu_check
from benchmarks.called import PROG
from benchmarks.cases import CASES, Case
from benchmarks.cold import cold
from benchmarks.curves import CURVES, Curve
from benchmarks.device import racing
from benchmarks.limits import Limits, limits
from benchmarks.machine import machine
from benchmarks.peers import peers
from benchmarks.report import as_record, check_target, curve_section, section, write_json
from benchmarks.timing import compare
from fastmi.counting import CoverageWarning
from fastmi.networks import one_thread

__all__ = ["run"]

ROUNDS, QUICK = 7, {"rounds": 3, "patience": 0.5}
CURVE = {"rounds": 3, "patience": 2.0}
COLD, CURVED = "cold", "curves"


def run(arguments: Sequence[str], commands: Sequence[str]) -> int:
    """Runs the named cases, or all; `commands` are what else there is.

    Raises:
        Disagreement: of the answers. OSError, ValueError: what is needed is missing.
    """
    options = _options(arguments, commands)
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", CoverageWarning)  # of a case its speed is shown alone
        if options.device == "cuda":
            if not options.parts:
                return gpu_check.measure(gpu_check.MEASURED, options.json)
            return racing.run(options.parts, options.json, options.quick)
        if options.json is not None:
            check_target(options.json)
        _run(options.parts, options.quick, options.json)
    return 0


def _options(arguments: Sequence[str], commands: Sequence[str]) -> argparse.Namespace:
    known = [*(case.name for case in CASES), CURVED, COLD]
    parser = argparse.ArgumentParser(
        prog=PROG,
        description=(
            f"Every candidate's answer is compared before any is timed. Also: {PROG} "
            f"COMMAND --help, of {', '.join(commands)}"
        ),
        epilog=(
            f"cases: {', '.join(known[:-2])}; and besides them: {CURVED}, how the cost grows; "
            f"{COLD}, the first call"
        ),
    )
    parser.add_argument("parts", nargs="*", metavar="CASE", help="which ones, all if none is named")
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds, shorter runs: a look, not a measurement"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round there as well")
    parser.add_argument(
        "--device",
        choices=("cpu", "cuda"),
        default="cpu",
        help="cuda: cases with layers on a GPU; without a CASE all of gpu-check, but its tests",
    )
    options = parser.parse_args(arguments)
    for name in options.parts:
        if name not in known:
            parser.error(
                f"unknown case {name!r}: choose from {', '.join(known)}, or alone "
                f"{', '.join(commands)}"
            )
    return options


def _run(parts: Sequence[str], quick: bool, out: Path | None) -> None:
    wanted = parts or [*(case.name for case in CASES), CURVED, COLD]
    start = machine()
    absent = {peer.name: reason for peer in peers() if (reason := peer.unavailable())}
    memory = limits()
    print(
        f"{start}\n{memory}\n"
        + "".join(f"not here: {name}: {reason}\n" for name, reason in absent.items()),
        flush=True,
    )
    record: dict[str, Any] = {
        "device": "cpu",
        "quick": quick,
        "machine": asdict(start),
        "not_here": absent,
    }
    record |= {"limits": asdict(memory), "cases": [], "curves": [], "cold": None}
    if COLD in wanted:
        first = cold()
        print(f"{first}\n")
        record["cold"] = asdict(first)
    record["cases"] = [
        _measured(case, quick, memory, absent) for case in CASES if case.name in wanted
    ]
    if CURVED in wanted:
        record["curves"] = [_drawn(curve, quick, memory) for curve in CURVES]
    if out is not None:
        write_json(out, record)


def _measured(case: Case, quick: bool, memory: Limits, absent: dict[str, str]) -> dict[str, Any]:
    rounds = QUICK if quick else {"rounds": ROUNDS, "patience": case.patience}
    comparison = compare(case.race(quick), **rounds)
    record = {
        "name": case.name,
        "what": case.description,
        "unit": case.unit,
        "scale": case.scale,
        **as_record(comparison, memory.read),
    }
    print(section(record, absent), flush=True)
    return record


def _drawn(curve: Curve, quick: bool, memory: Limits) -> dict[str, Any]:
    points = [
        {"at": at} | as_record(compare(race, **CURVE), memory.read)
        for at, race in curve.points(quick)
    ]
    record = {"name": curve.name, "what": curve.description, "axis": curve.axis, "points": points}
    print(curve_section(record), flush=True)
    return record
