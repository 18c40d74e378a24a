"""Outputs are heard as they come, whatever holds them; no hook stays."""

import pytest
import torch
from torch import nn

from fastmi.recorders.hearing import first_tensor, hearing
from tests.fastmi.recorders.models import Tuples


def n_hooks(model):
    return sum(len(module._forward_hooks) for module in model.modules())


def test_an_in_place_operation_does_not_reach_what_was_heard():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True))
    heard = {}
    x = torch.randn(5, 3)

    def keep(name, output):
        heard[name] = output.numpy().copy()  # at once

    with hearing({"linear": model[0], "relu": model[1]}, keep) as each:
        model(x)
    assert each.names == ["linear", "relu"]
    assert heard["linear"].min() < 0
    assert torch.equal(torch.from_numpy(heard["relu"]), model(x).detach())


def test_a_module_called_again_is_numbered_in_each_batch():
    act, seen = nn.Tanh(), []
    with hearing({"act": act}, lambda name, output: seen.append(name)) as each:
        for _ in range(2):
            each.begin()
            act(act(torch.ones(1)))
            assert each.names == ["act", "act#2"]
    assert seen == ["act", "act#2"] * 2


def test_hooks_are_gone_also_after_an_exception():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    with hearing({"0": model[0]}, lambda *_: None):
        assert n_hooks(model) == 1
    assert n_hooks(model) == 0
    with (
        pytest.raises(RuntimeError, match="shapes cannot be multiplied"),
        hearing({"0": model[0], "1": model[1]}, lambda *_: None),
    ):
        model(torch.ones(2, 7))
    assert n_hooks(model) == 0


def test_the_first_tensor_of_an_output_is_the_layer():
    one = torch.ones(2, 3)
    outs = [one, (one, 2 * one), [None, (one,)], {"a": None, "b": one}, Tuples.Out(None, one)]
    for output in outs:
        assert first_tensor(output) is one
    for output in (None, "text", 3, (), {}, Tuples.Out, Tuples.Out(1, 2)):
        assert first_tensor(output) is None


def test_an_output_without_a_tensor_is_refused():
    model = Tuples()
    with (
        pytest.raises(TypeError, match="layer 'text' returns a str without a tensor: watch others"),
        hearing({"text": model.text}, lambda *_: None),
    ):
        model(torch.ones(2, 3))
