"""An analysis is one file and one row, and is asked for by its name."""

import sys
from dataclasses import dataclass
from types import ModuleType

import pytest

from experiments import analyses
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
