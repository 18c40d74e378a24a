"""A run that is killed at any moment goes on as if it had not been, and damage is named."""

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from experiments import __main__ as cli
from experiments import checkpoints, execution, networks, results, saving, scores, training
from experiments.catalog import CATALOG
from experiments.checkpoints import Checkpoints, State
from experiments.execution import execute
from fastmi import LoopWarning, files, tables
from tests import ROOT
from tests.experiments.shortened import RUNS, TINY, Killed, assert_same_files, killed_at
from tests.mutations import damaged, rebuilt
from tests.runs import FORMAT_0, run
from tests.runs import trained as trained_in


def assert_same(first, second, tmp_path):
    """Asserts equality to the last bit, and so to the last byte of the files."""
    texts = []
    for result in (first, second):
        tables.write_csv(tmp_path / "plane.csv", result.planes)
        saving.write_rows(tmp_path / "scores.csv", scores.COLUMNS, scores.rows(result.scores))
        texts.append([(tmp_path / name).read_bytes() for name in ("plane.csv", "scores.csv")])
    assert texts[0] == texts[1]
    assert len(texts[0][0].splitlines()) > 20
    assert first.losses == second.losses


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
    monkeypatch.setattr(execution, "NETWORKS_AT_ONCE", 2)

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
    """Makes a clock go on by a second whenever it is looked at.

    So every checkpoint takes one.
    """
    monkeypatch.setattr(training, "time", SimpleNamespace(monotonic=itertools.count().__next__))
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", every)
    monkeypatch.setattr(training, "CHECKPOINT_SHARE", share)


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
def test_a_run_killed_on_a_gpu_goes_on(tmp_path, at_every_epoch, cuda):
    there = str(cuda)
    with pytest.raises(Killed):
        execute(TINY, there, checkpoints=Checkpoints(tmp_path / "snapshots"), on_epoch=killed_at(3))
    again = execute(TINY, there, checkpoints=Checkpoints(tmp_path / "snapshots"))
    assert_same(again, execute(TINY, there), tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="no SIGKILL")
def test_a_process_killed_outright_goes_on(tmp_path, undrawn):
    words = ["warm-up", "--epochs", "1500", "--record", "30"]
    code = "import sys, experiments.training as t; t.CHECKPOINT_SECONDS = 0"
    code += "; t.CHECKPOINT_SHARE = float('inf')"
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
    (place,) = trained_in(killed)
    assert place.name.endswith(".part")
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
        {
            "plain": np.array('{"epoch": 3, "n_snapshots": 4, "doubts": "none"}'),
            "losses": np.zeros(3, np.float32),
        },
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
    checkpoint = Checkpoints(kept)
    assert sorted(path.name for path in kept.iterdir()) == [
        *(f"snapshots-{i:08d}.npz" for i in range(4)),
        "state.npz",
    ]
    assert_same(execute(TINY, checkpoints=checkpoint), whole["sgd"], tmp_path)


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
    for checkpoint in (kept, Checkpoints(tmp_path)):
        assert checkpoint.n_snapshots == 5
        assert checkpoint.state is not None
        assert checkpoint.state.epoch == 7
        assert list(checkpoint.state.ensemble) == ["parameters/a.weight"]
        assert checkpoint.state.losses.tolist() == [1, 2, 3]
        for one, other in zip(checkpoint.snapshots(), snapshots, strict=True):
            assert one.keys() == other.keys()
            assert all(np.array_equal(one[name], other[name]) for name in one)


def test_snapshots_that_were_never_kept_cannot_be_read(tmp_path):
    for none in (None, Checkpoints(tmp_path)):
        with pytest.raises(ValueError, match="there are no snapshots to read: train the run first"):
            execute(TINY, checkpoints=none, train=False)


pytestmark = pytest.mark.usefixtures("undrawn")


# --- of earlier versions --------------------------------------------------------------------------


def test_checkpoints_of_format_0_are_gone_on_with_for_ever(tmp_path):
    run = CATALOG["warm-up"].varied(epochs=4)
    shutil.copytree(FORMAT_0 / "unfinished", tmp_path / f"{run.id}.part")
    kept = Checkpoints(tmp_path / f"{run.id}.part" / "snapshots")
    assert (kept.n_snapshots, kept.state.epoch) == (3, 2)
    assert cli.main(["run", "warm-up", "--epochs", "4", "--resume", "--out", str(tmp_path)]) == 0
    result = results.read(tmp_path / run.id)
    assert result.manifest["resumed"] is True
    assert result.planes[0].epochs.tolist() == [0, 1, 2, 3, 4]


def test_checkpoints_of_a_later_format_say_what_to_do(tmp_path):
    shutil.copytree(FORMAT_0 / "unfinished" / "snapshots", tmp_path / "snapshots")
    np.savez(tmp_path / "snapshots" / "state.npz", **{files.FORMAT: np.array(2)}, other=np.zeros(3))
    with pytest.raises(ValueError, match=r"state\.npz' has format 2, and .* update fastmi"):
        Checkpoints(tmp_path / "snapshots")
    assert len(list((tmp_path / "snapshots").iterdir())) == 4  # and nothing was removed


# --- snapshots ------------------------------------------------------------------------------------


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
