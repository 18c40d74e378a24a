"""What is made of finished results: the rules for stopping, the compression over seeds, and
whatever is added as one file.
"""

import csv
import re
import sys
from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments import __main__ as cli
from experiments import analyses, drawing, pages
from experiments.analyses import compression, stopping
from experiments.analyses.analysis import Analysis
from experiments.analyses.compression import Compression
from experiments.analyses.stopping import RULES, Stopping, first_without_progress
from experiments.catalog import CATALOG
from experiments.results import read
from experiments.runner import Result, execute
from experiments.scores import Score
from experiments.summary import findings, summary
from fastmi import InformationPlane, Points
from tests import runs
from tests.runs import reading_of, trained, undraw

STOPPED = ("stopping", "--epochs", "30", "--copies", "2")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Folders of what was read, by a name."""
    out = tmp_path_factory.mktemp("results")

    def run(*words):
        before = set(trained(out)) if out.exists() else set()
        assert runs.run(*words, out=out) == 0
        (new,) = set(trained(out)) - before
        return reading_of(new)

    with pytest.MonkeyPatch.context() as patch:
        undraw(patch)
        return {
            "stopping": run(*STOPPED),
            "seed 0": run("tishby", "--epochs", "3"),
            "seeds": run("tishby", "--epochs", "3", "--seed", "1", "--seeds", "2"),
            "copies": run("tishby-extended", "--epochs", "3", "--copies", "2"),
        }


def page_of(tmp_path, *words):
    """The page that the command writes."""
    path = tmp_path / "page.md"
    assert cli.main([*map(str, words), "--out", str(path)]) == 0
    return path.read_text()


# --- the table of them ----------------------------------------------------------------------------


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


def test_a_third_analysis_is_one_file_and_one_row(third, tmp_path, results, monkeypatch, capsys):
    undraw(monkeypatch)
    planes = read(results["seed 0"]).planes
    end = next(plane.i_xt[-1, 0, -1] for plane in planes if plane.sample == "training")
    page = page_of(tmp_path, "third", results["seed 0"])
    assert page.startswith("# `tishby`\n\nWritten by `python -m experiments third ")
    assert page.endswith(f"\n0: {float(end)!r}\n")
    assert page_of(tmp_path, "third", "--seeds", "2", "--epochs", "1").count("\n") > 5
    monkeypatch.setitem(CATALOG, "warm-up", CATALOG["warm-up"].varied(analyses=("third",)))
    assert runs.run("warm-up", "--epochs", "2", out=tmp_path / "out") == 0
    assert "\n0: " in capsys.readouterr().out  # below the summary
    (folder,) = trained(tmp_path / "out")
    assert (reading_of(folder) / "third.csv").read_text().startswith("seed,end\n0,")


def test_an_analysis_without_verbs_is_none(results):
    result = read(results["seed 0"]).result()
    for call in (lambda: Analysis().rows(result), lambda: Analysis().table(result.run, [])):
        with pytest.raises(NotImplementedError):
            call()


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
def test_what_cannot_be_analysed_is_said(results, tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.setattr(pages, "execute", lambda *words, **options: pytest.fail("it was trained"))
    words = [word.format(**results) for word in words]
    assert cli.main([*words, "--out", str(tmp_path / "page.md")]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "page.md").exists()


# --- when to stop ---------------------------------------------------------------------------------


def made_up(i_xt, i_ty, losses, accuracies, *, seeds=1):
    """A result of one output layer: arrays (n_checks, n_copies), the same for every seed."""
    n_checks, n_copies = np.shape(i_xt)
    record = CATALOG["stopping"].varied(
        epochs=10 * (n_checks - 1), copies=n_copies, seeds=seeds, seed=7
    )
    epochs = 10 * np.arange(n_checks)

    def plane(seed):
        bits = {
            name: np.array(values, float)[..., None]
            for name, values in (("i_xt", i_xt), ("i_ty", i_ty))
        }
        bits |= {"n_symbols": np.ones_like(bits["i_xt"]), "coverage": np.ones_like(bits["i_xt"])}
        numbers = {
            "n_samples": 8,
            "entropy_x": 3.0,
            "entropy_y": 1.0,
            "n_copies": n_copies,
            "seed": seed,
        }
        return InformationPlane(
            epochs,
            ("output",),
            Points(**bits),
            **numbers,
            reading="each",
            data="made up",
            binning="none",
        )

    def scores(seed):
        loss, accuracy = np.array(losses, float), np.array(accuracies, float)
        return [
            Score("held-out", seed, epochs, loss, -accuracy),
            Score("fresh", seed, epochs, -loss, accuracy),
        ]

    alone = [one.seed for one in record.training.alone]
    return Result(
        record,
        "cpu",
        [plane(seed) for seed in alone],
        [score for seed in alone for score in scores(seed)],
        [0.0],
        {},
    )


def test_the_rules_on_a_path_by_hand():
    """Copy 0: J rests from check 1 on, the loss as well. Copy 1: J moves by 1 bit each time, the
    loss falls.
    """
    found = made_up(
        i_xt=[[3, 0], [1, 1], [1, 2], [1, 3], [1, 4]],
        i_ty=[[0, 0.9], [0.8, 0.9], [0.8, 0.9], [0.8, 0.9], [0.8, 0.9]],
        losses=[[5, 5], [4, 4], [4, 3], [6, 2], [3, 1]],
        accuracies=[[0.1, 0.2], [0.3, 0.4], [0.5, 0.6], [0.7, 0.8], [0.9, 1.0]],
        seeds=2,
    )
    rules = Stopping(patience=2, validation_patience=2)
    of_each = [
        (0, "fixed budget", False, 40, 0.9),
        (0, "information", True, 30, 0.7),  # two changes of J of 0 bits
        (0, "validation loss", True, 30, 0.7),  # two checks after 4
        (1, "fixed budget", False, 40, 1.0),
        (1, "information", False, 40, 1.0),
        (1, "validation loss", False, 40, 1.0),
    ]
    rows = rules.rows(found)
    assert [tuple(row[key] for key in rules.columns) for row in rows] == [
        (seed, *row) for seed in (7, 8) for row in of_each
    ]
    text = rules.lines(found.run, rows)
    assert (
        "every 10 steps, on 4 networks (information: beta 1, tolerance 0.1 bits, patience 2; "
        "validation: patience 2)" in text[0]
    )
    assert text[1].split() == ["rule", "stopped", "steps", "accuracy", "on", "fresh", "samples"]
    assert text[2].split() == ["fixed", "budget", "0/4", "40", "+-", "0", "0.950", "+-", "0.058"]
    assert text[3].split() == ["information", "2/4", "35", "+-", "6", "0.850", "+-", "0.173"]
    head, _, fixed, *_ = rules.table(found.run, rows)
    assert (
        head == "| rule | networks that it stopped | steps used | accuracy there on 20,000 fresh"
        " samples |"
    )
    assert fixed == "| fixed budget | 0 of 4 | 40 ± 0 | 0.950 ± 0.058 |"
    marks = rules.marks(found.planes, rows)
    assert [(mark.sample, mark.label, list(mark.points)) for mark in marks] == [
        ("training", f"stopped by {rule}", [(1.0, 0.8), (1.0, 0.8)])
        for rule in ("information", "validation loss")
    ]


def test_an_output_that_says_nothing_does_not_stop_the_information_rule():
    dead = made_up([[1]] * 5, [[0.4]] * 5, [[1]] * 5, [[0.5]] * 5)  # below half of H(Y)
    assert [row["stopped"] for row in Stopping(patience=2, validation_patience=2).rows(dead)] == [
        False,
        False,
        True,
    ]


def test_beta_and_tolerance_are_those_of_the_record():
    found = made_up([[0], [1], [2], [3]], [[0.9]] * 4, [[4], [3], [2], [1]], [[0.5]] * 4)
    for rules, stop in (
        ({"beta": 0.0}, 10),
        ({"tolerance": 1.5}, 10),
        ({}, 30),
        ({"beta": 0.0, "patience": 2}, 20),
    ):
        rows = Stopping(**{"patience": 1, **rules}).rows(found)
        assert next(row["epochs"] for row in rows if row["rule"] == "information") == stop


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(1, 6))
def test_no_progress_is_no_new_minimum_among_the_last_checks(losses, patience):
    since = range(1, len(losses) - patience + 1)  # the last `patience` checks begin there
    stops = [i + patience - 1 for i in since if min(losses[:i]) <= min(losses[i : i + patience])]
    assert first_without_progress(np.array(losses, float), patience) == (
        stops[0] if stops else None
    )


def test_checks_that_are_not_evenly_spaced_are_not_called_so():
    found = made_up([[1], [1]], [[1], [1]], [[1], [1]], [[1], [1]])
    logarithmic = found.run.varied(n_recorded=5)
    assert "every 10 steps" not in Stopping().lines(logarithmic, Stopping().rows(found))[0]


def test_the_stopping_run_leaves_its_comparison(results):
    with (results["stopping"] / "stopping.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["seed"], row["copy"], row["rule"]) for row in rows] == [
        ("0", str(c), rule) for c in (0, 1) for rule in RULES
    ]
    with (results["stopping"].parent / "scores.csv").open(newline="") as file:
        fresh = {
            (row["epoch"], row["copy"]): row["accuracy"]
            for row in csv.DictReader(file)
            if row["sample"] == "fresh"
        }
    assert all(row["accuracy"] == fresh[row["epochs"], row["copy"]] for row in rows)
    assert {row["epochs"] for row in rows if row["rule"] == "fixed budget"} == {"30"}
    assert [path.parent for path in results["stopping"].parents[1].glob("*/*/stopping.csv")] == [
        results["stopping"]
    ]
    again = stopping.ANALYSIS.rows(read(results["stopping"]).result())
    # from its files, to the same digits
    assert [{key: str(value) for key, value in row.items()} for row in again] == rows


def test_other_bins_are_compared_too(results, tmp_path, monkeypatch):
    undraw(monkeypatch)
    assert runs.estimate(results["stopping"], "--edges", "-1", "1", "9", out=tmp_path) == 0
    (folder,) = trained(tmp_path)
    assert (reading_of(folder) / "stopping.csv").exists()


def test_the_summary_of_a_stopping_run_holds_the_table(monkeypatch):
    found = made_up([[2], [1], [1]], [[1]] * 3, [[3], [2], [1]], [[0.5], [0.75], [0.75]])
    found = replace(found, scores=[*found.scores, replace(found.scores[0], sample="training")])
    rules = Stopping(patience=1, validation_patience=1)
    monkeypatch.setattr(stopping, "ANALYSIS", rules)
    text = summary(found)
    assert "\n".join(rules.lines(found.run, rules.rows(found))) in text
    assert re.search(r"validation loss +0/1 +20 \+- 0 +0\.750 \+- 0\.000", text)


def test_stops_are_marked_in_the_panel_of_single_networks_on_the_training_sample():
    found = execute(CATALOG["stopping"].varied(epochs=30, copies=2))
    rules = Stopping(tolerance=9.0, patience=1, validation_patience=1)
    marks = rules.marks(found.planes, rules.rows(found))
    figure = drawing.picture(found.run, found.planes, marks)
    legends = [
        [text.get_text() for text in axes.get_legend().get_texts()] if axes.get_legend() else []
        for axes in figure.axes
    ]
    labels = [mark.label for mark in marks]
    assert labels
    assert legends == [labels] + [[]] * 8  # of three readings of three samples
    (points,) = [line for line in figure.axes[0].lines if line.get_label() == labels[0]]
    assert np.transpose(points.get_data()).tolist() == [list(point) for point in marks[0].points]


def test_the_page_of_stopping(results, tmp_path):
    page = page_of(tmp_path, "stopping", results["stopping"])
    assert (
        "Three rules on 2 networks of 30 steps of 101, 3.0 passes: the information criterion (beta "
        "1, tolerance" in page
    )
    assert "| fixed budget | 0 of 2 | 30 ± 0 |" in page
    trained_here = page_of(tmp_path, "stopping", "--seeds", "1", "--epochs", "10")
    assert "Written by `python -m experiments stopping --seeds 1 --epochs 10`" in trained_here
    assert "| fixed budget | 0 of 5 | 10 ± 0 |" in trained_here


# --- compression ----------------------------------------------------------------------------------


def test_the_compression_page_is_computed_from_its_rows():
    result = execute(CATALOG["tishby"].varied(epochs=4))
    plane = result.plane("each")
    (row,) = Compression().rows(result)
    assert row["fell"] == plane.i_xt[:, 0, -1].max() - plane.i_xt[-1, 0, -1]
    assert row["i_xt_late"] == pytest.approx(plane.i_xt[:, 0, -1].mean())
    assert Compression(late=2).rows(result)[0]["i_xt_late"] == pytest.approx(
        plane.i_xt[-2:, 0, -1].mean()
    )
    assert row.items() >= findings([plane])[-1].items()
    assert tuple(row) == compression.ANALYSIS.columns
    page = Compression().page(
        result.run, [row, {**row, "seed": 1, "fell": row["fell"] + 1}], "the command"
    )
    assert f"| 1 | {row['i_xt_start']:.3f} |" in page
    assert f"{row['fell'] + 0.5:.3f}" in page
    assert "`the command`" in page
    assert "| seed | start | peak | at step | end |" in page
    assert "4 steps of 101, 0.4 passes each." in page


def test_compression_of_finished_results_is_that_of_training_them(results, tmp_path, monkeypatch):
    trained_here = page_of(tmp_path, "compression", "--seeds", "1", "--epochs", "3")
    monkeypatch.setattr(pages, "execute", lambda *words, **options: pytest.fail("it was trained"))
    page = page_of(tmp_path, "compression", results["seed 0"])
    assert page.splitlines()[3:] == trained_here.splitlines()[3:]
    of_three = page_of(tmp_path, "compression", results["seeds"], results["seed 0"].parent)
    assert [line.split(" | ")[0] for line in of_three.splitlines() if re.match(r"\| \d", line)] == [
        "| 1",
        "| 2",
        "| 0",
    ]


def test_compression_of_results_of_an_earlier_version(tmp_path):
    page = page_of(tmp_path, "compression", runs.FORMAT_1 / "warm-up-1966dd320c")
    assert page.startswith("# Fitting, then compression: the output layer of `warm-up`")


def test_one_seed_has_no_spread():
    page = Compression().page(
        CATALOG["tishby"], Compression().rows(execute(CATALOG["tishby"].varied(epochs=1))), ""
    )
    assert "| sd | - | - |" in page
