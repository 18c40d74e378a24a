"""tables -> the views of a page: a plane at each step, and what is to be known of it first."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastmi import checks, pages
from fastmi.arrays import FloatArray
from fastmi.belief import VERDICTS
from fastmi.coding import MOST_COLLISIONS
from fastmi.files import as_path
from fastmi.inputs import shortened, shown
from fastmi.pages import Column, Curve, Page, Renewal, View
from fastmi.points import Points
from fastmi.tables.beliefs import reasons_at
from fastmi.tables.drawing import (
    TITLES,
    Alike,
    alike,
    caption,
    same_tables,
    singles_of,
    without_singles,
)
from fastmi.tables.plane import InformationPlane
from fastmi.tables.storage import listed
from fastmi.units import UnitInformation

if TYPE_CHECKING:
    from fastmi.figures import UnitMap

__all__ = ["page", "write_html"]

MOST_STEPS = 250  # of a view; a slider has no more places
ENOUGH_STEPS = 100  # of a view: for more of them single copies are left out
MOST_COPIES = 200  # views of single copies
FEWEST_STEPS = 20  # of a view, however many views there are
MOST_BYTES = 5_800_000  # of a page, Plotly included; with fewer steps it is smaller
MAP_NUMBERS = 200_000  # of all maps of units together, about a megabyte
FIRST_PATIENCE, LEAST_PATIENCE = 900, 60  # seconds, in which a page waits for news
LONGEST_APART = 3600  # seconds between two pages; an older file was written by another
LONGEST_VALUE = 60  # letters, of what a switch offers
UNRESOLVED = VERDICTS.index("unresolved")
HEADINGS = {  # in the order of the table
    "i_xt": "I(X;T)",
    "i_ty": "I(T;Y)",
    "chance": "chance",
    "verdict": "verdict",
    "mean_lower": "at least",
    "mean_upper": "at most",
}


def write_html(
    path: str | os.PathLike[str],
    tables: InformationPlane | Sequence[InformationPlane],
    *,
    title: str = "",
    curves: Sequence[Curve] = (),
    units: Mapping[str, UnitInformation] | None = None,
    card: Mapping[str, str] | None = None,
    notes: Mapping[str, str] | None = None,
    warnings: Sequence[str] = (),
    refresh: int | None = None,
) -> None:
    """Writes one HTML file to look around in: it needs a browser and no network.

    It shows the plane at each step, by a slider or as it plays, with chance, brackets and verdicts;
    the curves over the steps; the numbers of each layer. Tables that differ in data, sample,
    reading, measure or seed are chosen by switches; of several seeds their mean is shown first.
    Tables of single networks ("each") are chosen copy by copy beside their mean. Where there are
    more than 250 steps, so many are shown, close together where they begin. A page has at most 6
    MB: of a larger one fewer steps are shown, and single copies are left out, which is said, where
    they would leave fewer than 100.
    Maps have room for 200,000 numbers together: of a wider layer the best units are shown.

    Args:
        path: of the file. tables: one or more. title: above the page.
        curves: what else there is over the steps: `fastmi.pages.Curve("accuracy", steps, values)`.
        units: layer -> what `unit_information` found, which is drawn as a map.
        card, notes: name -> words, to stand among what the numbers rest on, and at the end.
            warnings: to stand first.
        refresh: seconds after which a browser reads the file again, which goes on being written.
            Where that has not been for five times as long as the last time, it stops and says so.

    Raises:
        TypeError, ValueError: no tables, two of the same name in everything, tables of one name but
            of other layers, steps or seeds' samples; what is no curve, no units, no words.
        ImportError: Plotly is not installed (the extra `report`).
        FileNotFoundError, OSError: it cannot be written; then nothing has changed.
    """
    if refresh is not None:
        refresh = checks.positive_integer("refresh", refresh)
    place = as_path("path", path)
    renewal = None if refresh is None else _renewal(place, refresh)
    given: dict[str, Any] = {"title": title, "curves": curves, "units": units}
    given |= {"card": card, "notes": notes, "warnings": warnings}
    n_steps, copies = MOST_STEPS, True
    while True:
        drawn = page(tables, n_steps=n_steps, copies=copies, **given)
        text = pages.html(drawn, renewal)
        copies = "copy" in drawn.switches
        fewest = ENOUGH_STEPS if copies else FEWEST_STEPS
        if len(text) <= MOST_BYTES or (n_steps <= fewest and not copies):
            break
        if n_steps > fewest:
            n_steps = max(fewest, n_steps // 2)
        else:
            n_steps, copies = MOST_STEPS, False
    pages.write(path, text)


def page(
    tables: InformationPlane | Sequence[InformationPlane],
    *,
    title: str = "",
    curves: Sequence[Curve] = (),
    units: Mapping[str, UnitInformation] | None = None,
    card: Mapping[str, str] | None = None,
    notes: Mapping[str, str] | None = None,
    warnings: Sequence[str] = (),
    n_steps: int = MOST_STEPS,
    copies: bool = True,
) -> Page:
    """Makes what `write_html` writes, of so many steps at most; else with its arguments.

    `copies`: whether single ones are shown; of more than 200 none is.
    """
    given = listed([tables] if isinstance(tables, InformationPlane) else tables, "tables")
    planes, singles = without_singles(given), singles_of(given)
    n_copies = sum(plane.i_xt.shape[1] for plane in singles.values())
    copies = copies and n_copies <= MOST_COPIES
    _check(title, curves, units or {}, warnings, card=card or {}, notes=notes or {})
    groups = _groups(planes)
    for of_group in groups.values():
        same_tables(of_group)
    views = [
        view
        for choice, of_group in zip(_choices(list(groups)), groups.values(), strict=True)
        for view in _views(choice, of_group, n_steps, singles if copies else {})
    ]
    return Page(
        title=title or f"Information plane: {shortened(planes[0].data or 'unnamed', 60)}",
        views=views,
        columns=_columns(views),
        warnings=[*warnings, *_warnings(groups)],
        card={**(card or {}), **_card(planes, views[0])},
        notes={**(notes or {}), **({} if copies or not singles else {"single copies": NO_ROOM})},
        curves=_curves(curves, groups, n_steps),
        units={layer: _map(found, len(units or {})) for layer, found in (units or {}).items()},
    )


def _map(found: UnitInformation, n_maps: int) -> UnitMap:
    """Maps as many units as have room beside the other maps."""
    numbers_of_unit = 4 + len(found.classes)
    return found.map(max(1, MAP_NUMBERS // (n_maps * numbers_of_unit)))


def _renewal(path: Path, every: int) -> Renewal:
    """Says when the page is written, and for how long to wait for the next one.

    How long ago a file of that name was written tells how often it is.
    """
    now = time.time()
    try:
        apart = now - path.stat().st_mtime
    except OSError:
        apart = math.inf
    if apart > LONGEST_APART:  # the first page, or the first again
        return Renewal(every, int(now), FIRST_PATIENCE)
    return Renewal(every, int(now), max(LEAST_PATIENCE, math.ceil(5 * max(apart, every))))


# --- views ----------------------------------------------------------------------------------------

NO_ROOM = (
    "left out, for the page would be too large with them: write one of fewer results, or draw them "
    'from the tables ("each")'
)
Key = tuple[str, str, str, str]
NAMES = ("data", "sample", "reading", "measure")
ALL = "all"  # copies


def _groups(planes: Sequence[InformationPlane]) -> dict[Key, list[InformationPlane]]:
    """Groups tables that differ in their seed alone, in the order in which they come."""
    groups: dict[Key, list[InformationPlane]] = {}
    for plane in planes:
        single = plane.n_copies == 1 and plane.reading in SINGLE
        reading = "a single network" if single else TITLES[plane.reading]
        method = "" if plane.method == "plugin" else f", {plane.method}"
        key = plane.data or "unnamed", plane.sample, reading, plane.binning + method
        groups.setdefault(key, []).append(plane)
    return groups


def _choices(keys: Sequence[Key]) -> list[dict[str, str]]:
    """Says in few letters what each view is chosen by; where these are alike, in all."""
    columns = []
    for values in zip(*keys, strict=True):
        short = {value: shortened(value, LONGEST_VALUE) for value in values}
        apart = len(set(short.values())) == len(short)
        columns.append([short[value] if apart else value for value in values])
    return [dict(zip(NAMES, choice, strict=True)) for choice in zip(*columns, strict=True)]


def _views(
    choice: Mapping[str, str],
    planes: Sequence[InformationPlane],
    n_steps: int,
    singles: Mapping[Alike, InformationPlane],
) -> list[View]:
    """Makes the view of the mean over several seeds, that of each seed, and its single copies."""
    several = [(_of_all(planes), planes)] if len(planes) > 1 else []
    views = []
    for seed, of_seed in [*several, *((str(plane.seed), [plane]) for plane in planes)]:
        chosen = {**choice, "seed": seed}
        views.append(_view({**chosen, "copy": ALL}, of_seed, n_steps))
        single = singles.get(alike(of_seed[0])) if len(of_seed) == 1 else None
        if single is not None and of_seed[0].reading in SINGLE:
            views += [
                _view({**chosen, "copy": str(copy)}, [one], n_steps)
                for copy, one in enumerate(_copies(single))
            ]
    return views


def _copies(plane: InformationPlane) -> Iterator[InformationPlane]:
    for copy in range(plane.i_xt.shape[1]):
        points = plane.points.map(lambda column, at=copy: column[:, at : at + 1])
        yield replace(plane, points=points)


def _of_all(planes: Sequence[InformationPlane]) -> str:
    return f"mean of {len(planes)}"


def _view(choice: Mapping[str, str], planes: Sequence[InformationPlane], n_steps: int) -> View:
    first, at = planes[0], _shown(planes[0].epochs, n_steps)
    means = [plane.mean() for plane in planes]
    columns, spread = {}, {}
    for column in Points.columns():
        seeds = [getattr(mean, column.name) for mean in means]
        if any(values is None for values in seeds):
            continue
        values = np.array([of_seed[at, 0] for of_seed in seeds])
        columns[column.name] = values.min(axis=0) if column.names else values.mean(axis=0)
        if len(seeds) > 1 and column.name in ("i_xt", "i_ty"):
            spread[column.name] = values.std(axis=0, ddof=1)
    entropy_x, entropy_y = (
        float(np.mean([getattr(plane, name) for plane in planes]))
        for name in ("entropy_x", "entropy_y")
    )
    alone = "" if choice["copy"] == ALL else f"; copy {choice['copy']} alone"
    return View(
        choice=choice,
        steps=first.epochs[at],
        layers=first.layers,
        columns=columns,
        ceilings=(float(np.log2(first.n_samples)), max(0.0, entropy_y)),
        caption=f"{caption(planes)}{alone}; H(X) = {entropy_x:.3f}, H(Y) = {entropy_y:.3f} bits",
        spread=spread,
        reasons=_reasons(planes, at),
        absent=_absent(first),
    )


def _reasons(planes: Sequence[InformationPlane], at: npt.NDArray[np.intp]) -> list[list[str]]:
    """Says why each point has its verdict, of several seeds by the one with the weakest."""
    if any(plane.verdict is None for plane in planes):
        return []
    said = [reasons_at(plane, at.tolist()) for plane in planes]
    words = np.array([plane.verdict[at].min(axis=1) for plane in planes])
    weakest = np.where(np.isnan(words), -1, words).argmin(axis=0)
    return [
        [said[seed][step][layer] for layer, seed in enumerate(seeds)]
        for step, seeds in enumerate(weakest.tolist())
    ]


def _absent(plane: InformationPlane) -> str:
    """Says why chance, bracket and verdict are not stated, where they are not."""
    if plane.verdict is not None and plane.chance is not None:
        return ""
    if plane.reading == "mixture":
        return (
            "Chance, bracket and verdict are not stated: the rows of a mixture hang together, and "
            "what is said of them needs samples that do not."
        )
    if plane.sample_kind == "population":
        return "The whole population was counted: nothing is estimated, and there is no chance."
    return "Chance and bracket are not stated: this measure, or this table, has none."


# --- steps ----------------------------------------------------------------------------------------


def _shown(epochs: npt.NDArray[Any], most: int) -> npt.NDArray[np.intp]:
    """Chooses places of epochs, the first and the last among them.

    They are close together where the epochs begin; evenly spaced where these are so already.
    """
    n = len(epochs)
    if n <= most:
        return np.arange(n)
    if _widening(epochs):
        return np.round(np.linspace(0, n - 1, most)).astype(np.intp)
    places, n_spaced = np.arange(0), most
    while n_spaced < 64 * most:  # many that are near to the beginning fall together
        more = np.unique(np.append(0, np.geomspace(1, n - 1, n_spaced - 1).round()))
        if len(more) > most:
            break
        places, n_spaced = more, n_spaced + n_spaced // 8 + 1
    return places.astype(np.intp)


def _widening(epochs: npt.NDArray[Any]) -> bool:
    """Tells whether epochs are close together where they begin, as if by their logarithm."""
    return len(epochs) > 2 and float(np.median(epochs - epochs[0])) < (epochs[-1] - epochs[0]) / 4


# --- words ----------------------------------------------------------------------------------------


def _columns(views: Sequence[View]) -> list[Column]:
    """Lists what the views have, the columns of the table first."""
    there = {name for view in views for name in view.columns}
    columns = {column.name: column for column in Points.columns() if column.name in there}
    order = [*(name for name in HEADINGS if name in columns), *columns]
    return [
        Column(name, HEADINGS.get(name, columns[name].header), columns[name].names)
        for name in dict.fromkeys(order)
    ]


def _card(planes: Sequence[InformationPlane], view: View) -> dict[str, str]:
    """Says what all numbers rest on, but for what the caption of each view says."""
    n_read = len(planes[0].epochs)
    shown_of = f", {len(view.steps)} shown" if len(view.steps) < n_read else ""
    return {
        "layers": shortened(", ".join(planes[0].layers), 200),
        "steps": f"{n_read:,} read, {planes[0].epochs[0]:,} to {planes[0].epochs[-1]:,}{shown_of}",
    }


def _warnings(groups: Mapping[Key, Sequence[InformationPlane]]) -> list[str]:
    """Says of which layers nothing can be said after the last epoch, and what is missing.

    One line for each thing and measure; of several readings of one sample, that of single networks.
    """
    lines: dict[tuple[str, str], list[str]] = {}
    told_apart = [len(set(values)) > 1 for values in zip(*groups, strict=True)]
    for (data, sample, reading, measure), planes in groups.items():
        single = planes[0].reading in ("each", "mean")
        if not single and any(
            other[:2] == (data, sample) and other[3] == measure and of[0].reading in SINGLE
            for other, of in groups.items()
        ):
            continue
        names = zip((data, sample, reading if not single else ""), told_apart, strict=False)
        place = ", ".join(name for name, several in names if several and name)
        for said, layers in _of_layers(planes).items():
            where = f"{place}: {', '.join(layers)}" if place else ", ".join(layers)
            lines.setdefault((said, measure), []).append(where)
    warnings = [
        SAID[said].format(f" under {measure}" if told_apart[3] else "", "; ".join(places))
        for (said, measure), places in lines.items()
    ]
    worst = max((_collisions(plane) for planes in groups.values() for plane in planes), default=0)
    if worst > MOST_COLLISIONS:
        warnings.append(
            f"Rows of bins are hashed: {worst:.2g} pairs of different rows are expected to meet in "
            "one code."
        )
    return warnings


SINGLE = ("each", "mean")  # readings of single networks
SAID = {
    "unresolved": (
        "Unresolved after the last step{}: {}. These samples cannot size these layers under these "
        "bins; their I(T;Y) may be what chance gives, which stands beside it."
    ),
    "gaps": (
        "Without a point at some steps, as of a layer that held NaN{}: {}. They are gaps, not 0."
    ),
    "no place": (
        "Without I(X;T), of which their measure says nothing{}: {}. They have no place in the "
        "plane; the curves and the table show them."
    ),
}


def _of_layers(planes: Sequence[InformationPlane]) -> dict[str, list[str]]:
    """Sorts layers by what is to be said of them: a key of `SAID` -> their names."""
    without = np.all([np.isnan(plane.i_xt).all(axis=(0, 1)) for plane in planes], axis=0)
    gaps = np.any([np.isnan(plane.i_ty).any(axis=(0, 1)) for plane in planes], axis=0)
    lost = np.zeros(len(without), bool)
    for plane in planes:
        if plane.verdict is not None and plane.pair_coverage is not None:
            judged = ~np.isnan(plane.pair_coverage[-1])
            lost |= ((plane.verdict[-1] == UNRESOLVED) & judged).any(axis=0)
    found = {"unresolved": lost, "gaps": gaps, "no place": without & ~gaps}
    return {
        name: [layer for layer, here in zip(planes[0].layers, at, strict=True) if here]
        for name, at in found.items()
        if at.any()
    }


def _collisions(plane: InformationPlane) -> float:
    coding = plane.coding
    return 0.0 if coding is None or np.isnan(coding).all() else float(np.nanmax(coding))


# --- curves ---------------------------------------------------------------------------------------


def _curves(
    given: Sequence[Curve], groups: Mapping[Key, Sequence[InformationPlane]], n_steps: int
) -> list[tuple[str | None, Curve]]:
    """Gives each curve the seed at which it is shown, and adds the means over several seeds."""
    curves = [
        (None if curve.seed is None else str(curve.seed), _thinned(curve, n_steps))
        for curve in given
    ]
    planes = max(groups.values(), key=len)
    if len(planes) == 1:
        return curves
    seeds = {plane.seed for plane in planes}

    grouped: dict[tuple[str, str], list[Curve]] = {}
    for curve in given:
        grouped.setdefault((curve.name, curve.sample), []).append(curve)
    for (name, sample), group in grouped.items():
        of_seeds = [curve for curve in group if curve.seed in seeds]
        alike = {curve.steps.tobytes() for curve in of_seeds}
        if len(of_seeds) == len(seeds) and len(alike) == 1:
            mean: FloatArray = np.mean([curve.values for curve in of_seeds], axis=0)
            whole = Curve(name, of_seeds[0].steps, mean, sample)
            curves.append((_of_all(planes), _thinned(whole, n_steps)))
    return curves


def _thinned(curve: Curve, n_steps: int) -> Curve:
    at = _shown(curve.steps, n_steps)
    return Curve(curve.name, curve.steps[at], curve.values[at], curve.sample, curve.seed)


# --- what was given -------------------------------------------------------------------------------


def _check(title: Any, curves: Any, units: Any, warnings: Any, **words: Any) -> None:
    """Refuses what is no title, no curves, no units, no warnings, and what are no words."""
    if not isinstance(title, str):
        raise TypeError(f"title is {shown(title)}: pass a string")
    if not isinstance(curves, list | tuple) or not all(isinstance(one, Curve) for one in curves):
        raise TypeError(f"curves is {shown(curves)}: pass a list of fastmi.pages.Curve")
    if not isinstance(units, Mapping) or not all(
        isinstance(name, str) and isinstance(of, UnitInformation) for name, of in units.items()
    ):
        raise TypeError(f"units is {shown(units)}: pass layer -> what unit_information returned")
    if not isinstance(warnings, list | tuple) or not _are_strings(warnings):
        raise TypeError(f"warnings is {shown(warnings)}: pass a list of strings")
    for name, given in words.items():
        if not isinstance(given, Mapping) or not _are_strings([*given, *given.values()]):
            raise TypeError(f"{name} is {shown(given)}: pass name -> words, all of them strings")


def _are_strings(given: Any) -> bool:
    return all(isinstance(words, str) for words in given)
