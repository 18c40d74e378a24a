"""The program: what goes wrong is one line, and what is logged is said."""

import logging
import re

import pytest

import fastmi
from experiments import __main__ as cli
from experiments.commands import parser
from experiments.commands import run as run_command
from tests.outputs import unread
from tests.runs import run

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("a\n  b"), "error: a b\n"),
        (
            PermissionError(13, "Permission denied", "x"),
            "error: [Errno 13] Permission denied: 'x'\n",
        ),
        (MemoryError(), "error: there is not enough memory\n"),
    ],
)
def test_what_goes_wrong_is_one_line(monkeypatch, capsys, error, line):
    def wrong(*words, loaded):
        raise error

    monkeypatch.setattr(parser, "main", wrong)
    assert cli.main([]) == 2
    assert capsys.readouterr().err == line


@pytest.mark.parametrize("prog", ["python -m experiments", "fastmi"])
def test_what_is_typed_before_the_words_is_named(prog, tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["run", "--help"], prog)
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: {prog} run [-h]")
    assert cli.main(["run", "exp-9", "--out", str(tmp_path / "out")], prog) == 2
    assert f"({prog} list)" in capsys.readouterr().err
    assert cli.main(["reproduction", "--results", str(tmp_path / "none")], prog) == 2
    assert f"no finished run: {prog} run all --seeds 10 first" in capsys.readouterr().err
    page = tmp_path / "compression.md"
    words = ["compression", "--seeds", "1", "--epochs", "1", "--out", str(page)]
    assert cli.main(words, prog) == 0
    assert f"Written by `{prog} compression --seeds 1 --epochs 1`" in page.read_text()


def test_usage_lists_what_the_program_has_besides(capsys):
    for words in (["--help"], ["--version"]):
        with pytest.raises(SystemExit) as left:
            cli.main(words, "fastmi", {"bench": "what it does"})
        assert left.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith("usage: fastmi [-h] [--version] COMMAND")
    assert re.search(r"\n +bench +what it does\n", said)
    assert said.endswith(f"fastmi {fastmi.__version__}\n")


def test_what_fastmi_logs_goes_to_standard_error(tmp_path, monkeypatch, capsys):
    logging.getLogger("another").addHandler(logging.NullHandler())  # heard by who asks for all

    def talking(*words):
        logging.getLogger("fastmi").info("an information")
        logging.getLogger("fastmi.engine").warning("a warning")
        logging.getLogger("fastmi").debug("a detail")
        logging.getLogger("another").warning("nothing of ours")
        return True

    monkeypatch.setattr(run_command, "_attempt", talking)
    assert run("warm-up", out=tmp_path) == 0
    assert capsys.readouterr().err == "an information\na warning\n"
    assert logging.getLogger("fastmi").handlers == []
    assert logging.getLogger("fastmi").level == logging.NOTSET


@pytest.mark.parametrize("words", [["list"], ["--help"]])
def test_where_nobody_reads_it_ends_without_a_word(words, capsys):
    with unread():
        assert cli.main(words) == 141
    assert capsys.readouterr().err == ""


def test_another_pipe_that_breaks_is_said(monkeypatch, capsys):
    def wrong(*words, loaded):
        raise BrokenPipeError(32, "Broken pipe", "out.html")

    monkeypatch.setattr(parser, "main", wrong)
    monkeypatch.setattr(cli.printing, "unread", lambda error: False)
    assert cli.main([]) == 2
    assert capsys.readouterr().err == "error: [Errno 32] Broken pipe: 'out.html'\n"
