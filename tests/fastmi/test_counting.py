"""codes -> how many symbols occur once, twice, ...: the integers that all else is read from."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastmi
from fastmi.backends import numba_twin
from fastmi.counting import Tally, tally


def by_hand(codes, *labels):
    """(segment, times, symbols) of each segment of the codes, then of each pairing with labels,
    from dictionaries.
    """
    rows = codes.tolist()
    rows += [
        list(zip(row, paired.tolist(), strict=True)) for paired in labels for row in codes.tolist()
    ]
    out = []
    for segment, row in enumerate(rows):
        times = Counter(Counter(row).values())
        out += [(segment, count, times[count]) for count in sorted(times)]
    return out


def triples(found: Tally):
    return list(zip(*(part.tolist() for part in found.occurrences), strict=True))


SHAPES = {
    "one sample": (1, 1, 1),
    "one symbol": (2, 9, 1),
    "few symbols": (5, 60, 4),
    "many symbols": (3, 200, 150),
    "many segments": (40, 7, 3),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_occurrences_are_what_dictionaries_count(twin, rng, shape):
    s, n, k = SHAPES[shape]
    codes, few, many = rng.integers(-k, k, (s, n)), rng.integers(0, 3, n), np.arange(n)
    found = tally(twin.put(codes), [few, many], (3, n))  # n^2 pairs: the Numba twin hashes them
    assert found.n_segments == 3 * s
    assert triples(found) == by_hand(codes, few, many)


def test_some_segments_are_a_tally_of_their_own(twin, rng):
    codes, y = rng.integers(0, [[1], [9], [500]], (3, 200)), rng.integers(0, 4, 200)
    both = tally(twin.put(codes), [y], (4,))
    for first, last in [(0, 3), (3, 6), (1, 2), (5, 6), (2, 2)]:
        some = both.between(first, last)
        assert (some.n_segments, some.n_samples) == (last - first, 200)
        assert triples(some) == [
            (segment - first, times, symbols)
            for segment, times, symbols in triples(both)
            if first <= segment < last
        ]
    assert both.between(0, 3).coverage.tolist() == tally(codes).coverage.tolist()


def test_symbols_that_share_low_or_high_bits_are_told_apart(twin):
    high = np.arange(300, dtype=np.int64) << 40
    codes = np.stack([high, high >> 40, np.arange(300) * 2**32 + np.arange(300), -high])
    found = tally(twin.put(codes))
    assert triples(found) == [(segment, 1, 300) for segment in range(4)]


def test_the_ends_of_int64_are_symbols_like_any(twin):
    codes = np.array([[-(2**63), 2**63 - 1, -1, 0, -1, 2**63 - 1]])
    found = tally(twin.put(codes))
    assert triples(found) == [(0, 1, 2), (0, 2, 2)]


def test_the_sums_of_a_tally(twin):
    found = tally(twin.put(np.array([[1, 1, 1, 2], [1, 2, 3, 4], [5, 5, 5, 5]])))
    assert found.n_symbols.tolist() == [2, 4, 1]
    assert found.singletons.tolist() == [1, 4, 0]
    assert found.coverage.tolist() == [0.75, 0.0, 1.0]
    assert (found.n_segments, found.n_samples) == (3, 4)


def test_more_segments_than_the_numba_twin_takes_at_once(twin, rng):
    n_segments = 2 * numba_twin.SEGMENTS + 3
    codes, labels = rng.integers(0, 3, (n_segments, 5)), rng.integers(0, 2, 5)
    assert triples(tally(twin.put(codes), [labels], (2,))) == by_hand(codes, labels)


def test_many_samples(twin, rng):
    n = 300_000
    codes = rng.zipf(1.3, (1, n)) % 2**40
    labels = rng.integers(0, 1000, n)
    found = tally(twin.put(codes), [labels], (1000,))
    assert triples(found) == by_hand(codes, labels)
    assert (found.occurrences.times * found.occurrences.symbols).sum() == 2 * n


@st.composite
def segments(draw):
    s, n = draw(st.integers(1, 4)), draw(st.integers(1, 40))
    k, labels = draw(st.integers(1, 40)), draw(st.integers(1, 200))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return (
        rng.integers(0, k, (s, n)) * draw(st.sampled_from([1, -7, 2**40])),
        rng.integers(0, labels, n),
        labels,
    )


@given(segments())
def test_the_twins_give_the_same_tally(twin, drawn):
    codes, labels, n_labels = drawn
    found = tally(twin.put(codes), [labels, labels], (n_labels, n_labels))
    with fastmi.use_backend("numba"):
        reference = tally(codes, [labels, labels], (n_labels, n_labels))
    for part, expected in zip(found.occurrences, reference.occurrences, strict=True):
        assert part.dtype == np.int64
        np.testing.assert_array_equal(part, expected)


@given(segments(), st.randoms(use_true_random=False))
def test_the_order_of_the_samples_leaves_no_trace(twin, drawn, random):
    codes, labels, n_labels = drawn
    order = random.sample(range(labels.size), labels.size)
    found = tally(twin.put(codes), [labels], (n_labels,))
    assert triples(found) == triples(tally(twin.put(codes[:, order]), [labels[order]], (n_labels,)))


@pytest.mark.parametrize("name", ["numba", "torch"])
def test_more_rows_than_are_counted_at_once_have_another_way(name):
    whole = np.broadcast_to(np.int64(0), (1, 2**31))
    with (
        fastmi.use_backend(name),
        pytest.raises(ValueError, match=r"2147483648 samples: .*in chunks \(fastmi.Stream\)"),
    ):
        tally(whole)
