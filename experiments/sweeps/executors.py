"""Where runs are made: processes of this machine, or an executor that somebody hands in."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from .working import Terms, begin_process, unfit

__all__ = ["Workers", "given", "processes"]


class Workers(NamedTuple):
    """An executor, and what has to be known of its workers.

    Attributes:
        executor: where runs are submitted.
        at_once: so many are submitted at a time, so that it is known which were at work where a
            worker dies; None is all of them, for an executor that sees to that itself.
        threads: with how many each run computes; None is as many as the process has.
        renewed: gives workers in place of those that broke; None where nobody can.
        faults: asks workers before any work -> why they are unfit, one for each that is.
    """

    executor: Executor
    at_once: int | None
    threads: int | None
    renewed: Callable[[], Workers] | None
    faults: Callable[[Terms], Sequence[str]]


@contextmanager
def processes(n: int) -> Iterator[Workers]:
    """Lends n processes, begun afresh, which are all gone afterwards."""
    pools = list[ProcessPoolExecutor]()

    def begun() -> Workers:
        for broken in pools:
            broken.shutdown()
        spawned = multiprocessing.get_context("spawn")  # a fork of threads may hang
        pools[:] = [ProcessPoolExecutor(n, spawned, initializer=begin_process)]
        return Workers(pools[0], n, 1 if n > 1 else None, begun, lambda terms: ())

    try:
        yield begun()
    finally:
        for pool in pools:
            pool.shutdown()


def given(executor: Executor) -> Workers:
    """Takes somebody's executor, which stays theirs; one of its workers is asked."""

    def faults(terms: Terms) -> list[str]:
        try:
            return list(filter(None, [executor.submit(unfit, terms).result()]))
        except BrokenExecutor as error:
            return [f"the executor is broken ({error}): pass another"]

    return Workers(executor, None, 1, None, faults)
