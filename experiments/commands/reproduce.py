"""Writes the page of the reproduction: what was published beside what finished runs found."""

from __future__ import annotations

import argparse

from .. import reproduction

__all__ = ["reproduce"]


def reproduce(arguments: argparse.Namespace) -> int:
    """Writes the page, and says which runs it lacks -> 0.

    Raises:
        ValueError: as `reproduction.write`.
    """
    missing = reproduction.write(arguments.results, arguments.out, arguments.times, arguments.prog)
    print(f"written: {arguments.out}" + (f"; not run: {', '.join(missing)}" if missing else ""))
    return 0
