"""the curves of a record -> figures: seconds over the number that is moved, both logarithmic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from textwrap import fill
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from fastmi.figures import COLORS, GUIDE, MARKS
from fastmi.files import replacing

__all__ = ["curves", "draw"]

Record = Mapping[str, Any]


def curves(records: Sequence[Record], folder: Path) -> dict[str, Path]:
    """Draws every curve there is into `folder`; name -> file."""
    out = {}
    for record in records:
        for curve in record["curves"]:
            out[curve["name"]] = path = folder / f"curve-{curve['name']}.svg"
            # the same bytes for the same numbers
            with mpl.rc_context({"svg.hashsalt": "fastmi"}), replacing(path) as beside:
                draw(curve, record["limits"]["read"]).savefig(
                    beside, format="svg", metadata={"Date": None}
                )
    return out


def draw(curve: Record, bytes_per_second: float) -> Figure:
    """Draws a line for each candidate, and one for the memory.

    Below the latter nobody can be who reads each number once.
    """
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    names = list(
        dict.fromkeys(
            candidate["name"] for point in curve["points"] for candidate in point["candidates"]
        )
    )
    for name, color, mark in zip(names, COLORS, MARKS, strict=False):
        rounds = {
            point["at"]: candidate["seconds"]
            for point in curve["points"]
            for candidate in point["candidates"]
            if candidate["name"] == name
        }
        at = list(rounds)
        low, middle, high = (
            [end(seconds) for seconds in rounds.values()] for end in (min, median, max)
        )
        axes.plot(at, middle, color=color, marker=mark, markersize=5, label=name)
        axes.fill_between(at, low, high, color=color, alpha=0.2, linewidth=0)
    read = [
        (point["at"], point["read"]["bytes"] / bytes_per_second)
        for point in curve["points"]
        if point["read"]
    ]
    if read:
        axes.plot(
            *zip(*read, strict=True),
            color=GUIDE,
            linestyle="--",
            label="memory read once, one thread",
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel=curve["axis"],
        ylabel="seconds",
        title=fill(curve["what"], 70),
    )
    low, high = axes.get_ylim()
    if high < 10 * low:  # what hardly moves should look so
        axes.set_ylim(low / 3, high * 3)
    at = [point["at"] for point in curve["points"]]
    if max(at) < 10 * min(at):  # a decade has no ticks of its own
        axes.set_xticks(at, [str(x) for x in at])
        axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(True, which="major", color=GUIDE, alpha=0.3)
    axes.legend(frameon=False)
    return figure
