"""All is said in order, and what is wrong before anything is measured."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import cold, command, limits, running
from benchmarks.cases import CASES, Case
from benchmarks.curves import Curve, layer_race
from benchmarks.labels import LabelCase
from benchmarks.peers import peers
from tests.benchmarks.small import TINY
from tests.outputs import unread


@pytest.fixture
def tiny(monkeypatch):
    """Two cases and a curve that are done in no time."""
    names = tuple(peer.name for peer in peers())
    few = LabelCase("few", 200)
    cases = (
        Case("tiny", TINY.description, TINY.race, candidates=names),
        Case("few", few.description, few.race, scale="nats", candidates=names),
    )
    curve = Curve(
        "samples",
        "one small layer",
        "samples",
        lambda quick: iter([(n, layer_race(1, n, 2, 100)) for n in (50, 100)]),
    )
    monkeypatch.setattr(running, "CASES", cases)
    monkeypatch.setattr(running, "CURVES", (curve,))
    monkeypatch.setattr(running, "limits", lambda: limits.Limits(1 << 20, 5e9, 4e9))
    monkeypatch.setattr(running, "cold", lambda: cold.Cold(0.5, 12.0, 0.25, 0.001))
    monkeypatch.setattr(running, "QUICK", {"rounds": 2, "patience": 0.0})
    monkeypatch.setattr(running, "CURVE", {"rounds": 1, "patience": 0.0})


def test_everything_is_said_in_order_and_written(tiny, capsys, tmp_path):
    assert command.main(["--quick", "--json", str(tmp_path / "out.json")]) == 0
    printed = capsys.readouterr().out
    order = [
        "at the start: ",
        "a sum reads 5.0 GB/s",
        "12.0 s while kernels are compiled",
        "answers agree",
        "median per run",
    ]
    order += ["np.digitize", "not run: ", "of what memory read once allows", "over samples"]
    assert [printed.index(words) for words in order] == sorted(
        printed.index(words) for words in order
    )
    assert "fastmi is" in printed
    written = json.loads((tmp_path / "out.json").read_text())
    case, _ = written["cases"]
    assert case["largest_difference"] <= 1e-12
    first, *others = case["candidates"]
    assert {len(candidate["seconds"]) for candidate in others} == {1}
    assert len(first["seconds"]) == len(others)
    assert {*(candidate["name"] for candidate in case["candidates"]), *case["absent"]} == {
        peer.name for peer in peers()
    }
    assert case["read"]["bytes"] == 2 * 64 * (5 + 2) * 4
    assert case["read"]["share"] == pytest.approx(
        case["read"]["bytes"] / case["candidates"][0]["median"] / 5e9
    )
    assert [point["at"] for point in written["curves"][0]["points"]] == [50, 100]
    assert [len(point["candidates"]) for point in written["curves"][0]["points"]] == [3, 1]
    assert written["cold"]["compiling"] == 12.0
    assert written["machine"]["versions"]["numpy"] == np.__version__
    for name, reason in written["not_here"].items():
        assert f"not here: {name}: {reason}\n" in printed


def test_only_what_is_named_is_run(tiny, capsys, tmp_path):
    assert command.main(["few", "--quick", "--json", str(tmp_path / "out.json")]) == 0
    written = json.loads((tmp_path / "out.json").read_text())
    assert [case["name"] for case in written["cases"]] == ["few"]
    assert (written["curves"], written["cold"]) == ([], None)


def test_a_wrong_peer_stops_and_no_time_is_printed(tiny, monkeypatch, capsys, tmp_path):
    right, *others = peers()
    wrong = replace(
        others[1], plane=lambda x, y, edges: lambda layers: right.plane(x, y, edges)(layers) + 1e-9
    )
    monkeypatch.setattr("benchmarks.peers.peers", lambda names: (right, wrong, *others[2:]))
    assert command.main(["tiny", "--quick", "--json", str(tmp_path / "out.json")]) == 1
    printed = capsys.readouterr()
    assert f"{wrong.name} differs from fastmi by 1e-09" in printed.err
    assert "median" not in printed.out
    assert not list(tmp_path.iterdir())


def test_an_unknown_case_is_named_with_the_options(capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(["segments-31"])
    assert stop.value.code == 2
    assert (
        "unknown case 'segments-31': choose from segments-30, segments-3000,"
        in capsys.readouterr().err
    )


def test_help_lists_the_cases(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "900")  # so that no name is broken at a hyphen
    with pytest.raises(SystemExit) as stop:
        command.main(["--help"])
    assert stop.value.code == 0
    names = [case.name for case in CASES]
    assert "cases: " + ", ".join(names) in capsys.readouterr().out
    assert {
        "segments-30",
        "one-layer",
        "wide",
        "labels",
        "exp-1",
        "exp-2",
        "exp-2-readings",
        "exp-3",
        "exp-4",
    } <= set(names)
    assert len(set(names)) == len(names)


def test_a_file_that_cannot_be_written_is_said_before_anything_is_measured(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(running, "_run", lambda *arguments: pytest.fail("work was done"))
    assert command.main(["one-layer", "--json", str(tmp_path)]) == 2
    assert "is a folder: pass the name of a file" in capsys.readouterr().err


def test_cases_that_nobody_reads_end_without_a_word(tiny, capsys):
    with unread():
        assert command.main(["--quick"]) == 141
    assert capsys.readouterr().err == ""


def test_the_name_under_which_it_was_called_is_said(monkeypatch, capsys):
    monkeypatch.setattr(running, "PROG", "fastmi bench")
    with pytest.raises(SystemExit):
        command.main(["--help"])
    usage = capsys.readouterr().out
    assert usage.startswith("usage: fastmi bench [-h]")
    assert "Also: fastmi bench COMMAND" in " ".join(usage.split())
