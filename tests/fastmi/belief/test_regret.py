"""log2 C(a, K) against its definition, and in 50 digits where that is too long."""

import math

import numpy as np
import pytest

from fastmi import belief
from tests.fastmi.belief import definitions


@pytest.mark.parametrize(
    ("n", "k", "published"),
    [
        (1, 2, 2),
        (2, 2, 2.5),
        (3, 2, 2.888889),
        (10, 2, 4.660216),
        (100, 2, 13.209961),
        (5, 3, 8.5104),
        (10, 10, 1988.8195),
        (0, 7, 1),
        (1, 7, 7),
        (1000, 1, 1),
    ],
)
def test_the_published_values(n, k, published):
    found = belief.regret(np.array([n]), k)
    assert 2 ** found[0] == pytest.approx(published, rel=1e-7)


def test_every_sequence_is_weighed(rng):
    for _ in range(100):
        n, k = int(rng.integers(0, 60)), int(rng.integers(1, 8))
        found = belief.regret(np.array([n]), k)[0]
        assert found == pytest.approx(math.log2(definitions.likelihoods(n, k)), abs=1e-13)


@pytest.mark.parametrize(
    ("n", "k"), [(3, 1000), (1000, 2), (1000, 1000), (60_000, 10), (10**6, 2), (10**6, 1000)]
)
def test_large_counts_and_many_classes_keep_their_digits(n, k):
    found = belief.regret(np.array([n]), k)[0]
    assert found == pytest.approx(definitions.log_likelihoods_of_many(n, k), rel=4e-16, abs=2e-14)


def test_one_class_pays_nothing_and_a_count_pays_what_it_pays_alone():
    counts = np.array([1, 900, 3, 1, 250_000, *range(5, 800, 3)])
    assert set(belief.regret(counts, 1).tolist()) == {0.0}
    together = belief.regret(counts, 5).tolist()
    for count, bits in zip(counts, together, strict=True):
        belief.regret.__globals__["_regrets"].cache_clear()
        assert belief.regret(np.array([count]), 5).tolist() == [bits]
