"""tables <-> files: one .npz or CSV, whole or not at all; what is read is not trusted.

Nothing is pickled.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from fastmi import files, from_json
from fastmi.inputs import shown
from fastmi.points import Points
from fastmi.tables import cells
from fastmi.tables.plane import COLUMNS, InformationPlane

__all__ = ["FORMAT", "listed", "load_plane", "load_planes", "save_planes", "write_csv"]

FORMAT = 2  # of the files that are written; those without a number have 0
NAMES = {column.name for column in Points.columns()}


def save_planes(path: str | os.PathLike[str], planes: Sequence[InformationPlane]) -> None:
    """Writes several tables in one .npz: their arrays, and the rest as JSON. Nothing is pickled.

    The arrays are "0/i_xt", "1/i_xt", ...

    What is beyond the bounds within which any file is read is not compressed: then it is no larger
    than its file.

    Raises:
        TypeError, ValueError: planes is no list of tables, or an empty one.
    """
    listed(planes)
    arrays: dict[str, Any] = {files.FORMAT: np.array(FORMAT)}
    rest: list[dict[str, Any]] = []
    for i, plane in enumerate(planes):
        values = {
            field.name: getattr(plane, field.name)
            for field in fields(plane)
            if field.name != "points"
        }
        columns = {"epochs": values.pop("epochs"), **plane.points.present}
        arrays |= {f"{i}/{name}": value for name, value in columns.items()}
        rest.append(values)
    text = json.dumps(rest)
    # headers have bytes too
    large = (
        len(text) > files.TEXT_BYTES
        or sum(array.nbytes for array in arrays.values()) > files.FREE_BYTES // 2
    )
    with files.replacing(path) as unfinished, unfinished.open("wb") as file:
        (np.savez if large else np.savez_compressed)(file, plain=np.array(text), **arrays)


def write_csv(path: str | os.PathLike[str], planes: Sequence[InformationPlane]) -> None:
    """Writes several tables below each other in one tidy CSV, whole or not at all.

    Raises:
        TypeError, ValueError: planes is no list of tables, or an empty one.
    """
    listed(planes)
    with (
        files.replacing(path) as unfinished,
        unfinished.open("w", newline="", encoding="utf-8") as file,
    ):
        file.write(",".join(COLUMNS) + "\n")
        for plane in planes:
            for columns in cells.blocks(plane):
                file.write(cells.lines(columns))


def load_planes(path: str | os.PathLike[str]) -> list[InformationPlane]:
    """Reads what `save_planes` wrote, from whomever the file comes.

    See `fastmi.files.Archive` for the bounds of what is read.

    Raises:
        TypeError: path is no name of a file. FileNotFoundError: no such file. OSError: it cannot be
            opened.
        ValueError: the file holds no such tables, is no file at all, or was written by a later
            version.
    """
    path = files.as_path("path", path)
    try:
        with files.opened(path) as file:
            return _tables(files.Archive(path, file))
    except (FileNotFoundError, PermissionError, files.NewerFormat, files.OtherKind):
        raise
    except Exception as error:
        raise _not_a_table(path, error) from error


def load_plane(path: str | os.PathLike[str]) -> InformationPlane:
    """Reads the one table of a file."""
    planes = load_planes(path)
    if len(planes) != 1:
        raise ValueError(
            f"{path} holds {len(planes)} tables: read them with fastmi.tables.load_planes"
        )
    return planes[0]


def listed(planes: Any, name: str = "planes") -> Sequence[InformationPlane]:
    """Checks a list of tables, which is not empty."""
    if isinstance(planes, InformationPlane):
        raise TypeError(f"{name} is one InformationPlane: pass a list of them ([{name}])")
    if not isinstance(planes, list | tuple):
        raise TypeError(f"{name} is {shown(planes)}: pass a list of InformationPlane")
    for i, plane in enumerate(planes):
        if not isinstance(plane, InformationPlane):
            raise TypeError(f"{name}[{i}] is {shown(plane)}: pass a list of InformationPlane")
    if not planes:
        raise ValueError(f"{name} is empty: pass one table at least")
    return planes


def _tables(archive: files.Archive) -> list[InformationPlane]:
    """Reads what has a place; nothing may be there that has none."""
    if "0/steps" in archive.names and "0/epochs" not in archive.names:
        raise files.OtherKind(
            f"'{archive.path}' is what Recorder.save wrote: read it with recorder.load, of a "
            "recorder that is made as that one was"
        )
    archive.check_format(FORMAT)
    rest = from_json.typed("plain", from_json.parse(archive.text("plain")), list[dict[str, Any]])
    hints = get_type_hints(InformationPlane)
    names = [name for name in archive.names if name not in ("plain", files.FORMAT)]
    known = NAMES | {"epochs"}
    if len(rest) > len(names):
        raise ValueError(f"it has {len(names)} arrays for {len(rest)} tables")
    columns: list[dict[str, Any]] = [{} for _ in rest]
    for name in names:
        i, _, column = name.partition("/")
        if (
            column not in known
            or not (i.isdecimal() and i == str(int(i)) and int(i) < len(rest))
            or column in rest[int(i)]
        ):
            raise ValueError(f"it has {name!r:.60}, which is no column of its tables")
    for name, array in archive.read(names).items():
        i, _, column = name.partition("/")
        columns[int(i)][column] = array
    return [
        _table(arrays, _typed(values, hints)) for arrays, values in zip(columns, rest, strict=True)
    ]


def _table(columns: dict[str, Any], values: dict[str, Any]) -> InformationPlane:
    """Makes a table of its arrays and the rest, which it checks."""
    epochs = columns.pop("epochs")
    return InformationPlane(epochs=epochs, points=Points(**columns), **values)


def _typed(values: dict[str, Any], hints: dict[str, Any]) -> dict[str, Any]:
    """Makes JSON the types that the fields of a table state."""
    return {
        name: from_json.typed(name, value, hints[name]) if name in hints else value
        for name, value in values.items()
    }


def _not_a_table(path: Path, error: Exception) -> ValueError:
    """Words why a file holds no table."""
    kind = files.NotAFile if isinstance(error, files.NotAFile) else ValueError
    return kind(f"{path} is not a table that InformationPlane.save wrote ({files.reason(error)})")
