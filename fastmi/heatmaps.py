"""a matrix and its order -> a heat map with the tree that orders it; it leaves no state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from fastmi.arrays import FloatArray, IntArray
from fastmi.inputs import shown

__all__ = ["Clusters", "clustered", "heat_map"]

MOST_NAMES = 80  # that are written beside an axis; of more there would be no room
LONGEST_NAME = 24  # letters
BEST_ORDER = 300  # things: to order more of them best takes seconds
INCHES_A_NAME, LEAST_INCHES, MOST_INCHES = 0.17, 3.6, 10.0
EMPTY = "#e6e6e6"  # what is not a number, and the diagonal
BRANCH = "#6a6a6a"


class Clusters(NamedTuple):
    """An order in which what is near stands together, and the tree (k - 1, 4) that it is from."""

    order: IntArray
    tree: FloatArray

    def __repr__(self) -> str:
        return f"Clusters of {len(self.order)}"


def clustered(near: FloatArray, among_each_other: bool) -> Clusters:
    """Orders the rows of a matrix by average linkage.

    Args:
        near: (k, l) of 0..1. among_each_other: whether it says how near the rows are to each other,
            and is symmetric; else rows are near where they look alike.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import pdist, squareform

    if len(near) == 1:
        return Clusters(np.zeros(1, np.int64), np.zeros((0, 4)))
    if among_each_other:
        apart = 1 - np.clip(near, 0, 1)
        np.fill_diagonal(apart, 0)
        distances = squareform(apart, checks=False)
    else:
        distances = pdist(near)
    tree = linkage(distances, "average", optimal_ordering=len(near) <= BEST_ORDER)
    return Clusters(np.asarray(leaves_list(tree), np.int64), tree)


def heat_map(
    matrix: FloatArray,
    names: Sequence[Sequence[str]],
    clusters: tuple[Clusters, Clusters],
    label: str,
    *,
    symmetric: bool,
    ax: Axes | None = None,
) -> Figure:
    """Draws a matrix in the order of its clusters, the tree of its columns above.

    Args:
        matrix: (r, c), NaN where there is nothing. names: of the rows and of the columns, as they
            stand in the matrix. clusters: of either. label: what the colours are. symmetric:
            whether rows and columns are the same; the diagonal is then left blank. ax: where to
            draw; None makes a figure.

    Raises:
        TypeError: ax is something else.
    """
    rows, columns = clusters
    values = np.array(matrix, np.float64)
    if symmetric:
        np.fill_diagonal(values, np.nan)
    values = values[np.ix_(rows.order, columns.order)]
    figure, axes, above, beside = _places(values.shape, ax)
    low, high = _limits(values)
    options = (
        {"cmap": "RdBu_r", "norm": TwoSlopeNorm(0, low, high)}
        if low < -0.05 * high
        else {"cmap": "BuPu", "vmin": 0, "vmax": high}
    )
    axes.set_facecolor(EMPTY)
    image = axes.imshow(values, aspect="auto", interpolation="nearest", **options)
    _name(
        axes,
        [
            [_short(str(of[i])) for i in order.tolist()]
            for of, (order, _) in zip(names, clusters, strict=True)
        ],
    )
    for side in axes.spines.values():
        side.set_visible(False)
    if above is not None:
        _grow(above, columns, values.shape[1])
    bar = figure.colorbar(image, cax=beside, ax=None if beside is not None else axes)
    bar.set_label(label)
    bar.outline.set_visible(False)
    return figure


def _limits(values: FloatArray) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    high = float(known.max())
    return float(known.min()), high if high > 0 else 1.0


def _places(
    shape: tuple[int, int], ax: Axes | None
) -> tuple[Figure, Axes, Axes | None, Axes | None]:
    """Finds where the matrix is drawn, its tree and its colours."""
    if ax is not None:
        if not isinstance(ax, Axes) or not isinstance(ax.figure, Figure):
            raise TypeError(
                f"ax is {shown(ax)}: pass axes of a figure (matplotlib.pyplot.subplots()), or None "
                "for a figure of its own"
            )
        return ax.figure, ax, None, None
    height, width = (
        min(MOST_INCHES, max(LEAST_INCHES, INCHES_A_NAME * min(k, MOST_NAMES))) for k in shape
    )
    figure = Figure(figsize=(width + 1.9, height + 1.7), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        2, 2, height_ratios=[0.7, height], width_ratios=[width, 0.16], hspace=0.01, wspace=0.02
    )
    axes = figure.add_subplot(grid[1, 0])
    return figure, axes, figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 1])


def _short(name: str) -> str:
    line = " ".join(name.split()).replace("$", r"\$")
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def _name(axes: Axes, names: Sequence[Sequence[str]]) -> None:
    for axis, of_axis in zip((axes.yaxis, axes.xaxis), names, strict=True):
        if len(of_axis) > MOST_NAMES:
            axis.set_ticks([])
            axis.set_label_text(f"{len(of_axis)} columns, clustered")
            continue
        size = 8 if len(of_axis) <= 40 else 6
        axis.set_ticks(range(len(of_axis)), of_axis, fontsize=size)
        axis.set_tick_params(length=0)
    axes.tick_params(axis="x", rotation=90)


def _grow(axes: Axes, clusters: Clusters, k: int) -> None:
    """Draws the tree above the columns that it joins."""
    place = np.empty(2 * k - 1)
    place[clusters.order] = np.arange(k)
    height = np.zeros(2 * k - 1)
    lines = []
    for i, (left, right, distance, _) in enumerate(clusters.tree):
        left, right = int(left), int(right)
        place[k + i], height[k + i] = (place[left] + place[right]) / 2, distance
        lines.append(
            [
                (place[left], height[left]),
                (place[left], distance),
                (place[right], distance),
                (place[right], height[right]),
            ]
        )
    axes.add_collection(LineCollection(lines, colors=BRANCH, linewidths=0.8 if k <= 100 else 0.4))
    axes.set_xlim(-0.5, k - 0.5)
    axes.set_ylim(0, 1.05 * max(float(height.max()), 1e-12))
    axes.set_axis_off()
