"""No guard is dead: every error that fastmi can make is made by a test.

Run last, and only where all tests run.
"""

import builtins
from pathlib import Path
from types import SimpleNamespace

import pytest

import fastmi
from tests import fired, workers

PACKAGE = Path(fastmi.__file__).parent


def test_every_error_is_made_by_a_test(whole_suite):
    if not whole_suite:
        pytest.skip(
            "only some of the tests were chosen, or several processes share them: then it "
            "is judged when all have ended (tests/conftest.py)"
        )
    assert fired.silent(PACKAGE) == []


def test_errors_that_nothing_makes_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(builtins, fired.NOTE, set())
    folder = tmp_path / "some"
    folder.mkdir()
    source = "\n".join(
        [
            "def one(x):",
            "    if x:",
            "        raise ValueError(x)",
            "    try:",
            "        raise TypeError('never')",
            "    except TypeError:",
            "        raise",
            "def other():",
            "    return KeyError('made here')",
        ]
    )
    (folder / "__init__.py").write_text(source)
    assert fired.silent(folder) == [("some", 3), ("some", 5), ("some", 9)]
    space = {}
    exec(fired.noted("some", source, "some.py"), space)
    with pytest.raises(ValueError, match="1") as caught:
        space["one"](1)
    # counted from 0: the line that raises, as it stands in the file
    assert caught.traceback[-1].lineno == 2
    assert fired.silent(folder) == [("some", 5), ("some", 9)]
    assert isinstance(space["other"](), KeyError)
    assert fired.silent(folder) == [("some", 5)]


def test_the_package_was_read_with_notes(monkeypatch):
    monkeypatch.setattr(builtins, fired.NOTE, set())
    before = fired.silent(PACKAGE)
    with pytest.raises(ValueError, match="base must be"):
        fastmi.entropy([0, 1], base=0.5)
    ((module, line),) = set(before) - set(fired.silent(PACKAGE))
    assert module == "fastmi.information"
    assert "base must be" in line_of((module, line))
    assert len(before) > 200


def line_of(place):
    module, number = place
    return (PACKAGE.parent / f"{module.replace('.', '/')}.py").read_text().splitlines()[number - 1]


def of_worker(whole, places):
    config = SimpleNamespace(workeroutput={})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(builtins, fired.NOTE, set(places))
        workers.tell(config, whole)
    return config


def judged(*nodes):
    judge, session = workers.Workers(), SimpleNamespace(exitstatus=0)
    for node in nodes:
        judge.pytest_testnodedown(node, None)
    judge.pytest_sessionfinish(session)
    return session.exitstatus


def test_of_several_processes_all_errors_together_are_judged(monkeypatch, capsys):
    monkeypatch.setattr(builtins, fired.NOTE, set())
    every = fired.silent(PACKAGE)
    some, others = every[::2], every[1::2]
    assert judged(of_worker(True, some), of_worker(True, others)) == 0
    assert judged(of_worker(True, some), of_worker(True, others[1:])) == 1
    assert f"errors that no test makes: [{others[0]}]" in capsys.readouterr().out
    assert judged(of_worker(False, some), SimpleNamespace()) == 0
