"""An analysis is one file and one row, and is asked for by its name."""

import re
import sys
from dataclasses import dataclass
from types import ModuleType

import pytest

from experiments import __main__ as cli
from experiments import analyses, pages
from experiments.analyses.analysis import Analysis
from experiments.catalog import CATALOG
from experiments.results import read
from tests import runs
from tests.experiments.shortened import page_of
from tests.runs import reading_of, trained, undraw


def test_every_row_is_a_file_that_can_be_loaded():
    for name, row in analyses.ANALYSES.items():
        assert isinstance(analyses.load(name), Analysis)
        assert row.run in CATALOG
        assert row.about
    with pytest.raises(
        ValueError, match="analyses names 'astrology': the analyses are compression, stopping"
    ):
        analyses.load("astrology")


@dataclass(frozen=True)
class Third(Analysis):
    columns = ("seed", "end")

    def rows(self, result):
        return [
            {"seed": plane.seed, "end": float(plane.i_xt[-1, 0, -1])}
            for plane in result.planes
            if plane.sample == "training"
        ]

    def table(self, run, rows):
        return [f"{row['seed']}: {row['end']!r}" for row in rows]


@pytest.fixture
def third(monkeypatch):
    """One file, and one row."""
    module = ModuleType("experiments.analyses.third")
    module.ANALYSIS = Third()
    monkeypatch.setitem(sys.modules, "experiments.analyses.third", module)
    monkeypatch.setitem(
        analyses.ANALYSES, "third", analyses.Row("warm-up", "where the output ends")
    )


def test_a_third_analysis_is_one_file_and_one_row(third, tmp_path, analysed, monkeypatch, capsys):
    undraw(monkeypatch)
    planes = read(analysed["seed 0"]).planes
    end = next(plane.i_xt[-1, 0, -1] for plane in planes if plane.sample == "training")
    page = page_of(tmp_path, "third", analysed["seed 0"])
    assert page.startswith("# `tishby`\n\nWritten by `python -m experiments third ")
    assert page.endswith(f"\n0: {float(end)!r}\n")
    assert page_of(tmp_path, "third", "--seeds", "2", "--epochs", "1").count("\n") > 5
    monkeypatch.setitem(CATALOG, "warm-up", CATALOG["warm-up"].varied(analyses=("third",)))
    assert runs.run("warm-up", "--epochs", "2", out=tmp_path / "out") == 0
    assert "\n0: " in capsys.readouterr().out  # below the summary
    (folder,) = trained(tmp_path / "out")
    assert (reading_of(folder) / "third.csv").read_text().startswith("seed,end\n0,")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["compression", "{seed 0}", "{seed 0}"],
            "RESULT holds seed 0 more than once: pass each result once",
        ),
        (
            ["compression", "{seed 0}", "{copies}"],
            "which differs from tishby-.* in more than its seeds: write a page of each",
        ),
        (
            ["stopping", "{seed 0}"],
            "tishby has no fresh sample, on which rules for stopping are judged: pass results of",
        ),
        (["compression", "nowhere"], "RESULT is 'nowhere', which is no folder that `run` left"),
        (
            ["compression", "--seeds", "100001"],
            "seeds is 100001: at most 100,000 are trained one after the other",
        ),
        (["stopping", "--epochs", "9" * 15], "would need about"),
        (["stopping", "--device", "meta"], "device is 'meta'"),
    ],
)
def test_what_cannot_be_analysed_is_said(analysed, tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.setattr(pages, "execute", lambda *words, **options: pytest.fail("it was trained"))
    words = [word.format(**analysed) for word in words]
    assert cli.main([*words, "--out", str(tmp_path / "page.md")]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "page.md").exists()
