"""One float for every order of the samples, every partition into chunks, and both backends.

And for any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch

import fastmi

from .judge import Case

BINS = fastmi.UniformBins(20, range=(-1, 1))
Answers = tuple[float, ...]


def problem(seed: int, n: int, d: int) -> tuple[Any, Any, Any]:
    """Draws x (n, 3), y (n,), t (n, d), rows of which repeat."""
    rng = np.random.default_rng(seed)
    t = rng.normal(0, 0.6, (n, d)).astype(np.float32)[rng.integers(n, size=n)]
    return rng.integers(3, size=(n, 3)), rng.integers(5, size=n), t


def answers(x: Any, y: Any, t: Any) -> Answers:
    """Computes every number of a problem."""
    plane = fastmi.PlaneEstimator(x, y, BINS)
    readings = plane.readings(
        [np.stack([t, -t])] if isinstance(t, np.ndarray) else [torch.stack([t, -t])]
    )
    return (
        *plane.estimate(t).ravel().tolist(),
        *readings["each"].bits.ravel().tolist(),
        *readings["mixture"].bits.ravel().tolist(),
        *readings["mixture"].coverage.ravel().tolist(),
        fastmi.entropy(x),
        fastmi.mutual_information(x, y),
        fastmi.mutual_information(y, x),
        fastmi.conditional_mutual_information(x[:, 0], y, x[:, 1]),
    )


def permuted(seed: int, rounds: int, n: int, d: int) -> int:
    """Counts how many of so many orders give another float."""
    x, y, t = problem(seed, n, d)
    expected, rng = answers(x, y, t), np.random.default_rng(seed + 1)
    orders = [
        np.arange(n)[::-1],
        np.argsort(y, kind="stable"),
        *(rng.permutation(n) for _ in range(rounds - 2)),
    ]
    return sum(answers(x[order], y[order], t[order]) != expected for order in orders)


def streamed(t: Any, y: Any, cuts: Any, merged: bool) -> Answers:
    """Answers by a stream of these chunks, or by streams merged."""
    streams = []
    for chunk, labels in zip(np.split(t, cuts), np.split(y, cuts), strict=True):
        if len(chunk):
            if merged or not streams:
                streams.append(fastmi.Stream(BINS))
            streams[-1].update(chunk, labels)
    while len(streams) > 1:
        streams[-2].merge(streams[-1])
        streams.pop()
    (stream,) = streams
    return (
        stream.entropy,
        stream.entropy_y,
        stream.mutual_information,
        stream.n_symbols,
        stream.coverage,
        stream.n_samples,
    )


def partitioned(seed: int, rounds: int, n: int, d: int) -> int:
    """Counts how many partitions of orders give another float than one chunk, or than one call."""
    _, y, t = problem(seed, n, d)
    rng = np.random.default_rng(seed + 2)
    expected = streamed(t, y, [], False)
    codes = fastmi.encode(t, BINS)
    one_call = (fastmi.entropy(codes), fastmi.entropy(y), fastmi.mutual_information(codes, y))
    wrong = int(expected[:3] != one_call)
    for k in range(rounds):
        order = rng.permutation(n) if k % 2 else np.arange(n)
        cuts = np.sort(rng.integers(n, size=rng.integers(1, 9)))
        wrong += streamed(t[order], y[order], cuts, merged=k % 3 == 0) != expected
    return wrong


def backends(seed: int, n: int, d: int) -> bool:
    """Sends NumPy arrays and CPU tensors through both twins: they give the same numbers."""
    x, y, t = problem(seed, n, d)
    given = []
    for name in ("numba", "torch"):
        for put in (lambda array: array, torch.from_numpy):
            with fastmi.use_backend(name):
                given.append(answers(put(x), put(y), put(t)))
    return len(set(given)) == 1


def threads(seed: int, n: int, d: int) -> bool:
    x, y, t = problem(seed, n, d)
    given = []
    for n_threads in (None, 1, 2, 3, 8):
        with nullcontext() if n_threads is None else fastmi.use_threads(n_threads):
            given.append(answers(x, y, t))
    return len(set(given)) == 1


def _case(name: str, call: Callable[[], Any], expected: Any) -> Case:
    return Case(name, call, expected, seconds=120)


def cases(seed: int, long: bool) -> list[Case]:
    rounds = 10 if long else 1
    return [
        *(
            _case(
                f"{201 * rounds} permutations of {n} samples, {d} units",
                lambda n=n, d=d: permuted(seed, 201 * rounds, n, d),
                0,
            )
            for n, d in ((50, 2), (400, 20))
        ),
        _case(
            f"{9 * rounds} permutations of 200,000 samples",
            lambda: permuted(seed, 9 * rounds, 200_000, 3),
            0,
        ),
        *(
            _case(
                f"{150 * rounds} partitions of {n} samples, {d} units",
                lambda n=n, d=d: partitioned(seed, 150 * rounds, n, d),
                0,
            )
            for n, d in ((60, 2), (3000, 20))
        ),
        *(
            _case(
                f"both backends, {n} samples, {d} units",
                lambda n=n, d=d: backends(seed, n, d),
                True,
            )
            for n, d in ((50, 2), (3000, 20), (20_000, 70))
        ),
        *(
            _case(f"threads, {n} samples, {d} units", lambda n=n, d=d: threads(seed, n, d), True)
            for n, d in ((50, 2), (100_000, 20), (300_000, 3))
        ),
    ]
