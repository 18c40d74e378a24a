"""What chance alone gives: the expected information against its definition and exact sums."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from fastmi.belief import expected as belief
from fastmi.belief import hypergeometric
from fastmi.entropies.divergence import divergence
from tests.fastmi.compat.sklearn.agreement import error, exact_expectation

# --- the mutual information of chance -------------------------------------------------------------


def expected_by_definition(a, b):
    """Every table that the margins allow, weighed exactly; the logarithms added in full
    precision.
    """
    n, terms = sum(a), []
    for p, q in itertools.product(a, b):
        for k in range(max(1, p + q - n), min(p, q) + 1):
            weight = Fraction(
                math.comb(q, k) * math.comb(n - q, p - k), math.comb(n, p)
            ) * Fraction(k, n)
            terms.append(float(weight) * math.log(Fraction(n * k, p * q)))
    return math.fsum(terms)


@pytest.mark.parametrize(
    ("n", "k_a", "k_b"), [(1, 1, 1), (2, 2, 2), (17, 3, 3), (60, 50, 4), (97, 61, 52), (400, 2, 2)]
)
def test_the_expected_information_is_exact(rng, n, k_a, k_b):
    a, b = (np.unique(rng.integers(k, size=n), return_counts=True)[1] for k in (k_a, k_b))
    found = belief.expected_information(a, b)
    assert found == pytest.approx(
        expected_by_definition(a.tolist(), b.tolist()), rel=1e-13, abs=1e-16
    )


def test_windows_and_batches_leave_no_trace_in_the_expected_information(rng):
    """Against every pair of margins by itself, over its whole support."""
    n = 20_000
    a, b = (np.unique(rng.zipf(1.3, n) % k, return_counts=True)[1] for k in (90, 50))
    alone = []
    for p, q in itertools.product(a[:, None], b[:, None]):
        some = hypergeometric.windows(np.array([n]), p, q)
        whole = some._replace(low=np.maximum(0, p + q - n), high=np.minimum(p, q))

        def value(k, p=p, q=q):
            return divergence(np.maximum(k, 0).astype(np.int64), p, q, n)

        with np.errstate(under="ignore"):
            alone.append(float(hypergeometric._mean(np.array([n]), p, q, whole, value)[0]))
    assert belief.expected_information(a, b) == pytest.approx(math.fsum(alone) / n**2, rel=1e-12)


# --- near nothing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ([10**9 - 1, 1], [10**9 - 1, 1]),
        ([10**9 - 40, 40], [10**9 // 2] * 2),
        ([2000, 2000], [1999, 2000, 1]),
        ([1] * 300, [299, 1]),
        ([3000, 999, 1], [2, 1998, 2000]),
    ],
)
def test_the_expected_information_keeps_its_digits(rows, columns):
    found = belief.expected_information(np.array(rows), np.array(columns))
    assert found == belief.expected_information(np.array(columns)[::-1], np.array(rows)[::-1])
    assert error(found, exact_expectation(rows, columns)) < 2e-14
