"""Holds a result's folder for one process at a time.

The system holds the lock; a file beside the folder says who has it.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

from fastmi import from_json

__all__ = ["LOCK", "Busy", "held"]

LOCK = ".lock"
PATIENCE = 5.0  # seconds in which whoever has just taken a lock has written its name

_log = logging.getLogger("fastmi.experiments")


class Busy(ValueError):
    """Somebody else is at work on a result, for certain."""


class Holder(TypedDict):
    """Who holds a lock, as its file says."""

    host: str
    pid: int
    since: str


@contextmanager
def held(folder: Path, lock: Path | None = None) -> Iterator[Path]:
    """Works alone on a result, as long as this lasts; a file beside it, or `lock`, says who does.

    The system holds the lock for the process, and drops it when that is gone, however it went: what
    a killed one left behind is taken over. A lock of another machine on a shared disk is never
    taken over: nothing here tells whether it still works.

    Raises:
        Busy: somebody else is at work on it. ValueError: somebody may be.
    """
    path = lock or folder.with_name(folder.name + LOCK)
    descriptor = _acquired(path, folder)
    try:
        holder: Holder = {
            "host": platform.node(),
            "pid": os.getpid(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, json.dumps(holder).encode())
        yield path
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
            if not os.path.lexists(path):  # it is the folder that is in the way
                raise ValueError(
                    f"'{path.parent}' cannot be written into ({error.strerror}): pass --out FOLDER,"
                    " another one"
                ) from None
            raise ValueError(
                f"'{path}' cannot be used as a lock ({error.strerror}): move it away"
            ) from None
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
    ours = _locked(descriptor)
    text, holder = _signed(descriptor) if ours is False else _read(descriptor)
    if not text and ours is not False:
        return
    worker = (
        f"process {holder['pid']} on {holder['host']!r}, since {holder['since']:.40}"
        if holder
        else "another process"
    )
    if ours is False:
        raise Busy(
            f"'{folder}' is being worked on by {worker}: wait until that is done, or stop it"
        )
    if holder is None or ours is None or holder["host"] != platform.node():
        raise ValueError(
            f"'{folder}' may be worked on by {worker}, which cannot be told from here: if it is "
            f"not, remove '{path}'"
        )
    _log.warning("%s was left by %s, which is gone: taken over", folder, worker)


def _read(descriptor: int) -> tuple[bytes, Holder | None]:
    """Reads a lock's file -> what it holds, and whom it names."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    text = os.read(descriptor, 1000)
    try:
        return text, from_json.typed("lock", from_json.parse(text.decode()), Holder)
    except ValueError:
        return text, None


def _signed(descriptor: int) -> tuple[bytes, Holder | None]:
    """Reads a lock that another process holds, which may be about to write over an earlier name."""
    last = time.monotonic() + PATIENCE
    while True:
        text, holder = _read(descriptor)
        if (holder and not _gone(holder)) or time.monotonic() > last:
            return text, holder if holder and not _gone(holder) else None
        time.sleep(0.01)


def _gone(holder: Holder) -> bool:
    """Tells whether no process has this number: of this machine, and where it can be asked."""
    if sys.platform == "win32" or holder["host"] != platform.node():
        return False
    try:
        os.kill(holder["pid"], 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass  # somebody else's
    return False


def _locked(descriptor: int) -> bool | None:
    """Asks the system for the lock -> whether it was given; None where the file system has none."""
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
