"""Compiled kernels kept on disk for the next process.

It is a convenience, no failure of which reaches the caller. Numba's own cache raises what its files
raise (a full disk, a damaged file), believes whatever machine code a file holds, and lets two
processes that begin at once name each other's files. Here a file is named by what it is for, and
sealed.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import logging
import os
import pickle
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

import numba
from numba.core import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache, NullCache
from numba.core.serialize import dumps

__all__ = ["KernelCache"]

_log = logging.getLogger("fastmi")
_said: set[str] = set()


class KernelCache(NullCache):
    """What Numba asks for one kernel's overloads.

    It has what the disk has of them, and nothing where anything fails.
    """

    def __init__(self, kernel: Any) -> None:
        try:
            self._disk = _Disk(kernel)
        # no folder that can be written to, no source to tell versions apart
        except Exception as error:
            self._disk = NullCache()
            _say_not_kept(error)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            overload = self._disk.load_overload(sig, target_context)
        except Exception:  # not there, cut short, not ours: compiled anew, and written over
            overload = None
        if overload is None:
            _say(
                logging.INFO,
                "compiling the CPU kernels for this machine: about 15 s, once where they can be "
                "kept",
            )
        return overload

    def save_overload(self, sig: Any, cres: Any) -> None:
        try:
            self._disk.save_overload(sig, cres)
        except Exception as error:
            _say_not_kept(error)


class _NamedFolder:
    """NUMBA_CACHE_DIR, for a package within a zip as well.

    Numba would keep the latter under the home folder or nowhere.
    """

    def __init__(self, kernel: Any, path: str) -> None:
        named: str = config.CACHE_DIR  # pyright: ignore[reportAttributeAccessIssue]
        self._folder = Path(
            named, f"fastmi_{hashlib.sha256(os.path.dirname(path).encode()).hexdigest()[:16]}"
        )
        self._source = inspect.getsource(sys.modules[kernel.__module__])
        self._line = kernel.__code__.co_firstlineno

    @classmethod
    def from_function(cls, kernel: Any, path: str) -> Any:
        """Answers Numba, which asks each kind of place in turn; None leaves it to the next."""
        if not config.CACHE_DIR:  # pyright: ignore[reportAttributeAccessIssue]
            return None
        try:
            place = cls(kernel, path)
            place.ensure_cache_path()
        except OSError:
            return None
        return place

    def ensure_cache_path(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=self._folder).close()

    def get_cache_path(self) -> str:
        return str(self._folder)

    def get_source_stamp(self) -> bytes:
        return hashlib.sha256(self._source.encode()).digest()

    def get_disambiguator(self) -> str:
        return str(self._line)


class _Implementation(CompileResultCacheImpl):
    _locator_classes: Any = (_NamedFolder, *CompileResultCacheImpl._locator_classes)


class _Disk(FunctionCache):
    """Numba's cache, but for its files."""

    _impl_class = _Implementation

    def __init__(self, kernel: Any) -> None:
        super().__init__(kernel)
        self._cache_file = _Files(
            self.cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp()
        )


class _Files:
    """A file for each key (signature, machine, kernel): a seal, then the overload.

    The seal is the SHA-256 of what the file is for and of what follows.
    """

    def __init__(self, folder: str, name: str, stamp: Any) -> None:
        self._folder, self._name, self._stamp = Path(folder), name, stamp

    def load(self, key: Any) -> Any:
        sealed = self._path(key).read_bytes()
        seal, content = sealed[:32], sealed[32:]
        return pickle.loads(content) if seal == self._seal(key, content) else None

    def save(self, key: Any, data: Any) -> None:
        content, path = dumps(data), self._path(key)
        # whole or not at all, whoever writes it too
        beside = path.with_suffix(f".{uuid.uuid4().hex[:16]}")
        try:
            beside.write_bytes(self._seal(key, content) + content)
            os.replace(beside, path)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink()

    def _path(self, key: Any) -> Path:
        """Names the file alike for every version of the source: old ones do not pile up."""
        return (
            self._folder
            / f"{self._name}.{hashlib.sha256(repr(key[:2]).encode()).hexdigest()[:16]}.nbc"
        )

    def _seal(self, key: Any, content: bytes) -> bytes:
        return hashlib.sha256(
            repr((numba.__version__, self._stamp, key)).encode() + content
        ).digest()


def _say(level: int, message: str, *arguments: object) -> None:
    """Logs a message once in a process."""
    if message not in _said:
        _said.add(message)
        _log.log(level, message, *arguments)


def _say_not_kept(error: Exception) -> None:
    _say(
        logging.WARNING,
        "compiled CPU kernels cannot be kept (%s): every process compiles them anew, for about 15 "
        "s, unless NUMBA_CACHE_DIR=<a folder that can be written to> is set before it starts",
        f"{type(error).__name__}: {' '.join(str(error).split()):.150}",
    )
