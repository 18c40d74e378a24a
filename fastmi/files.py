"""files: written whole or not at all; judged before they are read, as they come from anybody."""

from __future__ import annotations

import errno
import io
import math
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastmi.inputs import shown

__all__ = [
    "FORMAT",
    "FREE_BYTES",
    "TEXT_BYTES",
    "Archive",
    "Header",
    "NewerFormat",
    "NotAFile",
    "OtherKind",
    "as_path",
    "check_format",
    "is_stream",
    "opened",
    "read_text",
    "reason",
    "replacing",
]

FREE_BYTES = 2**26  # to which any archive may unpack
UNPACKING_RATIO = 16  # and beyond that so many times its own size
# of a text; in an archive so many letters, and beyond that as many as the file has bytes
TEXT_BYTES = 2**21
CHUNK_BYTES = 2**20  # read at a time
HEADER_BYTES = 1024  # of an .npy, at most
# the member of an archive that holds its number; no layer and no column has that name
FORMAT = ".format"
UNTOUCHED = ", and what it held is untouched"


def as_path(name: str, given: str | os.PathLike[str]) -> Path:
    """Reads what was given as the name of a file or a folder.

    Raises:
        TypeError: no string and no pathlib.Path. ValueError: an empty one, or one with a NUL.
    """
    if not isinstance(given, str | os.PathLike) or not isinstance(os.fspath(given), str):
        raise TypeError(
            f"{name} is {shown(given)}: pass the name of a file, as a string or a pathlib.Path"
        )
    if not os.fspath(given) or "\0" in os.fspath(given):
        raise ValueError(f"{name} is {shown(given)}, which names no file: pass the name of one")
    return Path(given)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Lends an empty file to be written, which takes the name `path` once it is complete.

    On any exception nothing has changed.

    A symbolic link stays, and what it points to is replaced. An existing file keeps its mode, a new
    one gets the umask's. What is no file (a pipe, a terminal, /dev/stdout) is not replaced: the
    complete content is written into it. The content reaches the disk before it takes the name.

    Raises:
        TypeError, ValueError: as `as_path`.
        FileNotFoundError: there is no folder to write into.
        OSError: it cannot be written.
    """
    asked = as_path("path", path)
    with _told(asked):
        mode, stream = _mode(asked), is_stream(asked)
        if mode is not None and stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    target = Path(os.path.realpath(asked))
    folder = _folder_for_streams() if stream else target.parent
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{asked} cannot be written: there is no folder {folder}; make it first"
        )
    # short, whatever the name is, and nobody else's
    temporary = folder / f".fastmi-{os.urandom(8).hex()}.part"
    with _told(asked, "" if stream else UNTOUCHED):
        try:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
            os.close(os.open(temporary, flags, 0o666 if mode is None else 0o600))
            yield temporary
            if stream:
                _pour(temporary, asked)
                return
            with temporary.open("rb+") as file:
                if mode is not None:
                    temporary.chmod(stat.S_IMODE(mode))
                os.fsync(file.fileno())
            temporary.replace(target)
            _settle(folder)
        finally:
            temporary.unlink(missing_ok=True)


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Tells whether the name is of what takes bytes and is no file: a pipe, a device, /dev/stdout.

    Links are followed.
    """
    mode = _mode(path)
    return _descriptor(Path(path)) is not None or not (
        mode is None or stat.S_ISREG(mode) or stat.S_ISDIR(mode)
    )


def _mode(path: str | os.PathLike[str]) -> int | None:
    """Asks the system for the mode of a file; None where nothing is."""
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _descriptor(path: Path) -> int | None:
    """Finds N where the name, as /dev/stdout or /dev/fd/63, is of the process's own open file N."""
    while True:
        if path.name.isdecimal() and os.path.realpath(path.parent) in (
            "/dev/fd",
            f"/proc/{os.getpid()}/fd",
        ):
            return int(path.name)
        if not path.is_symlink():
            return None
        path = path.parent / os.readlink(path)


def _folder_for_streams() -> Path:
    import tempfile  # here, as zipfile and shutil: `import fastmi` needs none of them

    return Path(tempfile.gettempdir())


def _pour(temporary: Path, into: Path) -> None:
    """Copies a complete file into a stream.

    An open file is gone on with where it stands: opened anew it would begin again, over what was
    written before.
    """
    import shutil

    descriptor = _descriptor(into)
    with (
        temporary.open("rb") as source,
        open(into if descriptor is None else os.dup(descriptor), "wb") as sink,
    ):
        shutil.copyfileobj(source, sink)


def _settle(folder: Path) -> None:
    """Brings the new name to the disk too, where the system opens folders (Windows does not)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _told(path: Path, state: str = UNTOUCHED) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OSError(
            error.errno, f"{path} cannot be written{state}: {error.strerror or error}"
        ) from error


# --- reading --------------------------------------------------------------------------------------


class NotAFile(io.UnsupportedOperation):
    """A folder, pipe, device or socket, of which nothing is read: an OSError and a ValueError."""


class NewerFormat(ValueError):
    """The file was written by a later version than this one."""


class OtherKind(ValueError):
    """The file was written by something else of this package, which reads it."""


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Opens a file to be read; a link's target is as good.

    Raises:
        TypeError, ValueError: as `as_path`.
        FileNotFoundError, OSError: it cannot be opened.
        NotAFile: it is none; one might never end, or never begin.
    """
    mode = os.stat(as_path("path", path)).st_mode
    if not stat.S_ISREG(mode):
        raise NotAFile(
            f"'{os.fspath(path)}' is {_KINDS.get(stat.S_IFMT(mode), 'a device')}, and only files "
            "are read"
        )
    with open(path, "rb") as file:
        yield file


_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


def read_text(path: str | os.PathLike[str], limit: int = TEXT_BYTES) -> str:
    """Reads a text in UTF-8 of at most `limit` bytes.

    Raises:
        FileNotFoundError, OSError: it cannot be opened. ValueError: it is no file, larger, or no
            UTF-8.
    """
    with opened(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"it has more than {limit:,} bytes")
    return content.decode("utf-8")


def reason(error: Exception) -> str:
    """Says what was wrong, in one line of bounded length, whatever the file held."""
    return f"{type(error).__name__}: {' '.join(str(error).split()):.300}"


def check_format(path: str | os.PathLike[str], number: Any, newest: int) -> None:
    """Refuses the number of a later format; files without a number have format 0.

    Raises:
        NewerFormat: of a later version. ValueError: no number of a format.
    """
    if type(number) is not int or number < 0:
        raise ValueError(f"its format is {number!r:.60}")
    if number > newest:
        raise NewerFormat(
            f"'{path}' has format {number}, and this version of fastmi reads up to {newest}: update"
            " fastmi"
        )


class Archive:
    """The arrays of an .npz that nobody vouches for: sizes are judged first, nothing is unpickled.

    What is read at a time unpacks to at most 64 MiB, or 16 times the file's own size; a member
    gives exactly the bytes that its header announces. Only stored and deflated members, and only
    numbers, bools and strings, are read.

    Args:
        path: for messages. file: open, to be read.

    Raises, as its methods:
        ValueError, and whatever else a damaged zip file raises.
    """

    def __init__(self, path: str | os.PathLike[str], file: IO[bytes]) -> None:
        import zipfile

        self.path, self.size = path, os.fstat(file.fileno()).st_size
        self._zip, self._members = zipfile.ZipFile(file), dict[str, zipfile.ZipInfo]()
        for member in self._zip.infolist():
            name = member.filename.removesuffix(".npy")
            if name == member.filename or name in self._members:
                raise ValueError(
                    f"its member {member.filename!r:.60} is no array, or is there twice"
                )
            self._members[name] = member

    @property
    def names(self) -> list[str]:
        return list(self._members)

    def check_format(self, newest: int) -> None:
        """Judges its number, under ".format", as the function `check_format` does."""
        number = self.read([FORMAT])[FORMAT] if FORMAT in self._members else np.array(0)
        check_format(
            self.path, number.item() if not number.shape else f"an array {number.shape}", newest
        )

    def text(self, name: str) -> str:
        """Reads a single string, of at most 2 Mi letters, or as many as the file has bytes."""
        dtype, shape, *_ = self.header(name)
        if dtype.kind != "U" or shape or dtype.itemsize > 4 * max(TEXT_BYTES, self.size):
            raise ValueError(f"its {name!r:.60} is {dtype} {shape}, not one text of bounded length")
        return str(self.read([name])[name])

    def header(self, name: str) -> Header:
        """Reads the type, shape and order of an array, before its contents."""
        with self._open(name) as file:
            return _header(name, file)

    def read(self, names: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
        """Reads these arrays, in the machine's byte order."""
        missing = [name for name in names if name not in self._members]
        if missing:
            raise ValueError(f"it has no {missing[0]!r}")
        limit = max(FREE_BYTES, UNPACKING_RATIO * self.size)
        total = sum(self._members[name].file_size for name in names)
        if total > limit:
            raise ValueError(
                f"it would unpack to {total:,} bytes, and {limit:,} are read of a file of "
                f"{self.size:,}"
            )
        headers = {name: self.header(name) for name in names}
        for name, header in headers.items():
            if header.n_bytes != self._members[name].file_size:
                raise ValueError(
                    f"its {name!r:.60} announces {header.n_bytes:,} bytes, where it has "
                    f"{self._members[name].file_size:,}"
                )
        return {name: self._contents(name, header) for name, header in headers.items()}

    def _open(self, name: str) -> IO[bytes]:
        import zipfile

        member = self._members[name]
        if member.flag_bits & 1 or member.compress_type not in (
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        ):
            raise ValueError(
                f"its {name!r:.60} is encrypted, or compressed in another way than NumPy's"
            )
        return self._zip.open(member)

    def _contents(self, name: str, header: Header) -> npt.NDArray[Any]:
        memory = np.empty(header.n_bytes - header.begin, np.uint8)
        with self._open(name) as file:
            file.read(header.begin)
            for at in range(0, len(memory), CHUNK_BYTES):
                piece = memory[at : at + CHUNK_BYTES]
                content = file.read(len(piece))
                if len(content) < len(piece):
                    raise ValueError(
                        f"its {name!r:.60} is cut short: of {len(memory):,} bytes it has "
                        f"{at + len(content):,}"
                    )
                piece[:] = np.frombuffer(content, np.uint8)
        array = memory.view(header.dtype)
        if not header.dtype.isnative:
            array = array.byteswap(inplace=True).view(header.dtype.newbyteorder("="))
        return (
            array.reshape(header.shape[::-1]).T if header.fortran else array.reshape(header.shape)
        )


class Header(NamedTuple):
    """What an .npy says of itself; its data begin after `begin` bytes."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    begin: int

    @property
    def n_bytes(self) -> int:
        return self.begin + math.prod(self.shape) * self.dtype.itemsize


def _header(name: str, file: IO[bytes]) -> Header:
    """Reads a header as np.save writes it of plain types, without evaluating any expression.

    No type has parts.
    """
    begin = file.read(12)
    width = {b"\x93NUMPY\x01\x00": 2, b"\x93NUMPY\x02\x00": 4}.get(begin[:8])
    if width is None:
        raise ValueError(
            f"its {name!r:.60} begins with {begin[:8]!r}, which is no .npy file's beginning"
        )
    length = int.from_bytes(begin[8 : 8 + width], "little")
    line = (
        begin[8 + width :] + file.read(max(0, min(length, HEADER_BYTES) - len(begin[8 + width :])))
    ).decode("latin-1")
    header = _HEADER.fullmatch(line)
    if header is None:
        raise ValueError(
            f"its {name!r:.60} announces {line.strip()!r:.80}: no array of numbers, bools or "
            "strings"
        )
    shape = tuple(int(length) for length in header["shape"].split(",") if length.strip())
    return Header(np.dtype(header["descr"]), shape, header["order"] == "True", 8 + width + length)


_HEADER = re.compile(
    r"\{'descr': '(?P<descr>[<>|=]?(?:b1|[iu][1248]|f[248]|U[1-9]\d{0,8}))', "
    r"'fortran_order': (?P<order>True|False), 'shape': \((?P<shape>[\d, ]*)\),? *\} *\n?"
)
