"""files: written whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["is_stream", "replacing"]

UNTOUCHED = ", and what it held is untouched"


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """An empty file to be written, which takes the name `path` once it is complete; on any exception nothing has changed.

    A symbolic link stays, and what it points to is replaced. An existing file keeps its mode, a new one gets the umask's. What
    is no file (a pipe, a terminal, /dev/stdout) is not replaced: the complete content is written into it. The content reaches
    the disk before it takes the name.

    Raises:
        FileNotFoundError: there is no folder to write into.
        OSError: it cannot be written.
    """
    asked = Path(path)
    with _told(asked):
        mode, stream = _mode(asked), is_stream(asked)
        if mode is not None and stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    target = Path(os.path.realpath(asked))
    folder = Path(tempfile.gettempdir()) if stream else target.parent
    if not folder.is_dir():
        raise FileNotFoundError(f"{asked} cannot be written: there is no folder {folder}; make it first")
    part = folder / f".fastmi-{os.urandom(8).hex()}.part"  # short, whatever the name is, and nobody else's
    with _told(asked, "" if stream else UNTOUCHED):
        try:
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666 if mode is None else 0o600))
            yield part
            if stream:
                _pour(part, asked)
                return
            with part.open("rb+") as file:
                if mode is not None:
                    part.chmod(stat.S_IMODE(mode))
                os.fsync(file.fileno())
            part.replace(target)
            _settle(folder)
        finally:
            part.unlink(missing_ok=True)


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Whether the name, links followed, is of something that takes bytes and is no file: a pipe, a device, /dev/stdout."""
    mode = _mode(path)
    return _descriptor(Path(path)) is not None or not (mode is None or stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _mode(path: str | os.PathLike[str]) -> int | None:
    """None where nothing is."""
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _descriptor(path: Path) -> int | None:
    """N, where the name is that of the process's own open file N, whatever it is, as /dev/stdout and /dev/fd/63 are."""
    while True:
        if path.name.isdecimal() and os.path.realpath(path.parent) in ("/dev/fd", f"/proc/{os.getpid()}/fd"):
            return int(path.name)
        if not path.is_symlink():
            return None
        path = path.parent / os.readlink(path)


def _pour(part: Path, into: Path) -> None:
    """An open file is gone on with where it stands: opened anew it would begin again, over what was written before."""
    descriptor = _descriptor(into)
    with part.open("rb") as source, open(into if descriptor is None else os.dup(descriptor), "wb") as sink:
        shutil.copyfileobj(source, sink)


def _settle(folder: Path) -> None:
    """The new name reaches the disk as well, where the system can say that of a folder (Windows opens none)."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


@contextmanager
def _told(path: Path, state: str = UNTOUCHED) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, f"{path} cannot be written{state}: {error.strerror or error}") from error
