"""What a sample shows of uniform codes, against all samples that there are."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from experiments.lesson.uniform import LEAST_COVERAGE, expected, samples_needed
from fastmi.belief import rarefied
from fastmi.belief.verdicts import LEAST_PAIR_COVERAGE
from fastmi.counting import Tally
from tests import naive

NOTED = {  # bias of the plug-in and after Miller-Madow, to the digits in which they are known
    1: (0.63, -0.83, -0.37),
    2: (0.86, -0.41, -0.10),
    3: (0.95, -0.26, -0.035),
    5: (0.993, -0.15, -0.008),
    10: (1.0, -0.073, -0.001),
    20: (1.0, -0.036, 0.0),
}


@pytest.mark.parametrize(("bits", "times"), [(1, 1), (1, 2), (1, 5), (2, 1), (2, 2), (3, 0.5)])
def test_it_is_the_mean_over_all_samples(bits, times):
    n = int(times * 2**bits)
    samples = [
        list(Counter(codes).values()) for codes in itertools.product(range(2**bits), repeat=n)
    ]
    found = expected(bits, times)
    for value, of in (
        (found.coverage, lambda counts: 1 - counts.count(1) / n),
        (found.plugin, lambda counts: naive.plugin(counts) / math.log(2) - bits),
        (found.miller_madow, lambda counts: naive.miller_madow(counts) / math.log(2) - bits),
    ):
        assert value == pytest.approx(math.fsum(map(of, samples)) / len(samples), abs=1e-12)


@pytest.mark.parametrize(("times", "known"), NOTED.items())
def test_it_is_what_was_known(times, known):
    for value, digits in zip(expected(10, times), known, strict=True):
        assert value == pytest.approx(digits, abs=0.006 if abs(digits) > 0.09 else 0.0006)


@pytest.mark.parametrize("times", [1, 3, 10])
def test_subsamples_of_a_sample_that_holds_every_code_alike_come_near(times):
    """Of 2^20 samples of 64 codes a few are drawn without being put back, which is nearly alike."""
    whole = Tally.of_counts(np.full(64, 2**14))
    (mean,) = rarefied(whole, 64 * times)
    assert expected(6, times).plugin == pytest.approx(mean - 6, abs=2e-4)


@pytest.mark.parametrize("bits", [3, 10, 20])
def test_so_many_samples_cover_what_a_resolved_layer_has_to(bits):
    n = samples_needed(bits)
    before, at = (expected(bits, size / 2**bits).coverage for size in (n - 1, n))
    assert before < LEAST_COVERAGE <= at
    assert LEAST_COVERAGE == LEAST_PAIR_COVERAGE
