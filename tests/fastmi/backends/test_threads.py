"""Threads: the same bits from any number of them, and errors that come through."""

import threading

import numpy as np
import pytest

import fastmi
from fastmi.backends import numba_twin, threads


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """So that small arrays are cut and spread as large ones are."""
    monkeypatch.setattr(numba_twin, "PIECE_NUMBERS", 64)
    monkeypatch.setattr(numba_twin, "LONG_CODES", 1000)
    monkeypatch.setattr(numba_twin, "BUCKET_CODES", 128)


def layers(n, copies=3, distinct=10_000, widths=(12, 3, 1), seed=0):
    rng = np.random.default_rng(seed)
    rows = [rng.uniform(-1.2, 1.2, (distinct, d)).astype(np.float32) for d in widths]
    drawn = rng.integers(distinct, size=(copies, n))
    return [row[drawn] for row in rows], rng.integers(0, 3, n)


@pytest.mark.parametrize("n", [1, 200, 5000])
@pytest.mark.parametrize("distinct", [7, 10_000])
@pytest.mark.parametrize("x_repeats", [False, True])
def test_threads_and_buckets_leave_no_trace(monkeypatch, n, distinct, x_repeats):
    t, y = layers(n, distinct=distinct)
    x = (np.arange(n) // 2 if x_repeats else np.arange(n))[:, None]
    plane = fastmi.PlaneEstimator(x, y, fastmi.UniformBins(30, range=(-1, 1)))
    found = []
    for n_threads in (1, 2, 5):
        with fastmi.use_threads(n_threads):
            found.append((plane.estimate(t), plane.mixture(t), fastmi.encode(t[0], plane.binning)))
    monkeypatch.setattr(numba_twin, "LONG_CODES", 2**30)
    found.append((plane.estimate(t), plane.mixture(t), fastmi.encode(t[0], plane.binning)))
    for others in found[1:]:
        for one, other in zip(found[0], others, strict=True):
            assert np.array_equal(one, other)


def test_what_falls_outside_is_counted_over_all_parts():
    t = np.zeros((500, 2), np.float32)
    t[[0, 250, 499], 0] = np.nan
    with fastmi.use_threads(3), pytest.raises(ValueError, match="activations holds 3 NaN"):
        fastmi.encode(t, fastmi.UniformBins(4, range=(-1, 1)))


def test_one_thread_unless_more_are_allowed():
    assert threads.n_threads() == 1
    with fastmi.use_threads(3):
        assert threads.n_threads() == 3
        with fastmi.use_threads(1):
            assert threads.n_threads() == 1
        assert threads.n_threads() == 3
    assert threads.n_threads() == 1


def test_tasks_are_shared_and_their_results_stay_in_order():
    here, both = threading.get_ident(), threading.Barrier(2, timeout=30)

    def task(i):
        if i < 2:
            both.wait()  # passes only if two threads are at work
        return i, threading.get_ident() == here

    with fastmi.use_threads(2):
        found = threads.together([lambda i=i: task(i) for i in range(20)])
    assert [i for i, _ in found] == list(range(20))
    assert {mine for _, mine in found[:2]} == {True, False}


def test_one_task_or_one_thread_starts_no_thread(monkeypatch):
    monkeypatch.setattr(threads, "_pool", None)
    assert threads.together([lambda: 1, lambda: 2]) == [1, 2]
    with fastmi.use_threads(4):
        assert threads.together([lambda: 1]) == [1]


@pytest.mark.parametrize("where", ["the caller", "a helper"])
def test_an_error_comes_through_and_the_next_call_works(where):
    here, both = threading.get_ident(), threading.Barrier(2, timeout=30)

    def task():
        both.wait()
        if (threading.get_ident() == here) == (where == "the caller"):
            raise ArithmeticError(where)

    with fastmi.use_threads(2):
        with pytest.raises(ArithmeticError, match=where):
            threads.together([task, task])
        assert threads.together([lambda: 1, lambda: 2, lambda: 3]) == [1, 2, 3]


@pytest.mark.parametrize("n", [0, -1, 1.5, True, "2", None])
def test_a_number_of_threads_is_whole_and_positive(n):
    with (
        pytest.raises(ValueError, match="n must be a whole number of threads, at least 1"),
        fastmi.use_threads(n),
    ):
        pass
    assert threads.n_threads() == 1
