"""tasks -> their results, on as many threads as `use_threads` allows.

Kernels release the GIL; results do not depend on it.
"""

from __future__ import annotations

import functools
import operator
import os
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, TypeVar

from fastmi.backends.settings import Held, Setting, one_line

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

__all__ = ["n_threads", "together", "use_threads"]

T = TypeVar("T")

MOST_THREADS = 1024
ALONE = Held(1)
_allowed: ContextVar[Held] = ContextVar("fastmi_threads", default=ALONE)


def n_threads() -> int:
    """Says how many threads the Numba twin may use; 1 unless `use_threads` says otherwise."""
    return _allowed.get().value


def use_threads(n: int) -> Setting:
    """Lets the CPU backend use n threads. The results are the same to the last bit.

    In force from the call on, in this thread or task; as a `with` block until its end, which goes
    back to what was before the call; as a decorator while the function runs. Work below about a
    millisecond stays on one thread. What another program holds up is taken over by the other
    threads.

    Args:
        n: from 1 to 1024, the calling thread included; more than there are cores gain nothing.

    Raises:
        ValueError: n is no such whole number.
        TypeError: as a decorator of a generator or a coroutine, whose work is done later.

    Example:
        >>> import fastmi
        >>> with fastmi.use_threads(2):
        ...     fastmi.entropy([0, 0, 1, 1])
        1.0
    """
    try:
        allowed = 0 if isinstance(n, bool) else operator.index(n)
    except TypeError:
        allowed = 0
    if not 1 <= allowed <= MOST_THREADS:
        raise ValueError(
            f"n must be a whole number of threads, at least 1 and at most {MOST_THREADS}, not "
            f"{one_line(n)}: there are {os.cpu_count()} cores, and more threads gain nothing"
        )
    return Setting(_allowed, allowed)


def together(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Runs the tasks, and returns their results in order.

    The calling thread works too, and waits for no helper that has not begun.
    """
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

    pool, helpers = _pool(os.getpid(), n - 1), []
    try:
        helpers.extend(pool.submit(copy_context().run, work) for _ in range(n - 1))
        work()
    finally:
        todo.clear()  # after an error nothing new is begun
        for helper in helpers:
            if not helper.cancel():
                helper.result()
    return [results[i] for i in range(len(tasks))]


@functools.lru_cache(maxsize=8)
def _pool(process: int, n: int) -> ThreadPoolExecutor:
    """Keeps a pool between calls; a process that was forked off needs its own."""
    from concurrent.futures import ThreadPoolExecutor  # with logging, a tenth of `import fastmi`

    return ThreadPoolExecutor(n, thread_name_prefix="fastmi")
