"""What several groups need: a finished run, the command line in this process, small files."""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import json
import os
import re
import shutil
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from experiments import __main__ as command_line
from experiments import attempts, mnist

from .judge import CommandRefused, Surfaced

SHORT = ("run", "warm-up", "--epochs", "5")
LARGE = 10_000_000  # bytes
COPIES = ("run", "tishby-extended", "--epochs", "3", "--copies", "2")


def command(*arguments: str) -> str:
    """Runs `python -m experiments ...` in this process -> what it printed.

    Raises:
        CommandRefused: status 2, with the line that says why.
        Surfaced: a traceback, or another status, with what was said.
    """
    status, out, err = said(*arguments)
    if status == 0:
        return out
    why = reason(err)
    if status == 2 and "Traceback" not in err:
        raise CommandRefused(why)
    raise Surfaced(f"status {status}: {why}")


def said(*arguments: str) -> tuple[int, str, str]:
    """Runs a command -> its status, and what it wrote to stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = command_line.main(list(arguments))
        except SystemExit as left:
            status = left.code if isinstance(left.code, int) else 1
        except Exception as error:
            raise Surfaced(f"a traceback that ends in {type(error).__name__}: {error}") from error
    return status, out.getvalue(), err.getvalue()


def reason(err: str) -> str:
    """Strips stderr of progress bars, and of the usage that argparse prints before its line."""
    lines = [
        line
        for line in re.split(r"[\r\n]+", err)
        if line.strip() and not re.search(r"(step|epoch)s/s|%\|", line)
    ]
    at = next(
        (
            i
            for i, line in enumerate(lines)
            if re.match(r"(python -m experiments.*: )?error: ", line)
        ),
        0,
    )
    return "\n".join(lines[at:] if lines and lines[0].startswith("usage:") else lines)


# --- runs -----------------------------------------------------------------------------------------


@functools.cache
def _kept() -> Path:
    """Names the place of finished runs, for this and all forks; removed by `remove_kept`."""
    return Path(tempfile.mkdtemp(prefix="scorecard-kept-"))


def prepare() -> None:
    """Makes the finished runs, in a process of its own so that this one stays as it is."""
    if (_kept() / "done").exists():
        return
    for name, arguments in (("short", SHORT), ("copies", COPIES)):
        status = in_a_fork(
            lambda name=name, arguments=arguments: said(*arguments, "--out", str(_kept() / name))[0]
        )
        if status != 0:
            raise SystemExit(
                f"the run {' '.join(arguments)} ended with {status}: nothing can be tried on its "
                "result"
            )
    (_kept() / "done").touch()


def remove_kept() -> None:
    shutil.rmtree(_kept(), ignore_errors=True)


def in_a_fork(call: Callable[[], int]) -> int:
    """Calls in a child -> its status."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            status = call()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def finished(name: str = "short") -> Path:
    """Copies a finished run into the working directory: results/<training id>."""
    source = trained(_kept() / name)
    shutil.copytree(source, Path("results") / source.name)
    return Path("results") / source.name


def trained(out: str | Path) -> Path:
    """Finds the folder of what was trained, of which there is one."""
    (folder,) = (
        path for path in Path(out).iterdir() if path.is_dir() and path.name != attempts.ATTEMPTS
    )
    return folder


def reading(folder: Path) -> Path:
    """Finds the folder of what was read of it first."""
    return min(folder.glob("*/plane.csv"), key=lambda path: path.stat().st_mtime_ns).parent


def plane_csv(name: str = "short") -> bytes:
    """Reads the table of the undisturbed run."""
    return (reading(trained(_kept() / name)) / "plane.csv").read_bytes()


def statuses(out: str | Path) -> list[str]:
    """Lists how each attempt ended."""
    return [row["status"] for row in attempts.read(Path(out))]


def damaged(change: Callable[[Path], Any], name: str = "short") -> str:
    """Makes a finished run whose folder was changed -> its name."""
    folder = finished(name)
    change(folder)
    return str(folder)


def manifest(
    change: Callable[[dict[str, Any]], Any], of_reading: bool = False
) -> Callable[[Path], None]:
    """Makes a change to the data of a manifest, of what was trained or of what was read.

    Or writes something in its place: what `change` returns.
    """

    def apply(folder: Path) -> None:
        path = (reading(folder) if of_reading else folder) / "manifest.json"
        data = json.loads(path.read_text(encoding="utf-8"))
        changed = change(data)
        path.write_text(json.dumps(data if changed is None else changed), encoding="utf-8")

    return apply


def text(name: str, content: str | bytes) -> Callable[[Path], Any]:
    """Makes a change: a file of the folder, replaced by this text."""
    return lambda folder: (folder / name).write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )


# --- files ----------------------------------------------------------------------------------------


def npz(path: str | Path, change: Callable[[dict[str, Any]], Any]) -> str:
    """Changes the arrays of an npz, in place or replaced, and writes them; objects are pickled."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    changed = change(arrays)
    np.savez(path, **(changed if isinstance(changed, dict) else arrays))
    return str(path)


def plain(path: str | Path, change: Callable[[Any], Any]) -> str:
    """Changes the JSON inside an npz, in place or replaced."""

    def apply(arrays: dict[str, Any]) -> None:
        data = json.loads(str(arrays["plain"]))
        changed = change(data)
        arrays["plain"] = np.array(
            json.dumps(changed if isinstance(changed, dict | list) else data)
        )

    return npz(path, apply)


def idx(path: str, array: Any, compressed: bool = False) -> str:
    """Writes an IDX file of unsigned bytes."""
    array = np.asarray(array, np.uint8)
    content = (
        b"\0\0\x08"
        + bytes([array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.tobytes()
    )
    Path(path).write_bytes(gzip.compress(content, 1) if compressed else content)
    return path


def mnist_npz(path: str, **changes: Any) -> str:
    """Writes an npz of MNIST's names and shapes, zeros but for the changes; None leaves one out."""
    arrays: dict[str, Any] = {
        name: np.zeros(shape, np.uint8) for name, shape in mnist.ARRAYS.items()
    } | changes
    np.savez_compressed(
        path, **{name: array for name, array in arrays.items() if array is not None}
    )
    return path


class Planted:
    """Unpickled, it writes a file by this name."""

    def __init__(self, flag: str) -> None:
        self.flag = flag

    def __reduce__(self) -> Any:
        return (Path.touch, (Path(self.flag),))


def planted(flag: str = "unpickled") -> Any:
    made = np.empty(2, object)
    made[:] = [Planted(os.path.abspath(flag)), 1]
    return made


def nothing_unpickled(call: Callable[[], Any], flag: str = "unpickled") -> Any:
    """Calls -> what it gives, unless a planted pickle was opened on the way."""
    try:
        return call()
    finally:
        if os.path.exists(flag):
            raise Surfaced("a pickle in the file was opened")


def untouched(folder: str | Path, call: Callable[[], Any]) -> Any:
    """Calls -> what it gives, unless a file of the folder was changed, removed or added."""
    before = contents(folder)
    try:
        return call()
    finally:
        if contents(folder) != before:
            raise Surfaced(
                f"'{folder}' has changed: "
                f"{sorted(set(before) ^ set(contents(folder))) or 'a file is another'}"
            )


def contents(folder: str | Path) -> dict[str, Any]:
    """Maps paths to bytes of every file; of a large one its size and when it was written."""
    paths = [
        path for path in sorted(Path(folder).rglob("*")) if path.is_file() and not path.is_symlink()
    ]
    stats = {path: path.stat() for path in paths}
    return {
        str(path): path.read_bytes() if stat.st_size < LARGE else (stat.st_size, stat.st_mtime_ns)
        for path, stat in stats.items()
    }
