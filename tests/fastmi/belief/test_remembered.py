"""A function of counts is asked once for each."""

import sys
import threading

import numpy as np
import pytest

from fastmi.belief import remembered
from fastmi.belief.remembered import Remembered


@pytest.fixture
def asked():
    return []


@pytest.fixture
def square(asked, monkeypatch):
    monkeypatch.setattr(remembered, "DENSE_COUNTS", 64)
    monkeypatch.setattr(remembered, "MOST_RARE", 3)

    def compute(counts):
        asked.append(counts.tolist())
        return counts.astype(np.float64) ** 2

    return Remembered(compute)


@pytest.mark.parametrize("counts", [[], [0], [3, 3, 1], [63, 2, 63], [64, 65], [100, 5, 7000, 5]])
def test_values_come_back_in_the_order_of_the_counts(square, counts):
    for _ in range(2):
        assert square(np.array(counts, np.int64)).tolist() == [count**2 for count in counts]


def test_a_count_is_computed_once(square, asked):
    for counts in ([5, 2, 5], [2, 40], [40, 5, 2], [90, 2, 80, 90], [80, 41], [41, 90]):
        square(np.array(counts))
    assert asked == [[2, 5], [40], [80, 90], [41]]


def test_rare_counts_are_forgotten_before_they_are_many(square, asked):
    for counts in ([100, 200, 300], [400, 200], [200, 400], [100, 500, 600, 700, 800]):
        assert square(np.array(counts)).tolist() == [count**2 for count in counts]
        assert repr(square).startswith("Remembered of 0 counts and")
    assert asked == [[100, 200, 300], [200, 400], [100, 500, 600, 700, 800]]


def test_memory_is_bounded(square):
    square(np.array([63]))
    assert repr(square) == "Remembered of 64 counts and 0 more"


def test_threads_that_ask_for_other_counts_take_nothing_from_each_other():
    interval, wrong = sys.getswitchinterval(), []

    def ask(remembers, bits):
        for counts in (np.array([3, (1 << bit) - 1]) for bit in bits):
            try:
                if remembers(counts).tolist() != counts.tolist():
                    wrong.append(counts)
            except Exception as error:  # of a thread, which ends silently
                wrong.append(error)

    sys.setswitchinterval(1e-6)
    try:
        for _ in range(300):
            remembers = Remembered(lambda counts: counts.astype(np.float64))
            orders = ([15, 3], [2, 13], [5, 14], [11, 4])
            threads = [threading.Thread(target=ask, args=(remembers, bits)) for bits in orders]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
