"""pytest-benchmark runs the same cases, which agree first."""

from __future__ import annotations

import tomllib

import pytest

from benchmarks import bench_cases
from benchmarks.cases import CASES, Case
from benchmarks.timing import Disagreement, Race
from tests import ROOT
from tests.benchmarks.small import SHORT


def test_the_benchmarks_are_those_of_the_cases_and_agree_first():
    entries = [(param.values[0].name, param.values[1]) for param in bench_cases.ENTRIES]
    assert len(set(entries)) == len(entries)
    assert {name for name, _ in entries} == {case.name for case in CASES}
    small = next(case for case in CASES if case.name == "joint-rows")
    race = bench_cases.agreed(small)
    assert set(small.candidates) == {*race.candidates, *race.absent}
    with pytest.raises(Disagreement):
        bench_cases.agreed(
            Case("wrong", "must fail", lambda quick: Race({"one": lambda: 1.0, "two": lambda: 2.0}))
        )


@pytest.mark.parametrize("case", SHORT[:1], ids=lambda case: case.name)
def test_the_names_of_a_run_are_those_of_its_candidates(case):
    candidates = {case.name: case.candidates for case in CASES}
    assert tuple(case.race(quick=True).candidates) == candidates[case.name]
    assert tuple(case.readings(quick=True).candidates) == candidates["exp-2-readings"]


def test_the_ordinary_pytest_collects_no_benchmark():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert options["testpaths"] == ["tests", "fastmi"]
    assert not list((ROOT / "benchmarks").rglob("test_*.py"))
