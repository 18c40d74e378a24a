"""Writes the page of the reproduction: what was published beside what finished runs found."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import reproduction

__all__ = ["reproduce"]

TIMES = Path("benchmarks/results/cpu.json")  # in a checkout


def reproduce(arguments: argparse.Namespace) -> int:
    """Writes the page, and says which runs it lacks -> 0.

    Raises:
        ValueError: as `reproduction.write`.
    """
    times = arguments.times or (TIMES if TIMES.exists() else None)
    missing = reproduction.write(arguments.results, arguments.out, times, arguments.prog)
    print(f"written: {arguments.out}" + (f"; not run: {', '.join(missing)}" if missing else ""))
    return 0
