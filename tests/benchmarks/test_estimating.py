"""The data of the cases: as many classes, patterns and rows as said."""

from __future__ import annotations

import numpy as np
import pytest

import fastmi
from benchmarks import estimating
from benchmarks.estimating import PlaneCase


@pytest.mark.parametrize("n_classes", [2, 10, 1000])
def test_classes_are_as_many_as_said_and_of_one_size(n_classes):
    _, y, _ = PlaneCase("classes", 4000, (2,), n_classes=n_classes).data()
    counts = np.bincount(y)
    assert len(counts) == n_classes
    assert set(counts) == {4000 // n_classes}


def test_patterns_repeat_and_do_not_decide_their_rows():
    case = PlaneCase("repeated", 2000, (6,), n_patterns=100)
    x, y, layers = case.data()
    assert len(np.unique(x, axis=0)) == 100
    plane = fastmi.PlaneEstimator(x, y, estimating.BINNING)
    i_xt = plane.estimate(layers)[0, 0, 0]
    # H(T|X) > 0
    assert i_xt < fastmi.entropy(fastmi.encode(layers[0][0], estimating.BINNING)) - 0.1
    assert "2000 samples of 100 patterns" in case.description


@pytest.mark.parametrize(("many", "few"), [("small", "small-few"), ("one-layer", "one-layer-few")])
def test_few_and_many_distinct_rows(many, few):
    cases = {case.name: case for case in estimating.PLANES}
    distinct = {
        name: len(np.unique(fastmi.encode(cases[name].data()[2][0][0], estimating.BINNING)))
        for name in (many, few)
    }
    n = cases[many].n_samples
    assert distinct[many] > 0.9 * n > n / 10 > distinct[few]
