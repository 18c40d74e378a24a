"""tallies -> bits."""

import math

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmi import entropies
from fastmi.backends import Occurrences
from fastmi.counting import Tally, tally


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
    """Sums in float32 would be off by 1e-2 bits; here the tally stands for samples that need not be there."""
    times, symbols = np.array([1, 10, 1000]), np.array([3_000_000, 400_000, 3_000])
    n = int(times @ symbols)
    found = Tally(1, n, Occurrences(np.zeros(3, np.int64), times, symbols))
    exact = math.log2(n) - math.fsum(m * c * math.log2(c) for c, m in zip(times.tolist(), symbols.tolist(), strict=True)) / n
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
    ("base", "factor"), [(2, 1.0), (None, math.log(2)), (10, math.log10(2)), (4, 0.5), (math.e, math.log(2))]
)
def test_bits_in_another_base(base, factor):
    assert entropies.in_base(np.array([3.0]), base)[0] == pytest.approx(3 * factor, abs=1e-15)
