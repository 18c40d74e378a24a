"""Checkpoints in the order of their steps; the model is as it was."""

import sys
import types

import pytest
import torch
from torch import nn

import fastmi
from fastmi.recorders.checkpoints import in_order, lent, read_state
from tests.fastmi.recorders.models import mlp, same, samples

BINS = fastmi.UniformBins(4, range=(-2, 2))


def recorder_of(model):
    return fastmi.watch(model, samples(), BINS, layers=[nn.Tanh, nn.ReLU])


@pytest.fixture
def training(tmp_path):
    """Files, as several loops write them, and the numbers that were read while it went on."""
    model, numbers, paths = mlp(), [], []
    recorder = recorder_of(model)
    kept = {
        0: lambda state: state,
        2: lambda state: {"state_dict": state, "epoch": 2},
        10: lambda state: {f"module.{name}": value for name, value in state.items()},
        11: lambda state: {"model": {f"_orig_mod.module.{k}": v for k, v in state.items()}},
    }
    for step, wrapped in kept.items():
        with torch.no_grad():
            for leaf in model.parameters():
                leaf.mul_(1.4)
        paths.append(tmp_path / f"v2-epoch={step}.pt")
        torch.save(wrapped(model.state_dict()), paths[-1])
        numbers.append(recorder.update(step))
    return paths, numbers


def test_checkpoints_give_the_numbers_of_the_training(training):
    paths, numbers = training
    model = mlp()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    recorder = recorder_of(model)
    assert recorder.read_checkpoints(paths[::-1]) == numbers
    assert recorder.plane().epochs.tolist() == [0, 2, 10, 11]
    assert same(before, dict(model.state_dict()))


def test_steps_may_be_said(training):
    paths, numbers = training
    recorder = recorder_of(mlp())
    assert recorder.read_checkpoints({5: str(paths[1]), 4: paths[0]}) == numbers[:2]
    assert recorder.steps == [4, 5]
    with pytest.raises(ValueError, match="step is 2, and step 5 was read before"):
        recorder.read_checkpoints(paths[1:])


def test_the_last_number_of_a_name_is_its_step(tmp_path):
    names = ["b-2.pt", "run7_step-0010.ckpt", "9"]
    assert list(in_order([tmp_path / name for name in names])) == [2, 9, 10]


@pytest.mark.parametrize(
    ("paths", "kind", "said"),
    [
        ("a-1.pt", TypeError, "paths is 'a-1.pt': pass a list of files"),
        (3, TypeError, "paths is 3"),
        ([], ValueError, "paths is empty"),
        (["a.pt"], ValueError, "paths holds a.pt, whose name has no number"),
        (["a-1.pt", "b-1.pt"], ValueError, "two files of step 1, a-1.pt and b-1.pt"),
        ({"1": "a"}, ValueError, "paths has the step '1'"),
        ({-1: "a"}, ValueError, "paths has the step -1"),
        ([3], TypeError, "paths is 3"),
    ],
)
def test_what_names_no_checkpoints_is_refused(paths, kind, said):
    with pytest.raises(kind, match=said):
        in_order(paths)


class Evil:
    def __reduce__(self):
        return (sys.exit, (3,))


def test_what_is_no_state_dict_of_this_model_is_refused(tmp_path):
    model = mlp()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = model.state_dict()
    cases = {
        "it has no '4.bias'": {name: value for name, value in state.items() if name != "4.bias"},
        "it has 'more', and the model has not": {**state, "more": torch.ones(1)},
        r"its '4.bias' is \(7,\), the model's \(2,\)": {**state, "4.bias": torch.ones(7)},
        "save model.state_dict()": {"epoch": 3},
        "without running its code": Evil(),
    }
    path = tmp_path / "bad-1.pt"
    for said, held in cases.items():
        torch.save(held, path)
        with pytest.raises(ValueError, match=said), lent(model) as load:
            load(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="no state dict that can be read"):
        read_state(path)
    with pytest.raises(FileNotFoundError, match="is no file"):
        read_state(tmp_path / "absent-1.pt")
    assert same(before, dict(model.state_dict()))


def test_safetensors_are_read_where_they_are_installed(tmp_path, monkeypatch):
    path, state = tmp_path / "model-3.safetensors", mlp().state_dict()
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    with pytest.raises(ImportError, match="needs safetensors: pip install"):
        read_state(path)
    stand_in = types.ModuleType("safetensors.torch")
    stand_in.load_file = lambda given: dict(state) if given == path else {}
    monkeypatch.setitem(sys.modules, "safetensors", types.ModuleType("safetensors"))
    monkeypatch.setitem(sys.modules, "safetensors.torch", stand_in)
    assert same(dict(read_state(path)), dict(state))
