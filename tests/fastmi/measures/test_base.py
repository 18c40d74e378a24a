"""X and Y as every measure gets them, layers by their names, and samples through their copies."""

import numpy as np
import pytest
import torch

from fastmi import entropies
from fastmi.measures.base import Layers, through, variables
from tests import naive

LAYERS = Layers(("a", "b", "c"), ("layers['a']", "layers['b']", "layers['c']"), [1, 2, 3])


def test_some_layers_keep_their_names_and_places():
    assert LAYERS.some([2, 0]) == (["c", "a"], ["layers['c']", "layers['a']"], [3, 1])


def test_rows_of_x_and_labels_are_numbered():
    fixed = variables(np.array([[5, 5], [0, 1], [5, 5], [1, 0]]), ["b", "a", "b", "b"])
    assert (fixed.n_samples, fixed.n_x, fixed.n_y) == (4, 3, 2)
    assert fixed.labels.shape == (2, 4)
    assert [len(set(ids.tolist())) for ids in (fixed.ids_y, fixed.ids_x)] == [2, 3]
    assert fixed.ids_x[0] == fixed.ids_x[2]
    assert fixed.ids_y[0] == fixed.ids_y[2] == fixed.ids_y[3] != fixed.ids_y[1]


@pytest.mark.parametrize("method", entropies.METHODS)
def test_the_entropies_are_those_of_y_and_of_x(method):
    fixed = variables(np.array([0, 1, 2, 2, 2]), np.array([0, 0, 1, 1, 1]))
    oracle = getattr(naive, method.replace("-", "_"))
    expected = [oracle(counts) / np.log(2) for counts in ([2, 3], [1, 1, 3])]
    assert fixed.entropies(method) == pytest.approx(expected, abs=1e-12)


def test_x_and_y_are_of_the_same_samples():
    with pytest.raises(ValueError, match="different numbers of samples: x has 3, y has 2"):
        variables(np.arange(3), np.arange(2))


@pytest.mark.parametrize("put", [np.asarray, torch.from_numpy])
def test_every_sample_is_taken_from_the_copy_that_it_is_assigned(put, rng):
    values = rng.normal(size=(2, 3, 5, 4))  # epochs, copies, samples, units
    assignment = rng.integers(0, 3, (2, 5))
    chosen = through(put(values), assignment)
    assert tuple(chosen.shape) == (2, 5, 4)
    for epoch, sample in np.ndindex(2, 5):
        expected = values[epoch, assignment[epoch, sample], sample]
        assert chosen[epoch, sample].tolist() == expected.tolist()
