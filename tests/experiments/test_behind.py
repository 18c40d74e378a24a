"""Pieces of work behind the caller: one at a time, in order, and no error is lost."""

import threading
from contextvars import ContextVar

import pytest

from experiments.behind import Behind, one_core

SETTING = ContextVar("SETTING", default="none")


def test_the_caller_goes_on_while_a_piece_is_done():
    met = threading.Barrier(2, timeout=30)  # both have to arrive
    with Behind() as behind:
        behind.do(met.wait)
        met.wait()
        behind.wait()


def test_pieces_are_done_one_after_the_other():
    seen = []
    with Behind() as behind:
        for i in range(50):
            behind.do(lambda i=i: seen.extend([i, i]))
        behind.wait()
    assert seen == [i for i in range(50) for _ in range(2)]


def test_alone_a_piece_is_done_at_once_on_the_callers_thread():
    seen = []
    with Behind(alone=True) as behind:
        behind.do(lambda: seen.append(threading.current_thread()))
        assert seen == [threading.current_thread()]
        behind.wait()


@pytest.mark.parametrize("then", ["do", "wait"])
def test_who_waits_meets_the_error_and_meets_it_once(then):
    seen = []
    with Behind() as behind:
        behind.do(lambda: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            behind.wait() if then == "wait" else behind.do(lambda: seen.append(1))
        behind.wait()
        behind.do(lambda: seen.append(2))
        behind.wait()
    assert seen == [2]


def test_an_error_of_the_caller_waits_for_the_piece_and_goes_on():
    seen, may = [], threading.Event()

    def slow():
        may.wait(30)
        seen.append(1)

    def interrupted():
        with Behind() as behind:
            behind.do(slow)
            may.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert seen == [1]


def test_a_piece_has_the_settings_of_who_brings_it():
    seen = []
    SETTING.set("ours")
    with Behind() as behind:
        behind.do(lambda: seen.append(SETTING.get()))
        behind.wait()
    assert seen == ["ours"]


def test_where_there_is_one_core_a_piece_is_done_at_once():
    seen = []
    with one_core(), Behind() as behind:
        behind.do(lambda: seen.append(threading.current_thread()))
        assert seen == [threading.current_thread()]
    with Behind() as behind:
        behind.do(lambda: seen.append(threading.current_thread()))
        behind.wait()
    assert seen[1] != threading.current_thread()
