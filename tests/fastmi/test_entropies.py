"""tallies -> bits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastmi
from fastmi import entropies
from fastmi.backends import Occurrences
from fastmi.counting import Tally, tally
from fastmi.entropies.whole import whole_terms
from tests import naive


def plugin_of(twin, labels):
    found = tally(twin.put(np.atleast_2d(labels)))
    return entropies.plugin(found)


@pytest.mark.parametrize(
    ("labels", "bits"),
    [
        ([7], 0.0),
        ([7, 7, 7], 0.0),
        ([0, 1], 1.0),
        ([0, 0, 1, 1, 2, 2, 3, 3], 2.0),
        ([0, 0, 1, 2], 1.5),
        (range(1024), 10.0),
    ],
)
def test_entropies_worked_out_by_hand(twin, labels, bits):
    assert plugin_of(twin, list(labels)).tolist() == [bits]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=80))
def test_the_plugin_is_minus_sum_p_log_p(twin, labels):
    assert plugin_of(twin, labels)[0] == pytest.approx(naive.entropy(labels), abs=1e-12)


def test_every_segment_has_its_own_entropy(twin):
    assert plugin_of(twin, [[0, 1, 2, 3], [0, 0, 0, 0], [0, 0, 1, 1]]).tolist() == [2.0, 0.0, 1.0]


def test_ten_million_samples_keep_their_digits():
    """Sums in float32 would be off by 1e-2 bits; here the tally stands for samples that need not be
    there.
    """
    times, symbols = np.array([1, 10, 1000]), np.array([3_000_000, 400_000, 3_000])
    n = int(times @ symbols)
    found = Tally(1, n, Occurrences(np.zeros(3, np.int64), times, symbols))
    exact = (
        math.log2(n)
        - math.fsum(
            m * c * math.log2(c) for c, m in zip(times.tolist(), symbols.tolist(), strict=True)
        )
        / n
    )
    assert n == 10_000_000
    assert entropies.plugin(found)[0] == pytest.approx(exact, abs=1e-12)


def test_a_residue_of_rounding_is_zero():
    assert entropies.settle(np.array([1e-13, -1e-13, 1e-12, -1e-12])).tolist() == [0, 0, 0, 0]
    assert entropies.settle(np.array([1.1e-12, -1e-11, 3.0])).tolist() == [1.1e-12, -1e-11, 3.0]


def test_information_where_one_is_a_function_of_the_other_is_its_entropy_exactly():
    h_a, h_b = np.array([0.1 + 0.2]), np.array([7.3])
    assert entropies.information(h_a, h_b, h_b) == h_a
    assert entropies.information(h_b, h_a, h_b) == h_a


def test_information_never_passes_either_entropy_though_the_joint_is_rounded_down():
    h_a, h_b = np.array([3.0]), np.array([3.0])
    assert entropies.information(h_a, h_b, np.array([3.0 - 4e-16])) == 3.0
    assert entropies.information(h_a, h_b, np.array([6.0 + 9e-16])) == 0.0


@pytest.mark.parametrize(
    ("base", "factor"),
    [(2, 1.0), (None, math.log(2)), (10, math.log10(2)), (4, 0.5), (math.e, math.log(2))],
)
def test_bits_in_another_base(base, factor):
    assert entropies.in_base(np.array([3.0]), base)[0] == pytest.approx(3 * factor, abs=1e-15)


# --- every estimator: its oracle, the values that others computed, a law that is known ------------

COUNTS = {
    "a few": (5, 3, 2, 1, 1),
    "all alone": (1,) * 10,
    "one symbol": (10,),
    "even": (4, 4, 4, 4),
    "a tail": (50, 20, 10, 5, 5, 3, 2, 2, 1, 1, 1),
}
ESTIMATORS = {  # method -> its oracle (nats, from counts), and its bits of each of COUNTS
    "plugin": (naive.plugin, (2.054585169, 3.321928095, 0, 2, 2.305607982)),
    "miller-madow": (naive.miller_madow, (2.295034343, 3.971140863, 0, 2.135252660, 2.377742734)),
    "grassberger": (
        naive.grassberger,
        (2.612468321, 5.154674272, -0.002388001, 1.985559402, 2.404796027),
    ),
}


def labels_of(counts):
    return np.repeat(np.arange(len(counts)), counts)


def test_every_method_is_in_the_table():
    assert ESTIMATORS.keys() == entropies.METHODS.keys()


@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize("method", ESTIMATORS)
def test_an_estimator_has_its_published_values(method, counts):
    _, published = ESTIMATORS[method]
    found = fastmi.entropy(labels_of(COUNTS[counts]), method=method)
    assert found == pytest.approx(published[list(COUNTS).index(counts)], abs=1e-9)


@pytest.mark.parametrize("method", ESTIMATORS)
def test_an_estimator_is_its_oracle_on_any_counts(method, rng, twin):
    oracle, _ = ESTIMATORS[method]
    for _ in range(20):
        counts = rng.integers(1, 50, rng.integers(1, 30))
        found = fastmi.entropy(
            twin.put(rng.permutation(labels_of(counts))), base=None, method=method
        )
        assert found == pytest.approx(oracle(counts.tolist()), abs=1e-12)


@pytest.mark.parametrize("method", ESTIMATORS)
def test_an_estimator_comes_to_the_truth(method, rng):
    """Sixteen symbols that are equally likely have four bits."""
    assert fastmi.entropy(rng.integers(0, 16, 200_000), method=method) == pytest.approx(4, abs=2e-3)


# --- terms in whole numbers -----------------------------------------------------------------------


@pytest.mark.parametrize(("n", "largest"), [(1, 1), (2, 2), (1000, 1000), (10**6, 5000)])
def test_whole_terms_are_c_log2_c(n, largest):
    terms, digits = whole_terms(n, largest)
    assert terms[:3].tolist() == [0, 0, 2 << digits]
    for count in [*range(1, min(largest, 200) + 1), largest]:
        assert int(terms[count]) / 2**digits == pytest.approx(
            count * math.log2(count), rel=0, abs=count * math.log2(n) / 2**digits + 1e-12
        )


def test_whole_terms_are_equal_where_powers_of_counts_are():
    terms, _ = whole_terms(10**6, 10**4)
    rng = np.random.default_rng(0)
    for a, b in rng.integers(1, 100, (200, 2)).tolist():
        # (ab)^(ab) = (a^a)^b (b^b)^a
        assert terms[a * b] == b * terms[a] + a * terms[b]


@pytest.mark.parametrize("n", [1, 2, 1000, 10**6, 2**31 - 1])
def test_sums_of_whole_terms_stay_within_an_integer(n):
    """The largest sum is that of one count of n; log2 n is bounded by that of the power of 2."""
    _, digits = whole_terms(n, 1)
    assert 0 < digits <= 48
    # each prime's logarithm is off by half a digit at most, and there are log2 n of them at most
    assert n * (math.log2(n) * 2**digits + math.log2(n) / 2) < 2**63
