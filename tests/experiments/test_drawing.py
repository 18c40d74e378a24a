"""Runs as panels: side by side, overlaid, seeds with their band."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments import drawing
from experiments.catalog import CATALOG
from experiments.commands import draw as draw_command
from experiments.drawing import picture
from experiments.results import read
from fastmi import tables
from tests.experiments.shortened import draw, left_by
from tests.runs import undraw

# --- the runner -----------------------------------------------------------------------------------


def test_several_seeds_are_drawn_as_their_mean_with_a_band(seeded, result, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "experiments.drawing.figures.information_plane",
        lambda grid, **options: drawn.append((grid, options)),
    )
    for each in (seeded, result):
        picture(each.run, each.planes)
    (banded, options), (single, _) = drawn
    assert options["rows"] == ["training", "held-out"]
    assert [len(row) for row in banded] == [3, 3]  # "mean" stands for "each"
    bits = np.stack([seeded.plane("mixture", "held-out", seed).i_ty[:, 0] for seed in (4, 5, 6)])
    np.testing.assert_array_equal(banded[1][2].i_ty, bits.mean(axis=0))
    np.testing.assert_array_equal(banded[1][2].spread_ty, bits.std(axis=0, ddof=1))
    assert all(panel.spread_xt.shape == (4, 6) for row in banded for panel in row)
    assert all(panel.spread_xt is None for row in single for panel in row)


# --- the words ------------------------------------------------------------------------------------


def test_a_panel_of_seeds_is_that_of_their_planes(seeded):
    panel = tables.panel([seeded.plane("each", "training", seed) for seed in (4, 5, 6)])
    means = np.stack([seeded.plane("mean", "training", seed).i_xt[:, 0] for seed in (4, 5, 6)])
    np.testing.assert_array_equal(panel.i_xt, means.mean(axis=0))
    assert "2 copies, 3 seeds" in panel.caption


LABELS = ("true", "shuffled")


@pytest.fixture(scope="module")
def nulls(tmp_path_factory):
    """Folders of runs on true and on shuffled labels, all in one OUT."""
    out = tmp_path_factory.mktemp("nulls")
    with pytest.MonkeyPatch.context() as patch:
        undraw(patch)
        return {
            "true": left_by("warm-up", "--epochs", "3", out=out),
            "shuffled": left_by("warm-up", "--epochs", "3", "--shuffle-labels", out=out),
            "original": left_by("original", "--epochs", "2", out=out),
            "original, shuffled": left_by("original", "--epochs", "2", "--shuffle-labels", out=out),
        }


@pytest.fixture
def drawn(monkeypatch):
    """The grids of panels that were to be drawn, with the options; nothing is drawn."""
    grids = []
    monkeypatch.setattr(
        "experiments.drawing.figures.information_plane",
        lambda grid, **options: grids.append((grid, options)),
    )
    monkeypatch.setattr(
        draw_command, "figures", SimpleNamespace(save=lambda figure, path: path.touch())
    )
    return grids


# --- drawing --------------------------------------------------------------------------------------


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


def test_a_run_alone_is_drawn_with_all_its_readings(short_runs, tmp_path, drawn):
    assert draw(short_runs["copies"], "--out", tmp_path / "one.png") == 0
    ((grid, options),) = drawn
    titles = ["mean of single copies", "sampled: one copy a sample", "mixture over copies"]
    assert [[panel.title for panel in row] for row in grid] == [titles, titles]
    assert options == {
        "rows": ["training", "held-out"],
        "color": "layer",
        "title": "warm-up: 12-5-1 tanh, 3 steps of 101, 0.3 passes",
    }


def test_side_by_side_each_panel_names_its_run(short_runs, tmp_path, drawn):
    assert (
        draw(
            short_runs["warm-up"],
            short_runs["ten"],
            "--layers",
            "output",
            "--out",
            tmp_path / "two.pdf",
        )
        == 0
    )
    ((grid, options),) = drawn
    assert [[panel.title for panel in row] for row in grid] == [
        ["warm-up (epochs 3): a single network", "warm-up (epochs 10): a single network"]
    ] * 2
    assert [len(panel.epochs) for panel in grid[0]] == [4, 11]
    assert options["title"] == ""
    planes = {plane.sample: plane for plane in read(short_runs["ten"]).planes}
    for row, sample in zip(grid, ("training", "held-out"), strict=True):
        assert row[1].layers == ("output",)
        np.testing.assert_array_equal(row[1].i_xt, planes[sample].i_xt[:, 0, 1:])


def test_samples_of_other_names_share_their_row(short_runs, tmp_path, drawn):
    assert (
        draw(
            short_runs["warm-up"],
            short_runs["original"],
            "--layers",
            "layer 1",
            "output",
            "--out",
            tmp_path / "two.png",
        )
        == 0
    )
    assert drawn[0][1]["rows"] == ["training / all patterns", "held-out"]


def test_runs_overlaid_share_their_panels(short_runs, tmp_path, drawn):
    words = ["--overlay", "--layers", "output", "layer 1", "--out", tmp_path / "overlaid.png"]
    # one network against the mean of two
    assert draw(short_runs["warm-up"], short_runs["copies"], "--reading", "each", *words) == 2
    assert draw(short_runs["seeds"], short_runs["other seeds"], *words) == 0
    ((grid, options),) = drawn
    seeds = ["warm-up (seed 0)", "warm-up (seed 5)"]
    assert [len(row) for row in grid] == [1, 1]
    panel = grid[1][0]
    assert panel.layers == ["output", "layer 1"] * 2
    assert panel.runs == [name for name in seeds for _ in range(2)]
    planes = [
        [
            plane.i_ty[:, 0, ::-1]
            for plane in read(short_runs[name]).planes
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


def test_an_overlay_is_really_drawn(short_runs, tmp_path):
    figure = tmp_path / "overlaid.svg"
    words = ["--overlay", "--layers", "output", "--out", figure]
    assert draw(short_runs["seeds"], short_runs["other seeds"], *words) == 0
    assert "warm-up (seed 5)" in figure.read_text()
    # different networks, side by side
    assert draw(short_runs["original"], short_runs["warm-up"], "--out", figure) == 0


def test_a_run_on_shuffled_labels_stands_below_the_one_on_true_ones(nulls, tmp_path, drawn):
    # whichever is named first
    assert draw(nulls["shuffled"], nulls["true"], "--out", tmp_path / "two.png") == 0
    ((grid, options),) = drawn
    assert options == {
        "rows": [
            "training: trained on true labels",
            "training (shuffled labels): trained on shuffled labels",
            "held-out: trained on true labels",
            "held-out: trained on shuffled labels",
        ],
        "color": "layer",
        "title": "warm-up: 12-5-1 tanh, 3 steps of 101, 0.3 passes",
    }
    planes = [plane for name in ("true", "shuffled") for plane in read(nulls[name]).planes]
    for (panel,), plane in zip(grid, (planes[0], planes[2], planes[1], planes[3]), strict=True):
        np.testing.assert_array_equal(panel.i_ty, plane.i_ty[:, 0])
    assert "simple (trained on shuffled labels), held-out" in grid[3][0].caption
    assert "simple, held-out" in grid[2][0].caption


def test_other_runs_than_the_null_s_own_are_named_in_its_rows(nulls, short_runs, tmp_path, drawn):
    words = [short_runs["ten"], nulls["shuffled"], "--out", tmp_path / "two.png"]
    assert draw(*words) == 0
    ((_, options),) = drawn
    assert options["rows"][:2] == [
        "training: warm-up (epochs 10, trained on true labels)",
        "training (shuffled labels): warm-up (epochs 3, trained on shuffled labels)",
    ]
    assert options["title"] == ""


def test_samples_that_the_null_reads_besides_have_rows_of_their_own(nulls, tmp_path, drawn):
    words = ["--out", tmp_path / "two.png"]
    assert draw(nulls["original"], nulls["original, shuffled"], *words) == 0
    assert [row.partition(":")[0] for row in drawn[0][1]["rows"]] == [
        *("all patterns", "all patterns", "held-out", "held-out"),
        "training (shuffled labels)",
    ]
    assert draw(nulls["original"], nulls["original, shuffled"], "--overlay", *words) == 2


def test_the_null_is_laid_over_the_real_run(nulls, tmp_path, drawn):
    words = ["--overlay", "--layers", "output", "--out", tmp_path / "overlaid.png"]
    assert draw(nulls["true"], nulls["shuffled"], *words) == 0
    ((grid, options),) = drawn
    assert options["rows"] == ["training / training (shuffled labels)", "held-out"]
    assert grid[0][0].runs == [f"warm-up (trained on {labels} labels)" for labels in LABELS]
    planes = [read(nulls[labels]).planes[0] for labels in LABELS]
    np.testing.assert_array_equal(
        grid[0][0].i_ty, np.concatenate([plane.i_ty[:, 0, 1:] for plane in planes], axis=1)
    )


def test_a_null_alone_says_so_in_its_title(nulls, tmp_path, drawn):
    assert draw(nulls["shuffled"], "--out", tmp_path / "one.png") == 0
    ((_, options),) = drawn
    assert options["title"].endswith(", 0.3 passes, trained on shuffled labels")
    assert options["rows"] == ["training (shuffled labels)", "held-out"]


@pytest.mark.parametrize("words", [[], ["--overlay"]])
def test_a_null_is_really_drawn(nulls, tmp_path, words):
    figure = tmp_path / "null.svg"
    assert draw(nulls["true"], nulls["shuffled"], *words, "--out", figure) == 0
    assert "shuffled" in figure.read_text()
