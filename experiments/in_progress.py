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

from experiments.checkpoints import Checkpoints
from experiments.layout import LEAVES, MANIFEST, READING, SNAPSHOTS, UNFINISHED, part_of

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
    part = part_of(folder)
    strange = _strange(part)
    if strange is not None:
        raise ValueError(
            f"'{strange}' is a link, or nothing that a run leaves, and nothing is touched: move it "
            "away"
        )
    if _started(part) and not resume:
        raise ValueError(
            f"an unfinished run lies in '{part}': go on with it (--resume), or remove that folder "
            "to begin again"
        )
    if os.path.lexists(folder) and not finished(folder):
        raise ValueError(f"'{folder}' is there, and is no result of a run: move it away")
    if finished(folder) and not (resume or force):
        raise ValueError(f"'{folder}' holds this {_held(folder)}, or replace it (--force)")
    if _started(part):
        for path in part.iterdir():
            if path.is_dir() and path.name != SNAPSHOTS:
                shutil.rmtree(path)
            elif path.name != SNAPSHOTS:
                path.unlink()  # killed while its files were written
    else:
        discard(part)  # it had not come to its first checkpoint
    return part


def _held(folder: Path) -> str:
    """Says what would be replaced, and how it is kept."""
    written = datetime.fromtimestamp((folder / MANIFEST).stat().st_mtime).isoformat(" ", "minutes")
    if READING.fullmatch(folder.name):
        return f"reading, written {written}: pass other --edges"
    n = sum(finished(path) for path in folder.iterdir() if READING.fullmatch(path.name))
    readings = f", with {n} readings" if n > 1 else ""
    return f"run, written {written}{readings}: keep it (--resume passes over it)"


def adopt(earlier: Path, folder: Path, *, resume: bool) -> None:
    """Moves an unfinished run from the name that it had in format 1 to today's.

    Raises:
        ValueError: it is not to go on, or no run leaves what lies there.
    """
    part = part_of(earlier)
    if not _started(part) or os.path.lexists(part_of(folder)):
        return
    begin(earlier, resume=resume, force=True)
    os.replace(part, part_of(folder))


def discard(part: Path) -> None:
    """Removes what an attempt left that has nothing to go on from."""
    if part.exists() and not _started(part):
        shutil.rmtree(part)


def take_name(part: Path, folder: Path) -> None:
    """Gives the unfinished folder its name; what was there before goes only once it is in place."""
    if not folder.exists():
        os.replace(part, folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".old", dir=folder.parent))
    os.replace(folder, old / folder.name)
    os.replace(part, folder)
    shutil.rmtree(old)


def _started(part: Path) -> bool:
    return (part / SNAPSHOTS / Checkpoints.STATE).exists()


def _strange(part: Path) -> Path | None:
    """Finds the first thing that no run leaves.

    What is removed or gone on with must be our own.
    """
    if not os.path.lexists(part):
        return None
    if part.is_symlink() or not part.is_dir():
        return part
    for path in sorted(part.iterdir()):
        inside = path.is_dir() and not path.is_symlink()
        if inside and path.name == SNAPSHOTS:
            others = [one for one in path.iterdir() if not _ours(one, Checkpoints.names(one))]
        elif inside and READING.fullmatch(path.name.removesuffix(UNFINISHED)):
            others = [one for one in path.iterdir() if not _ours(one, one.name in LEAVES)]
        else:
            others = [] if _ours(path, path.name in LEAVES) else [path]
        if others:
            return min(others)
    return None


def _ours(path: Path, named: bool) -> bool:
    return (
        path.is_file()
        and not path.is_symlink()
        and (named or TEMPORARY.fullmatch(path.name) is not None)
    )
