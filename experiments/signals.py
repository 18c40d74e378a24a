"""Turns signals that end a program into one exception, after which all is tidied up.

Where nothing is begun they end it at once. Python drops what is raised amid a destructor or a
callback of its garbage collector, and so it may drop this: `check` raises it again.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Stopped", "check", "heard", "listening", "tidying"]

ADVICE = "what was finished before is whole, and --resume goes on with the rest"
NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
GRACE_SECONDS = 1.0  # in which a second signal says nothing new


class Stopped(KeyboardInterrupt):
    """Raised by a signal: Ctrl-C, or its relatives."""

    def __init__(self, number: int, advice: str = ADVICE) -> None:
        name = signal.Signals(number).name
        super().__init__(
            f"{'interrupted' if name == 'SIGINT' else f'interrupted ({name})'}: {advice}"
        )
        self.code = 128 + number  # as shells have it

    def __reduce__(self) -> tuple[type[Stopped], tuple[int]]:
        """Goes from process to process by its number."""
        return Stopped, (self.code - 128,)


class _Listener:
    """What a signal does, by what is going on."""

    def __init__(self) -> None:
        # of time.monotonic, which begins at 0
        self.loading, self.tidying, self.last = True, False, -GRACE_SECONDS
        self.asked: int | None = None  # the signal that was raised last

    def loaded(self) -> None:
        """Makes a signal an exception from now on."""
        self.loading = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.loading:  # an exception amid an import may be taken for another
            os.write(2, f"{Stopped(number)}\n".encode())
            os._exit(128 + number)
        before, self.last = self.last, time.monotonic()
        if not self.tidying and self.last - before >= GRACE_SECONDS:
            self.asked = number
            raise Stopped(number)


_listener = _Listener()


def check() -> None:
    """Raises `Stopped` where a signal did, and nobody has ended by it; to be called amid work."""
    if _listener.asked is not None and not _listener.tidying:
        raise Stopped(_listener.asked)


@contextmanager
def heard() -> Iterator[_Listener]:
    """Makes SIGINT, SIGTERM and SIGHUP raise `Stopped`; afterwards all is as it was.

    Those that are ignored here (as after nohup) stay so. While the listener's `loading` holds they
    end the process, with one line.
    """
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        numbers = []  # only the main thread may say what a signal does
    before = {number: signal.getsignal(number) for number in numbers}
    before = {
        number: handler
        for number, handler in before.items()
        if handler not in (signal.SIG_IGN, None)
    }
    try:
        _listener.last, _listener.asked = -GRACE_SECONDS, None
        for number in before:
            signal.signal(number, _listener)
        with _silent():
            yield _listener
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _listener.asked = None


def listening() -> bool:
    """Tells whether `heard` is at work already."""
    return signal.getsignal(signal.SIGTERM) is _listener


@contextmanager
def _silent() -> Iterator[None]:
    """Keeps Python from showing a `Stopped` that it drops: it is raised again."""
    before = sys.unraisablehook

    def hook(dropped: sys.UnraisableHookArgs) -> None:
        if not isinstance(dropped.exc_value, Stopped):
            before(dropped)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextmanager
def tidying() -> Iterator[None]:
    """Lets a signal that comes meanwhile change nothing: the program is at its end already."""
    _listener.tidying = True
    try:
        yield
    finally:
        _listener.tidying = False
