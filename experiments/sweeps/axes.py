"""What is written of axes -> the values that fields of the record take, of the fields' own types.

learning_rate=.05,.1,.2     numbers
seed=0..9                   whole numbers, both ends among them
widths=12-10-8-2            a tuple, joined by - or :
edges=-1:1:30,-1:1:50
n_recorded=none,40          none, where the field may lack a value
"""

from __future__ import annotations

import difflib
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from fastmi import from_json
from fastmi.inputs import shown

from ..measures import MEASURES
from ..records import Run, Training

__all__ = ["MEASURE", "MOST_POINTS", "TRAINED", "Axes", "read", "split", "written"]

Axes = dict[str, tuple[Any, ...]]

MEASURE = "measure"  # the axis whose values are names of measures
MOST_POINTS = 100_000  # of a grid
TRAINED = get_type_hints(Training)  # what is trained hangs on these, what is read on others
RANGE = re.compile(r"(-?\d{1,18})\.\.(-?\d{1,18})")
WHOLE = re.compile(r"-?\d{1,18}")
JOINT = re.compile(r":|(?<=[\d.])-")  # behind a digit a minus joins, elsewhere it is a sign


def split(texts: Sequence[str]) -> dict[str, str]:
    """Splits each NAME=VALUES at its first =, for `read`.

    Raises:
        ValueError: there is no =, or a name is given twice.
    """
    axes: dict[str, str] = {}
    for text in texts:
        name, sign, values = text.partition("=")
        if not sign or not name:
            raise ValueError(
                f"--axis is {shown(text)}: pass NAME=VALUE,VALUE, as learning_rate=.05,.1 or "
                "seed=0..9"
            )
        if name in axes:
            raise ValueError(f"axis {name} is given twice: pass all of its values at once")
        axes[name] = values
    return axes


def read(given: Mapping[str, str | Iterable[Any]], run: Run) -> Axes:
    """Reads the values of each axis, which are given as a text or as values.

    Raises:
        ValueError: the run has no such field, an axis has no value or one twice, a value is of
            another type, or the grid has more than `MOST_POINTS` points.
    """
    hint = Literal[tuple(MEASURES)]
    named = _values(MEASURE, given[MEASURE], hint) if MEASURE in given else ()
    kinds = [MEASURES[name] for name in named] or [type(measure) for measure in run.reads]
    hints = {
        field.name: get_type_hints(kind)[field.name] for kind in kinds for field in fields(kind)
    }
    hints |= TRAINED | {MEASURE: hint}
    axes: Axes = {}
    for name, values in given.items():
        if name not in hints:
            near = difflib.get_close_matches(name, hints, n=3)
            words = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(hints)}"
            by = f" read by {', '.join(named)}" if named else ""
            raise ValueError(f"axis {shown(name)} is no field of '{run.name}'{by}: {words}")
        axes[name] = _values(name, values, hints[name])
    n_points = math.prod(map(len, axes.values()))
    if n_points > MOST_POINTS:
        raise ValueError(
            f"the grid of {', '.join(axes)} has {n_points:,} points: it may have {MOST_POINTS:,}"
        )
    return axes


def written(value: Any) -> str:
    """Writes a value as it may be given."""
    if value is None:
        return "none"
    if isinstance(value, tuple | list):
        return (":" if min(value, default=0) < 0 else "-").join(map(written, value))
    short = f"{value:g}" if isinstance(value, float) else ""
    return short if short and float(short) == value else str(value)


def _values(name: str, given: str | Iterable[Any], hint: Any) -> tuple[Any, ...]:
    """Reads the values of one axis, each of the field's type and given once."""
    texts = given.split(",") if isinstance(given, str) else None
    values = list[Any]()
    for text in texts if texts is not None else given:
        if texts is None:
            values.append(from_json.typed(f"axis {name}", text, hint))
        elif (ends := RANGE.fullmatch(text.strip())) is not None:
            values += _range(name, ends, hint)
        else:
            values.append(_value(name, text.strip(), hint))
    if not values:
        raise ValueError(f"axis {name} has no values: pass at least one")
    twice = [value for value, n in Counter(values).items() if n > 1]
    if twice:
        raise ValueError(f"axis {name} has {written(twice[0])} twice: pass each value once")
    return tuple(values)


def _range(name: str, ends: re.Match[str], hint: Any) -> range:
    text, first, last = ends[0], int(ends[1]), int(ends[2])
    if int not in (hint, *get_args(hint)):
        raise ValueError(f"axis {name} has {text!r}: a range is of whole numbers, and {name} not")
    if not 0 <= last - first < MOST_POINTS:
        raise ValueError(
            f"axis {name} has {text!r}: a range goes up from its first number, through at most "
            f"{MOST_POINTS:,}"
        )
    return range(first, last + 1)


def _value(name: str, text: str, hint: Any) -> Any:
    """Reads one value of a type that a field of the records has."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):  # a type, or None
        return None if text == "none" else _value(name, text, _but_none(inner))
    if origin is tuple:
        items = JOINT.split(text)
        hints = inner[:1] * len(items) if inner[-1] is ... else inner
        if len(items) != len(hints):
            raise ValueError(
                f"axis {name} has {shown(text)}, {len(items)} numbers joined by - or :, where "
                f"{len(hints)} should be"
            )
        return tuple(_value(name, item, kind) for item, kind in zip(items, hints, strict=True))
    if origin is Literal:
        if text not in inner:
            near = difflib.get_close_matches(text, inner, n=1)
            raise ValueError(
                f"axis {name} has {shown(text)}: "
                + (f"did you mean {near[0]}? " if near else "")
                + f"it is one of {', '.join(inner)}"
            )
        return text
    try:
        if hint is int and not WHOLE.fullmatch(text):
            raise ValueError
        value = hint(text)
        if not text or (hint is float and not math.isfinite(value)):
            raise ValueError
    except ValueError:
        kind = {int: "whole number", float: "number"}.get(hint, "value")
        raise ValueError(f"axis {name} has {shown(text)}, which is no {kind}") from None
    return value


def _but_none(inner: tuple[Any, ...]) -> Any:
    return next(hint for hint in inner if hint is not NoneType)
