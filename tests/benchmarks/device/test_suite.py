"""The tests as a part: their log is read, of a run that was killed too."""

from __future__ import annotations

from benchmarks.device import suite

ALONE = """\
collecting ... collected 3 items
tests/a.py::test_one[x y-1] PASSED [ 25%]
tests/a.py::test_two FAILED [ 50%]
tests/b.py::test_three SKIPPED (no CUDA device here) [ 75%]
=========== 1 failed, 1 passed, 1 skipped in 1.00s ===========
"""
OF_WORKERS = """\
[gw0] [ 25%] PASSED tests/a.py::test_one[x y-1]
[gw1] [ 50%] ERROR tests/a.py::test_two
[gw1] [ 75%] PASSED tests/b.py::test_three
"""


def test_outcomes_are_counted_and_failures_named():
    assert suite.summary(ALONE) == {
        "WRONG": ["tests/a.py::test_two"],
        "outcomes": {"PASSED": 1, "FAILED": 1, "SKIPPED": 1},
        "last_line": "1 failed, 1 passed, 1 skipped in 1.00s",
    }


def test_what_a_run_came_to_before_it_was_killed_is_counted():
    found = suite.summary(OF_WORKERS)
    assert found["outcomes"] == {"PASSED": 2, "ERROR": 1}
    assert found["WRONG"] == ["tests/a.py::test_two"]
    assert suite.summary("")["outcomes"] == {}


def test_the_command_takes_the_tests_of_a_gpu_and_lets_other_versions_warn(monkeypatch):
    monkeypatch.setattr(suite.importlib.util, "find_spec", lambda name: None)
    command = suite.command(rehearsed=False)
    assert command[-3:] == ["-m", "gpu", "tests"]
    assert command[command.index("-W") + 1] == "default"
    assert "-n" not in command
    monkeypatch.setattr(suite.importlib.util, "find_spec", lambda name: name)
    command = suite.command(rehearsed=False)
    assert command[command.index("-n") + 1] == "6"
    assert command[command.index("--timeout") + 1] == "60"
    assert suite.command(rehearsed=True)[-1] == suite.REHEARSED
