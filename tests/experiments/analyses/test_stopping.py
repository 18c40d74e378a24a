"""The rules for stopping, on paths by hand and on finished runs."""

import csv
import re
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from experiments import drawing
from experiments.analyses import stopping
from experiments.analyses.stopping import RULES, Stopping, first_without_progress
from experiments.catalog import CATALOG
from experiments.execution import Result, execute
from experiments.results import read
from experiments.scores import Score
from experiments.summary import summary
from fastmi import InformationPlane, Points
from tests import runs
from tests.experiments.shortened import page_of
from tests.runs import reading_of, trained, undraw


def made_up(i_xt, i_ty, losses, accuracies, *, seeds=1):
    """Makes a result of one output layer: arrays (n_checks, n_copies), the same for every seed."""
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

    alone = [training.seed for training in record.training.alone]
    return Result(
        record,
        "cpu",
        [plane(seed) for seed in alone],
        [score for seed in alone for score in scores(seed)],
        [0.0],
        {},
    )


def test_the_rules_on_a_path_by_hand():
    """Copy 0: J rests from check 1 on, the loss as well.

    Copy 1: J moves by 1 bit each time, the loss falls.
    """
    result = made_up(
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
    rows = rules.rows(result)
    assert [tuple(row[key] for key in rules.columns) for row in rows] == [
        (seed, *row) for seed in (7, 8) for row in of_each
    ]
    text = rules.lines(result.run, rows)
    assert (
        "every 10 steps, on 4 networks (information: beta 1, tolerance 0.1 bits, patience 2; "
        "validation: patience 2)" in text[0]
    )
    assert text[1].split() == ["rule", "stopped", "steps", "accuracy", "on", "fresh", "samples"]
    assert text[2].split() == ["fixed", "budget", "0/4", "40", "+-", "0", "0.950", "+-", "0.058"]
    assert text[3].split() == ["information", "2/4", "35", "+-", "6", "0.850", "+-", "0.173"]
    head, _, fixed, *_ = rules.table(result.run, rows)
    assert (
        head == "| rule | networks that it stopped | steps used | accuracy there on 20,000 fresh"
        " samples |"
    )
    assert fixed == "| fixed budget | 0 of 4 | 40 ± 0 | 0.950 ± 0.058 |"
    marks = rules.marks(result.planes, rows)
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
    result = made_up([[0], [1], [2], [3]], [[0.9]] * 4, [[4], [3], [2], [1]], [[0.5]] * 4)
    for rules, stop in (
        ({"beta": 0.0}, 10),
        ({"tolerance": 1.5}, 10),
        ({}, 30),
        ({"beta": 0.0, "patience": 2}, 20),
    ):
        rows = Stopping(**{"patience": 1, **rules}).rows(result)
        assert next(row["epochs"] for row in rows if row["rule"] == "information") == stop


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(1, 6))
def test_no_progress_is_no_new_minimum_among_the_last_checks(losses, patience):
    since = range(1, len(losses) - patience + 1)  # the last `patience` checks begin there
    stops = [i + patience - 1 for i in since if min(losses[:i]) <= min(losses[i : i + patience])]
    assert first_without_progress(np.array(losses, float), patience) == (
        stops[0] if stops else None
    )


def test_checks_that_are_not_evenly_spaced_are_not_called_so():
    result = made_up([[1], [1]], [[1], [1]], [[1], [1]], [[1], [1]])
    logarithmic = result.run.varied(n_recorded=5)
    assert "every 10 steps" not in Stopping().lines(logarithmic, Stopping().rows(result))[0]


def test_the_stopping_run_leaves_its_comparison(analysed):
    with (analysed["stopping"] / "stopping.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["seed"], row["copy"], row["rule"]) for row in rows] == [
        ("0", str(c), rule) for c in (0, 1) for rule in RULES
    ]
    with (analysed["stopping"].parent / "scores.csv").open(newline="") as file:
        fresh = {
            (row["epoch"], row["copy"]): row["accuracy"]
            for row in csv.DictReader(file)
            if row["sample"] == "fresh"
        }
    assert all(row["accuracy"] == fresh[row["epochs"], row["copy"]] for row in rows)
    assert {row["epochs"] for row in rows if row["rule"] == "fixed budget"} == {"30"}
    assert [path.parent for path in analysed["stopping"].parents[1].glob("*/*/stopping.csv")] == [
        analysed["stopping"]
    ]
    again = stopping.ANALYSIS.rows(read(analysed["stopping"]).result())
    # from its files, to the same digits
    assert [{key: str(value) for key, value in row.items()} for row in again] == rows


def test_other_bins_are_compared_too(analysed, tmp_path, monkeypatch):
    undraw(monkeypatch)
    assert runs.estimate(analysed["stopping"], "--edges", "-1", "1", "9", out=tmp_path) == 0
    (folder,) = trained(tmp_path)
    assert (reading_of(folder) / "stopping.csv").exists()


def test_the_summary_of_a_stopping_run_holds_the_table(monkeypatch):
    result = made_up([[2], [1], [1]], [[1]] * 3, [[3], [2], [1]], [[0.5], [0.75], [0.75]])
    result = replace(result, scores=[*result.scores, replace(result.scores[0], sample="training")])
    rules = Stopping(patience=1, validation_patience=1)
    monkeypatch.setattr(stopping, "ANALYSIS", rules)
    text = summary(result)
    assert "\n".join(rules.lines(result.run, rules.rows(result))) in text
    assert re.search(r"validation loss +0/1 +20 \+- 0 +0\.750 \+- 0\.000", text)


def test_stops_are_marked_in_the_panel_of_single_networks_on_the_training_sample():
    result = execute(CATALOG["stopping"].varied(epochs=30, copies=2))
    rules = Stopping(tolerance=9.0, patience=1, validation_patience=1)
    marks = rules.marks(result.planes, rules.rows(result))
    figure = drawing.picture(result.run, result.planes, marks)
    legends = [
        [text.get_text() for text in axes.get_legend().get_texts()] if axes.get_legend() else []
        for axes in figure.axes
    ]
    labels = [mark.label for mark in marks]
    assert labels
    assert legends == [labels] + [[]] * 8  # of three readings of three samples
    (points,) = [line for line in figure.axes[0].lines if line.get_label() == labels[0]]
    assert np.transpose(points.get_data()).tolist() == [list(point) for point in marks[0].points]


def test_the_page_of_stopping(analysed, tmp_path):
    page = page_of(tmp_path, "stopping", analysed["stopping"])
    assert (
        "Three rules on 2 networks of 30 steps of 101, 3.0 passes: the information criterion (beta "
        "1, tolerance" in page
    )
    assert "| fixed budget | 0 of 2 | 30 ± 0 |" in page
    trained_here = page_of(tmp_path, "stopping", "--seeds", "1", "--epochs", "10")
    assert "Written by `python -m experiments stopping --seeds 1 --epochs 10`" in trained_here
    assert "| fixed budget | 0 of 5 | 10 ± 0 |" in trained_here


def test_networks_that_learn_shuffled_labels_stop_by_them_and_are_judged_by_the_true_ones():
    result = execute(CATALOG["stopping"].varied(epochs=30, copies=2, labels="shuffled"))
    rules = Stopping(tolerance=9.0, patience=1, validation_patience=1)
    rows = rules.rows(result)
    marks = rules.marks(result.planes, rows)
    assert {mark.sample for mark in marks} == {"training (shuffled labels)"}
    plane = result.plane("each", "training (shuffled labels)")
    (fresh,) = (score for score in result.scores if score.sample == "fresh")
    for row in rows:
        at = plane.epochs.tolist().index(row["epochs"])
        assert row["accuracy"] == fresh.accuracy[at, row["copy"]]
    page = rules.page(result.run, rows, "")
    assert page.startswith(
        "# When to stop: the networks of `stopping`, trained on shuffled labels\n"
    )
    assert (
        "The training sample is read by the shuffled labels, all others by the true ones." in page
    )
