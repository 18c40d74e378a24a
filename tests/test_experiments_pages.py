"""What is made of finished runs: figures side by side and overlaid, the comparison of rules for stopping, the reproduction."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import cases
from experiments import __main__ as cli
from experiments import drawing, outputs, reproduction, stopping
from experiments.catalog import CATALOG, Stopping
from experiments.results import Finished, read
from experiments.runner import Result, Score
from experiments.stopping import RULES, compare, first_without_progress
from experiments.summary import summary
from fastmi import InformationPlane, tables
from fastmi.points import Points

STOPPING = ("stopping", "--epochs", "30", "--copies", "2")


def run(*words, out):
    assert cli.main(["run", *words, "--out", str(out)]) == 0
    return max((path for path in out.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime_ns)


def undrawn(monkeypatch):
    monkeypatch.setattr(outputs, "picture", lambda run, planes: None)
    monkeypatch.setattr(outputs, "figures", SimpleNamespace(save=lambda figure, path: path.touch()))


AS_CATALOGUED = reproduction._as_catalogued


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder of finished runs, and their folders by a name."""
    out = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        undrawn(patch)
        found = {
            "warm-up": run("warm-up", "--epochs", "3", out=out),
            "ten": run("warm-up", "--epochs", "10", out=out),
            "seeds": run("warm-up", "--epochs", "3", "--seeds", "3", out=out),
            "copies": run("warm-up", "--epochs", "3", "--copies", "2", out=out),
            "original": run("original", "--epochs", "3", out=out),
            "stopping": run(*STOPPING, out=out),
        }
        assert len(set(found.values())) == len(found)
        return found


@pytest.fixture
def drawn(monkeypatch):
    """The grids of panels that were to be drawn, with the options; nothing is drawn."""
    grids = []
    monkeypatch.setattr("experiments.drawing.figures.information_plane", lambda grid, **options: grids.append((grid, options)))
    monkeypatch.setattr(outputs, "figures", SimpleNamespace(save=lambda figure, path: path.touch()))
    return grids


def draw(*words):
    return cli.main(["draw", *map(str, words)])


# --- drawing ----------------------------------------------------------------------------------------------------------


def test_finished_runs_are_drawn_again_side_by_side(results, tmp_path, capsys):
    figure = tmp_path / "drawn.svg"
    words = [results["copies"], results["copies"], "--reading", "mixture", "--color", "epoch", "--out", figure]
    assert draw(*words) == 0
    assert figure.read_text().count("mixture over copies") == 2
    assert capsys.readouterr().out == f"drawn: {figure}\n"


def test_a_run_alone_is_drawn_with_all_its_readings(results, tmp_path, drawn):
    assert draw(results["copies"], "--out", tmp_path / "one.png") == 0
    ((grid, options),) = drawn
    titles = ["mean of single copies", "sampled: one copy a sample", "mixture over copies"]
    assert [[panel.title for panel in row] for row in grid] == [titles, titles]
    assert options == {"rows": ["training", "held-out"], "color": "layer", "title": "warm-up: 12-5-1 tanh, 3 epochs"}


def test_side_by_side_each_panel_names_its_run(results, tmp_path, drawn):
    assert draw(results["warm-up"], results["ten"], "--layers", "output", "--out", tmp_path / "two.pdf") == 0
    ((grid, options),) = drawn
    assert [[panel.title for panel in row] for row in grid] == [["warm-up: a single network"] * 2] * 2
    assert [len(panel.epochs) for panel in grid[0]] == [4, 11]
    assert options["title"] == ""
    planes = {plane.sample: plane for plane in read(results["ten"]).planes}
    for row, sample in zip(grid, ("training", "held-out"), strict=True):
        assert row[1].layers == ("output",)
        np.testing.assert_array_equal(row[1].i_xt, planes[sample].i_xt[:, 0, 1:])


def test_samples_of_other_names_share_their_row(results, tmp_path, drawn):
    assert draw(results["warm-up"], results["original"], "--layers", "layer 1", "output", "--out", tmp_path / "two.png") == 0
    assert drawn[0][1]["rows"] == ["training / all patterns", "held-out"]


def test_runs_overlaid_share_their_panels(results, tmp_path, drawn):
    words = ["--overlay", "--layers", "output", "layer 1", "--out", tmp_path / "overlaid.png"]
    assert draw(results["warm-up"], results["copies"], "--reading", "each", *words) == 2  # one network against the mean of two
    assert draw(results["seeds"], results["seeds"], *words) == 0
    ((grid, options),) = drawn
    run_id = results["seeds"].name
    assert [len(row) for row in grid] == [1, 1]
    panel = grid[1][0]
    assert panel.layers == [f"{run_id}: {layer}" for layer in ("output", "layer 1")] * 2
    planes = [plane for plane in read(results["seeds"]).planes if plane.sample == "held-out"]
    bits = np.stack([plane.i_ty[:, 0, ::-1] for plane in planes])
    np.testing.assert_array_equal(panel.i_ty, np.tile(bits.mean(axis=0), 2))
    np.testing.assert_array_equal(panel.spread_ty, np.tile(bits.std(axis=0, ddof=1), 2))
    assert options["rows"] == ["training", "held-out"]


def test_an_overlay_is_really_drawn(results, tmp_path):
    figure = tmp_path / "overlaid.svg"
    assert draw(results["original"], results["warm-up"], "--out", figure) == 2  # other layers
    assert draw(results["warm-up"], results["warm-up"], "--overlay", "--layers", "output", "--out", figure) == 0
    assert f"{results['warm-up'].name}: output" in figure.read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "RESULT is 'nowhere', which is no folder that `run` left"),
        (["{warm-up}", "--reading", "sampled"], "has no reading 'sampled': it has each"),
        (["{warm-up}", "--out", "plane.jpeg"], "out is 'plane.jpeg': a figure's name ends in .png, .svg or .pdf"),
        (["{warm-up}", "--layers", "layer 9"], "layers names 'layer 9': the layers are layer 1, output"),
        (["{warm-up}", "{stopping}"], "the runs were read on different numbers of samples: draw them apart"),
        (["{warm-up}", "{ten}", "--overlay"], "recorded at different epochs, so they cannot be overlaid"),
        (["{warm-up}", "{seeds}", "--overlay"], "several seeds and some have one: draw them side by side"),
        (["{warm-up}", "{copies}", "--overlay"], "not the same samples and readings, so they cannot be overlaid"),
        (["{warm-up}", "{original}", "--overlay"], "not the same samples and readings, so they cannot be overlaid"),
        (["{copies}", "{original}"], "panels have different layers"),
    ],
)
def test_what_cannot_be_drawn_is_said(results, tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    assert draw(*(word.format(**results) for word in words)) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# --- when to stop -----------------------------------------------------------------------------------------------------


def made_up(i_xt, i_ty, losses, accuracies, *, seeds=1, **rules):
    """A result of one output layer: arrays (n_checks, n_copies), the same for every seed."""
    n_checks, n_copies = np.shape(i_xt)
    record = replace(CATALOG["stopping"], epochs=10 * (n_checks - 1), copies=n_copies, seeds=seeds, seed=7)
    record = replace(record, stopping=Stopping(**rules))
    epochs = 10 * np.arange(n_checks)

    def plane(seed):
        bits = {name: np.array(values, float)[..., None] for name, values in (("i_xt", i_xt), ("i_ty", i_ty))}
        bits |= {"n_symbols": np.ones_like(bits["i_xt"]), "coverage": np.ones_like(bits["i_xt"])}
        numbers = {"n_samples": 8, "entropy_x": 3.0, "entropy_y": 1.0, "n_copies": n_copies, "seed": seed}
        return InformationPlane(epochs, ("output",), Points(**bits), **numbers, reading="each", data="made up", binning="none")

    def scores(seed):
        loss, accuracy = np.array(losses, float), np.array(accuracies, float)
        return [Score("held-out", seed, epochs, loss, -accuracy), Score("fresh", seed, epochs, -loss, accuracy)]

    planes = [plane(alone.seed) for alone in record.alone]
    return Result(record, "cpu", planes, [score for alone in record.alone for score in scores(alone.seed)], [0.0], {})


def test_the_rules_on_a_path_by_hand():
    """Copy 0: J rests from check 1 on, the loss as well. Copy 1: J moves by 1 bit each time, the loss falls."""
    found = made_up(
        i_xt=[[3, 0], [1, 1], [1, 2], [1, 3], [1, 4]],
        i_ty=[[0, 0.9], [0.8, 0.9], [0.8, 0.9], [0.8, 0.9], [0.8, 0.9]],
        losses=[[5, 5], [4, 4], [4, 3], [6, 2], [3, 1]],
        accuracies=[[0.1, 0.2], [0.3, 0.4], [0.5, 0.6], [0.7, 0.8], [0.9, 1.0]],
        seeds=2,
        patience=2,
        validation_patience=2,
    )
    own = [
        (0, "fixed budget", False, 40, 0.9),
        (0, "information", True, 30, 0.7),  # two changes of J of 0 bits
        (0, "validation loss", True, 30, 0.7),  # two checks after 4
        (1, "fixed budget", False, 40, 1.0),
        (1, "information", False, 40, 1.0),
        (1, "validation loss", False, 40, 1.0),
    ]
    rows = compare(found)
    assert [tuple(row[key] for key in stopping.COLUMNS) for row in rows] == [(seed, *row) for seed in (7, 8) for row in own]
    text = stopping.table(found.run, rows)
    assert (
        "every 10 epochs, on 4 networks (information: beta 1, tolerance 0.1 bits, patience 2; validation: patience 2)"
        in text[0]
    )
    assert text[2].split() == ["fixed", "budget", "0/4", "40", "+-", "0", "0.950", "+-", "0.058"]
    assert text[3].split() == ["information", "2/4", "35", "+-", "6", "0.850", "+-", "0.173"]


def test_an_output_that_says_nothing_does_not_stop_the_information_rule():
    dead = made_up([[1]] * 5, [[0.4]] * 5, [[1]] * 5, [[0.5]] * 5, patience=2, validation_patience=2)  # below half of H(Y)
    assert [row["stopped"] for row in compare(dead)] == [False, False, True]


def test_beta_and_tolerance_are_the_run_s():
    path = ([[0], [1], [2], [3]], [[0.9]] * 4, [[4], [3], [2], [1]], [[0.5]] * 4)
    for rules, stop in (({"beta": 0.0}, 10), ({"tolerance": 1.5}, 10), ({}, 30), ({"beta": 0.0, "patience": 2}, 20)):
        (information,) = [row for row in compare(made_up(*path, **{"patience": 1, **rules})) if row["rule"] == "information"]
        assert information["epochs"] == stop


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(1, 6))
def test_no_progress_is_no_new_minimum_among_the_last_checks(losses, patience):
    since = range(1, len(losses) - patience + 1)  # the last `patience` checks begin there
    stops = [i + patience - 1 for i in since if min(losses[:i]) <= min(losses[i : i + patience])]
    assert first_without_progress(np.array(losses, float), patience) == (stops[0] if stops else None)


def test_a_run_without_rules_compares_nothing():
    found = made_up([[1]], [[1]], [[1]], [[1]])
    found = replace(found, run=replace(found.run, stopping=None))
    assert compare(found) == []
    assert stopping.table(found.run, []) == []


def test_checks_that_are_not_evenly_spaced_are_not_called_so():
    found = made_up([[1], [1]], [[1], [1]], [[1], [1]], [[1], [1]])
    logarithmic = replace(found.run, n_recorded=5)
    assert "every 10 epochs" not in stopping.table(logarithmic, compare(found))[0]


def test_the_stopping_run_leaves_its_comparison(results):
    with (results["stopping"] / "stopping.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["seed"], row["copy"], row["rule"]) for row in rows] == [("0", str(c), rule) for c in (0, 1) for rule in RULES]
    with (results["stopping"] / "scores.csv").open(newline="") as file:
        fresh = {(row["epoch"], row["copy"]): row["accuracy"] for row in csv.DictReader(file) if row["sample"] == "fresh"}
    assert all(row["accuracy"] == fresh[row["epochs"], row["copy"]] for row in rows)
    assert {row["epochs"] for row in rows if row["rule"] == "fixed budget"} == {"30"}
    assert [path.name for path in results["stopping"].parent.glob("*/stopping.csv")] == ["stopping.csv"]


def test_the_summary_of_a_stopping_run_holds_the_table():
    found = made_up([[2], [1], [1]], [[1]] * 3, [[3], [2], [1]], [[0.5], [0.75], [0.75]], patience=1, validation_patience=1)
    scores = [*found.scores, replace(found.scores[0], sample="training")]
    text = summary(replace(found, scores=scores))
    assert "\n".join(stopping.table(found.run, compare(found))) in text
    assert re.search(r"validation loss +0/1 +20 \+- 0 +0\.750 \+- 0\.000", text)


# --- the reproduction -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def short_runs_are_shown():
    """The page takes the catalogue's own runs alone, which are too long to be made here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduction, "_as_catalogued", lambda result: "estimated_from" not in result.manifest)
        yield


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({}, True),
        ({"seed": 3, "seeds": 10, "n_recorded": 7}, True),
        ({"epochs": 3}, False),
        ({"copies": 2}, False),
        ({"name": "another"}, False),
        ({"edges": (0.0, 1.0, 9)}, False),
    ],
)
def test_only_runs_of_the_catalogue_are_shown(change, shown):
    run = replace(CATALOG["warm-up"], **change)
    assert AS_CATALOGUED(Finished(Path(), run, {}, [])) == shown
    assert not AS_CATALOGUED(Finished(Path(), run, {"estimated_from": "another folder"}, []))


@pytest.fixture(scope="module")
def times(tmp_path_factory):
    """What the benchmarks would write: the published loop of exp 1 took 120 s an epoch."""
    path = tmp_path_factory.mktemp("times") / "times.json"
    loop = {"name": "exp-1", "candidates": [{"name": "fastmi", "median": 1.0}, {"name": "published loop", "median": 120.0}]}
    path.write_text(json.dumps({"cases": [loop, {"name": "exp-2", "candidates": [{"name": "fastmi", "median": 7.0}]}]}))
    return path


@pytest.fixture(scope="module")
def written(results, times, tmp_path_factory):
    """A page, and beside it its figures."""
    path = tmp_path_factory.mktemp("pages") / "page.md"
    reproduction.write(results["seeds"].parent, path, times, "the command")
    return path


@pytest.fixture
def page(written):
    """Its sections by their names."""
    head, *sections = written.read_text().split("\n## ")
    return {"": head} | {section.partition("\n")[0].strip("`"): section for section in sections}


def cells(section, row):
    """Of each line of a table that begins so."""
    lines = [line for line in section.splitlines() if line.startswith(f"| {row} |")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_run_has_its_sentence_and_every_case_is_one():
    assert list(reproduction.SHOWS) == list(CATALOG)
    assert reproduction.CASES.keys() <= CATALOG.keys()
    assert set(reproduction.CASES.values()) <= {case.name for case in cases.CASES}
    assert not any(re.search(r"\d\.\d", sentence) for sentence in reproduction.SHOWS.values())


def test_the_page_holds_what_was_run_and_names_what_was_not(page, results):
    assert list(page) == ["", "warm-up", "original", "stopping"]
    assert "Written by `the command`" in page[""]
    missing = [name for name in CATALOG if name not in ("warm-up", "original", "stopping")]
    assert f"Not run: {', '.join(f'`{name}`' for name in missing)}." in page[""]
    for name in ("warm-up", "original"):
        assert f"*Published:* {CATALOG[name].published}." in page[name]
        assert reproduction.SHOWS[name] in page[name]
    assert "*Published:* nothing" in page["stopping"]


def test_the_run_with_the_most_seeds_is_shown_and_its_numbers_are_those_of_its_planes(page, results):
    planes = [plane for plane in tables.load_planes(results["seeds"] / "planes.npz") if plane.sample == "training"]
    assert len(planes) == 3
    held_out = [plane for plane in tables.load_planes(results["seeds"] / "planes.npz") if plane.sample == "held-out"]

    def both(values, form):
        return f"{np.mean(values):{form}} ± {np.std(values, ddof=1):{form}}"

    path, ends = cells(page["warm-up"], "output")
    assert path == [
        "output",
        both([plane.i_xt[0, 0, 1] for plane in planes], ".2f"),
        both([plane.i_xt[:, 0, 1].max() for plane in planes], ".2f"),
        both([plane.i_xt[:, 0, 1].argmax() for plane in planes], ".0f"),
        both([plane.i_xt[-1, 0, 1] for plane in planes], ".2f"),
        both([plane.i_ty[0, 0, 1] for plane in planes], ".3f"),
        both([plane.i_ty[-1, 0, 1] for plane in planes], ".3f"),
        both([plane.coverage[-1, 0, 1] for plane in planes], ".2f"),
    ]
    i_xt, i_ty = ([getattr(plane, name)[-1, 0, 1] for plane in held_out] for name in ("i_xt", "i_ty"))
    assert ends == ["output", f"{both(i_xt, '.2f')}, {both(i_ty, '.3f')}"]
    assert "| layer | held-out, a single network |" in page["warm-up"]
    assert "Training, a single network, n = 1,000:" in page["warm-up"]
    with (results["seeds"] / "scores.csv").open(newline="") as file:
        last = [float(row["accuracy"]) for row in csv.DictReader(file) if (row["sample"], row["epoch"]) == ("held-out", "3")]
    assert f"held-out {np.mean(last):.1%}" in page["warm-up"]
    assert "Of 12 pairs of neighbouring layers (training, a single network)" in page["warm-up"]


def test_one_seed_has_no_spread_and_copies_have_all_their_readings(page, results):
    planes = {(plane.sample, plane.reading): plane for plane in tables.load_planes(results["stopping"] / "planes.npz")}
    path, ends = cells(page["stopping"], "layer 4")
    assert "Training, sampled, n = 1,000:" in page["stopping"]  # what was published of several copies
    assert path[4] == f"{planes['training', 'sampled'].i_xt[-1, 0, 3]:.2f}"
    others = [(sample, reading) for sample in ("training", "held-out", "fresh") for reading in ("mean", "sampled", "mixture")]
    others.remove(("training", "sampled"))
    assert ends[1:] == [f"{planes[key].i_xt[-1, 0, 3]:.2f}, {planes[key].i_ty[-1, 0, 3]:.3f}" for key in others]


def test_the_output_stands_at_the_epochs_that_were_published(page, results):
    (plane,) = (plane for plane in read(results["original"]).planes if plane.sample == "all patterns")
    (row,) = cells(page["original"], "output, I(X;T)")
    assert cells(page["original"], "epoch") == [["epoch", "0", "3", "3", "3", "3"]]  # the nearest that were recorded
    assert row[1:] == [f"{plane.i_xt[at, 0, -1]:.2f}" for at in (0, 3, 3, 3, 3)]
    assert "output, I(X;T)" not in page["warm-up"]


def test_the_published_epochs_are_recorded_or_nearly():
    for name, epochs in reproduction.EPOCHS.items():
        recorded = np.array(CATALOG[name].recorded)
        assert all(abs(recorded - epoch).min() <= 0.02 * epoch for epoch in epochs)


def test_the_rules_for_stopping_stand_on_the_page(page, results):
    with (results["stopping"] / "stopping.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["rule"] == "fixed budget"]
    accuracy = [float(row["accuracy"]) for row in rows]
    expected = ["fixed budget", "0 of 2", "30 ± 0", f"{np.mean(accuracy):.3f} ± {np.std(accuracy, ddof=1):.3f}"]
    assert cells(page["stopping"], "fixed budget") == [expected]


def test_times_are_those_of_the_manifest_and_of_the_published_loop(page, results):
    wall = json.loads((results["seeds"] / "manifest.json").read_text())["wall_seconds"]
    assert f"*Time:* {wall:.1f} s for 3 seeds of one network, 3 epochs, 4 of them read on 2 samples" in page["warm-up"]
    assert "The published loop: 120000 ms an epoch, 6 min for one seed, 18 min for 3." in page["warm-up"]
    assert "published loop" not in page["original"]  # it is not the report's
    assert "published loop" not in page["stopping"]


def test_the_time_of_a_resumed_run_is_said_to_be_of_its_last_part(results):
    found = read(results["warm-up"])
    texts = [reproduction._time(found.run, found.manifest | {"resumed": resumed}, {}) for resumed in (False, True)]
    assert texts[1] == f"{texts[0]} It was interrupted, and this is the time of its last part."


def test_figures_lie_beside_the_page(page, written):
    for name in ("warm-up", "original", "stopping"):
        assert f"](page/{name}.png)" in page[name]
        assert (written.parent / "page" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_seeds_are_drawn_with_their_band(results):
    found = read(results["seeds"])
    (panel, *_), *_ = drawing._panels(found.run, found.planes, None, (), named=False).values()
    assert panel.spread_xt is not None


def test_a_result_that_was_estimated_again_is_not_the_run(results, times, tmp_path, monkeypatch):
    undrawn(monkeypatch)
    words = ["--edges", "0", "1", "9", "--out", str(tmp_path / "results")]
    assert cli.main(["estimate", str(results["seeds"]), *words]) == 0
    with pytest.raises(ValueError, match="which holds no finished run"):
        reproduction.write(tmp_path / "results", tmp_path / "page.md", times, "the command")


def test_one_network_has_no_spread_over_networks(times, tmp_path, monkeypatch):
    undrawn(monkeypatch)
    run("stopping", "--epochs", "10", "--copies", "1", out=tmp_path / "results")
    monkeypatch.setattr(reproduction, "picture", lambda run, planes: SimpleNamespace(set_dpi=lambda dpi: None))
    monkeypatch.setattr(reproduction, "figures", outputs.figures)
    reproduction.write(tmp_path / "results", tmp_path / "page.md", times, "the command")
    assert "nan" not in (tmp_path / "page.md").read_text()


@pytest.mark.parametrize("content", [None, "no JSON", "{}", '{"cases": [{"name": "exp-1"}]}', "[]", '{"cases": 3}'])
def test_times_that_are_none_are_refused(results, tmp_path, capsys, content):
    times = tmp_path / "bad.json"
    if content is not None:
        times.write_text(content)
    words = ["--results", str(results["seeds"].parent), "--times", str(times), "--out", str(tmp_path / "page.md")]
    assert cli.main(["reproduction", *words]) == 2
    assert "bad.json', which is not what `python -m benchmarks --json` writes" in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()


def test_without_a_finished_run_there_is_no_page(times, tmp_path, capsys):
    words = ["--results", str(tmp_path / "empty"), "--times", str(times)]
    assert cli.main(["reproduction", *words, "--out", str(tmp_path / "page.md")]) == 2
    assert "empty', which holds no finished run: python -m experiments run all" in capsys.readouterr().err
    assert cli.main(["reproduction", *words, "--out", str(tmp_path)]) == 2
    assert "which is a folder" in capsys.readouterr().err


def test_the_command_names_what_was_not_run(results, times, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(reproduction, "picture", lambda run, planes: SimpleNamespace(set_dpi=lambda dpi: None))
    monkeypatch.setattr(reproduction, "figures", SimpleNamespace(save=lambda figure, path: path.touch()))
    out = tmp_path / "page.md"
    words = ["--results", str(results["seeds"].parent), "--times", str(times), "--out", str(out)]
    assert cli.main(["reproduction", *words]) == 0
    assert capsys.readouterr().out.startswith(f"written: {out}; not run: tishby, tishby-extended, ")
    assert "Written by `python -m experiments reproduction`" in out.read_text()
