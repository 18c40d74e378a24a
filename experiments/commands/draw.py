"""Draws the planes of finished runs in one figure: side by side, below each other, or overlaid."""

from __future__ import annotations

import argparse
from pathlib import Path

from fastmi import figures

from .. import saving
from ..drawing import overlaid, side_by_side, stacked
from ..results import read

__all__ = ["draw"]


def draw(arguments: argparse.Namespace) -> int:
    """Writes the figure -> 0.

    Runs on true and on shuffled labels stand below each other, all others side by side.

    Raises:
        ValueError: a folder that is no result, is given twice, or lacks what was chosen; an ending
            that is no figure's.
    """
    out: Path = arguments.out
    if out.suffix not in (".png", ".svg", ".pdf"):
        raise ValueError(f"out is '{out}': a figure's name ends in .png, .svg or .pdf")
    saving.check_file("out", out)
    runs = [(finished.run, finished.planes) for finished in map(read, arguments.folders)]
    nulls = len({run.training.labels for run, _ in runs}) > 1
    arranged = overlaid if arguments.overlay else stacked if nulls else side_by_side
    how = arguments.reading, arguments.layers, arguments.color, arguments.over
    figures.save(arranged(runs, *how), out)
    print(f"drawn: {out}")
    return 0
