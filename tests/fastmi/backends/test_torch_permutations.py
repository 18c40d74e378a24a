"""The twin of permuted labels in torch's calls: the integers of the Numba twin."""

import numpy as np
import pytest

from fastmi.backends import numba_twin, torch_permutations
from fastmi.entropies.whole import whole_terms

from .seam import module_of

CASES = {
    "two classes": (200, 30, 2),
    "many classes": (300, 12, 300),
    "one code": (50, 1, 3),
    "one sample": (1, 1, 1),
    "all alone": (40, 10**12, 2),
}


@pytest.mark.parametrize("name", CASES)
def test_the_sums_are_those_of_the_numba_twin(twin, rng, name):
    n, n_codes, n_labels = CASES[name]
    codes, labels = rng.integers(-n_codes, n_codes, (4, n)), rng.integers(0, n_labels, n)
    codes[2] = np.arange(n)  # a segment whose samples are all alone
    given = labels, n_labels, whole_terms(n, n)[0], 5, 130
    sums = module_of(twin).permutation_sums(twin.put(codes), *given)
    assert sums.dtype == np.int64
    np.testing.assert_array_equal(sums, numba_twin.permutation_sums(codes, *given))


def test_where_pairs_are_sorted_some_at_a_time_they_are_the_same(rng, monkeypatch):
    monkeypatch.setattr(torch_permutations, "PAIRS", 700)
    codes, labels = rng.integers(0, 9, (2, 100)), rng.integers(0, 3, 100)
    given = labels, 3, whole_terms(100, 100)[0], 5, 70
    tensor = torch_permutations.receive(codes)
    np.testing.assert_array_equal(
        torch_permutations.permutation_sums(tensor, *given),
        numba_twin.permutation_sums(codes, *given),
    )
