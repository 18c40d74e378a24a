"""What a page is made of: plain arrays, names and words, which know no table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fastmi import checks
from fastmi.arrays import FloatArray, IntArray
from fastmi.inputs import shown

if TYPE_CHECKING:
    from fastmi.figures import UnitMap

__all__ = ["Column", "Curve", "Page", "Renewal", "View"]


class Column(NamedTuple):
    """What a column of a view says of itself: its name, its heading, and the words of 0, 1, ..."""

    name: str
    heading: str
    names: tuple[str, ...] = ()


class Renewal(NamedTuple):
    """How a page renews itself that goes on being written, and when it gives up.

    Attributes:
        every: seconds after which a browser reads it again. written: when it was, in seconds since
            1970. patience: seconds after that in which there has to be news; then it stops, and
            says so, for whoever wrote it may have been killed.
    """

    every: int
    written: int
    patience: int


@dataclass(frozen=True, eq=False)
class Curve:
    """What is drawn over the steps beside the plane: a loss, an accuracy.

    Attributes:
        name: of what it is; curves of one name share their axis. steps: (k,) whole numbers that
            increase. values: (k,), NaN where there is none. sample: on which, as "training". seed:
            of the run, where there are several; None is drawn beside all of them.

    Raises:
        TypeError: names that are no strings, a seed that is no integer. ValueError: steps or values
            that are not such numbers.
    """

    name: str
    steps: IntArray
    values: FloatArray
    sample: str = ""
    seed: int | None = None

    def __post_init__(self) -> None:
        for name in ("name", "sample"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name} is {shown(getattr(self, name))}: pass a string")
        if self.seed is not None:
            checks.seed(self.seed)
        steps, values = np.asarray(self.steps), np.asarray(self.values)
        increase = steps.ndim == 1 and steps.dtype.kind in "iu" and (np.diff(steps) > 0).all()
        if not increase or not steps.size or steps[0] < 0:
            raise ValueError(
                f"steps is {shown(self.steps)}: pass whole numbers from 0 on that increase"
            )
        if values.shape != steps.shape or values.dtype.kind not in "iuf" or np.isinf(values).any():
            raise ValueError(
                f"values is {shown(self.values)}: pass a number for each of {steps.size} steps, "
                "NaN where there is none"
            )
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "values", values.astype(np.float64))


@dataclass(frozen=True, eq=False)
class View:
    """One plane to look at, and what is said beside it.

    Attributes:
        choice: switch -> value, by which it is chosen. steps: (k,). layers: their names.
        columns: name -> (k, n_layers), NaN where there is none. spread: of i_xt and i_ty, standard
            deviations over seeds. reasons: of each step and layer, or none.
        ceilings: log2 n and H(Y) in bits. caption: what the points rest on. absent: why what is
            usual is not stated, or "".
    """

    choice: Mapping[str, str]
    steps: IntArray
    layers: Sequence[str]
    columns: Mapping[str, FloatArray]
    ceilings: tuple[float, float]
    caption: str
    spread: Mapping[str, FloatArray] = field(default_factory=dict)
    reasons: Sequence[Sequence[str]] = ()
    absent: str = ""


@dataclass(frozen=True, eq=False)
class Page:
    """All that a page shows, in the order in which it is read.

    Attributes:
        title: above all. warnings: what to know first. card: name -> words, and notes, at the end.
            views: the first one is shown first. columns: what the views may have, in the order of
            the table. curves: (seed, curve), the value of the switch at which it is shown, or None.
            units: layer -> its map.
    """

    title: str
    views: Sequence[View]
    columns: Sequence[Column]
    warnings: Sequence[str] = ()
    card: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    curves: Sequence[tuple[str | None, Curve]] = ()
    units: Mapping[str, UnitMap] = field(default_factory=dict)

    @property
    def switches(self) -> dict[str, list[str]]:
        """Lists the values of each switch, of those that have several."""
        values: dict[str, dict[str, None]] = {}
        for view in self.views:
            for name, value in view.choice.items():
                values.setdefault(name, {})[value] = None
        return {name: list(given) for name, given in values.items() if len(given) > 1}

    @property
    def layers(self) -> list[str]:
        """Lists the layers of all views, once."""
        return list(dict.fromkeys(layer for view in self.views for layer in view.layers))


def numbers(values: Any) -> list[Any]:
    """Rounds to six digits, for JSON; what is missing is None, and never 0."""
    array = np.asarray(values)
    if array.ndim > 1:
        return [numbers(row) for row in array]
    return [
        None if x != x else int(x) if x == int(x) else float(f"{x:.6g}") for x in array.tolist()
    ]
