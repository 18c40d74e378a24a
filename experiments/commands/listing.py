"""Shows what there is: the runs of the catalogue, and every attempt at one. Loads no torch."""

from __future__ import annotations

import argparse
import csv
import sys

from ..catalog import CATALOG

__all__ = ["print_attempts", "print_runs", "write_gallery"]


def print_runs(arguments: argparse.Namespace) -> int:
    """Prints the runs, a line each."""
    width = max(map(len, CATALOG))
    for run in CATALOG.values():
        copies = "1 copy" if run.training.copies == 1 else f"{run.training.copies} copies"
        print(f"{run.name:{width}}  {run.about}; {copies}, {run.training.length}")
    return 0


def print_attempts(arguments: argparse.Namespace) -> int:
    """Prints every attempt so far, as CSV.

    Raises:
        ValueError: there is no such folder.
    """
    from .. import attempts

    if not arguments.out.is_dir():
        raise ValueError(
            f"out is '{arguments.out}', which is no folder: pass --out FOLDER, where runs left "
            "their results"
        )
    writer = csv.DictWriter(sys.stdout, attempts.COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(attempts.read(arguments.out))
    return 0


def write_gallery(arguments: argparse.Namespace) -> int:
    """Writes the gallery of the runs.

    Raises:
        ValueError: as `gallery.write`.
    """
    from .. import gallery

    gallery.write(arguments.out)
    print(f"written: {arguments.out}")
    return 0
