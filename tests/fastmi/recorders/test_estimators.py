"""An estimator for each sample, set of labels and measure, once its bins are fixed."""

import numpy as np
import pytest
import torch

import fastmi
from fastmi.recorders.estimators import Estimators
from fastmi.recorders.samples import read_sample
from tests.fastmi.recorders.models import samples

X, Y = samples(30)
BINS = fastmi.UniformBins(4, range=(-1, 1))


def made(given=None, inputs=None, n_classes=None, names=("training", "held-out")):
    read = [read_sample(name, (X, {"a": Y, "b": Y * 0}), None, 8) for name in names]
    return Estimators(read, given or {"": BINS}, inputs, n_classes)


def test_every_table_has_its_place():
    each = made({"one": BINS, "two": None})
    assert len(each.places) == 8
    assert each.places[0] == ("training", "a", "one")
    estimator = each.of(("held-out", "b", "one"))
    assert (estimator.sample, estimator.n_y, estimator.n_x) == ("held-out", 1, 30)
    assert each.of(("held-out", "b", "one")) is estimator
    assert each.needs_values


def test_bins_are_fixed_and_taken():
    values = {"t": np.linspace(0, 1, 100, dtype=np.float32)}
    each = made({"": fastmi.QuantileBins(2)})
    assert each.bins == {}
    each.fix(["t"], values)
    assert not each.needs_values
    fixed = each.bins
    assert fixed == {"": {"t": fastmi.QuantileBins(2).fit(values["t"][:, None])}}
    late = made({"": fastmi.QuantileBins(2)})
    late.take(fixed, ["t"])
    assert late.bins == fixed


def test_x_may_be_given():
    each = made(inputs={"training": torch.arange(30) // 2})
    places = [("training", "a", ""), ("held-out", "a", "")]
    assert [each.of(place).n_x for place in places] == [15, 30]
    assert [each.x_of(place) for place in places] == ["an input that was given", "the row's index"]
    assert made(inputs=np.arange(30) // 3, names=["a"]).of(("a", "a", "")).n_x == 10


@pytest.mark.parametrize("inputs", [np.arange(30), {"test": np.arange(30)}])
def test_x_of_an_unknown_sample_is_refused(inputs):
    with pytest.raises(ValueError, match=r"inputs is .*: pass a mapping of the samples 'training'"):
        made(inputs=inputs)


def test_what_cannot_be_counted_is_said_at_once():
    with pytest.raises(ValueError, match="n_classes"):
        made(n_classes=1)
    with pytest.raises(ValueError, match="different numbers of samples"):
        made(inputs={"training": np.arange(7)})
