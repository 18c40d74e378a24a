"""tables -> panels, a figure of several tables, and what a notebook shows of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.arrays import FloatArray
from fastmi.belief import VERDICTS
from fastmi.inputs import shortened
from fastmi.points import Points
from fastmi.tables.plane import InformationPlane
from fastmi.tables.storage import listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fastmi.figures import Panel

__all__ = [
    "TITLES",
    "Alike",
    "alike",
    "caption",
    "html",
    "panel",
    "plot",
    "same_tables",
    "singles_of",
    "without_singles",
]

# of panels, by their reading
TITLES = {
    "each": "mean of single copies",
    "mean": "mean of single copies",
    "sampled": "sampled: one copy a sample",
    "mixture": "mixture over copies",
}
# fields of a table that rows of panels may have in common
ROWS = ("sample", "reading", "data", "binning")


def panel(planes: Sequence[InformationPlane], over: str = "plane") -> Panel:
    """Averages tables that differ in their seed alone into the panel that `fastmi.figures` draws.

    It is the mean over them, and their standard deviation.

    Each seed counts once, as the mean over its paths. The band ends at the limits that the columns
    of `Points` state, and at log2 n and H(Y), which information cannot pass.

    Layers whose measure says nothing of I(X;T) have no place in the plane: the caption names them.
    `over` the "epoch" or "step" I(T;Y) alone is drawn, of all layers.

    Raises:
        TypeError: planes is no list of tables. ValueError: no table, or tables of different epochs,
            layers or readings; no layer with I(X;T), in the plane; another `over`.
    """
    from fastmi import figures

    checks.one_of("over", over, figures.OVER)
    whole = same_tables(listed(planes))
    placed = _placed(whole) if over == "plane" else ~np.isnan(whole.i_ty).all(axis=(0, 1))
    if over == "plane" and not placed.any():
        raise ValueError(
            f"{shortened(whole.binning, 60)} says nothing of I(X;T), and its layers have no place "
            "in the plane: draw I(T;Y) over the epochs, plot(over='epoch')"
        )
    planes = [_of_layers(plane, placed) for plane in planes]
    first = planes[0]
    with np.errstate(under="ignore"):
        # (seeds, 2, epochs, layers)
        bits = np.array([[plane.mean().i_xt[:, 0], plane.mean().i_ty[:, 0]] for plane in planes])
        several = len(planes) > 1
        spread: Any = bits.std(axis=0, ddof=1) if several else (None, None)
    if over != "plane":
        bits[:, 0] = np.where(np.isnan(bits[:, 1]), np.nan, first.epochs[:, None])
        if several:
            spread[0][:] = np.where(np.isnan(spread[1]), np.nan, 0)
    words = _verdicts(planes)
    chance, lower = (_mean(planes, name) for name in ("chance", "mean_lower"))
    why = "without I(X;T)" if over == "plane" else "without a point"
    limits = {column.name: (column.low, column.high) for column in Points.columns()}
    return figures.Panel(
        title=TITLES[first.reading] if first.n_copies > 1 else "a single network",
        epochs=first.epochs,
        layers=first.layers,
        i_xt=bits[:, 0].mean(axis=0),
        i_ty=bits[:, 1].mean(axis=0),
        ceiling_x=float(np.log2(first.n_samples) if over == "plane" else first.epochs[-1]),
        # a corrected H(Y) may be a little below 0, where no line is drawn
        ceiling_y=max(0.0, float(np.mean([plane.entropy_y for plane in planes]))),
        caption=caption(planes, np.array(whole.layers)[~placed].tolist(), why),
        spread_xt=spread[0],
        spread_ty=spread[1],
        limits_xt=limits["i_xt"] if over == "plane" else (0, np.inf),
        limits_ty=limits["i_ty"],
        chance=chance,
        lower=None if lower is None else lower[_ends(planes), np.arange(len(first.layers))],
        verdicts=words,
        over=over,
    )


def caption(planes: Sequence[InformationPlane], without: Sequence[str] = (), why: str = "") -> str:
    """Says what the points of tables rest on that differ in their seed alone.

    `without` are layers that are not drawn, and `why`.
    """
    first, judged = planes[0], all(plane.verdict is not None for plane in planes)
    copies = f"{first.n_copies} cop{'y' if first.n_copies == 1 else 'ies'}"
    seeds = f"{len(planes)} seeds" if len(planes) > 1 else f"seed {first.seed}"
    data = f"data: {first.data or 'unnamed'}, {first.sample}, n = {first.n_samples:,}"
    method = "plug-in" if first.method == "plugin" else first.method
    counted = first.coding is not None
    # bins have an outside, where readings are judged; codes that were fitted have none
    binned = counted and not (first.outside is None and first.chance is not None)
    what = " of counted rows of float32" if binned else ""
    how = f"{method} estimate{what}, {first.binning}"
    # of a training sample also beside a mixture, which has none: one caption serves them all
    described = counted if first.sample_kind == "training" else judged and not first.sample_kind
    how += "; verdicts describe this sample alone" if described else ""
    how += f"; {why}, and not drawn: {', '.join(without)}" if without else ""
    return f"{data}; {copies}, {seeds}; {how}"


def _placed(plane: InformationPlane) -> npt.NDArray[np.bool_]:
    """Finds the layers with I(X;T), (n_layers,), which have a place in the plane."""
    return ~np.isnan(plane.i_xt).all(axis=(0, 1))


def _of_layers(plane: InformationPlane, at: npt.NDArray[np.bool_]) -> InformationPlane:
    """Takes these layers of a table."""
    if at.all():
        return plane
    layers = tuple(np.array(plane.layers)[at].tolist())
    return replace(plane, layers=layers, points=plane.points.map(lambda column: column[..., at]))


def _mean(planes: Sequence[InformationPlane], name: str) -> FloatArray | None:
    """Averages a column over the paths and then the tables, (n_epochs, n_layers), if all have it.

    And every layer of them.
    """
    columns = [getattr(plane, name) for plane in planes]
    missing = [np.isnan(plane.i_ty) for plane in planes]
    if any(
        column is None or (np.isnan(column) & ~gap).any()
        for column, gap in zip(columns, missing, strict=True)
    ):
        return None
    return np.mean([column.mean(axis=1) for column in columns], axis=0)


def _verdicts(planes: Sequence[InformationPlane]) -> list[str]:
    """Gives the weakest word of each layer at its last point, over all paths and tables."""
    columns = [plane.verdict for plane in planes]
    if any(column is None for column in columns):
        return []
    of_tables = np.min([column.min(axis=1) for column in columns if column is not None], axis=0)
    weakest = of_tables[_ends(planes), np.arange(of_tables.shape[1])]
    return [VERDICTS[0 if word != word else int(word)] for word in weakest.tolist()]


def _ends(planes: Sequence[InformationPlane]) -> npt.NDArray[np.intp]:
    """Finds the last epoch at which each layer has its point, in all paths and tables."""
    there = ~np.any([np.isnan(plane.i_ty).any(axis=1) for plane in planes], axis=0)
    return len(there) - 1 - there[::-1].argmax(axis=0)


def plot(
    tables: InformationPlane | Sequence[InformationPlane],
    *,
    rows: str = "sample",
    color: str = "layer",
    over: str = "plane",
) -> Figure:
    """Draws several tables in one figure.

    Those that differ in their seed alone are one panel with a band.

    Args:
        tables: one or more, of the same layers.
        rows: what a row of panels has in common, "sample", "reading", "data" or "binning"; the
            panels of a row differ in the other three. Single networks ("each") are left out where
            their mean is there, and tables without any I(X;T), as of a probe, beside others.
        color: "layer" or "epoch".
        over: "plane", or the "epoch" (a "step" where it is one): I(T;Y) over the training, as of
            measures that say nothing of I(X;T), or always the same.

    Returns:
        a matplotlib Figure; `.savefig(name)` writes PNG, SVG or PDF.

    Raises:
        TypeError, ValueError: no tables; tables of different layers; rows that do not hold the same
            panels; an unknown row or color.
    """
    from fastmi import figures

    checks.one_of("rows", rows, ROWS)
    planes = listed([tables] if isinstance(tables, InformationPlane) else tables, "tables")
    if over == "plane":
        planes = [plane for plane in planes if _placed(plane).any()] or planes
    planes = without_singles(planes)
    groups: dict[str, dict[tuple[str, ...], list[InformationPlane]]] = {}
    for plane in planes:
        place = tuple(getattr(plane, name) for name in (*ROWS, "method") if name != rows)
        groups.setdefault(getattr(plane, rows), {}).setdefault(place, []).append(plane)
    places = [list(row) for row in groups.values()]
    if any(row != places[0] for row in places):
        held = "; ".join(f"{name!r}: {len(row)}" for name, row in groups.items())
        raise ValueError(
            f"rows is {rows!r}, and its rows do not hold the same panels ({held}): draw them apart"
        )
    grid = [_told_apart(list(row.values()), over) for row in groups.values()]
    return figures.information_plane(
        grid, rows=list(groups) if len(groups) > 1 else (), color=color
    )


Alike = tuple[object, ...]


def singles_of(planes: Sequence[InformationPlane]) -> dict[Alike, InformationPlane]:
    """Finds the tables of several single networks ("each"), by what their mean has in common."""
    return {
        alike(plane): plane
        for plane in planes
        if plane.reading == "each" and plane.i_xt.shape[1] > 1
    }


def without_singles(planes: Sequence[InformationPlane]) -> list[InformationPlane]:
    """Leaves out tables of single networks ("each") where their mean is there."""
    means = {alike(plane) for plane in planes if plane.reading == "mean"}
    return [plane for plane in planes if plane.reading != "each" or alike(plane) not in means]


def _told_apart(row: Sequence[Sequence[InformationPlane]], over: str) -> list[Panel]:
    """Makes the panels of a row; those titled alike are titled by what they differ in."""
    panels, firsts = [panel(seeds, over) for seeds in row], [seeds[0] for seeds in row]
    titles = [(one.title,) for one in panels]
    ways = (
        [one.binning.partition(";")[0] for one in firsts],
        _own_parts([one.data for one in firsts]),
        [one.method for one in firsts],
        [one.sample for one in firsts],
    )
    for words in ways:
        if len(set(titles)) == len(titles):
            break
        longer = [(*title, shortened(word, 40)) for title, word in zip(titles, words, strict=True)]
        titles = longer if len(set(longer)) > len(set(titles)) else titles
    if len({one.title for one in panels}) == 1 and len(titles[0]) > 1:
        titles = [title[1:] for title in titles]
    return [replace(one, title="; ".join(title)) for one, title in zip(panels, titles, strict=True)]


def _own_parts(data: Sequence[str]) -> list[str]:
    """Leaves out the parts between commas that all of these words have: of "net, y: a", "y: a"."""
    parts = [words.split(", ") for words in data]
    return [", ".join(p for p in own if not all(p in each for each in parts)) for own in parts]


def alike(plane: InformationPlane) -> Alike:
    """Lists what a mean has in common with the single networks that it is the mean of."""
    return plane.sample, plane.data, plane.binning, plane.method, plane.seed


def html(plane: InformationPlane) -> str:
    """Shows the figure as a PNG, and under it each layer at the first and the last epoch.

    Beside it, where they are there, chance and the reason of its verdict.
    """
    import base64
    import html as markup
    import io

    picture, mean = io.BytesIO(), plane.mean()
    if _placed(plane).any():
        plane.plot().savefig(picture, format="png", dpi=100)
    head = ("layer", "I(X;T) start", "end", "I(T;Y) start", "end")
    reasons, chance = plane.reasons(), _mean([plane], "chance")
    head += ("chance",) * (chance is not None) + ("verdict",) * bool(reasons)
    cells = [
        (
            layer,
            *(_bits(column[at, 0, i]) for column in (mean.i_xt, mean.i_ty) for at in (0, -1)),
            *([] if chance is None else [_bits(chance[-1, i])]),
            *([reasons[layer]] if reasons else []),
        )
        for i, layer in enumerate(plane.layers)
    ]
    lines = "".join(
        f"<tr>{''.join(f'<td>{markup.escape(cell)}</td>' for cell in row)}</tr>" for row in cells
    )
    image = (
        f'<img src="data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()}" '
        'alt="information plane">'
    )
    return (
        f"{image if picture.getvalue() else ''}"
        f"<table><tr>{''.join(f'<th>{name}</th>' for name in head)}</tr>{lines}</table>"
        f"<p>{markup.escape(repr(plane))}; bits</p>"
    )


def _bits(number: float) -> str:
    """Writes a number of bits, and nothing of a point that is missing."""
    return "" if np.isnan(number) else f"{number:.3f}"


def same_tables(planes: Sequence[InformationPlane]) -> InformationPlane:
    """Takes the first of some tables that may be averaged: the same points of the same reading."""
    first = planes[0]
    for plane in planes[1:]:
        for name in (
            "layers",
            "reading",
            "data",
            "sample",
            "n_samples",
            "n_copies",
            "binning",
            "method",
        ):
            if getattr(plane, name) != getattr(first, name):
                raise ValueError(
                    f"planes differ in their {name}, {getattr(first, name)!r} and "
                    f"{getattr(plane, name)!r}: only runs that differ in their seed are averaged; "
                    "draw them apart"
                )
        if not np.array_equal(plane.epochs, first.epochs):
            raise ValueError(
                "planes were recorded at different epochs: only the same epochs are averaged; draw "
                "them apart"
            )
    seeds = [plane.seed for plane in planes]
    if len(set(seeds)) < len(seeds):
        raise ValueError(
            f"planes hold seed {max(seeds, key=seeds.count)} more than once: pass one plane of each"
            " seed"
        )
    return first
