"""Results and checkpoints that come from anybody, or from earlier versions: one sentence where they
are none.
"""

import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from experiments import __main__ as cli
from experiments import (
    earlier,
    estimating,
    manifests,
    networks,
    outputs,
    reproduction,
    results,
    scores,
)
from experiments.catalog import CATALOG
from experiments.checkpoints import Checkpoints, State
from experiments.runner import execute
from fastmi import files
from fastmi.tables import load_planes, save_planes
from tests.mutations import changed, damaged, rebuilt
from tests.runs import FORMAT_0, FORMAT_1, estimate, reading_of, run, undraw

posix = pytest.mark.skipif(os.name != "posix", reason="links and pipes of POSIX")


pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def result(tmp_path):
    """A finished run of two copies, of format 0."""
    return Path(shutil.copytree(FORMAT_0 / "finished", tmp_path / "result"))


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text())


def rewrite(folder, **changes):
    """The manifest with other values; of its run those that begin with run_."""
    manifest = manifest_of(folder)
    manifest["run"] |= {
        key.removeprefix("run_"): value for key, value in changes.items() if key.startswith("run_")
    }
    manifest |= {key: value for key, value in changes.items() if not key.startswith("run_")}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def refused(folder, reason):
    with pytest.raises(
        ValueError, match=rf"RESULT is '.*', which is no folder that `run` left \(.*{reason}"
    ) as caught:
        results.read(folder)
    assert "\n" not in str(caught.value)


# --- of earlier versions --------------------------------------------------------------------------


def test_a_result_of_format_0_is_read_for_ever(result):
    found = results.read(result)
    assert found.run.training == CATALOG["warm-up"].varied(epochs=4, copies=2).training
    assert (found.run.reads, found.folder, found.trained) == (
        CATALOG["warm-up"].reads,
        result,
        result,
    )
    assert [(plane.sample, plane.reading) for plane in found.planes] == [
        (sample, reading)
        for sample in ("training", "held-out")
        for reading in ("mean", "each", "sampled", "mixture")
    ]
    assert found.planes[1].epochs.tolist() == [0, 1, 2, 3, 4]


def test_a_result_of_format_0_is_drawn_for_ever(result, tmp_path):
    assert cli.main(["draw", str(result), "--out", str(tmp_path / "drawn.png")]) == 0


def test_a_result_of_format_0_is_estimated_for_ever(result, tmp_path):
    assert estimate(result, "--edges", "-1", "1", "9") == 0
    folder = reading_of(result)
    before = json.loads((FORMAT_0 / "manifest-estimated.json").read_text())
    after = manifest_of(folder)
    assert after["format"] == 2
    assert after["id"] == f"{results.read(result).run.id}/{folder.name}"
    assert earlier.id_of(results.read(folder).run) == before["id"]
    one, other = (found["readings"][0]["layers"][1] for found in (before, after))
    # another machine's tanh may round otherwise
    assert one["i_xt_start"] == pytest.approx(other["i_xt_start"], abs=0.05)


def test_checkpoints_of_format_0_are_gone_on_with_for_ever(tmp_path):
    run = CATALOG["warm-up"].varied(epochs=4)
    shutil.copytree(FORMAT_0 / "unfinished", tmp_path / f"{run.id}.part")
    kept = Checkpoints(tmp_path / f"{run.id}.part" / "snapshots")
    assert (kept.n_snapshots, kept.state.epoch) == (3, 2)
    assert cli.main(["run", "warm-up", "--epochs", "4", "--resume", "--out", str(tmp_path)]) == 0
    found = results.read(tmp_path / run.id)
    assert found.manifest["resumed"] is True
    assert found.planes[0].epochs.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ["stopping", "estimated"])
def test_manifests_of_format_0_are_read_for_ever(name):
    manifest = manifests.typed(manifests.parse(FORMAT_0 / f"manifest-{name}.json"))
    run = earlier.run_of(manifest["run"])
    assert earlier.id_of(run) == manifest["id"]
    assert run.analyses == (("stopping",) if name == "stopping" else ())


@pytest.mark.parametrize("number", [3, 99])
def test_a_result_of_a_later_format_says_what_to_do(result, tmp_path, capsys, number):
    rewrite(result, format=number, readings="in another way")
    assert cli.main(["draw", str(result), "--out", str(tmp_path / "drawn.png")]) == 2
    said = capsys.readouterr().err
    assert re.search(
        rf"manifest\.json' has format {number}, and this version of fastmi reads up to 2: update "
        r"fastmi",
        said,
    )


def test_checkpoints_of_a_later_format_say_what_to_do(tmp_path):
    shutil.copytree(FORMAT_0 / "unfinished" / "snapshots", tmp_path / "snapshots")
    np.savez(tmp_path / "snapshots" / "state.npz", **{files.FORMAT: np.array(2)}, other=np.zeros(3))
    with pytest.raises(ValueError, match=r"state\.npz' has format 2, and .* update fastmi"):
        Checkpoints(tmp_path / "snapshots")
    assert len(list((tmp_path / "snapshots").iterdir())) == 4  # and nothing was removed


def copied(version, tmp_path):
    """All that a version left in its OUT."""
    return Path(shutil.copytree(FORMAT_1.with_name(f"format-{version}"), tmp_path / "out"))


def test_the_results_of_format_1_are_found_and_read_for_ever(tmp_path):
    out = copied(1, tmp_path)
    folders = results.folders(out)
    assert [folder.name for folder in folders] == ["warm-up-1966dd320c", "warm-up-296a7af454"]
    for folder, n_edges in zip(folders, (50, 9), strict=True):
        found = results.read(folder)
        assert (found.folder, found.trained, found.run.reads[0].edges) == (
            folder,
            folder,
            (-1.0, 1.0, n_edges),
        )
        assert (
            found.run.training
            == CATALOG["warm-up"].varied(epochs=4, copies=2, n_recorded=3).training
        )
        assert [plane.reading for plane in found.planes] == [
            "mean",
            "each",
            "sampled",
            "mixture",
        ] * 2
        assert [score.epochs.tolist() for score in found.result().scores] == [[0, 1, 2, 4]] * 2
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


# --- a manifest -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *(
            "{}",
            "[]",
            "null",
            "3",
            "no JSON",
            "",
            '{"run": []}',
            '{"run": {}}',
            '{"run": {"name": "warm-up"}}',
        ),
        *(
            "[" * 100_000,
            '{"a":' * 100_000,
            "NaN",
            '{"run": 1, "run": 2}',
            " " * 3_000_000,
            "1e999",
            "9" * 5000,
        ),
    ],
    ids=lambda text: text[:12],
)
def test_a_manifest_that_is_none_is_no_result(result, text):
    (result / "manifest.json").write_text(text)
    refused(result, "")


def test_a_manifest_that_is_no_text_is_no_result(result):
    (result / "manifest.json").write_bytes(b"\xff\xfe{}")
    refused(result, "UnicodeDecodeError")


@posix
@pytest.mark.parametrize("name", ["manifest.json", "planes.npz"])
def test_what_is_no_file_is_not_read(result, name):
    (result / name).unlink()
    refused(result, "FileNotFoundError")
    (result / name).symlink_to("/dev/zero")
    refused(result, "is a device, and only files are read")
    (result / name).unlink()
    os.mkfifo(result / name)
    refused(result, "is a pipe, and only files are read")


@pytest.mark.parametrize("key", sorted(manifest_of(FORMAT_0 / "finished")))
def test_a_manifest_that_lacks_anything_is_no_result(result, key):
    manifest = manifest_of(result)
    del manifest[key]
    (result / "manifest.json").write_text(json.dumps(manifest))
    refused(result, f"manifest has n[oe].* '{key}'")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"run": []}, "manifest.run is a list, where an object should be"),
        ({"remark": None}, "manifest.remark is None, where a text should be"),
        ({"loss_end": "low"}, "manifest.loss_end is 'low', where a number should be"),
        (
            {"scores_end": [{"sample": "training", "loss": "0.1", "accuracy": 1}]},
            r"scores_end\[0\].loss is '0.1', where a number",
        ),
        (
            {"seconds": {"train": "long"}},
            "manifest.seconds.train is 'long', where a number should be",
        ),
        ({"wall_seconds": True}, "manifest.wall_seconds is True, where a number should be"),
        ({"resumed": "no"}, "manifest.resumed is 'no', where true or false should be"),
        (
            {"readings": []},
            "the planes are of 8 samples and readings, and the manifest speaks of others",
        ),
        ({"readings": [1]}, r"manifest.readings\[0\] is 1, where an object should be"),
        ({"format": "1"}, "its format is '1'"),
        ({"format": -1}, "its format is -1"),
        # of the run
        ({"run_epochs": "many"}, "run.epochs is 'many', where a whole number should be"),
        ({"run_epochs": -4}, "epochs is -4: it is from 1 to"),
        ({"run_epochs": 4.0}, "run.epochs is 4.0, where a whole number should be"),
        ({"run_copies": 0}, "copies is 0: it is from 1 to"),
        ({"run_seeds": True}, "run.seeds is True, where a whole number should be"),
        ({"run_seed": -1}, "seed is -1: it is from 0 to"),
        ({"run_seed": 2**70}, "run.seed is a number beyond 64 bits"),
        ({"run_n_samples": 0}, "n_samples is 0: it is from 1 to"),
        ({"run_batch_size": 0}, "batch_size is 0: it is from 1 to"),
        ({"run_record_every": 0}, "record_every is 0: it is from 1 to"),
        ({"run_n_recorded": 2**40}, "n_recorded .* is 1099511627776: it is from 1 to 1,048,576"),
        ({"run_widths": []}, "widths are 0, from 0 on"),
        ({"run_widths": [12, 0, 1]}, "widths are 3, from 0 on"),
        ({"run_widths": "12-5-1"}, "run.widths is '12-5-1', where a list should be"),
        (
            {"run_widths": [12, 2**62, 2**62]},
            "network is 'tanh', which cannot be built of 3 widths",
        ),
        ({"run_targets": []}, "targets are none"),
        ({"run_targets": ["0", "1"]}, r"run.targets\[0\] is '0', where a number should be"),
        ({"run_edges": [1, -1, 5]}, "edges are 1.0, -1.0, 5: they are LOW below HIGH"),
        ({"run_edges": [-1e308, 1e308, 5]}, "edges are -1e[+]308, 1e[+]308, 5: they are LOW"),
        (
            {"run_edges": [-1, 1, 10**10]},
            "edges are -1.0, 1.0, 10000000000: .* N from 2 to 16,777,216",
        ),
        ({"run_edges": [-1, 1]}, "run.edges has 2 values, where 3 should be"),
        ({"run_learning_rate": 0}, "learning_rate is 0.0: it is above 0"),
        ({"run_network": "perceptron"}, "network is 'perceptron': this version knows tanh, "),
        ({"run_data": "cifar"}, "data is 'cifar': this version knows simple, "),
        ({"run_loss": "hinge"}, "loss is 'hinge': this version knows mean squared error, "),
        ({"run_optimizer": "lbfgs"}, "optimizer is 'lbfgs': this version knows sgd, adam"),
        ({"run_epoch": "week"}, "run.epoch is 'week', where one of 'step', 'pass' should be"),
        (
            {"run_init": "none"},
            "run.init is 'none', where one of 'shared', 'independent' should be",
        ),
        ({"run_out_of_range": "fold"}, "run.out_of_range is 'fold', where one of 'wrap'"),
        (
            {"run_stopping": {"patience": 0}},
            r"stopping is .*: beta and tolerance are at least 0, patience at least 1",
        ),
        ({"run_stopping": {"hope": 1}}, "TypeError: .*hope"),
        ({"run_colour": "red"}, "TypeError: .*colour"),
        # its planes are those of another run
        ({"run_epochs": 5}, "a plane was recorded at other epochs than the run"),
        ({"run_record_every": 2}, "a plane was recorded at other epochs than the run"),
        ({"run_n_recorded": 3}, "a plane was recorded at other epochs than the run"),
        (
            {"run_epochs": 2**62, "run_record_every": 1},
            "a plane was recorded at other epochs than the run",
        ),
        (
            {"run_epochs": 2**62, "run_n_recorded": 2**20},
            "a plane was recorded at other epochs than the run",
        ),
        ({"run_copies": 3}, "a plane has 2 copies and layers layer 1, output, the run others"),
        ({"run_seed": 1}, "the planes of 'training', mean are of other seeds than the run"),
        ({"run_seeds": 2**60}, "the planes of 'training', mean are of other seeds than the run"),
        (
            {"run_widths": [12, 5, 4, 1]},
            "the manifest speaks of other layers than layer 1, layer 2, output",
        ),
    ],
)
def test_a_manifest_is_trusted_in_nothing(result, tmp_path, capsys, changes, reason):
    refused(rewrite(result, **changes), reason)
    for words in (
        ["draw", str(result), "--out", str(tmp_path / "a.png")],
        ["estimate", str(result), "--edges", "0", "1", "9"],
    ):
        assert cli.main(words) == 2
        assert re.fullmatch(r"error: RESULT is .*\n", capsys.readouterr().err)


def test_planes_that_are_none_are_no_result(result):
    content = (result / "planes.npz").read_bytes()
    for damage in (
        b"",
        content[:-40],
        content[:2000] + bytes(300) + content[2300:],
        b"PK\x05\x06" + bytes(18),
    ):
        (result / "planes.npz").write_bytes(damage)
        refused(result, "is not a table that InformationPlane.save wrote")
    shutil.copy(FORMAT_0 / "planes.npz", result / "planes.npz")  # of something else
    refused(result, "the planes are of 2 samples and readings, and the manifest speaks of others")


@pytest.mark.parametrize("column", ["n_symbols", "coverage"])
def test_planes_without_what_counting_gives_are_no_result(result, capsys, column):
    planes = [
        replace(one, points=replace(one.points, **{column: None}))
        for one in load_planes(result / "planes.npz")
    ]
    save_planes(result / "planes.npz", planes)
    refused(result, "a plane lacks the symbols or the coverage that counting gives")
    assert cli.main(["compression", str(result)]) == 2
    assert re.fullmatch(r"error: RESULT is .*\n", capsys.readouterr().err)


@pytest.mark.parametrize(
    "name",
    [
        "../../escaped",
        "..",
        ".",
        "",
        "a/b",
        "/etc/x",
        "a\\b",
        "~",
        "-rf",
        "a\0b",
        "a\nb",
        "warm-up\n",
        "é",
        "x" * 65,
        "con.txt",
        "$HOME",
    ],
)
def test_a_name_never_becomes_a_path(result, tmp_path, monkeypatch, capsys, name):
    rewrite(result, run_name=name)
    refused(result, "name is .*: it is letters, digits, - and _, at most 64")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(estimating, "execute", lambda *words, **options: pytest.fail("it was read"))
    assert (
        cli.main(
            ["estimate", str(result), "--edges", "0", "1", "9", "--out", str(tmp_path / "result")]
        )
        == 2
    )
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("key", ["id", "device", "data", "estimated_from", "binning", "written"])
def test_no_text_of_a_manifest_is_a_path(result, tmp_path, key):
    rewrite(result, **{key: "../../escaped"})
    out = tmp_path / "deep" / "out"
    assert cli.main(["estimate", str(result), "--edges", "-1", "1", "9", "--out", str(out)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"result", "deep"}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_whatever_a_manifest_says_one_sentence_refuses_it_or_it_can_be_drawn(
    result, tmp_path, capsys
):
    n_refused = 0
    for text in changed(manifest_of(result), 150, seed=21):
        (result / "manifest.json").write_text(text)
        code = cli.main(["draw", str(result), "--out", str(tmp_path / "drawn.png")])
        said = capsys.readouterr().err
        assert code in (0, 2)
        assert code == 0 or re.fullmatch(
            r"error: RESULT is .*\n|error: .* update fastmi\n", said
        ), said
        n_refused += code == 2
    assert n_refused > 50


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
def test_snapshots_of_another_run_are_refused(result, tmp_path, capsys, file, changes):
    repacked(result / "snapshots" / file, **changes)
    out = tmp_path / "out"
    assert cli.main(["estimate", str(result), "--edges", "-1", "1", "9", "--out", str(out)]) == 2
    assert re.fullmatch(
        r"error: RESULT is .*, which cannot be read again \(.*\)\n", capsys.readouterr().err
    )
    assert list(out.iterdir()) == []


@posix
def test_snapshots_that_are_links_are_not_copied(result, tmp_path, capsys):
    target = result / "snapshots" / "snapshots-00000001.npz"
    target.unlink()
    target.symlink_to("/dev/zero")
    for out in (tmp_path / "out", None):
        assert estimate(result, "--edges", "-1", "1", "9", out=out) == 2
        assert "snapshots-00000001.npz' is no file, or a link to one" in capsys.readouterr().err
    assert not list(result.glob("counted-*"))


@pytest.mark.parametrize("damage", [damaged, rebuilt])
@pytest.mark.parametrize("file", ["state.npz", "snapshots-00000001.npz"])
def test_whatever_happens_to_a_checkpoint_one_error_says_so(tmp_path, damage, file):
    folder = Path(shutil.copytree(FORMAT_0 / "unfinished" / "snapshots", tmp_path / "snapshots"))
    said, content = [], (folder / file).read_bytes()
    for copy in damage(content, 200, seed=22):
        (folder / file).write_bytes(copy)
        for other in set(os.listdir(FORMAT_0 / "unfinished" / "snapshots")) - set(
            os.listdir(folder)
        ):
            # a state may count fewer
            shutil.copy(FORMAT_0 / "unfinished" / "snapshots" / other, folder)
        try:
            list(Checkpoints(folder).snapshots())
        except ValueError as error:
            said.append(str(error))
    sentence = re.compile(r".*(remove it|update fastmi)")
    assert [message for message in said if not sentence.fullmatch(message)] == []
    assert len(said) > 80


def test_a_snapshot_file_of_nothing_is_refused(tmp_path):
    kept = Checkpoints(tmp_path)
    kept.write([{"a": np.zeros(2)}], State(0, {}, np.empty(0, np.float32)))
    for arrays in (
        {},
        {"a": np.zeros((0, 2))},
        {"a": np.zeros((1, 2)), "b": np.zeros((2, 2))},
        {"a": np.array(1.0)},
    ):
        np.savez(tmp_path / "snapshots-00000000.npz", **arrays)
        with pytest.raises(
            ValueError, match="holds no snapshots, as many of each parameter: remove it"
        ):
            list(kept.snapshots())


# --- what else lies among the results -------------------------------------------------------------


def test_what_is_no_result_does_not_disturb_the_reproduction(result, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(reproduction, "_as_catalogued", lambda result: True)
    for name in ("other", "notes.part", ".hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text('{"name": "an app"}')
    (tmp_path / "file").touch()
    shutil.copytree(result, tmp_path / "warm-up-1.part")
    found, others = reproduction._most_seeds(tmp_path)
    assert [one.folder for one in found.values()] == [result]
    assert [other.partition("which")[0] for other in others] == [
        f"RESULT is '{tmp_path / name}', " for name in (".hidden", "other")
    ]
    monkeypatch.setattr(
        reproduction,
        "picture",
        lambda run, planes, marks: SimpleNamespace(set_dpi=lambda dpi: None),
    )
    monkeypatch.setattr(reproduction, "figures", outputs.figures)
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
    shutil.rmtree(result)
    assert cli.main(words) == 2
    said = capsys.readouterr().err
    assert re.fullmatch(
        r"error: results is .*, which holds no finished run \(left out: RESULT is .*\): python -m "
        r".*\n",
        said,
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: None, "FileNotFoundError"),
        (lambda text: "", "its columns are others"),
        (lambda text: text.replace("copy", "clone", 1), "its columns are others"),
        (lambda text: text + "training,0\n", "its columns are others"),
        (lambda text: text + "training,0,4,one,0.1,0.5\n", "ValueError"),
        (
            lambda text: text.replace("training,0,0,0,", "training,0,0,1,"),
            "'training', seed 0 is of other epochs or copies",
        ),
        (
            lambda text: text.replace("training,0,4", "training,0,5"),
            "'training', seed 0 is of other epochs or copies",
        ),
        (lambda text: text.replace("training,0,", "training,7,"), "seed 7 is none of the run's"),
        (
            lambda text: re.sub(r"[.0-9]+\n", "1.5\n", text),
            "'training', seed 0 holds an accuracy outside 0..1",
        ),
        (
            lambda text: re.sub(r"[.0-9]+\n", "nan\n", text),
            "'training', seed 0 holds an accuracy outside 0..1",
        ),
        (lambda text: text + '"' + "a" * 200_000, "field larger"),
    ],
)
def test_scores_that_are_none_are_named(result, change, reason):
    path = result / "scores.csv"
    text = change(path.read_text())
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(
        ValueError, match=rf"scores\.csv' is not what `run` wrote \(.*{reason}.*\): run it again"
    ):
        results.read(result).result()


def test_scores_come_back_to_the_same_bits(tmp_path):
    found = execute(CATALOG["warm-up"].varied(epochs=3, copies=2, seeds=2))
    outputs._write_rows(tmp_path / "scores.csv", scores.COLUMNS, scores.rows(found.scores))
    again = scores.read(tmp_path / "scores.csv", found.run.training)
    assert [(score.sample, score.seed, score.epochs.tolist()) for score in again] == [
        (score.sample, score.seed, score.epochs.tolist()) for score in found.scores
    ]
    for one, other in zip(again, found.scores, strict=True):
        assert np.array_equal(one.loss, other.loss)
        assert np.array_equal(one.accuracy, other.accuracy)


# --- records --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(CATALOG))
def test_the_catalogue_is_without_fault_and_its_networks_have_outlines(name):
    run = CATALOG[name]
    run.check()
    training = run.training
    built = networks.build(training.network, training.widths, 0)
    outline = networks.outline(training.network, training.widths)
    assert networks.watched(outline) == networks.watched(built)
    assert [leaf.shape for leaf in outline.parameters()] == [
        leaf.shape for leaf in built.parameters()
    ]
    assert all(leaf.is_meta for leaf in outline.parameters())
    assert training.n_epochs >= len(training.recorded)


@pytest.mark.parametrize(
    ("name", "widths"), [("lenet", (1, 2)), ("digits-cnn", (1, 2, 3)), ("tanh", (2**62, 2**62))]
)
def test_a_network_that_cannot_be_built_is_named(name, widths):
    with pytest.raises(
        ValueError, match=rf"network is '{name}', which cannot be built of {len(widths)} widths"
    ):
        networks.outline(name, widths)


def test_an_outline_leaves_the_generator_alone():
    import torch

    before = torch.get_rng_state()
    networks.outline("tanh-softmax", (12, 10, 2))
    assert torch.equal(torch.get_rng_state(), before)


# --- of today -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    out = tmp_path_factory.mktemp("once")
    with pytest.MonkeyPatch.context() as patch:
        undraw(patch)
        assert run("warm-up", "--epochs", "2", out=out) == 0
    return out / CATALOG["warm-up"].varied(epochs=2).id


@pytest.fixture
def today(tmp_path, once):
    """The folder of what was trained."""
    return Path(shutil.copytree(once, tmp_path / "today"))


def test_reading_what_was_written_today(today, monkeypatch):
    reading = reading_of(today)
    for folder in (today, reading):
        assert manifest_of(folder)["format"] == manifests.FORMAT == 2
    for folder in (today, reading, reading / ".." / reading.name):
        found = results.read(folder)
        assert found.run == CATALOG["warm-up"].varied(epochs=2)
        assert found.folder.resolve() == reading
        assert found.manifest["seconds"].keys() == {"train", "forward", "estimate"}
    assert results.folders(today.parent) == [reading]
    monkeypatch.chdir(reading)
    assert results.read(Path()).trained == today
    monkeypatch.chdir(today)
    assert results.read(Path()).run == found.run


def test_the_story_stands_in_the_manifest_of_what_was_trained(today):
    told, run = manifest_of(today)["run"], CATALOG["warm-up"]
    assert (told["about"], told["published"], told["shows"], told["case"]) == (
        run.about,
        run.published,
        run.shows,
        run.case,
    )


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


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda told: told["run"]["training"].update(epochs="many"),
            "run.training.epochs is 'many', where a whole number",
        ),
        (lambda told: told["run"]["training"].update(epochs=0), "epochs is 0: it is from 1 to"),
        (
            lambda told: told["run"]["training"].update(network="perceptron"),
            "network is 'perceptron': this version knows",
        ),
        (lambda told: told["run"]["training"].update(colour=3), "TypeError: .*colour"),
        (
            lambda told: told["run"].update(training=3),
            "run.training is 3, where an object should be",
        ),
        (lambda told: told["run"].update(name="../x"), "name is '../x': it is letters"),
        (
            lambda told: told["run"].update(analyses=["astrology"]),
            "analyses names 'astrology': the analyses are",
        ),
        (
            lambda told: told["run"].update(reads=[{"measure": "felt"}]),
            "measure is 'felt': this version knows counted",
        ),
        (lambda told: told.update(run=3), "manifest.run is 3, where an object should be"),
        (lambda told: told.pop("run"), "manifest has no 'run'"),
        (lambda told: told.pop("remark"), "manifest has no 'remark'"),
        (lambda told: told.update(seconds=3), "manifest.seconds"),
        (
            lambda told: told.update(resumed=3),
            "manifest.resumed is 3, where true or false should be",
        ),
        (lambda told: told.pop("wall_seconds"), "manifest has neither"),
    ],
)
def test_a_manifest_of_what_was_trained_is_trusted_in_nothing(today, change, reason):
    told = manifest_of(today)
    change(told)
    (today / "manifest.json").write_text(json.dumps(told))
    refused(reading_of(today), reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda told: told.update(reading=3), "manifest.reading is 3, where an object should be"),
        (
            lambda told: told.update(reading={}),
            "manifest.reading.measure is None: this version knows counted",
        ),
        (
            lambda told: told["reading"].update(measure="felt"),
            "manifest.reading.measure is 'felt': this version knows",
        ),
        (
            lambda told: told["reading"].update(edges=[1, -1, 9]),
            "edges are 1.0, -1.0, 9: they are LOW",
        ),
        (lambda told: told["reading"].update(colour=3), "TypeError: .*colour"),
        (
            lambda told: told.update(readings=[]),
            "the planes are of 2 samples and readings, and the manifest speaks of others",
        ),
        (lambda told: told.update(seconds=3), "manifest.seconds"),
        (lambda told: told.update(format="2"), "its format is '2'"),
    ],
)
def test_a_manifest_of_what_was_read_is_trusted_in_nothing(today, change, reason):
    told = manifest_of(reading_of(today))
    change(told)
    (reading_of(today) / "manifest.json").write_text(json.dumps(told))
    refused(reading_of(today), reason)


def test_a_reading_away_from_what_was_trained_is_no_result(today, tmp_path):
    (tmp_path / "away").mkdir()
    refused(
        Path(shutil.copytree(reading_of(today), tmp_path / "away" / "reading")), "FileNotFoundError"
    )


def test_whatever_a_manifest_of_today_says_one_sentence_refuses_it_or_it_can_be_drawn(
    today, tmp_path, capsys
):
    reading, n_refused = reading_of(today), 0
    for folder in (today, reading):
        told = manifest_of(folder)
        for text in changed(told, 75, seed=23):
            (folder / "manifest.json").write_text(text)
            code = cli.main(["draw", str(reading), "--out", str(tmp_path / "drawn.png")])
            said = capsys.readouterr().err
            assert code in (0, 2)
            assert code == 0 or re.fullmatch(
                r"error: RESULT is .*\n|error: .* update fastmi\n", said
            ), said
            n_refused += code == 2
        (folder / "manifest.json").write_text(json.dumps(told))
    assert n_refused > 40
