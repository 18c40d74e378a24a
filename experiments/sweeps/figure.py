"""Rows of a sweep -> a figure: end points and their spread over seeds, along one axis of the grid.

The first axis that is no seed is drawn along. A column of panels stands for each combination of
the others, a row for I(X;T), for I(T;Y), and for I(T;Y) on a held-out sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fastmi import figures
from fastmi.belief import GROWTH_VERDICTS, VERDICTS

from .axes import written
from .plan import Plan
from .table import Rows

__all__ = ["MOST_COLUMNS", "picture"]

MOST_COLUMNS = 12  # of panels: more could not be read
MOST_LABELS = 12  # below an axis
SEED = "seed"
READING = "each"  # of single networks, which every run has
QUANTITIES = {"i_xt_end": "I(X;T)", "i_ty_end": "I(T;Y)"}
HOLLOW = {"i_xt_end": "at the ceiling", "i_ty_end": "unresolved"}
WORDS = {"i_xt_end": ("verdict_xt", GROWTH_VERDICTS), "i_ty_end": ("verdict", VERDICTS)}
WIDTH = 0.5  # of a step along the axis, over which layers stand side by side


def picture(plan: Plan, rows: Rows) -> Figure:
    """Draws the ends of single networks: means over seeds with their sd, and each seed as a dot.

    A mark is hollow where a verdict says that n cannot size the layer, in any of the seeds.
    """
    along = next((name for name in plan.axes if name != SEED), SEED)
    ticks = [written(value) for value in plan.axes[along]]
    apart = [name for name in plan.axes if name not in (along, SEED)]
    if any(len(point.reads) > 1 for point in plan.points):
        apart.append("measure_id")
    drawn = [row for row in rows if row["reading"] == READING]
    samples = {row["sample"]: row["sample_kind"] for row in drawn}
    first, held_out = next(iter(samples)), [n for n, kind in samples.items() if kind == "held-out"]
    panels = [*((first, name) for name in QUANTITIES), *((n, "i_ty_end") for n in held_out[:1])]
    columns = list(dict.fromkeys(tuple(row[name] for name in apart) for row in drawn))
    layers = list(dict.fromkeys(row["layer"] for row in drawn))
    index: dict[tuple[Any, ...], Rows] = {}
    for row in drawn:
        column = tuple(row[name] for name in apart)
        index.setdefault((row["sample"], column, row["layer"], row[along]), []).append(row)

    shown = columns[:MOST_COLUMNS]
    figure = Figure(
        figsize=(1.4 + max(2.6 * len(shown), 4.6), 1.2 + 2.1 * len(panels)),
        dpi=120,
        layout="constrained",
    )
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(panels), len(shown), sharex=True, sharey="row", squeeze=False)
    for axes_of_row, (sample, quantity) in zip(grid, panels, strict=True):
        for axes, column in zip(axes_of_row, shown, strict=True):
            for i, layer in enumerate(layers):
                cells = [index.get((sample, column, layer, tick), []) for tick in ticks]
                _draw(axes, cells, quantity, i, len(layers), joined=along != SEED)
            axes.spines[["top", "right"]].set_visible(False)
            axes.tick_params(labelsize=7)
        axes_of_row[0].set_ylabel(f"{QUANTITIES[quantity]}  [bits]\n{sample}", fontsize=8)
        axes_of_row[0].set_ylim(bottom=0)
    for axes, column in zip(grid[0], shown, strict=True):
        words = [f"{name} {value}" for name, value in zip(apart, column, strict=True)]
        axes.set_title("\n".join(words), fontsize=8)
    step = -(-len(ticks) // MOST_LABELS)
    for axes in grid[-1]:
        axes.set_xticks(range(0, len(ticks), step), ticks[::step])
        axes.set_xlim(-0.6, len(ticks) - 0.4)
        axes.set_xlabel(along, fontsize=8)
    figure.suptitle(_title(plan, len(columns)), fontsize=9)
    figure.legend(
        handles=_legend(layers), loc="outside lower center", ncols=4, frameon=False, fontsize=7
    )
    return figure


def _draw(
    axes: Axes, cells: Sequence[Rows], quantity: str, layer: int, n_layers: int, *, joined: bool
) -> None:
    """Draws one layer: a line through the means, a bar of one sd, a dot for each seed.

    Seeds have no order: what lies over them alone is not joined.
    """
    line = "-" if joined else "none"
    color, mark = figures.look(layer)
    shift = WIDTH * ((layer + 0.5) / n_layers - 0.5)
    values = [[row[quantity] for row in rows if quantity in row] for rows in cells]
    at = [i for i, of_seeds in enumerate(values) if of_seeds]
    if not at:
        return
    x = np.array(at) + shift
    means = [float(np.mean(values[i])) for i in at]
    spreads = [float(np.std(values[i], ddof=1)) if len(values[i]) > 1 else 0.0 for i in at]
    for place, i in zip(x, at, strict=True):
        axes.plot([place] * len(values[i]), values[i], ".", color=color, markersize=2, alpha=0.4)
    axes.errorbar(
        x, means, spreads, color=color, linestyle=line, linewidth=0.9, elinewidth=0.9, zorder=3
    )
    for place, mean, i in zip(x, means, at, strict=True):
        verdict = _weakest(cells[i], quantity)
        hollow = verdict == HOLLOW[quantity]
        axes.plot(
            place,
            mean,
            mark,
            fillstyle="bottom" if verdict == "bounded" else "full",
            color=color,
            markerfacecolor="white" if hollow else color,
            markerfacecoloralt="white",
            markersize=5,
            markeredgewidth=0.9,
            zorder=4,
        )
    chance = [[row["chance"] for row in cells[i] if "chance" in row] for i in at]
    if quantity == "i_ty_end" and all(chance):
        means = [float(np.mean(of_seeds)) for of_seeds in chance]
        axes.plot(x, means, color=color, linewidth=0.7, linestyle=":", alpha=0.7)


def _weakest(rows: Rows, quantity: str) -> str:
    """Finds the weakest verdict of all seeds; "" where one has none."""
    name, words = WORDS[quantity]
    return words[min(words.index(row.get(name, "")) for row in rows)]


def _title(plan: Plan, n_columns: int) -> str:
    seeds = len(plan.axes.get(SEED, ()))
    words = f"{plan.base.name}: single networks at the end"
    if seeds > 1 and len(plan.axes) > 1:
        words += f", mean and sd of {seeds} seeds"
    if n_columns > MOST_COLUMNS:
        words += f"; the first {MOST_COLUMNS} of {n_columns} combinations, all are in sweep.csv"
    return words


def _legend(layers: Sequence[str]) -> list[Line2D]:
    lines = list[Line2D]()
    for i, layer in enumerate(layers):
        color, mark = figures.look(i)
        lines.append(Line2D([], [], color=color, marker=mark, markersize=5, label=layer))
    plain: dict[str, Any] = {"color": figures.GUIDE, "linestyle": "", "marker": "o"}
    return [
        *lines,
        Line2D([], [], **plain, markerfacecolor="white", label="hollow: n cannot size the layer"),
        Line2D(
            [],
            [],
            **plain,
            fillstyle="bottom",
            markerfacecoloralt="white",
            label="half: bounded from below",
        ),
        Line2D([], [], color=figures.GUIDE, linestyle=":", label="chance"),
    ]
