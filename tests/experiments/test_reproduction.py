"""The page of the reproduction: what was run, its numbers, and no others."""

import csv
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from experiments import drawing, reproduction, saving
from experiments.catalog import CATALOG
from experiments.measures import Counted
from experiments.results import Finished, read
from fastmi import tables
from tests import runs
from tests.experiments.shortened import left_by
from tests.runs import trained, undraw

AS_CATALOGUED = reproduction._as_catalogued


pytestmark = pytest.mark.usefixtures("short_runs_are_shown")


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({}, True),
        ({"seed": 3, "seeds": 10, "n_recorded": 7}, True),
        ({"epochs": 3}, False),
        ({"copies": 2}, False),
        ({"labels": "shuffled"}, False),
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
def written(short_runs, times, tmp_path_factory):
    """A page, and beside it its figures."""
    path = tmp_path_factory.mktemp("pages") / "page.md"
    reproduction.write(short_runs["seeds"].parent.parent, path, times, "the command")
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


def test_the_page_holds_what_was_run_and_names_what_was_not(page, short_runs):
    assert list(page) == ["", "warm-up", "original", "stopping"]
    assert "Written by `the command`" in page[""]
    missing = [name for name in CATALOG if name not in ("warm-up", "original", "stopping")]
    assert f"Not run: {', '.join(f'`{name}`' for name in missing)}." in page[""]
    for name in ("warm-up", "original"):
        assert f"*Published:* {CATALOG[name].published}." in page[name]
        assert CATALOG[name].shows in page[name]
    assert "*Published:* nothing" in page["stopping"]


def test_the_run_with_the_most_seeds_is_shown_and_its_numbers_are_those_of_its_planes(
    page, short_runs
):
    planes = [
        plane
        for plane in tables.load_planes(short_runs["seeds"] / "planes.npz")
        if plane.sample == "training"
    ]
    assert len(planes) == 3
    held_out = [
        plane
        for plane in tables.load_planes(short_runs["seeds"] / "planes.npz")
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
    with (short_runs["seeds"].parent / "scores.csv").open(newline="") as file:
        last = [
            float(row["accuracy"])
            for row in csv.DictReader(file)
            if (row["sample"], row["epoch"]) == ("held-out", "3")
        ]
    assert f"held-out {np.mean(last):.1%}" in page["warm-up"]
    assert "Of 12 pairs of neighbouring layers (training, a single network)" in page["warm-up"]


def test_one_seed_has_no_spread_and_copies_have_all_their_readings(page, short_runs):
    planes = {
        (plane.sample, plane.reading): plane
        for plane in tables.load_planes(short_runs["stopping"] / "planes.npz")
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


def test_the_output_stands_at_the_epochs_that_were_published(page, short_runs):
    (plane,) = (
        plane for plane in read(short_runs["original"]).planes if plane.sample == "all patterns"
    )
    (row,) = cells(page["original"], "output, I(X;T)")
    assert "; 3 epochs.\n" in page["original"]
    assert "; 3 steps of 101, 0.3 passes.\n" in page["warm-up"]
    assert "| at step |" in page["warm-up"]
    # the nearest that were recorded
    assert cells(page["original"], "epoch") == [["epoch", "0", "3", "3", "3", "3"]]
    assert row[1:] == [f"{plane.i_xt[at, 0, -1]:.2f}" for at in (0, 3, 3, 3, 3)]
    assert "output, I(X;T)" not in page["warm-up"]


def test_the_rules_for_stopping_stand_on_the_page(page, short_runs):
    with (short_runs["stopping"] / "stopping.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["rule"] == "fixed budget"]
    accuracy = [float(row["accuracy"]) for row in rows]
    expected = [
        "fixed budget",
        "0 of 2",
        "30 ± 0",
        f"{np.mean(accuracy):.3f} ± {np.std(accuracy, ddof=1):.3f}",
    ]
    assert cells(page["stopping"], "fixed budget") == [expected]


def test_times_are_those_of_the_manifest_and_of_the_published_loop(page, short_runs):
    wall = read(short_runs["seeds"]).manifest["wall_seconds"]
    assert (
        f"*Time:* {wall:.1f} s for 3 seeds of one network, 3 steps, 4 recorded and read on 2 "
        "samples" in page["warm-up"]
    )
    assert (
        "The published loop: 120000 ms a step, 6 min for one seed, 18 min for 3." in page["warm-up"]
    )
    assert "published loop" not in page["original"]  # it is not the report's
    assert "published loop" not in page["stopping"]


def test_the_time_of_a_resumed_run_is_said_to_be_of_its_last_part(short_runs):
    result = read(short_runs["warm-up"])
    texts = [
        reproduction._time(result.run, result.manifest | {"resumed": resumed}, {})
        for resumed in (False, True)
    ]
    assert texts[1] == f"{texts[0]} It was interrupted, and this is the time of its last part."


def test_figures_lie_beside_the_page(page, written):
    for name in ("warm-up", "original", "stopping"):
        assert f"](page/{name}.png)" in page[name]
        assert (written.parent / "page" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_seeds_are_drawn_with_their_band(short_runs):
    found = read(short_runs["seeds"])
    (panel, *_), *_ = drawing._panels(found.run, found.planes, None, (), "").values()
    assert panel.spread_xt is not None


def test_a_result_that_was_read_by_other_bins_is_not_the_run(
    short_runs, times, tmp_path, monkeypatch
):
    undraw(monkeypatch)
    assert (
        runs.estimate(short_runs["seeds"], "--edges", "0", "1", "9", out=tmp_path / "results") == 0
    )
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
    left_by("stopping", "--epochs", "10", "--copies", "1", out=tmp_path / "results")
    monkeypatch.setattr(
        reproduction,
        "picture",
        lambda run, planes, marks: SimpleNamespace(set_dpi=lambda dpi: None),
    )
    monkeypatch.setattr(reproduction, "figures", saving.figures)
    reproduction.write(tmp_path / "results", tmp_path / "page.md", times, "the command")
    assert "nan" not in (tmp_path / "page.md").read_text()
