"""panels -> the information plane, drawn. The one module that knows matplotlib; it needs no display and leaves no state."""

from __future__ import annotations

import importlib
import io
import os
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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

from fastmi import checks

__all__ = ["Panel", "information_plane", "place", "save", "show"]

# Okabe and Ito's colours, told apart by colour-blind readers; the marks differ too, for print.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")
MARKS = ("o", "s", "^", "D", "v", "P", "X")
GUIDE = "#8a8a8a"
SCALE = "viridis"


@dataclass(frozen=True)
class Panel:
    """One plane to draw: i_xt and i_ty are (n_epochs, n_layers) in bits, the ceilings log2 n and H(Y)."""

    title: str
    epochs: npt.NDArray[Any]
    layers: Sequence[str]
    i_xt: npt.NDArray[Any]
    i_ty: npt.NDArray[Any]
    ceiling_x: float
    ceiling_y: float
    caption: str


def information_plane(panels: Sequence[Panel], *, color: str = "layer", title: str = "") -> Figure:
    """I(X;T) against I(T;Y) in bits, panels side by side on common axes.

    Args:
        panels: what to draw, in order; their captions stand below the figure, one for all where they agree.
        color: "layer": a colour and a mark for each layer. "epoch": one colour scale, the layers told apart by their marks.
        title: above all panels.

    Returns:
        a Figure; `.savefig(name)` writes PNG, SVG or PDF.

    Raises:
        ValueError: no panel, panels with different layers, an unknown color.
    """
    checks.one_of("color", color, ("layer", "epoch"))
    checks.some_panels(panels)
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        width = 1.0 + 2.6 * len(panels) if len(panels) > 1 else 5.6
        figure = Figure(figsize=(width, 4.2), dpi=200, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
        norm = LogNorm(1, max(2, *(float(panel.epochs.max()) for panel in panels)))
        for ax, panel in zip(axes, panels, strict=True):
            _draw(ax, panel, color, norm)
        axes[0].set_ylabel("I(T;Y)  [bits]")
        if color == "epoch":
            figure.colorbar(ScalarMappable(norm, SCALE), ax=axes.tolist(), label="epoch", pad=0.02, aspect=30)
        if title:
            figure.suptitle(title, fontsize=11, fontweight="bold")
        _legend(figure, panels, color)
    return figure


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """PNG, SVG or PDF by the name's ending; the same figure gives the same bytes (no date, no random ids)."""
    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with mpl.rc_context({"svg.hashsalt": "fastmi"}):
        figure.savefig(path, metadata=undated.get(os.path.splitext(path)[1]))


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


def _draw(ax: Axes, panel: Panel, color: str, norm: LogNorm) -> None:
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
        ax.scatter(x, y, s=3, alpha=0.25, linewidths=0, zorder=2, rasterized=True, **dots)
        ax.add_collection(lines)
        ax.plot(x[0], y[0], mark, color=first, markerfacecolor="white", markersize=6, markeredgewidth=1.2, zorder=4)
        ax.plot(x[-1], y[-1], mark, color=last, markeredgecolor="black", markersize=7, markeredgewidth=0.7, zorder=5)
    ax.set_title(panel.title, fontsize=9)
    ax.set_xlabel("I(X;T)  [bits]")
    ax.set_xlim(-0.04 * max(panel.ceiling_x, 0.1), 1.06 * max(panel.ceiling_x, 0.1))
    ax.set_ylim(-0.05 * max(panel.ceiling_y, 0.1), 1.12 * max(panel.ceiling_y, 0.1))


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
        xytext=(0, 3),
        textcoords="offset points",
        fontsize=7,
        color="#555555",
    )


def _legend(figure: Figure, panels: Sequence[Panel], color: str) -> None:
    """One entry a layer, the marks of start and end, and as its title what the points rest on, in each panel if they differ."""
    handles, layers = [], panels[0].layers
    for i, name in enumerate(layers):
        shade, mark = _look(i)
        shade = shade if color == "layer" else "#555555"
        handles.append(Line2D([], [], color=shade, marker=mark, markersize=5.5, linewidth=1.4, label=name))
    handles.append(
        Line2D([], [], color="black", marker="o", markerfacecolor="white", linestyle="", markersize=5, label="start")
    )
    handles.append(Line2D([], [], color="black", marker="o", linestyle="", markersize=5, label="end"))
    points = 72 * figure.get_figwidth()  # a letter takes about 0.6 of its size, a handle and the space around it 30 points
    fitting = int(points / (30 + 0.6 * 8 * max(map(len, ("start", *layers)))))
    captions = dict.fromkeys(panel.caption for panel in panels)
    if len(captions) > 1:
        captions = dict.fromkeys(f"{panel.title}: {panel.caption}" for panel in panels)
    caption = "\n".join(textwrap.fill(text, max(40, int(points / (0.6 * 7.5)))) for text in captions)
    legend = figure.legend(
        handles=handles,
        title=caption + "\ndots: every recorded epoch; line: their means over windows that widen with the epoch",
        loc="outside lower center",
        ncols=max(1, min(fitting, 4 if points < 500 else len(handles))),
        columnspacing=1.1,
        handletextpad=0.4,
        frameon=False,
        fontsize=8,
        title_fontsize=7.5,
    )
    legend.get_title().set(color="#444444", multialignment="center")
