"""this project on a GPU -> one file: facts, equal integers, times, whole runs, tests; six minutes.

Each part runs in a process of its own, and what it finds is written as it is found.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.called import PROG
from benchmarks.device import aims
from benchmarks.device.parts import LIMIT_SECONDS, PARTS, TESTS, check
from benchmarks.device.racing import NOTHING, RESULTS
from benchmarks.machine import machine

__all__ = ["MEASURED", "main", "measure"]

MEASURED = tuple(name for name in PARTS if name != TESTS)
REHEARSAL = "gpu-check-rehearsal.json"


def main(arguments: Sequence[str]) -> int:
    """Runs `python -m benchmarks gpu-check [PART ...]`; no device is no failure."""
    options = _options(arguments)
    if options.page:
        aims.fill(aims.PAGE, RESULTS)
        print(f"written to {aims.PAGE}")
        return 0
    if not (options.rehearse or torch.cuda.is_available()):
        print(NOTHING)
        return 0
    return measure(options.parts, options.out, rehearsed=options.rehearse, limit=options.limit)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=f"{PROG} gpu-check",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="parts, in this order:\n"
        + "".join(
            f"  {name:8} {part.seconds:4.0f} s  {part.about}\n" for name, part in PARTS.items()
        )
        + "The exit code is 1 where an answer differed, a test failed, or a part did not end.",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="all, if none is named")
    parser.add_argument(
        "--limit", type=float, default=LIMIT_SECONDS, help="seconds for all; %(default)g"
    )
    parser.add_argument(
        "--out", type=Path, help=f"where the JSON goes; {RESULTS}/<device name>.json"
    )
    parser.add_argument(
        "--rehearse", action="store_true", help="all of it on the CPU, small: whether it runs"
    )
    parser.add_argument(
        "--page", action="store_true", help=f"run nothing: bring what was found to {aims.PAGE}"
    )
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.parts if name not in PARTS]:
        parser.error(f"unknown part {', '.join(unknown)}: choose from {', '.join(PARTS)}")
    return options


def measure(
    parts: Sequence[str],
    out: Path | None,
    *,
    rehearsed: bool = False,
    limit: float = LIMIT_SECONDS,
) -> int:
    """Runs parts on the device that is there, or rehearses them.

    Raises:
        ValueError: no CUDA device, and no rehearsal.
        OSError: the file cannot be written.
    """
    if not (rehearsed or torch.cuda.is_available()):
        raise ValueError(NOTHING)
    start = machine()
    header: dict[str, Any] = {"device": "cpu", "rehearsal": rehearsed, "machine": asdict(start)}
    if rehearsed:
        out = out or Path(tempfile.mkdtemp()) / REHEARSAL
    else:
        name = torch.cuda.get_device_name()
        header |= {"device": name, "cuda": torch.version.cuda}
        out = out or RESULTS / f"{re.sub('[^A-Za-z0-9]+', '-', name)}.json"
    print(f"{header['device']}\n{start}", flush=True)
    return check(parts, out, header, rehearsed=rehearsed, limit=limit)
