"""What a worker does: one run in the folder that all see, and what became of it.

A worker is any process that can import this file. It looks once a second whether the sweep that
it works for still goes on, and ends well where it does not.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Literal, NamedTuple

import fastmi
from fastmi import files
from fastmi.networks import one_thread

from .. import mnist, signals
from ..behind import one_core
from ..locks import Busy, held
from ..records import Run
from ..work import attempt, folder_of, judge, record_failure

__all__ = ["Ending", "Task", "Terms", "begin_process", "unfit", "versions", "work"]

LOOK_SECONDS = 1.0
SIGN_BYTES = 1000

_one_at_a_time = threading.Lock()  # torch's settings are those of the whole process
_leaves = False  # whether this process is ours, and ends where it is told to stop


class Terms(NamedTuple):
    """What every worker of a sweep has to agree on.

    `sign` is a file in the folder that client and workers share, as long as the sweep goes on, and
    `content` what stands in it; `versions` are the client's.
    """

    sign: Path
    content: bytes
    versions: dict[str, str]


class Task(NamedTuple):
    """One run to be made in `out`; `threads` is None for as many as the process has."""

    run: Run
    out: Path
    device: str
    mnist: Path | None
    threads: int | None
    terms: Terms


class Ending(NamedTuple):
    """What became of a task, in a word, and the reason.

    "busy": another process holds the folder. "interrupted": it has to be made again. "unfit": this
    worker cannot work for the sweep, nor make any other of its runs. "lost": the executor has given
    it up.
    """

    status: Literal["done", "failed", "busy", "interrupted", "unfit", "lost"]
    reason: str = ""


def versions() -> dict[str, str]:
    """Names what the numbers of a run hang on."""
    packages = {name: import_module(name).__version__ for name in ("numpy", "numba", "torch")}
    return {"fastmi": fastmi.__version__, "python": platform.python_version()} | packages


def unfit(terms: Terms) -> str:
    """Says why this worker cannot work for a sweep, or nothing where it can."""
    where, ours = f"the worker {platform.node()}, process {os.getpid()},", versions()
    for name, theirs in terms.versions.items():
        if ours.get(name) != theirs:
            return (
                f"{where} has {name} {ours.get(name)}, and this process {theirs}: the numbers hang "
                "on it; install the same on both"
            )
    if not _goes_on(terms):
        return (
            f"{where} does not see '{terms.sign.parent}' as this process does: pass --out a folder "
            "that all of them share, under the same name"
        )
    return ""


def work(task: Task) -> Ending:
    """Makes one run, which is skipped where it is finished and goes on where it was begun.

    Raises:
        KeyboardInterrupt: this process was told to stop.
    """
    fault = unfit(task.terms)
    if fault:
        return Ending("unfit", fault)
    in_main = threading.current_thread() is threading.main_thread()
    try:
        with _one_at_a_time, ExitStack() as settings:
            if in_main and not signals.listening():
                settings.enter_context(signals.heard()).loaded()
            if task.threads is not None:
                settings.enter_context(fastmi.use_threads(task.threads))
                settings.enter_context(one_thread())
                settings.enter_context(one_core())
            ending = _made(task)
            signals.check()
            return ending
    except KeyboardInterrupt:
        if _leaves:  # whoever told it to stop waits until it is gone
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(128 + signal.SIGTERM)
        if in_main:
            raise
        return Ending("interrupted")


def _made(task: Task) -> Ending:
    run, device, out = task.run, task.device, task.out
    try:
        mnist.choose(task.mnist)
        with held(folder_of(run, device, out)):
            if not judge(run, device, out, resume=True, force=False):
                return Ending("done")
            attempted = attempt(
                run, device, out, resume=True, force=False, check=_checking(task.terms)
            )
    except Busy as error:
        return Ending("busy", str(error))
    except Exception as error:  # before it was an attempt
        record_failure(run, device, out, files.reason(error))
        return Ending("failed", files.reason(error))
    return Ending("failed", attempted.reason) if attempted.result is None else Ending("done")


def _checking(terms: Terms) -> Callable[[], None]:
    """Makes what ends a run whose sweep is no more: called amid the work, it looks at times."""
    due = time.monotonic() + LOOK_SECONDS

    def check() -> None:
        nonlocal due
        signals.check()
        if time.monotonic() >= due:
            if not _goes_on(terms):
                raise signals.Stopped(signal.SIGTERM)
            due = time.monotonic() + LOOK_SECONDS

    return check


def _goes_on(terms: Terms) -> bool:
    """Tells whether the sign of the sweep is there, and is no later sweep's."""
    try:
        with terms.sign.open("rb") as file:
            return file.read(SIGN_BYTES) == terms.content
    except OSError:
        return False


def begin_process() -> None:
    """Makes this process a worker that ends with the one that began it, however that ends.

    Ctrl-C in a terminal reaches all processes at once: here it is the client's to say what stops.
    """
    global _leaves
    _leaves = True
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_leave_with_client, daemon=True).start()


def _leave_with_client() -> None:
    client = multiprocessing.parent_process()
    if client is not None:
        client.join()
        os.kill(os.getpid(), signal.SIGTERM)
