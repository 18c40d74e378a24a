"""X and Y as every measure gets them, layers by their names, and samples through their copies."""

import numpy as np
import pytest
import torch

from fastmi import QuantileBins, entropies
from fastmi.measures import Counted
from fastmi.measures.base import Accumulates, Fittable, Layers, spread, through, variables
from tests import naive
from tests.fastmi.measures.tiny import Means, Split

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


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (["b", "a", "b", "b"], ["b", "a"]),
        (np.array([7, 2**40, 7, 7]), [7, 2**40]),
        ([[1, 2], [0, 0], [1, 2], [1, 2]], [[1, 2], [0, 0]]),
        ([[1, "u"], [2, "v"], [1, "u"], [1, "u"]], [[1, "u"], [2, "v"]]),
    ],
)
def test_every_number_of_y_has_its_label(y, classes):
    fixed = variables(np.arange(4), y)
    of_samples = [fixed.classes.tolist()[number] for number in fixed.ids_y]
    assert of_samples == [classes[0], classes[1], classes[0], classes[0]]


def test_samples_are_numbered_as_others_number_theirs():
    fixed = variables(np.arange(4), ["b", "a", "b", "c"])
    assert fixed.numbers_among(np.array(["a", "b"])).tolist() == [1, 0, 1, -1]
    rows = variables(np.arange(3), [[1, 2], [3, 4], [1, 2]])
    assert rows.numbers_among(np.array([[0, 0], [1, 2]])).tolist() == [1, -1, 1]
    assert rows.numbers_among(rows.classes).tolist() == rows.ids_y.tolist()


@pytest.mark.parametrize(
    ("n", "most", "rows"),
    [(5, 9, [0, 1, 2, 3, 4]), (5, 5, [0, 1, 2, 3, 4]), (10, 4, [0, 3, 6, 9]), (7, 1, [0])],
)
def test_rows_are_spread_evenly(n, most, rows):
    assert spread(n, most).tolist() == rows


def test_what_may_be_fitted_is_told_from_bins():
    assert isinstance(Split(), Fittable)
    assert isinstance(Means().reader(variables(np.arange(2), [0, 1])), Accumulates)
    for other in (QuantileBins(2), Counted(QuantileBins(2).fit(np.arange(4.0)[:, None])), Means()):
        assert not isinstance(other, Fittable)
