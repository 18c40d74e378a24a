"""what a command prints -> standard output, and a quiet end where nobody reads it any more."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["UNREAD", "flushed", "unread"]

UNREAD = 141  # 128 + SIGPIPE: the status of a program that `| head` leaves, as shells have it


@contextmanager
def flushed() -> Iterator[None]:
    """Writes out at the end what was printed, so that what fails then is raised in time.

    Python itself would say so as it exits, beside any word and status of ours.

    Raises:
        OSError: it cannot be written.
    """
    try:
        yield
    finally:
        if sys.stdout is not None:  # closed before we began
            sys.stdout.flush()


def unread(error: BaseException) -> bool:
    """Tells whether an error says that who read standard output has gone, as after `| head`.

    Then nothing more is written there: what is printed goes nowhere. Another pipe may have broken,
    of a file that was asked for or of a process of ours; that is a fault.
    """
    if not isinstance(error, BrokenPipeError) or sys.stdout is None:
        return False
    number = sys.stdout.fileno()
    asked = select.poll()
    asked.register(number, 0)  # that nobody reads is told unasked
    if not any(events & select.POLLERR for _, events in asked.poll(0)):
        return False
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
    return True
