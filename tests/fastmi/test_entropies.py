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
from fastmi.entropies.chao_wang_jost import series
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
    "chao-shen": (naive.chao_shen, (2.433391301, 6.948337553, 0, 2.020248130, 2.444343739)),
    "chao-wang-jost": (
        naive.chao_wang_jost,
        (2.460046016, 6.064204657, 0, 2.142251605, 2.404336982),
    ),
    "james-stein": (naive.james_stein, (2.315254764, 3.321928095, 0, 2, 2.380594771)),
    "jackknife": (naive.jackknife, (2.439730130, 4.689955936, 0, 2.151528568, 2.405105931)),
}
KNOWN = {"a few": (8, 2.737203142), "a tail": (30, 2.478757154)}  # K, and James-Stein's bits


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
def test_degenerate_counts_have_the_value_of_the_definition(method):
    """One sample, two of them, one symbol, every sample alone."""
    oracle, _ = ESTIMATORS[method]
    for counts in ([1], [2], [1, 1], [2, 1], [2, 2], [1, 1, 1], [1000], [1] * 100, [99, 1]):
        found = fastmi.entropy(labels_of(counts), base=None, method=method)
        assert found == pytest.approx(oracle(counts), abs=1e-12), counts
    if method != "grassberger":  # whose G(n) is not log n
        assert fastmi.entropy([7], method=method) == fastmi.entropy([7] * 9, method=method) == 0


@pytest.mark.parametrize("method", ESTIMATORS)
def test_neither_order_nor_company_nor_backend_leaves_a_trace(method, rng):
    estimate, segments = entropies.method(method), rng.integers(0, 40, (6, 300)) ** 2 // 40
    segments[0], segments[1] = 3, np.arange(300)
    found = []
    for backend in ("numba", "torch"):
        with fastmi.use_backend(backend):
            found += [
                estimate(tally(segments)).tolist(),
                estimate(tally(rng.permuted(segments, axis=1))).tolist(),
                [estimate(tally(segment[None]))[0] for segment in segments],
                estimate(tally(segments[::-1].copy()))[::-1].tolist(),
            ]
    assert all(other == found[0] for other in found)


@pytest.mark.parametrize("method", ESTIMATORS)
def test_the_settings_of_numpy_reach_no_estimator(method):
    segments = np.array([[0] * 40, range(40), [0] * 39 + [1], [0, 1] * 20])
    calm = entropies.method(method)(tally(segments))
    with np.errstate(all="raise"):
        assert entropies.method(method)(tally(segments)).tolist() == calm.tolist()
    assert np.isfinite(calm).all()


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


# --- James-Stein: the number of symbols -----------------------------------------------------------


@pytest.mark.parametrize("counts", KNOWN)
def test_symbols_that_were_not_seen_are_counted_where_their_number_is_known(counts):
    n_symbols, published = KNOWN[counts]
    labels = labels_of(COUNTS[counts])
    found = fastmi.entropy(labels, method="james-stein", n_symbols=n_symbols)
    assert found == pytest.approx(published, abs=1e-9)
    seen = fastmi.entropy(labels, method="james-stein", n_symbols=len(COUNTS[counts]))
    assert seen == fastmi.entropy(labels, method="james-stein")


def test_any_number_of_symbols_is_the_oracles(rng):
    for _ in range(20):
        counts = rng.integers(1, 20, rng.integers(1, 30)).tolist()
        n_symbols = len(counts) + int(rng.integers(0, 100))
        found = fastmi.entropy(
            labels_of(counts), base=None, method="james-stein", n_symbols=n_symbols
        )
        assert found == pytest.approx(naive.james_stein(counts, n_symbols), abs=1e-12)


def test_one_sample_says_nothing_so_that_all_symbols_are_as_likely():
    assert fastmi.entropy([5], method="james-stein", n_symbols=8) == 3
    assert fastmi.entropy([5, 6], method="james-stein", n_symbols=8) == pytest.approx(3, abs=1e-15)
    assert fastmi.entropy([5, 5], method="james-stein", n_symbols=8) == 0
    alphabet = 10**400  # beyond any float
    found = fastmi.entropy([5, 6], method="james-stein", n_symbols=alphabet)
    assert found == pytest.approx(400 * math.log2(10), rel=1e-15)


def test_a_batch_has_one_number_of_symbols():
    batch = np.array([[0, 0, 1], [0, 1, 2]])[..., None]
    found = np.asarray(fastmi.entropy(batch, method="james-stein", n_symbols=4))
    each = [fastmi.entropy(rows, method="james-stein", n_symbols=4) for rows in batch]
    assert found.tolist() == each


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"method": "james-stein", "n_symbols": 2},
            ValueError,
            "n_symbols is 2, but 3 symbols have been seen: pass how many there are",
        ),
        ({"n_symbols": 8}, ValueError, "n_symbols is 8 beside method 'plugin', .*'james-stein'"),
        ({"method": "james-stein", "n_symbols": 0}, ValueError, "n_symbols must be at least 1"),
        (
            {"method": "james-stein", "n_symbols": 8.0},
            TypeError,
            "n_symbols must be an integer, not 8.0",
        ),
    ],
)
def test_a_number_of_symbols_that_cannot_be_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        fastmi.entropy([0, 1, 2, 2], **options)


# --- Chao, Wang and Jost: the series of the unseen ------------------------------------------------


@pytest.mark.parametrize(
    ("n", "a", "published"),  # by another program, to forty digits
    [
        (2, 2 / 3, 0.21639532432449318),
        (3, 1 / 3, 0.47187764950324684),
        (10, 2 / 83, 1.3744181064459968),
        (10, 0.5, 0.09215009748564922),
        (100, 0.0099, 0.5974431179962982),
        (100, 0.0101, 0.5893095759402714),
        (1000, 2.00400199197798e-06, 5.649192888326177),
        (1000, 0.3, 0.0023279194840924553),
        (100_000, 1e-07, 4.078515987652457),
        (100_000, 1.1e-05, 0.5587442903488183),
        (100_000, 0.9, 1.1111098765582986e-06),
        (2**31 - 1, 1e-12, 5.580360059379708),
        (2**31 - 1, 1e-3, 4.6519540983028587e-07),
    ],
)
def test_the_series_of_the_unseen_has_its_values(n, a, published):
    assert series(n, np.array([a]))[0] == pytest.approx(published, rel=4e-15, abs=1e-15)


@given(st.integers(2, 2**31 - 2), st.floats(0, 1))
def test_the_series_of_the_unseen_goes_on_as_its_definition_says(n, at):
    """S(n) = q / n + q S(n + 1), on both sides of the seam between its two ways."""
    least = 2 / ((n - 1) ** 2 + 2)
    for a in (least ** (1 - at) * 0.999**at, min(0.999, (0.9 + at / 5) / n)):
        if a >= least:
            here, after = series(n, np.array([a]))[0], series(n + 1, np.array([a]))[0]
            assert here == pytest.approx((1 - a) * (1 / n + after), rel=1e-13, abs=1e-14)
