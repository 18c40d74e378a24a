"""One pass serves every set of labels and measure; a layer with NaN is given up, others are not."""

import numpy as np
import pytest
import torch
from torch import nn

import fastmi
from fastmi.measures import KDEBounds
from fastmi.measures.base import spread
from fastmi.recorders.estimators import Estimators
from fastmi.recorders.passes import one_pass
from fastmi.recorders.reading import Watching, rows_of
from fastmi.recorders.samples import read_sample
from tests.fastmi.measures.tiny import Split
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


# --- measures that are fitted ---------------------------------------------------------------------


def fitted(rule, names=("held-out", "training"), model=None, layers="0"):
    """A model that passes on what it gets; estimators that were fitted to it."""
    sets = {"one": Y, "two": 1 - Y}
    read = [read_sample(name, (X + i, sets), None, 8) for i, name in enumerate(names)]
    estimators = Estimators(read, {"": rule}, None, None)
    watching = Watching(model or nn.Sequential(nn.Identity()), layers, None)
    if estimators.most_rows:
        estimators.fit(rows_of(watching, estimators.fit_on, estimators.most_rows))
    return read, watching, estimators


def cut(estimators, sample, labels="one"):
    ((measure, _),) = estimators.fitted((sample, labels, "")).measures
    return measure.cut


def test_the_rows_of_one_sample_fit_what_reads_all():
    _, _, estimators = fitted(Split())
    assert estimators.fit_on.name == "training"
    expected = float(np.median((X[spread(30, 10)] + 1)[:, 0]))
    places = [(sample, labels) for sample in ("held-out", "training") for labels in ("one", "two")]
    assert {cut(estimators, *place) for place in places} == {expected}
    assert estimators.of(("training", "one", "")).measures[0][0].cut is None


def test_each_update_fits_anew():
    read, watching, estimators = fitted(Split())
    before = cut(estimators, "held-out")
    watching.model[0] = nn.Hardtanh(9, 10)
    estimators.fit(rows_of(watching, estimators.fit_on, 10))
    assert (before < 9, cut(estimators, "held-out")) == (True, 9)
    found = one_pass(watching, read[0], estimators)
    assert found.points["held-out", "one", ""].n_symbols.tolist() == [1]


def test_what_is_fitted_already_stays():
    _, _, estimators = fitted({"0": Split(cut=0.5)})
    assert estimators.most_rows == 0
    assert cut(estimators, "training") == 0.5


def test_with_labels_each_set_fits_its_own_for_the_other_samples():
    read, watching, estimators = fitted(Split(needs_labels=True))
    assert cut(estimators, "training") is None  # its own way to part them
    chosen, labels = (X[spread(30, 10)] + 1)[:, 0], Y[spread(30, 10)]
    for name, of_last in (("one", 1), ("two", 0)):
        expected = float(np.median(chosen[labels == of_last]))
        assert cut(estimators, "held-out", name) == expected
        ((measure, _),) = estimators.fitted(("held-out", name, "")).measures
        assert measure.classes == (0, 1)
    for sample in read:
        points = one_pass(watching, sample, estimators).points
        assert list(points) == [(sample.name, "one", ""), (sample.name, "two", "")]
    _, _, alone = fitted({"0": Split(needs_labels=True)}, names=["training"])
    assert (alone.most_rows, cut(alone, "training")) == (0, None)


def test_in_a_mapping_each_is_fitted_as_it_needs():
    rule = {"0": Split(needs_labels=True), "1": Split(4), "2": BINS}
    model = nn.Sequential(nn.Identity(), nn.Tanh(), nn.ReLU())
    _, _, estimators = fitted(rule, model=model, layers=["0", "1", "2"])
    cuts = {
        sample: {
            names[0]: getattr(measure, "cut", "counted")
            for measure, names in estimators.fitted((sample, "one", "")).measures
        }
        for sample in ("training", "held-out")
    }
    assert cuts["training"]["0"] is None
    assert cuts["held-out"]["0"] is not None
    assert cuts["held-out"]["1"] == cuts["training"]["1"]
    assert cuts["held-out"]["2"] == "counted"


def test_a_layer_with_nan_is_not_fitted_and_given_up():
    model = nn.Sequential(nn.Identity(), Spoils())
    read, watching, estimators = fitted(Split(), model=model, layers=["0", "1"])
    by_layer = {names[0]: m.cut for m, names in estimators.fitted(("training", "one", "")).measures}
    assert (by_layer["1"], by_layer["0"] is None) == (None, False)
    found = one_pass(watching, read[1], estimators)
    assert (found.layers, found.nan.keys()) == (("0",), {"1"})


class Positions(nn.Module):
    """(n, d) -> (n, 4, 1): sample i at position j is i + j / 10."""

    def forward(self, x):
        return x[:, :1, None] + torch.arange(4.0)[None, :, None] / 10


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (100, sorted(i + j / 10 for i in range(5) for j in range(4))),
        (10, [0.0, 0.2, 1.1, 1.3, 2.0, 2.2, 3.1, 3.3, 4.0, 4.2]),
        (5, [0.0, 1.1, 2.2, 3.3, 4.0]),
        (2, [0.0, 4.1]),
    ],
)
def test_of_positions_each_sample_gives_some(most, expected):
    x = torch.arange(5.0)[:, None].expand(-1, 2)
    sample = read_sample("a", (x, torch.arange(5) % 2), None, 2)
    watching = Watching(Positions(), None, "positions")
    ((values, at),) = rows_of(watching, sample, most).values()
    assert sorted(values[:, 0].tolist()) == pytest.approx(expected)
    assert at.tolist() == [int(value) for value in values[:, 0]]
