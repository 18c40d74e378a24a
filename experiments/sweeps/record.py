"""What a folder is the sweep of: sweep.json, written whole before the first run begins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from fastmi import files, from_json

from .. import saving
from ..records import Run
from .axes import written
from .plan import Plan

__all__ = ["NAME", "settle"]

NAME = "sweep.json"
FORMAT = 1


class Described(TypedDict):
    """What the file says that matters here: the base, and the values on each axis."""

    format: int
    run: dict[str, Any]
    axes: dict[str, list[Any]]


def settle(out: Path, plan: Plan, versions: Mapping[str, str]) -> None:
    """Makes the folder that of the plan; a sweep that lies there may have fewer values on its axes.

    Raises:
        ValueError: the folder holds another sweep, and what differs; or a file that is none.
    """
    path = out / NAME
    new = {"format": FORMAT, **plan.described(), "versions": dict(versions)}
    if path.exists():
        differing = _differing(_read(path), json.loads(json.dumps(new)))
        if differing:
            raise ValueError(
                f"'{out}' holds another sweep: {'; '.join(differing)}; pass another --out, or all "
                "values that it has and more"
            )
    saving.write_text(path, json.dumps(new, indent=2) + "\n")


def _read(path: Path) -> Described:
    try:
        content = from_json.parse(files.read_text(path))
        described: Described = from_json.typed("sweep", content, Described)
        files.check_format(path, described["format"], FORMAT)
        Run.from_fields(described["run"])
    except files.NewerFormat:
        raise
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(
            f"'{path}' is not what a sweep wrote ({files.reason(error)}): move it away"
        ) from None
    return described


def _differing(old: Described, new: Described) -> list[str]:
    """Says what is not the same; an axis may have grown."""
    words = [
        f"{name} is {_shown(new['axes'].get(name))}, and was {_shown(values)}"
        for name, values in old["axes"].items()
        if any(value not in new["axes"].get(name, ()) for value in values)
    ]
    words += [f"{name} was no axis" for name in new["axes"] if name not in old["axes"]]
    if words:
        return words
    before, after = (_flat(described["run"]) for described in (old, new))
    return [
        f"{name} is {_shown(after.get(name))}, and was {_shown(before.get(name))}"
        for name in before | after
        if before.get(name) != after.get(name)
    ]


def _flat(run: Mapping[str, Any]) -> dict[str, Any]:
    """Lays the fields of what is trained and read side by side; the story is no matter."""
    return {"run": run["name"]} | run["training"] | {"what it is read by": run["reads"]}


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return ",".join(map(written, value)) if isinstance(value, list) else str(value)
