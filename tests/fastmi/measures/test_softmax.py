"""The channel of a softmax, against the definition and against counting samples of it."""

import math

import numpy as np
import pytest

import fastmi
from fastmi import PlaneEstimator
from fastmi.measures import SoftmaxChannel


def entropy(p):
    return -sum(q * math.log2(q) for q in p if q > 0)


def mean(rows):
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


def by_definition(p, y):
    """Lists of lists: I(X;C), I(C;Y)."""
    classes = {
        label: [row for row, other in zip(p, y, strict=True) if other == label] for label in set(y)
    }
    whole = entropy(mean(p))
    within = sum(len(rows) / len(p) * entropy(mean(rows)) for rows in classes.values())
    return whole - sum(map(entropy, p)) / len(p), whole - within


@pytest.fixture
def layer(rng):
    return rng.dirichlet(np.full(4, 0.3), size=(3, 2, 50)).astype(np.float32)


def test_every_reading_is_the_definition(layer, rng, twin):
    y, copy_of = rng.integers(0, 3, 50), rng.integers(0, 2, (3, 50))
    plane = PlaneEstimator(np.arange(50), y, SoftmaxChannel())
    readings = plane.readings({"softmax": twin.put(layer)}, copy_of)
    p = layer.astype(float) / layer.astype(float).sum(-1, keepdims=True)
    for e in range(3):
        for c in range(2):
            assert readings["each"].bits[e, c, 0] == pytest.approx(
                by_definition(p[e, c].tolist(), y.tolist()), abs=1e-12
            )
        chosen = p[e, copy_of[e], np.arange(50)]
        assert readings["sampled"].bits[e, 0] == pytest.approx(
            by_definition(chosen.tolist(), y.tolist()), abs=1e-12
        )
        assert readings["mixture"].bits[e, 0] == pytest.approx(
            by_definition(p[e].mean(0).tolist(), y.tolist()), abs=1e-12
        )
    assert np.array_equal(plane.estimate(layer), readings["each"].bits)


def test_x_is_what_x_says(rng):
    p = rng.dirichlet(np.ones(3), size=8)
    assert PlaneEstimator(np.zeros(8, int), np.arange(8) % 2, SoftmaxChannel()).estimate(p)[
        0, 0
    ] == pytest.approx(0, abs=1e-7)
    x, y = np.arange(8) // 2, np.arange(8) % 2
    together = np.repeat(p[:4], 2, axis=0)
    apart = PlaneEstimator(np.arange(4), np.zeros(4, int), SoftmaxChannel()).estimate(p[:4])
    assert PlaneEstimator(x, y, SoftmaxChannel()).estimate(together)[0, 0] == pytest.approx(
        apart[0, 0], abs=1e-12
    )


def test_certain_answers_are_counted():
    y = np.array([0, 1, 2, 0, 1, 2])
    plane = PlaneEstimator(np.arange(6), y, SoftmaxChannel())
    assert plane.estimate(np.eye(3)[y])[0] == pytest.approx([fastmi.entropy(y)] * 2, abs=1e-12)
    assert plane.estimate(np.full((6, 3), 1 / 3))[0] == pytest.approx([0, 0], abs=1e-7)


@pytest.mark.parametrize(
    "wrong", [[[0.5, 0.6]] * 3, [[1.5, -0.5]] * 3, [[np.nan, 1.0]] * 3, [[3.0, 1.0]] * 3]
)
def test_what_is_no_probability_is_refused(wrong):
    with pytest.raises(
        ValueError,
        match=(
            r"layers\[0\] holds no probabilities \(a row's sum is .*: pass the output of a softmax"
        ),
    ):
        PlaneEstimator(np.arange(3), [0, 1, 0], SoftmaxChannel()).estimate(np.array(wrong))
