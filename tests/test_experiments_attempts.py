"""What an attempt at a run holds and leaves: the lock, the unfinished folder, the ledger; and how it ends."""

import csv
import json
import logging
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from experiments import __main__ as cli
from experiments import attempts, command, endings, mnist, networks, outputs, sizes
from experiments.catalog import CATALOG
from experiments.runner import execute

ROOT = Path(__file__).parents[1]
FORMAT_0 = Path(__file__).parent / "data" / "format-0"
TINY = replace(CATALOG["warm-up"], epochs=4)
posix = pytest.mark.skipif(os.name != "posix", reason="links, signals and locks of POSIX")


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    monkeypatch.setattr(outputs, "picture", lambda run, planes: None)
    monkeypatch.setattr(outputs, "figures", SimpleNamespace(save=lambda figure, path: path.touch()))


def run(*words, out):
    return cli.main(["run", *words, "--out", str(out)])


def rows_of(out):
    with (out / "runs.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def idle(monkeypatch):
    """No work is done."""
    monkeypatch.setattr(command, "execute", lambda *words, **options: pytest.fail("work was done"))


@pytest.fixture
def part(tmp_path):
    """An unfinished run."""
    return Path(shutil.copytree(FORMAT_0 / "unfinished", tmp_path / f"{TINY.id}.part"))


@pytest.fixture
def finished(tmp_path):
    """A finished run, as `run tishby` would find it."""
    return Path(shutil.copytree(FORMAT_0 / "finished", tmp_path / replace(TINY, copies=2).id))


# --- the lock ----------------------------------------------------------------------------------------------------------

HOLDS = """
import sys
from pathlib import Path
from experiments import attempts
try:
    with attempts.held(Path(sys.argv[1])):
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
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

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


def taken(folder):
    with attempts.held(folder):
        return True


def test_one_process_works_on_a_result_and_the_second_is_told_who(tmp_path, holders):
    first = holders(tmp_path / "result")
    assert first.said() == "in"
    with pytest.raises(ValueError, match=rf"is being worked on by process {first.process.pid} on .*, since 20\d\d-.*: wait"):
        taken(tmp_path / "result")
    assert taken(tmp_path / "another")
    first.end()
    assert names(tmp_path) == []
    assert taken(tmp_path / "result")


def test_a_result_is_worked_on_once_within_a_process_too(tmp_path):
    with attempts.held(tmp_path / "result"), pytest.raises(ValueError, match=rf"worked on by process {os.getpid()} on "):
        taken(tmp_path / "result")
    assert names(tmp_path) == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_whatever_ends_it_the_lock_is_gone(tmp_path, error):
    def work():
        with attempts.held(tmp_path / "result"):
            raise error

    with pytest.raises(error):
        work()
    assert names(tmp_path) == []


@posix
def test_what_a_killed_process_left_is_taken_over_with_a_word(tmp_path, holders, caplog):
    first = holders(tmp_path / "result")
    assert first.said() == "in"
    first.end(kill=True)
    assert names(tmp_path) == ["result.lock"]
    assert taken(tmp_path / "result")
    assert re.search(rf"was left by process {first.process.pid} on .*, which is gone: taken over", caplog.text)
    assert names(tmp_path) == []


@pytest.mark.parametrize("stale", [False, True])
def test_of_four_that_start_at_once_one_works(tmp_path, holders, stale):
    if stale:
        (tmp_path / "result.lock").write_text(json.dumps({"host": platform.node(), "pid": 1, "since": "long ago"}))
    four = [holders(tmp_path / "result") for _ in range(4)]
    said = [holder.said() for holder in four]
    assert sorted(word.split()[0] for word in said) == ["in", "out", "out", "out"]
    (inside,) = (holder for holder, word in zip(four, said, strict=True) if word == "in")
    assert all(f"process {inside.process.pid} on" in word for word in said if word != "in")
    for holder in four:
        holder.end()
    assert names(tmp_path) == []


def test_a_process_number_that_another_program_has_now_is_no_holder(tmp_path, caplog):
    (tmp_path / "result.lock").write_text(json.dumps({"host": platform.node(), "pid": os.getpid(), "since": "before a boot"}))
    assert taken(tmp_path / "result")
    assert "which is gone: taken over" in caplog.text


def test_a_lock_of_another_machine_is_never_taken_over_and_the_way_out_is_said(tmp_path):
    lock = tmp_path / "result.lock"
    lock.write_text(json.dumps({"host": "elsewhere", "pid": 7, "since": "2026-01-01T00:00:00+00:00"}))
    with pytest.raises(ValueError, match=r"may be worked on by process 7 on 'elsewhere', since 2026-.* remove '.*\.lock'"):
        taken(tmp_path / "result")
    assert "elsewhere" in lock.read_text()
    lock.unlink()  # as it was told
    assert taken(tmp_path / "result")


@pytest.mark.parametrize("text", ["garbage", "{", '{"host": 3}', '{"host": "a", "pid": "b", "since": "c"}', "\xff", "[" * 5000])
def test_a_lock_that_says_nothing_is_left_alone(tmp_path, text):
    lock = tmp_path / "result.lock"
    lock.write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=r"may be worked on by another process, which cannot be told from here: .* remove '"):
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
    {"link": lambda: lock.symlink_to("precious"), "folder": lock.mkdir, "pipe": lambda: os.mkfifo(lock)}[kind]()
    with pytest.raises(ValueError, match=r"result\.lock' (cannot be used as a lock|is no file, and cannot be).*: move it away"):
        taken(tmp_path / "result")
    assert (tmp_path / "precious").read_text() == "precious"
    assert names(tmp_path) == ["precious", "result.lock"]


@posix
def test_where_the_disk_has_no_locks_what_lies_there_may_be_at_work(tmp_path, monkeypatch):
    import fcntl

    def none(descriptor, operation):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    assert taken(tmp_path / "result")
    (tmp_path / "result.lock").write_text(json.dumps({"host": platform.node(), "pid": 7, "since": "before"}))
    with pytest.raises(ValueError, match=r"may be worked on by process 7 .*, which cannot be told from here: if it is not"):
        taken(tmp_path / "result")


def test_a_lock_that_its_holder_just_removed_is_not_one(tmp_path, monkeypatch):
    """Between opening and locking the holder may have ended: then the file that is locked has no name any more."""
    opened, real = [], os.open

    def late(path, *arguments, **options):
        descriptor = real(path, *arguments, **options)
        if str(path).endswith(".lock") and not opened:
            opened.append(path)
            os.unlink(path)
        return descriptor

    monkeypatch.setattr(os, "open", late)
    with attempts.held(tmp_path / "result"):
        assert json.loads((tmp_path / "result.lock").read_text())["pid"] == os.getpid()


def test_the_command_is_refused_at_once_and_loses_nothing(tmp_path, holders, part, idle, capsys):
    before = {path: path.read_bytes() for path in part.rglob("*.npz")}
    first = holders(tmp_path / TINY.id)
    assert first.said() == "in"
    for words in (["--resume"], [], ["--force"]):
        assert run("tishby", "warm-up", "--epochs", "4", *words, out=tmp_path) == 2
        assert f"is being worked on by process {first.process.pid} on " in capsys.readouterr().err
    assert {path: path.read_bytes() for path in part.rglob("*.npz")} == before
    assert not (tmp_path / "runs.csv").exists()
    assert names(tmp_path) == [f"{TINY.id}.lock", part.name]


def test_a_result_that_is_read_again_is_held_too(tmp_path, finished, holders, idle, capsys):
    again = replace(TINY, copies=2, edges=(-1.0, 1.0, 9))
    first = holders(tmp_path / again.id)
    assert first.said() == "in"
    assert cli.main(["estimate", str(finished), "--edges", "-1", "1", "9", "--out", str(tmp_path)]) == 2
    assert "is being worked on by process" in capsys.readouterr().err


def test_while_it_runs_the_lock_says_so_and_afterwards_is_gone(tmp_path, monkeypatch):
    def seen(*words, **options):
        assert json.loads((tmp_path / f"{TINY.id}.lock").read_text())["pid"] == os.getpid()
        return execute(*words, **options)

    monkeypatch.setattr(command, "execute", seen)
    assert run("warm-up", "--epochs", "4", out=tmp_path) == 0
    assert names(tmp_path) == ["runs.csv", TINY.id]


# --- the ledger --------------------------------------------------------------------------------------------------------

WRITES = """
import sys
from pathlib import Path
from experiments import attempts
for i in range(20):
    attempts.record(Path(sys.argv[1]), run=f"{sys.argv[2]}-{i}", status="done", reason="because, " * (i + 1))
"""


def test_rows_of_many_writers_are_all_there(tmp_path):
    words = [[sys.executable, "-c", WRITES, str(tmp_path), name] for name in "abcd"]
    writers = [subprocess.Popen(word, cwd=ROOT) for word in words]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    found = [row["run"] for row in attempts.read_ledger(tmp_path)]
    assert sorted(found) == sorted(f"{name}-{i}" for name in "abcd" for i in range(20))
    assert [row for row in found if row.startswith("a")] == [f"a-{i}" for i in range(20)]
    assert (tmp_path / "runs.csv").read_text().count("when,run,id") == 1
    assert names(tmp_path) == ["runs.csv"]


def test_rows_of_many_threads_are_all_there(tmp_path):
    def work(name):
        for i in range(20):
            attempts.record(tmp_path, run=f"{name}-{i}")

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({row["run"] for row in attempts.read_ledger(tmp_path)}) == 80


def test_a_reason_of_many_lines_is_one_row_of_one_line(tmp_path):
    attempts.record(tmp_path, run="warm-up", reason='RuntimeError: "a",\nb\r\n\tc')
    (row,) = attempts.read_ledger(tmp_path)
    assert row["reason"] == 'RuntimeError: "a", b c'
    assert len((tmp_path / "runs.csv").read_text().splitlines()) == 2


HEAD = "when,run,id,data,device,status,reason,seconds,folder\n"


@pytest.mark.parametrize(
    "torn",
    [
        *("2026,warm-up,w-1,simple", "2026,warm-up,w-1,simple,cpu,done,,1.0,w-1", '2026,warm-up,"w-1'),
        *("2026,warm-up\n", "2026,warm-up,w-1,simple,cpu,done,,1.0,w-1,more\n", "2026,warm-up\n2027,b,c,d,e,f,g,h,i\n"),
    ],
)
def test_a_ledger_that_a_crash_has_torn_is_told_before_any_work(tmp_path, idle, capsys, torn):
    (tmp_path / "runs.csv").write_text(HEAD + torn)
    assert run("warm-up", out=tmp_path) == 2
    said = capsys.readouterr().err
    assert re.search(r"runs\.csv' was torn by a crash in the row of '2026': mend or remove that row", said)
    assert (tmp_path / "runs.csv").read_text() == HEAD + torn
    (tmp_path / "runs.csv").write_text(HEAD)  # as it was told
    assert attempts.read_ledger(tmp_path) == []


def test_a_row_after_a_torn_one_is_whole(tmp_path):
    (tmp_path / "runs.csv").write_text(HEAD + "2026,warm-up,w-1,sim")
    attempts.record(tmp_path, run="tishby", status="done")
    assert rows_of(tmp_path)[1]["run"] == "tishby"


@pytest.mark.parametrize("text", ["", HEAD, HEAD.rstrip()])
def test_a_ledger_of_nothing_yet_is_one(tmp_path, text):
    (tmp_path / "runs.csv").write_text(text)
    assert attempts.read_ledger(tmp_path) == []
    attempts.record(tmp_path, run="tishby", status="done")
    assert [row["run"] for row in attempts.read_ledger(tmp_path)] == ["tishby"]


@posix
@pytest.mark.parametrize("kind", ["pipe", "device", "binary", "field", "nul"])
def test_what_is_no_ledger_is_told_before_any_work(tmp_path, idle, capsys, kind):
    path = tmp_path / "runs.csv"
    {
        "pipe": lambda: os.mkfifo(path),
        "device": lambda: path.symlink_to("/dev/zero"),
        "binary": lambda: path.write_bytes(b"\xff\xfe"),
        "field": lambda: path.write_text(HEAD + "a" * 200_000 + "\n"),
        "nul": lambda: path.write_text("\0\n"),
    }[kind]()
    assert run("warm-up", out=tmp_path) == 2
    assert re.search(r"runs\.csv' (cannot be read as|is not) the ledger of runs.*: move it away", capsys.readouterr().err)


def test_a_ledger_that_cannot_be_added_to_keeps_no_run_from_its_end(tmp_path, caplog):
    (tmp_path / "runs.csv").mkdir()
    attempts.record(tmp_path, run="tishby", status="done")
    assert re.search(r"runs\.csv' lacks the row tishby, done \(Is a directory\)", caplog.text)


@posix
def test_who_is_stopped_amid_a_row_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(attempts, "_locked", lambda descriptor: False)
    monkeypatch.setattr(attempts.time, "sleep", lambda seconds: None)
    attempts.record(tmp_path, run="tishby")
    assert [row["run"] for row in attempts.read_ledger(tmp_path)] == ["tishby"]


# --- what is unfinished, and what is finished --------------------------------------------------------------------------


def strange(part, kind, outside):
    """Make the folder one that no run leaves; `outside` must stay as it is."""
    if kind == "a link":
        moved = part.rename(part.with_name("moved"))
        part.symlink_to(moved)
        return moved
    if kind == "snapshots are a link":
        (part / "snapshots").rename(outside / "snapshots")
        (part / "snapshots").symlink_to(outside / "snapshots")
    elif kind == "a link within":
        (part / "plane.csv").symlink_to(outside / "precious")
    elif kind == "a link among the snapshots":
        (part / "snapshots" / "snapshots-00000003.npz").symlink_to(outside / "precious")
    elif kind == "the state is a link":
        (part / "snapshots" / "state.npz").rename(outside / "state.npz")
        (part / "snapshots" / "state.npz").symlink_to(outside / "state.npz")
    elif kind == "a foreign file":
        (part / "thesis.tex").write_text("precious")
    elif kind == "a foreign file among the snapshots":
        (part / "snapshots" / "best.npz").write_text("precious")
    elif kind == "a foreign folder":
        (part / "snapshots" / "old").mkdir()
    elif kind == "a foreign folder of our name":
        (part / "plane.csv").mkdir()
    elif kind == "a pipe":
        os.mkfifo(part / "scores.csv")
    return outside


KINDS = (
    *("a link", "snapshots are a link", "a link within", "a link among the snapshots", "the state is a link"),
    *("a foreign file", "a foreign file among the snapshots", "a foreign folder", "a foreign folder of our name", "a pipe"),
)


def tree(*folders):
    return [
        (path, path.is_symlink(), path.read_bytes() if path.is_file() else None) for one in folders for path in one.rglob("*")
    ]


@posix
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", [["--resume"], [], ["--force"]])
@pytest.mark.parametrize("started", [True, False])
def test_what_no_run_leaves_is_refused_and_nothing_is_deleted(tmp_path, part, idle, capsys, kind, words, started):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    strange(part, kind, outside)
    if not started and kind != "the state is a link":
        (part / "snapshots" / "state.npz").unlink()
    before = tree(tmp_path)
    assert run("warm-up", "--epochs", "4", *words, out=tmp_path) == 2
    assert re.search(r"is a link, or nothing that a run leaves, and nothing is touched: move it away", capsys.readouterr().err)
    assert tree(tmp_path) == before


@posix
def test_a_folder_of_its_name_that_is_another_s_is_not_removed(tmp_path, idle, capsys):
    (tmp_path / f"{TINY.id}.part").mkdir()
    (tmp_path / f"{TINY.id}.part" / "holiday.jpg").touch()
    (tmp_path / "link").mkdir()
    assert run("warm-up", "--epochs", "4", out=tmp_path) == 2
    assert "holiday.jpg' is a link, or nothing that a run leaves" in capsys.readouterr().err
    assert (tmp_path / f"{TINY.id}.part" / "holiday.jpg").exists()


@pytest.mark.parametrize("words", [[], ["--resume"], ["--force"]])
def test_a_result_s_name_that_something_else_has_is_said_before_any_work(tmp_path, idle, capsys, words):
    (tmp_path / TINY.id).mkdir()
    (tmp_path / TINY.id / "holiday.jpg").touch()
    assert run("warm-up", "--epochs", "4", *words, out=tmp_path) == 2
    assert f"'{tmp_path / TINY.id}' is there, and is no result of a run: move it away" in capsys.readouterr().err
    assert (tmp_path / TINY.id / "holiday.jpg").exists()


def test_a_finished_run_is_replaced_by_force_alone(tmp_path, finished, capsys, monkeypatch):
    words, before = ["warm-up", "--epochs", "4", "--copies", "2"], tree(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(command, "execute", lambda *words, **options: pytest.fail("work was done"))
        assert run("tishby", *words, out=tmp_path) == 2
        said = capsys.readouterr().err
        assert re.search(
            rf"'{finished}' holds this run, written 20\d\d-\d\d-\d\d \d\d:\d\d: keep it \(--resume passes over it\), or "
            r"replace it \(--force\)",
            said,
        )
        assert run(*words, "--resume", out=tmp_path) == 0
        assert "was finished before" in capsys.readouterr().out
    assert tree(tmp_path) == before
    assert run(*words, "--force", out=tmp_path) == 0
    assert json.loads((finished / "manifest.json").read_text())["format"] == 1
    assert run(*words, "--resume", "--force", out=tmp_path) == 0  # goes on with what is unfinished, and runs again what is not
    assert [row["status"] for row in rows_of(tmp_path)] == ["done", "done"]


def test_what_was_read_again_is_replaced_by_force_alone(tmp_path, finished, capsys):
    words = ["estimate", str(finished), "--edges", "-1", "1", "9", "--out", str(tmp_path / "out")]
    assert cli.main(words) == 0
    before = tree(tmp_path)
    assert cli.main(words) == 2
    assert "keep it (--resume passes over it), or replace it (--force)" in capsys.readouterr().err
    assert tree(tmp_path) == before
    assert cli.main([*words, "--force"]) == 0
    trained = ["estimate", str(finished), "--edges", "-1", "1", "50", "--out", str(tmp_path), "--force"]
    assert cli.main(trained) == 2  # which took longer
    assert "was trained and read with these edges" in capsys.readouterr().err


# --- how it ends -------------------------------------------------------------------------------------------------------

SIGNALS = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def send(name):
    os.kill(os.getpid(), getattr(signal, name))


def one_line(capsys, name):
    said = capsys.readouterr().err
    word = "interrupted" if name == "SIGINT" else rf"interrupted \({name}\)"
    assert re.search(rf"(^|\n){word}: what was finished before is whole, and --resume goes on with the rest\n$", said)
    assert "Traceback" not in said


@posix
@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_amid_a_run_is_a_row_and_the_run_goes_on_afterwards(tmp_path, monkeypatch, capsys, name):
    from experiments import training

    def stopped(*words, on_epoch, **options):
        return execute(*words, on_epoch=lambda epoch: send(name) if epoch == 3 else None, **options)

    before = [signal.getsignal(getattr(signal, one)) for one in SIGNALS]
    with monkeypatch.context() as patch:
        patch.setattr(training, "EVERY", 0)
        patch.setattr(training, "SHARE", float("inf"))
        patch.setattr(command, "execute", stopped)
        assert run("warm-up", "tishby", "--epochs", "4", out=tmp_path) == 128 + getattr(signal, name)
    one_line(capsys, name)
    assert [signal.getsignal(getattr(signal, one)) for one in SIGNALS] == before
    assert [(row["run"], row["status"]) for row in rows_of(tmp_path)] == [("warm-up", "interrupted")]
    assert names(tmp_path) == ["runs.csv", f"{TINY.id}.part"]
    assert run("warm-up", "--epochs", "4", "--resume", out=tmp_path) == 0
    assert json.loads((tmp_path / TINY.id / "manifest.json").read_text())["resumed"] is True


@posix
@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_between_runs_ends_them(tmp_path, monkeypatch, capsys, name):
    monkeypatch.setattr(command, "_attempt", lambda *words: send(name))
    assert run("warm-up", "tishby", out=tmp_path) == 128 + getattr(signal, name)
    one_line(capsys, name)
    assert names(tmp_path) == []


@posix
@pytest.mark.parametrize("writer", ["savez", "savez_compressed"])
def test_a_signal_while_a_file_is_written_leaves_no_half(tmp_path, monkeypatch, capsys, writer):
    def half(file, **arrays):
        file.write(b"half a file")
        send("SIGTERM")

    monkeypatch.setattr(np, writer, half)
    assert run("warm-up", "--epochs", "1", out=tmp_path) == 143
    one_line(capsys, "SIGTERM")
    assert [row["status"] for row in rows_of(tmp_path)] == ["interrupted"]
    assert list(tmp_path.rglob(".*")) == []
    assert not list(tmp_path.rglob("planes.npz"))


@posix
def test_a_second_signal_does_not_keep_the_first_from_its_end(tmp_path, monkeypatch, capsys):
    real = attempts.discard

    def discard(part):
        send("SIGINT")
        real(part)
        send("SIGTERM")

    def stopped(*words, **options):
        monkeypatch.setattr(attempts, "discard", discard)
        send("SIGINT")

    monkeypatch.setattr(command, "execute", stopped)
    assert run("warm-up", out=tmp_path) == 130
    one_line(capsys, "SIGINT")
    assert [row["status"] for row in rows_of(tmp_path)] == ["interrupted"]
    assert names(tmp_path) == ["runs.csv"]


@posix
def test_a_signal_that_is_ignored_here_stays_so(tmp_path, monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        monkeypatch.setattr(command, "_attempt", lambda *words: send("SIGHUP") or True)
        assert run("warm-up", out=tmp_path) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


@posix
@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_while_the_program_is_loaded_is_its_end_in_one_line(name):
    script = f"""
import os, signal, sys
class Loading:
    def find_spec(self, name, path=None, target=None):
        if name == "experiments.command":
            os.kill(os.getpid(), signal.{name})
sys.meta_path.insert(0, Loading())
from experiments.__main__ import main
sys.exit(main(["list"]))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 128 + getattr(signal, name)
    assert re.fullmatch(r"interrupted.*: what was finished before is whole, and --resume goes on with the rest\n", done.stderr)
    assert done.stdout == ""


@posix
def test_a_process_that_is_told_to_end_ends_well(tmp_path):
    words = ["run", "tishby", "--epochs", "200000", "--record", "10", "--out", str(tmp_path)]
    command = [sys.executable, "-m", "experiments", *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.glob("*.part")) and process.poll() is None:
            pass
        process.terminate()
        said = process.communicate()[1]
    assert process.returncode == 143
    assert said.endswith("interrupted (SIGTERM): what was finished before is whole, and --resume goes on with the rest\n")
    assert "Traceback" not in said
    assert [row["status"] for row in rows_of(tmp_path)] == ["interrupted"]
    assert not list(tmp_path.glob("*.lock"))


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("a\n  b"), "error: a b\n"),
        (PermissionError(13, "Permission denied", "x"), "error: [Errno 13] Permission denied: 'x'\n"),
        (MemoryError(), "error: there is not enough memory\n"),
    ],
)
def test_what_goes_wrong_is_one_line(monkeypatch, capsys, error, line):
    def wrong(argv):
        raise error

    monkeypatch.setattr(command, "main", wrong)
    assert cli.main([]) == 2
    assert capsys.readouterr().err == line


def test_in_another_thread_signals_are_left_as_they_are():
    before = [signal.getsignal(getattr(signal, name)) for name in SIGNALS]
    seen = []

    def work():
        with endings.heard():
            seen.extend(signal.getsignal(getattr(signal, name)) for name in SIGNALS)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == before


def test_what_fastmi_logs_goes_to_standard_error(tmp_path, monkeypatch, capsys):
    def talking(*words):
        logging.getLogger("fastmi").info("an information")
        logging.getLogger("fastmi.engine").warning("a warning")
        logging.getLogger("fastmi").debug("a detail")
        logging.getLogger("another").warning("nothing of ours")
        return True

    monkeypatch.setattr(command, "_attempt", talking)
    assert run("warm-up", out=tmp_path) == 0
    assert capsys.readouterr().err == "an information\na warning\n"
    assert logging.getLogger("fastmi").handlers == []
    assert logging.getLogger("fastmi").level == logging.NOTSET


# --- paths and sizes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["run", "warm-up", "--out", ""],
        ["run", "warm-up", "--out="],
        ["run", "mnist", "--mnist", ""],
        ["estimate", "", "--edges", "0", "1", "9"],
        ["draw", ""],
        ["draw", "x", "--out", ""],
        ["reproduction", "--results", ""],
        ["reproduction", "--times="],
        ["compression", "--out", ""],
    ],
)
def test_a_path_of_nothing_is_refused(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        cli.main(words)
    assert stopped.value.code == 2
    assert "'' is no path: pass the name of a file or folder, or . for this one" in capsys.readouterr().err
    assert names(tmp_path) == []


@posix
def test_a_leading_tilde_is_the_home_folder(tmp_path, monkeypatch, capsys):
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    tried = []
    monkeypatch.setattr(command, "_attempt", lambda record, arguments, out: tried.append(out) or True)
    assert cli.main(["run", "warm-up", "--out=~/x"]) == 0
    assert cli.main(["run", "warm-up", "--out", "a~b/~c"]) == 0
    assert tried == [home / "x", Path("a~b/~c")]
    assert (names(home), names(here)) == (["x"], ["a~b"])
    for words in (["draw", "~/r"], ["estimate", "~/r", "--edges", "0", "1", "9"]):
        assert cli.main(words) == 2
        assert f"RESULT is '{home / 'r'}'" in capsys.readouterr().err
    monkeypatch.setenv(mnist.VARIABLE, "restored afterwards")
    assert cli.main(["run", "mnist", "--mnist=~/m"]) == 2
    assert f"'{home / 'm'}' is neither a folder nor a file" in capsys.readouterr().err
    monkeypatch.setenv(mnist.VARIABLE, "~/n")
    with pytest.raises(mnist.NoMnist, match=f"'{home / 'n'}' is neither"):
        mnist.find()
    assert cli.main(["reproduction", "--results=~/r", "--out=~/page.md"]) == 2
    assert f"results is '{home / 'r'}'" in capsys.readouterr().err


ABSURD = [
    (
        "--copies",
        "1000000000",
        r"1,000,000,000 copies, 1 seeds and 301 recorded of 300 epochs would need about [\d,.]+ .B",
    ),
    ("--seeds", "1000000000", r"with 1 copies, 1,000,000,000 seeds and"),
    ("--epochs", "1000000000000", r"1,000,000,000,001 recorded of 1,000,000,000,000 epochs would need"),
    ("--copies", "9" * 18, "would need about"),
    ("--copies", "9" * 19, r"copies is 9+: it is from 1 to 9,223,372,036,854,775,807"),
    ("--record", "1000000000", r"n_recorded \(--record\) is 1000000000: it is from 1 to 1,048,576"),
    ("--seed", "9" * 25, r"seed is 9+: it is from 0 to"),
]


@pytest.mark.parametrize(("option", "value", "message"), ABSURD)
def test_what_could_never_be_held_is_refused_at_once(tmp_path, idle, capsys, option, value, message):
    out = tmp_path / "out"
    assert run("warm-up", option, value, out=out) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not out.exists()


def test_the_way_out_of_an_absurd_size_is_one(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "_attempt", lambda record, arguments, out: True)
    assert run("warm-up", "--copies", "1000000000", out=tmp_path) == 2
    assert "and this machine has" in capsys.readouterr().err
    assert run("warm-up", "--copies", "100", out=tmp_path) == 0


def test_epochs_that_could_never_be_held_are_refused_by_compression_too(tmp_path, idle, capsys):
    assert cli.main(["compression", "--epochs", "9" * 15, "--out", str(tmp_path / "page.md")]) == 2
    assert "would need about" in capsys.readouterr().err


@pytest.mark.parametrize("n", ["16777217", "10000000000", "9" * 4000])
def test_edges_that_could_never_be_held_are_refused_at_once(tmp_path, finished, idle, capsys, n):
    assert cli.main(["estimate", str(finished), "--edges", "-1", "1", n, "--out", str(tmp_path / "out")]) == 2
    assert "pass LOW below HIGH, and N, a whole number from 2 to 16,777,216" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("value", ["9" * 5000, "-", "--5", "1e3", "²", "0x10", "1_000", " 7", ""])
def test_what_is_no_number_is_refused(tmp_path, capsys, value):
    with pytest.raises(SystemExit) as stopped:
        run("warm-up", f"--epochs={value}", out=tmp_path)
    assert stopped.value.code == 2
    assert "is not a whole number of at least 1" in capsys.readouterr().err


@pytest.mark.parametrize("name", list(CATALOG))
def test_the_catalogue_s_runs_fit_a_small_machine(name, monkeypatch, tmp_path):
    monkeypatch.setattr(sizes, "memory", lambda: 8 * 10**9)
    sizes.check(replace(CATALOG[name], seeds=10, n_recorded=400), tmp_path)


def test_parameters_are_counted_as_they_are():
    run = replace(CATALOG["original"], copies=3, seeds=2)
    n = sum(leaf.numel() for leaf in networks.build(run.network, run.widths, 0).parameters())
    assert sizes.needed(run)["parameters"] == 6 * n * 4 * (3 + 2)  # Adam remembers two numbers of each


def test_snapshots_that_the_disk_cannot_hold_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sizes.shutil, "disk_usage", lambda path: SimpleNamespace(free=10**6))
    with pytest.raises(ValueError, match=r"would leave 0\.0 GB of snapshots, and the disk of .* has 0\.0 GB left: pass"):
        sizes.check(replace(CATALOG["tishby"], copies=10), tmp_path / "not" / "there" / "yet")


def test_where_the_system_does_not_say_its_memory_there_is_no_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(sizes, "memory", lambda: None)
    monkeypatch.setattr(sizes, "_free", lambda out: 10**30)
    sizes.check(replace(TINY, copies=10**9), tmp_path)


@posix
def test_the_memory_is_that_of_the_machine_or_of_its_container(monkeypatch):
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for text, expected in (("max\n", machine), ("1000000\n", 1_000_000), (f"{10**18}\n", machine)):
        monkeypatch.setattr(sizes.Path, "read_text", lambda self, text=text: text)
        assert sizes.memory() == expected
