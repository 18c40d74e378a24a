"""One pass serves every set of labels and measure; a layer with NaN is given up, others are not."""

import numpy as np
import pytest
import torch
from torch import nn

import fastmi
from fastmi.measures import KDEBounds
from fastmi.recorders.estimators import Estimators
from fastmi.recorders.passes import one_pass
from fastmi.recorders.reading import Watching
from fastmi.recorders.samples import read_sample
from tests.fastmi.recorders.models import samples

X, Y = samples(30)
BINS = fastmi.UniformBins(4, range=(-1, 1))


def passed(model, x=X):
    sample = read_sample("a", (x, {"one": Y, "two": Y.flip(0)}), None, 8)
    estimators = Estimators([sample], {"bins": BINS, "kde": KDEBounds(0.1)}, None, None)
    watching = Watching(model, nn.Module, None)
    return one_pass(watching, sample, estimators)


def test_every_table_is_that_of_its_own_estimator():
    found = passed(nn.Sequential(nn.Tanh()))
    assert found.layers == ("0", "model")
    assert found.nan == {}
    for labels, y in (("one", Y), ("two", Y.flip(0))):
        for name, measure in (("bins", BINS), ("kde", KDEBounds(0.1))):
            points = found.points["a", labels, name]
            expected = fastmi.PlaneEstimator(np.arange(30), y, measure).estimate(X.tanh())[0]
            np.testing.assert_allclose(points.bits[0], expected, rtol=0, atol=1e-6)


class Spoils(nn.Module):
    def forward(self, x):
        return torch.where(x == x.max(), torch.nan, x)


def test_a_layer_with_nan_is_given_up_alone():
    found = passed(nn.Sequential(nn.Tanh(), Spoils()))
    assert found.layers == ("0",)
    assert found.nan.keys() == {"1", "model"}
    assert found.nan["1"] == pytest.approx(4 / 120)  # one of each batch
    assert found.points["a", "one", "bins"].i_ty.shape == (1,)


def test_where_all_is_nan_there_are_no_points():
    found = passed(nn.Sequential(Spoils()), x=X * torch.nan)
    assert found.points == {}
    assert found.layers == ()
    assert set(found.nan.values()) == {1.0}
