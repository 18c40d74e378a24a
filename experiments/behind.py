"""work that may be done while other work goes on: one piece at a time, in order, on a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from types import TracebackType

__all__ = ["Behind", "one_core"]

_one_core: ContextVar[bool] = ContextVar("fastmi_one_core", default=False)


@contextmanager
def one_core() -> Iterator[None]:
    """Holds all work to the caller's thread, where other processes have the other cores."""
    before = _one_core.set(True)
    try:
        yield
    finally:
        _one_core.reset(before)


class Behind:
    """Does pieces of work one after the other, each while the caller goes on.

    At most one is under way: who brings the next waits for it, and meets the error that it ended
    with. With `alone`, or within `one_core`, each is done at once, on the caller's thread.
    """

    def __init__(self, *, alone: bool = False) -> None:
        self._thread = None if alone or _one_core.get() else ThreadPoolExecutor(1, "behind")
        self._under_way: Future[None] | None = None

    def do(self, piece: Callable[[], None]) -> None:
        """Waits for the piece before, and begins with this one."""
        if self._thread is None:
            piece()
            return
        self.wait()
        # settings as of the caller's context: backend, threads
        self._under_way = self._thread.submit(copy_context().run, piece)

    def wait(self) -> None:
        """Waits until nothing is under way; raises what the piece raised."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()

    def __enter__(self) -> Behind:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread is not None:
            self._thread.shutdown()
