"""What a finished run leaves: a whole folder, or the old one."""

import csv
import json

import numpy as np
import pytest
import torch

from experiments import in_progress, measures, networks, results, saving
from experiments.catalog import CATALOG, Run
from fastmi import LoopWarning
from tests.experiments.shortened import assert_same_files
from tests.runs import reading_of, run
from tests.runs import trained as trained_in


def csv_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def saved(result, out):
    """A result that was not trained here."""
    place = out / f"{result.run.id}.part"
    place.mkdir()
    saving.save(result, place, out / result.run.id, wall_seconds=1.0, resumed=False)
    return out / result.run.id


def test_a_finished_run_leaves_a_whole_folder(tmp_path, capsys):
    assert run("tishby-extended", "--epochs", "2", "--copies", "2", out=tmp_path) == 0
    (folder,) = trained_in(tmp_path)
    reading = reading_of(folder)
    assert {path.name for path in folder.iterdir()} == {
        "scores.csv",
        "manifest.json",
        "snapshots",
        reading.name,
    }
    assert {path.name for path in reading.iterdir()} == {
        *("plane.csv", "planes.npz", "plane.png", "plane.svg", "manifest.json")
    }
    rows = csv_of(reading / "plane.csv")
    assert len(rows) == 2 * 3 * 6 * (1 + 2 + 1 + 1)
    assert {(row["data"], row["sample"], row["seed"]) for row in rows} == {
        ("simple", "training", "0"),
        ("simple", "held-out", "0"),
    }
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["id"] == folder.name
    assert Run.from_fields(manifest["run"]) == CATALOG["tishby-extended"].varied(epochs=2, copies=2)
    read_of_it = json.loads((reading / "manifest.json").read_text())
    assert read_of_it["id"] == f"{folder.name}/{reading.name}"
    assert (
        measures.from_fields("reading", read_of_it["reading"])
        == CATALOG["tishby-extended"].reads[0]
    )
    assert (manifest["data"], manifest["remark"]) == ("simple", "")
    result = results.read(folder)
    plane = next(
        plane for plane in result.planes if (plane.reading, plane.sample) == ("sampled", "held-out")
    )
    written = [
        float(row["i_xt_bits"])
        for row in rows
        if (row["reading"], row["sample"]) == ("sampled", "held-out")
    ]
    assert written == plane.i_xt.ravel().tolist()
    (end,) = [
        place
        for place in read_of_it["readings"]
        if (place["reading"], place["sample"]) == ("sampled", "held-out")
    ]
    assert [layer["i_xt_end"] for layer in end["layers"]] == plane.i_xt[-1, 0].tolist()
    assert end["funnel"]["pairs"] == 3 * 5
    scores = csv_of(folder / "scores.csv")
    assert len(scores) == 2 * 3 * 2
    last = [
        float(row["accuracy"])
        for row in scores
        if (row["sample"], row["epoch"]) == ("held-out", "2")
    ]
    assert manifest["scores_end"][1]["accuracy"] == pytest.approx(np.mean(last), abs=1e-12)
    shown = capsys.readouterr().out
    assert "sampled" in shown
    assert "H(Y)" in shown
    assert str(folder) in shown
    assert f"\nRun again: {manifest['repeats']}.\n" in shown


def test_the_files_of_several_seeds_name_the_seed_in_every_row(tmp_path, undrawn):
    assert run("warm-up", "--epochs", "1", "--seeds", "2", "--seed", "3", out=tmp_path) == 0
    (folder,) = trained_in(tmp_path)
    for path, n in ((reading_of(folder) / "plane.csv", 8), (folder / "scores.csv", 4)):
        assert [row["seed"] for row in csv_of(path)].count("3") == n
        assert [row["seed"] for row in csv_of(path)].count("4") == n
    assert [(plane.sample, plane.seed) for plane in results.read(folder).planes] == [
        *(("training", 3), ("held-out", 3), ("training", 4), ("held-out", 4))
    ]


def test_the_same_run_writes_the_same_csv(tmp_path, undrawn):
    for out in (tmp_path / "a", tmp_path / "b"):
        assert run("warm-up", "--epochs", "3", "--seed", "5", out=out) == 0
    (one,), (other,) = trained_in(tmp_path / "a"), trained_in(tmp_path / "b")
    assert_same_files(one, other)


def test_a_looped_network_is_a_remark_in_the_manifest_and_the_summary(
    tmp_path, undrawn, monkeypatch, capsys
):
    class Undecided(torch.nn.Tanh):
        def forward(self, x):
            return super().forward(x if x.sum() > 0 else -x)

    looped = torch.nn.Sequential()
    for name, module in {"linear": torch.nn.Linear(12, 1), "output": Undecided()}.items():
        looped.add_module(name, module)
    monkeypatch.setitem(networks.NETWORKS, "tanh", lambda widths: looped)
    with pytest.warns(LoopWarning):
        assert run("warm-up", "--epochs", "1", out=tmp_path) == 0
    manifest = json.loads(next(tmp_path.glob("*/manifest.json")).read_text())
    assert "torch.func.vmap" in manifest["remark"]
    assert manifest["remark"] in capsys.readouterr().out


def test_a_result_that_cannot_be_finished_leaves_the_old_one_whole(
    tmp_path, monkeypatch, undrawn, whole
):
    folder = saved(whole["sgd"], tmp_path)
    before = (reading_of(folder) / "plane.csv").read_bytes()

    def broken(*arguments, **options):
        raise OSError("disk full")

    monkeypatch.setattr(saving, "picture", broken)
    with pytest.raises(OSError, match="disk full"):
        saved(whole["sgd"], tmp_path)
    assert (reading_of(folder) / "plane.csv").read_bytes() == before
    assert in_progress.finished(folder)


def test_a_second_result_replaces_the_first(tmp_path, undrawn, whole):
    folder = saved(whole["sgd"], tmp_path)
    (folder / "stray").touch()
    assert saved(whole["sgd"], tmp_path) == folder
    assert not (folder / "stray").exists()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
