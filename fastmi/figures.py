"""panels -> the information plane, drawn; it needs no display and leaves no state."""

from __future__ import annotations

import os
import sys
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any, cast

try:
    import matplotlib as mpl
except ValueError:
    if "MPLBACKEND" not in os.environ:
        raise
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        del sys.modules[name]  # half of it was loaded
    asked = os.environ.pop("MPLBACKEND")
    try:
        import matplotlib as mpl
    finally:
        os.environ["MPLBACKEND"] = asked
    mpl.use("agg")
    warnings.warn(
        f"MPLBACKEND is {asked!r:.60}, a backend that matplotlib does not have: figures are written"
        " to files, as under MPLBACKEND=agg",
        stacklevel=2,
    )

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.ticker import FuncFormatter, NullFormatter

from fastmi import checks, files
from fastmi.arrays import FloatArray, IntArray
from fastmi.inputs import shown

__all__ = ["Panel", "UnitMap", "draw", "information_plane", "look", "save", "unit_map"]

MOVED = ("Live", "place", "show")  # to `fastmi.screens`, for one release

# Okabe and Ito's colours, told apart by colour-blind readers; the marks differ too, for print.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")
# of runs, in turn
DASHES = ("-", (0, (4, 1.5)), (0, (1.2, 1.2)), (0, (7, 1.5, 1.2, 1.5)), (0, (2.5, 1, 1, 1, 1, 1)))
MARKS = ("o", "s", "^", "D", "v", "P", "X")
# how the mark of an end is filled, by its verdict; "unresolved" with white: what is not known is
# left open, on paper too
FILLS = {"": "full", "exact": "full", "resolved": "full", "bounded": "bottom", "unresolved": "full"}
VERDICTS = tuple(FILLS)
OVER = ("plane", "epoch", "step")  # what a panel's axis is
GUIDE = "#8a8a8a"  # of ceilings, and of what has no layer's colour
SCALE = "viridis"  # of epochs
GHOST: dict[str, Any] = {"linewidth": 1.1, "linestyle": (0, (1, 1.6)), "alpha": 0.75}  # of chance
SAME_PLACE_SHARE = 0.015  # of an axis: marks nearer to each other cover each other
BITS = "cividis"  # of a map
MOST_NAMED = 40  # units or classes that are each named
LONGEST_LETTERS = 240  # of a name that is drawn whole


@dataclass(frozen=True, repr=False)
class Panel:
    """One plane to draw: paths of layers, and the ceilings log2 n and H(Y), in bits.

    i_xt and i_ty are (n_epochs, n_layers). Where both are NaN a point is missing: its path has a
    gap, and what else the panel holds of it may be NaN, too. A path begins at its first point and
    ends at its last.

    With spread_xt and spread_ty, of the same shape, i_xt and i_ty are means over seeds and these
    their standard deviations. Their band ends at the ceilings, and at limits_xt and limits_ty, the
    lowest and the highest that the columns can be; an infinite side is no limit, and leaves the
    band as it is.

    Where several runs lie over each other, `runs` names that of each path, and a layer's name may
    stand once for each of them: it keeps its colour, and a run is a dash.

    Of what can be believed: `chance`, (n_epochs, n_layers), is what shuffled labels give in place
    of i_ty; `lower` and `verdicts`, one for each path, are the lower end of I(T;Y) in mean at the
    last point, and the word for it, one of `VERDICTS`.

    `over` the "epoch" or "step" in place of the plane, i_xt is the number of each epoch and
    ceiling_x the last one.

    Raises:
        TypeError: a title or caption that is no string, layers that are no list of strings.
        ValueError: arrays of other shapes or with values that are not finite, ceilings below 0, a
            spread without the other, limits that are not a lowest and a highest number.
    """

    title: str
    epochs: IntArray
    layers: Sequence[str]
    i_xt: FloatArray
    i_ty: FloatArray
    ceiling_x: float
    ceiling_y: float
    caption: str
    spread_xt: FloatArray | None = None
    spread_ty: FloatArray | None = None
    runs: Sequence[str] = ()
    limits_xt: tuple[float, float] = (0, np.inf)
    limits_ty: tuple[float, float] = (0, np.inf)
    chance: FloatArray | None = None
    lower: FloatArray | None = None
    verdicts: Sequence[str] = ()
    over: str = "plane"

    def __post_init__(self) -> None:
        checks.one_of("over", self.over, OVER)
        _strings("title", [self.title])
        _strings("caption", [self.caption])
        _strings("layers", self.layers)
        _strings("runs", self.runs)
        if len(self.runs) not in (0, len(self.layers)):
            raise ValueError(
                f"runs has {len(self.runs)} names for {len(self.layers)} paths: pass one for each, "
                "or none"
            )
        shape = (np.size(self.epochs), len(self.layers))
        missing = _both_missing(self.i_xt, self.i_ty)
        _finite("epochs", self.epochs, shape[:1])
        for name, axes in (("i_xt", shape), ("i_ty", shape), ("chance", shape)):
            if getattr(self, name) is not None:
                _finite(name, getattr(self, name), axes, missing)
        if self.lower is not None:
            _finite("lower", self.lower, shape[1:], missing.all(axis=0))
        _check_verdicts(self.verdicts, len(self.layers))
        checks.not_negative("ceiling_x", self.ceiling_x)
        checks.not_negative("ceiling_y", self.ceiling_y)
        _both_spreads(np.shape(self.i_xt), missing, self.spread_xt, self.spread_ty)
        _lowest_and_highest("limits_xt", self.limits_xt)
        _lowest_and_highest("limits_ty", self.limits_ty)

    def __repr__(self) -> str:
        return (
            f"Panel(title={self.title!r}, {np.size(self.epochs)} epochs, {len(self.layers)} layers)"
        )


@contextmanager
def _own_style() -> Iterator[None]:
    """Sets matplotlib's defaults but for the fonts, which may be the caller's; NumPy's, too.

    A style may hide black marks on black, LaTeX refuse a name, and an underflow is no error.
    """
    with mpl.rc_context(_STYLE), np.errstate(all="warn", under="ignore"):
        yield


_LOOKS = (
    "axes",
    "figure",
    "grid",
    "image",
    "legend",
    "lines",
    "markers",
    "mathtext",
    "patch",
    "path",
    "scatter",
    "text",
)
_LOOKS += ("xaxis", "xtick", "yaxis", "ytick")
_STYLE: Any = {
    **{key: value for key, value in mpl.rcParamsDefault.items() if key.partition(".")[0] in _LOOKS},
    "savefig.facecolor": "auto",
    "savefig.edgecolor": "auto",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


class _Plane(Figure):
    """A figure that looks the same under every style, whenever it is drawn."""

    _saving = False

    def draw(self, renderer: Any) -> None:
        engine = self.get_layout_engine()
        # what is saved matplotlib draws twice: first into nothing, to lay it out, by a renderer in
        # which plain functions stand for methods
        nothing = isinstance(renderer.open_group, FunctionType)
        with _own_style():
            if self._saving and nothing and engine and self.axes and self.get_visible():
                with suppress(ValueError):  # as matplotlib does
                    engine.execute(self)
            else:
                super().draw(renderer)

    def savefig(self, fname: Any, *, transparent: bool | None = None, **options: Any) -> None:
        self._saving = True
        try:
            with _own_style():
                super().savefig(fname, transparent=transparent, **options)
        finally:
            self._saving = False


def information_plane(
    panels: Sequence[Panel] | Sequence[Sequence[Panel]],
    *,
    rows: Sequence[str] = (),
    color: str = "layer",
    title: str = "",
) -> Figure:
    """Draws I(X;T) against I(T;Y) in bits, panels side by side in one row or in several.

    The panels have common axes. Those `over` the epochs have these in the place of I(X;T).

    A path is drawn through means over windows of epochs. Where a panel has spreads, the band around
    a path is the union of ellipses, one a window with what lies between neighbours; their half-axes
    are the spreads, averaged over the window. It ends where what is drawn does: at the ceilings
    and limits of its panel, or as far as its path is; where there is no limit it is left.

    Args:
        panels: what to draw, in order, or rows of it; their captions stand below the figure, one
            for all where they agree.
        rows: the name of each row, at its left; a single row needs none.
        color: "layer": a colour and a mark for each layer. "epoch": one colour scale, the layers
            told apart by their marks.
        title: above all panels.

    Every name is drawn as it is, whatever it holds: no formula is made of a "$". What cannot be
    seen is drawn as its code, a line break as a space, and of more than 240 letters both ends. Of
    matplotlib's settings the fonts alone are followed.

    Returns:
        a Figure; `.savefig(name)` writes PNG, SVG or PDF.

    Raises:
        TypeError: something else than panels; names that are no strings.
        ValueError: no panel, panels with different layers, rows without names or of different
            lengths, an unknown color.
    """
    checks.one_of("color", color, ("layer", "epoch"))
    _strings("title", [title])
    _strings("rows", rows)
    grid = _grid(panels)
    _some_panels(grid, rows)
    rows = rows or [""] * len(grid)
    every, n_columns = [panel for row in grid for panel in row], len(grid[0])
    reach = np.max([(0.1, 0.1), *((panel.ceiling_x, panel.ceiling_y) for panel in every)], axis=0)
    norm = LogNorm(1, max(2, *(float(panel.epochs.max()) for panel in every)))
    with _own_style():
        names = [_fitted(name, 72 * 2.5, 9, "bold") for name in rows]
        left = 0.14 * max(len(lines) - 1 for lines in names)
        right = 0.9 if color == "epoch" else 0.1
        width = (1.0 + 2.6 * n_columns if n_columns > 1 else 5.6) + left
        figure = _Plane(figsize=(width, 1), dpi=200, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(len(grid), n_columns, sharex=True, sharey=True, squeeze=False)
        axes[0, 0].set(
            xlim=(-0.04 * reach[0], 1.06 * reach[0]), ylim=(-0.05 * reach[1], 1.12 * reach[1])
        )
        for (r, c), ax in np.ndenumerate(axes):
            _draw(
                ax, grid[r][c], color, norm, reach, _named(every, "layers"), _named(every, "runs")
            )
        for ax in axes[-1]:
            ax.set_xlabel(_across(grid[0][0]))
            if grid[0][0].over != "plane":  # of which there are whole ones only
                ax.xaxis.get_major_locator().set_params(integer=True)
        for ax, lines in zip(axes[:, 0], names, strict=True):
            _name_row(ax, lines)
        height = _headings(
            figure, axes, grid, title, 72 * (width - 0.95 - left - right) / n_columns
        )
        if color == "epoch":
            bar = figure.colorbar(
                ScalarMappable(norm, SCALE),
                ax=axes.ravel().tolist(),
                label="epoch",
                pad=0.02,
                aspect=30,
            )
            bar.ax.yaxis.set_major_formatter(
                FuncFormatter(lambda epoch, _: f"{epoch:,.0f}" if epoch >= 1 else "")
            )
            bar.ax.yaxis.set_minor_formatter(NullFormatter())
        figure.set_figheight(0.75 + 2.9 * len(grid) + height + _legend(figure, grid, rows, color))
    return figure


@dataclass(frozen=True, repr=False)
class UnitMap:
    """What each of d units knows of each of K classes, in the order in which it is drawn.

    Attributes:
        units: (d,) their numbers. classes: K names. of_classes: (d, K) bits above chance.
        i_ty: (d,) bits. chance, lower: (d,) bits, or None. ceiling: H(Y). caption: below the map.

    Raises:
        TypeError: classes or a caption that are no strings.
        ValueError: arrays of other shapes or with values that are not finite, a ceiling below 0.
    """

    units: IntArray
    classes: Sequence[str]
    of_classes: FloatArray
    i_ty: FloatArray
    chance: FloatArray | None
    lower: FloatArray | None
    ceiling: float
    caption: str

    def __post_init__(self) -> None:
        _strings("caption", [self.caption])
        _strings("classes", self.classes)
        d = (np.size(self.units),)
        _finite("units", self.units, d)
        _finite("of_classes", self.of_classes, (*d, len(self.classes)))
        for name in ("i_ty", "chance", "lower"):
            if getattr(self, name) is not None:
                _finite(name, getattr(self, name), d)
        checks.not_negative("ceiling", self.ceiling)

    def __repr__(self) -> str:
        return f"UnitMap of {np.size(self.units)} units and {len(self.classes)} classes"


def unit_map(drawn: UnitMap) -> Figure:
    """Draws units side by side: above I(t;Y) of each, below what it knows of each class.

    Raises:
        TypeError: something else than a UnitMap.
    """
    if not isinstance(drawn, UnitMap):
        raise TypeError(f"drawn is {shown(drawn)}: pass a figures.UnitMap")
    d, n_classes = len(drawn.units), len(drawn.classes)
    named = n_classes <= MOST_NAMED
    height = 1.9 + min(max(0.17 * n_classes, 1.2), 4.5)
    with _own_style():
        figure = _Plane(figsize=(7.2, height + 0.6), dpi=200, layout="constrained")
        FigureCanvasAgg(figure)
        ratios = {"height_ratios": (1, max(1.2, (height - 1.9) / 1.3))}
        above, below = figure.subplots(2, 1, sharex=True, gridspec_kw=ratios)
        _draw_units(above, drawn)
        most = max(float(drawn.of_classes.max(initial=0)), 1e-3)
        image = below.imshow(
            drawn.of_classes.T,
            extent=(0, d, n_classes, 0),
            aspect="auto",
            interpolation="nearest",
            cmap=BITS,
            vmin=0,
            vmax=most,
        )
        places = (
            range(n_classes) if named else np.linspace(0, n_classes - 1, 12, dtype=int).tolist()
        )
        below.set_yticks([place + 0.5 for place in places])
        for text in below.set_yticklabels([_visible(drawn.classes[i], 16) for i in places]):
            text.set_parse_math(False)
        below.set_ylabel("class")
        for side in ("top", "right"):
            below.spines[side].set_visible(True)
        few = d <= MOST_NAMED
        below.set_xticks(np.arange(d) + 0.5 if few else [])
        if few:
            below.set_xticklabels([str(unit) for unit in drawn.units], fontsize="small")
        below.tick_params(length=0)
        what = "unit" if few else f"{d:,} units"
        below.set_xlabel(f"{what}, sorted by the class that each knows most of")
        figure.colorbar(image, ax=below, label="bits above chance", pad=0.01, aspect=18)
        lines = _wrapped(_visible(drawn.caption, 4 * LONGEST_LETTERS), 128)
        figure.supxlabel("\n".join(lines), fontsize=7, color="#444444", parse_math=False)
    return figure


def _draw_units(ax: Axes, drawn: UnitMap) -> None:
    """Draws I(t;Y) of each unit as a step, its chance and its lower end over it."""
    edges = np.arange(len(drawn.units) + 1)
    ax.stairs(drawn.i_ty, edges, fill=True, color=COLORS[5], label="I(t;Y)")
    if drawn.lower is not None:
        ax.stairs(
            np.maximum(drawn.lower, 0), edges, fill=True, color=COLORS[0], label="at least, in mean"
        )
    if drawn.chance is not None:
        ax.stairs(drawn.chance, edges, baseline=None, color=COLORS[6], label="chance", **GHOST)
    top = max(float(drawn.i_ty.max()), 1e-3)
    if drawn.ceiling < 1.6 * top:
        ax.axhline(drawn.ceiling, color=GUIDE, linewidth=0.8, label="H(Y)")
        top = max(top, drawn.ceiling)
    ax.set(xlim=(0, edges[-1]), ylim=(0, 1.12 * top), ylabel="I(t;Y)  [bits]")
    ax.tick_params(axis="x", length=0)
    ax.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncols=4, frameon=False, fontsize=8, borderpad=0
    )


def draw(ax: Axes, panel: Panel, color: str = "layer") -> Figure:
    """Draws one panel into axes of the caller's.

    They get its limits, its names and a legend of its layers, and of its verdicts if it has some;
    nothing else changes.

    Args:
        ax: of any figure. panel: what to draw. color: as `information_plane`; the scale of epochs
            is left to the caller.

    Returns:
        the figure of the axes.

    Raises:
        TypeError, ValueError: no axes, no panel, an unknown color.
    """
    checks.one_of("color", color, ("layer", "epoch"))
    if not isinstance(ax, Axes):
        raise TypeError(f"ax is {shown(ax)}: pass matplotlib axes, as plt.subplots() gives")
    ((panel,),) = _grid([panel])
    reach = np.maximum((0.1, 0.1), (panel.ceiling_x, panel.ceiling_y))
    ax.set(xlim=(-0.04 * reach[0], 1.06 * reach[0]), ylim=(-0.05 * reach[1], 1.12 * reach[1]))
    ax.set(xlabel=_across(panel), ylabel="I(T;Y)  [bits]")
    ax.set_title(_visible(panel.title, LONGEST_LETTERS), parse_math=False)
    with np.errstate(all="warn", under="ignore"):
        layers, runs = _named([panel], "layers"), _named([panel], "runs")
        _draw(ax, panel, color, LogNorm(1, max(2, float(panel.epochs.max()))), reach, layers, runs)
    handles = [
        Line2D([], [], color=GUIDE, linestyle=_dash(i), label=_visible(run, LONGEST_LETTERS))
        for i, run in enumerate(runs)
    ]
    for layer, name in enumerate(layers):
        shade, mark = look(layer)
        tint = shade if color == "layer" else GUIDE
        handles.append(
            Line2D([], [], color=tint, marker=mark, label=_visible(name, LONGEST_LETTERS))
        )
    handles += _marks([panel]).values() if panel.verdicts else ()
    for text in ax.legend(handles=handles, fontsize="small", framealpha=0.7).get_texts():
        text.set_parse_math(False)
    return cast("Figure", ax.get_figure(root=True))


def _across(panel: Panel) -> str:
    return "I(X;T)  [bits]" if panel.over == "plane" else panel.over


def _name_row(ax: Axes, lines: Sequence[str]) -> None:
    """Names the axis, and at its left the row."""
    ax.set_ylabel("I(T;Y)  [bits]")
    ax.annotate(
        "\n".join(lines),
        (0, 0.5),
        xycoords=(ax.yaxis.label, ax.transAxes),
        xytext=(-5, 0),
        textcoords="offset points",
        rotation=90,
        ha="right",
        va="center",
        multialignment="center",
        fontweight="bold",
        parse_math=False,
    )


def _headings(
    figure: Figure, axes: Any, grid: Sequence[Sequence[Panel]], title: str, room: float
) -> float:
    """Writes the titles of panels, each with so much room, and of all.

    It gives the height that they need beyond one line each, in inches.
    """
    more = 0.0
    for r, row in enumerate(grid):
        titles = [
            panel.title if r == 0 or panel.title != grid[r - 1][c].title else ""
            for c, panel in enumerate(row)
        ]
        fitted = [_fitted(text, room - 8, 9) for text in titles]
        for ax, lines in zip(axes[r], fitted, strict=True):
            ax.set_title("\n".join(lines), fontsize=9, parse_math=False)
        more += 0.14 * max(len(lines) - 1 for lines in fitted)
    if title:
        lines = _fitted(title, 0.98 * 72 * figure.get_figwidth(), 11, "bold")
        figure.suptitle("\n".join(lines), fontsize=11, fontweight="bold", parse_math=False)
        more += 0.17 * (len(lines) - 1)
    return more


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Writes PNG, SVG or PDF by the name's ending (PNG without one), whole or not at all.

    The same figure gives the same bytes: no date, no random ids.

    Raises:
        TypeError: no figure, or a path that is none.
        ValueError: an ending that matplotlib does not write.
        OSError: it cannot be written.
    """
    _writable(figure, path)
    named = Path(path).suffix or files.is_stream(path)
    target = Path(path) if named else Path(f"{os.fspath(path)}.png")
    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with mpl.rc_context({"svg.hashsalt": "fastmi"}), files.replacing(target) as unfinished:
        figure.savefig(
            unfinished, format=target.suffix[1:] or "png", metadata=undated.get(target.suffix)
        )


def _grid(panels: Any) -> Sequence[Sequence[Panel]]:
    """Checks rows of panels, or makes one row of them."""
    if isinstance(panels, Panel) or not isinstance(panels, Sequence | np.ndarray):
        raise TypeError(f"panels is {shown(panels)}: pass a list of Panels ([panel])")
    grid = [panels] if len(panels) and not isinstance(panels[0], Sequence | np.ndarray) else panels
    for panel in (panel for row in grid for panel in row):
        if not isinstance(panel, Panel):
            raise TypeError(
                f"panels holds a {type(panel).__qualname__}: pass Panels (table.panel() of an "
                "InformationPlane)"
            )
    return cast("Sequence[Sequence[Panel]]", grid)


def _strings(name: str, given: Any) -> None:
    """Refuses what is no list of strings."""
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise TypeError(f"{name} is {shown(given)}: pass a list of strings")
    for value in given:
        if not isinstance(value, str):
            raise TypeError(
                f"{name} holds {shown(value)}, which is no string: str(...) makes one of it"
            )


def _both_missing(i_xt: Any, i_ty: Any) -> npt.NDArray[np.bool_]:
    """Finds where both coordinates are NaN; what is no array of numbers is refused later."""
    x, y = np.asarray(i_xt), np.asarray(i_ty)
    if x.dtype.kind != "f" or y.dtype.kind != "f" or x.shape != y.shape:
        return np.zeros((1, 1), np.bool_)
    return np.isnan(x) & np.isnan(y)


def _finite(name: str, given: Any, shape: tuple[int, ...], missing: Any = False) -> None:
    """Refuses what is no array of numbers of this shape, finite but where points are missing."""
    array = np.asarray(given)
    right = array.dtype.kind in "iuf" and array.shape == shape
    if not right or not (np.isfinite(array) | missing & np.isnan(array)).all():
        raise ValueError(
            f"{name} has dtype {array.dtype} and shape {array.shape}: pass finite numbers of shape "
            f"{shape}"
        )


def _writable(figure: Any, path: Any) -> None:
    """Refuses what is no figure, and names with an ending that is not written."""
    if not isinstance(figure, Figure):
        raise TypeError(
            f"figure is a {type(figure).__qualname__}: pass what information_plane or plot returned"
        )
    ending = files.as_path("path", path).suffix[1:]
    if ending and ending.lower() not in figure.canvas.get_supported_filetypes():
        raise ValueError(
            f"path ends in '.{ending:.20}', which matplotlib does not write: end it in .png, .svg "
            "or .pdf"
        )
    if not Path(path).name:
        raise ValueError(f"path is {shown(path)}, which names no file: figure.png, say")


def _named(panels: Sequence[Panel], names: str) -> list[str]:
    """Lists the names of all layers, or of all runs, once, in the order in which they come."""
    return list(dict.fromkeys(name for panel in panels for name in getattr(panel, names)))


def _draw(
    ax: Axes,
    panel: Panel,
    color: str,
    norm: LogNorm,
    reach: FloatArray,
    layers: Sequence[str],
    runs: Sequence[str],
) -> None:
    """Draws a panel into its axes.

    `layers` and `runs` are the names of the whole figure: a colour, a mark and a dash have one
    meaning in it.
    """
    _guides(ax, panel)
    windows = _windows(panel.epochs)
    epochs = _means(panel.epochs, windows)
    begins, ends = _ends(panel.i_xt)
    columns = np.arange(len(panel.layers))
    first_sizes, last_sizes = (
        _sizes(panel.i_xt[at, columns], panel.i_ty[at, columns], reach) for at in (begins, ends)
    )
    for layer in range(len(panel.layers)):
        x, y = panel.i_xt[:, layer], panel.i_ty[:, layer]
        shade, mark = look(layers.index(panel.layers[layer]))
        dash = _dash(runs.index(panel.runs[layer])) if panel.runs else "-"
        path = np.stack([_means(x, windows), _means(y, windows)], axis=-1)
        lines = LineCollection(
            list(np.stack([path[:-1], path[1:]], axis=1)),
            linewidths=1.6,
            zorder=3,
            capstyle="round",
        )
        dots: dict[str, Any]
        if color == "layer":
            dots, first, last = {"color": shade}, shade, shade
            lines.set_color(shade)
        else:
            dots = {"c": np.maximum(panel.epochs, 1), "cmap": SCALE, "norm": norm}
            first, last = (mpl.colormaps[SCALE](end) for end in (0.0, 1.0))
            lines.set(array=np.maximum(epochs[1:], 1), cmap=SCALE, norm=norm, linestyle=dash)
        if panel.spread_xt is None or panel.spread_ty is None:
            ax.scatter(x, y, s=3, alpha=0.25, linewidths=0, zorder=2, rasterized=True, **dots)
        else:
            spread = np.stack(
                [
                    _means(panel.spread_xt[:, layer], windows),
                    _means(panel.spread_ty[:, layer], windows),
                ],
                axis=-1,
            )
            tint = shade if color == "layer" else GUIDE
            for run in _runs(path):
                outline = _within(_band(path[run], spread[run], reach), path[run], panel)
                band = PathPatch(
                    outline, facecolor=tint, alpha=0.2, linewidth=0, zorder=2, rasterized=True
                )
                ax.add_artist(band)  # add_patch would walk it for limits that are set already
        if dash == "-" or color == "epoch":
            ax.add_collection(lines)
        else:  # dashes that go on over the segments
            ax.add_artist(Line2D(*path.T, color=shade, linewidth=1.6, linestyle=dash, zorder=3))
        if panel.chance is not None:
            ghost = _means(panel.chance[:, layer], windows)
            ax.add_artist(
                Line2D(
                    path[:, 0], ghost, color=shade if color == "layer" else GUIDE, **GHOST, zorder=1
                )
            )
        begin, end = int(begins[layer]), int(ends[layer])
        ax.plot(
            x[begin],
            y[begin],
            mark,
            color=first,
            markeredgecolor="white",
            markersize=4 * first_sizes[layer],
            markeredgewidth=0.5,
            zorder=4,
        )
        if panel.lower is not None:
            _bracket(ax, (x[end], y[end]), panel.lower[layer], last, reach)
        verdict = panel.verdicts[layer] if panel.verdicts else ""
        ax.plot(x[end], y[end], mark, **_end(last, verdict, 7 * last_sizes[layer]), zorder=5)


def _ends(column: FloatArray) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Finds the first and the last epoch at which each layer has a point."""
    there = ~np.isnan(column)
    return there.argmax(axis=0), len(there) - 1 - there[::-1].argmax(axis=0)


def _runs(path: FloatArray) -> list[slice]:
    """Parts a path (n_windows, 2) at its gaps."""
    missing = np.isnan(path).any(axis=1)
    edges = np.flatnonzero(np.diff(missing, prepend=True, append=True))
    return [slice(*run) for run in edges.reshape(-1, 2).tolist()]


def _end(shade: Any, verdict: str, size: float) -> dict[str, Any]:
    """Gives the look of a mark at an end: full where it is resolved, hollow where it is not."""
    hollow = verdict == "unresolved"
    return {
        "color": shade,
        "fillstyle": FILLS[verdict],
        "markerfacecolor": "white" if hollow else shade,
        "markerfacecoloralt": "white",
        "markeredgecolor": "black" if verdict and not hollow else shade,
        "markersize": size,
        "markeredgewidth": 1.2 if hollow else 0.7,
    }


def _bracket(
    ax: Axes, end: tuple[float, float], lower: float, shade: Any, reach: FloatArray
) -> None:
    """Draws a square bracket at the lower end of a point, and a stem to it.

    Where that is below the axis the stem leaves it.
    """
    (x, y), (width, height) = end, 0.013 * reach
    bottom = ax.get_ylim()[0]
    style: dict[str, Any] = {"color": shade, "linewidth": 0.9, "zorder": 4}
    ax.add_artist(Line2D([x, x], [y, max(lower, bottom)], alpha=0.6, **style))
    if lower > bottom:
        edges = [x - width, x - width, x + width, x + width]
        ax.add_artist(Line2D(edges, [lower + height, lower, lower, lower + height], **style))


def _sizes(x: FloatArray, y: FloatArray, reach: FloatArray) -> FloatArray:
    """Finds how much larger each layer's mark is.

    Where some meet, the later lie within the earlier, and all can be seen.
    """
    places = np.stack([x, y], axis=-1) / reach
    meets = (np.abs(places[:, None] - places) < SAME_PLACE_SHARE).all(axis=-1)
    return 1 + 0.55 * np.triu(meets, 1).sum(axis=1)


def _within(band: Outline, path: FloatArray, panel: Panel) -> Outline:
    """Clips a band to what is possible: the limits of its panel, or as far as its path is."""
    low, high = np.transpose([panel.limits_xt, panel.limits_ty])
    lowest = np.minimum(low, path.min(axis=0))
    ceilings = np.minimum(high, (panel.ceiling_x, panel.ceiling_y))
    highest = np.maximum(ceilings, path.max(axis=0))
    return Outline(np.clip(band.vertices, lowest, highest), band.codes)


def _band(path: FloatArray, spread: FloatArray, reach: FloatArray) -> Outline:
    """Outlines the convex hulls of neighbouring ellipses as one.

    All are wound one way, so that it fills as their union.

    A hull's rim in one direction is that of the ellipse that reaches farther. Lengths are in units
    of the axes, so that the directions are spread evenly as seen.
    """
    # no spread at all is still a line
    centres, radii = path / reach, np.maximum(spread / reach, 1 / 400)[:, None]
    turns = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    outwards = np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    extents = np.linalg.norm(radii * outwards, axis=-1, keepdims=True)
    rims = centres[:, None] + radii**2 * outwards / extents
    farthest = (rims * outwards).sum(axis=-1, keepdims=True)
    later = np.append(np.arange(1, len(path)), len(path) - 1)
    hulls = np.where(farthest >= farthest[later], rims, rims[later])
    return Outline.make_compound_path_from_polys(hulls * reach)


def _dash(run: int) -> Any:
    """Gives a run its dash."""
    return DASHES[run % len(DASHES)]


def look(layer: int) -> tuple[str, str]:
    """Gives a layer a colour and a mark; beyond seven both begin again, but in other pairs."""
    return COLORS[layer % len(COLORS)], MARKS[(layer + layer // len(COLORS)) % len(MARKS)]


def _windows(epochs: IntArray) -> npt.NDArray[np.intp]:
    """Finds where each of about 60 windows of epochs begins, single ones first, then ever wider."""
    stops = np.unique(np.round(np.geomspace(1, max(len(epochs) - 1, 1), 60)).astype(np.intp))
    return np.unique(np.concatenate([[0], stops]).clip(max=len(epochs) - 1))


def _means(values: npt.NDArray[Any], windows: npt.NDArray[np.intp]) -> FloatArray:
    """Averages over each window."""
    return np.add.reduceat(values.astype(float), windows) / np.diff(np.append(windows, len(values)))


def _guides(ax: Axes, panel: Panel) -> None:
    """Draws the ceilings, each with its number."""
    style: dict[str, Any] = {
        "color": GUIDE,
        "linewidth": 0.8,
        "linestyle": (0, (4, 3)),
        "zorder": 1,
    }
    if panel.over == "plane":
        ax.axvline(panel.ceiling_x, **style)
        ax.annotate(
            f"log₂ n = {panel.ceiling_x:.2f}",
            (panel.ceiling_x, panel.ceiling_y / 2),
            xytext=(1.5, 0),  # where no path can be, between the marks above and the brackets below
            textcoords="offset points",
            rotation=90,
            ha="left",
            va="center",
            fontsize=7,
            color="#555555",
        )
    ax.axhline(panel.ceiling_y, **style)
    ax.annotate(
        f"H(Y) = {panel.ceiling_y:.3f}",
        (0, panel.ceiling_y),
        xytext=(0, 6),  # clear of marks on the line
        textcoords="offset points",
        fontsize=7,
        color="#555555",
    )


def _legend(
    figure: Figure, grid: Sequence[Sequence[Panel]], rows: Sequence[str], color: str
) -> float:
    """Draws one entry a layer, the marks of start and end, and what the points rest on as title.

    It gives the height that this needs, in inches.
    """
    points = 72 * figure.get_figwidth()
    every = [panel for row in grid for panel in row]
    handles, layers, runs = (
        [],
        *(
            [_fitted(name, points - 60, 8) for name in _named(every, key)]
            for key in ("layers", "runs")
        ),
    )
    for i, lines in enumerate(layers):
        shade, mark = look(i)
        shade = shade if color == "layer" else "#555555"
        handles.append(
            Line2D(
                [],
                [],
                color=shade,
                marker=mark,
                markersize=5.5,
                linewidth=1.4,
                label="\n".join(lines),
            )
        )
    for i, lines in enumerate(runs):
        handles.append(
            Line2D(
                [], [], color="#555555", linestyle=_dash(i), linewidth=1.4, label="\n".join(lines)
            )
        )
    marks = _marks(every)
    handles += marks.values()
    # a handle and the space around it take 30 points, a letter up to 0.6 of its size; where it is
    # wider, what it takes
    widest = max(
        max(0.6 * 8 * len(line), _width(line, 8))
        for lines in ([*marks], *layers, *runs)
        for line in lines
    )
    fitting = int(points / (30 + widest))
    n_columns = max(1, min(fitting, 4 if points < 500 else len(handles)))
    lines = [
        line
        for text in (*_captions(grid, rows), _explanation(grid))
        for line in _fitted(text, 0.98 * points, 7.5, even=True)
    ]
    legend = figure.legend(
        handles=handles,
        title="\n".join(lines),
        loc="outside lower center",
        ncols=n_columns,
        columnspacing=1.1,
        handletextpad=0.4,
        facecolor="#f7f7f7",
        edgecolor="#dddddd",
        framealpha=1,
        fontsize=8,
        title_fontsize=7.5,
    )
    for text in (legend.get_title(), *legend.get_texts()):
        text.set_parse_math(False)
    legend.get_title().set(color="#444444", multialignment="center")
    # as the legend fills them
    extra = [len(name) - 1 for name in (*layers, *runs)] + [0] * len(marks)
    columns = np.array_split(extra, n_columns)
    return 0.13 * (len(lines) + max(column.sum() for column in columns)) + 0.18 * -(
        -len(handles) // n_columns
    )


def _marks(panels: Sequence[Panel]) -> dict[str, Line2D]:
    """Gives what stands for start and end, for each verdict that is there, and for chance."""
    start = {"marker": "o", "linestyle": "", "color": "black", "markersize": 3.5}
    marks = {"start": Line2D([], [], label="start", **start)}
    seen = {verdict for panel in panels for verdict in panel.verdicts or ("",)}
    for verdict in VERDICTS:
        if verdict in seen:
            name = f"end, {verdict}" if verdict else "end, not judged" if len(seen) > 1 else "end"
            # one that is judged has an edge, which must be seen
            look = _end("black" if len(seen) == 1 else GUIDE, verdict, 6)
            marks[name] = Line2D([], [], label=name, marker="o", linestyle="", **look)
    if any(panel.chance is not None for panel in panels):
        marks["chance"] = Line2D([], [], label="chance", color="#555555", **GHOST)
    return marks


def _captions(grid: Sequence[Sequence[Panel]], rows: Sequence[str]) -> list[str]:
    """Writes one caption for all panels, or one a row; what panels of a row do not share, after it.

    The parts of a caption end in semicolons.
    """
    if len({panel.caption for row in grid for panel in row}) == 1:
        return [grid[0][0].caption]
    return [line for name, row in zip(rows, grid, strict=True) for line in _of_row(name, row)]


def _of_row(name: str, row: Sequence[Panel]) -> Iterator[str]:
    """Writes what all panels of a row share, then what is of some alone, under their titles."""
    parts = [panel.caption.split("; ") for panel in row]
    shared = [part for part in parts[0] if all(part in of_panel for of_panel in parts)]
    if shared:
        yield ": ".join(filter(None, (name, "; ".join(shared))))
    titles: dict[str, list[str]] = {}
    for panel, of_panel in zip(row, parts, strict=True):
        own = "; ".join(part for part in of_panel if part not in shared)
        titles.setdefault(own, []).append(panel.title)
    for own, of_those in titles.items():
        if own:
            labels = filter(None, (name, " and ".join(dict.fromkeys(filter(None, of_those)))))
            yield f"{', '.join(labels)}: {own}"


def _fitted(
    text: str, room: float, size: float, weight: str = "normal", *, even: bool = False
) -> list[str]:
    """Breaks text into as few lines as fit the room, in points, one at least.

    `even` ones, captions, are no longer than they must be.
    """
    text = _visible(text, 10 * LONGEST_LETTERS if even else LONGEST_LETTERS)
    letters = max(1, int(room / (0.56 * size)) if weight == "normal" else int(room / (0.67 * size)))
    lines = _wrapped(text, letters)
    while letters > 1 and max(_width(line, size, weight) for line in lines) > room:  # wide letters
        letters -= 1 + letters // 20
        lines = _wrapped(text, letters)
    if not even:
        return lines
    least = max(1, len("".join(text.split())) // len(lines))  # narrower lines do not hold the text
    return next(
        narrower
        for n in range(least, letters + 1)
        if len(narrower := _wrapped(text, n)) == len(lines)
    )


def _wrapped(text: str, letters: int) -> list[str]:
    """Wraps text at spaces, on one line at least."""
    return textwrap.wrap(text, letters, break_on_hyphens=False) or [""]


def _visible(text: str, longest: int) -> str:
    """Puts text on one line; what cannot be seen is its code, and of a very long text both ends."""
    line = "".join(
        (
            letter
            if letter.isprintable()
            else " "
            if letter.isspace()
            else letter.encode("unicode_escape").decode()
        )
        for letter in text
    )
    return line if len(line) <= longest else f"{line[: longest // 2]} … {line[-longest // 2 :]}"


def _width(line: str, size: float, weight: str = "normal") -> float:
    """Measures a line in points."""
    ruler = RendererAgg(1, 1, 72)
    return ruler.get_text_width_height_descent(
        line, FontProperties(size=size, weight=weight), ismath=False
    )[0]


def _explanation(grid: Sequence[Sequence[Panel]]) -> str:
    unit = "step" if grid[0][0].over == "step" else "epoch"
    bands = {panel.spread_xt is not None for row in grid for panel in row}
    dots = f"dots: every recorded {unit}; line: their means" if False in bands else "line: means"
    band = "; band: one standard deviation over the seeds" if True in bands else ""
    panels = [panel for row in grid for panel in row]
    chance = any(panel.chance is not None for panel in panels)
    lower = any(panel.lower is not None for panel in panels)
    words = {
        "chance: I(T;Y) in mean if the labels are shuffled": chance,
        "bracket below an end: I(T;Y) is above it in mean (not a confidence interval)": lower,
        "half full: bounded from below alone": any("bounded" in one.verdicts for one in panels),
        "hollow: n cannot size the layer": any("unresolved" in one.verdicts for one in panels),
    }
    believed = "".join(f"; {text}" for text, there in words.items() if there)
    return f"{dots} over windows that widen with the {unit}{band}{believed}"


def _lowest_and_highest(name: str, limits: Any) -> None:
    """Refuses limits that are not a lowest and a highest number; an infinite one is none."""
    ends = np.asarray(limits)
    # NaN is not below the other
    if ends.dtype.kind not in "iuf" or ends.shape != (2,) or not ends[0] <= ends[1]:
        raise ValueError(
            f"{name} is {shown(limits)}: pass (lowest, highest), infinite where there is no limit"
        )


def _check_verdicts(verdicts: Any, n_paths: int) -> None:
    """Refuses words that are no verdicts, and others than one for each path, or none."""
    _strings("verdicts", verdicts)
    for verdict in verdicts:
        checks.one_of("verdicts", verdict, VERDICTS)
    if len(verdicts) not in (0, n_paths):
        raise ValueError(
            f"verdicts has {len(verdicts)} words for {n_paths} paths: pass one for each, or none"
        )


def _both_spreads(
    shape: tuple[int, ...], missing: npt.NDArray[np.bool_], spread_xt: Any, spread_ty: Any
) -> None:
    """Refuses spreads but of both coordinates, or of neither."""
    if (spread_xt is None) != (spread_ty is None):
        raise ValueError("spread_xt and spread_ty belong together: pass both or neither")
    for name, spread in (("spread_xt", spread_xt), ("spread_ty", spread_ty)):
        if spread is not None and (
            np.shape(spread) != shape
            or not (np.isfinite(spread) & (np.asarray(spread) >= 0) | missing).all()
        ):
            raise ValueError(
                f"{name} has shape {np.shape(spread)}: pass standard deviations, finite and not "
                f"negative, of shape {shape}"
            )


def _some_panels(grid: Sequence[Sequence[Any]], rows: Sequence[str]) -> None:
    """Refuses rows of other lengths, without their names, or without panels."""
    if not all(map(len, grid)) or not len(grid):
        raise ValueError("panels is empty: there is nothing to draw")
    if len({panel.over for row in grid for panel in row}) > 1:
        raise ValueError("panels are of the plane and of epochs: draw them in figures of their own")
    if len({len(row) for row in grid}) > 1:
        raise ValueError(
            f"panels has rows of {', '.join(str(len(row)) for row in grid)} panels: pass as many in"
            " every row"
        )
    if len(rows) != len(grid) and (len(rows) or len(grid) > 1):
        raise ValueError(
            f"rows has {len(rows)} names for {len(grid)} rows of panels: pass one for each"
        )


def __getattr__(name: str) -> Any:
    """Finds what has moved, and says where it is now."""
    if name not in MOVED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fastmi import screens

    warnings.warn(
        f"fastmi.figures.{name} has moved: fastmi.screens.{name}", DeprecationWarning, stacklevel=2
    )
    return getattr(screens, name)
