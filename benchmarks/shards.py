"""Shards that are counted by one worker, by two, and by two of which one is killed meanwhile.

Row i is the digits, to the base 1024, of a number below about a third of n that i is mixed to, so
that rows come about three times each and in no order; its label is the number modulo 16, and one
more for every third row. Shards are .npy files. All answers are compared with those of one stream
that spills; what a worker's memory grew by is compared with its budget.

`python -m benchmarks.shards --rows 2e8 --shards 40 --memory 1e9`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import fastmi
from fastmi.answers import Answers
from fastmi.arrays import Activations, IntArray
from fastmi.distributed import count

__all__ = ["main", "rows"]

BASE, DIGITS, CLASSES = 1024, 3, 16
BINS = fastmi.UniformBins(BASE, range=(0, BASE))
MIXER = 0x9E3779B97F4A7C15


def rows(first: int, n: int, n_all: int) -> tuple[Activations, IntArray]:
    """Makes the rows first..first + n - 1 of n_all, (n, 3) float32, and their labels (n,) uint8."""
    i = np.arange(first, first + n, dtype=np.uint64)
    mixed = i * np.uint64(MIXER)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(MIXER)
    number = ((mixed >> np.uint64(32)) % np.uint64(max(1, n_all // 3))).astype(np.int64)
    t = np.empty((n, DIGITS), np.float32)
    for digit in range(DIGITS):
        t[:, digit] = (number >> (10 * digit)) & (BASE - 1)
    return t, ((number + (i % np.uint64(3) == 0)) % CLASSES).astype(np.uint8)


def _written(folder: Path, n: int, n_shards: int) -> tuple[list[Path], list[Path]]:
    """Writes the shards: (of t, of y)."""
    cuts = [n * i // n_shards for i in range(n_shards + 1)]
    for i in range(n_shards):
        t, y = rows(cuts[i], cuts[i + 1] - cuts[i], n)
        np.save(folder / f"t{i}.npy", t)
        np.save(folder / f"y{i}.npy", y)
    return [[folder / f"{name}{i}.npy" for i in range(n_shards)] for name in "ty"]  # type: ignore


def _peak(seconds: float) -> tuple[tuple[int, int], int]:
    """Tells which process and thread it is, and the most bytes that were resident there.

    Not by getrusage: a process that is started has the peak of the one that started it.
    """
    time.sleep(seconds)
    status = Path("/proc/self/status").read_text()
    return (os.getpid(), threading.get_ident()), int(status.split("VmHWM:")[1].split()[0]) * 1024


def _warm() -> None:
    """Loads and compiles what counting needs, before anything is measured."""
    t, y = rows(0, 3000, 3000)
    with tempfile.TemporaryDirectory() as folder:
        count([t[:1000], t[1000:]], BINS, y=[y[:1000], y[1000:]], folder=folder)
        stream = fastmi.Stream(BINS, spill=folder, memory=1)
        for _ in range(3):
            stream.update(t, y)
        assert stream.mutual_information > 0
        stream.close()


def _pool(n_workers: int) -> Executor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(n_workers, mp_context=context, initializer=_warm)


def _peaks(pool: Executor, n_workers: int) -> dict[tuple[int, int], int]:
    """Asks until all have answered, the last of which may still be starting."""
    found: dict[tuple[int, int], int] = {}
    while len(found) < n_workers:
        found |= dict(pool.map(_peak, [0.1] * 2 * n_workers))
    return found


def _timed(work: Callable[[], Answers]) -> tuple[float, dict[str, Any]]:
    began = time.perf_counter()
    found = work()
    seconds = time.perf_counter() - began
    return seconds, {"n_symbols": found.n_symbols, **found.report().to_dict()}


def _of_stream(paths: tuple[list[Path], list[Path]], folder: Path, memory: int) -> Answers:
    """Counts all in one stream, for what the floats have to be."""
    with fastmi.Stream(BINS, spill=folder, memory=memory) as stream:
        for t, y in zip(*paths, strict=True):
            stream.update(np.load(t), np.load(y))
        return stream._answers()


class _Killing:
    """Makes pools, and kills a worker of the first after some seconds."""

    def __init__(self, seconds: float, n_workers: int) -> None:
        self.seconds, self.n_workers, self.n_made = seconds, n_workers, 0

    def __call__(self) -> Executor:
        pool = _pool(self.n_workers)
        self.n_made += 1
        if self.n_made == 1:
            (pid, _), *_ = _peaks(pool, self.n_workers)
            threading.Timer(self.seconds, os.kill, (pid, signal.SIGKILL)).start()
        return pool


def main(arguments: list[str] | None = None) -> int:
    """Counts in all ways, compares, and prints what they took; 1 where an answer differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=float, default=1e7)
    parser.add_argument("--shards", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory", type=float, default=1e9, help="bytes, of a worker")
    parser.add_argument("--folder", default=None, help="for shards and runs")
    given = parser.parse_args(arguments)
    n, memory = int(given.rows), int(given.memory)
    right = True
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        (folder / "shards").mkdir()
        (folder / "runs").mkdir()
        paths = _written(folder / "shards", n, given.shards)
        counted = partial(count, paths[0], BINS, y=paths[1], folder=folder / "runs", memory=memory)
        _warm()
        seconds, expected = _timed(partial(_of_stream, paths, folder / "runs", memory))
        print(f"one stream: {seconds:.1f} s; {expected['symbols']}, I(T;Y) = {expected['value']!r}")
        taken = {}
        for n_workers in (1, given.workers):
            with _pool(n_workers) as pool:
                before = _peaks(pool, n_workers)
                taken[n_workers], found = _timed(partial(counted, executor=pool))
                grown = [peak - before[who] for who, peak in _peaks(pool, n_workers).items()]
            right &= found == expected and max(grown) <= memory
            rate = n / taken[n_workers]
            print(
                f"{n_workers} workers: {taken[n_workers]:.1f} s, {rate:,.0f} rows/s, "
                f"{'equal' if found == expected else 'NOT EQUAL'}; grew by at most "
                f"{max(grown):,} bytes of {memory:,}"
            )
        print(f"{taken[1] / taken[given.workers]:.2f} times faster than one")
        killing = _Killing(taken[given.workers] / 3, given.workers)
        seconds, found = _timed(partial(counted, executor=killing))
        right &= found == expected and killing.n_made > 1
        print(
            f"one killed: {seconds:.1f} s, with {killing.n_made} pools, "
            f"{'equal' if found == expected else 'NOT EQUAL'}"
        )
        left = list((folder / "runs").iterdir())
        print(f"{len(left)} files left")
    return 0 if right and not left else 1


if __name__ == "__main__":
    sys.exit(main())
