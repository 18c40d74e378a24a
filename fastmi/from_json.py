"""JSON from a file -> values of the types that a record states, or a sentence on what is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import (
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

__all__ = ["parse", "typed"]


def parse(text: str) -> Any:
    """Reads JSON as its standard has it.

    So without NaN, numbers beyond a float, and names that stand twice in one object.

    Raises:
        ValueError: it is none, or nests too deeply.
    """
    try:
        return json.loads(
            text, parse_constant=_finite, parse_float=_finite, object_pairs_hook=_once
        )
    except RecursionError:
        raise ValueError("it nests too deeply") from None


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"it holds the number {text:.60}")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return values


def typed(name: str, value: Any, hint: Any) -> Any:
    """Makes of a value what a type has: tuples of lists, floats of whole numbers, and dataclasses.

    Args:
        hint: Any, bool, int (of 64 bits), float, str, a Literal, one of these or None, tuple[...],
            list[...], dict[str, ...], a TypedDict (the object may have more names) or a dataclass.

    Raises:
        ValueError: it is of another type; the message gives its place. TypeError: a dataclass has
            other fields.
    """
    if hint is Any:
        return value
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):  # one type, or None
        return (
            None
            if value is None and NoneType in inner
            else typed(name, value, next(x for x in inner if x is not NoneType))
        )
    if origin in (list, tuple):
        return _sequence(name, value, hint)
    if origin is dict or is_typeddict(hint) or is_dataclass(hint):
        return _object(name, value, hint)
    if hint is float and type(value) is int and abs(value) < 2**63:
        return float(value)
    if not (value in inner if origin is Literal else type(value) is hint):
        raise _wrong(name, value, hint)
    if type(value) is int and abs(value) >= 2**63:
        raise ValueError(f"{name} is a number beyond 64 bits")
    return value


def _sequence(name: str, value: Any, hint: Any) -> Any:
    inner = get_args(hint)
    if not isinstance(value, list | tuple):
        raise _wrong(name, value, hint)
    hints = inner[:1] * len(value) if _any_length(hint) else inner
    if len(hints) != len(value):
        raise ValueError(f"{name} has {len(value)} values, where {len(hints)} should be")
    return get_origin(hint)(
        typed(f"{name}[{i}]", item, item_hint)
        for i, (item, item_hint) in enumerate(zip(value, hints, strict=True))
    )


def _object(name: str, value: Any, hint: Any) -> Any:
    if not isinstance(value, dict):
        raise _wrong(name, value, hint)
    if get_origin(hint) is dict:
        return {
            key: typed(f"{name}.{key:.60}", item, get_args(hint)[1]) for key, item in value.items()
        }
    fields = value | {
        key: typed(f"{name}.{key}", value[key], field_hint)
        for key, field_hint in _hints(hint).items()
        if key in value
    }
    if not is_typeddict(hint):
        return hint(**fields)
    for key, field_hint in _hints(hint, extras=True).items():
        if key not in fields and get_origin(field_hint) is not NotRequired:
            raise ValueError(f"{name} has no {key!r}")
    return fields


def _any_length(hint: Any) -> bool:
    return get_origin(hint) is list or get_args(hint)[-1] is ...


def _wrong(name: str, value: Any, hint: Any) -> ValueError:
    return ValueError(f"{name} is {_shown(value)}, where {_words(hint)} should be")


def _shown(value: Any) -> str:
    """Shows a value; of lists and objects, however deep, the kind alone."""
    return {list: "a list", tuple: "a list", dict: "an object"}.get(type(value)) or f"{value!r:.60}"


def _words(hint: Any) -> str:
    names = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "a text",
        NoneType: "null",
    }
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(map(repr, get_args(hint)))
    if get_origin(hint) in (list, tuple):
        return "a list" if _any_length(hint) else f"a list of {len(get_args(hint))}"
    return names.get(hint, "an object")


@cache  # a folder of results is read by the same few records
def _hints(record: Any, extras: bool = False) -> Mapping[str, Any]:
    return MappingProxyType(get_type_hints(record, include_extras=extras))
