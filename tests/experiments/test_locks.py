"""Who works on a result holds it: one process at a time, and the next is told who."""

import errno
import json
import os
import platform
import re
import subprocess
import sys
import threading

import pytest

from experiments import work
from experiments.execution import execute
from experiments.locks import held
from tests import ROOT
from tests.runs import TINY, estimate, names, run

posix = pytest.mark.skipif(os.name != "posix", reason="links, signals and locks of POSIX")


pytestmark = pytest.mark.usefixtures("undrawn")


HOLDS = """
import sys
from pathlib import Path
from experiments.locks import held
try:
    with held(Path(sys.argv[1])):
        print("in", flush=True)
        sys.stdin.read()
except ValueError as error:
    print("out", error, flush=True)
    sys.stdin.read()
"""


class Holder:
    """A process that works on a result until it is told to stop, or killed."""

    def __init__(self, folder):
        command = [sys.executable, "-c", HOLDS, str(folder)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def said(self):
        return self.process.stdout.readline().strip()

    def end(self, kill=False):
        if kill:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def holders():
    begun = []

    def begin(folder):
        begun.append(Holder(folder))
        return begun[-1]

    yield begin
    for holder in begun:
        holder.end(kill=True)


def ended():
    """Gives the number of a process that is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def taken(folder):
    with held(folder):
        return True


def test_one_process_works_on_a_result_and_the_second_is_told_who(tmp_path, holders):
    first = holders(tmp_path / "result")
    assert first.said() == "in"
    with pytest.raises(
        ValueError,
        match=rf"is being worked on by process {first.process.pid} on .*, since 20\d\d-.*: wait",
    ):
        taken(tmp_path / "result")
    assert taken(tmp_path / "another")
    first.end()
    assert names(tmp_path) == []
    assert taken(tmp_path / "result")


def test_a_result_is_worked_on_once_within_a_process_too(tmp_path):
    with (
        held(tmp_path / "result"),
        pytest.raises(ValueError, match=rf"worked on by process {os.getpid()} on "),
    ):
        taken(tmp_path / "result")
    assert names(tmp_path) == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_whatever_ends_it_the_lock_is_gone(tmp_path, error):
    def work():
        with held(tmp_path / "result"):
            raise error

    with pytest.raises(error):
        work()
    assert names(tmp_path) == []


@posix
def test_what_a_killed_process_left_is_taken_over_with_a_word(tmp_path, holders, log):
    first = holders(tmp_path / "result")
    assert first.said() == "in"
    first.end(kill=True)
    assert names(tmp_path) == ["result.lock"]
    assert taken(tmp_path / "result")
    assert re.search(
        rf"was left by process {first.process.pid} on .*, which is gone: taken over", log.text
    )
    assert names(tmp_path) == []


@pytest.mark.parametrize("stale", [False, True])
def test_of_four_that_start_at_once_one_works(tmp_path, holders, stale):
    if stale:
        (tmp_path / "result.lock").write_text(
            json.dumps({"host": platform.node(), "pid": ended(), "since": "long ago"})
        )
    four = [holders(tmp_path / "result") for _ in range(4)]
    said = [holder.said() for holder in four]
    assert sorted(word.split()[0] for word in said) == ["in", "out", "out", "out"]
    (inside,) = (holder for holder, word in zip(four, said, strict=True) if word == "in")
    assert all(f"process {inside.process.pid} on" in word for word in said if word != "in")
    for holder in four:
        holder.end()
    assert names(tmp_path) == []


@posix
@pytest.mark.parametrize("before", ["", "gone"])
def test_who_is_refused_waits_until_the_new_holder_has_signed(tmp_path, before):
    import fcntl

    def signed(pid):
        return json.dumps({"host": platform.node(), "pid": pid, "since": "now"})

    lock = tmp_path / "result.lock"
    lock.write_text(signed(ended()) if before else "")
    with lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        signing = threading.Timer(0.2, lock.write_text, [signed(os.getpid())])
        signing.start()
        with pytest.raises(ValueError, match=f"worked on by process {os.getpid()} on "):
            taken(tmp_path / "result")
        signing.join()


@posix
def test_a_holder_that_never_signs_is_another_process(tmp_path, monkeypatch):
    import fcntl

    monkeypatch.setattr("experiments.locks.PATIENCE", 0.05)
    lock = tmp_path / "result.lock"
    lock.write_text(json.dumps({"host": platform.node(), "pid": ended(), "since": "now"}))
    with lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ValueError, match="is being worked on by another process: wait"):
            taken(tmp_path / "result")


def test_a_process_number_that_another_program_has_now_is_no_holder(tmp_path, log):
    (tmp_path / "result.lock").write_text(
        json.dumps({"host": platform.node(), "pid": os.getpid(), "since": "before a boot"})
    )
    assert taken(tmp_path / "result")
    assert "which is gone: taken over" in log.text


def test_a_lock_of_another_machine_is_never_taken_over_and_the_way_out_is_said(tmp_path):
    lock = tmp_path / "result.lock"
    lock.write_text(
        json.dumps({"host": "elsewhere", "pid": 7, "since": "2026-01-01T00:00:00+00:00"})
    )
    with pytest.raises(
        ValueError,
        match=r"may be worked on by process 7 on 'elsewhere', since 2026-.* remove '.*\.lock'",
    ):
        taken(tmp_path / "result")
    assert "elsewhere" in lock.read_text()
    lock.unlink()  # as it was told
    assert taken(tmp_path / "result")


@pytest.mark.parametrize(
    "text",
    ["garbage", "{", '{"host": 3}', '{"host": "a", "pid": "b", "since": "c"}', "\xff", "[" * 5000],
)
def test_a_lock_that_says_nothing_is_left_alone(tmp_path, text):
    lock = tmp_path / "result.lock"
    lock.write_text(text, encoding="latin-1")
    with pytest.raises(
        ValueError,
        match=r"may be worked on by another process, which cannot be told from here: .* remove '",
    ):
        taken(tmp_path / "result")
    assert lock.read_text(encoding="latin-1") == text


def test_a_lock_that_says_nothing_yet_is_one(tmp_path):
    (tmp_path / "result.lock").touch()  # of a process that was killed before it wrote
    assert taken(tmp_path / "result")


@posix
@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_what_is_no_lock_is_left_alone(tmp_path, kind):
    lock = tmp_path / "result.lock"
    (tmp_path / "precious").write_text("precious")
    {
        "link": lambda: lock.symlink_to("precious"),
        "folder": lock.mkdir,
        "pipe": lambda: os.mkfifo(lock),
    }[kind]()
    with pytest.raises(
        ValueError,
        match=r"result\.lock' (cannot be used as a lock|is no file, and cannot be).*: move it away",
    ):
        taken(tmp_path / "result")
    assert (tmp_path / "precious").read_text() == "precious"
    assert names(tmp_path) == ["precious", "result.lock"]


def test_where_nothing_can_be_written_another_folder_is_the_way_out(tmp_path, monkeypatch):
    def refused(path, *flags):
        raise OSError(errno.EROFS, "Read-only file system", path)

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(
        ValueError, match=r"' cannot be written into \(Read-only file system\): pass --out FOLDER"
    ):
        taken(tmp_path / "result")


@posix
def test_where_the_disk_has_no_locks_what_lies_there_may_be_at_work(tmp_path, monkeypatch):
    import fcntl

    def none(descriptor, operation):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    assert taken(tmp_path / "result")
    (tmp_path / "result.lock").write_text(
        json.dumps({"host": platform.node(), "pid": 7, "since": "before"})
    )
    with pytest.raises(
        ValueError,
        match=r"may be worked on by process 7 .*, which cannot be told from here: if it is not",
    ):
        taken(tmp_path / "result")


def test_a_lock_that_its_holder_just_removed_is_not_one(tmp_path, monkeypatch):
    """Between opening and locking the holder may have ended.

    Then the file that is locked has no name any more.
    """
    opened, real = [], os.open

    def late(path, *arguments, **options):
        descriptor = real(path, *arguments, **options)
        if str(path).endswith(".lock") and not opened:
            opened.append(path)
            os.unlink(path)
        return descriptor

    monkeypatch.setattr(os, "open", late)
    with held(tmp_path / "result"):
        assert json.loads((tmp_path / "result.lock").read_text())["pid"] == os.getpid()


def test_the_command_is_refused_at_once_and_loses_nothing(tmp_path, holders, part, idle, capsys):
    before = {path: path.read_bytes() for path in part.rglob("*.npz")}
    first = holders(tmp_path / TINY.id)
    assert first.said() == "in"
    for words in (["--resume"], [], ["--force"]):
        assert run("tishby", "warm-up", "--epochs", "4", *words, out=tmp_path) == 2
        assert f"is being worked on by process {first.process.pid} on " in capsys.readouterr().err
    assert {path: path.read_bytes() for path in part.rglob("*.npz")} == before
    assert not (tmp_path / "attempts").exists()
    assert names(tmp_path) == [f"{TINY.id}.lock", part.name]


def test_a_result_that_is_read_again_is_held_too(tmp_path, finished, holders, idle, capsys):
    (reading,) = TINY.varied(edges=(-1.0, 1.0, 9)).reads
    first = holders(finished / reading.id)
    assert first.said() == "in"
    assert estimate(finished, "--edges", "-1", "1", "9") == 2
    assert "is being worked on by process" in capsys.readouterr().err
    # which would remove it
    assert run("warm-up", "--epochs", "4", "--copies", "2", "--force", out=tmp_path) == 2
    assert "is being worked on by process" in capsys.readouterr().err
    first.end()
    (tmp_path / "elsewhere").mkdir()
    first = holders(tmp_path / "elsewhere" / finished.name)
    assert first.said() == "in"
    assert estimate(finished, "--edges", "-1", "1", "9", out=tmp_path / "elsewhere") == 2
    assert "is being worked on by process" in capsys.readouterr().err


def test_while_it_runs_the_lock_says_so_and_afterwards_is_gone(tmp_path, monkeypatch):
    def seen(*words, **options):
        assert json.loads((tmp_path / f"{TINY.id}.lock").read_text())["pid"] == os.getpid()
        return execute(*words, **options)

    monkeypatch.setattr(work, "execute", seen)
    assert run("warm-up", "--epochs", "4", out=tmp_path) == 0
    assert names(tmp_path) == ["attempts", TINY.id]
