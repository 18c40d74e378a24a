"""Keeps a folder under another name, `<name>.part`, until it is finished.

What no run leaves is never touched.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from datetime import datetime
from pathlib import Path

from .checkpoints import Checkpoints
from .layout import (
    FILE_NAMES,
    MANIFEST,
    MEASURE_FOLDER,
    SNAPSHOTS,
    UNFINISHED,
    unfinished_of,
)

__all__ = ["adopt", "begin", "discard", "finished", "take_name"]

TEMPORARY = re.compile(r"\..*\.part(\..*)?")  # of a process that was killed while it wrote


def finished(folder: Path) -> bool:
    """Tells whether a whole result is there."""
    return (folder / MANIFEST).exists()


def begin(folder: Path, *, resume: bool, force: bool) -> Path:
    """Finds or clears the place in which what was trained, or read, is kept until it is finished.

    It lies beside the folder that it becomes.

    Raises:
        ValueError: an unfinished run lies there and is not to go on, a finished one and is not to
            be replaced, or what no run leaves, of which nothing is touched.
    """
    unfinished = unfinished_of(folder)
    strange = _strange(unfinished)
    if strange is not None:
        raise ValueError(
            f"'{strange}' is a link, or nothing that a run leaves, and nothing is touched: move it "
            "away"
        )
    if _started(unfinished) and not resume:
        raise ValueError(
            f"an unfinished run lies in '{unfinished}': go on with it (--resume), or remove that "
            "folder to begin again"
        )
    if os.path.lexists(folder) and not finished(folder):
        raise ValueError(f"'{folder}' is there, and is no result of a run: move it away")
    if finished(folder) and not (resume or force):
        raise ValueError(f"'{folder}' holds this {_held(folder)}, or replace it (--force)")
    if _started(unfinished):
        for path in unfinished.iterdir():
            if path.is_dir() and path.name != SNAPSHOTS:
                shutil.rmtree(path)
            elif path.name != SNAPSHOTS:
                path.unlink()  # killed while its files were written
    else:
        discard(unfinished)  # it had not come to its first checkpoint
    return unfinished


def _held(folder: Path) -> str:
    """Says what would be replaced, and how it is kept."""
    written = datetime.fromtimestamp((folder / MANIFEST).stat().st_mtime).isoformat(" ", "minutes")
    if MEASURE_FOLDER.fullmatch(folder.name):
        return f"reading, written {written}: pass other --edges"
    n_measures = sum(
        finished(path) for path in folder.iterdir() if MEASURE_FOLDER.fullmatch(path.name)
    )
    readings = f", with {n_measures} readings" if n_measures > 1 else ""
    return f"run, written {written}{readings}: keep it (--resume passes over it)"


def adopt(earlier: Path, folder: Path, *, resume: bool) -> None:
    """Moves an unfinished run from the name that it had in format 1 to today's.

    Raises:
        ValueError: it is not to go on, or no run leaves what lies there.
    """
    unfinished = unfinished_of(earlier)
    if not _started(unfinished) or os.path.lexists(unfinished_of(folder)):
        return
    begin(earlier, resume=resume, force=True)
    os.replace(unfinished, unfinished_of(folder))


def discard(unfinished: Path) -> None:
    """Removes what an attempt left that has nothing to go on from."""
    if unfinished.exists() and not _started(unfinished):
        shutil.rmtree(unfinished)


def take_name(unfinished: Path, folder: Path) -> None:
    """Gives the unfinished folder its name; what was there before goes only once it is in place."""
    if not folder.exists():
        os.replace(unfinished, folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".old", dir=folder.parent))
    os.replace(folder, old / folder.name)
    os.replace(unfinished, folder)
    shutil.rmtree(old)


def _started(unfinished: Path) -> bool:
    return (unfinished / SNAPSHOTS / Checkpoints.STATE).exists()


def _strange(unfinished: Path) -> Path | None:
    """Finds the first thing that no run leaves.

    What is removed or gone on with must be our own.
    """
    if not os.path.lexists(unfinished):
        return None
    if unfinished.is_symlink() or not unfinished.is_dir():
        return unfinished
    for path in sorted(unfinished.iterdir()):
        inside = path.is_dir() and not path.is_symlink()
        if inside and path.name == SNAPSHOTS:
            strangers = [
                file for file in path.iterdir() if not _ours(file, Checkpoints.names(file))
            ]
        elif inside and MEASURE_FOLDER.fullmatch(path.name.removesuffix(UNFINISHED)):
            strangers = [
                file for file in path.iterdir() if not _ours(file, file.name in FILE_NAMES)
            ]
        else:
            strangers = [] if _ours(path, path.name in FILE_NAMES) else [path]
        if strangers:
            return min(strangers)
    return None


def _ours(path: Path, named: bool) -> bool:
    return (
        path.is_file()
        and not path.is_symlink()
        and (named or TEMPORARY.fullmatch(path.name) is not None)
    )
