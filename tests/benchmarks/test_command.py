"""The command: every one that it names is there, and is loaded when it is asked for alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks import command
from tests import ROOT
from tests.outputs import unread


@pytest.mark.parametrize("name", command.COMMANDS)
def test_every_command_helps(name, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main([name, "--help"])
    assert stop.value.code == 0
    assert f" {name} " in capsys.readouterr().out.splitlines()[0]


def test_the_command_loads_nothing_that_was_not_asked_for():
    code = "import sys, benchmarks.command; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert "benchmarks.timing" in loaded
    assert {"torch", "sklearn", "scipy", "matplotlib", "pandas"} & set(loaded) == set()


@pytest.mark.parametrize("words", [["report", "--help"], ["--help"]])
def test_where_nobody_reads_it_ends_without_a_word(words, capsys):
    with unread():
        assert command.main(words) == 141
    assert capsys.readouterr().err == ""
