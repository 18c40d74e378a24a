"""The program: what goes wrong is one line, and what is logged is said."""

import logging

import pytest

from experiments import __main__ as cli
from experiments.commands import parser
from experiments.commands import run as run_command
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
    def wrong(argv, loaded):
        raise error

    monkeypatch.setattr(parser, "main", wrong)
    assert cli.main([]) == 2
    assert capsys.readouterr().err == line


def test_what_fastmi_logs_goes_to_standard_error(tmp_path, monkeypatch, capsys):
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
