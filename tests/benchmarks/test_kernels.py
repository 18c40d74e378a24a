"""The kernels are timed where they are equal to the formula, and nowhere else."""

import math

import numpy as np
import pytest

from benchmarks import kernels


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(kernels, "N", 40)
    monkeypatch.setattr(kernels, "ROUNDS", 1)


def test_the_formula_by_hand(monkeypatch):
    """Two samples of two classes: I(X;T) and I(T;Y) are the same -log2((1 + share) / 2)."""
    monkeypatch.setattr(kernels, "VARIANCE", 1.0)
    upper, lower = (1 - math.log2(1 + math.exp(-4 / width)) for width in (2, 8))
    bits = kernels.by_broadcasting(np.array([[0.0], [2.0]]), np.array([0, 1]))
    assert bits == pytest.approx([upper, upper, lower, lower], abs=1e-15)


def test_what_agrees_is_timed(capsys):
    assert kernels.main() == 0
    agreed, timed = capsys.readouterr().out.splitlines()
    assert agreed.startswith("40 x 10: largest difference ")
    assert timed.startswith("broadcasting ")


def test_what_differs_is_not_timed(capsys, monkeypatch):
    monkeypatch.setattr(kernels, "by_broadcasting", lambda t, y: [0.0, 0.0, 0.0, 0.0])
    assert kernels.main() == 1
    assert capsys.readouterr().out.splitlines()[1:] == ["not equal, and so not timed"]
