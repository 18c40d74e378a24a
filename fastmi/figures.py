"""panels -> the information plane, drawn. The one module that knows matplotlib; it needs no display and leaves no state."""

from __future__ import annotations

import importlib
import io
import os
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.registry import BackendFilter, backend_registry
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from fastmi import checks, files

__all__ = ["Live", "Panel", "information_plane", "place", "save", "show"]

# Okabe and Ito's colours, told apart by colour-blind readers; the marks differ too, for print.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")
MARKS = ("o", "s", "^", "D", "v", "P", "X")
GUIDE = "#8a8a8a"
SCALE = "viridis"
REDRAWINGS = 50  # of a live figure, at most,
SHARE = 0.2  # and at most this share of the time so far


@dataclass(frozen=True)
class Panel:
    """One plane to draw: i_xt and i_ty are (n_epochs, n_layers) in bits, the ceilings log2 n and H(Y).

    With spread_xt and spread_ty, of the same shape, i_xt and i_ty are means over seeds and these their standard deviations.
    """

    title: str
    epochs: npt.NDArray[Any]
    layers: Sequence[str]
    i_xt: npt.NDArray[Any]
    i_ty: npt.NDArray[Any]
    ceiling_x: float
    ceiling_y: float
    caption: str
    spread_xt: npt.NDArray[Any] | None = None
    spread_ty: npt.NDArray[Any] | None = None

    def __post_init__(self) -> None:
        checks.spreads(np.shape(self.i_xt), self.spread_xt, self.spread_ty)


def information_plane(
    panels: Sequence[Panel] | Sequence[Sequence[Panel]],
    *,
    rows: Sequence[str] = (),
    color: str = "layer",
    title: str = "",
) -> Figure:
    """I(X;T) against I(T;Y) in bits, panels side by side on common axes, in one row or in several.

    A path is drawn through means over windows of epochs. Where a panel has spreads, the band around a path is the union of
    ellipses, one a window with what lies between neighbours; their half-axes are the spreads, averaged over the window.

    Args:
        panels: what to draw, in order, or rows of it; their captions stand below the figure, one for all where they agree.
        rows: the name of each row, at its left; a single row needs none.
        color: "layer": a colour and a mark for each layer. "epoch": one colour scale, the layers told apart by their marks.
        title: above all panels.

    Returns:
        a Figure; `.savefig(name)` writes PNG, SVG or PDF.

    Raises:
        ValueError: no panel, panels with different layers, rows without names or of different lengths, an unknown color.
    """
    checks.one_of("color", color, ("layer", "epoch"))
    grid = cast("Sequence[Sequence[Panel]]", [panels] if len(panels) and isinstance(panels[0], Panel) else panels)
    checks.some_panels(grid, rows)
    rows = rows or [""] * len(grid)
    every, n_columns = [panel for row in grid for panel in row], len(grid[0])
    reach = np.max([(0.1, 0.1), *((panel.ceiling_x, panel.ceiling_y) for panel in every)], axis=0)
    norm = LogNorm(1, max(2, *(float(panel.epochs.max()) for panel in every)))
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(1.0 + 2.6 * n_columns if n_columns > 1 else 5.6, 1), dpi=200, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(len(grid), n_columns, sharex=True, sharey=True, squeeze=False)
        axes[0, 0].set(xlim=(-0.04 * reach[0], 1.06 * reach[0]), ylim=(-0.05 * reach[1], 1.12 * reach[1]))
        for (r, c), ax in np.ndenumerate(axes):
            _draw(ax, grid[r][c], color, norm, reach)
            if r == 0 or grid[r][c].title != grid[r - 1][c].title:
                ax.set_title(grid[r][c].title, fontsize=9)
        for ax in axes[-1]:
            ax.set_xlabel("I(X;T)  [bits]")
        for ax, name in zip(axes[:, 0], rows, strict=True):
            ax.set_ylabel("I(T;Y)  [bits]")
            ax.annotate(
                name,
                (0, 0.5),
                xycoords=(ax.yaxis.label, ax.transAxes),
                xytext=(-5, 0),
                textcoords="offset points",
                rotation=90,
                ha="right",
                va="center",
                fontweight="bold",
            )
        if color == "epoch":
            figure.colorbar(ScalarMappable(norm, SCALE), ax=axes.ravel().tolist(), label="epoch", pad=0.02, aspect=30)
        if title:
            fitting = int(72 * figure.get_figwidth() / 7.4)  # bold letters of 11 points
            lines = textwrap.wrap(title, fitting, break_on_hyphens=False)
            figure.suptitle("\n".join(lines), fontsize=11, fontweight="bold")
        _legend(figure, grid, rows, color)
    return figure


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """PNG, SVG or PDF by the name's ending (PNG without one), whole or not at all.

    The same figure gives the same bytes: no date, no random ids.

    Raises:
        OSError: it cannot be written.
    """
    named = Path(path).suffix or files.is_stream(path)
    target = Path(path) if named else Path(f"{os.fspath(path)}.png")
    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with mpl.rc_context({"svg.hashsalt": "fastmi"}), files.replacing(target) as part:
        figure.savefig(part, format=target.suffix[1:] or "png", metadata=undated.get(target.suffix))


def place() -> str:
    """Where a figure can be looked at: the "notebook" that runs this, a "window" of matplotlib's backend, or a "file"."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None:
        return "notebook"
    return "window" if mpl.get_backend().lower() in backend_registry.list_builtin(BackendFilter.INTERACTIVE) else "file"


def show(figure: Figure, where: str, path: str | os.PathLike[str]) -> None:
    """Show it at a `place`, instead of what was shown there before; `path` is for a file."""
    if where == "notebook":
        display, png = importlib.import_module("IPython.display"), io.BytesIO()
        figure.savefig(png, format="png")
        display.clear_output(wait=True)
        display.display(display.Image(data=png.getvalue(), format="png", width=int(100 * figure.get_figwidth())))
    elif where == "window":
        from matplotlib import pyplot

        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        window = pyplot.figure("fastmi", figsize=tuple(figure.get_size_inches()), clear=True)
        axes = window.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.imshow(np.asarray(canvas.buffer_rgba()))
        pyplot.show(block=False)
        window.canvas.draw_idle()
        window.canvas.flush_events()
    else:
        save(figure, path)


class Live:
    """A figure that moves while something goes on, at a bounded cost: in a window or a notebook's cell, else in a file.

    Args:
        path: the file, where there is no screen.
        rewrite: whether the file is replaced as it goes, or only written at the end.
    """

    def __init__(self, path: str | os.PathLike[str], *, rewrite: bool = True) -> None:
        self.where = place()
        self._path, self._moves = path, rewrite or self.where != "file"
        self._n_drawn, self._spent, self._start = 0, 0.0, time.perf_counter()

    def redraw(self, make_figure: Callable[[], Figure], done: float = 1.0) -> None:
        """If it moves and has not cost too much; `done` is the share of the work behind it, over which redrawings spread.

        What cannot be written passes in silence: `finish` will say so.
        """
        begin = time.perf_counter()
        if not self._moves or self._n_drawn >= done * (REDRAWINGS - 1) or self._spent > SHARE * (begin - self._start):
            return
        with suppress(OSError):
            show(make_figure(), self.where, self._path)
        self._n_drawn += 1
        self._spent += time.perf_counter() - begin

    def finish(self, make_figure: Callable[[], Figure]) -> None:
        """The last one, always.

        Raises:
            OSError: the file cannot be written.
        """
        show(make_figure(), self.where, self._path)


def _draw(ax: Axes, panel: Panel, color: str, norm: LogNorm, reach: npt.NDArray[Any]) -> None:
    _guides(ax, panel)
    windows = _windows(panel.epochs)
    epochs = _means(panel.epochs, windows)
    for layer in range(len(panel.layers)):
        x, y = panel.i_xt[:, layer], panel.i_ty[:, layer]
        shade, mark = _look(layer)
        path = np.stack([_means(x, windows), _means(y, windows)], axis=-1)
        lines = LineCollection(list(np.stack([path[:-1], path[1:]], axis=1)), linewidths=1.6, zorder=3, capstyle="round")
        dots: dict[str, Any]
        if color == "layer":
            dots, first, last = {"color": shade}, shade, shade
            lines.set_color(shade)
        else:
            dots = {"c": np.maximum(panel.epochs, 1), "cmap": SCALE, "norm": norm}
            first, last = (mpl.colormaps[SCALE](end) for end in (0.0, 1.0))
            lines.set(array=np.maximum(epochs[1:], 1), cmap=SCALE, norm=norm)
        if panel.spread_xt is None or panel.spread_ty is None:
            ax.scatter(x, y, s=3, alpha=0.25, linewidths=0, zorder=2, rasterized=True, **dots)
        else:
            spread = np.stack([_means(panel.spread_xt[:, layer], windows), _means(panel.spread_ty[:, layer], windows)], axis=-1)
            tint = shade if color == "layer" else GUIDE
            band = PathPatch(_band(path, spread, reach), facecolor=tint, alpha=0.2, linewidth=0, zorder=2, rasterized=True)
            ax.add_artist(band)  # add_patch would walk the outline for limits that are set already
        ax.add_collection(lines)
        ax.plot(x[0], y[0], mark, color=first, markerfacecolor="white", markersize=6, markeredgewidth=1.2, zorder=4)
        ax.plot(x[-1], y[-1], mark, color=last, markeredgecolor="black", markersize=7, markeredgewidth=0.7, zorder=5)


def _band(path: npt.NDArray[Any], spread: npt.NDArray[Any], reach: npt.NDArray[Any]) -> Outline:
    """The convex hulls of neighbouring ellipses as one outline; all are wound one way, so that it fills as their union.

    A hull's rim in one direction is that of the ellipse that reaches farther. Lengths are in units of the axes, so that the
    directions are spread evenly as seen.
    """
    centres, radii = path / reach, np.maximum(spread / reach, 1 / 400)[:, None]  # no spread at all is still a line
    turns = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    outwards = np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    extents = np.linalg.norm(radii * outwards, axis=-1, keepdims=True)
    rims = centres[:, None] + radii**2 * outwards / extents
    farthest = (rims * outwards).sum(axis=-1, keepdims=True)
    later = np.append(np.arange(1, len(path)), len(path) - 1)
    hulls = np.where(farthest >= farthest[later], rims, rims[later])
    return Outline.make_compound_path_from_polys(hulls * reach)


def _look(layer: int) -> tuple[str, str]:
    """A colour and a mark; beyond seven layers both begin again, but in other pairs."""
    return COLORS[layer % len(COLORS)], MARKS[(layer + layer // len(COLORS)) % len(MARKS)]


def _windows(epochs: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Where each of about 60 windows of epochs begins: single epochs first, then ever wider ones."""
    stops = np.unique(np.round(np.geomspace(1, max(len(epochs) - 1, 1), 60)).astype(np.intp))
    return np.unique(np.concatenate([[0], stops]).clip(max=len(epochs) - 1))


def _means(values: npt.NDArray[Any], windows: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
    return np.add.reduceat(values.astype(float), windows) / np.diff(np.append(windows, len(values)))


def _guides(ax: Axes, panel: Panel) -> None:
    style: dict[str, Any] = {"color": GUIDE, "linewidth": 0.8, "linestyle": (0, (4, 3)), "zorder": 1}
    ax.axvline(panel.ceiling_x, **style)
    ax.axhline(panel.ceiling_y, **style)
    ax.annotate(
        f"log₂ n = {panel.ceiling_x:.2f}",
        (panel.ceiling_x, 0),
        xytext=(-3, 4),
        textcoords="offset points",
        rotation=90,
        ha="right",
        va="bottom",
        fontsize=7,
        color="#555555",
    )
    ax.annotate(
        f"H(Y) = {panel.ceiling_y:.3f}",
        (0, panel.ceiling_y),
        xytext=(0, 6),  # clear of marks on the line
        textcoords="offset points",
        fontsize=7,
        color="#555555",
    )


def _legend(figure: Figure, grid: Sequence[Sequence[Panel]], rows: Sequence[str], color: str) -> None:
    """One entry a layer, the marks of start and end, and as its title what the points rest on; the height that this needs."""
    handles, layers = [], grid[0][0].layers
    for i, name in enumerate(layers):
        shade, mark = _look(i)
        shade = shade if color == "layer" else "#555555"
        handles.append(Line2D([], [], color=shade, marker=mark, markersize=5.5, linewidth=1.4, label=name))
    handles.append(
        Line2D([], [], color="black", marker="o", markerfacecolor="white", linestyle="", markersize=5, label="start")
    )
    handles.append(Line2D([], [], color="black", marker="o", linestyle="", markersize=5, label="end"))
    points = 72 * figure.get_figwidth()  # a letter takes up to 0.6 of its size, a handle and the space around it 30 points
    fitting = int(points / (30 + 0.6 * 8 * max(map(len, ("start", *layers)))))
    n_columns = max(1, min(fitting, 4 if points < 500 else len(handles)))
    width = max(40, int(points / (0.56 * 7.5)))
    lines = [line for text in (*_captions(grid, rows), _explanation(grid)) for line in _wrapped(text, width)]
    legend = figure.legend(
        handles=handles,
        title="\n".join(lines),
        loc="outside lower center",
        ncols=n_columns,
        columnspacing=1.1,
        handletextpad=0.4,
        frameon=False,
        fontsize=8,
        title_fontsize=7.5,
    )
    legend.get_title().set(color="#444444", multialignment="center")
    figure.set_figheight(0.75 + 2.9 * len(grid) + 0.13 * len(lines) + 0.18 * -(-len(handles) // n_columns))


def _captions(grid: Sequence[Sequence[Panel]], rows: Sequence[str]) -> list[str]:
    """One for all panels, or one a row, or one a panel: as few as say all."""
    if len({panel.caption for row in grid for panel in row}) == 1:
        return [grid[0][0].caption]
    if len(grid) > 1 and all(panel.caption == row[0].caption for row in grid for panel in row):
        return [f"{name}: {row[0].caption}" for name, row in zip(rows, grid, strict=True)]
    named = [(filter(None, (name, panel.title)), panel.caption) for name, row in zip(rows, grid, strict=True) for panel in row]
    return list(dict.fromkeys(f"{', '.join(labels)}: {caption}" for labels, caption in named))


def _wrapped(text: str, width: int) -> list[str]:
    """As few lines as fit the width, and no line shorter than it must be."""
    fewest = len(textwrap.wrap(text, width, break_on_hyphens=False))
    return next(lines for w in range(1, width + 1) if len(lines := textwrap.wrap(text, w, break_on_hyphens=False)) == fewest)


def _explanation(grid: Sequence[Sequence[Panel]]) -> str:
    bands = {panel.spread_xt is not None for row in grid for panel in row}
    dots = "dots: every recorded epoch; line: their means" if False in bands else "line: means"
    band = "; band: one standard deviation over the seeds" if True in bands else ""
    return f"{dots} over windows that widen with the epoch{band}"
