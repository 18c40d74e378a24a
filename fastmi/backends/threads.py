"""tasks -> their results, on as many threads as `use_threads` allows. Kernels release the GIL; results do not depend on it."""

from __future__ import annotations

import functools
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

__all__ = ["n_threads", "together", "use_threads"]

T = TypeVar("T")

_allowed: ContextVar[int] = ContextVar("fastmi_threads", default=1)


def n_threads() -> int:
    """How many threads the Numba twin may use; 1 unless `use_threads` says otherwise."""
    return _allowed.get()


@contextmanager
def use_threads(n: int) -> Iterator[None]:
    """Let the CPU backend use n threads inside a `with` block. The results are the same to the last bit.

    Work below about a millisecond stays on one thread. What another program holds up is taken over by the other threads.

    Args:
        n: at least 1, the calling thread included.

    Raises:
        ValueError: n is no whole number of at least 1.

    Example:
        >>> import fastmi
        >>> with fastmi.use_threads(2):
        ...     fastmi.entropy([0, 0, 1, 1])
        1.0
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"n must be a whole number of threads, at least 1, not {n!r}")
    token = _allowed.set(n)
    try:
        yield
    finally:
        _allowed.reset(token)


def together(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """The results in order. The calling thread works too, and waits for no helper that has not begun."""
    n = min(n_threads(), len(tasks))
    if n == 1:
        return [task() for task in tasks]
    todo, results = deque(enumerate(tasks)), dict[int, T]()

    def work() -> None:
        while True:
            try:
                i, task = todo.popleft()
            except IndexError:
                return
            results[i] = task()

    helpers = [_pool(os.getpid(), n - 1).submit(work) for _ in range(n - 1)]
    try:
        work()
    finally:
        todo.clear()  # after an error nothing new is begun
        for helper in helpers:
            if not helper.cancel():
                helper.result()
    return [results[i] for i in range(len(tasks))]


@functools.lru_cache(maxsize=8)
def _pool(process: int, n: int) -> ThreadPoolExecutor:
    """Kept between calls; a process that was forked off needs its own."""
    return ThreadPoolExecutor(n, thread_name_prefix="fastmi")
