"""What is made of finished runs: figures side by side and overlaid, and the page of the
reproduction.
"""

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from experiments import __main__ as cli
from experiments import drawing, outputs, pages, reproduction
from experiments.catalog import CATALOG
from experiments.readings import Counted
from experiments.results import Finished, read
from fastmi import tables
from tests import runs
from tests.runs import reading_of, trained, undraw

STOPPING = ("stopping", "--epochs", "30", "--copies", "2")


def run(*words, out):
    """The folder of what was read."""
    assert runs.run(*words, out=out) == 0
    return reading_of(max(trained(out), key=lambda path: path.stat().st_mtime_ns))


AS_CATALOGUED = reproduction._as_catalogued


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder of finished runs, and their folders by a name."""
    out = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        undraw(patch)
        found = {
            "warm-up": run("warm-up", "--epochs", "3", out=out),
            "ten": run("warm-up", "--epochs", "10", out=out),
            "seeds": run("warm-up", "--epochs", "3", "--seeds", "3", out=out),
            "other seeds": run("warm-up", "--epochs", "3", "--seeds", "3", "--seed", "5", out=out),
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
    monkeypatch.setattr(
        "experiments.drawing.figures.information_plane",
        lambda grid, **options: grids.append((grid, options)),
    )
    monkeypatch.setattr(pages, "figures", SimpleNamespace(save=lambda figure, path: path.touch()))
    return grids


def draw(*words):
    return cli.main(["draw", *map(str, words)])


# --- drawing --------------------------------------------------------------------------------------


def test_finished_runs_are_drawn_again_side_by_side(results, tmp_path, capsys):
    figure = tmp_path / "drawn.svg"
    words = [
        results["copies"],
        results["warm-up"],
        "--reading",
        "mean",
        "--color",
        "epoch",
        "--out",
        figure,
    ]
    assert draw(*words) == 2  # one network has no mean of several
    assert "has no reading 'mean': it has each" in capsys.readouterr().err
    assert draw(results["copies"], "--reading", "mixture", "--color", "epoch", "--out", figure) == 0
    assert figure.read_text().count("mixture over copies") == 1
    assert capsys.readouterr().out == f"drawn: {figure}\n"


@pytest.mark.parametrize("more", [[], ["--overlay"]])
def test_one_result_given_twice_is_refused(results, tmp_path, capsys, more):
    trained = results["copies"].parent
    assert draw(results["copies"], trained, *more, "--out", tmp_path / "drawn.png") == 2
    ids = f"{trained.name}/{results['copies'].name}"
    assert (
        capsys.readouterr().err == f"error: RESULT is given twice: {ids}; a result is drawn once\n"
    )
    assert not (tmp_path / "drawn.png").exists()


def test_what_differs_is_named():
    run = CATALOG["tishby"]
    other_bins = run.varied(edges=(0.0, 1.0, 9))
    assert drawing.names([run, CATALOG["warm-up"]]) == ["tishby", "warm-up"]
    assert drawing.names([run, run.varied(copies=5), CATALOG["warm-up"]]) == [
        "tishby (copies 1)",
        "tishby (copies 5)",
        "warm-up",
    ]
    names = drawing.names([run, other_bins.varied(epochs=7, init="independent")])
    assert names == [
        "tishby (epochs 1000, init shared, 50 edges on -1..1, wrap)",
        "tishby (epochs 7, init independent, 9 edges on 0..1, wrap)",
    ]
    assert drawing.names([run, run.varied(widths=(12, 4, 1))])[1] == "tishby (widths 12-4-1)"
    with pytest.raises(
        ValueError, match=r"RESULT is given twice: tishby-.*/counted-.*; a result is drawn once"
    ):
        drawing.names([run, other_bins, run.varied(about="in other words")])


def test_a_run_alone_is_drawn_with_all_its_readings(results, tmp_path, drawn):
    assert draw(results["copies"], "--out", tmp_path / "one.png") == 0
    ((grid, options),) = drawn
    titles = ["mean of single copies", "sampled: one copy a sample", "mixture over copies"]
    assert [[panel.title for panel in row] for row in grid] == [titles, titles]
    assert options == {
        "rows": ["training", "held-out"],
        "color": "layer",
        "title": "warm-up: 12-5-1 tanh, 3 steps of 101, 0.3 passes",
    }


def test_side_by_side_each_panel_names_its_run(results, tmp_path, drawn):
    assert (
        draw(
            results["warm-up"], results["ten"], "--layers", "output", "--out", tmp_path / "two.pdf"
        )
        == 0
    )
    ((grid, options),) = drawn
    assert [[panel.title for panel in row] for row in grid] == [
        ["warm-up (epochs 3): a single network", "warm-up (epochs 10): a single network"]
    ] * 2
    assert [len(panel.epochs) for panel in grid[0]] == [4, 11]
    assert options["title"] == ""
    planes = {plane.sample: plane for plane in read(results["ten"]).planes}
    for row, sample in zip(grid, ("training", "held-out"), strict=True):
        assert row[1].layers == ("output",)
        np.testing.assert_array_equal(row[1].i_xt, planes[sample].i_xt[:, 0, 1:])


def test_samples_of_other_names_share_their_row(results, tmp_path, drawn):
    assert (
        draw(
            results["warm-up"],
            results["original"],
            "--layers",
            "layer 1",
            "output",
            "--out",
            tmp_path / "two.png",
        )
        == 0
    )
    assert drawn[0][1]["rows"] == ["training / all patterns", "held-out"]


def test_runs_overlaid_share_their_panels(results, tmp_path, drawn):
    words = ["--overlay", "--layers", "output", "layer 1", "--out", tmp_path / "overlaid.png"]
    # one network against the mean of two
    assert draw(results["warm-up"], results["copies"], "--reading", "each", *words) == 2
    assert draw(results["seeds"], results["other seeds"], *words) == 0
    ((grid, options),) = drawn
    seeds = ["warm-up (seed 0)", "warm-up (seed 5)"]
    assert [len(row) for row in grid] == [1, 1]
    panel = grid[1][0]
    assert panel.layers == ["output", "layer 1"] * 2
    assert panel.runs == [name for name in seeds for _ in range(2)]
    planes = [
        [
            plane.i_ty[:, 0, ::-1]
            for plane in read(results[name]).planes
            if plane.sample == "held-out"
        ]
        for name in ("seeds", "other seeds")
    ]
    np.testing.assert_array_equal(
        panel.i_ty, np.concatenate([np.mean(bits, axis=0) for bits in planes], axis=1)
    )
    np.testing.assert_array_equal(
        panel.spread_ty, np.concatenate([np.std(bits, axis=0, ddof=1) for bits in planes], axis=1)
    )
    assert options["rows"] == ["training", "held-out"]


def test_an_overlay_is_really_drawn(results, tmp_path):
    figure = tmp_path / "overlaid.svg"
    words = ["--overlay", "--layers", "output", "--out", figure]
    assert draw(results["seeds"], results["other seeds"], *words) == 0
    assert "warm-up (seed 5)" in figure.read_text()
    # different networks, side by side
    assert draw(results["original"], results["warm-up"], "--out", figure) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "RESULT is 'nowhere', which is no folder that `run` left"),
        (["{warm-up}", "--reading", "sampled"], "has no reading 'sampled': it has each"),
        (
            ["{warm-up}", "--out", "plane.jpeg"],
            "out is 'plane.jpeg': a figure's name ends in .png, .svg or .pdf",
        ),
        (
            ["{warm-up}", "--layers", "layer 9"],
            "layers names 'layer 9': the layers are layer 1, output",
        ),
        (
            ["{warm-up}", "{stopping}"],
            "the runs were read on different numbers of samples: draw them apart",
        ),
        (
            ["{warm-up}", "{ten}", "--overlay"],
            "recorded at different epochs, so they cannot be overlaid",
        ),
        (
            ["{warm-up}", "{seeds}", "--overlay"],
            "several seeds and some have one: draw them side by side",
        ),
        (
            ["{warm-up}", "{copies}", "--overlay"],
            "not the same samples and readings, so they cannot be overlaid",
        ),
        (
            ["{warm-up}", "{original}", "--overlay"],
            "not the same samples and readings, so they cannot be overlaid",
        ),
    ],
)
def test_what_cannot_be_drawn_is_said(results, tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    assert draw(*(word.format(**results) for word in words)) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# --- the reproduction -----------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def short_runs_are_shown():
    """The page takes the catalogue's own runs alone, which are too long to be made here."""

    def short(result):
        return (
            "wall_seconds" in result.manifest
            and result.run.reads[0] in CATALOG[result.run.name].reads
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduction, "_as_catalogued", short)
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
    run = CATALOG["warm-up"].varied(**change)
    assert AS_CATALOGUED(Finished(Path(), Path(), run, {"wall_seconds": 1.0}, [])) == shown
    assert not AS_CATALOGUED(
        Finished(Path(), Path(), run, {"estimated_from": "another folder"}, [])
    )


@pytest.fixture(scope="module")
def times(tmp_path_factory):
    """What the benchmarks would write: the published loop of exp 1 took 120 s an epoch."""
    path = tmp_path_factory.mktemp("times") / "times.json"
    loop = {
        "name": "exp-1",
        "candidates": [
            {"name": "fastmi", "median": 1.0},
            {"name": "published loop", "median": 120.0},
        ],
    }
    path.write_text(
        json.dumps(
            {"cases": [loop, {"name": "exp-2", "candidates": [{"name": "fastmi", "median": 7.0}]}]}
        )
    )
    return path


@pytest.fixture(scope="module")
def written(results, times, tmp_path_factory):
    """A page, and beside it its figures."""
    path = tmp_path_factory.mktemp("pages") / "page.md"
    reproduction.write(results["seeds"].parent.parent, path, times, "the command")
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


def test_the_page_holds_what_was_run_and_names_what_was_not(page, results):
    assert list(page) == ["", "warm-up", "original", "stopping"]
    assert "Written by `the command`" in page[""]
    missing = [name for name in CATALOG if name not in ("warm-up", "original", "stopping")]
    assert f"Not run: {', '.join(f'`{name}`' for name in missing)}." in page[""]
    for name in ("warm-up", "original"):
        assert f"*Published:* {CATALOG[name].published}." in page[name]
        assert CATALOG[name].shows in page[name]
    assert "*Published:* nothing" in page["stopping"]


def test_the_run_with_the_most_seeds_is_shown_and_its_numbers_are_those_of_its_planes(
    page, results
):
    planes = [
        plane
        for plane in tables.load_planes(results["seeds"] / "planes.npz")
        if plane.sample == "training"
    ]
    assert len(planes) == 3
    held_out = [
        plane
        for plane in tables.load_planes(results["seeds"] / "planes.npz")
        if plane.sample == "held-out"
    ]

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
    i_xt, i_ty = (
        [getattr(plane, name)[-1, 0, 1] for plane in held_out] for name in ("i_xt", "i_ty")
    )
    assert ends == ["output", f"{both(i_xt, '.2f')}, {both(i_ty, '.3f')}"]
    assert "| layer | held-out, a single network |" in page["warm-up"]
    assert "Training, a single network, n = 1,000:" in page["warm-up"]
    with (results["seeds"].parent / "scores.csv").open(newline="") as file:
        last = [
            float(row["accuracy"])
            for row in csv.DictReader(file)
            if (row["sample"], row["epoch"]) == ("held-out", "3")
        ]
    assert f"held-out {np.mean(last):.1%}" in page["warm-up"]
    assert "Of 12 pairs of neighbouring layers (training, a single network)" in page["warm-up"]


def test_one_seed_has_no_spread_and_copies_have_all_their_readings(page, results):
    planes = {
        (plane.sample, plane.reading): plane
        for plane in tables.load_planes(results["stopping"] / "planes.npz")
    }
    path, ends = cells(page["stopping"], "layer 4")
    # what was published of several copies
    assert "Training, sampled, n = 1,000:" in page["stopping"]
    assert path[4] == f"{planes['training', 'sampled'].i_xt[-1, 0, 3]:.2f}"
    others = [
        (sample, reading)
        for sample in ("training", "held-out", "fresh")
        for reading in ("mean", "sampled", "mixture")
    ]
    others.remove(("training", "sampled"))
    assert ends[1:] == [
        f"{planes[key].i_xt[-1, 0, 3]:.2f}, {planes[key].i_ty[-1, 0, 3]:.3f}" for key in others
    ]


def test_the_output_stands_at_the_epochs_that_were_published(page, results):
    (plane,) = (
        plane for plane in read(results["original"]).planes if plane.sample == "all patterns"
    )
    (row,) = cells(page["original"], "output, I(X;T)")
    assert "; 3 epochs.\n" in page["original"]
    assert "; 3 steps of 101, 0.3 passes.\n" in page["warm-up"]
    assert "| at step |" in page["warm-up"]
    # the nearest that were recorded
    assert cells(page["original"], "epoch") == [["epoch", "0", "3", "3", "3", "3"]]
    assert row[1:] == [f"{plane.i_xt[at, 0, -1]:.2f}" for at in (0, 3, 3, 3, 3)]
    assert "output, I(X;T)" not in page["warm-up"]


def test_the_rules_for_stopping_stand_on_the_page(page, results):
    with (results["stopping"] / "stopping.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["rule"] == "fixed budget"]
    accuracy = [float(row["accuracy"]) for row in rows]
    expected = [
        "fixed budget",
        "0 of 2",
        "30 ± 0",
        f"{np.mean(accuracy):.3f} ± {np.std(accuracy, ddof=1):.3f}",
    ]
    assert cells(page["stopping"], "fixed budget") == [expected]


def test_times_are_those_of_the_manifest_and_of_the_published_loop(page, results):
    wall = read(results["seeds"]).manifest["wall_seconds"]
    assert (
        f"*Time:* {wall:.1f} s for 3 seeds of one network, 3 steps, 4 recorded and read on 2 "
        "samples" in page["warm-up"]
    )
    assert (
        "The published loop: 120000 ms a step, 6 min for one seed, 18 min for 3." in page["warm-up"]
    )
    assert "published loop" not in page["original"]  # it is not the report's
    assert "published loop" not in page["stopping"]


def test_the_time_of_a_resumed_run_is_said_to_be_of_its_last_part(results):
    found = read(results["warm-up"])
    texts = [
        reproduction._time(found.run, found.manifest | {"resumed": resumed}, {})
        for resumed in (False, True)
    ]
    assert texts[1] == f"{texts[0]} It was interrupted, and this is the time of its last part."


def test_figures_lie_beside_the_page(page, written):
    for name in ("warm-up", "original", "stopping"):
        assert f"](page/{name}.png)" in page[name]
        assert (written.parent / "page" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_seeds_are_drawn_with_their_band(results):
    found = read(results["seeds"])
    (panel, *_), *_ = drawing._panels(found.run, found.planes, None, (), "").values()
    assert panel.spread_xt is not None


def test_a_result_that_was_read_by_other_bins_is_not_the_run(results, times, tmp_path, monkeypatch):
    undraw(monkeypatch)
    assert runs.estimate(results["seeds"], "--edges", "0", "1", "9", out=tmp_path / "results") == 0
    with pytest.raises(ValueError, match="which holds no finished run"):
        reproduction.write(tmp_path / "results", tmp_path / "page.md", times, "the command")
    (folder,) = trained(tmp_path / "results")
    assert read(folder).run.reads == (Counted((0.0, 1.0, 9)),)
    assert runs.estimate(folder, "--edges", "-1", "1", "50") == 0  # and by the run's own it is
    missing = reproduction.write(tmp_path / "results", tmp_path / "page.md", times, "the command")
    assert "warm-up" not in missing


def test_results_of_an_earlier_version_are_shown(times, tmp_path):
    reproduction.write(runs.FORMAT_1, tmp_path / "page.md", times, "the command")
    assert "4 steps, 4 recorded and read on 2 samples" in (tmp_path / "page.md").read_text()


def test_one_network_has_no_spread_over_networks(times, tmp_path, monkeypatch):
    undraw(monkeypatch)
    run("stopping", "--epochs", "10", "--copies", "1", out=tmp_path / "results")
    monkeypatch.setattr(
        reproduction,
        "picture",
        lambda run, planes, marks: SimpleNamespace(set_dpi=lambda dpi: None),
    )
    monkeypatch.setattr(reproduction, "figures", outputs.figures)
    reproduction.write(tmp_path / "results", tmp_path / "page.md", times, "the command")
    assert "nan" not in (tmp_path / "page.md").read_text()


@pytest.mark.parametrize(
    "content", [None, "no JSON", "{}", '{"cases": [{"name": "exp-1"}]}', "[]", '{"cases": 3}']
)
def test_times_that_are_none_are_refused(results, tmp_path, capsys, content):
    times = tmp_path / "bad.json"
    if content is not None:
        times.write_text(content)
    words = [
        "--results",
        str(results["seeds"].parent.parent),
        "--times",
        str(times),
        "--out",
        str(tmp_path / "page.md"),
    ]
    assert cli.main(["reproduction", *words]) == 2
    assert (
        "bad.json', which is not what `python -m benchmarks --json` writes"
        in capsys.readouterr().err
    )
    assert not (tmp_path / "page.md").exists()


def test_without_a_finished_run_there_is_no_page(times, tmp_path, capsys):
    words = ["--results", str(tmp_path / "empty"), "--times", str(times)]
    assert cli.main(["reproduction", *words, "--out", str(tmp_path / "page.md")]) == 2
    assert (
        "empty', which holds no finished run: python -m experiments run all"
        in capsys.readouterr().err
    )
    assert cli.main(["reproduction", *words, "--out", str(tmp_path)]) == 2
    assert "which is a folder" in capsys.readouterr().err


def test_the_command_names_what_was_not_run(results, times, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        reproduction,
        "picture",
        lambda run, planes, marks: SimpleNamespace(set_dpi=lambda dpi: None),
    )
    monkeypatch.setattr(
        reproduction, "figures", SimpleNamespace(save=lambda figure, path: path.touch())
    )
    out = tmp_path / "page.md"
    words = [
        "--results",
        str(results["seeds"].parent.parent),
        "--times",
        str(times),
        "--out",
        str(out),
    ]
    assert cli.main(["reproduction", *words]) == 0
    assert capsys.readouterr().out.startswith(f"written: {out}; not run: tishby, tishby-extended, ")
    assert "Written by `python -m experiments reproduction`" in out.read_text()
