"""What was found is in the file before the next case begins, whatever becomes of it."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest

from benchmarks.device import findings
from benchmarks.report import write_json


@pytest.fixture
def path(tmp_path):
    write_json(tmp_path / "found.json", {"device": "a device", "parts": {"facts": {"seconds": 1}}})
    return tmp_path / "found.json"


def raised():
    raise ValueError("no room\n" + "x" * 1000)


def test_each_case_is_written_as_it_is_found(path, capsys):
    there = []

    def looks():
        there.append(list(findings.read(path)["parts"]["exact"]["cases"]))
        return {"equal": True}

    assert findings.write_all([("one", looks), ("two", looks)], path, "exact")
    assert there == [[], ["one"]]
    assert findings.read(path)["parts"].keys() == {"facts", "exact"}
    assert capsys.readouterr().out.splitlines()[-1] == "exact: WRONG: nothing"


def test_what_is_wrong_or_broken_is_named_and_the_next_case_goes_on(path, capsys):
    wrong = {"equal": {"codes": True, "tally": False}}
    cases = [
        ("broken", raised),
        ("wrong", lambda: wrong),
        ("unwritable", lambda: {"an array": np.zeros(3)}),
        ("right", lambda: {"equal": {"codes": True}}),
    ]
    assert not findings.write_all(cases, path, "exact")
    record = findings.read(path)
    part = record["parts"]["exact"]
    assert (part["WRONG"], part["ERROR"]) == (["wrong"], ["broken", "unwritable"])
    assert part["cases"]["broken"]["error"].startswith("ValueError: no room")
    assert len(part["cases"]["broken"]["error"]) < 400
    assert part["cases"]["broken"]["at"].startswith("test_findings.py:")
    assert "TypeError" in part["cases"]["unwritable"]["error"]
    assert part["cases"]["right"]["equal"] == {"codes": True}
    assert findings.failures(record) == [
        "exact: WRONG: wrong",
        "exact: ERROR: broken",
        "exact: ERROR: unwritable",
    ]
    printed = capsys.readouterr()
    assert "exact: WRONG: ['wrong']" in printed.out
    assert "no room" in printed.err


def test_an_error_within_a_library_is_placed_where_we_called_it():
    record = findings.guarded(partial(json.loads, "{"))
    assert record["at"].startswith("findings.py:")


def test_a_part_that_was_stopped_is_a_failure():
    record = {"parts": {"times": {"stopped": "its 100 s were over"}, "facts": {"WRONG": []}}}
    assert findings.failures(record) == ["times: its 100 s were over"]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"equal": True}, False),
        ({"equal": False}, True),
        ({"a": {"equal": {"b": {"c": False}}}}, True),
        ({"kernels": False, "n": 0, "equal": {"n": True}}, False),
    ],
)
def test_unequal_is_a_false_below_equal(record, expected):
    assert findings.unequal(record) == expected
