"""Belief within strata: shuffles within each, by their definition; one stratum is no stratum."""

import itertools
import math
import statistics
from collections import Counter

import numpy as np
import pytest

from fastmi import belief
from fastmi.belief import Within, strata
from fastmi.counting import Tally
from tests import naive
from tests.fastmi.belief import definitions
from tests.fastmi.belief.samples import counted


def within(t, z):
    """The counts of (t, z), each by its stratum."""
    cells = Counter(zip(z, t, strict=True))
    return Within(np.array([*cells.values()]), np.array([stratum for stratum, _ in cells]))


def shuffled(t, y, z):
    """I(T;Y|Z) under every permutation of the labels within each stratum."""
    n, per_stratum = len(z), []
    for stratum in sorted(set(z)):
        rows = [i for i in range(n) if z[i] == stratum]
        there = [t[i] for i in rows]
        per_stratum.append(
            [
                len(rows) / n * naive.mutual_information(there, labels)
                for labels in itertools.permutations([y[i] for i in rows])
            ]
        )
    return [math.fsum(parts) for parts in itertools.product(*per_stratum)]


def samples(rng, times):
    for _ in range(times):
        n = int(rng.integers(2, 9))
        z = np.sort(rng.integers(0, 3, n) if n > 6 else rng.integers(0, 2, n))
        z = np.unique(z, return_inverse=True)[1]
        if np.bincount(z).max() <= 5:
            yield rng.integers(0, 3, n).tolist(), rng.integers(0, 3, n).tolist(), z.tolist()


def test_chance_and_its_sd_are_those_of_all_permutations_within(rng):
    n_checked = 0
    for t, y, z in samples(rng, 150):
        every = shuffled(t, y, z)
        of_t, of_y = within(t, z), within(y, z)
        assert belief.chance_within(of_t, of_y) == pytest.approx(statistics.fmean(every), abs=1e-12)
        sd, how = belief.sd_within(of_t, of_y)
        assert sd == pytest.approx(statistics.pstdev(every), abs=1e-12)
        assert how == "exact"
        n_checked += 1
    assert n_checked >= 50


def test_the_codes_of_the_labels_are_those_of_each_stratum(rng):
    for _, y, z in samples(rng, 50):
        of_strata = [
            [label for label, stratum in zip(y, z, strict=True) if stratum == at] for at in set(z)
        ]
        bits = math.fsum(len(some) * definitions.label_code(some, 3) for some in of_strata)
        assert belief.label_code_within(within(y, z), 3) == pytest.approx(bits / len(y), abs=1e-12)
    assert belief.label_code_within(within([0, 0], [0, 1]), 1) == 0


def test_one_stratum_is_no_stratum(rng):
    t, y = rng.integers(0, 60, 700), rng.integers(0, 5, 700)
    one = tuple(Within.one(Tally.of_counts(np.bincount(part))) for part in (t, y))
    tally, classes = counted(t), np.bincount(y)
    assert belief.chance_within(*one) == pytest.approx(belief.chance(tally, classes)[0], abs=1e-12)
    assert belief.sd_within(*one)[0] == pytest.approx(
        belief.chance_sd(tally, classes)[0], abs=1e-12
    )


def test_many_pairs_are_summed_in_blocks(rng, monkeypatch):
    t, y, z = (rng.integers(0, k, 900) for k in (40, 6, 7))
    of_t, of_y = (within(part.tolist(), z.tolist()) for part in (t, y))
    whole = belief.chance_within(of_t, of_y)
    for most in (1, 7, 50):
        monkeypatch.setattr(strata, "BLOCK_PAIRS", most)
        assert belief.chance_within(of_t, of_y) == pytest.approx(whole, abs=1e-13)


def test_where_a_sum_is_too_long_tables_are_drawn():
    large = Within.one(Tally.of_counts(np.array([40_000, 30_000, 20_000, 10_000] * 4)))
    classes = Within.one(Tally.of_counts(np.array([200_000, 120_000, 50_000, 30_000])))
    sd, how = belief.sd_within(large, classes)
    assert how == f"{belief.SD_RESAMPLES} resamples"
    # 2 n ln 2 I is nearly chi-squared of 15 x 3 degrees
    assert sd == pytest.approx(math.sqrt(2 * 45) / (2 * 400_000 * math.log(2)), rel=0.15)


def test_strata_of_one_sample_say_nothing():
    alone = Within(np.ones(5, int), np.arange(5))
    assert belief.chance_within(alone, alone) == 0
    assert belief.sd_within(alone, alone) == (0, "exact")
