"""Several at once: two processes on one run, four in one ledger, threads on a stream or a file."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import fastmi
from experiments import attempts, training
from fastmi import tables

from . import places
from .judge import Case, Surfaced
from .kills import child, ended
from .order import answers, problem
from .tables import collected

LONG = ("run", "tishby", "--epochs", "150", "--record", "10")
BINS = fastmi.UniformBins(16, range=(-1, 1))


def slowly(*arguments: str) -> int:
    """Runs so that it takes its time, and leaves a checkpoint after every epoch."""
    training.CHECKPOINT_SECONDS, training.CHECKPOINT_SHARE = 0.0, 1e9
    original = training.Trainer._batches

    def batches(self: Any) -> Any:
        time.sleep(0.02)
        return original(self)

    training.Trainer._batches = batches  # type: ignore[method-assign]
    return places.said(*arguments)[0]


def two_on_one(*more: str, after_checkpoint: bool) -> list[Any]:
    """Starts one run twice: one works, and the other is told within a second who holds it.

    The first loses nothing.
    """
    first = child(lambda: slowly(*LONG))
    sign = "results/*.part/snapshots/state.npz" if after_checkpoint else "results/*.part"
    deadline = time.perf_counter() + 20
    while not list(Path(".").glob(sign)):
        if time.perf_counter() > deadline:
            raise Surfaced("the first run never began")
        time.sleep(0.002)
    start = time.perf_counter()
    status, _, err = places.said(*LONG, *more)
    seconds = time.perf_counter() - start
    outcome = ended(first)
    planes = list(Path("results").glob("*/*/plane.csv"))
    return [
        status,
        seconds < 1,
        str(first) in err,
        "Traceback" in err,
        outcome,
        len(planes),
        places.statuses("results"),
    ]


def two_apart() -> list[Any]:
    """Makes two runs of other ids side by side."""
    pids = [
        child(lambda seed=seed: places.said(*places.SHORT, "--seed", str(seed))[0])
        for seed in (1, 2)
    ]
    return [
        [ended(pid) for pid in pids],
        len(list(Path("results").glob("*/*/plane.csv"))),
        places.statuses("results"),
    ]


def two_readings() -> list[Any]:
    """Reads one result twice under the same edges: both are whole, or one is told so."""
    folder = places.finished()
    asked = ["estimate", str(folder), "--edges", "-1", "1", "9", "--out", "elsewhere"]

    def call():
        return places.said(*asked)[0]

    endings = sorted(ended(pid) for pid in [child(call), child(call)])
    (plane,) = Path("elsewhere").glob("*/*/plane.csv")
    return [
        endings in ([0, 0], [0, 2]),
        len(plane.read_text().splitlines()) > 10,
        [p.name for p in Path("elsewhere").glob("*.part")],
    ]


def ledger(writers: int, rows: int) -> list[Any]:
    """Writes a ledger from several processes: it holds every row of every writer, once."""

    def write(writer: int) -> int:
        for i in range(rows):
            attempts.record(
                Path("."),
                run=f"{writer}-{i}",
                id="x",
                data="d",
                device="cpu",
                status="done",
                seconds="1",
            )
        return 0

    pids = [child(lambda writer=writer: write(writer)) for writer in range(writers)]
    done = [ended(pid) for pid in pids]
    runs = [row["run"] for row in attempts.read(Path("."))]
    left = [name for name in os.listdir("attempts") if not name.endswith(".json")]
    return [
        sum(done),
        sorted(runs) == sorted(f"{writer}-{i}" for writer in range(writers) for i in range(rows)),
        left,
    ]


def together(calls: list[Callable[[], Any]]) -> list[Any]:
    """Calls all in threads that begin at once -> what each gives; raises the first error."""
    results, errors = [None] * len(calls), list[BaseException]()
    gate = threading.Barrier(len(calls))

    def work(i: int) -> None:
        gate.wait()
        try:
            results[i] = calls[i]()
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(len(calls))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]
    return results


def one_stream(seed: int, n_threads: int, n_chunks: int, ask: bool) -> list[Any]:
    """Feeds one stream from threads, 64 labels: it gives the answers of one thread."""
    rng = np.random.default_rng(seed)
    chunks = [
        (rng.uniform(-1, 1, (64, 1)), rng.permutation(64)) for _ in range(n_threads * n_chunks)
    ]
    stream, alone = fastmi.Stream(BINS), fastmi.Stream(BINS)
    for chunk in chunks:
        alone.update(*chunk)

    def feed(thread: int) -> None:
        for chunk in chunks[thread::n_threads]:
            stream.update(*chunk)
            if ask:
                _ = stream.entropy, stream.mutual_information

    together([lambda thread=thread: feed(thread) for thread in range(n_threads)])
    return [
        stream.n_samples == alone.n_samples,
        stream.entropy_y,
        stream.entropy == alone.entropy,
        stream.mutual_information == alone.mutual_information,
    ]


def merged(seed: int) -> bool:
    """Merges streams of several threads into one, from these threads."""
    rng = np.random.default_rng(seed)
    chunks = [(rng.uniform(-1, 1, (64, 1)), rng.integers(9, size=64)) for _ in range(40)]
    alone, whole = fastmi.Stream(BINS), fastmi.Stream(BINS)
    for chunk in chunks:
        alone.update(*chunk)

    def merge(thread: int) -> None:
        for chunk in chunks[thread::8]:
            stream = fastmi.Stream(BINS)
            stream.update(*chunk)
            whole.merge(stream)

    together([lambda thread=thread: merge(thread) for thread in range(8)])
    return (whole.n_samples, whole.entropy, whole.mutual_information) == (
        alone.n_samples,
        alone.entropy,
        alone.mutual_information,
    )


def each_other() -> bool:
    """Merges two streams into each other at once: they end, and count."""
    first, second = fastmi.Stream(BINS), fastmi.Stream(BINS)
    for stream in (first, second):
        stream.update(np.zeros((8, 1)), np.arange(8))
    together([lambda: first.merge(second), lambda: second.merge(first)])
    return {first.n_samples, second.n_samples} in ({16, 24}, {16})


def estimates(seed: int) -> bool:
    """Solves problems in eight threads, each its own, some with more threads inside."""
    problems = [problem(seed + i, 4000, 12) for i in range(8)]
    expected = [answers(*arrays) for arrays in problems]

    def solve(i: int) -> Any:
        if i % 2:
            with fastmi.use_threads(2):
                return [answers(*problems[i]) for _ in range(3)]
        return [answers(*problems[i]) for _ in range(3)]

    return together([lambda i=i: solve(i) for i in range(8)]) == [
        [answer] * 3 for answer in expected
    ]


def one_file(write: Callable[[Any], None], read: Callable[[], Any]) -> list[Any]:
    """Writes the same file from eight threads, again and again.

    It is whole at the end, and nothing is left beside it.
    """
    plane = collected()
    together([lambda: [write(plane) for _ in range(10)]] * 8)
    return [read(), len(os.listdir("."))]


def cases(seed: int, long: bool) -> list[Case]:
    n_chunks = 200 if long else 40
    held = [2, True, True, False, 0, 1, ["done"]]
    return [
        Case(
            "two processes on one run, before a checkpoint",
            lambda: two_on_one(after_checkpoint=False),
            held,
            seconds=90,
        ),
        Case(
            "two processes on one run", lambda: two_on_one(after_checkpoint=True), held, seconds=90
        ),
        Case(
            "two processes on one run, --resume",
            lambda: two_on_one("--resume", after_checkpoint=True),
            held,
            seconds=90,
        ),
        Case(
            "two processes on one run, --force",
            lambda: two_on_one("--force", after_checkpoint=True),
            held,
            seconds=90,
        ),
        Case("two runs side by side", two_apart, [[0, 0], 2, ["done", "done"]], seconds=90),
        Case("two readings of one result", two_readings, [True, True, []], seconds=90),
        Case("four writers of 20 rows", lambda: ledger(4, 20), [0, True, []], seconds=60),
        Case(
            "eight threads on one stream",
            lambda: one_stream(seed, 8, n_chunks, False),
            [True, 6.0, True, True],
            seconds=60,
        ),
        Case(
            "eight threads that feed and ask",
            lambda: one_stream(seed, 8, n_chunks, True),
            [True, 6.0, True, True],
            seconds=60,
        ),
        Case("eight threads that merge", lambda: merged(seed), True, seconds=60),
        Case("two streams into each other", each_other, True, seconds=10),
        Case("eight threads that estimate", lambda: estimates(seed), True, seconds=60),
        Case(
            "eight threads on one table",
            lambda: one_file(
                lambda plane: plane.save("p.npz"),
                lambda: fastmi.InformationPlane.load("p.npz").n_samples,
            ),
            [6, 1],
            seconds=60,
        ),
        Case(
            "eight threads on one CSV",
            lambda: one_file(
                lambda plane: tables.write_csv("p.csv", [plane]),
                lambda: len(Path("p.csv").read_text().splitlines()),
            ),
            [7, 1],
            seconds=60,
        ),
    ]
