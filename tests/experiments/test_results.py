"""Results of anybody, or of earlier versions: one sentence where they are none."""

import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from experiments import __main__ as cli
from experiments import manifests, old_formats, reproduction, results, saving
from experiments.catalog import CATALOG
from tests.experiments.shortened import manifest_of, posix, refused, rewrite
from tests.runs import FORMAT_0, FORMAT_1, estimate, reading_of

pytestmark = pytest.mark.usefixtures("undrawn")


# --- of earlier versions --------------------------------------------------------------------------


def test_a_result_of_format_0_is_read_for_ever(old_result):
    finished = results.read(old_result)
    assert finished.run.training == CATALOG["warm-up"].varied(epochs=4, copies=2).training
    assert (finished.run.reads, finished.folder, finished.trained) == (
        CATALOG["warm-up"].reads,
        old_result,
        old_result,
    )
    assert [(plane.sample, plane.reading) for plane in finished.planes] == [
        (sample, reading)
        for sample in ("training", "held-out")
        for reading in ("mean", "each", "sampled", "mixture")
    ]
    assert finished.planes[1].epochs.tolist() == [0, 1, 2, 3, 4]


def test_a_result_of_format_0_is_drawn_for_ever(old_result, tmp_path):
    assert cli.main(["draw", str(old_result), "--out", str(tmp_path / "drawn.png")]) == 0


def test_a_result_of_format_0_is_estimated_for_ever(old_result, tmp_path):
    assert estimate(old_result, "--edges", "-1", "1", "9") == 0
    folder = reading_of(old_result)
    before = json.loads((FORMAT_0 / "manifest-estimated.json").read_text())
    after = manifest_of(folder)
    assert after["format"] == 2
    assert after["id"] == f"{results.read(old_result).run.id}/{folder.name}"
    assert old_formats.id_of(results.read(folder).run) == before["id"]
    one, other = (manifest["readings"][0]["layers"][1] for manifest in (before, after))
    # another machine's tanh may round otherwise
    assert one["i_xt_start"] == pytest.approx(other["i_xt_start"], abs=0.05)


@pytest.mark.parametrize("number", [3, 99])
def test_a_result_of_a_later_format_says_what_to_do(old_result, tmp_path, capsys, number):
    rewrite(old_result, format=number, readings="in another way")
    assert cli.main(["draw", str(old_result), "--out", str(tmp_path / "drawn.png")]) == 2
    said = capsys.readouterr().err
    assert re.search(
        rf"manifest\.json' has format {number}, and this version of fastmi reads up to 2: update "
        r"fastmi",
        said,
    )


def copied(version, tmp_path):
    """All that a version left in its OUT."""
    return Path(shutil.copytree(FORMAT_1.with_name(f"format-{version}"), tmp_path / "out"))


def test_the_results_of_format_1_are_found_and_read_for_ever(tmp_path):
    out = copied(1, tmp_path)
    folders = results.folders(out)
    assert [folder.name for folder in folders] == ["warm-up-1966dd320c", "warm-up-296a7af454"]
    for folder, n_edges in zip(folders, (50, 9), strict=True):
        result = results.read(folder)
        assert (result.folder, result.trained, result.run.reads[0].edges) == (
            folder,
            folder,
            (-1.0, 1.0, n_edges),
        )
        assert (
            result.run.training
            == CATALOG["warm-up"].varied(epochs=4, copies=2, n_recorded=3).training
        )
        assert [plane.reading for plane in result.planes] == [
            "mean",
            "each",
            "sampled",
            "mixture",
        ] * 2
        assert [score.epochs.tolist() for score in result.result().scores] == [[0, 1, 2, 4]] * 2
    assert "wall_seconds" in results.read(folders[0]).manifest
    assert "estimated_from" in results.read(folders[1]).manifest


def test_the_results_of_format_1_are_drawn_and_read_again_to_the_same_bytes_for_ever(tmp_path):
    trained, estimated = results.folders(copied(1, tmp_path))
    assert (
        cli.main(["draw", str(trained), str(estimated), "--out", str(tmp_path / "drawn.png")]) == 0
    )
    before = {path.name for path in trained.iterdir()}
    assert estimate(trained, "--edges", "-1", "1", "9") == 0
    reading = reading_of(trained)
    assert {path.name for path in trained.iterdir()} == before | {reading.name}
    assert results.read(reading).run.reads == results.read(estimated).run.reads
    one, other = (
        [plane.i_xt for plane in results.read(folder).planes] for folder in (reading, estimated)
    )
    # another tanh may round
    np.testing.assert_allclose(
        np.concatenate(one, axis=1), np.concatenate(other, axis=1), atol=0.05
    )
    assert estimate(trained, "--edges", "-1", "1", "50") == 2  # which it was read with
    assert estimate(estimated, "--edges", "-1", "1", "21") == 2  # its snapshots lie in the other


# --- snapshots ------------------------------------------------------------------------------------


def repacked(path, **changes):
    with np.load(path) as file:
        members = {name: file[name] for name in file.files} | changes
    np.savez(path, **{name: member for name, member in members.items() if member is not None})


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("snapshots-00000001.npz", {"linear 1.weight": np.zeros((1, 2, 5, 11), np.float32)}),
        ("snapshots-00000001.npz", {"linear 1.weight": None}),
        ("snapshots-00000001.npz", {"linear 9.weight": np.zeros((1, 2, 5, 12), np.float32)}),
        ("snapshots-00000001.npz", {"linear 1.weight": np.full((1, 2, 5, 12), np.nan, np.float32)}),
        ("snapshots-00000001.npz", {"linear 1.weight": np.full((1, 2, 5, 12), "a")}),
        ("snapshots-00000001.npz", {"linear 1.weight": np.float32(0)}),
        ("snapshots-00000001.npz", {"linear 1.weight": np.zeros((3, 2, 5, 12), np.float32)}),
        ("state.npz", {"losses": np.zeros(3, np.float32)}),
        ("state.npz", {"losses": np.zeros(4)}),
        ("state.npz", {"losses": np.zeros((2, 2), np.float32)}),
        ("state.npz", {"losses": None}),
        ("state.npz", {"plain": np.array('{"epoch": 3, "n_snapshots": 5}')}),
        ("state.npz", {"plain": np.array('{"epoch": 4, "n_snapshots": 4}')}),
        ("state.npz", {"plain": np.array('{"epoch": 9, "n_snapshots": 5}')}),
        ("state.npz", {"plain": np.array('{"epoch": -1, "n_snapshots": 0}')}),
        ("state.npz", {"plain": np.array('{"epoch": "4", "n_snapshots": 5}')}),
        ("state.npz", {"plain": np.array("[4, 5]")}),
        ("state.npz", {"other": np.zeros(3)}),
    ],
)
def test_snapshots_of_another_run_are_refused(old_result, tmp_path, capsys, file, changes):
    repacked(old_result / "snapshots" / file, **changes)
    out = tmp_path / "out"
    assert (
        cli.main(["estimate", str(old_result), "--edges", "-1", "1", "9", "--out", str(out)]) == 2
    )
    assert re.fullmatch(
        r"error: RESULT is .*, which cannot be read again \(.*\)\n", capsys.readouterr().err
    )
    assert list(out.iterdir()) == []


@posix
def test_snapshots_that_are_links_are_not_copied(old_result, tmp_path, capsys):
    target = old_result / "snapshots" / "snapshots-00000001.npz"
    target.unlink()
    target.symlink_to("/dev/zero")
    for out in (tmp_path / "out", None):
        assert estimate(old_result, "--edges", "-1", "1", "9", out=out) == 2
        assert "snapshots-00000001.npz' is no file, or a link to one" in capsys.readouterr().err
    assert not list(old_result.glob("counted-*"))


# --- what else lies among the results -------------------------------------------------------------


def test_what_is_no_result_does_not_disturb_the_reproduction(
    old_result, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(reproduction, "_as_catalogued", lambda old_result: True)
    for name in ("other", "notes.part", ".hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text('{"name": "an app"}')
    (tmp_path / "file").touch()
    shutil.copytree(old_result, tmp_path / "warm-up-1.part")
    found, others = reproduction._most_seeds(tmp_path)
    assert [one.folder for one in found.values()] == [old_result]
    assert [other.partition("which")[0] for other in others] == [
        f"RESULT is '{tmp_path / name}', " for name in (".hidden", "other")
    ]
    monkeypatch.setattr(
        reproduction,
        "picture",
        lambda run, planes, marks: SimpleNamespace(set_dpi=lambda dpi: None),
    )
    monkeypatch.setattr(reproduction, "figures", saving.figures)
    times = tmp_path / "times.json"
    times.write_text('{"cases": []}')
    words = [
        "reproduction",
        "--results",
        str(tmp_path),
        "--times",
        str(times),
        "--out",
        str(tmp_path / "page.md"),
    ]
    assert cli.main(words) == 0
    assert [line[:18] for line in capsys.readouterr().err.splitlines()] == [
        "left out: RESULT i"
    ] * 2
    shutil.rmtree(old_result)
    assert cli.main(words) == 2
    said = capsys.readouterr().err
    assert re.fullmatch(
        r"error: results is .*, which holds no finished run \(left out: RESULT is .*\): python -m "
        r".*\n",
        said,
    )


# --- of today -------------------------------------------------------------------------------------


def test_reading_what_was_written_today(today, monkeypatch):
    reading = reading_of(today)
    for folder in (today, reading):
        assert manifest_of(folder)["format"] == manifests.FORMAT == 2
    for folder in (today, reading, reading / ".." / reading.name):
        result = results.read(folder)
        assert result.run == CATALOG["warm-up"].varied(epochs=2)
        assert result.folder.resolve() == reading
        assert result.manifest["seconds"].keys() == {"train", "forward", "estimate"}
    assert results.folders(today.parent) == [reading]
    monkeypatch.chdir(reading)
    assert results.read(Path()).trained == today
    monkeypatch.chdir(today)
    assert results.read(Path()).run == result.run


def test_a_training_with_several_readings_stands_for_its_own(today):
    assert estimate(today, "--edges", "-1", "1", "9") == 0
    reading = today / CATALOG["warm-up"].reads[0].id
    assert results.read(today).folder == reading
    shutil.rmtree(reading)
    assert results.read(today).run.reads[0].edges == (-1, 1, 9)
    assert estimate(today, "--edges", "-1", "1", "21") == 0
    refused(today, r"it holds 2 readings: pass one of 'counted-.*', 'counted-.*'")
    for path in today.glob("counted-*"):
        shutil.rmtree(path)
    refused(today, "no reading lies in it")


def test_a_reading_away_from_what_was_trained_is_no_result(today, tmp_path):
    (tmp_path / "away").mkdir()
    refused(
        Path(shutil.copytree(reading_of(today), tmp_path / "away" / "reading")), "FileNotFoundError"
    )
