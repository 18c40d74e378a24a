"""Settings that torch holds while a run computes on CUDA, and gives back however it ends.

The switches are torch's own, on whatever device: a CUDA device need only be named.
"""

import json
import os
import subprocess
import sys
import warnings

import pytest
import torch

from experiments import determinism, training
from experiments.checkpoints import Checkpoints
from experiments.determinism import SAME_BYTES, Promise, held, versions
from experiments.execution import execute
from fastmi import LoopWarning
from fastmi.backends import triton_twin
from tests import ROOT
from tests.experiments.shortened import TINY, Killed, assert_same_files, killed_at
from tests.runs import reading_of
from tests.runs import trained as trained_in

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
NEW = hasattr(torch.backends.cuda.matmul, "fp32_precision")  # from torch 2.9 on


def settings():
    """Every switch that the bits of CUDA hang on, each read by its name in torch."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    read = {
        "deterministic": torch.are_deterministic_algorithms_enabled,
        "warns": torch.is_deterministic_algorithms_warn_only_enabled,
        "fills": lambda: torch.utils.deterministic.fill_uninitialized_memory,
        "cudnn.deterministic": lambda: cudnn.deterministic,
        "cudnn.benchmark": lambda: cudnn.benchmark,
        "cudnn.allow_tf32": lambda: cudnn.allow_tf32,
        "matmul.allow_tf32": lambda: matmul.allow_tf32,
        "matmul": torch.get_float32_matmul_precision,
        "cublas": lambda: os.environ.get("CUBLAS_WORKSPACE_CONFIG"),
    }
    if NEW:
        read |= {
            "matmul.fp32": lambda: matmul.fp32_precision,
            "conv.fp32": lambda: cudnn.conv.fp32_precision,
            "rnn.fp32": lambda: cudnn.rnn.fp32_precision,
            "mkldnn.fp32": lambda: torch.backends.mkldnn.matmul.fp32_precision,
        }
    return {name: value() for name, value in read.items()}


HELD = {
    "deterministic": True,
    "warns": True,
    "fills": False,
    "cudnn.deterministic": True,
    "cudnn.benchmark": False,
    "cudnn.allow_tf32": False,
    "matmul.allow_tf32": False,
    "matmul": "highest",
    "cublas": ":4096:8",
} | (dict.fromkeys(("matmul.fp32", "conv.fp32", "rnn.fp32", "mkldnn.fp32"), "ieee") if NEW else {})


def repeat_nothing():
    """Calls an operator of which torch says, on every device, that it is not deterministic."""
    torch.zeros(3, device="cpu").put_(torch.tensor([1, 1]), torch.tensor([1.0, 2.0]))


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """No test leaves a switch behind, nor meets one that the caller's environment set."""
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    before = settings()
    yield
    monkeypatch.undo()
    torch.use_deterministic_algorithms(False)
    assert settings() | {"cublas": None} == before


@pytest.fixture
def on_cpu(monkeypatch):
    """Holds torch on the CPU as it does on CUDA."""
    monkeypatch.setattr(determinism, "HELD_TYPES", ("cpu",))


# --- settings -------------------------------------------------------------------------------------


def test_all_is_held_on_cuda_and_put_back():
    before = settings()
    assert not HELD.items() <= before.items()
    with held(CUDA):
        assert settings() == HELD
    assert settings() == before


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, Killed])
def test_all_is_put_back_however_it_ends(error):
    def fail():
        with held(CUDA):
            assert settings() == HELD
            raise error

    before = settings()
    with pytest.raises(error):
        fail()
    assert settings() == before


def test_nothing_is_touched_on_the_cpu(monkeypatch):
    monkeypatch.setattr(determinism, "_settings", lambda: pytest.fail("a setting was read"))
    before, show, filters = settings(), warnings.showwarning, list(warnings.filters)
    with held(CPU) as promise:
        assert settings() == before
        assert (warnings.showwarning, warnings.filters) == (show, filters)
    assert (str(promise), promise.doubts) == (SAME_BYTES, None)


@pytest.mark.skipif(not NEW, reason="there are no new switches")
def test_where_only_the_new_switches_were_moved_they_are_put_back():
    """Torch then refuses to read the old ones."""
    conv = torch.backends.cudnn.conv
    before = conv.fp32_precision
    conv.fp32_precision = "ieee"
    try:
        with pytest.raises(RuntimeError, match="mix of the legacy and new"):
            _ = torch.backends.cudnn.allow_tf32
        with held(CUDA):
            assert torch.backends.cudnn.rnn.fp32_precision == "ieee"
            assert torch.are_deterministic_algorithms_enabled()
        assert (conv.fp32_precision, torch.backends.cudnn.rnn.fp32_precision) == ("ieee", "tf32")
    finally:
        conv.fp32_precision = before


@pytest.mark.parametrize("precision", ["high", "medium"])
def test_products_that_were_rounded_are_rounded_again_afterwards(precision):
    torch.set_float32_matmul_precision(precision)
    torch.backends.cudnn.benchmark = True
    try:
        before = settings()
        assert before["matmul.allow_tf32"]
        with held(CUDA):
            assert settings() == HELD
        assert settings() == before
    finally:
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.benchmark = False
        if NEW:
            torch.backends.cuda.matmul.fp32_precision = "none"
            torch.backends.mkldnn.matmul.fp32_precision = "none"


@pytest.mark.parametrize(
    ("given", "within"), [(":16:8", ":16:8"), (":4096:2:16:8", ":4096:8"), ("", ":4096:8")]
)
def test_a_workspace_under_which_cublas_repeats_itself_is_kept(monkeypatch, given, within):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", given)
    with held(CUDA):
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == within
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == given


def test_who_asked_torch_for_errors_gets_them():
    torch.use_deterministic_algorithms(True)
    with held(CUDA), pytest.raises(RuntimeError, match="put_ does not have a deterministic"):
        repeat_nothing()
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.is_deterministic_algorithms_warn_only_enabled()


# --- the promise ----------------------------------------------------------------------------------


def test_what_repeats_is_promised_and_what_does_not_is_named_once():
    with held(CUDA) as promise:
        assert str(promise) == SAME_BYTES
        for _ in range(3):
            repeat_nothing()
        assert str(promise) == "may differ (put_ has no deterministic implementation)"
    with held(CUDA) as promise:
        repeat_nothing()  # heard again, however often Python was told of it
    assert promise.doubts == ["put_ has no deterministic implementation"]


@pytest.mark.parametrize(
    ("said", "doubt"),
    [
        (
            "Deterministic behavior was enabled with either `torch.use_deterministic_algorithms"
            "(True)` or `at::Context::setDeterministicAlgorithms(true)`, but this operation is not "
            "deterministic because it uses CuBLAS and you have CUDA >= 10.2. To enable",
            "cuBLAS had been started before CUBLAS_WORKSPACE_CONFIG was set",
        ),
        (
            "Memory Efficient attention defaults\nto a non-deterministic algorithm. To explicitly",
            "Memory Efficient attention defaults to a non-deterministic algorithm",
        ),
    ],
)
def test_whatever_torch_calls_not_deterministic_is_a_doubt(said, doubt):
    with held(CUDA) as promise:
        warnings.warn(said, UserWarning, stacklevel=1)
    assert promise.doubts == [doubt]


def test_other_warnings_reach_who_they_would_have_reached():
    with pytest.warns(LoopWarning, match="not deterministic at all"), held(CUDA) as promise:
        warnings.warn("not deterministic at all", LoopWarning, stacklevel=1)
    assert promise.doubts == []
    with pytest.warns(UserWarning, match="slow"), held(CUDA) as promise:
        warnings.warn("slow", UserWarning, stacklevel=1)
    with held(CUDA), pytest.raises(UserWarning, match="slow"):
        warnings.warn("slow", UserWarning, stacklevel=1)
    assert promise.doubts == []


def test_the_first_part_of_a_run_is_vouched_for_by_what_it_kept():
    promise = Promise(CUDA)
    promise.go_on([])
    assert str(promise) == SAME_BYTES
    promise.go_on(["a", "b"])
    promise.doubt("b", "c")
    assert str(promise) == "may differ (a; b; c)"
    promise = Promise(CUDA)
    promise.go_on(None)
    assert str(promise) == (
        "may differ (its first part was trained without deterministic settings)"
    )


def test_what_computes_on_a_device_is_named(monkeypatch):
    assert versions(CPU) == {}
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"a GPU at {device}")
    monkeypatch.setattr(torch, "empty", lambda size, device: f"a tensor on {device}")
    for reason, said in {"": "Triton", "not today": "torch's own (not today)"}.items():
        monkeypatch.setattr(triton_twin, "missing", lambda tensor, reason=reason: reason)
        known = {"cuda": "12.8", "cudnn": "91002", "gpu": "a GPU at cuda", "kernels": said}
        assert versions(CUDA) == known


# --- runs -----------------------------------------------------------------------------------------


def test_a_run_is_held_from_its_first_epoch_to_its_last_reading(on_cpu):
    before, seen = settings(), []
    result = execute(
        TINY,
        on_epoch=lambda epoch: seen.append(settings()),
        on_planes=lambda planes, done: seen.append(settings()),
    )
    assert seen == [HELD] * (4 + 1)
    assert settings() == before
    assert result.repeats == SAME_BYTES


@pytest.mark.parametrize("error", [Killed, KeyboardInterrupt, ValueError])
def test_a_run_that_ends_early_puts_all_back(on_cpu, error):
    def stop(epoch):
        assert settings() == HELD
        raise error

    before = settings()
    with pytest.raises(error):
        execute(TINY, on_epoch=stop)
    assert settings() == before


def test_a_run_says_which_operator_may_differ(on_cpu):
    result = execute(TINY, on_epoch=lambda epoch: repeat_nothing())
    assert result.repeats == "may differ (put_ has no deterministic implementation)"


def test_a_run_on_the_cpu_keeps_no_doubts(tmp_path):
    kept = Checkpoints(tmp_path / "snapshots")
    assert execute(TINY, checkpoints=kept).repeats == SAME_BYTES
    assert Checkpoints(tmp_path / "snapshots", read_only=True).state.doubts is None


@pytest.mark.parametrize("differs", [False, True])
def test_a_run_that_goes_on_has_the_doubts_of_its_first_part(
    on_cpu, tmp_path, at_every_epoch, differs
):
    """Also where only reading was left, so that the operator is never met again."""

    def stop_reading(planes, done):
        raise Killed

    with pytest.raises(Killed):
        execute(
            TINY,
            checkpoints=Checkpoints(tmp_path / "snapshots"),
            on_epoch=lambda epoch: repeat_nothing() if differs else None,
            on_planes=stop_reading,
        )
    again = execute(TINY, checkpoints=Checkpoints(tmp_path / "snapshots"))
    assert again.repeats == (
        "may differ (put_ has no deterministic implementation)" if differs else SAME_BYTES
    )


def test_no_first_part_of_before_is_vouched_for(tmp_path, at_every_epoch, monkeypatch):
    """A checkpoint of before these settings has no doubts, not none of them."""
    with pytest.raises(Killed):
        execute(TINY, checkpoints=Checkpoints(tmp_path / "snapshots"), on_epoch=killed_at(3))
    monkeypatch.setattr(determinism, "HELD_TYPES", ("cpu",))
    again = execute(TINY, checkpoints=Checkpoints(tmp_path / "snapshots"))
    assert again.repeats.startswith("may differ (its first part was trained without")


def test_what_is_read_again_is_promised_of_its_snapshots(on_cpu, tmp_path, monkeypatch):
    """They are what they are, however they were trained."""
    kept = Checkpoints(tmp_path / "snapshots")
    trained = execute(TINY, checkpoints=kept, on_epoch=lambda epoch: repeat_nothing())
    assert trained.repeats != SAME_BYTES
    monkeypatch.setattr(training.Ensemble, "step", lambda *words: pytest.fail("it was trained"))
    assert execute(TINY, checkpoints=kept, train=False).repeats == SAME_BYTES


@pytest.mark.gpu(alone="processes of its own")
@pytest.mark.parametrize("name", ["tishby-extended", "digits", "original"])
def test_a_run_on_a_gpu_leaves_the_same_bytes_twice(name, tmp_path, cuda):
    """In processes of its own, in which nobody has started cuBLAS before."""
    words = [name, "--epochs", "40", "--copies", "3", "--device", "cuda", "--out"]
    folders = []
    for out in (tmp_path / "a", tmp_path / "b"):
        command = [sys.executable, "-m", "experiments", "run", *words, str(out)]
        said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        (folder,) = trained_in(out)
        folders.append(folder)
        repeats = json.loads((folder / "manifest.json").read_text())["repeats"]
        assert f"Run again: {repeats}." in said.stdout
        assert repeats == SAME_BYTES, repeats
    assert reading_of(folders[0]).name.endswith("-cuda")
    assert_same_files(*folders)
