"""Parts in processes: one that dies, or has no time, is said, and loses nothing."""

from __future__ import annotations

import sys
import time

import pytest

from benchmarks.device import parts
from benchmarks.device.findings import read

PROGRAM = """
import json, pathlib, sys, time
path = pathlib.Path(sys.argv[1])
record = json.loads(path.read_text())
record["parts"][sys.argv[2]] = {"WRONG": %s, "ERROR": [], "cases": {"first": {}}}
path.write_text(json.dumps(record))
%s
"""


@pytest.fixture
def found(tmp_path):
    return tmp_path / "found.json"


@pytest.fixture
def programs(monkeypatch):
    """Programs in place of the parts: name -> what is wrong, and how the process ends."""
    instead = {"facts": ([], "")}

    def started(name, out, rehearsed, log):
        wrong, end = instead[name]
        command = [sys.executable, "-c", PROGRAM % (wrong, end), str(out), name]
        return parts.subprocess.Popen(command, stdout=log, stderr=log)

    monkeypatch.setattr(parts, "_started", started)
    return instead


def test_parts_run_in_their_order_and_all_is_well(programs, found, capsys):
    programs |= {"exact": ([], ""), "runs": ([], "")}
    assert parts.check(["runs", "facts", "exact"], found, {"device": "a device"}) == 0
    record = read(found)
    assert record["device"] == "a device"
    assert list(record["parts"]) == ["facts", "exact", "runs"]
    assert record["parts"]["runs"]["cases"] == {"first": {}}
    assert record["parts"]["runs"]["seconds"] >= 0  # rounded
    assert "0 failed" in capsys.readouterr().out


def test_a_part_that_dies_keeps_what_it_found_and_the_next_begins(programs, found, capsys):
    programs |= {
        "exact": ([], "import os; print('out of memory', flush=True); os.abort()"),
        "times": (["second"], "sys.exit(1)"),
        "runs": ([], ""),
    }
    assert parts.check(["exact", "times", "runs"], found, {}) == 1
    record = read(found)["parts"]
    assert record["exact"]["cases"] == {"first": {}}
    assert record["exact"]["stopped"] == "ended with exit code -6"
    assert "out of memory" in record["exact"]["said"]
    assert "stopped" not in record["times"]
    assert "stopped" not in record["runs"]
    printed = capsys.readouterr().out
    assert "FAILED: exact: ended with exit code -6" in printed
    assert "FAILED: times: WRONG: second" in printed
    assert "2 failed" in printed


def test_a_part_is_ended_when_its_time_is_over(programs, found, monkeypatch):
    programs["exact"] = ([], "time.sleep(60)")
    monkeypatch.setitem(parts.PARTS, "exact", parts.Part(2.0, ""))
    start = time.perf_counter()
    assert parts.check(["exact"], found, {}) == 1
    assert time.perf_counter() - start < 30
    record = read(found)["parts"]["exact"]
    assert record["stopped"] == "its 2 s were over"
    assert record["cases"] == {"first": {}}


def test_a_process_that_does_not_listen_is_killed(programs, found, monkeypatch):
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    programs["exact"] = ([], deaf)
    monkeypatch.setattr(parts, "GRACE_SECONDS", 0.2)
    monkeypatch.setitem(parts.PARTS, "exact", parts.Part(2.0, ""))
    assert parts.check(["exact"], found, {}) == 1


def test_a_part_without_time_says_so(programs, found, capsys):
    assert parts.check(["facts", "exact"], found, {}, limit=5) == 1
    record = read(found)["parts"]
    assert record["facts"] == record["exact"] == {"stopped": "no time was left"}
    assert "== exact: not begun, no time was left" in capsys.readouterr().out


def test_a_part_that_fails_without_a_word_is_no_success(programs, found):
    programs["exact"] = ([], "sys.exit(1)")
    assert parts.check(["exact"], found, {}) == 1
    assert read(found)["parts"]["exact"]["stopped"] == "ended with exit code 1"


def test_a_place_that_cannot_be_written_is_said_before_anything_runs(tmp_path, programs):
    programs.clear()
    with pytest.raises(IsADirectoryError):
        parts.check(["facts"], tmp_path, {})


def test_the_parts_have_less_than_ten_minutes_and_all_together_six():
    assert parts.LIMIT_SECONDS == 360
    assert list(parts.PARTS) == ["facts", "exact", "times", "kernels", "runs", "tests"]
    assert max(part.seconds for part in parts.PARTS.values()) < 180
