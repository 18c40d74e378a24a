"""Writes one HTML file in which the planes of finished runs can be looked around in."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import mnist, pages, saving, unit_maps
from ..results import read_all

__all__ = ["report"]


def report(arguments: argparse.Namespace) -> int:
    """Writes the page -> 0.

    Raises:
        ValueError: a folder that is no result, results of different runs, a file that cannot be
            written; Plotly is not installed.
    """
    out: Path = arguments.out
    if out.suffix not in (".html", ".htm"):
        raise ValueError(f"out is '{out}': the name of a page ends in .html")
    if not out.parent.is_dir():
        raise ValueError(f"out is '{out}', and there is no folder '{out.parent}': make it first")
    saving.check_file("out", out)
    pages.check_drawable()
    mnist.choose(arguments.mnist)
    finished = [one for folder in arguments.folders for one in read_all(folder)]
    pages.same_run(finished)  # before anything is forwarded
    maps = unit_maps.of(finished)
    warnings = [maps.fault] if maps.fault else []
    pages.write(out, finished, units=maps.layers, units_note=maps.note, warnings=warnings)
    print(f"written: {out} ({out.stat().st_size / 1e6:.1f} MB; it needs a browser and no network)")
    return 0
