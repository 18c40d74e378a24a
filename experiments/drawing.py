"""planes -> figures: a row for each sample, a column for each reading, a band over the seeds.

Several runs stand side by side, below each other, or overlaid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from fastmi import InformationPlane, figures, tables
from fastmi.figures import Panel

from .records import SHUFFLED, Run

__all__ = [
    "Mark",
    "by_reading",
    "names",
    "over_epochs",
    "overlaid",
    "picture",
    "side_by_side",
    "stacked",
]

Groups = dict[tuple[str, str], list[InformationPlane]]
Drawn = tuple[Run, Sequence[InformationPlane]]


@dataclass(frozen=True)
class Mark:
    """Points (I(X;T), I(T;Y)) of single networks, to be marked in the first panel of a sample.

    `shape` is a marker of matplotlib's.
    """

    sample: str
    label: str
    shape: str
    points: Sequence[tuple[float, float]]


def by_reading(planes: Sequence[InformationPlane]) -> Groups:
    """Groups planes: (sample, reading) -> those of all seeds, in the order in which they come."""
    groups: Groups = {}
    for plane in planes:
        groups.setdefault((plane.sample, plane.reading), []).append(plane)
    return groups


def picture(run: Run, planes: Sequence[InformationPlane], marks: Sequence[Mark] = ()) -> Figure:
    """Draws all samples and readings of one run, and what is marked in them."""
    figure = side_by_side([(run, planes)])
    samples = list(dict.fromkeys(plane.sample for plane in planes))
    n_columns = len(figure.axes) // len(samples) if marks else 0
    for i, sample in enumerate(samples):
        of_sample = [mark for mark in marks if mark.sample == sample]
        if of_sample:
            # of single networks, or their mean: the first
            _mark(figure.axes[i * n_columns], of_sample)
    return figure


def over_epochs(planes: Sequence[InformationPlane], layer: str, unit: str) -> Figure:
    """Draws I(X;T) and I(T;Y) of one layer over the epochs: each table as its mean over the paths.

    A thin line and a cross at its highest I(X;T) for each table, a thick line for their mean. The
    axis of the epochs is logarithmic from the first one on, and 0 stands before it.
    """
    means = [plane.mean() for plane in planes]
    epochs, at = means[0].epochs, means[0].layers.index(layer)
    figure = Figure(figsize=(8.2, 3.6), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    for ax, name, title in zip(
        figure.subplots(1, 2), ("i_xt", "i_ty"), ("I(X;T)", "I(T;Y)"), strict=True
    ):
        columns = [getattr(plane, name)[:, 0, at] for plane in means]
        for plane, column in zip(means, columns, strict=True):
            ax.plot(epochs, column, color=figures.COLORS[5], linewidth=0.6, alpha=0.7)
            peak = plane.i_xt[:, 0, at].argmax()
            ax.plot(epochs[peak], column[peak], "x", color="black", markersize=5, zorder=3)
        ax.plot(epochs, np.mean(columns, axis=0), color=figures.COLORS[0], linewidth=1.8)
        ax.set(
            xlabel=unit, ylabel=f"{title}  [bits]", xlim=(-0.3, max(1, epochs[-1])), ylim=(0, None)
        )
        ax.set_xscale("symlog", linthresh=1)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda epoch, _: f"{epoch:,.0f}"))
        ax.spines[["top", "right"]].set_visible(False)
        if name == "i_ty":
            ceiling = float(np.mean([plane.entropy_y for plane in means]))
            ax.axhline(ceiling, color=figures.GUIDE, linestyle="--", linewidth=0.8)
            ax.annotate(f"H(Y) = {ceiling:.3f}", (0, ceiling), color=figures.GUIDE, va="bottom")
            ax.set_ylim(0, 1.15 * ceiling)
    handles = [
        Line2D([], [], color=figures.COLORS[5], linewidth=0.6, label="one seed"),
        Line2D([], [], color=figures.COLORS[0], linewidth=1.8, label="mean"),
        Line2D([], [], color="black", marker="x", linestyle="", label="where I(X;T) is highest"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _mark(axes: Axes, marks: Sequence[Mark]) -> None:
    for mark in marks:
        x, y = np.transpose(mark.points)
        axes.plot(
            x,
            y,
            mark.shape,
            color="black",
            markersize=5,
            markeredgewidth=0.8,
            alpha=0.8,
            zorder=6,
            label=mark.label,
        )
    axes.legend(
        loc="upper right", bbox_to_anchor=(1.02, 1.04), fontsize=6, frameon=False, handletextpad=0.2
    )


def side_by_side(
    runs: Sequence[Drawn],
    reading: str | None = None,
    layers: Sequence[str] = (),
    color: str = "layer",
    over: str | None = None,
) -> Figure:
    """Draws runs in rows, one for each sample: the readings of one run after the other.

    `over` the "plane" or the "steps"; None is the plane where all have a place in it.

    Raises:
        ValueError: runs that were read on other samples, a reading or a layer that is not there.
    """
    labels = names([run for run, _ in runs]) if len(runs) > 1 else [""]
    rows = [
        _panels(run, planes, reading, layers, label, _over(runs, over))
        for (run, planes), label in zip(runs, labels, strict=True)
    ]
    samples = [list(row) for row in rows]
    if len({len(of_run) for of_run in samples}) > 1:
        raise ValueError("the runs were read on different numbers of samples: draw them apart")
    grid = [
        [panel for row, of_run in zip(rows, samples, strict=True) for panel in row[of_run[i]]]
        for i in range(len(samples[0]))
    ]
    titles = [" / ".join(dict.fromkeys(of_row)) for of_row in zip(*samples, strict=True)]
    return figures.information_plane(
        grid, rows=titles, color=color, title=_title(runs[0][0]) if len(runs) == 1 else ""
    )


def stacked(
    runs: Sequence[Drawn],
    reading: str | None = None,
    layers: Sequence[str] = (),
    color: str = "layer",
    over: str | None = None,
) -> Figure:
    """Draws runs on true labels above those on shuffled ones, a row for each sample of each.

    All have common axes. Rows of one sample stand together, whatever its labels.

    Raises:
        ValueError: as `side_by_side`; runs with other numbers of readings.
    """
    ordered = sorted(runs, key=lambda drawn: drawn[0].training.labels != "true")
    labels = names([run for run, _ in ordered])
    alike = len({tuple(run.varied(labels="true").ids) for run, _ in ordered}) == 1
    if alike:  # the title says all else
        labels = [f"trained on {run.training.labels} labels" for run, _ in ordered]
    rows = [
        (sample, label, panels)
        for (run, planes), label in zip(ordered, labels, strict=True)
        for sample, panels in _panels(run, planes, reading, layers, "", _over(runs, over)).items()
    ]
    if len({len(panels) for *_, panels in rows}) > 1:
        raise ValueError(
            "the runs were read in different numbers of ways, so they cannot stand below each "
            "other: pass --reading"
        )
    samples = list(dict.fromkeys(_sample(sample) for sample, *_ in rows))
    rows.sort(key=lambda row: samples.index(_sample(row[0])))
    return figures.information_plane(
        [panels for *_, panels in rows],
        rows=[f"{sample}: {label}" for sample, label, _ in rows],
        color=color,
        title=_title(ordered[0][0]) if alike else "",
    )


def overlaid(
    runs: Sequence[Drawn],
    reading: str | None = None,
    layers: Sequence[str] = (),
    color: str = "layer",
    over: str | None = None,
) -> Figure:
    """Draws runs in the same panels, one for each sample and reading.

    A colour stands for a layer, a dash for a run.

    Raises:
        ValueError: as `side_by_side`; runs with other samples or readings, or recorded at other
            epochs.
    """
    rows = [_panels(run, planes, reading, layers, "", _over(runs, over)) for run, planes in runs]
    titles = [
        {_sample(sample): [panel.title for panel in panels] for sample, panels in row.items()}
        for row in rows
    ]
    if any(of_run != titles[0] for of_run in titles):
        raise ValueError(
            "the runs have not the same samples and readings, so they cannot be overlaid: draw them"
            " side by side"
        )
    labels = names([run for run, _ in runs])
    grid = [
        [_laid_over(labels, panels) for panels in zip(*of_sample, strict=True)]
        for of_sample in zip(*(row.values() for row in rows), strict=True)
    ]
    shared = [" / ".join(dict.fromkeys(of_row)) for of_row in zip(*rows, strict=True)]
    return figures.information_plane(grid, rows=shared, color=color)


def names(runs: Sequence[Run]) -> list[str]:
    """Tells runs apart in as few words as do.

    They are the runs' names, or where those are the same, the fields that differ too.

    Raises:
        ValueError: two of them are the same run, read in the same way.
    """
    for i, run in enumerate(runs):
        if (run.id, run.reads) in [(other.id, other.reads) for other in runs[:i]]:
            raise ValueError(f"RESULT is given twice: {run.ids[0]}; a result is drawn once")
    labels = [run.name for run in runs]
    return [
        (
            f"{run.name} ({words})"
            if labels.count(run.name) > 1 and (words := _differing(run, runs))
            else run.name
        )
        for run in runs
    ]


def _differing(run: Run, runs: Sequence[Run]) -> str:
    """Quotes the fields in which runs of that name are not all the same."""
    namesakes = [other for other in runs if other.name == run.name]
    trained = [vars(other.training) for other in namesakes]
    fields = [key for key in trained[0] if len({str(values[key]) for values in trained}) > 1]
    words = [
        f"trained on {run.training.labels} labels"
        if key == "labels"
        else f"{key} {_shown(vars(run.training)[key])}"
        for key in fields
    ]
    if len({other.reads for other in namesakes}) > 1:
        words += [", ".join(map(str, run.reads))]
    return ", ".join(words)


def _sample(name: str) -> str:
    """Names a sample without a word of its labels."""
    return name.removesuffix(SHUFFLED)


def _shown(value: Any) -> str:
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _panels(
    run: Run,
    planes: Sequence[InformationPlane],
    reading: str | None,
    layers: Sequence[str],
    label: str,
    over: str = "plane",
) -> dict[str, list[Panel]]:
    """Makes sample -> panels; "each" only where it stands alone, for "mean" is its mean."""
    groups = by_reading(planes)
    present = list(dict.fromkeys(name for _, name in groups))
    if reading is not None and reading not in present:
        raise ValueError(f"{run.id} has no reading {reading!r}: it has {', '.join(present)}")
    chosen = (
        [reading] if reading else [name for name in present if name != "each" or len(present) == 1]
    )
    out: dict[str, list[Panel]] = {}
    for (sample, name), seeds in groups.items():
        if name in chosen:
            panel = _only(layers, tables.panel(seeds, over))
            out.setdefault(sample, []).append(
                replace(panel, title=f"{label}: {panel.title}") if label else panel
            )
    return out


def _over(runs: Sequence[Drawn], asked: str | None) -> str:
    """Chooses the axis of all panels: what is asked for, or the plane where all have a place."""
    in_plane = asked == "plane" if asked else all(run.reads[0].placed for run, _ in runs)
    return "plane" if in_plane else runs[0][0].training.unit[:-1]


def _only(layers: Sequence[str], panel: Panel) -> Panel:
    if not layers:
        return panel
    unknown = [layer for layer in layers if layer not in panel.layers]
    if unknown:
        raise ValueError(f"layers names {unknown[0]!r}: the layers are {', '.join(panel.layers)}")
    at = [list(panel.layers).index(layer) for layer in layers]
    return replace(
        panel,
        layers=tuple(layers),
        verdicts=[panel.verdicts[i] for i in at] if panel.verdicts else (),
        **{name: _at(getattr(panel, name), at) for name in _COLUMNS},
    )


# the layers are the last axis of each
_COLUMNS = ("i_xt", "i_ty", "spread_xt", "spread_ty", "chance", "lower")


def _at(column: Any, layers: list[int]) -> Any:
    return None if column is None else column[..., layers]


def _laid_over(labels: Sequence[str], panels: Sequence[Panel]) -> Panel:
    first = panels[0]
    if any(not np.array_equal(panel.epochs, first.epochs) for panel in panels):
        raise ValueError(
            "the runs were recorded at different epochs, so they cannot be overlaid: draw them side"
            " by side"
        )
    if len({panel.spread_xt is None for panel in panels}) > 1:
        raise ValueError(
            "some of the runs have several seeds and some have one: draw them side by side"
        )
    columns = {name: [getattr(panel, name) for panel in panels] for name in _COLUMNS}
    return replace(
        first,
        layers=[layer for panel in panels for layer in panel.layers],
        runs=[name for name, panel in zip(labels, panels, strict=True) for _ in panel.layers],
        ceiling_x=max(panel.ceiling_x for panel in panels),
        ceiling_y=max(panel.ceiling_y for panel in panels),
        caption="; ".join(dict.fromkeys(panel.caption for panel in panels)),
        **{
            name: None if any(part is None for part in parts) else np.concatenate(parts, axis=-1)
            for name, parts in columns.items()
        },
        verdicts=[
            verdict for panel in panels for verdict in panel.verdicts or [""] * len(panel.layers)
        ],
    )


def _title(run: Run) -> str:
    training = run.training
    seeds = f", {training.seeds} seeds" if training.seeds > 1 else ""
    return (
        f"{run.name}: {'-'.join(map(str, training.widths))} {training.network}, "
        f"{training.length}{seeds}{training.label_note}"
    )
