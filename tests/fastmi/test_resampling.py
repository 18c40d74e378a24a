"""permutation_test: against every permutation, ties in integers, and what a p-value promises."""

import itertools
import math
import re
import statistics
from collections import Counter

import numpy as np
import pytest
import torch

import fastmi
from fastmi import belief, permutation_test, resampling
from fastmi.backends.numba_permutations import LANES, lines_of
from fastmi.counting import tally
from fastmi.entropies.whole import whole_terms
from fastmi.resampling import Resamples, Segments, null, pvalues_of
from tests import naive


def likelihood(t, y):
    """The product of k^k over the pairs, an integer: it grows with I(T;Y)."""
    return math.prod(k**k for k in Counter(zip(t, y, strict=True)).values())


def labelings(y, n_labels, permutations):
    """The labels as they are, then under each permutation, as lists."""
    blocks = [
        lines_of(np.asarray(y), n_labels, first, permutations.seed)
        for first in range(0, permutations.n + 1, LANES)
    ]
    return np.concatenate(blocks, axis=1).T[: permutations.n + 1].tolist()


# --- the p-value ----------------------------------------------------------------------------------

TINY = [
    ([0, 0, 0, 1, 1, 2, 3], [0, 1, 1, 0, 0, 1, 0]),
    ([0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 2, 2]),
    ([0, 1, 2, 3, 3, 3, 3], [0, 1, 2, 0, 1, 2, 2]),
    ([0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1, 1]),
]


@pytest.mark.parametrize(("x", "y"), TINY)
def test_the_pvalue_approaches_that_of_all_permutations(x, y):
    n_resamples, observed = 20_000, likelihood(x, y)
    exact = statistics.fmean(
        likelihood(x, shuffle) >= observed for shuffle in itertools.permutations(y)
    )
    test = permutation_test(x, y, n_resamples=n_resamples, rng=4)
    assert test.statistic == fastmi.mutual_information(x, y)
    far = 4 * math.sqrt(exact * (1 - exact) / n_resamples) + 1 / n_resamples
    assert abs(test.pvalue - exact) <= far


@pytest.mark.parametrize(("n", "n_codes", "n_labels"), [(12, 4, 2), (30, 9, 3), (200, 50, 7)])
def test_every_permutation_has_its_information_and_ties_are_exact(twin, rng, n, n_codes, n_labels):
    permutations = Resamples(300, 8)
    x = rng.integers(0, n_codes, n)
    y = np.unique(rng.integers(0, n_labels, n), return_inverse=True)[1]
    found = null(twin.put(x[None]), 8, y, int(y.max()) + 1, permutations)
    lanes = labelings(y, int(y.max()) + 1, permutations)
    expected = [naive.mutual_information(x.tolist(), lane) for lane in lanes]
    np.testing.assert_allclose(found.information + found.gains[:, 0], expected, rtol=0, atol=1e-12)
    likelihoods = [likelihood(x.tolist(), lane) for lane in lanes]
    at_least = [value >= likelihoods[0] for value in likelihoods]
    assert (found.gains[:, 0] >= 0).tolist() == at_least
    equal = [value == likelihoods[0] for value in likelihoods]
    assert (found.gains[:, 0] == 0).tolist() == equal
    test = permutation_test(twin.put(x), twin.put(y), n_resamples=300, rng=8)
    assert test.pvalue == test.pvalue_adjusted == sum(at_least) / 301


def test_different_counts_of_the_same_information_are_a_tie():
    # 6 log2 6 = 2 (3 log2 3) + 3 (2 log2 2)
    x = [0] * 12
    whole, parts = [0] * 6 + [1, 2, 3, 4, 5, 6], [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4]
    assert likelihood(x, whole) == likelihood(x, parts) == 6**6
    terms, _ = whole_terms(12, 12)
    assert terms[6] == 2 * terms[3] + 3 * terms[2]


@pytest.mark.parametrize(("n", "n_codes", "n_labels"), [(300, 40, 2), (300, 120, 6)])
def test_mean_and_sd_approach_chance(rng, n, n_codes, n_labels):
    x, y = rng.integers(0, n_codes, n), rng.integers(0, n_labels, n)
    n_resamples = 20_000
    found = null(x[None], 8, y, n_labels, Resamples(n_resamples, 2))
    permuted = (found.information + found.gains)[1:, 0]
    counts = np.bincount(y)
    (mean,), (sd,) = belief.chance(tally(x[None]), counts), belief.chance_sd(tally(x[None]), counts)
    assert found.chance.tolist() == [mean]
    assert abs(permuted.mean() - mean) < 5 * sd / math.sqrt(n_resamples)
    assert permuted.std() == pytest.approx(sd, rel=5 / math.sqrt(2 * n_resamples))


def test_under_independence_small_pvalues_are_no_more_often_than_they_say():
    rng, n_samples = np.random.default_rng(5), 2000
    pvalues = np.array(
        [
            permutation_test(
                rng.integers(0, 3, 24), rng.integers(0, 2, 24), n_resamples=39, rng=rng
            ).pvalue
            for _ in range(n_samples)
        ]
    )
    for level in (0.025, 0.05, 0.1, 0.5):
        far = 3 * math.sqrt(level * (1 - level) / n_samples)
        assert (pvalues <= level).mean() <= level + far


def test_what_depends_is_found():
    y = np.arange(200) % 4
    test = permutation_test(y // 2, y, rng=0)
    assert test.pvalue == 1 / 1000
    assert test.statistic == 1.0
    assert repr(test) == "PermutationTest: I = 1 bits, p = 0.001 of 999 resamples"


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([0], [0]),
        ([0, 1, 2, 3], [0, 0, 1, 1]),  # all alone
        ([0, 0, 0, 0], [0, 0, 1, 1]),
        ([0, 0, 1, 1], [5, 5, 5, 5]),
        ([0, 0, 1, 1], [0, 1, 2, 3]),
    ],
)
def test_where_no_permutation_says_anything_p_is_one(twin, x, y):
    test = permutation_test(twin.put(x), twin.put(y), n_resamples=70, rng=1)
    assert (test.pvalue, test.pvalue_adjusted) == (1.0, 1.0)
    assert test.statistic == fastmi.mutual_information(x, y)


def test_labels_are_as_anyone_holds_them(rng):
    x, y = rng.integers(0, 3, (60, 2)), rng.integers(0, 2, 60)
    test = permutation_test(x, y, rng=6)
    words = np.array(["cat", "dog"])[y]
    for other in (words, words.tolist(), torch.tensor(y), y[:, None], y == 1):
        again = permutation_test(x, other, rng=6)
        assert (again.statistic, again.pvalue) == (test.statistic, test.pvalue)


def test_settings_for_floating_point_errors_are_the_callers(twin, rng):
    x, y = twin.put(rng.integers(0, 3, 60)), twin.put(rng.integers(0, 2, 60))
    test = permutation_test(x, y, rng=2**64 - 1)
    with np.errstate(all="raise"):
        assert permutation_test(x, y, rng=2**64 - 1).pvalue == test.pvalue


# --- seeds ----------------------------------------------------------------------------------------


def test_a_seed_gives_its_permutations_and_another_gives_others(rng):
    x, y = rng.integers(0, 4, 50), rng.integers(0, 3, 50)
    pvalues = [permutation_test(x, y, rng=seed).pvalue for seed in range(6)]
    assert pvalues == [permutation_test(x, y, rng=np.int64(seed)).pvalue for seed in range(6)]
    assert len(set(pvalues)) > 1
    drawn = int(np.random.default_rng(3).integers(2**64, dtype=np.uint64))
    generator = np.random.default_rng(3)
    assert permutation_test(x, y, rng=generator).pvalue == permutation_test(x, y, rng=drawn).pvalue
    assert resampling.resamples(9, generator) != resampling.resamples(9, generator)
    assert resampling.resamples(9, None) != resampling.resamples(9, None)


def test_the_first_of_many_permutations_are_those_of_few(rng):
    x, y = rng.integers(0, 4, (1, 50)), rng.integers(0, 3, 50)
    few, many = (null(x, 8, y, 3, Resamples(n, 12)).gains for n in (40, 400))
    np.testing.assert_array_equal(few, many[:41])


# --- many segments --------------------------------------------------------------------------------


def westfall_young(codes, lanes, chances):
    """The adjusted p-values by their definition, from the information of every labeling."""
    information = [[naive.mutual_information(t, lane) for lane in lanes] for t in codes]
    scored = []
    for of_segment, chance in zip(information, chances, strict=True):
        sd = statistics.pstdev(of_segment)
        scored.append(None if sd < 1e-12 else [(each - chance) / sd for each in of_segment])
    most = [max(scores) for scores in zip(*filter(None, scored), strict=True)]
    return [
        1.0 if scores is None else statistics.fmean(each >= scores[0] - 1e-9 for each in most)
        for scores in scored
    ]


def test_adjusted_pvalues_are_those_of_the_largest_of_all_segments(rng):
    n, permutations = 60, Resamples(4000, 3)
    y = rng.integers(0, 3, n)
    codes = rng.integers(0, 5, (5, n))
    codes[1] = np.arange(n)  # no labeling says anything
    codes[2] = np.where(rng.random(n) < 0.15, y, codes[2])
    _, pvalue, adjusted = pvalues_of([Segments(codes, 8)], y, 3, permutations)
    chances = belief.chance(tally(codes), np.bincount(y)).tolist()
    expected = westfall_young(codes.tolist(), labelings(y, 3, permutations), chances)
    assert adjusted[1] == pvalue[1] == 1
    np.testing.assert_allclose(adjusted, expected, rtol=0, atol=1e-12)
    assert (adjusted >= pvalue).all()


def test_the_smallest_adjusted_pvalue_of_independent_segments_keeps_its_level():
    rng, n_planes = np.random.default_rng(8), 600
    smallest = [
        pvalues_of(
            [Segments(rng.integers(0, 3, (6, 24)), 2)],
            np.arange(24) % 2,
            2,
            Resamples(39, int(rng.integers(2**62))),
        )[2].min()
        for _ in range(n_planes)
    ]
    for level in (0.05, 0.1, 0.5):
        far = 3 * math.sqrt(level * (1 - level) / n_planes)
        assert np.mean(np.array(smallest) <= level) <= level + far


def test_groups_of_segments_leave_no_seam(rng, monkeypatch):
    codes, y = rng.integers(0, 5, (7, 40)), rng.integers(0, 2, 40)
    pieces = [Segments(codes[:3], 8), Segments(codes[3:], 8)]
    together = pvalues_of(pieces, y, 2, Resamples(99, 1))
    monkeypatch.setattr(resampling, "MOST_SUMS", 200)
    np.testing.assert_array_equal(pvalues_of(pieces, y, 2, Resamples(99, 1)), together)
    assert repr(pieces[0]) == "Segments (3, 40) of 8 bits"
    found = null(codes, 8, y, 2, Resamples(9, 1))
    assert repr(found) == "Null of 7 segments, 9 permutations"


def test_a_layer_that_stands_twice_is_one_test(rng):
    codes, y = np.repeat(rng.integers(0, 5, (1, 40)), 3, axis=0), rng.integers(0, 2, 40)
    _, pvalue, adjusted = pvalues_of([Segments(codes, 8)], y, 2, Resamples(199, 1))
    np.testing.assert_array_equal(adjusted, pvalue)


# --- refusals -------------------------------------------------------------------------------------

PAIR = [0, 0, 1, 1], [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"n_resamples": 0}, ValueError, "n_resamples must be at least 1, not 0"),
        ({"n_resamples": 9.0}, TypeError, "n_resamples must be an integer, not 9.0"),
        ({"rng": "me"}, TypeError, "rng is 'me': pass a seed"),
        ({"rng": True}, TypeError, "rng is True: pass a seed"),
        ({"rng": np.random.RandomState(0)}, TypeError, "numpy.random.default_rng(seed)"),
        ({"rng": -1}, ValueError, "rng is the seed -1: seeds are 0..2^64 - 1"),
        ({"rng": 2**64}, ValueError, "rng is the seed 18446744073709551616"),
    ],
)
def test_what_is_no_number_of_resamples_or_seed(given, kind, words):
    with pytest.raises(kind, match=re.escape(words)):
        permutation_test(*PAIR, **given)


def test_what_is_no_pair():
    batch = np.zeros((2, 4, 1), int)
    with pytest.raises(ValueError, match=re.escape("y has shape (2, 4, 1): a test takes one pair")):
        permutation_test([0, 0, 1, 1], batch)
    with pytest.raises(ValueError, match="different numbers of samples: x has 4, y has 3"):
        permutation_test([0, 0, 1, 1], [0, 1, 0])
    with pytest.raises(ValueError, match="missing"):
        permutation_test([0.0, np.nan], [0, 1])
