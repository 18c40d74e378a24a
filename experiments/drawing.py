"""planes -> figures: a row for each sample, a column for each reading, a band over the seeds; runs side by side or overlaid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.catalog import Run
from fastmi import InformationPlane, figures, tables
from fastmi.figures import Panel

__all__ = ["by_reading", "overlaid", "picture", "side_by_side"]

Groups = dict[tuple[str, str], list[InformationPlane]]


def by_reading(planes: Sequence[InformationPlane]) -> Groups:
    """(sample, reading) -> the planes of all seeds, in the order in which they come."""
    groups: Groups = {}
    for plane in planes:
        groups.setdefault((plane.sample, plane.reading), []).append(plane)
    return groups


def picture(run: Run, planes: Sequence[InformationPlane]) -> Figure:
    """All samples and readings of one run."""
    return side_by_side([(run, planes)])


def side_by_side(
    runs: Sequence[tuple[Run, Sequence[InformationPlane]]],
    reading: str | None = None,
    layers: Sequence[str] = (),
    color: str = "layer",
) -> Figure:
    """A row for each sample, its panels the readings of one run after the other, all of them or one.

    Raises:
        ValueError: runs that were read on other samples, a reading or a layer that is not there.
    """
    rows = [_panels(run, planes, reading, layers, named=len(runs) > 1) for run, planes in runs]
    samples = [list(row) for row in rows]
    if len({len(own) for own in samples}) > 1:
        raise ValueError("the runs were read on different numbers of samples: draw them apart")
    grid = [[panel for row, own in zip(rows, samples, strict=True) for panel in row[own[i]]] for i in range(len(samples[0]))]
    names = [" / ".join(dict.fromkeys(own)) for own in zip(*samples, strict=True)]
    return figures.information_plane(grid, rows=names, color=color, title=_title(runs[0][0]) if len(runs) == 1 else "")


def overlaid(
    runs: Sequence[tuple[Run, Sequence[InformationPlane]]],
    reading: str | None = None,
    layers: Sequence[str] = (),
    color: str = "layer",
) -> Figure:
    """The runs in the same panels, one for each sample and reading; a colour for each run's layer.

    Raises:
        ValueError: as `side_by_side`; runs with other samples or readings, or recorded at other epochs.
    """
    rows = [_panels(run, planes, reading, layers, named=False) for run, planes in runs]
    titles = [{sample: [panel.title for panel in panels] for sample, panels in row.items()} for row in rows]
    if any(own != titles[0] for own in titles):
        raise ValueError("the runs have not the same samples and readings, so they cannot be overlaid: draw them side by side")
    ids = [run.name for run, _ in runs] if len({run.name for run, _ in runs}) == len(runs) else [run.id for run, _ in runs]
    grid = [[_laid_over(ids, panels) for panels in zip(*(row[sample] for row in rows), strict=True)] for sample in rows[0]]
    return figures.information_plane(grid, rows=list(rows[0]), color=color)


def _panels(
    run: Run, planes: Sequence[InformationPlane], reading: str | None, layers: Sequence[str], named: bool
) -> dict[str, list[Panel]]:
    """sample -> panels; "each" only where it stands alone, for "mean" is its mean."""
    groups = by_reading(planes)
    found = list(dict.fromkeys(name for _, name in groups))
    if reading is not None and reading not in found:
        raise ValueError(f"{run.id} has no reading {reading!r}: it has {', '.join(found)}")
    chosen = [reading] if reading else [name for name in found if name != "each" or len(found) == 1]
    out: dict[str, list[Panel]] = {}
    for (sample, name), seeds in groups.items():
        if name in chosen:
            panel = _only(layers, tables.panel(seeds))
            out.setdefault(sample, []).append(replace(panel, title=f"{run.name}: {panel.title}") if named else panel)
    return out


def _only(layers: Sequence[str], panel: Panel) -> Panel:
    if not layers:
        return panel
    unknown = [layer for layer in layers if layer not in panel.layers]
    if unknown:
        raise ValueError(f"layers names {unknown[0]!r}: the layers are {', '.join(panel.layers)}")
    at = [list(panel.layers).index(layer) for layer in layers]
    return replace(panel, layers=tuple(layers), **{name: _at(getattr(panel, name), at) for name in _COLUMNS})


_COLUMNS = ("i_xt", "i_ty", "spread_xt", "spread_ty")


def _at(column: Any, layers: list[int]) -> Any:
    return None if column is None else column[:, layers]


def _laid_over(ids: Sequence[str], panels: Sequence[Panel]) -> Panel:
    first = panels[0]
    if any(not np.array_equal(panel.epochs, first.epochs) for panel in panels):
        raise ValueError("the runs were recorded at different epochs, so they cannot be overlaid: draw them side by side")
    if len({panel.spread_xt is None for panel in panels}) > 1:
        raise ValueError("some of the runs have several seeds and some have one: draw them side by side")
    columns = {name: [getattr(panel, name) for panel in panels] for name in _COLUMNS}
    return replace(
        first,
        layers=[f"{name}: {layer}" for name, panel in zip(ids, panels, strict=True) for layer in panel.layers],
        ceiling_x=max(panel.ceiling_x for panel in panels),
        ceiling_y=max(panel.ceiling_y for panel in panels),
        caption="; ".join(dict.fromkeys(panel.caption for panel in panels)),
        **{name: None if parts[0] is None else np.concatenate(parts, axis=1) for name, parts in columns.items()},
    )


def _title(run: Run) -> str:
    seeds = f", {run.seeds} seeds" if run.seeds > 1 else ""
    return f"{run.name}: {'-'.join(map(str, run.widths))} {run.network}, {run.epochs} epochs{seeds}"
