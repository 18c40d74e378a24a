"""A reading: compiled models, calls that change, models called with several inputs, few values."""

import numpy as np
import pytest
import torch
from torch import nn

import fastmi
from fastmi.recorders.reading import FIT_ROWS, FIT_UNITS, Watching, called, device_of, values_of
from fastmi.recorders.samples import read_sample
from tests.fastmi.recorders.models import mlp, samples

X, Y = samples(30)


def read(model, layers=None, pool=None, given=(X, Y)):
    """The rows of each layer, joined, and the watching."""
    watching, rows = Watching(model, layers, pool), {}
    sample = read_sample("a", given, None, 8)
    watching.read(sample, lambda name, output: rows.setdefault(name, []).append(output.clone()))
    return {name: torch.cat(pieces) for name, pieces in rows.items()}, watching


def test_all_layers_are_read_in_one_order():
    model = mlp()
    rows, watching = read(model)
    assert watching.names == tuple(rows) == ("1", "3")
    assert watching.dtypes == {"1": "float32", "3": "float32"}
    with torch.no_grad():
        torch.testing.assert_close(rows["1"], model[:2](X))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:The .grad attribute")
@pytest.mark.parametrize("how", ["whole", "a part", "in place"])
def test_compiled_models_are_heard_after_their_first_call(how):
    def broken(graph, inputs):
        return lambda *args: graph(*args)

    plain = mlp()
    model = mlp()
    model.load_state_dict(plain.state_dict())
    watched = model
    if how == "whole":
        watched = torch.compile(model, backend=broken)
    elif how == "a part":
        model[1] = torch.compile(model[1], backend=broken)
    else:
        model.compile(backend=broken)
    watched(X)
    recorder = fastmi.watch(watched, (X, Y), fastmi.UniformBins(4, range=(-1, 1)))
    expected = fastmi.watch(plain, (X, Y), fastmi.UniformBins(4, range=(-1, 1)))
    assert recorder.layers == ("1", "3")
    assert recorder.update(0) == expected.update(0)
    watched(X)
    assert recorder.update(1) == expected.update(1)


class Fickle(nn.Module):
    """Calls its layers by the data."""

    def __init__(self):
        super().__init__()
        self.tanh, self.relu, self.idle = nn.Tanh(), nn.ReLU(), nn.Tanh()

    def forward(self, x):
        return self.tanh(x) if len(x) == 8 else self.relu(x)


def test_calls_that_change_are_refused():
    with pytest.raises(ValueError, match="calls the layers relu for one batch, and tanh for anoth"):
        read(Fickle())


def test_what_is_never_called_is_refused_by_name_and_left_out_by_type():
    assert read(Fickle(), "tanh", given=(X[:8], Y[:8]))[1].names == ("tanh",)
    assert read(Fickle(), nn.Tanh, given=(X[:8], Y[:8]))[1].names == ("tanh",)
    for layers in ("idle", ["tanh", "idle"]):
        with pytest.raises(ValueError, match="the model never calls 'idle'"):
            read(Fickle(), layers, given=(X[:8], Y[:8]))


def test_unasked_activations_that_are_never_called_give_way_to_modules_with_weights():
    class ByFunction(nn.Module):
        """Keeps an activation for its settings, and calls a function, as Mamba does."""

        def __init__(self):
            super().__init__()
            self.act, self.linear = nn.SiLU(), nn.Linear(X.shape[1], 3)

        def forward(self, x):
            return nn.functional.silu(self.linear(x))

    assert read(ByFunction())[1].names == ("linear",)
    with pytest.raises(ValueError, match="the model never calls 'act'"):
        read(ByFunction(), nn.SiLU)


def test_two_layers_of_one_name_are_refused():
    model = nn.Sequential()
    act = nn.Tanh()
    model._modules |= {"act": act, "again": act, "act#2": nn.Tanh()}
    with pytest.raises(ValueError, match="two layers would be called 'act#2'"):
        read(model)


def test_a_model_is_called_with_what_it_takes():
    class Two(nn.Module):
        def forward(self, a, b):
            return a - b

    one = torch.ones(2)
    assert called(Two(), (3 * one, one)).tolist() == [2, 2]
    assert called(Two(), {"b": one, "a": 3 * one}).tolist() == [2, 2]
    assert called(nn.Identity(), one) is one


def test_samples_go_where_the_model_is():
    assert device_of(nn.Linear(2, 2).to("meta")).type == "meta"
    assert device_of(nn.Tanh()).type == "cpu"
    model = nn.Module()
    model.register_buffer("b", torch.ones(1, device="meta"))
    assert device_of(model).type == "meta"


def test_bins_are_fitted_to_few_values_evenly_spread():
    x = torch.arange(3000.0)[:, None].expand(3000, 600)
    model = nn.Sequential(nn.Identity())
    watching = Watching(model, "0", None)
    values = values_of(watching, read_sample("a", (x, torch.zeros(3000)), None, 256))["0"]
    assert values.dtype == np.float32
    assert values.size <= FIT_ROWS * FIT_UNITS
    assert len(np.unique(values)) == FIT_ROWS
    assert (values.min(), values.max()) == (0, 2999)
    maps = torch.randn(10, 3, 9, 9)
    values = values_of(
        Watching(model, "0", "positions"), read_sample("a", (maps, torch.zeros(10)), None, 4)
    )["0"]
    assert values.size == 10 * 3 * len(range(0, 81, 6))


class Positioned(nn.Module):
    """Its embedding of positions, which nobody asks for, has no samples."""

    def __init__(self):
        super().__init__()
        self.positions, self.linear = nn.Embedding(4, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.linear(x + self.positions(torch.arange(4)).sum(0))


def test_what_nobody_named_and_holds_no_samples_is_left_out():
    x, y = samples(20)
    recorder = fastmi.watch(Positioned(), (x, y), batch_size=16)
    assert recorder.layers == ("linear",)
    assert recorder.update(0).keys() >= {"counted/i_ty/linear"}
    with pytest.raises(ValueError, match=r"'positions' is \(4, 4\) for 16 samples: its first"):
        fastmi.watch(Positioned(), (x, y), layers="positions", batch_size=16)
    alone = nn.Sequential(Tokens(), Total())
    with pytest.raises(ValueError, match=r"'0.table' is \(3, 2\) for 16 samples: its first"):
        fastmi.watch(alone, (x, y), batch_size=16)


class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(3, 2)

    def forward(self, x):
        return x, self.table(torch.arange(3))


class Total(nn.Module):
    def forward(self, both):
        return both[0].sum(1) + both[1].sum()
