"""However a run ends, by a signal too, it is a row, and nothing half is left."""

import json
import os
import re
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from experiments import __main__ as cli
from experiments import in_progress, rereading, signals, work
from experiments.commands import parser
from experiments.commands import run as run_command
from experiments.execution import execute
from tests import ROOT
from tests.runs import TINY, estimate, names, rows_of, run

posix = pytest.mark.skipif(os.name != "posix", reason="links, signals and locks of POSIX")


pytestmark = pytest.mark.usefixtures("undrawn")


SIGNALS = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def send(name):
    os.kill(os.getpid(), getattr(signal, name))


def one_line(capsys, name):
    said = capsys.readouterr().err
    word = "interrupted" if name == "SIGINT" else rf"interrupted \({name}\)"
    assert re.search(
        rf"(^|\n){word}: what was finished before is whole, and --resume goes on with the rest\n$",
        said,
    )
    assert "Traceback" not in said


@posix
@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_amid_a_run_is_a_row_and_the_run_goes_on_afterwards(
    tmp_path, monkeypatch, capsys, name
):
    from experiments import training

    def stopped(*words, on_epoch, **options):
        return execute(*words, on_epoch=lambda epoch: send(name) if epoch == 3 else None, **options)

    before = [signal.getsignal(getattr(signal, one)) for one in SIGNALS]
    with monkeypatch.context() as patch:
        patch.setattr(training, "CHECKPOINT_SECONDS", 0)
        patch.setattr(training, "CHECKPOINT_SHARE", float("inf"))
        patch.setattr(work, "execute", stopped)
        assert run("warm-up", "tishby", "--epochs", "4", out=tmp_path) == 128 + getattr(
            signal, name
        )
    one_line(capsys, name)
    assert [signal.getsignal(getattr(signal, one)) for one in SIGNALS] == before
    assert [(row["run"], row["status"]) for row in rows_of(tmp_path)] == [
        ("warm-up", "interrupted")
    ]
    assert names(tmp_path) == ["attempts", f"{TINY.id}.part"]
    assert run("warm-up", "--epochs", "4", "--resume", out=tmp_path) == 0
    assert json.loads((tmp_path / TINY.id / "manifest.json").read_text())["resumed"] is True


class Dropping:
    """Is told to end in its destructor, where Python drops what is raised."""

    def __init__(self, name):
        self.name = name

    def __del__(self):
        send(self.name)


@posix
@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("at", [1, 4])
def test_a_signal_that_python_drops_ends_a_run(tmp_path, monkeypatch, capsys, name, at):
    def stopped(*words, on_epoch, **options):
        def dropping(epoch):
            on_epoch(epoch)
            if epoch == at:
                Dropping(name)

        return execute(*words, on_epoch=dropping, **options)

    shown = []
    monkeypatch.setattr(sys, "unraisablehook", shown.append)
    monkeypatch.setattr(work, "execute", stopped)
    assert run("warm-up", "tishby", "--epochs", "4", out=tmp_path) == 128 + getattr(signal, name)
    one_line(capsys, name)
    assert [row["status"] for row in rows_of(tmp_path)] == ["interrupted"]
    assert shown == []


@posix
def test_a_signal_that_python_drops_between_runs_ends_them(tmp_path, monkeypatch, capsys):
    real = run_command.tell
    monkeypatch.setattr(run_command, "tell", lambda *words: real(*words) or Dropping("SIGINT"))
    assert run("warm-up", "tishby", "--epochs", "1", out=tmp_path) == 130
    one_line(capsys, "SIGINT")
    assert [row["status"] for row in rows_of(tmp_path)] == ["done"]


@posix
def test_a_signal_that_python_drops_ends_a_reading(tmp_path, monkeypatch, capsys):
    assert run("warm-up", "--epochs", "1", out=tmp_path) == 0
    (trained,) = [path for path in tmp_path.iterdir() if path.name != "attempts"]
    before = names(trained)

    def stopped(*words, **options):
        Dropping("SIGTERM")
        return execute(*words, **options)

    monkeypatch.setattr(rereading, "execute", stopped)
    assert estimate(trained, "--edges", "-1", "1", "5") == 143
    one_line(capsys, "SIGTERM")
    assert names(trained) == before


@posix
def test_a_signal_that_python_drops_is_said_at_the_end(monkeypatch, capsys):
    monkeypatch.setattr(parser, "main", lambda *words, **options: Dropping("SIGTERM") and 0)
    assert cli.main(["list"]) == 143
    one_line(capsys, "SIGTERM")


def test_what_else_python_drops_is_shown_as_before(monkeypatch):
    shown = []
    monkeypatch.setattr(sys, "unraisablehook", lambda dropped: shown.append(dropped.exc_value))

    class Failing:
        def __del__(self):
            raise ValueError("of somebody else")

    with signals.heard():
        Failing()
    assert [str(error) for error in shown] == ["of somebody else"]


@posix
@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_between_runs_ends_them(tmp_path, monkeypatch, capsys, name):
    monkeypatch.setattr(run_command, "_attempt", lambda *words: send(name))
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
    real = in_progress.discard

    def discard(part):
        send("SIGINT")
        real(part)
        send("SIGTERM")

    def stopped(*words, **options):
        monkeypatch.setattr(work, "discard", discard)
        send("SIGINT")

    monkeypatch.setattr(work, "execute", stopped)
    assert run("warm-up", out=tmp_path) == 130
    one_line(capsys, "SIGINT")
    assert [row["status"] for row in rows_of(tmp_path)] == ["interrupted"]
    assert names(tmp_path) == ["attempts"]


@posix
def test_a_signal_that_is_ignored_here_stays_so(tmp_path, monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        monkeypatch.setattr(run_command, "_attempt", lambda *words: send("SIGHUP") or True)
        assert run("warm-up", out=tmp_path) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


@posix
@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize(("module", "words"), [("parser", ["list"]), ("run", ["run", "nothing"])])
def test_a_signal_while_the_program_is_loaded_is_its_end_in_one_line(name, module, words):
    script = f"""
import os, signal, sys
class Loading:
    def find_spec(self, name, path=None, target=None):
        if name == "experiments.commands.{module}":
            os.kill(os.getpid(), signal.{name})
sys.meta_path.insert(0, Loading())
from experiments.__main__ import main
sys.exit(main({words}))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 128 + getattr(signal, name)
    assert re.fullmatch(
        r"interrupted.*: what was finished before is whole, and --resume goes on with the rest\n",
        done.stderr,
    )
    assert done.stdout == ""


@posix
def test_a_process_that_is_told_to_end_ends_well(tmp_path):
    words = ["run", "tishby", "--epochs", "200000", "--record", "10", "--out", str(tmp_path)]
    command = [sys.executable, "-m", "experiments", *words]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while not list(tmp_path.glob("*.part")) and process.poll() is None:
            pass
        process.terminate()
        said = process.communicate()[1]
    assert process.returncode == 143
    assert said.endswith(
        "interrupted (SIGTERM): what was finished before is whole, and --resume goes on with the "
        "rest\n"
    )
    assert "Traceback" not in said
    assert [row["status"] for row in rows_of(tmp_path)] == ["interrupted"]
    assert not list(tmp_path.glob("*.lock"))


def test_in_another_thread_signals_are_left_as_they_are():
    before = [signal.getsignal(getattr(signal, name)) for name in SIGNALS]
    seen = []

    def work():
        with signals.heard():
            seen.extend(signal.getsignal(getattr(signal, name)) for name in SIGNALS)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == before
