"""Rarefaction: the mean of H(T) over all subsamples, and its growth."""

import numpy as np
import pytest

from fastmi import belief, entropies
from fastmi.counting import tally
from tests.fastmi.belief import definitions
from tests.fastmi.belief.samples import counted, pairs, tally_of


def test_rarefaction_is_the_mean_over_all_subsamples(rng):
    for t, _ in pairs(rng, 60, 9):
        for m in range(1, len(t) + 1):
            found = belief.rarefied(counted(t), m)
            assert found.tolist() == pytest.approx([definitions.rarefied(t, m)], abs=1e-12)


def test_the_published_value():
    found = belief.rarefied(tally_of([3, 2, 1, 1]), 4)
    assert found[0] == pytest.approx(1.4641460713667582, abs=1e-15)


def test_growth_is_the_gain_of_a_doubling(rng):
    for t, _ in pairs(rng, 60, 9):
        n, m = len(t), len(t) // 2
        found = belief.growth(counted(t)).tolist()
        if n == 1:
            assert np.isnan(found).tolist() == [True]
            continue
        gain = definitions.rarefied(t, n) - definitions.rarefied(t, m)
        assert found == pytest.approx([gain / np.log2(n / m)], abs=1e-12)


@pytest.mark.parametrize("n", [2, 3, 7, 1000, 1001, 50_001])
def test_growth_is_one_where_all_are_alone_and_none_where_one_code_is(n):
    found = belief.growth(tally_of([1] * n, [n]))
    assert found.tolist() == [1.0, 0.0]


def test_one_code_never_grows():
    assert {belief.growth(tally_of([n]))[0] for n in range(2, 500)} == {0}


def test_growth_of_two_samples():
    assert belief.growth(tally_of([2], [1, 1])).tolist() == [0.0, 1.0]


def test_the_whole_sample_has_its_own_entropy(rng):
    codes = tally(rng.integers(0, 60, (4, 700)))
    assert belief.rarefied(codes, 700).tolist() == entropies.plugin(codes).tolist()
    assert belief.rarefied(codes, 1).tolist() == [0.0] * 4


def test_a_segment_alone_grows_as_in_a_batch(rng):
    codes = np.stack([rng.integers(0, k, 900) for k in (2, 40, 333, 5000)])
    together = belief.growth(tally(codes)).tolist()
    for row, bits in zip(codes, together, strict=True):
        belief.subsamples._mean_terms.cache_clear()
        assert belief.growth(tally(row[None])).tolist() == [bits]


@pytest.mark.parametrize("m", [0, -1, 8])
def test_a_subsample_that_there_is_not_is_refused(m):
    with pytest.raises(ValueError, match=f"m is {m}: a subsample of 7 samples"):
        belief.rarefied(tally_of([3, 2, 1, 1]), m)
