"""A manifest is trusted in nothing."""

import json
import os
import re
import shutil
from dataclasses import replace

import pytest
from matplotlib.text import Text

from experiments import __main__ as cli
from experiments import determinism, manifests, old_formats, rereading, results
from experiments.catalog import CATALOG
from fastmi import figures
from fastmi.tables import load_planes, save_planes
from tests.experiments.shortened import manifest_of, posix, refused, rewrite
from tests.mutations import changed
from tests.runs import FORMAT_0, reading_of

# --- the files of a result ------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["{}", "no JSON", '{"run": {"name": "warm-up"}}', "[]"])
def test_a_manifest_of_nothing_is_no_result(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ValueError, match="which is no folder that `run` left"):
        results.read(tmp_path)


pytestmark = pytest.mark.usefixtures("undrawn")


# --- of earlier versions --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["stopping", "estimated"])
def test_manifests_of_format_0_are_read_for_ever(name):
    manifest = manifests.typed(manifests.parse(FORMAT_0 / f"manifest-{name}.json"))
    run = old_formats.run_of(manifest["run"])
    assert old_formats.id_of(run) == manifest["id"]
    assert run.analyses == (("stopping",) if name == "stopping" else ())


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
def test_a_manifest_that_is_none_is_no_result(old_result, text):
    (old_result / "manifest.json").write_text(text)
    refused(old_result, "")


def test_a_manifest_that_is_no_text_is_no_result(old_result):
    (old_result / "manifest.json").write_bytes(b"\xff\xfe{}")
    refused(old_result, "UnicodeDecodeError")


@posix
@pytest.mark.parametrize("name", ["manifest.json", "planes.npz"])
def test_what_is_no_file_is_not_read(old_result, name):
    (old_result / name).unlink()
    refused(old_result, "FileNotFoundError")
    (old_result / name).symlink_to("/dev/zero")
    refused(old_result, "is a device, and only files are read")
    (old_result / name).unlink()
    os.mkfifo(old_result / name)
    refused(old_result, "is a pipe, and only files are read")


@pytest.mark.parametrize("key", sorted(manifest_of(FORMAT_0 / "finished")))
def test_a_manifest_that_lacks_anything_is_no_result(old_result, key):
    manifest = manifest_of(old_result)
    del manifest[key]
    (old_result / "manifest.json").write_text(json.dumps(manifest))
    refused(old_result, f"manifest has n[oe].* '{key}'")


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
def test_a_manifest_is_trusted_in_nothing(old_result, tmp_path, capsys, changes, reason):
    refused(rewrite(old_result, **changes), reason)
    for words in (
        ["draw", str(old_result), "--out", str(tmp_path / "a.png")],
        ["estimate", str(old_result), "--edges", "0", "1", "9"],
    ):
        assert cli.main(words) == 2
        assert re.fullmatch(r"error: RESULT is .*\n", capsys.readouterr().err)


def test_planes_that_are_none_are_no_result(old_result):
    content = (old_result / "planes.npz").read_bytes()
    for damage in (
        b"",
        content[:-40],
        content[:2000] + bytes(300) + content[2300:],
        b"PK\x05\x06" + bytes(18),
    ):
        (old_result / "planes.npz").write_bytes(damage)
        refused(old_result, "is not a table that InformationPlane.save wrote")
    shutil.copy(FORMAT_0 / "planes.npz", old_result / "planes.npz")  # of something else
    refused(
        old_result, "the planes are of 2 samples and readings, and the manifest speaks of others"
    )


@pytest.mark.parametrize("column", ["n_symbols", "coverage"])
def test_planes_without_what_counting_gives_are_no_result(old_result, capsys, column):
    planes = [
        replace(one, points=replace(one.points, **{column: None}))
        for one in load_planes(old_result / "planes.npz")
    ]
    save_planes(old_result / "planes.npz", planes)
    refused(old_result, "a plane lacks the symbols or the coverage that counting gives")
    assert cli.main(["compression", str(old_result)]) == 2
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
def test_a_name_never_becomes_a_path(old_result, tmp_path, monkeypatch, capsys, name):
    rewrite(old_result, run_name=name)
    refused(old_result, "name is .*: it is letters, digits, - and _, at most 64")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(rereading, "execute", lambda *words, **options: pytest.fail("it was read"))
    assert (
        cli.main(
            [
                "estimate",
                str(old_result),
                "--edges",
                "0",
                "1",
                "9",
                "--out",
                str(tmp_path / "result"),
            ]
        )
        == 2
    )
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("key", ["id", "device", "data", "estimated_from", "binning", "written"])
def test_no_text_of_a_manifest_is_a_path(old_result, tmp_path, key):
    rewrite(old_result, **{key: "../../escaped"})
    out = tmp_path / "deep" / "out"
    assert (
        cli.main(["estimate", str(old_result), "--edges", "-1", "1", "9", "--out", str(out)]) == 0
    )
    assert {path.name for path in tmp_path.iterdir()} == {"result", "deep"}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


@pytest.fixture
def rendered_once(monkeypatch):
    """Renders a figure if no other had its words, which are all that a manifest adds to one.

    The planes of a test are the same, so a figure with the same words is the same figure. What is
    left out takes nearly all of the time.
    """
    save, rendered = figures.save, set()

    def save_once(figure, path):
        words = tuple(text.get_text() for text in figure.findobj(Text))
        if words not in rendered:
            save(figure, path)
        rendered.add(words)

    monkeypatch.setattr(figures, "save", save_once)
    return rendered


def is_refused(folder, tmp_path, capsys):
    """Draws it, or says in one sentence why not."""
    code = cli.main(["draw", str(folder), "--out", str(tmp_path / "drawn.png")])
    said = capsys.readouterr().err
    assert code in (0, 2)
    assert code == 0 or re.fullmatch(r"error: RESULT is .*\n|error: .* update fastmi\n", said), said
    return code == 2


def test_whatever_a_manifest_says_one_sentence_refuses_it_or_it_can_be_drawn(
    old_result, tmp_path, capsys, rendered_once
):
    n_refused = 0
    for text in changed(manifest_of(old_result), 90, seed=21):
        (old_result / "manifest.json").write_text(text)
        n_refused += is_refused(old_result, tmp_path, capsys)
    assert n_refused > 30
    assert 0 < len(rendered_once) < 90 - n_refused


# --- of today -------------------------------------------------------------------------------------


def test_the_story_stands_in_the_manifest_of_what_was_trained(today):
    manifest, run = manifest_of(today)["run"], CATALOG["warm-up"]
    assert (manifest["about"], manifest["published"], manifest["shows"], manifest["case"]) == (
        run.about,
        run.published,
        run.shows,
        run.case,
    )


def test_both_manifests_say_what_comes_of_doing_it_again(today):
    for folder in (today, reading_of(today)):
        assert manifest_of(folder)["repeats"] == "the same bytes on the same device and versions"
        assert list(manifest_of(folder)["versions"]) == ["python", "numpy", "numba", "torch"]
    assert results.read(today).result().repeats == manifest_of(today)["repeats"]


def test_what_was_written_before_that_was_said_is_read(today):
    for folder in (today, reading_of(today)):
        manifest = manifest_of(folder)
        del manifest["repeats"]
        (folder / "manifest.json").write_text(json.dumps(manifest))
    assert results.read(today).result().repeats == ""


def test_of_a_gpu_the_manifests_name_what_its_bits_hang_on(today, monkeypatch):
    here = results.read(today).result()
    there = replace(here, device="cuda", repeats="may differ (put_)")
    computing = {"cuda": "12.8", "cudnn": "91002", "gpu": "a GPU"}
    monkeypatch.setattr(
        determinism, "versions", lambda device: computing if device.type == "cuda" else {}
    )
    for manifest in (manifests.of_training(there, 1.0, False), manifests.of_readings(there)):
        assert manifest["repeats"] == "may differ (put_)"
        assert computing.items() <= manifest["versions"].items()


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
    manifest = manifest_of(today)
    change(manifest)
    (today / "manifest.json").write_text(json.dumps(manifest))
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
        (
            lambda told: told.update(repeats=True),
            "manifest.repeats is True, where a text should be",
        ),
        (lambda told: told.update(format="2"), "its format is '2'"),
    ],
)
def test_a_manifest_of_what_was_read_is_trusted_in_nothing(today, change, reason):
    manifest = manifest_of(reading_of(today))
    change(manifest)
    (reading_of(today) / "manifest.json").write_text(json.dumps(manifest))
    refused(reading_of(today), reason)


def test_whatever_a_manifest_of_today_says_one_sentence_refuses_it_or_it_can_be_drawn(
    today, tmp_path, capsys, rendered_once
):
    reading, n_refused = reading_of(today), 0
    for folder in (today, reading):
        manifest = manifest_of(folder)
        for text in changed(manifest, 45, seed=23):
            (folder / "manifest.json").write_text(text)
            n_refused += is_refused(reading, tmp_path, capsys)
        (folder / "manifest.json").write_text(json.dumps(manifest))
    assert n_refused > 24
    assert 0 < len(rendered_once) < 90 - n_refused
