"""Writes a result into its folders: what was trained, and what was read of it by each measure.

Each is written whole or not at all.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fastmi import figures
from fastmi.files import replacing
from fastmi.tables import save_planes, write_csv

from . import analyses, manifests, scores
from .checkpoints import Checkpoints
from .drawing import Mark, picture
from .execution import Result, device_named
from .in_progress import take_name
from .layout import FILE_NAMES, MANIFEST, PLANES, SCORES, SNAPSHOTS, named

__all__ = [
    "check_file",
    "copy_training",
    "prepare",
    "save",
    "save_readings",
    "write_rows",
    "write_text",
]


def prepare(out: Path) -> Path:
    """Makes the folder and tries it, before any work is done that could be lost.

    Raises:
        ValueError: it cannot be made or written to, with the system's reason.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise ValueError(
            f"out is '{out}', which cannot be written ({error.strerror or error}): pass --out "
            "FOLDER"
        ) from None
    return out


def check_file(name: str, path: Path) -> Path:
    """Tries the place of a file that is to be written, before any work is done.

    Raises:
        ValueError: it cannot be written, or a folder bears its name.
    """
    if path.is_dir():
        raise ValueError(f"{name} is '{path}', which is a folder: pass the name of a file")
    prepare(path.parent)
    return path


def save(
    result: Result, unfinished: Path, folder: Path, *, wall_seconds: float, resumed: bool
) -> None:
    """Writes what was trained and all that was read of it, and gives the folder its name.

    It is written beside its snapshots in `unfinished`, which becomes `folder`. scores.csv holds the
    losses and accuracies, manifest.json the record, its story, and how it went.
    """
    for by_measure in result.apart():
        _write_readings(
            by_measure,
            unfinished / named(by_measure.run.reads[0].id, device_named(result.device)),
        )
    write_rows(unfinished / SCORES, scores.COLUMNS, scores.rows(result.scores))
    _write_json(unfinished / MANIFEST, manifests.of_training(result, wall_seconds, resumed))
    take_name(unfinished, folder)


def save_readings(result: Result, unfinished: Path, folder: Path) -> None:
    """Writes what was read by one measure, and gives the folder its name.

    It is written into `unfinished`, which becomes `folder`, in that of what was trained. plane.csv
    and planes.npz hold every point, plane.png and plane.svg the figure, manifest.json all that a
    reader has to know; of each analysis of the run there is a CSV of its name.
    """
    _write_readings(result, unfinished)
    take_name(unfinished, folder)


def _write_readings(result: Result, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "plane.csv", result.planes)
    save_planes(folder / PLANES, result.planes)
    marks = list[Mark]()
    for name in result.run.analyses:
        analysis = analyses.load(name)
        rows = analysis.rows(result)
        write_rows(folder / f"{name}.csv", analysis.columns, rows)
        marks += analysis.marks(result.planes, rows)
    figure = picture(result.run, result.planes, marks)
    for ending in ("png", "svg"):
        figures.save(figure, folder / f"plane.{ending}")
    _write_json(folder / MANIFEST, manifests.of_readings(result))


def copy_training(source: Path, unfinished: Path) -> None:
    """Copies what was trained, for readings that are to lie elsewhere.

    Snapshots are linked where the file system can.

    Raises:
        ValueError: what is there under their names is no file, or a link.
    """
    (unfinished / SNAPSHOTS).mkdir(parents=True)
    snapshots = [path for path in (source / SNAPSHOTS).glob("*.npz") if Checkpoints.names(path)]
    for path in (*snapshots, *(path for path in source.iterdir() if path.name in FILE_NAMES)):
        if path.is_symlink() or not path.is_file():
            raise ValueError(f"'{path}' is no file, or a link to one")
        target = unfinished / path.relative_to(source)
        try:
            os.link(path, target)
        except OSError:
            shutil.copy2(path, target)


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[dict[Any, Any]]) -> None:
    """Writes a CSV of rows that have some of the columns, and no others."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(
            file, columns, restval="", extrasaction="raise", lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)


def write_text(path: Path, text: str) -> None:
    """Writes the whole text or, on failure, leaves what was there before."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _write_json(path: Path, content: dict[str, Any]) -> None:
    write_text(path, json.dumps(content, indent=2) + "\n")
