"""A run and axes -> the points of their grid, and the runs that have to be made for them.

Points that differ in their reading alone belong to one run, which trains once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ..measures import MEASURES, Measure
from ..records import Run
from ..training import check_known
from . import axes
from .axes import MEASURE, TRAINED, Axes

__all__ = ["Plan", "Point", "make"]


@dataclass(frozen=True)
class Point:
    """One point of the grid: a value on each axis, the run of it, and what it is read by."""

    values: dict[str, Any]
    run: Run
    reads: tuple[Measure, ...]


@dataclass(frozen=True)
class Plan:
    """A grid over a run: the base, the values on each axis, all points in order, their runs."""

    base: Run
    axes: Axes
    points: tuple[Point, ...]

    @property
    def runs(self) -> list[Run]:
        """The runs to be made, each once, in the order of the grid."""
        return list({point.run.id: point.run for point in self.points}.values())

    def described(self) -> dict[str, Any]:
        """Gives the plan as plain data, for JSON."""
        ids: dict[str, dict[str, Any]] = {}
        for point in self.points:
            trained = {name: value for name, value in point.values.items() if name in TRAINED}
            ids.setdefault(point.run.id, trained)
        return {
            "run": self.base.fields(),
            "axes": self.axes,
            "runs": [{"id": name, "values": values} for name, values in ids.items()],
        }


def make(run: Run, given: Mapping[str, str | Iterable[Any]]) -> Plan:
    """Lays a grid over the run; each axis is a field of it, of training or of reading.

    Args:
        run: what all points have in common.
        given: the values on each axis, or the text that `axes` reads.

    Raises:
        ValueError: there is no such field or value, or no run can have it.
    """
    if not given:
        raise ValueError("a sweep has no axis: pass at least one")
    values = axes.read(given, run)
    of_training, of_reading = (
        [name for name in values if (name in TRAINED) is trained] for trained in (True, False)
    )
    by_reading = {
        point: _reads(run, dict(zip(of_reading, point, strict=True)))
        for point in itertools.product(*(values[name] for name in of_reading))
    }
    reads = tuple(dict.fromkeys(itertools.chain.from_iterable(by_reading.values())))
    by_training = {
        point: _run(run, dict(zip(of_training, point, strict=True)), reads)
        for point in itertools.product(*(values[name] for name in of_training))
    }
    points = list[Point]()
    for chosen in itertools.product(*values.values()):
        point = dict(zip(values, chosen, strict=True))
        trained = by_training[tuple(point[name] for name in of_training)]
        read_by = by_reading[tuple(point[name] for name in of_reading)]
        points.append(Point(point, trained, read_by))
    return Plan(run, values, tuple(points))


def _run(run: Run, values: Mapping[str, Any], reads: tuple[Measure, ...]) -> Run:
    made = replace(run, training=replace(run.training, **values), reads=reads)
    made.check()
    check_known(made.training)
    return made


def _reads(run: Run, values: dict[str, Any]) -> tuple[Measure, ...]:
    """Makes what one point is read by: the run's own measures with these values, or another one.

    Another takes over what it has in common with the run's first.
    """
    if MEASURE not in values:
        for measure in run.reads:
            _check_fields(measure.measure, values)
        return tuple(replace(measure, **values) for measure in run.reads)  # type: ignore[type-var]
    kind, before = MEASURES[values[MEASURE]], run.reads[0]
    same = next((measure for measure in run.reads if type(measure) is kind), before)
    shared = {
        field.name: getattr(same, field.name)
        for field in fields(kind)
        if field.name != MEASURE and hasattr(same, field.name)
    }
    _check_fields(values[MEASURE], values)
    return (kind(**shared | values),)


def _check_fields(measure: str, values: Mapping[str, Any]) -> None:
    known = {field.name for field in fields(MEASURES[measure])}
    for name in values:
        if name not in known:
            raise ValueError(
                f"axis {name} is no field of the measure {measure}, by which it would be read: "
                "leave one of both out"
            )
