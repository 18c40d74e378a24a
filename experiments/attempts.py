"""What an attempt at a run needs: the right to work on it, the folder of what is unfinished, and a row in the ledger."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import platform
import re
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict

from experiments.checkpoints import Checkpoints
from fastmi import files, plain

__all__ = [
    "LEDGER",
    "MANIFEST",
    "SNAPSHOTS",
    "UNFINISHED",
    "begin",
    "discard",
    "finished",
    "held",
    "now",
    "read_ledger",
    "record",
]

LEDGER, MANIFEST, SNAPSHOTS, UNFINISHED, LOCK = "runs.csv", "manifest.json", "snapshots", ".part", ".lock"
LEAVES = {"plane.csv", "planes.npz", "scores.csv", "stopping.csv", "plane.png", "plane.svg", MANIFEST}
TEMPORARY = re.compile(r"\..*\.part(\..*)?")  # of a process that was killed while it wrote
COLUMNS = ("when", "run", "id", "data", "device", "status", "reason", "seconds", "folder")

_log = logging.getLogger("fastmi.experiments")


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


# --- who works on it ---------------------------------------------------------------------------------------------------


class Holder(TypedDict):
    """What a lock says."""

    host: str
    pid: int
    since: str


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Alone at work on a result, as long as this lasts; a file beside it says who is.

    The system holds the lock for the process, and drops it when that is gone, however it went: what a killed one left behind
    is taken over. A lock of another machine on a shared disk is never taken over: nothing here tells whether it still works.

    Raises:
        ValueError: somebody else is at work on it, or may be.
    """
    path = folder.with_name(folder.name + LOCK)
    descriptor = _acquired(path, folder)
    try:
        own: Holder = {"host": platform.node(), "pid": os.getpid(), "since": now()}
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, json.dumps(own).encode())
        yield
    finally:
        os.ftruncate(descriptor, 0)
        with suppress(OSError):  # Windows removes no open file; an empty one holds nobody off
            path.unlink()
        os.close(descriptor)


def _acquired(path: Path, folder: Path) -> int:
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        except OSError as error:
            raise ValueError(f"'{path}' cannot be used as a lock ({error.strerror}): move it away") from None
        try:
            _judge(descriptor, path, folder)
            if os.path.lexists(path) and os.path.samestat(os.stat(path), os.fstat(descriptor)):
                return descriptor  # and not one that its holder has removed since
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _judge(descriptor: int, path: Path, folder: Path) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise ValueError(f"'{path}' is no file, and cannot be used as a lock: move it away")
    ours, text = _locked(descriptor), os.read(descriptor, 1000)
    if not text and ours is not False:
        return
    try:
        holder: Holder | None = plain.typed("lock", plain.parse(text.decode()), Holder)
    except ValueError:
        holder = None
    who = f"process {holder['pid']} on {holder['host']!r}, since {holder['since']:.40}" if holder else "another process"
    if ours is False:
        raise ValueError(f"'{folder}' is being worked on by {who}: wait until that is done, or stop it")
    if holder is None or ours is None or holder["host"] != platform.node():
        raise ValueError(f"'{folder}' may be worked on by {who}, which cannot be told from here: if it is not, remove '{path}'")
    _log.warning("%s was left by %s, which is gone: taken over", folder, who)


def _locked(descriptor: int) -> bool | None:
    """Whether the system gave this process the lock; None where the file system has none."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, 2**30, os.SEEK_SET)  # far from what others read
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


# --- what is unfinished ------------------------------------------------------------------------------------------------


def finished(folder: Path) -> bool:
    """Whether a whole result is there."""
    return (folder / MANIFEST).exists()


def begin(folder: Path, *, resume: bool, force: bool) -> Path:
    """-> the folder in which the run is kept until it is finished, beside the one that it becomes.

    Raises:
        ValueError: an unfinished run lies there and is not to go on, a finished one and is not to be replaced, or what no run
            leaves, of which nothing is touched.
    """
    part = folder.with_name(folder.name + UNFINISHED)
    strange = _strange(part)
    if strange is not None:
        raise ValueError(f"'{strange}' is a link, or nothing that a run leaves, and nothing is touched: move it away")
    if _started(part) and not resume:
        raise ValueError(f"an unfinished run lies in '{part}': go on with it (--resume), or remove that folder to begin again")
    if os.path.lexists(folder) and not finished(folder):
        raise ValueError(f"'{folder}' is there, and is no result of a run: move it away")
    if finished(folder) and not (resume or force):
        written = datetime.fromtimestamp((folder / MANIFEST).stat().st_mtime).isoformat(" ", "minutes")
        raise ValueError(
            f"'{folder}' holds this run, written {written}: keep it (--resume passes over it), or replace it (--force)"
        )
    if _started(part):
        for path in part.iterdir():
            if path.name != SNAPSHOTS:
                path.unlink()  # killed while its files were written
    else:
        discard(part)  # it had not come to its first checkpoint
    return part


def discard(part: Path) -> None:
    """Remove what an attempt left that has nothing to go on from."""
    if part.exists() and not _started(part):
        shutil.rmtree(part)


def _started(part: Path) -> bool:
    return (part / SNAPSHOTS / Checkpoints.STATE).exists()


def _strange(part: Path) -> Path | None:
    """What is there and no run leaves: what is removed or gone on with must be our own."""
    if not os.path.lexists(part):
        return None
    if part.is_symlink() or not part.is_dir():
        return part
    for path in sorted(part.iterdir()):
        if path.name == SNAPSHOTS and path.is_dir() and not path.is_symlink():
            others = [own for own in path.iterdir() if not _ours(own, Checkpoints.names(own))]
            if others:
                return min(others)
        elif not _ours(path, path.name in LEAVES):
            return path
    return None


def _ours(path: Path, named: bool) -> bool:
    return path.is_file() and not path.is_symlink() and (named or TEMPORARY.fullmatch(path.name) is not None)


# --- the ledger --------------------------------------------------------------------------------------------------------


def read_ledger(out: Path) -> list[dict[Any, Any]]:
    """The rows of all attempts so far.

    Raises:
        ValueError: there is something else under the ledger's name, or a crash has torn it.
    """
    path = out / LEDGER
    if not os.path.lexists(path):
        return []
    try:
        text = files.read_text(path, 2**26)
        reader = csv.DictReader(io.StringIO(text, newline=""))
        rows = list(reader)
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(f"'{path}' cannot be read as the ledger of runs ({files.reason(error)}): move it away") from None
    if text and tuple(reader.fieldnames or ()) != COLUMNS:
        raise ValueError(f"'{path}' is not the ledger of runs, its columns are others: move it away")
    torn = [row for row in rows if None in row or None in row.values()] or ([] if text.endswith("\n") else rows[-1:])
    if torn:
        raise ValueError(f"'{path}' was torn by a crash in the row of {torn[0]['when']!r:.40}: mend or remove that row")
    return rows


def record(out: Path, **row: Any) -> None:
    """One more row in the ledger of all attempts, failed ones with their reason: added at its end, whoever else adds to it.

    What cannot be added is said, and keeps no run from its end.
    """
    path = out / LEDGER
    row = {key: " ".join(str(value).split()) for key, value in row.items()}
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
        try:
            _add(descriptor, {"when": now(), **row})
        finally:
            os.close(descriptor)
    except OSError as error:
        _log.warning("'%s' lacks the row %s (%s)", path, ", ".join(row.values()), error.strerror or error)


def _add(descriptor: int, row: dict[Any, str]) -> None:
    for _ in range(1000):  # others hold it for as long as a row takes; who is stopped amid one is not waited for
        if _locked(descriptor) is not False:
            break
        time.sleep(0.01)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", extrasaction="raise", lineterminator="\n")
    if not os.fstat(descriptor).st_size:
        writer.writeheader()
    else:
        os.lseek(descriptor, -1, os.SEEK_END)
        if os.read(descriptor, 1) != b"\n":
            text.write("\n")  # after a torn row
    writer.writerow(row)
    os.write(descriptor, text.getvalue().encode())
    os.fsync(descriptor)
