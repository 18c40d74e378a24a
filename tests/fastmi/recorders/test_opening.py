"""What cannot be watched is said before the training begins, and the model is as it was."""

import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

import fastmi
from tests.fastmi.recorders.models import generators, loader, restless, same, samples

X, Y = samples()
PAIR = (X, Y)
BAD = {
    "no module": ({"model": 3}, TypeError, "model is 3"),
    "a wrapper": ({"model": nn.DataParallel(nn.Linear(4, 2))}, TypeError, "DataParallel"),
    "no layer matched": ({"layers": "rel"}, ValueError, "near it are relu"),
    "no layers": ({"layers": []}, ValueError, "layers is empty"),
    "labels missing": ({"samples": TensorDataset(X)}, TypeError, r"not (x, y)"),
    "an empty sample": ({"samples": (X[:0], Y[:0])}, ValueError, "empty (n = 0)"),
    "a one-shot sample": ({"samples": iter(loader())}, TypeError, "read only once"),
    "samples of other labels": (
        {"samples": {"a": PAIR, "b": (X + 1, {"c": Y})}},
        ValueError,
        "samples['b'] has labels c, samples['a'] y",
    ),
    "measures": ({"measures": 3}, TypeError, "measures holds 3"),
    "a layer without a measure": (
        {"measures": {"relu": fastmi.UniformBins(2, range=(0, 1))}, "layers": ["relu", "first"]},
        ValueError,
        "measures names 'relu', and not the layer 'first'",
    ),
    "pool": ({"pool": "avg"}, ValueError, "pool is 'avg'"),
    "log": ({"log": 3}, TypeError, "log is 3"),
    "unpack": ({"unpack": 3}, TypeError, "unpack"),
    "inputs": ({"inputs": {"b": X}}, ValueError, "inputs is"),
    "n_classes": ({"n_classes": 1}, ValueError, "n_classes"),
    "batch_size": ({"batch_size": 0}, ValueError, "batch_size"),
    "on_nan": ({"on_nan": "stop"}, ValueError, "on_nan"),
    "an x of another width": ({"samples": (X[:, :3], Y)}, RuntimeError, "shapes"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_watched_is_refused(name):
    changes, kind, said = BAD[name]
    model = restless()
    before, drawn = {k: v.clone() for k, v in model.state_dict().items()}, generators()
    modes = [module.training for module in model.modules()]
    given = {"model": model, "samples": PAIR, "layers": "relu", **changes}
    with pytest.raises(kind, match=re.escape(said)):
        fastmi.watch(given.pop("model"), given.pop("samples"), given.pop("measures", None), **given)
    assert same(before, dict(model.state_dict()))
    assert same(drawn, generators())
    assert modes == [module.training for module in model.modules()]
    assert not any(module._forward_hooks for module in model.modules())


def test_samples_that_share_rows_are_noticed():
    with pytest.warns(UserWarning, match="60 of the 60 rows of samples"):
        fastmi.watch(restless(), {"training": PAIR, "held-out": PAIR}, layers="relu")


def test_a_mapping_of_inputs_is_called_by_name():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.act = nn.Tanh()

        def forward(self, *, values, scale):
            return self.act(values * scale)

    both = {"values": X, "scale": np.full((60, 1), 2, np.float32)}
    bins = fastmi.UniformBins(4, range=(-1, 1))
    numbers = fastmi.watch(Named(), {"held-out": (both, Y)}, bins).update(0)
    expected = fastmi.PlaneEstimator(np.arange(60), Y, bins).estimate(torch.tanh(2 * X))
    assert numbers["i_xt/act"] == expected[0, 0]
