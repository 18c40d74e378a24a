"""What was aimed at, and why it was missed."""

from __future__ import annotations

from benchmarks import curves, page, targets
from benchmarks.cases import CASES


def test_every_target_names_a_case_and_a_candidate_of_it():
    candidates = {case.name: set(case.candidates) for case in CASES} | {
        "threads": {"fastmi, one thread"},
        "threads-busy": {"fastmi, one thread"},
    }
    assert {"threads", "threads-busy"} <= {curve.name for curve in curves.CURVES}
    for target in targets.TARGETS:
        assert target.against is None or target.against in candidates[target.case], target


def test_a_target_that_is_missed_says_why(record, tmp_path, monkeypatch):
    quick, slow, unknown = (
        targets.Target("wide", "pandas", 39.0),
        targets.Target("wide", None, 0.5, why="the table is cold"),
        targets.Target("nowhere", "pandas", 1.0),
    )
    record["cases"][0]["name"] = "wide"
    record["cases"][0]["read"]["share"] = 0.25
    record["cases"][0]["candidates"][1]["ratio"]["median"] = 39.2
    monkeypatch.setattr(targets, "TARGETS", (quick, slow, unknown))
    assert list(targets.reached(record)) == [(quick, 39.2), (slow, 0.25)]
    text = page.page([record], {}, tmp_path)
    assert "| wide | pandas | 39 times | 39 times | reached |" in text
    assert "| wide | what memory read once allows | 50% | 25% | missed: the table is cold |" in text
    assert "nowhere" not in text


def test_a_target_on_a_curve(record):
    """Beside what the record holds, two threads that are 1.7 times faster than one."""
    alone = {"name": "fastmi, one thread", "ratio": {"median": 1.7}}
    points = [
        {"at": 1, "candidates": [], "read": None},
        {"at": 2, "candidates": [alone], "read": None},
    ]
    record = record | {"curves": [{"name": "threads", "points": points}]}
    assert [
        (target.at, ratio) for target, ratio in targets.reached(record) if target.case == "threads"
    ] == [(2, 1.7)]
