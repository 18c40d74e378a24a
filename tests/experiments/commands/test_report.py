"""The page that `report` writes of finished runs, and what it refuses."""

import sys

import pytest

from experiments import __main__ as cli
from fastmi.pages import document
from tests.runs import estimate
from tests.unpacked import unpacked


def report(*words):
    return cli.main(["report", *map(str, words)])


def test_a_run_becomes_a_page(short_runs, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert report(short_runs["seeds"].parent, "--out", page) == 0
    assert capsys.readouterr().out.startswith(f"written: {page} (2.")
    data = unpacked(page.read_text(encoding="utf-8"))
    assert [one["name"] for one in data["switches"]] == ["sample", "seed"]
    assert page.stat().st_size < 6_000_000


def test_all_that_was_read_of_it_is_shown(today, tmp_path, capsys, undrawn):
    assert estimate(today, "--measure", "per-unit", "--measure", "vector-quantized") == 0
    assert report(today, "--out", tmp_path / "page.html") == 0
    data = unpacked((tmp_path / "page.html").read_text(encoding="utf-8"))
    (measures,) = [one["values"] for one in data["switches"] if one["name"] == "measure"]
    assert len(measures) == 3
    readings = sorted(path for path in today.iterdir() if (path / "plane.csv").exists())
    assert report(readings[0], readings[1], "--out", tmp_path / "two.html") == 0
    data = unpacked((tmp_path / "two.html").read_text(encoding="utf-8"))
    assert [len(one["values"]) for one in data["switches"]] == [2, 2]


def test_what_was_read_unit_by_unit_has_its_maps(today, tmp_path, undrawn):
    assert estimate(today, "--measure", "per-unit") == 0
    page = tmp_path / "page.html"
    assert report(today, "--out", page) == 0
    text = page.read_text(encoding="utf-8")
    assert "after step 2, the last; held-out sample" in text
    maps = unpacked(text)["units"]
    assert [(one["layer"], len(one["units"])) for one in maps] == [("layer 1", 5), ("output", 1)]
    (today / "snapshots" / "state.npz").unlink()
    assert report(today, "--out", page) == 0
    text = page.read_text(encoding="utf-8")
    assert "What each unit knows of each class is not shown: the last snapshot of" in text
    assert unpacked(text)["units"] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "RESULT is 'nowhere', which is no folder that `run` left"),
        (["{warm-up}", "{ten}"], "of another run than warm-up-"),
        (["{warm-up}", "{warm-up}"], "RESULT is given twice: warm-up-"),
        (["{warm-up}", "--mnist", "nowhere"], "'nowhere' is neither a folder nor a file"),
        (["{warm-up}", "--out", "page.png"], "out is 'page.png': the name of a page ends in .html"),
        (["{warm-up}", "--out", "no/page.html"], "there is no folder 'no': make it first"),
        (["{warm-up}", "--out", "folder.html"], "out is 'folder.html', which is a folder"),
    ],
)
def test_what_cannot_be_shown_is_said(short_runs, tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.html").mkdir()
    assert report(*(word.format(**short_runs) for word in words)) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.rglob("*")] == ["folder.html"]


def test_without_plotly_the_extra_is_named(short_runs, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    document._plotly.cache_clear()
    assert report(short_runs["warm-up"], "--out", tmp_path / "page.html") == 2
    assert "error: Plotly is not installed" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
