"""Runs that are killed and go on, and streams that are interrupted.

As if it had never been, or as if it had been done.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

import fastmi
from experiments import training

from . import places
from .judge import Case, CommandRefused, Either, Holds, Refused, Surfaced
from .streams import answers

RUN = ("run", "warm-up", "--epochs", "60", "--record", "20")
STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}


def child(call: Callable[[], int]) -> int:
    """Forks a process that calls and ends with the status; its signals are as Python sets them."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            status = call()
        finally:
            os._exit(status)
    return pid


def run(*more: str) -> int:
    """Runs with a checkpoint after nearly every epoch."""
    training.CHECKPOINT_SECONDS, training.CHECKPOINT_SHARE = 0.0, 1e9
    return places.said(*RUN, *more)[0]


def begun(call: Callable[[], int]) -> int:
    """Starts a child and waits until it is well on its way: its handlers are set."""
    sign = Path("begun")
    sign.unlink(missing_ok=True)

    def marked() -> int:
        sign.touch()
        return call()

    pid = child(marked)
    while not sign.exists():
        time.sleep(0.001)
    time.sleep(0.05)
    return pid


def ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def undisturbed() -> float:
    """Runs once in "calm", and says how many seconds that takes."""
    start = time.perf_counter()
    if ended(child(lambda: run("--out", "calm"))) != 0:
        raise Surfaced("the undisturbed run failed")
    return time.perf_counter() - start


def killed(seed: int, sent: signal.Signals, times: int) -> list[Any]:
    """Kills a run so often at random moments, and resumes it.

    The same bytes, the status each time, a whole ledger, nothing left. A run that ended before it
    was killed begins again.
    """
    draw, seconds = random.Random(seed), undisturbed()
    statuses = list[int]()
    while statuses.count(STATUS[sent]) < times and len(statuses) < 10 * times:
        if statuses and statuses[-1] == 0:
            shutil.rmtree("out")
        pid = begun(lambda: run("--out", "out", "--resume"))
        time.sleep(draw.uniform(0, 0.8 * seconds))
        os.kill(pid, sent)
        statuses.append(ended(pid))
    last = ended(child(lambda: run("--out", "out", "--resume")))
    both = places.trained("out"), places.trained("calm")
    tables = [
        [(places.reading(folder) / "plane.csv").read_bytes(), (folder / "scores.csv").read_bytes()]
        for folder in both
    ]
    same = [resumed == calm for resumed, calm in zip(*tables, strict=True)]
    left = [path.name for path in Path("out").iterdir() if path.name.startswith(".")]
    return [last, same, sorted(set(statuses) - {0}), ledger(), left]


def ledger() -> bool:
    """Tells whether every attempt says how it ended, and nothing half written lies there."""
    statuses, files = places.statuses("out"), list(Path("out/attempts").iterdir())
    known = {"done", "interrupted", "failed"}
    return bool(statuses) and set(statuses) <= known and len(files) == len(statuses)


def stopped(sent: signal.Signals) -> list[Any]:
    """Stops a run in the midst of it -> the status, the last row, and what was said."""
    said = Path("said")

    def call() -> int:
        training.CHECKPOINT_SECONDS = 0.0
        status, _, err = places.said("run", "tishby", "--out", "out")
        said.write_text(err)
        return status

    pid = child(call)
    while not list(Path(".").glob("out/*.part/snapshots/state.npz")):
        time.sleep(0.01)
    os.kill(pid, sent)
    status = ended(pid)
    return [
        status,
        places.statuses("out")[-1],
        "--resume" in said.read_text(),
        "Traceback" in said.read_text(),
    ]


# --- streams --------------------------------------------------------------------------------------

BINS = fastmi.UniformBins(16, range=(-1, 1))


def chunks(seed: int) -> list[tuple[Any, Any]]:
    rng = np.random.default_rng(seed)
    return [(rng.uniform(-1, 1, (200, 1)), rng.integers(64, size=200)) for _ in range(4)]


def fed(fed_chunks: Any) -> fastmi.Stream:
    stream = fastmi.Stream(BINS)
    for chunk in fed_chunks:
        stream.update(*chunk)
    return stream


def verdict(stream: fastmi.Stream, parts: Any, k: int, expected: list[tuple[float, ...]]) -> bool:
    """Tells whether a stream is as before chunk k or as after it, and right at the end."""
    n = stream.n_samples // len(parts[0][1])  # whole chunks
    try:
        if n not in (k, k + 1) or answers(stream) != expected[n - 1]:
            return False
        for chunk in parts[n:]:
            stream.update(*chunk)
        return answers(stream) == expected[-1]
    except Exception:  # a broken stream may answer nothing at all
        return False


def by_signal(seed: int, rounds: int) -> int:
    """Interrupts updates by a real signal at a random moment.

    Returns how many streams answer as before or after.
    """
    parts, draw = chunks(seed), random.Random(seed)
    expected = [answers(fed(parts[: k + 1])) for k in range(len(parts))]
    start = time.perf_counter()
    fed(parts)
    length, right = (time.perf_counter() - start) / len(parts), 0

    armed = [False]

    def ring(*_: object) -> None:
        if armed[0]:
            raise KeyboardInterrupt

    limit, _ = signal.setitimer(signal.ITIMER_REAL, 0)  # the case's own, put back at the end
    before = signal.signal(signal.SIGALRM, ring)
    for _ in range(rounds):
        k = draw.randrange(1, len(parts))
        stream = fed(parts[:k])
        try:
            armed[0] = True
            signal.setitimer(signal.ITIMER_REAL, draw.uniform(1e-6, 1.2 * length))
            stream.update(*parts[k])
            armed[0] = False  # too late to interrupt
        except KeyboardInterrupt:
            pass
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        right += verdict(stream, parts, k, expected)
    signal.signal(signal.SIGALRM, before)
    signal.setitimer(signal.ITIMER_REAL, limit)
    return right


def by_call(seed: int, rounds: int, error: type[BaseException], act: str) -> int:
    """Raises an error where a function of fastmi begins: the n-th of an act, n at random.

    An act is an update, a merge or an answer. Returns how many streams answer as before or after.
    """
    parts, draw = chunks(seed), random.Random(seed)
    expected = [answers(fed(parts[: k + 1])) for k in range(len(parts))]
    total = at_call(0, error, lambda: ACTS[act](fed(parts[:2]), parts[2]))
    right = 0
    for _ in range(rounds):
        stream = fed(parts[:2])
        with suppress(error):
            at_call(
                draw.randrange(1, total + 1),
                error,
                lambda stream=stream: ACTS[act](stream, parts[2]),
            )
        right += verdict(stream, parts, 2, expected)
    return right


ACTS: dict[str, Callable[[fastmi.Stream, Any], Any]] = {
    "update": lambda stream, chunk: stream.update(*chunk),
    "merge": lambda stream, chunk: stream.merge(fed([chunk])),
    "answer": lambda stream, chunk: answers(stream),
}


def at_call(n: int, error: type[BaseException], act: Callable[[], Any]) -> int:
    """Acts, and raises the error at the n-th call of a function of fastmi.

    Where there is no such call, it returns how many there are.
    """
    count, before = 0, sys.getprofile()

    def profile(frame: Any, event: str, _: Any) -> None:
        nonlocal count
        if event == "call" and frame.f_globals.get("__name__", "").startswith("fastmi"):
            count += 1
            if count == n:
                sys.setprofile(None)
                raise error("planted")

    sys.setprofile(profile)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count


def second_sum() -> float:
    """Interrupts the second `_summed` of one update, then feeds one chunk more.

    It is the published example.
    """
    from fastmi import streams

    if not hasattr(streams, "_summed"):
        return -1.0
    parts, calls, original = chunks(0), 0, streams._summed

    def summed(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return original(*arguments)

    stream = fed(parts[:2])
    streams._summed = summed
    try:
        stream.update(*parts[2])
    except KeyboardInterrupt:
        pass
    finally:
        streams._summed = original
    stream.update(*parts[3])
    return stream.entropy


def cases(seed: int, long: bool) -> list[Case]:
    rounds, times = (3000, 10) if long else (300, 2)
    signals = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
    resumed = {sent: [0, [True, True], [STATUS[sent]], True, []] for sent in signals}
    return [
        *(
            Case(
                f"{sent.name}, {times} times, then --resume",
                lambda sent=sent: killed(seed, sent, times),
                resumed[sent],
                seconds=300,
            )
            for sent in signals
        ),
        *(
            Case(
                f"{sent.name}: the status, the row and the line",
                lambda sent=sent: stopped(sent),
                [STATUS[sent], "interrupted", True, False],
                seconds=60,
            )
            for sent in signals[1:]
        ),
        Case(
            f"a stream, by a signal, {rounds} times",
            lambda: by_signal(seed, rounds),
            rounds,
            seconds=120,
        ),
        *(
            Case(
                f"a stream, {error.__name__} in {act}, {rounds} times",
                lambda error=error, act=act: by_call(seed, rounds, error, act),
                rounds,
                seconds=120,
            )
            for error in (KeyboardInterrupt, MemoryError)
            for act in ACTS
        ),
        Case(
            "a stream, in its second sum",
            second_sum,
            Holds("at most 4 bits from 16 bins", lambda bits: bits <= 4),
        ),
        Case(
            "killed while it resumes a finished run",
            lambda: refused_again(),
            Either(Holds("done", lambda out: "finished" in out), Refused(kind=CommandRefused)),
            seconds=60,
        ),
    ]


def refused_again() -> str:
    """Resumes a finished run beside which a kill left a part folder."""
    folder = places.finished()
    (folder.with_name(folder.name + ".part") / "snapshots").mkdir(parents=True)
    return places.command(*places.SHORT, "--resume")
