"""The page of the reproduction: what was run, its numbers, and no others."""

import csv
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from experiments import drawing, reproduction, saving
from experiments.catalog import CATALOG
from experiments.measures import Counted
from experiments.results import Finished, read
from experiments.summary import KEYS
from fastmi import tables
from tests import runs
from tests.experiments.shortened import left_by, page_of
from tests.runs import reading_of, trained

AS_CATALOGUED = reproduction._as_catalogued
LAYER = {"layer", *KEYS, *(f"{key}_sd" for key in KEYS)}  # before there were beliefs


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
    reproduction.write(short_runs["seeds"].parent.parent, path, times, "fastmi")
    return path


@pytest.fixture
def words_alone(undrawn, monkeypatch):
    """Pages are written, and their figures are empty files."""
    drawn = SimpleNamespace(set_dpi=lambda dpi: None)
    monkeypatch.setattr(reproduction, "picture", lambda run, planes, marks: drawn)
    monkeypatch.setattr(reproduction, "figures", saving.figures)


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
    assert "Written by `fastmi reproduction`" in page[""]
    assert (
        "Seeds: 3 of `warm-up`; 1 of `original`, `stopping`; fewer than ten, to save time, so take "
        "their spreads as rough.\n" in page[""]
    )
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


def test_first_comes_what_was_published_beside_what_was_found(page, short_runs):
    table = page[""].split("\n\n")[2].splitlines()
    assert table[0] == "| run | published | found | agrees? | resolved? |"
    assert [row.split(" | ")[0] for row in table[2:]] == [
        "| `warm-up`, layer 1",
        "| `warm-up`, output",
        "| `original`, output",
        "| `stopping`, output",
    ]
    (row,) = cells(page[""], "`warm-up`, output")
    (path, _) = cells(page["warm-up"], "output")
    assert row[1:] == ["(4.2, 0.6) at the end", f"({path[4]}, {path[6]}) at the end", "no", row[4]]
    assert row[4].startswith(
        next(
            layer["verdict"]
            for layer in read(short_runs["seeds"]).manifest["readings"][0]["layers"]
            if layer["layer"] == "output"
        )
    )
    (row,) = cells(page[""], "`stopping`, output")
    assert row[1] == row[3] == ""  # nothing was published


def test_what_can_be_believed_stands_beside_each_layer(page, short_runs):
    manifest = read(short_runs["seeds"]).manifest
    for table in manifest["readings"]:
        rows = cells(page["warm-up"], table["sample"])
        assert len(rows) == len(table["layers"]) == 2
        for row, layer in zip(rows, table["layers"], strict=True):
            assert row[1:] == [
                layer["layer"],
                f"{layer['i_ty_end']:.3f}",
                f"{layer['chance']:.3f}",
                f"{layer['mean_lower']:.3f} and {layer['mean_upper']:.3f}",
                f"{layer['growth']:.3f}",
                f"{layer['pair_coverage']:.3f}",
                layer["verdict"],
                layer["reason"],
            ]
    gaps = [f"{gap['layer']} {gap['gap']:+.3f} ({gap['means']})" for gap in manifest["gaps"]]
    assert f"single networks, training minus held-out: {', '.join(gaps)}." in page["warm-up"]
    assert "why, of the weakest seed" in page["warm-up"]
    assert "weakest seed" not in page["stopping"]


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


def test_figures_lie_beside_the_page(page, written):
    for name in ("warm-up", "original", "stopping"):
        assert f"](page/{name}.png)" in page[name]
        assert (written.parent / "page" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_seeds_are_drawn_with_their_band(short_runs):
    found = read(short_runs["seeds"])
    (panel, *_), *_ = drawing._panels(found.run, found.planes, None, (), "").values()
    assert panel.spread_xt is not None


def test_a_result_that_was_read_by_other_bins_is_not_the_run(
    short_runs, times, tmp_path, words_alone
):
    assert (
        runs.estimate(short_runs["seeds"], "--edges", "0", "1", "9", out=tmp_path / "results") == 0
    )
    with pytest.raises(ValueError, match="which holds no finished run"):
        reproduction.write(tmp_path / "results", tmp_path / "page.md", times, "fastmi")
    (folder,) = trained(tmp_path / "results")
    assert read(folder).run.reads == (Counted((0.0, 1.0, 9)),)
    assert runs.estimate(folder, "--edges", "-1", "1", "50") == 0  # and by the run's own it is
    missing = reproduction.write(tmp_path / "results", tmp_path / "page.md", times, "fastmi")
    assert "warm-up" not in missing


def test_results_of_an_earlier_version_are_shown(times, tmp_path):
    reproduction.write(runs.FORMAT_1, tmp_path / "page.md", times, "fastmi")
    assert "4 steps, 4 recorded and read on 2 samples" in (tmp_path / "page.md").read_text()


def test_an_older_manifest_makes_a_page_with_empty_cells(short_runs, times, tmp_path, words_alone):
    """Format 2 was written without what can be believed, at first."""
    trained_folder = short_runs["seeds"].parent
    copy = Path(shutil.copytree(trained_folder, tmp_path / "results" / trained_folder.name))
    path = reading_of(copy) / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["gaps"]
    for table in manifest["readings"]:
        table["layers"] = [
            {key: value for key, value in layer.items() if key in LAYER}
            for layer in table["layers"]
        ]
    path.write_text(json.dumps(manifest))
    for results in (tmp_path / "results", runs.FORMAT_1):
        reproduction.write(results, tmp_path / "page.md", times, "fastmi")
        page = (tmp_path / "page.md").read_text()
        (row,) = (row for row in cells(page, "training") if row[1] == "output")
        assert float(row[2]) >= 0
        assert row[3:] == [""] * 6
        assert "minus held-out" not in page
        assert [row[-1] for row in cells(page, "`warm-up`, output")] == [""]


def test_a_page_names_no_place_of_this_machine(
    short_runs, times, tmp_path, words_alone, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").symlink_to(short_runs["seeds"].parent.parent)
    words = ("reproduction", "--results", tmp_path / "results", "--times", times)
    page = page_of(tmp_path, *words)
    for place in (tmp_path, short_runs["seeds"].parent.parent, times.parent):
        assert str(place) not in page


def test_one_network_has_no_spread_over_networks(times, tmp_path, words_alone):
    left_by("stopping", "--epochs", "10", "--copies", "1", out=tmp_path / "results")
    reproduction.write(tmp_path / "results", tmp_path / "page.md", times, "fastmi")
    assert "nan" not in (tmp_path / "page.md").read_text()
