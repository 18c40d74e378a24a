"""Calls by any executor: what they return in their order, errors at once, broken pools replaced."""

import re
import threading
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from functools import partial
from multiprocessing import get_context

import pytest

from fastmi.tasks import Workers


class Breaking(Executor):
    """Runs some calls at once, and is then broken."""

    def __init__(self, n_calls):
        self.left, self.ended = n_calls, False

    def submit(self, call, /):
        future = Future()
        if self.left == 0:
            if self.ended is None:
                raise BrokenExecutor("already")
            future.set_exception(BrokenExecutor("died"))
            return future
        self.left -= 1
        try:
            future.set_result(call())
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait=True, *, cancel_futures=False):
        self.ended = True


@pytest.mark.parametrize("executor", [None, partial(ThreadPoolExecutor, 3), "one"])
def test_results_come_in_their_order(executor):
    with ThreadPoolExecutor(2) as pool, Workers(pool if executor == "one" else executor) as workers:
        assert workers.run([partial(pow, 2, i) for i in range(20)]) == [2**i for i in range(20)]
        assert workers.run([]) == []
        assert pool.submit(int).result() == 0


def test_what_cannot_be_sent_is_said_and_how_it_can():
    with (
        Workers(partial(ProcessPoolExecutor, 1, get_context("spawn"))) as workers,
        pytest.raises(TypeError, match=r"cannot be sent to a worker .*at the top of a module"),
    ):
        workers.run([lambda: 1])


def no_pickle():
    raise ValueError("there is no pickle here")


def test_an_error_of_its_own_that_speaks_of_pickles_stays():
    with (
        Workers(partial(ThreadPoolExecutor, 1)) as workers,
        pytest.raises(ValueError, match="there is no pickle here"),
    ):
        workers.run([no_pickle])


def test_what_is_done_is_not_done_again_where_an_executor_breaks():
    made, calls = [], []

    def make():
        made.append(Breaking(2))
        return made[-1]

    with Workers(make) as workers:
        assert workers.run([partial(calls.append, i) for i in range(7)]) == [None] * 7
    assert calls == list(range(7))
    assert len(made) == 4
    assert all(executor.ended for executor in made)


def test_executors_that_do_nothing_end_it():
    made = []

    def make():
        made.append(Breaking(0))
        return made[-1]

    words = "a worker died (BrokenExecutor), and with it its executor, when 0 of 2 parts were done"
    with Workers(make) as workers, pytest.raises(RuntimeError, match=re.escape(words)):
        workers.run([int, int])
    assert len(made) == 3


def test_an_executor_that_was_given_is_not_replaced_and_says_how():
    broken = Breaking(1)
    with (
        Workers(broken) as workers,
        pytest.raises(RuntimeError, match=r"1 of 3 parts .* a function that makes one, and what"),
    ):
        workers.run([int, int, int])
    assert not broken.ended
    broken.ended = None
    with Workers(broken) as workers, pytest.raises(RuntimeError, match="0 of 1 parts"):
        workers.run([int])


def test_the_first_error_ends_all_and_nothing_goes_on():
    begun, free, ended = threading.Event(), threading.Event(), []

    def slow():
        begun.set()
        free.wait(30)
        ended.append("slow")

    def bad():
        begun.wait(30)
        threading.Timer(0.05, free.set).start()
        raise ValueError("this one")

    with ThreadPoolExecutor(2) as pool, Workers(pool) as workers:
        with pytest.raises(ValueError, match="this one"):
            workers.run([slow, bad, *[partial(ended.append, "later")] * 50])
        there = len(ended)
        assert "slow" in ended
        pool.shutdown()
        assert len(ended) == there


@pytest.mark.parametrize("executor", [3, "threads", [ThreadPoolExecutor]])
def test_what_is_no_executor_is_refused(executor):
    with pytest.raises(TypeError, match=r"executor is .*: pass a concurrent\.futures\.Executor"):
        Workers(executor)


def test_a_function_that_makes_none_is_refused():
    with Workers(list) as workers, pytest.raises(TypeError, match=r"executor made \[\]: the func"):
        workers.run([int])
