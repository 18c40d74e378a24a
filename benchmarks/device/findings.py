"""cases -> their records, in the file as soon as they are there: what comes next may kill all."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.report import write_json
from benchmarks.timing import clock

__all__ = ["Case", "failures", "guarded", "keep", "read", "unequal", "write_all"]

ROOT = Path(__file__).resolve().parents[2]
MESSAGE_LETTERS, LINE_LETTERS = 300, 300  # of an error in the file, of a case on the terminal

Case = tuple[str, Callable[[], Mapping[str, Any]]]


def write_all(cases: Iterable[Case], path: Path, part: str) -> bool:
    """Runs a part's cases, whatever becomes of each; tells whether all went well.

    The part's record holds its cases, and by their names those that were WRONG and those that
    ended in an ERROR; both lists are there, and empty, from the beginning.
    """
    kept: dict[str, Any] = {"WRONG": [], "ERROR": [], "cases": {}}
    keep(path, part, kept)
    for name, run in cases:
        record = guarded(run)
        kept["cases"][name] = record
        kept["WRONG"] += [name] if unequal(record) else []
        kept["ERROR"] += [name] if "error" in record else []
        keep(path, part, kept)
        print(f"{part}: {name}: {json.dumps(record):.{LINE_LETTERS}}", flush=True)
    print(f"{part}: WRONG: {kept['WRONG'] or 'nothing'}", flush=True)
    return not kept["WRONG"] + kept["ERROR"]


def guarded(run: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """Runs a case -> its record and its seconds; an error is a record, with its place."""
    elapsed = clock()
    try:
        record = json.loads(json.dumps(run()))  # what a file cannot hold is an error of this case
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        record = {
            "error": f"{type(error).__name__}: {error!s:.{MESSAGE_LETTERS}}",
            "at": _place(error),
        }
    return record | {"seconds": round(elapsed(), 3)}


def _place(error: BaseException) -> str:
    """Finds the last line of the project's own that the error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        frame
        for frame in frames
        if ROOT in Path(frame.filename).parents and "site-packages" not in frame.filename
    ]
    frame = (ours or frames)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"


def unequal(record: Any) -> bool:
    """Tells whether an answer was not the same: a False anywhere below an "equal"."""
    if isinstance(record, Mapping):
        return any(
            any(leaf is False for leaf in _leaves(value)) if key == "equal" else unequal(value)
            for key, value in record.items()
        )
    return False


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    return [value]


def failures(record: Mapping[str, Any]) -> list[str]:
    """Says of each part of a whole record what was not as it must be."""
    said = []
    for part, kept in record["parts"].items():
        for fault in ("WRONG", "ERROR"):
            said += [f"{part}: {fault}: {name}" for name in kept.get(fault, ())]
        said += [f"{part}: {kept['stopped']}"] if "stopped" in kept else []
    return said


def read(path: Path) -> dict[str, Any]:
    """Reads a whole record."""
    return json.loads(path.read_text())


def keep(path: Path, part: str, fields: Mapping[str, Any]) -> None:
    """Writes fields of a part's record into the file, beside those that are there."""
    record = read(path)
    record["parts"][part] = record["parts"].get(part, {}) | fields
    write_json(path, record)
