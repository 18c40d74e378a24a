"""This checkout against another one, in turn: python -m benchmarks.against PATH [--rounds N].

Both versions are timed in one run. Each version works in a process of its own, and only one at a
time: a block of calls here, a block there, their order changed every round. Where a process' memory
happens to lie is worth a few percent, so the rounds are shared out over several pairs of processes.
What is compared is the median over all rounds of the ratio of neighbouring blocks.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent.parent
BLOCK_SECONDS = 0.1


def cases() -> dict[str, Callable[[], object]]:
    """Returns what is timed, by its name: public calls alone, which every version has."""
    import fastmi

    rng = np.random.default_rng(0)
    y, bins = rng.integers(0, 2, 4096), fastmi.UniformBins(30, range=(-1, 1))
    plane = fastmi.PlaneEstimator(np.arange(4096), y, bins)
    layers = [
        np.tanh(rng.normal(size=(5, 4096, d))).astype(np.float32) for d in (10, 7, 5, 4, 3, 2)
    ]
    small = layers[0][0]
    a, b = rng.integers(0, 10, 100_000), rng.integers(0, 12, 100_000)
    return {
        "30 segments": lambda: plane.estimate(layers),
        "30 segments, readings": lambda: plane.readings(layers),
        "one small layer": lambda: plane.estimate(small),
        "labels, 100,000 pairs": lambda: fastmi.mutual_information(a, b),
        "encode, 4096 x 10": lambda: fastmi.encode(small, bins),
    }


def serve() -> None:
    """Times the cases that are asked for, a block a line."""
    warnings.simplefilter("ignore")  # its random layers can size nothing
    calls = cases()
    for call in calls.values():
        call()
    print(json.dumps(list(calls)), flush=True)
    for line in sys.stdin:
        name, n = json.loads(line)
        call, start = calls[name], time.perf_counter()
        for _ in range(n):
            call()
        print((time.perf_counter() - start) / n, flush=True)


class Version:
    """A checkout, at work in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), "--serve", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.names: list[str] = json.loads(self._answer())

    def seconds(self, name: str, n: int) -> float:
        """Times n calls, seconds a call."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, n]) + "\n")
        self._process.stdin.flush()
        return float(self._answer())

    def end(self) -> None:
        """Ends its process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a version ended with status {self._process.wait()}")
        return line


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.against", description=__doc__)
    parser.add_argument("other", type=Path, help="a checkout of another version")
    parser.add_argument("--rounds", type=int, default=48, help="of all pairs together")
    parser.add_argument("--pairs", type=int, default=6, help="of processes")
    arguments = parser.parse_args(argv)
    times: dict[str, list[tuple[float, float]]] = {}
    for _ in range(arguments.pairs):
        versions = Version(arguments.other.resolve()), Version(HERE)
        for name in versions[1].names:
            n = max(1, round(BLOCK_SECONDS / versions[0].seconds(name, 5)))
            for i in range(-(-arguments.rounds // arguments.pairs)):
                turn = (0, 1) if i % 2 else (1, 0)
                seconds = {k: versions[k].seconds(name, n) for k in turn}
                times.setdefault(name, []).append((seconds[0], seconds[1]))
        for version in versions:
            version.end()
    print(f"{'case':24} {'there, us':>10} {'here, us':>10} {'here / there (quartiles)':>28}")
    for name, pairs in times.items():
        low, middle, high = statistics.quantiles((here / there for there, here in pairs), n=4)
        there, here = (1e6 * statistics.median(seconds) for seconds in zip(*pairs, strict=True))
        print(f"{name:24} {there:10.1f} {here:10.1f} {middle:14.3f} ({low:.3f}-{high:.3f})")
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        sys.path[0] = sys.argv[2]
        serve()
    else:
        raise SystemExit(main())
