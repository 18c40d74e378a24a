"""Logistic probes of many networks, against scikit-learn and what is known."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from fastmi.measures import logistic
from fastmi.measures.logistic import Training, trained

PENALTIES = (1.0, 0.1, 0.01)


def training(n_classes, hidden=0, penalties=PENALTIES, tolerance=1e-16):
    return Training(n_classes, hidden, penalties, 0, 500, tolerance)


def of(rows, labels, how):
    return trained(torch.from_numpy(rows).double(), torch.from_numpy(labels), how)


@pytest.fixture(scope="module")
def digits():
    x, y = load_digits(return_X_y=True)
    return x[:400], y[:400]


def peer(rows, labels, penalty):
    """log2 p of the rows by scikit-learn."""
    standard = (rows - rows.mean(0)) / np.where(rows.std(0) > 0, rows.std(0), 1)
    model = LogisticRegression(C=1 / (penalty * len(rows)), tol=1e-9, max_iter=2000)
    return model.fit(standard, labels).predict_log_proba(standard) / np.log(2)


@pytest.mark.parametrize("n", [300, 50], ids=["more rows than units", "fewer"])
def test_it_is_scikit_learns_logistic_regression(digits, n):
    x, y = digits
    probes = of(x[None, :n], y[:n], training(10))
    found = probes.log2_probabilities(torch.from_numpy(x[:n]))[0].numpy()
    for at, penalty in enumerate(PENALTIES):
        assert found[at] == pytest.approx(peer(x[:n], y[:n], penalty), abs=1e-4)


def test_two_classes_are_those_of_a_softmax_of_two(rng):
    """A softmax of two has half the penalty of the difference, which scikit-learn takes as one."""
    x, y = rng.normal(size=(60, 2)), rng.integers(0, 2, 60)
    found = of(x[None], y, training(2)).log2_probabilities(torch.from_numpy(x))[0].numpy()
    for at, penalty in enumerate(PENALTIES):
        assert found[at] == pytest.approx(peer(x, y, penalty / 2), abs=1e-4)


def test_turning_changes_the_way_and_not_the_end(digits, monkeypatch):
    x, y = digits
    rows = torch.from_numpy(x)
    turned = of(x[None], y, training(10)).log2_probabilities(rows)
    monkeypatch.setattr(logistic, "MOST_TURNED", 0)
    assert torch.allclose(of(x[None], y, training(10)).log2_probabilities(rows), turned, atol=1e-4)


@pytest.mark.parametrize("hidden", [0, 4])
def test_networks_and_penalties_are_trained_as_each_is_alone(rng, hidden):
    x, y = rng.normal(size=(3, 80, 5)), rng.integers(0, 3, 80)
    together = of(x, y, training(3, hidden, tolerance=1e-9))
    log2_p = together.log2_probabilities(torch.from_numpy(x))
    for i in range(3):
        for at, penalty in enumerate(PENALTIES):
            alone = of(x[i : i + 1], y, training(3, hidden, (penalty,), 1e-9))
            apart = alone.log2_probabilities(torch.from_numpy(x[i : i + 1]))
            assert torch.allclose(log2_p[i, at], apart[0, 0], atol=1e-3)


def test_the_gradient_is_that_of_the_loss(rng):
    x, y = torch.from_numpy(rng.normal(size=(2, 20, 3))), torch.from_numpy(rng.integers(0, 3, 20))
    penalties, scales = torch.tensor([0.5, 0.1]).double(), torch.ones(2, 2, 3, 1).double()
    target = torch.nn.functional.one_hot(y, 3).double()
    for hidden in (0, 4):
        shape = logistic._Shape(3, hidden, 3)
        flat = torch.from_numpy(rng.normal(size=(4, sum(shape.sizes)))).requires_grad_()
        weights = logistic._unpacked(flat, shape, 2, scales)
        value, gradients = logistic._loss(x, target, weights, penalties)
        (expected,) = torch.autograd.grad(value.sum(), flat)
        assert torch.allclose(logistic._packed(gradients, 4), expected, atol=1e-12)


def test_an_exclusive_or_needs_a_hidden_layer(rng):
    x = rng.integers(0, 2, (1, 200, 2)) + rng.normal(scale=0.05, size=(1, 200, 2))
    y = (x[0].round().sum(1) % 2).astype(int)
    rows = torch.from_numpy(x[0])

    def right(hidden):
        found = of(x, y, training(2, hidden, (1e-3,), 1e-9)).log2_probabilities(rows)[0, 0]
        return float((found.argmax(1).numpy() == y).mean())

    assert right(4) == 1
    assert right(0) < 0.8


def test_a_unit_that_stands_still_and_one_class_say_nothing():
    x = np.full((1, 10, 2), 3.0)
    y = np.arange(10) % 2
    same = of(x, y, training(2)).log2_probabilities(torch.from_numpy(x))
    assert torch.allclose(same, torch.full_like(same, -1.0))
    assert not of(x, 0 * y, training(1)).log2_probabilities(torch.from_numpy(x)).any()
