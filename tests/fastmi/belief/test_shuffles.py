"""Chance: the mean of the information over all permutations of the labels."""

import math

import numpy as np
import pytest

from fastmi import belief, entropies
from fastmi.counting import tally
from tests.fastmi.belief import definitions
from tests.fastmi.belief.samples import counted, pairs, tally_of


def test_chance_is_the_mean_over_all_permutations(rng):
    for t, y in pairs(rng, 60, 6):
        found = belief.chance(counted(t), np.bincount(y))
        assert found.tolist() == pytest.approx([definitions.chance(t, y)], abs=1e-12)


def test_the_published_value():
    found = belief.chance(tally_of([3, 2, 1, 1]), np.array([3, 4]))
    assert found[0] == pytest.approx(0.4846296663815819, abs=1e-15)


def test_chance_is_the_expected_information_of_scikit_learn(rng):
    from sklearn.metrics.cluster import contingency_matrix, expected_mutual_information

    for n, k_t, k_y in [(50, 7, 2), (400, 90, 3), (3000, 40, 12), (3000, 2500, 2)]:
        t, y = rng.integers(0, k_t, n), rng.integers(0, k_y, n)
        theirs = expected_mutual_information(contingency_matrix(t, y, sparse=True), n) / math.log(2)
        found = belief.chance(counted(t.tolist()), np.bincount(y))[0]
        assert found == pytest.approx(theirs, abs=1e-10)


@pytest.mark.parametrize(("n", "k_t", "k_y"), [(200, 9, 2), (5000, 900, 7), (60_000, 300, 100)])
def test_chance_is_the_expected_information_of_the_margins(rng, n, k_t, k_y):
    counts = [np.unique(rng.zipf(1.4, n) % k, return_counts=True)[1] for k in (k_t, k_y)]
    expected = belief.expected_information(*counts) / math.log(2)
    found = belief.chance(tally_of(counts[0].tolist()), counts[1])
    assert found[0] == pytest.approx(expected, abs=1e-13)


def test_ends_of_chance_are_exact():
    y = np.array([5, 0, 3])
    bits = entropies.plugin(tally_of([5, 3]))[0]
    assert belief.chance(tally_of([1] * 8), y).tolist() == [bits]  # all alone: H(Y)
    assert belief.chance(tally_of([8]), y).tolist() == [0.0]  # one symbol
    assert belief.chance(tally_of([3, 3, 2]), np.array([8])).tolist() == [0.0]  # one class
    assert belief.chance(tally_of([3, 3, 2]), np.array([0, 8, 0])).tolist() == [0.0]
    assert belief.chance(tally_of([1]), np.array([1])).tolist() == [0.0]  # one sample
    # one sample a class: whatever the labels, every code is told by them
    h_t = entropies.plugin(tally_of([3, 3, 2]))[0]
    assert belief.chance(tally_of([3, 3, 2]), np.ones(8, int))[0] == pytest.approx(h_t, abs=1e-15)


def test_a_class_without_samples_and_the_order_of_classes_change_nothing(rng):
    codes = tally(rng.integers(0, 30, (3, 500)))
    found = belief.chance(codes, np.array([100, 250, 150])).tolist()
    assert belief.chance(codes, np.array([150, 0, 100, 250, 0])).tolist() == found


def test_a_segment_alone_has_the_chance_that_it_has_in_a_batch(rng):
    """From cold tables, too: what is computed beside a count leaves no trace in it."""
    codes = np.stack([rng.integers(0, k, 900) for k in (2, 40, 333, 5000)])
    y = np.bincount(rng.integers(0, 5, 900))
    together = belief.chance(tally(codes), y).tolist()
    for row, bits in zip(codes, together, strict=True):
        belief.shuffles._mean_entropies.cache_clear()
        assert belief.chance(tally(row[None]), y).tolist() == [bits]


def test_many_samples_keep_their_digits(rng):
    """n = 1e6: near n chi2 / (2 n ln 2), and above it."""
    n = 10**6
    counts = rng.multinomial(n, np.full(50, 1 / 50))
    found = belief.chance(tally_of(counts.tolist()), rng.multinomial(n, np.full(10, 0.1)))[0]
    near = 49 * 9 / (2 * n * math.log(2))
    assert near < found < near * 1.001


@pytest.mark.parametrize("counts", [[3, 4], [8, 8], [9, -1]])
def test_class_counts_of_other_samples_are_refused(counts):
    with pytest.raises(ValueError, match=rf"class_counts add up to {sum(counts)}, .*np.bincount"):
        belief.chance(tally_of([3, 3, 2]), np.array(counts))
