"""Means over the law of one cell, against exact fractions."""

import numpy as np
import pytest

from fastmi.belief import hypergeometric
from tests.fastmi.belief import definitions


def means(*margins):
    columns = [np.array(column) for column in zip(*margins, strict=True)]
    return hypergeometric.mean_log(*columns[:3], columns[3].astype(float))


def test_means_are_those_of_exact_weights(rng):
    margins = [(1, 1, 1, 1), (1, 0, 1, 1), (2, 1, 1, 3), (900, 900, 30, 1), (900, 450, 450, 225)]
    for n in rng.integers(1, 300, 60):
        a, b = rng.integers(0, n + 1, 2)
        margins.append((int(n), int(a), int(b), int(rng.integers(1, n + 1))))
    exact = [definitions.mean_of_cell(*margin) for margin in margins]
    assert means(*margins) == pytest.approx(exact, rel=2e-14, abs=1e-14)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 60_000),
        (7, 31_000),
        (245, 30_000),
        (59_990, 59_000),
        (200, 200),  # a long tail above a small mean, and below a large one
        (59_800, 200),
    ],
)
def test_large_samples_keep_their_digits(a, b):
    """The published error of the sums is 1.4e-15 of them."""
    exact = definitions.mean_of_cell(60_000, a, b, 1)
    assert means((60_000, a, b, 1)) == pytest.approx([exact], rel=3e-15, abs=1e-300)


def test_a_cell_that_is_known_needs_no_sum():
    assert means((9, 9, 4, 1), (9, 0, 4, 1), (9, 1, 9, 1), (9, 4, 9, 4)).tolist() == [8, 0, 0, 0]


def test_other_pairs_leave_no_trace(rng):
    n = 50_000
    margins = [(n, *rng.integers(1, high, 2).tolist(), 1) for high in (4, 50, 900, n) * 250]
    together = means(*margins).tolist()
    assert [means(margin)[0] for margin in margins] == together
    assert means(*margins[::-1]).tolist() == together[::-1]


@pytest.mark.parametrize(
    ("n", "a", "b"),
    [(1000, 500, 500), (10**4, 5000, 9990), (10**6, 2000, 30), (10**9, 10**5, 10**5)],
)
def test_a_window_leaves_out_next_to_nothing(n, a, b):
    """Where it ends before the law does, and by the mean of that law."""
    margins = [np.array([margin]) for margin in (n, a, b)]
    window = hypergeometric.windows(*margins)
    low, mode, high = (int(end[0]) for end in window)
    assert max(0, a + b - n) <= low <= mode <= high <= min(a, b)
    (k_up, up), (k_down, down) = hypergeometric.weights(*margins, window)
    total = 1 + up.sum() + down.sum()
    assert high == min(a, b) or up[-1, 0] < 1e-17 * total
    assert low == max(0, a + b - n) or down[-1, 0] < 1e-17 * total
    mean = mode + (up * k_up).sum() + (down * k_down).sum()
    assert mean / total == pytest.approx(a * b / n, rel=1e-13)


def test_beyond_its_window_a_pair_weighs_nothing_whoever_stands_beside_it():
    margins = [np.array(pair) for pair in ([10**6, 10**6], [300, 5 * 10**5], [500, 5 * 10**5])]
    window = hypergeometric.windows(*margins)
    for k, weight in hypergeometric.weights(*margins, window):
        inside = (k >= window.low) & (k <= window.high)
        assert inside.sum(axis=0).tolist()[0] < len(weight)
        assert (weight > 0).tolist() == inside.tolist()


def test_no_setting_of_floats_reaches_a_mean():
    with np.errstate(all="raise"):
        # the last weights are below 1e-400; two of both labels weigh 780^2 / 2^79
        assert means((2**40, 40, 40, 1)) == pytest.approx([1560**2 / 2**80], rel=1e-8)
