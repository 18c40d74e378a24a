"""A cache of kernels that fails is no error: every call answers, and the wait is said once."""

import errno
import importlib.util
import logging
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numba
import pytest
from numba.core import config

import fastmi
from fastmi.backends import caching, numba_kernels

pytestmark = pytest.mark.skipif(config.DISABLE_JIT, reason="nothing is compiled")

SOURCE = "def added(a, b):\n    return a + b\n"
INTEGERS = (numba.int64, numba.int64)
OTHER_SOURCE = "def added(a, b):\n    return a + b * 2\n"


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    monkeypatch.setattr(caching, "_said", set())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where kernels are kept."""
    place = tmp_path / "kept"
    monkeypatch.setattr(config, "CACHE_DIR", str(place))
    return place


def kernel_of(path, source=SOURCE):
    """A kernel as a fresh process would meet it: its module read anew."""
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    sys.modules[path.stem] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return numba_kernels.jit(module.added)


@pytest.fixture
def kernel(tmp_path, folder):
    yield lambda source=SOURCE: kernel_of(tmp_path / "a_kernel.py", source)
    sys.modules.pop("a_kernel", None)


def answered(kernel):
    """What a call finds, and whether it was loaded."""
    return kernel(2, 3), sum(kernel.stats.cache_hits.values()) == 1


def files_in(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_was_compiled_is_loaded_by_the_next_process(kernel, folder):
    assert answered(kernel()) == (5, False)
    assert answered(kernel()) == (5, True)
    assert kernel()(0.5, 0.25) == 0.75  # another signature has a file of its own
    assert len(files_in(folder)) == 2


def test_another_version_of_the_source_is_compiled_and_takes_the_place_of_the_last(kernel, folder):
    kernel()(2, 3)
    assert answered(kernel(OTHER_SOURCE)) == (8, False)
    assert answered(kernel(OTHER_SOURCE)) == (8, True)
    assert len(files_in(folder)) == 1


def test_the_file_of_another_key_is_not_taken(kernel, folder):
    """What two processes of other versions, or copies by hand, leave behind."""
    kernel()(2, 3)
    (whole,) = files_in(folder)
    kernel()(0.5, 0.25)
    (other,) = set(files_in(folder)) - {whole}
    whole.write_bytes(other.read_bytes())
    assert answered(kernel()) == (5, False)


# --- damage ---------------------------------------------------------------------------------------

DAMAGE = {
    "empty": lambda content: b"",
    "a byte": lambda content: content[:1],
    "a seal alone": lambda content: content[:32],
    "half": lambda content: content[: len(content) // 2],
    "all but the last byte": lambda content: content[:-1],
    "a byte more": lambda content: content + b"\0",
    "garbage": lambda content: b"\x80garbage" * 1000,
    "another pickle": lambda content: pickle.dumps({"index": [1, 2]}),
    "another pickle behind the seal": lambda content: content[:32] + pickle.dumps(range(9)),
    "no pickle behind the seal": lambda content: content[:32] + b"no pickle",
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_file_is_written_anew(kernel, folder, log, case):
    kernel()(2, 3)
    (path,) = files_in(folder)
    path.write_bytes(DAMAGE[case](path.read_bytes()))
    assert answered(kernel()) == (5, False)
    assert answered(kernel()) == (5, True)
    assert not [record for record in log.records if record.levelno >= logging.WARNING]


def test_no_flipped_bit_is_believed(kernel, folder, rng):
    """Machine code with one other bit would load, and do whatever it says."""
    kernel()(2, 3)
    (path,) = files_in(folder)
    whole = path.read_bytes()
    compiled = kernel()
    files, key = (
        compiled._cache._disk._cache_file,
        compiled._cache._disk._index_key(INTEGERS, compiled.targetctx.codegen()),
    )
    assert files.load(key) is not None
    for bit in {0, 255, 256, 8 * len(whole) - 1, *rng.integers(0, 8 * len(whole), 300).tolist()}:
        broken = bytearray(whole)
        broken[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(broken)
        assert files.load(key) is None


# --- a disk that fails ----------------------------------------------------------------------------


def failing(number):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    return fail


FAILURES = {
    "a full disk at the end": lambda patch: patch.setattr(os, "replace", failing(errno.ENOSPC)),
    "a full disk": lambda patch: patch.setattr(Path, "write_bytes", failing(errno.ENOSPC)),
    "a quota": lambda patch: patch.setattr(Path, "write_bytes", failing(errno.EDQUOT)),
    "a read-only disk": lambda patch: patch.setattr(os, "replace", failing(errno.EROFS)),
    "no memory to write it": lambda patch: patch.setattr(
        caching, "dumps", lambda data: bytes(2**62)
    ),
    "what cannot be pickled": lambda patch: patch.setattr(
        caching, "dumps", lambda data: pickle.dumps(lambda: data)
    ),
    "a folder that is gone for good": lambda patch: patch.setattr(
        caching._NamedFolder, "ensure_cache_path", failing(errno.EIO)
    ),
}


@pytest.mark.parametrize("case", FAILURES)
def test_what_cannot_be_written_is_said_once_and_answered(kernel, folder, monkeypatch, log, case):
    first, second = kernel(), kernel()
    with monkeypatch.context() as patch:
        FAILURES[case](patch)
        assert answered(first) == (5, False)
        assert answered(second) == (5, False)
    (said,) = [record for record in log.records if record.levelno >= logging.WARNING]
    assert "compiled CPU kernels cannot be kept (" in said.getMessage()
    assert (
        "unless NUMBA_CACHE_DIR=<a folder that can be written to> is set before it starts"
        in said.getMessage()
    )
    assert "\n" not in said.getMessage()
    assert files_in(folder) == []  # and no half of a file stays behind


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE])
def test_what_cannot_be_read_is_compiled(kernel, monkeypatch, number):
    kernel()(2, 3)
    monkeypatch.setattr(Path, "read_bytes", failing(number))
    assert answered(kernel()) == (5, False)


def test_a_folder_in_the_place_of_a_file(kernel, folder, log):
    kernel()(2, 3)
    (path,) = files_in(folder)
    path.unlink()
    path.mkdir()
    assert answered(kernel()) == (5, False)
    assert "cannot be kept" in log.text


def test_a_folder_that_vanishes_is_made_again(kernel, folder):
    late = kernel()
    for path in [*folder.rglob("*"), folder]:
        path.rmdir()
    assert answered(late) == (5, False)
    assert answered(kernel()) == (5, True)


def test_where_there_is_no_folder_at_all(tmp_path, monkeypatch, kernel, log):
    """What Numba raises then would come at the import of the engine."""
    monkeypatch.setattr(caching._Implementation, "_locator_classes", [])
    assert answered(kernel()) == (5, False)
    assert "cannot be kept (RuntimeError: cannot cache function" in log.text


def test_a_name_that_is_a_file_falls_back_on_the_next_folder(tmp_path, monkeypatch, kernel, log):
    (tmp_path / "a file").write_text("")
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "a file"))
    assert answered(kernel()) == (5, False)
    assert answered(kernel()) == (5, True)
    assert [path.suffix for path in files_in(tmp_path / "__pycache__")].count(".nbc") == 1
    assert "cannot be kept" not in log.text


def test_an_interrupt_while_the_cache_is_asked_comes_through(kernel, monkeypatch):
    monkeypatch.setattr(Path, "read_bytes", lambda path: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        kernel()(2, 3)


# --- words while one waits ------------------------------------------------------------------------


def test_the_first_that_is_compiled_says_so_once(kernel, log):
    with log.at(logging.INFO):
        kernel()(2, 3)
        kernel()(0.5, 0.25)
    (said,) = log.records
    assert (said.name, said.levelno) == ("fastmi", logging.INFO)
    assert (
        said.getMessage()
        == "compiling the CPU kernels for this machine: about 15 s, once where they can be kept"
    )


def test_what_is_loaded_says_nothing(kernel, log):
    kernel()(2, 3)
    caching._said.clear()
    with log.at(logging.DEBUG):
        assert answered(kernel()) == (5, True)
    assert log.records == []


# --- in fresh processes, by the true kernels ------------------------------------------------------

SORTED = """
import numpy as np
from fastmi.backends import numba_kernels
values = np.array([3, 1, 2], np.uint32)
numba_kernels.sort(values)
print(values.tolist(), sum(numba_kernels.sort.stats.cache_hits.values()))
"""


def run(code, path, **environment):
    """What a fresh interpreter prints, and says on the way."""
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": "",
        "PYTHONPATH": str(path),
        "PYTHONDONTWRITEBYTECODE": "1",
        **environment,
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        cwd=path.parent,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


@pytest.fixture
def zipped(tmp_path):
    package = Path(fastmi.__file__).parent
    with zipfile.ZipFile(tmp_path / "fastmi.zip", "w") as archive:
        for path in package.rglob("*.py"):
            archive.write(path, path.relative_to(package.parent))
    return tmp_path / "fastmi.zip"


@pytest.mark.skipif(os.name == "nt", reason="its home folder is named elsewhere")
def test_a_zip_without_a_home_and_the_way_out(zipped, tmp_path):
    nowhere = {"HOME": os.devnull, "XDG_CACHE_HOME": f"{os.devnull}/cache"}
    found, said = run(SORTED, zipped, **nowhere)
    assert found == "[1, 2, 3] 0"
    # visible without any setting of logging
    assert said.count("compiled CPU kernels cannot be kept") == 1
    for hits in (0, 1):
        found, said = run(SORTED, zipped, **nowhere, NUMBA_CACHE_DIR=str(tmp_path / "named"))
        assert (found, said) == (f"[1, 2, 3] {hits}", "")


@pytest.mark.skipif(os.name == "nt", reason="no such limits there")
def test_files_that_may_not_grow(tmp_path):
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
    package = Path(fastmi.__file__).parent.parent
    found, said = run(limit + SORTED, package, NUMBA_CACHE_DIR=str(tmp_path))
    assert found == "[1, 2, 3] 0"
    assert "cannot be kept (OSError: [Errno 27]" in said
    assert [path for path in files_in(tmp_path) if path.stat().st_size] == []
