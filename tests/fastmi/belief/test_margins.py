"""The margin of the labels."""

import numpy as np
import pytest

from fastmi import entropies
from fastmi.belief.margins import Margin, added, known_classes, margin
from tests.fastmi.belief.samples import tally_of


def test_a_margin_counts_classes_by_their_samples():
    labels = margin(np.array([4, 0, 7, 4, 1]))
    assert [part.tolist() for part in labels] == [[1, 4, 7], [1, 2, 1]]
    assert (labels.n_samples, labels.n_classes) == (16, 4)
    assert labels.entropy == entropies.plugin(tally_of([4, 7, 4, 1]))[0]


def test_a_key_is_the_same_for_every_order_of_the_classes():
    labels = margin(np.array([4, 7, 4, 1]))
    assert labels.key == margin([1, 4, 0, 4, 7]).key
    assert labels.key != margin(np.array([4, 8, 4])).key
    assert [part.tolist() for part in Margin.of_key(labels.key)] == [[1, 4, 7], [1, 2, 1]]


@pytest.mark.parametrize(
    ("counts", "n", "words"),
    [
        ([], None, "add up to 0, the smallest is 0: they are how many of samples"),
        ([0, 0], None, "add up to 0"),
        ([3, -1], 2, "add up to 2, the smallest is -1"),
        ([3, 1], 5, "add up to 4, .* the 5 samples of the codes"),
    ],
)
def test_counts_that_are_none_are_refused(counts, n, words):
    with pytest.raises(ValueError, match=words):
        margin(np.array(counts, np.int64), n)


def test_classes_are_those_known_or_those_seen():
    labels = margin(np.array([4, 0, 7]))
    assert [known_classes(labels, k) for k in (None, 2, np.int64(3))] == [2, 2, 3]
    with pytest.raises(ValueError, match="n_classes is 1, but the labels have 2 classes: pass how"):
        known_classes(labels, 1)
    with pytest.raises(TypeError, match="n_classes must be an integer"):
        known_classes(labels, 2.0)


def test_a_segment_adds_its_own_symbols_in_order():
    codes = tally_of([3, 2, 1, 1], [7])
    assert codes.occurrences.times.tolist() == [1, 2, 3, 7]
    assert added(codes, np.array([0.25, 1, 2, 5])).tolist() == [3.5, 5]


def test_more_classes_than_the_recursion_bears_are_refused():
    with pytest.raises(ValueError, match="n_classes is 1000000001, and the bracket is computed"):
        known_classes(margin(np.array([3, 4])), 10**9 + 1)
