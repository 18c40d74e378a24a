"""How the cost grows: one number moved, everything else fixed.

Each point agrees with NumPy where NumPy can be waited for.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

import fastmi
from benchmarks.estimating import BINNING
from benchmarks.recipes import NumpyPlane, symbols_by_arithmetic, symbols_by_digitize
from benchmarks.reference import EDGES
from benchmarks.timing import Race

__all__ = ["CURVES", "Curve", "layer_race"]

AFFORDABLE_ACTIVATIONS = 10_000_000, 1_000_000  # that NumPy is asked for; with --quick
HELD_SEGMENTS = 1000  # at once: more of them are the same ones again
N_UNITS = 10
CHUNK_ROWS = 1_000_000  # of a streamed chunk
HELD_CHUNKS = 4  # different ones: more of them are the same ones again


@dataclass(frozen=True)
class Curve:
    """`points(quick)` yields the number that is moved, as `axis` calls it, and the race there."""

    name: str
    description: str
    axis: str
    points: Callable[[bool], Iterator[tuple[int, Race]]]


def layer_race(n_segments: int, n: int, d: int, affordable: int) -> Race:
    """Races over segments of n samples and d units, in bounded memory.

    Nearly all rows differ: the costly kind.
    """
    rng = np.random.default_rng(0)
    held = min(n_segments, HELD_SEGMENTS)
    layer = np.tanh(4 * rng.standard_normal((held, n, d), dtype=np.float32))
    x, y = np.arange(n)[:, None], rng.integers(2, size=n)
    candidates: dict[str, Callable[[], Any]] = {
        "fastmi": partial(_rest_again, _fastmi(x, y), layer, n_segments)
    }
    absent = {}
    for name, symbols in (
        ("NumPy, bins by arithmetic", symbols_by_arithmetic),
        ("NumPy, np.digitize", symbols_by_digitize),
    ):
        if n_segments * n * d > affordable:
            absent[name] = f"more than {affordable:,} activations"
        else:
            candidates[name] = partial(_rest_again, _numpy(x, y, symbols), layer, n_segments)
    return Race(candidates, absent=absent, n_bytes=4 * n_segments * n * d)


def _rest_again(
    estimate: Callable[[Any], Any], layer: npt.NDArray[np.float32], n_segments: int
) -> Any:
    """Reads the segments that are held over and over, until n_segments have been read."""
    points = None
    for first in range(0, n_segments, len(layer)):
        points = estimate(layer[: n_segments - first])
    return points


def _fastmi(x: Any, y: Any) -> Callable[[Any], Any]:
    plane = fastmi.PlaneEstimator(x, y, BINNING)
    return lambda layer: plane.estimate(layer)[:, 0]


def _numpy(x: Any, y: Any, symbols: Any) -> Callable[[Any], Any]:
    plane = NumpyPlane(x, y, EDGES, symbols)
    return lambda layer: np.array([plane.point(segment) for segment in layer])


def _samples(quick: bool) -> Iterator[tuple[int, Race]]:
    """Moves the number of samples, up to what fits into memory; beyond it see `_streamed`."""
    for n in (10**k for k in range(3, 7 if quick else 8)):
        yield n, layer_race(1, n, N_UNITS, AFFORDABLE_ACTIVATIONS[quick])


def _streamed(quick: bool) -> Iterator[tuple[int, Race]]:
    """Moves the number of samples beyond memory: of chunk after chunk, distinct rows are kept."""
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((3, N_UNITS), dtype=np.float32)
    shape = (HELD_CHUNKS, CHUNK_ROWS // 10 if quick else CHUNK_ROWS)
    chunks = np.tanh(16 * rng.standard_normal((*shape, 3), dtype=np.float32) @ weights)
    labels = rng.integers(2, size=shape)
    for n_chunks in (1, 10) if quick else (1, 10, 100):
        n = n_chunks * shape[1]
        candidates: dict[str, Callable[[], Any]] = {
            "fastmi.Stream": partial(_stream, chunks, labels, n_chunks)
        }
        if n_chunks <= 10:
            order = np.arange(n_chunks) % HELD_CHUNKS
            plane = fastmi.PlaneEstimator(np.arange(n), labels[order].reshape(-1), BINNING)
            candidates["fastmi, all at once"] = partial(
                _at_once, plane, chunks[order].reshape(n, N_UNITS)
            )
        absent = (
            {} if n_chunks <= 10 else {"fastmi, all at once": "more than is held in memory here"}
        )
        yield n, Race(candidates, absent=absent, n_bytes=4 * n * N_UNITS, weighed=True)


def _stream(
    chunks: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], n_chunks: int
) -> list[float]:
    """Streams the chunks, which come again and again: H(T) and I(T;Y) in bits."""
    stream = fastmi.Stream(BINNING)
    for i in range(n_chunks):
        stream.update(chunks[i % HELD_CHUNKS], labels[i % HELD_CHUNKS])
    return [stream.entropy, stream.mutual_information]


def _at_once(plane: fastmi.PlaneEstimator, layer: npt.NDArray[np.float32]) -> Any:
    """Estimates the same of the whole layer: where every x is distinct, I(X;T) is H(T)."""
    return plane.estimate(layer)[0]


def _units(quick: bool) -> Iterator[tuple[int, Race]]:
    for d in (
        (1, 3, 10, 30, 100, 300, 1000) if quick else (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)
    ):
        yield d, layer_race(1, 4096, d, AFFORDABLE_ACTIVATIONS[quick])


def _segments(quick: bool) -> Iterator[tuple[int, Race]]:
    for n_segments in (10**k for k in range(4 if quick else 6)):
        yield n_segments, layer_race(n_segments, 1000, N_UNITS, AFFORDABLE_ACTIVATIONS[quick])


def _threads(quick: bool) -> Iterator[tuple[int, Race]]:
    """Moves the threads, up to all cores and to two: one more than cores must not cost much."""
    race = layer_race(100 if quick else HELD_SEGMENTS, 4096, N_UNITS, 0)
    alone = race.candidates["fastmi"]
    for n in sorted({2**k for k in range((os.cpu_count() or 1).bit_length())} | {2}):
        yield n, Race({"fastmi": partial(_threaded, alone, n), "fastmi, one thread": alone})


def _threads_beside_others(quick: bool) -> Iterator[tuple[int, Race]]:
    """Moves the threads while other programs keep all cores but one busy."""
    others = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(max(1, (os.cpu_count() or 1) - 1))
    ]
    try:
        yield from _threads(quick)
    finally:
        for other in others:
            other.kill()
            other.wait()


def _threaded(run: Callable[[], Any], n: int) -> Any:
    with fastmi.use_threads(n):
        return run()


THREADED = "a thousand segments of 4096 samples x 10 units (--quick: a hundred)"
CURVES = (
    Curve("samples", "one layer of 10 units, rows nearly all distinct", "samples", _samples),
    Curve(
        "chunks",
        f"one layer of {N_UNITS} units, few rows distinct, streamed a million at a time",
        "samples",
        _streamed,
    ),
    Curve("units", "one layer, 4096 samples, rows all distinct", "units", _units),
    Curve(
        "segments",
        "segments of 1000 samples x 10 units, a thousand in memory at a time",
        "segments",
        _segments,
    ),
    Curve("threads", THREADED, "threads", _threads),
    Curve(
        "threads-busy",
        f"{THREADED}, while other programs keep all cores but one busy",
        "threads",
        _threads_beside_others,
    ),
)
