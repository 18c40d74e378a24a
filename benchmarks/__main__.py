"""`python -m benchmarks [CASE ...] [--quick] [--json FILE]`, and `python -m benchmarks gpu-check [--out FILE]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import gpu_check
from benchmarks.cases import CASES, Case
from benchmarks.machine import machine
from benchmarks.report import as_record, check_target, table, write_json
from benchmarks.timing import Comparison, Disagreement, compare
from fastmi.ensemble import one_thread

__all__ = ["main"]

FULL, QUICK = {"rounds": 7, "patience": 20.0}, {"rounds": 3, "patience": 1.0}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named cases, or all; 1 where answers disagree."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if arguments[:1] == ["gpu-check"]:
            return gpu_check.main(arguments[1:])
        options = _options(arguments)
        if options.json is not None:
            check_target(options.json)
        with one_thread():  # NumPy and the Numba twin use one as well
            _run(options.cases, options.quick, options.json)
    except Disagreement as error:
        print(f"answers disagree: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    known = {case.name: case for case in CASES}
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Every candidate's answer is compared before any is timed. On a GPU: python -m benchmarks gpu-check --help",
        epilog="cases: " + ", ".join(known),
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help="which ones, all if none is named")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, shorter runs: a look, not a measurement")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round there as well")
    options = parser.parse_args(arguments)
    for name in options.cases:
        if name not in known:
            parser.error(f"unknown case {name!r}: choose from {', '.join(known)}, or gpu-check alone")
    options.cases = [known[name] for name in options.cases] or list(CASES)
    return options


def _run(cases: Sequence[Case], quick: bool, out: Path | None) -> None:
    start = machine()
    records = []
    for case in cases:
        comparison = compare(case.race(quick), **(QUICK if quick else FULL))
        print(_section(case, comparison), flush=True)
        said = {"name": case.name, "what": case.what, "unit": case.unit, "scale": case.scale}
        records.append(said | as_record(comparison))
    print(start)
    if out is not None:
        write_json(out, {"quick": quick, "cases": records, "machine": asdict(start)})


def _section(case: Case, comparison: Comparison) -> str:
    agreement = f"  answers agree: the largest difference is {comparison.largest_difference:.2g} {case.scale}"
    return f"{case.name}: {case.what}\n{agreement}\n{table(comparison, case.unit)}\n"


if __name__ == "__main__":
    sys.exit(main())
