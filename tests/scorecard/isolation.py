"""cases -> verdicts, each judged in a process of its own with limits of time and memory.

The process is a fork, so nothing is loaded twice.
"""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from .judge import Case, Outcome, Verdict, judge

FORKS = hasattr(os, "fork")
GRACE_SECONDS = 5.0  # beyond a case's own limit, which it watches itself
# beyond what the process has mapped: an absurd size ends there, not in the machine's memory
ADDRESSES_BYTES = 3_000_000_000


@dataclass
class Running:
    """A child, and where its verdict will come from."""

    case: Case
    pid: int
    pipe: int
    folder: Path
    start: float


def judged(cases: Sequence[Case], jobs: int = 2) -> Iterator[tuple[Case, Verdict]]:
    """Judges cases at most `jobs` at a time, and yields them in the order in which they end.

    Those that are to be alone come after the others.
    """
    if not FORKS:
        yield from ((case, judge(case)) for case in cases)
        return
    yield from _judged([case for case in cases if not case.alone], jobs)
    yield from _judged([case for case in cases if case.alone], 1)


def _judged(cases: Sequence[Case], jobs: int) -> Iterator[tuple[Case, Verdict]]:
    waiting, running = list(reversed(cases)), list[Running]()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                running.append(_start(waiting.pop()))
            for child in list(running):
                verdict = _ended(child)
                if verdict is not None:
                    running.remove(child)
                    yield child.case, verdict
            time.sleep(0.003)
    finally:
        for child in running:
            _clear(child)


def _start(case: Case) -> Running:
    folder = Path(tempfile.mkdtemp(prefix="scorecard-"))
    sys.stdout.flush()
    sys.stderr.flush()
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(read)
            _settle(folder)
            verdict = judge(case)
            if case.megabytes and (grown := _grown()) > case.megabytes:
                verdict = Verdict(
                    Outcome.CRASHED, f"{grown:.0f} MB; {verdict.came}", verdict.seconds
                )
            os.write(write, pickle.dumps(verdict)[:60_000])
        finally:
            os._exit(0)
    os.close(write)
    return Running(case, pid, read, folder, time.perf_counter())


def _settle(folder: Path) -> None:
    """Gives this process a group, a folder and a silence of its own, and a limit to its memory."""
    import resource

    global _before
    os.setpgid(0, 0)
    os.chdir(folder)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    pages = Path("/proc/self/statm")
    if pages.exists():
        mapped = int(pages.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + ADDRESSES_BYTES, resource.RLIM_INFINITY))
    _before = _peak()


_before = 0.0


def _peak() -> float:
    """Weighs the most megabytes that this process has held."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def _grown() -> float:
    return _peak() - _before


def _ended(child: Running) -> Verdict | None:
    """Says what became of a child, if it is over or its time is."""
    pid, status, _ = os.wait4(child.pid, os.WNOHANG)
    spent = time.perf_counter() - child.start
    if not pid and spent < child.case.seconds + GRACE_SECONDS:
        return None
    payload = os.read(child.pipe, 65_536) if pid else b""
    _clear(child, over=bool(pid))
    if not pid:
        return Verdict(
            Outcome.CRASHED,
            f"no answer within {child.case.seconds:g} s, and no ear for the alarm",
            spent,
        )
    if not payload:
        ending = (
            f"signal {signal.Signals(os.WTERMSIG(status)).name}"
            if os.WIFSIGNALED(status)
            else f"status {status >> 8}"
        )
        return Verdict(Outcome.CRASHED, f"the process ended with {ending}", spent)
    return replace(pickle.loads(payload), seconds=spent)


def _clear(child: Running, over: bool = False) -> None:
    """Ends the whole group that this child began, and removes its folder."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    if not over:
        os.waitpid(child.pid, 0)
    os.close(child.pipe)
    shutil.rmtree(child.folder, ignore_errors=True)
