"""The sd of chance, over all permutations of the labels."""

import itertools
import math

import numpy as np
import pytest

from fastmi import belief
from fastmi.belief import scatter
from fastmi.counting import tally
from tests.fastmi.belief import definitions
from tests.fastmi.belief.samples import counted, pairs, tally_of


def test_the_sd_is_that_of_all_permutations(rng):
    for t, y in pairs(rng, 60, 6):
        found = belief.chance_sd(counted(t), np.bincount(y))
        assert found.tolist() == pytest.approx([definitions.chance_sd(t, y)], abs=1e-12)


@pytest.mark.parametrize(
    ("t", "y"),
    [
        ("aaabbcd", [4, 3]),
        ("aaaabbb", [3, 2, 2]),
        ("aabbccd", [4, 2, 1]),
        ("aaaaaab", [1] * 5 + [2]),
    ],
)
def test_seven_samples_and_their_permutations(t, y):
    labels = np.repeat(np.arange(len(y)), y).tolist()
    found = belief.chance_sd(counted([ord(letter) for letter in t]), np.array(y))
    assert found.tolist() == pytest.approx([definitions.chance_sd(t, labels)], abs=1e-12)
    assert found[0] > 0.01


@pytest.mark.parametrize(
    ("codes", "classes"),
    [
        ([1], [1]),
        ([9], [4, 5]),
        ([3, 3, 3], [9]),
        ([1] * 9, [4, 5]),
        ([1] * 9, [1] * 9),
        ([5, 2, 2], [1] * 9),
        ([3, 3, 3], [8, 1]),  # wherever the one is, it is in a code of three
        ([8, 1], [3, 3, 3]),
        ([1, 1], [1, 1]),
        ([1] * 30_000 + [30_000], [60_000]),
    ],
)
def test_it_is_exactly_zero_where_no_shuffle_changes_anything(codes, classes):
    assert belief.chance_sd(tally_of(codes), np.array(classes)).tolist() == [0.0]


def partitions(n, most):
    if n == 0:
        yield []
    for count in range(min(n, most), 0, -1):
        yield from ([count, *rest] for rest in partitions(n - count, count))


def test_no_rounding_is_taken_for_a_scatter():
    """Of all tables of up to seven samples: where the sd is not zero it is not small."""
    for n in range(1, 8):
        for a, b in itertools.product(partitions(n, n), repeat=2):
            found = belief.chance_sd(tally_of(a), np.array(b))[0]
            assert found == 0 or found > 0.01


def test_two_by_two_of_many_samples_are_a_chi_square():
    """2 n ln 2 I is a chi square of one degree: its sd is sqrt 2."""
    for n in (10**4, 10**6):
        for share in (0.5, 0.2):
            some = [int(n * share), n - int(n * share)]
            found = belief.chance_sd(tally_of(some), np.array(some))[0]
            assert found * 2 * n * math.log(2) == pytest.approx(math.sqrt(2), rel=30 / n + 1e-8)


def test_it_is_symmetric(rng):
    a, b = (np.unique(rng.integers(0, k, 300), return_counts=True)[1] for k in (20, 4))
    one, other = belief.chance_sd(tally_of(a), b)[0], belief.chance_sd(tally_of(b), a)[0]
    assert one == pytest.approx(other, rel=1e-12)
    assert one > 0


def test_it_is_the_scatter_of_many_shuffles(rng):
    y = np.repeat([0, 1, 2], [200, 150, 50])
    t = np.floor(rng.exponential(6, 400)).astype(int)
    from fastmi import mutual_information

    found = belief.chance_sd(counted(t.tolist()), np.bincount(y))[0]
    seen = [mutual_information(t, rng.permutation(y)) for _ in range(4000)]
    assert found == pytest.approx(np.std(seen), rel=4 / math.sqrt(2 * 4000))


def test_a_segment_alone_has_the_sd_that_it_has_in_a_batch(rng):
    codes, y = rng.integers(0, [[3], [20], [60]], (3, 200)), np.array([120, 50, 30])
    alone = [belief.chance_sd(tally(row[None]), y)[0] for row in codes]
    assert belief.chance_sd(tally(codes), y).tolist() == alone


def test_blocks_leave_no_trace(rng, monkeypatch):
    codes, y = tally(rng.integers(0, 40, (1, 300))), np.array([120, 100, 50, 30])
    whole = belief.chance_sd(codes, y).tolist()
    monkeypatch.setattr(scatter, "BLOCK_PAIRS", 7)
    assert belief.chance_sd(codes, y).tolist() == whole


def test_beyond_its_budget_there_is_none():
    many = tally_of([*range(1, 300), 5150], [25_000] * 2)
    found = belief.chance_sd(many, np.array([30_000, 20_000]))
    assert np.isnan(found).tolist() == [True, False]  # by the terms of its windows
    some = tally_of([3, 2, 1]), np.array([4, 2])
    for most, is_none in [(1, True), (40, True), (100, False)]:
        assert np.isnan(belief.chance_sd(*some, most_terms=most)).tolist() == [is_none]
