"""Records attempts at runs, a JSON file for each, so that any number of writers may.

They are OUT/attempts/<when>-<run>-<random>.json.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from fastmi import files, from_json

__all__ = ["ATTEMPTS", "COLUMNS", "LEDGER", "read", "record"]

ATTEMPTS = "attempts"
LEDGER = "runs.csv"  # of formats 0 and 1: read, and never written again
MOST_LEDGER_BYTES = 2**26
COLUMNS: tuple[str, ...] = (
    "when",
    "run",
    "id",
    "data",
    "device",
    "status",
    "reason",
    "seconds",
    "folder",
)
FORMAT = 1

_log = logging.getLogger("fastmi.experiments")


class Attempt(TypedDict):
    """What a file says of an attempt.

    It ended as "done", "estimated", "failed" or "interrupted"; a failed one says its reason.
    """

    format: NotRequired[int]
    when: str
    run: NotRequired[str]
    id: NotRequired[str]
    data: NotRequired[str]
    device: NotRequired[str]
    status: NotRequired[str]
    reason: NotRequired[str]
    seconds: NotRequired[str]
    folder: NotRequired[str]


def record(out: Path, **row: Any) -> None:
    """Writes one more attempt under a name of its own: whole, whoever else writes theirs.

    A failed one comes with its reason. What cannot be written is said, and keeps no run from its
    end.
    """
    now = datetime.now(UTC)
    row = {key: " ".join(str(value).split()) for key, value in row.items()}
    training_id, _, _ = row.get("id", "run").partition("/")
    name = f"{now:%Y%m%dT%H%M%S.%fZ}-{training_id}-{os.urandom(4).hex()}.json"
    path = out / ATTEMPTS / name
    content = {"format": FORMAT, "when": now.isoformat(timespec="microseconds"), **row}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(path) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        _log.warning(
            "'%s' lacks the attempt %s (%s)",
            path.parent,
            ", ".join(row.values()),
            error.strerror or error,
        )


def read(out: Path) -> list[dict[str, str]]:
    """Reads the attempts so far in the order of time, each under the names of `COLUMNS`.

    The rows of an earlier ledger are among them. A file that is none, or a row that a crash has
    torn, is said and passed over.
    """
    rows = [*_ledger(out / LEDGER), *_files(out / ATTEMPTS)]
    return sorted(rows, key=lambda row: row["when"])


def _files(folder: Path) -> Iterator[dict[str, str]]:
    for path in sorted(folder.glob("*.json")):
        try:
            given = from_json.parse(files.read_text(path))
            if isinstance(given, dict):
                files.check_format(path, given.get("format", 0), FORMAT)
            attempt: dict[str, Any] = from_json.typed("attempt", given, Attempt)
        except (OSError, ValueError) as error:
            _log.warning("'%s' is passed over: it is no attempt (%s)", path, files.reason(error))
            continue
        yield {key: attempt.get(key, "") for key in COLUMNS}


def _ledger(path: Path) -> Iterator[dict[str, str]]:
    if not os.path.lexists(path):
        return
    try:
        reader = csv.reader(io.StringIO(files.read_text(path, MOST_LEDGER_BYTES), newline=""))
        head, *rows = list(reader) or [[*COLUMNS]]
        if tuple(head) != COLUMNS:
            raise ValueError("its columns are others")
    except (OSError, ValueError, csv.Error) as error:
        _log.warning("'%s' is passed over: it is no ledger of runs (%s)", path, files.reason(error))
        return
    for row in rows:
        if len(row) == len(COLUMNS):
            yield dict(zip(COLUMNS, row, strict=True))
        else:
            _log.warning(
                "'%s' was torn by a crash in the row of %.40r, which is passed over",
                path,
                "".join(row[:1]),
            )
