"""What is written is whole or not there at all, and nothing beside it is touched."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import fastmi
from fastmi import figures, files
from fastmi.files import replacing

ROOT = Path(fastmi.__file__).parents[1]
posix = pytest.mark.skipif(os.name != "posix", reason="links, pipes and modes of POSIX")


def write(path, content=b"new"):
    with replacing(path) as part:
        part.write_bytes(content)


def stopped_by(error, path):
    with replacing(path) as part:
        part.write_bytes(b"half")
        raise error


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


# --- links ------------------------------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("depth", [1, 3])
def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path, depth):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "target").write_bytes(b"old")
    name = Path("elsewhere/target")
    for i in range(depth):
        (tmp_path / f"link-{i}").symlink_to(name)
        name = Path(f"link-{i}")
    write(tmp_path / name)
    assert all((tmp_path / f"link-{i}").is_symlink() for i in range(depth))
    assert (tmp_path / "elsewhere" / "target").read_bytes() == b"new"
    assert os.listdir(tmp_path / "elsewhere") == ["target"]


@posix
def test_a_link_to_nothing_yet_makes_its_target(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "target")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "elsewhere" / "target").read_bytes() == b"new"


@posix
def test_a_link_into_no_folder_is_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere" / "target")
    with pytest.raises(FileNotFoundError, match=r"link cannot be written: there is no folder .*nowhere; make it first"):
        write(tmp_path / "link")


@posix
def test_links_in_a_circle_are_refused(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="a cannot be written, and what it held is untouched: Too many levels"):
        write(tmp_path / "a")
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


@posix
def test_a_link_to_a_folder_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    with pytest.raises(IsADirectoryError, match="link cannot be written, and what it held is untouched"):
        write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()


# --- pipes and devices ------------------------------------------------------------------------------------------------


def from_pipe(path):
    """What comes out of a pipe while something is written into it."""
    found = []
    reader = threading.Thread(target=lambda: found.append(path.read_bytes()))
    reader.start()
    return reader, found


@posix
def test_a_pipe_is_written_into_and_stays_one(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader, found = from_pipe(tmp_path / "pipe")
    write(tmp_path / "pipe", b"x" * 200_000)
    reader.join()
    assert found == [b"x" * 200_000]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


@posix
def test_a_pipe_gets_nothing_of_what_is_not_complete(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RuntimeError, match="power cut"):
        stopped_by(RuntimeError("power cut"), tmp_path / "pipe")
    assert os.listdir(tmp_path) == ["pipe"]


@posix
def test_a_table_can_be_saved_into_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader, found = from_pipe(tmp_path / "pipe")
    one = fastmi.InformationPlane(
        np.array([0]), ("a",), *(np.ones((1, 1, 1)) for _ in range(4)), 4, 2.0, 1.0, "each", 1, "made up", "none"
    )
    one.save(tmp_path / "pipe")
    reader.join()
    (tmp_path / "plane.npz").write_bytes(found[0])
    assert fastmi.InformationPlane.load(tmp_path / "plane.npz").layers == ("a",)


@posix
def test_a_figure_can_be_saved_into_a_pipe_without_an_ending(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader, found = from_pipe(tmp_path / "pipe")
    figures.save(figures.Figure(figsize=(1, 1)), tmp_path / "pipe")
    reader.join()
    assert found[0].startswith(b"\x89PNG")
    assert os.listdir(tmp_path) == ["pipe"]


@posix
@pytest.mark.parametrize("linked", [False, True])
def test_a_device_is_written_into(tmp_path, linked):
    device = tmp_path / "link" if linked else Path(os.devnull)
    if linked:
        device.symlink_to(os.devnull)
    write(device)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    assert linked == (tmp_path / "link").is_symlink()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_device_that_is_full_says_so():
    with pytest.raises(OSError, match="/dev/full cannot be written: No space left on device"):
        write("/dev/full")


@posix
def test_a_socket_is_refused_and_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's name must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        with pytest.raises(OSError, match="socket cannot be written: "):
            write("socket")
        assert os.listdir() == ["socket"]


WRITES = """
import sys
from fastmi.files import replacing
sys.stdout.write("before\\n"); sys.stdout.flush()
with replacing(sys.argv[1]) as part:
    part.write_text("the content\\n")
print("after")
"""


def told(name, stdout, *, script=WRITES):
    command = [sys.executable, "-c", script, name]
    return subprocess.run(command, stdout=stdout, cwd=ROOT, check=True).stdout


@posix
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_is_gone_on_with_whatever_it_is(tmp_path, name):
    if not os.path.exists(name):
        pytest.skip(f"no {name} here")
    assert told(name, subprocess.PIPE) == b"before\nthe content\nafter\n"
    with (tmp_path / "file").open("wb") as file:
        file.write(b"begun\n")
        file.flush()
        told(name, file)
    assert (tmp_path / "file").read_bytes() == b"begun\nbefore\nthe content\nafter\n"
    (tmp_path / "link").symlink_to(name)
    with (tmp_path / "file").open("ab") as file:
        told(str(tmp_path / "link"), file)
    assert (tmp_path / "file").read_bytes() == b"begun\n" + b"before\nthe content\nafter\n" * 2
    assert sorted(os.listdir(tmp_path)) == ["file", "link"]


@posix
def test_a_process_substitution_is_written_into(tmp_path):
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        name = f"/dev/fd/{writing}"
        write(name)
        os.close(writing)
        assert pipe.read() == b"new"
    with pytest.raises(OSError, match=rf"{name} cannot be written: Bad file descriptor"):
        write(name)


# --- modes and names --------------------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("own", [0o600, 0o644, 0o664, 0o755, 0o400])
def test_a_file_keeps_its_mode(tmp_path, own):
    (tmp_path / "file").touch()
    (tmp_path / "file").chmod(own)
    write(tmp_path / "file")
    assert mode(tmp_path / "file") == own
    assert (tmp_path / "file").read_bytes() == b"new"


@posix
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_file_gets_what_the_umask_leaves(tmp_path, mask):
    before = os.umask(mask)
    try:
        write(tmp_path / "file")
    finally:
        os.umask(before)
    assert mode(tmp_path / "file") == 0o666 & ~mask


@posix
def test_a_closed_file_is_closed_while_it_is_written(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "file").chmod(0o600)
    with replacing(tmp_path / "file") as part:
        assert mode(part) == 0o600


@pytest.mark.parametrize("n", [1, 200, 249, 250, 255])
@pytest.mark.parametrize("exists", [False, True])
def test_a_name_may_be_as_long_as_the_system_takes(tmp_path, n, exists):
    path = tmp_path / ("n" * n)
    if exists:
        path.write_bytes(b"old")
    write(path)
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == [path.name]


def test_a_name_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(OSError, match="cannot be written, and what it held is untouched: File name too long"):
        write(tmp_path / ("n" * 256))
    assert os.listdir(tmp_path) == []


# --- on the disk ------------------------------------------------------------------------------------------------------


@posix
def test_the_content_is_on_the_disk_before_its_name_and_the_name_afterwards(tmp_path, monkeypatch):
    steps = []

    def fsync(descriptor, real=os.fsync):
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        steps.append((kind, (tmp_path / "file").read_bytes(), os.fstat(descriptor).st_size if kind == "file" else None))
        real(descriptor)

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fsync)
    write(tmp_path / "file", b"newer")
    assert steps == [("file", b"old", 5), ("folder", b"newer", None)]


def test_a_folder_that_cannot_be_synchronised_is_no_fault(tmp_path, monkeypatch):
    def opened(path, *arguments, real=os.open, **options):
        if Path(path) == tmp_path:
            raise PermissionError(13, "Permission denied")  # what Windows says of any folder
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", opened)
    write(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_disk_that_does_not_take_it_leaves_the_old_file(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="file cannot be written, and what it held is untouched: No space left on device"):
        write(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


# --- interrupted, and several at once ---------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError, RuntimeError, OSError])
@pytest.mark.parametrize("exists", [False, True])
def test_whatever_stops_it_nothing_is_left_and_the_old_file_stays(tmp_path, error, exists):
    if exists:
        (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(error):
        stopped_by(error, tmp_path / "file")
    assert os.listdir(tmp_path) == (["file"] if exists else [])
    assert not exists or (tmp_path / "file").read_bytes() == b"old"


@posix
@pytest.mark.parametrize("call", ["open", "close", "fsync", "replace"])
def test_an_interrupt_within_the_writer_leaves_nothing(tmp_path, monkeypatch, call):
    real = getattr(os, call)

    def interrupted(*arguments, **options):
        real(*arguments, **options)
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(os, call, interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "file")
    assert os.listdir(tmp_path) == (["file"] if call == "replace" else [])


def test_many_threads_write_one_name_and_one_of_them_whole(tmp_path):
    contents = [bytes([i]) * 100_000 for i in range(8)]
    failed = []

    def work(content):
        try:
            for _ in range(10):
                write(tmp_path / "file", content)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert (tmp_path / "file").read_bytes() in contents
    assert os.listdir(tmp_path) == ["file"]


@posix
def test_a_forked_writer_does_not_share_its_temporary_file(tmp_path):
    script = """
import os, sys
from fastmi.files import replacing
child = os.fork()
for _ in range(50):
    with replacing(sys.argv[1]) as part:
        part.write_text(f"{'child' if child == 0 else 'parent'}" * 1000)
if child == 0:
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    told(str(tmp_path / "file"), subprocess.PIPE, script=script)
    assert (tmp_path / "file").read_text() in ("child" * 1000, "parent" * 1000)
    assert os.listdir(tmp_path) == ["file"]


@posix
def test_a_writer_that_is_killed_leaves_the_old_file(tmp_path):
    script = """
import os, signal, sys
from fastmi.files import replacing
with replacing(sys.argv[1]) as part:
    part.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    (tmp_path / "file").write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "file")], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "file").read_bytes() == b"old"
    write(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"new"


@posix
def test_a_folder_that_is_closed_is_named(tmp_path, monkeypatch):
    """Permissions do not bind root, who may run this: the system's answer is simulated."""

    def closed(path, *arguments, **options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(files.os, "open", closed)
    with pytest.raises(PermissionError, match="file cannot be written, and what it held is untouched: Permission denied"):
        write(tmp_path / "file")
