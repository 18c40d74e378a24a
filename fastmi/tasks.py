"""calls that know nothing of each other -> what they return, by any executor of the library.

Where a worker dies its pool is broken, and what was finished is not done again: an executor that is
given as a function is made anew, at most so often without anything done between.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed, wait
from typing import Any, Self, TypeVar

from fastmi.inputs import shown

__all__ = ["ExecutorLike", "Workers"]

ExecutorLike = Executor | Callable[[], Executor]
Value = TypeVar("Value")

MOST_IN_VAIN = 3  # executors, one after the other, that broke before anything was done


class Workers:
    """What calls are handed to: an executor, one that a function makes, or this process.

    A context manager: an executor that it made ends with it, one that was given goes on.

    Raises:
        TypeError: something else.
    """

    def __init__(self, executor: ExecutorLike | None) -> None:
        if not (executor is None or isinstance(executor, Executor) or callable(executor)):
            raise TypeError(
                f"executor is {shown(executor)}: pass a concurrent.futures.Executor (Dask's is "
                "client.get_executor()), a function that makes one, or None for this process"
            )
        self._given = executor
        self._made: Executor | None = None

    def run(self, calls: Sequence[Callable[[], Value]]) -> list[Value]:
        """Gives what each returns, in their order.

        The first exception ends all: what has not begun is cancelled, what has is waited for, so
        that nothing writes any more.

        Raises:
            TypeError: a call cannot be sent to a worker.
            RuntimeError: workers died, and no other ones can be had.
        """
        if self._given is None:
            return [call() for call in calls]
        done: dict[int, Value] = {}
        in_vain = 0
        while len(done) < len(calls):
            before = len(done)
            try:
                self._some(calls, done)
            except BrokenExecutor as error:
                in_vain = in_vain + 1 if len(done) == before else 0
                if isinstance(self._given, Executor) or in_vain == MOST_IN_VAIN:
                    raise RuntimeError(
                        f"a worker died ({type(error).__name__}), and with it its executor, when "
                        f"{len(done)} of {len(calls)} parts were done: was it out of memory? pass "
                        "executor= as a function that makes one, and what is left goes to a new one"
                    ) from error
                self._end()
        return [done[i] for i in range(len(calls))]

    def _some(self, calls: Sequence[Callable[[], Value]], done: dict[int, Value]) -> None:
        """Runs what is not done; of a broken executor keeps what was."""
        executor, futures = self._executor(), dict[Future[Value], int]()
        try:
            for i, call in enumerate(calls):
                if i not in done:
                    futures[executor.submit(call)] = i
            for future in as_completed(futures):
                _check_sent(calls[futures[future]], future)
                done[futures[future]] = future.result()
        finally:
            for future in futures:
                future.cancel()
            wait(futures)
            for future, i in futures.items():
                if not future.cancelled() and future.exception() is None:
                    done[i] = future.result()

    def _executor(self) -> Executor:
        if isinstance(self._given, Executor):
            return self._given
        if self._made is None:
            assert self._given is not None
            made: Any = self._given()
            if not isinstance(made, Executor):
                raise TypeError(
                    f"executor made {shown(made)}: the function has to return a "
                    "concurrent.futures.Executor"
                )
            self._made = made
        return self._made

    def _end(self) -> None:
        made, self._made = self._made, None
        if made is not None:
            made.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._end()


def _check_sent(call: Callable[[], object], future: Future[Any]) -> None:
    """Refuses a call that could not be sent to a worker; other errors are its own."""
    error = future.exception()
    if error is None or "pickle" not in str(error):
        return
    try:
        pickle.dumps(call)
    except Exception as reason:
        raise TypeError(
            f"what is to be done cannot be sent to a worker ({reason}): functions that are given "
            "stand at the top of a module, functools.partial gives them arguments"
        ) from None
