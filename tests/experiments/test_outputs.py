"""What a run leaves, whenever it is killed: checkpoints, the folder of a result, the ledger and the
command line.
"""

import csv
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from experiments import __main__ as cli
from experiments import (
    checkpoints,
    layout,
    mnist,
    networks,
    outputs,
    readings,
    results,
    runner,
    running,
    scores,
    training,
)
from experiments import unfinished as keeping
from experiments.catalog import CATALOG, Run
from experiments.checkpoints import Checkpoints, State
from experiments.runner import execute
from fastmi import Ensemble, LoopWarning, screens, tables
from tests import ROOT
from tests.runs import estimate, names, reading_of, rows_of, run, undraw
from tests.runs import trained as trained_in

TINY = CATALOG["warm-up"].varied(epochs=4, n_samples=120)
RUNS = {
    "sgd": TINY,
    "copies": TINY.varied(copies=2, seeds=2, init="independent", record_every=2),
    "adam, whole passes": CATALOG["original"].varied(epochs=4, copies=2, seeds=2),
}


class Killed(BaseException):
    """Not even `except Exception` stops it."""


def csv_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def undrawn(monkeypatch):
    undraw(monkeypatch)


@pytest.fixture
def at_every_epoch(monkeypatch):
    """A checkpoint after every epoch."""
    every_epoch(monkeypatch)


def every_epoch(monkeypatch):
    monkeypatch.setattr(training, "EVERY", 0)
    monkeypatch.setattr(training, "SHARE", float("inf"))


@pytest.fixture(scope="module")
def whole():
    """The runs, never interrupted."""
    return {name: execute(run) for name, run in RUNS.items()}


def killed_at(epoch):
    def on_epoch(now):
        if now == epoch:
            raise Killed

    return on_epoch


def assert_same(one, other, tmp_path):
    """To the last bit, and so to the last byte of the files."""
    texts = []
    for found in (one, other):
        tables.write_csv(tmp_path / "plane.csv", found.planes)
        outputs._write_rows(tmp_path / "scores.csv", scores.COLUMNS, scores.rows(found.scores))
        texts.append([(tmp_path / name).read_bytes() for name in ("plane.csv", "scores.csv")])
    assert texts[0] == texts[1]
    assert len(texts[0][0].splitlines()) > 20
    assert one.losses == other.losses


def assert_same_files(one, other):
    """Of what was trained, and of what was read of it."""
    for name in (
        "scores.csv",
        f"{reading_of(one).name}/plane.csv",
        f"{reading_of(one).name}/planes.npz",
    ):
        assert (one / name).read_bytes() == (other / name).read_bytes()


# --- checkpoints: killed and resumed --------------------------------------------------------------


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("epoch", [1, 2, 4])
def test_a_run_killed_at_an_epoch_goes_on_as_if_it_had_not_been(
    name, epoch, whole, tmp_path, at_every_epoch
):
    with pytest.raises(Killed):
        execute(
            RUNS[name], checkpoints=Checkpoints(tmp_path / "snapshots"), on_epoch=killed_at(epoch)
        )
    kept = Checkpoints(tmp_path / "snapshots")
    assert kept.state is not None
    assert kept.state.epoch == epoch - 1
    epochs = []
    again = execute(RUNS[name], checkpoints=kept, on_epoch=epochs.append)
    assert epochs == list(range(epoch - 1, 5))
    assert_same(again, whole[name], tmp_path)


def test_a_run_killed_again_and_again_goes_on(whole, tmp_path, at_every_epoch):
    for epoch in (1, 2, 3, 4):
        with pytest.raises(Killed):
            execute(
                TINY, checkpoints=Checkpoints(tmp_path / "snapshots"), on_epoch=killed_at(epoch)
            )
    assert_same(
        execute(TINY, checkpoints=Checkpoints(tmp_path / "snapshots")), whole["sgd"], tmp_path
    )


def test_a_run_killed_while_it_is_read_goes_on(whole, tmp_path, at_every_epoch, monkeypatch):
    monkeypatch.setattr(runner, "MODELS", 2)

    def killed(planes, done):
        if done >= 0.5:
            raise Killed

    with pytest.raises(Killed):
        execute(TINY, checkpoints=Checkpoints(tmp_path / "snapshots"), on_planes=killed)
    assert_same(
        execute(TINY, checkpoints=Checkpoints(tmp_path / "snapshots")), whole["sgd"], tmp_path
    )


@pytest.mark.parametrize("name", ["sgd", "copies"])
def test_a_run_killed_amid_any_file_goes_on(name, whole, tmp_path, at_every_epoch, monkeypatch):
    savez = np.savez
    for n in itertools.count():
        folder, left = tmp_path / f"{n}", iter([savez] * n)

        def half(file, left=left, **arrays):
            if (write := next(left, None)) is None:
                file.write(b"PK\x03\x04 half a file")
                raise Killed
            write(file, **arrays)

        monkeypatch.setattr(np, "savez", half)
        try:
            execute(RUNS[name], checkpoints=Checkpoints(folder))
        except Killed:
            monkeypatch.setattr(np, "savez", savez)
            assert_same(execute(RUNS[name], checkpoints=Checkpoints(folder)), whole[name], tmp_path)
        else:
            break  # all files were written before that one
    # a state for each epoch, snapshots for each that is recorded
    assert n == 5 + len(RUNS[name].training.recorded)


def ticking(monkeypatch, every, share):
    """A clock that goes on by a second whenever it is looked at, so that every checkpoint takes
    one.
    """
    monkeypatch.setattr(training, "time", SimpleNamespace(monotonic=itertools.count().__next__))
    monkeypatch.setattr(training, "EVERY", every)
    monkeypatch.setattr(training, "SHARE", share)


def test_checkpoints_take_a_bounded_share_of_the_time(tmp_path, monkeypatch):
    ticking(monkeypatch, every=0, share=0.2)
    kept = Checkpoints(tmp_path / "snapshots")
    execute(TINY, checkpoints=kept)
    # the last one is always kept
    assert [len(checkpoints._read(path)["linear 1.weight"]) for path in kept._files()] == [1, 4]


def test_several_snapshots_share_a_file(whole, tmp_path, monkeypatch):
    ticking(monkeypatch, every=2, share=float("inf"))
    with pytest.raises(Killed):
        execute(TINY, checkpoints=Checkpoints(tmp_path / "snapshots"), on_epoch=killed_at(4))
    kept = Checkpoints(tmp_path / "snapshots")
    assert [len(checkpoints._read(path)["linear 1.weight"]) for path in kept._files()] == [2, 2]
    assert_same(execute(TINY, checkpoints=kept), whole["sgd"], tmp_path)


def test_a_run_killed_before_its_first_checkpoint_begins_again(whole, tmp_path):
    with pytest.raises(Killed):
        execute(TINY, checkpoints=Checkpoints(tmp_path / "snapshots"), on_epoch=killed_at(3))
    kept = Checkpoints(tmp_path / "snapshots")
    assert kept.state is None
    assert_same(execute(TINY, checkpoints=kept), whole["sgd"], tmp_path)


def test_checkpoints_leave_no_trace_in_the_numbers(whole, tmp_path, at_every_epoch):
    for name, record in RUNS.items():
        assert_same(
            execute(record, checkpoints=Checkpoints(tmp_path / name)), whole[name], tmp_path
        )


def test_a_looped_network_goes_on_too(tmp_path, at_every_epoch, monkeypatch):
    class Undecided(torch.nn.Tanh):
        def forward(self, x):
            return super().forward(x if x.sum() > 0 else -x)

    def network(widths):
        built = networks.tanh(widths)
        built.add_module("layer 1", Undecided())
        return built

    monkeypatch.setitem(networks.NETWORKS, "undecided", network)
    looped = TINY.varied(network="undecided")
    with pytest.warns(LoopWarning):
        uninterrupted = execute(looped)
    with pytest.warns(LoopWarning), pytest.raises(Killed):
        execute(looped, checkpoints=Checkpoints(tmp_path / "snapshots"), on_epoch=killed_at(3))
    with pytest.warns(LoopWarning):
        again = execute(looped, checkpoints=Checkpoints(tmp_path / "snapshots"))
    assert again.remark == uninterrupted.remark != ""
    assert_same(again, uninterrupted, tmp_path)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_run_killed_on_a_gpu_goes_on(tmp_path, at_every_epoch):
    with pytest.raises(Killed):
        execute(
            TINY, "cuda", checkpoints=Checkpoints(tmp_path / "snapshots"), on_epoch=killed_at(3)
        )
    again = execute(TINY, "cuda", checkpoints=Checkpoints(tmp_path / "snapshots"))
    assert_same(again, execute(TINY, "cuda"), tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="no SIGKILL")
def test_a_process_killed_outright_goes_on(tmp_path, undrawn):
    words = ["warm-up", "--epochs", "1500", "--record", "30"]
    code = "import sys, experiments.training as t; t.EVERY, t.SHARE = 0, float('inf')"
    code += "; from experiments.__main__ import main; main(sys.argv[1:])"
    killed, uninterrupted = tmp_path / "killed", tmp_path / "uninterrupted"
    command = [sys.executable, "-c", code, "run", *words, "--out", str(killed)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while not list(killed.glob("*/snapshots/state.npz")) and process.poll() is None:
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    (part,) = trained_in(killed)
    assert part.name.endswith(".part")
    assert run(*words, "--resume", out=killed) == 0
    assert run(*words, out=uninterrupted) == 0
    (one,), (other,) = trained_in(killed), trained_in(uninterrupted)
    assert one.name == other.name
    assert_same_files(one, other)
    assert not [path.name for path in one.rglob(".*")]  # nor half a file


# --- checkpoints: what is damaged -----------------------------------------------------------------


@pytest.fixture
def kept(tmp_path, at_every_epoch):
    """The folder of a run that was killed."""
    with pytest.raises(Killed):
        execute(TINY, checkpoints=Checkpoints(tmp_path / "snapshots"), on_epoch=killed_at(4))
    return tmp_path / "snapshots"


def resumed(folder):
    return execute(TINY, checkpoints=Checkpoints(folder))


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[:-30], lambda content: b"", lambda content: b"garbage" + content[7:]],
)
@pytest.mark.parametrize("name", ["state.npz", "snapshots-00000001.npz"])
def test_a_damaged_file_is_named(kept, name, damage):
    (kept / name).write_bytes(damage((kept / name).read_bytes()))
    with pytest.raises(ValueError, match=rf"{name}' cannot be read .*: remove "):
        resumed(kept)


@pytest.mark.parametrize(
    "name", ["snapshots-00000000.npz", "snapshots-00000002.npz", "snapshots-00000003.npz"]
)
def test_a_missing_file_is_noticed(kept, name):
    (kept / name).unlink()
    with pytest.raises(
        ValueError, match=r"snapshots' holds \d of the 4 snapshots of its state\.npz: remove it"
    ):
        resumed(kept)


@pytest.mark.parametrize(
    "arrays",
    [
        {"x": np.arange(3)},
        {"plain": np.array("{}"), "losses": np.zeros(3)},
        {"plain": np.array("no JSON"), "losses": np.zeros(3)},
        {"plain": np.array('{"epoch": 3, "n_snapshots": 4}')},
        {"plain": np.array("[1, 2]"), "losses": np.zeros(3)},
    ],
)
def test_another_npz_is_no_state(kept, arrays):
    np.savez(kept / "state.npz", **arrays)
    with pytest.raises(ValueError, match=r"state\.npz' is not the state of a run"):
        resumed(kept)


def test_the_state_of_another_network_is_refused(kept):
    other = TINY.varied(widths=(12, 4, 1))
    with pytest.raises(ValueError, match="state"):
        execute(other, checkpoints=Checkpoints(kept))


@pytest.mark.parametrize("name", ["state.npz", "snapshots-00000001.npz"])
def test_objects_are_never_unpickled(kept, tmp_path, name):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    np.savez(kept / name, plain=np.array([Trap()], dtype=object))
    with pytest.raises(
        ValueError, match=rf"{name}' cannot be read \(ValueError: its 'plain' announces .*'\|O'"
    ):
        resumed(kept)
    assert not (tmp_path / "sprung").exists()


def test_nothing_kept_is_pickled(kept):
    for path in kept.iterdir():
        with np.load(path, allow_pickle=False) as file:
            assert all(file[name].dtype.kind in "bifuU" for name in file.files)


def test_what_the_state_does_not_count_is_dropped(kept, whole, tmp_path):
    stray = {"linear 1.weight": np.zeros((7, 1, 5, 12))}
    np.savez(kept / "snapshots-00000004.npz", **stray)  # written, and killed before the state was
    (kept / ".snapshots-00000008.npz.77.part").write_bytes(b"half a file")
    (kept / ".state.npz.77.part").write_bytes(b"half a file")
    found = Checkpoints(kept)
    assert sorted(path.name for path in kept.iterdir()) == [
        *(f"snapshots-{i:08d}.npz" for i in range(4)),
        "state.npz",
    ]
    assert_same(execute(TINY, checkpoints=found), whole["sgd"], tmp_path)


def test_checkpoints_give_back_what_they_were_given(tmp_path):
    rng = np.random.default_rng(0)
    snapshots = [
        {"a.weight": rng.normal(size=(2, 3)), "b": rng.integers(9, size=4)} for _ in range(5)
    ]
    state = State(7, {"parameters/a.weight": snapshots[4]["a.weight"]}, np.float32([1, 2, 3]))
    kept = Checkpoints(tmp_path)
    kept.write(snapshots[:2], State(3, {}, np.empty(0, np.float32)))
    kept.write([], state)
    kept.write(snapshots[2:], state)
    for found in (kept, Checkpoints(tmp_path)):
        assert found.n_snapshots == 5
        assert found.state is not None
        assert found.state.epoch == 7
        assert list(found.state.ensemble) == ["parameters/a.weight"]
        assert found.state.losses.tolist() == [1, 2, 3]
        for one, other in zip(found.snapshots(), snapshots, strict=True):
            assert one.keys() == other.keys()
            assert all(np.array_equal(one[name], other[name]) for name in one)


def test_snapshots_that_were_never_kept_cannot_be_read(tmp_path):
    for none in (None, Checkpoints(tmp_path)):
        with pytest.raises(ValueError, match="there are no snapshots to read: train the run first"):
            execute(TINY, checkpoints=none, train=False)


# --- an unfinished run on the command line --------------------------------------------------------


def unfinished(out, monkeypatch, epoch=3, epochs=4, name="warm-up"):
    """Leave such a run, as a kill would."""

    def killed(*words, on_epoch, **options):
        return execute(*words, on_epoch=killed_at(epoch), **options)

    with monkeypatch.context() as patch:
        every_epoch(patch)
        patch.setattr(running, "execute", killed)
        with pytest.raises(Killed):
            run(name, "--epochs", str(epochs), "--force", out=out)
    (part,) = (path for path in trained_in(out) if path.name.endswith(".part"))
    return part


def test_an_unfinished_run_is_refused_before_any_work(tmp_path, monkeypatch, capsys):
    part = unfinished(tmp_path, monkeypatch)
    before = {path: path.read_bytes() for path in part.rglob("*.npz")}
    monkeypatch.setattr(running, "execute", lambda *words, **options: pytest.fail("work was done"))
    assert run("tishby", "warm-up", "--epochs", "4", out=tmp_path) == 2
    error = capsys.readouterr().err
    assert f"an unfinished run lies in '{part}'" in error
    assert "(--resume)" in error
    assert "remove that folder" in error
    assert {path: path.read_bytes() for path in part.rglob("*.npz")} == before
    assert rows_of(tmp_path) == []


def test_resume_goes_on_and_then_skips(tmp_path, monkeypatch, capsys, undrawn):
    part = unfinished(tmp_path, monkeypatch)
    (part / ".plane.csv.77.part").touch()  # of a process that was killed while it wrote its results
    (part / "plane.csv").touch()
    assert run("warm-up", "tishby", "--epochs", "4", "--resume", out=tmp_path) == 0
    assert run("warm-up", "--epochs", "4", out=tmp_path / "uninterrupted") == 0
    (one,) = tmp_path.glob("warm-up*")
    (other,) = trained_in(tmp_path / "uninterrupted")
    assert names(one) == names(other)
    assert names(reading_of(one)) == names(reading_of(other))
    assert_same_files(one, other)
    assert [results.read(folder).manifest["resumed"] for folder in (one, other)] == [True, False]
    assert [row["status"] for row in rows_of(tmp_path)] == ["done", "done"]
    monkeypatch.setattr(running, "execute", lambda *words, **options: pytest.fail("work was done"))
    capsys.readouterr()
    assert run("warm-up", "tishby", "--epochs", "4", "--resume", out=tmp_path) == 0
    assert capsys.readouterr().out.count("was finished before") == 2


def test_resume_begins_what_was_never_begun(tmp_path, undrawn):
    assert run("warm-up", "--epochs", "1", "--resume", out=tmp_path) == 0
    assert [path.name for path in trained_in(tmp_path)] == [CATALOG["warm-up"].varied(epochs=1).id]


def test_a_finished_run_that_is_run_again_stays_until_the_new_one_is_finished(
    tmp_path, monkeypatch, undrawn
):
    assert run("warm-up", "--epochs", "4", out=tmp_path) == 0
    (folder,) = trained_in(tmp_path)
    part = unfinished(tmp_path, monkeypatch)
    assert part.name == f"{folder.name}.part"
    assert (reading_of(folder) / "plane.csv").exists()
    (folder / "stray").touch()
    # the one that was begun last
    assert run("warm-up", "--epochs", "4", "--resume", out=tmp_path) == 0
    assert trained_in(tmp_path) == [folder]
    assert not (folder / "stray").exists()


def test_a_damaged_checkpoint_is_a_failed_run_with_its_reason(tmp_path, monkeypatch, undrawn):
    part = unfinished(tmp_path, monkeypatch)
    (part / "snapshots" / "state.npz").write_bytes(b"garbage")
    assert run("warm-up", "tishby", "--epochs", "4", "--resume", out=tmp_path) == 1
    failed, done = rows_of(tmp_path)
    assert "state.npz' cannot be read" in failed["reason"]
    assert done["status"] == "done"
    (part / "snapshots" / "state.npz").unlink()  # as it was told
    assert run("warm-up", "--epochs", "4", "--resume", out=tmp_path) == 0


# --- the files of a result ------------------------------------------------------------------------


def saved(result, out):
    """A result that was not trained here."""
    part = out / f"{result.run.id}.part"
    part.mkdir()
    outputs.save(result, part, out / result.run.id, wall_seconds=1.0, resumed=False)
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
    assert Run.of(manifest["run"]) == CATALOG["tishby-extended"].varied(epochs=2, copies=2)
    read_of_it = json.loads((reading / "manifest.json").read_text())
    assert read_of_it["id"] == f"{folder.name}/{reading.name}"
    assert readings.of("reading", read_of_it["reading"]) == CATALOG["tishby-extended"].reads[0]
    assert (manifest["data"], manifest["remark"]) == ("simple", "")
    found = results.read(folder)
    plane = next(
        plane for plane in found.planes if (plane.reading, plane.sample) == ("sampled", "held-out")
    )
    written = [
        float(row["i_xt_bits"])
        for row in rows
        if (row["reading"], row["sample"]) == ("sampled", "held-out")
    ]
    assert written == plane.i_xt.ravel().tolist()
    (end,) = [
        part
        for part in read_of_it["readings"]
        if (part["reading"], part["sample"]) == ("sampled", "held-out")
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


def test_a_run_that_fails_is_a_row_with_its_reason_and_the_others_go_on(
    tmp_path, monkeypatch, capsys, undrawn
):
    def broken(record: Run, *arguments, **options):
        if record.name == "warm-up":
            raise RuntimeError("the power went out")
        return execute(record, *arguments, **options)

    monkeypatch.setattr(running, "execute", broken)
    assert run("warm-up", "tishby", "--epochs", "1", out=tmp_path) == 1
    failed, done = rows_of(tmp_path)
    assert (failed["run"], failed["status"]) == ("warm-up", "failed")
    assert "the power went out" in failed["reason"]
    assert failed["data"] == "simple"
    assert (done["run"], done["status"]) == ("tishby", "done")
    assert (reading_of(tmp_path / done["folder"]) / "plane.csv").exists()
    assert "failed: warm-up" in capsys.readouterr().err
    assert len(trained_in(tmp_path)) == 1


def test_a_result_that_cannot_be_finished_leaves_the_old_one_whole(
    tmp_path, monkeypatch, undrawn, whole
):
    folder = saved(whole["sgd"], tmp_path)
    before = (reading_of(folder) / "plane.csv").read_bytes()

    def broken(*arguments, **options):
        raise OSError("disk full")

    monkeypatch.setattr(outputs, "picture", broken)
    with pytest.raises(OSError, match="disk full"):
        saved(whole["sgd"], tmp_path)
    assert (reading_of(folder) / "plane.csv").read_bytes() == before
    assert keeping.finished(folder)


def test_a_second_result_replaces_the_first(tmp_path, undrawn, whole):
    folder = saved(whole["sgd"], tmp_path)
    (folder / "stray").touch()
    assert saved(whole["sgd"], tmp_path) == folder
    assert not (folder / "stray").exists()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_another_device_has_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "check_device", lambda name: name)
    folders = [running.folder_of(TINY, device, tmp_path).name for device in ("cpu", "cuda:0")]
    assert folders == [TINY.id, f"{TINY.id}-cuda0"]
    assert all(
        layout.READING.fullmatch(layout.named(TINY.reads[0].id, device))
        for device in ("cpu", "cuda", "cuda:11")
    )


@pytest.mark.parametrize("content", ["{}", "no JSON", '{"run": {"name": "warm-up"}}', "[]"])
def test_a_manifest_that_is_none_is_no_result(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ValueError, match="which is no folder that `run` left"):
        results.read(tmp_path)


# --- estimating again -----------------------------------------------------------------------------


@pytest.fixture
def trained(tmp_path, undrawn):
    """The folder of a run of two seeds of two copies, trained with its own edges."""
    assert (
        run("warm-up", "--epochs", "6", "--copies", "2", "--seeds", "2", out=tmp_path / "trained")
        == 0
    )
    (folder,) = trained_in(tmp_path / "trained")
    return folder


def contents(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_other_bins_on_the_same_snapshots_are_the_run_with_those_bins(
    trained, tmp_path, monkeypatch, capsys
):
    before = contents(trained)
    run_again = results.read(trained).run.varied(edges=(-0.5, 0.75, 9), out_of_range="separate")
    by_training = execute(run_again)
    monkeypatch.setattr(Ensemble, "step", lambda *words: pytest.fail("it trained"))
    assert estimate(trained, "--edges", "-0.5", "0.75", "9", "--out-of-range", "separate") == 0
    folder = trained / run_again.reads[0].id
    tables.write_csv(tmp_path / "plane.csv", by_training.planes)
    assert (folder / "plane.csv").read_bytes() == (tmp_path / "plane.csv").read_bytes()
    # beside the first, nothing is copied or changed
    assert before.items() <= contents(trained).items()
    assert {path.parts[0] for path in contents(trained).keys() - before.keys()} == {folder.name}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["id"] == f"{trained.name}/{folder.name}" == run_again.ids[0]
    assert manifest["binning"].startswith("8 bins on [-0.5, 0.75)")
    assert str(folder) in capsys.readouterr().out
    assert results.read(folder).run == run_again
    _, row = rows_of(trained.parent)
    assert (row["status"], row["id"], row["folder"]) == (
        "estimated",
        run_again.ids[0],
        run_again.ids[0],
    )


def test_several_bins_at_once_are_each_a_result(trained, monkeypatch):
    whole = contents(trained)
    first, *_ = results.read(trained).run.reads
    n_forwarded, forward = [], Ensemble.activations
    monkeypatch.setattr(
        Ensemble, "activations", lambda *words: n_forwarded.append(0) or forward(*words)
    )
    assert estimate(trained, "--edges", "-1", "1", "9") == 0
    once = len(n_forwarded)
    assert estimate(trained, "--edges", "-1", "1", "21", "--edges", "0", "1", "7") == 0
    assert len(n_forwarded) == 2 * once  # what is forwarded once is read by all
    alone = (
        replace(first, edges=(-1.0, 1.0, 9)),
        replace(first, edges=(-1.0, 1.0, 21)),
        replace(first, edges=(0.0, 1.0, 7)),
    )
    for reading in alone:
        by_training = execute(results.read(trained).run.varied(reads=(reading,)))
        found = results.read(trained / reading.id)
        assert [plane.i_xt.tolist() for plane in found.planes] == [
            plane.i_xt.tolist() for plane in by_training.planes
        ]
    # one of them is there
    assert estimate(trained, "--edges", "-1", "1", "33", "--edges", "0", "1", "7") == 2
    assert len(contents(trained)) == len(whole) + 3 * 5
    assert estimate(trained, "--edges", "0", "1", "7", "--edges", "0", "1", "7") == 2


def test_a_run_that_reads_by_several_measures_leaves_a_result_of_each(
    tmp_path, undrawn, monkeypatch, capsys
):
    first = TINY.reads[0]
    several = CATALOG["warm-up"].varied(
        reads=(first, replace(first, edges=(-1.0, 1.0, 9), out_of_range="clip"))
    )
    monkeypatch.setitem(CATALOG, "warm-up", several)
    words = ("warm-up", "--epochs", "3", "--copies", "2")
    assert run(*words, "--live", out=tmp_path) == 0
    (folder,) = trained_in(tmp_path)
    assert {path.name for path in folder.glob("counted-*")} == {
        reading.id for reading in several.reads
    }
    assert capsys.readouterr().out.count("Right answers") == 2
    for reading in several.reads:
        by_itself = execute(several.varied(reads=(reading,), epochs=3, copies=2))
        found = results.read(folder / reading.id)
        assert found.run.reads == (reading,)
        assert [plane.i_ty.tolist() for plane in found.planes] == [
            plane.i_ty.tolist() for plane in by_itself.planes
        ]
    assert results.read(folder).run.reads == (first,)


def test_elsewhere_what_was_trained_lies_too_and_from_there_it_is_read_again(trained, tmp_path):
    before, out = contents(trained), tmp_path / "again"
    assert estimate(trained, "--edges", "-1", "1", "9", out=out) == 0
    (folder,) = trained_in(out)
    assert folder.name == trained.name
    assert contents(trained) == before
    own = Path(reading_of(trained).name)
    assert {path for path in before if path.parts[0] != own.name} <= contents(folder).keys()
    assert (folder / "snapshots" / "state.npz").stat().st_nlink == 2  # linked, not copied
    assert estimate(folder, "--edges", "-1", "1", "50") == 0  # and from there back
    assert (folder / own / "plane.csv").read_bytes() == before[own / "plane.csv"]
    assert estimate(trained, "--edges", "-1", "1", "21", out=out) == 0  # beside what is there
    assert len(list(folder.glob("counted-*"))) == 3
    assert [row["status"] for row in rows_of(out)] == ["estimated"] * 3


@pytest.mark.parametrize(
    "edges",
    [
        ("1", "-1", "5"),
        ("0", "0", "5"),
        ("0", "1", "1"),
        ("0", "inf", "5"),
        ("nan", "1", "5"),
        ("0", "1", "2.5"),
    ],
)
def test_edges_that_are_none_are_refused(trained, tmp_path, capsys, edges):
    assert estimate(trained, "--edges", *edges, out=tmp_path / "again") == 2
    assert f"--edges is {' '.join(edges)}: pass LOW below HIGH, and N" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()


def test_the_run_s_own_edges_are_refused_where_they_would_replace_it(trained, capsys):
    before = contents(trained)
    for out in (None, trained.parent):
        assert estimate(trained, "--edges", "-1", "1", "50", out=out) == 2
        assert "holds this reading, written" in capsys.readouterr().err
    assert contents(trained) == before


def test_a_result_without_its_snapshots_cannot_be_estimated(trained, tmp_path, capsys):
    (trained / "snapshots" / "state.npz").unlink()
    before = contents(trained)
    assert estimate(trained, "--edges", "0", "1", "9", out=tmp_path / "again") == 2
    assert "there are no snapshots to read: train the run first" in capsys.readouterr().err
    assert trained_in(tmp_path / "again") == []
    assert estimate(trained, "--edges", "0", "1", "9") == 2
    assert contents(trained) == before  # not one snapshot was removed
    assert estimate(tmp_path, "--edges", "0", "1", "9", out=tmp_path / "again") == 2
    assert "which is no folder that `run` left" in capsys.readouterr().err


# --- watching it ----------------------------------------------------------------------------------


def test_a_live_run_draws_as_it_goes_and_leaves_what_another_leaves(tmp_path, undrawn, monkeypatch):
    monkeypatch.setattr(runner, "MODELS", 1)
    monkeypatch.setattr(screens, "place", lambda: "file")
    shown, show = [], screens.show

    def watching(figure, where, path):
        parts = list((tmp_path / "live").glob("*.part"))
        shown.append((where, path, len(parts)))
        show(figure, where, path)

    monkeypatch.setattr(screens, "show", watching)
    assert run("warm-up", "--epochs", "2", "--live", out=tmp_path / "live") == 0
    assert len(shown) >= 2  # while it ran, and at the end
    assert {(where, path) for where, path, _ in shown} == {("file", tmp_path / "live" / "live.png")}
    # the last once the result is safe
    assert [n_parts for *_, n_parts in shown] == [1] * (len(shown) - 1) + [0]
    assert (tmp_path / "live" / "live.png").read_bytes().startswith(b"\x89PNG")
    assert run("warm-up", "--epochs", "2", out=tmp_path / "other") == 0
    (one,), (other,) = trained_in(tmp_path / "live"), trained_in(tmp_path / "other")
    assert one.name == other.name
    left = [
        {path: content for path, content in contents(folder).items() if path.suffix != ".json"}
        for folder in (one, other)
    ]
    assert left[0] == left[1]


# --- the command line -----------------------------------------------------------------------------


def test_list_names_every_run(capsys):
    assert cli.main(["list"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in CATALOG)


def test_list_loads_no_torch_and_calls_steps_steps():
    code = (
        "import sys; from experiments.__main__ import main; main(['list']); sys.exit('torch' in "
        "sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert list(lines) == list(CATALOG)
    assert lines["mnist-mlp"].endswith("; 1 copy, 1,200 steps of 256, 5.1 passes")
    assert lines["original"].endswith("; 1 copy, 8,000 epochs")
    assert all(line.endswith(CATALOG[name].training.length) for name, line in lines.items())


def test_an_unknown_run_is_refused_before_any_work(tmp_path, capsys):
    assert run("warm-up", "exp-9", out=tmp_path / "new") == 2
    assert "NAME is 'exp-9': the runs are warm-up, tishby" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("device", ["tpu9", "meta", "cuda:99"])
def test_a_device_that_is_not_there_is_refused_before_any_work(device, tmp_path, capsys):
    assert run("warm-up", "--device", device, out=tmp_path / "new") == 2
    assert f"device is '{device}'" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_an_output_folder_that_cannot_be_written_is_refused_before_any_work(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert run("warm-up", out=tmp_path / "file") == 2
    error = capsys.readouterr().err
    assert "cannot be written" in error
    assert "--out FOLDER" in error


def test_all_is_every_run(tmp_path, monkeypatch):
    tried = []
    monkeypatch.setattr(
        running, "_attempt", lambda record, device, out: tried.append(record.name) or True
    )
    assert run("all", out=tmp_path) == 0
    assert tried == list(CATALOG)


def test_a_run_s_own_numbers_are_changed_by_what_is_given_alone(tmp_path, monkeypatch):
    tried = []
    monkeypatch.setattr(
        running, "_attempt", lambda record, device, out: tried.append(record) or True
    )
    assert run("tishby-extended", out=tmp_path) == 0
    words = [
        "--epochs",
        "7",
        "--copies",
        "2",
        "--seed",
        "3",
        "--seeds",
        "4",
        "--init",
        "independent",
        "--record",
        "5",
    ]
    assert run("tishby-extended", *words, out=tmp_path) == 0
    published = CATALOG["tishby-extended"]
    given = published.varied(epochs=7, copies=2, seed=3, seeds=4, init="independent", n_recorded=5)
    assert tried == [published, given]


def test_mnist_that_is_not_there_is_a_failed_row_with_the_ways_to_supply_it(
    tmp_path, monkeypatch, undrawn
):
    monkeypatch.delenv(mnist.VARIABLE, raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "none"))
    assert run("mnist", "warm-up", "--epochs", "1", out=tmp_path / "out") == 1
    failed, done = rows_of(tmp_path / "out")
    assert "pass --mnist PATH or set FASTMI_MNIST" in failed["reason"]
    assert done["status"] == "done"
    assert len(trained_in(tmp_path / "out")) == 1


def test_a_wrong_place_for_mnist_is_said_before_any_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(mnist.VARIABLE, "restored afterwards")
    assert run("mnist", "--mnist", str(tmp_path / "nowhere"), out=tmp_path / "out") == 2
    assert "neither a folder nor a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--epochs", "0"],
        ["--copies", "-1"],
        ["--seed", "x"],
        ["--epochs", "1.5"],
        ["--seeds", "0"],
        ["--record", "-"],
    ],
)
def test_numbers_out_of_range_are_refused(words, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        run("warm-up", *words, out=tmp_path)
    assert stopped.value.code == 2
    assert f"{words[1]!r} is not a whole number" in capsys.readouterr().err


def test_the_compression_command_writes_its_page(tmp_path):
    page = tmp_path / "compression.md"
    assert cli.main(["compression", "--seeds", "2", "--epochs", "2", "--out", str(page)]) == 0
    assert page.read_text().startswith("# Fitting, then compression")
    assert "--seeds 2 --epochs 2" in page.read_text()


def test_a_page_that_cannot_be_written_is_said_before_any_seed(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        running, "execute", lambda *arguments, **options: pytest.fail("work was done")
    )
    assert cli.main(["compression", "--out", str(tmp_path)]) == 2
    assert "which is a folder: pass the name of a file" in capsys.readouterr().err


def test_an_interrupted_run_is_a_row_and_ends_the_others(tmp_path, monkeypatch, capsys):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "execute", interrupted)
    assert run("warm-up", "tishby", out=tmp_path) == 130
    (row,) = rows_of(tmp_path)
    assert (row["run"], row["status"]) == ("warm-up", "interrupted")
    assert "interrupted" in capsys.readouterr().err
    assert trained_in(tmp_path) == []  # it had nothing to go on from


def test_an_interrupted_run_keeps_what_it_can_go_on_from(
    tmp_path, monkeypatch, at_every_epoch, undrawn
):
    def interrupted(*words, on_epoch, **options):
        def stop(epoch):
            if epoch == 2:
                raise KeyboardInterrupt

        return execute(*words, on_epoch=stop, **options)

    with monkeypatch.context() as patch:
        patch.setattr(running, "execute", interrupted)
        assert run("warm-up", "--epochs", "3", out=tmp_path) == 130
    assert run("warm-up", "--epochs", "3", "--resume", out=tmp_path) == 0
    assert [row["status"] for row in rows_of(tmp_path)] == ["interrupted", "done"]
