"""The CPU twin: encode, identify and tally by the kernels beside it, on as many threads as `use_threads` allows."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi.backends import Census, IntArray, Occurrences
from fastmi.backends.numba_kernels import Plan, digitise_uniform, encode_rows, renumber, room, scatter, tally_segments
from fastmi.backends.threads import n_threads, together

__all__ = ["encode", "identify", "receive", "tally"]

_wraps = np.errstate(over="ignore")  # codes are modulo 2^64: NumPy scalars warn of it, compiled kernels never do

TILE = 2048  # symbols kept in the first-level cache between digitising and coding
SEGMENTS = 4096  # segments tallied in one call: bounds the room for the answer
LONG = 2**16  # codes of a segment from which its table leaves the cache,
BUCKET = 2**13  # and of the buckets that it is then spread over
PIECE = 2**17  # numbers worth the start of a thread
SHARES = 4  # pieces of work a thread, so that one that is held up holds up little


@lru_cache(maxsize=256)
def _plan(edge_bytes: bytes, line: tuple[float, float] | None = None) -> Plan:
    """`line` is (origin, step) of evenly spaced edges before they were rounded to float32; it is a guess, to be proved."""
    edges = np.frombuffer(edge_bytes, np.float32)
    padded = np.full(1 << edges.size.bit_length(), np.inf, np.float32)
    padded[: edges.size] = edges
    low, high = float(edges[0]), float(edges[-1])
    origin, step = line or (low, (high - low) / (edges.size - 1))
    with np.errstate(over="ignore"):
        inverse = np.float32(1 / np.float64(step))
    plan = Plan(bool(np.isfinite(inverse)), np.float64(origin), inverse, np.float64(step), padded)
    return plan._replace(uniform=plan.uniform and _proved(plan, edges))


@_wraps
def _proved(plan: Plan, edges: npt.NDArray[np.float32]) -> bool:
    """Whether the uniform kernel equals np.digitize for every float32.

    Its symbol never falls as x grows, so being right at each edge and one float below it proves it right everywhere between.
    """
    points = np.concatenate([edges, np.nextafter(edges, np.float32(-np.inf))])
    symbols = np.empty(points.size, np.int32)
    n_edges = np.int32(edges.size)
    digitise_uniform(points, plan.origin, plan.inverse, plan.step, n_edges, (np.int32(0), n_edges), symbols)
    return bool(np.array_equal(symbols, np.digitize(points, edges)))


def receive(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """NumPy arrays are what this twin works on."""
    return array


@_wraps
def encode(
    layers: list[npt.NDArray[np.float32]],
    edges: npt.NDArray[np.float32],
    ends: tuple[int, int],
    weights: list[IntArray],
    line: tuple[float, float] | None = None,
) -> tuple[IntArray, list[Census]]:
    """[activations (m, d) float32] -> codes (l, m) int64, and for each layer the census of what fell outside."""
    codes = np.empty((len(layers), len(layers[0])), np.int64)
    plan, n_edges, numbers = _plan(edges.tobytes(), line), np.int32(edges.size), (np.int32(ends[0]), np.int32(ends[1]))
    found = []
    for layer, weight, out in zip(layers, weights, codes, strict=True):
        flat, d = np.ascontiguousarray(layer).reshape(-1), weight.size

        def rows(part: slice, flat=flat, d=d, weight=weight, out=out) -> tuple[int, int]:
            symbols = np.empty(max(TILE, d), np.int32)
            return encode_rows(flat[part.start * d : part.stop * d], d, plan, n_edges, numbers, weight, symbols, out[part])

        census = together([partial(rows, part) for part in _parts(out.size, d)])
        found.append(Census(*(sum(counts) for counts in zip(*census, strict=True))))
    return codes, found


def _parts(n: int, size: int) -> list[slice]:
    """n things of a size, cut for the threads; one part where they would not be worth it."""
    n_parts = min(n_threads() * SHARES, n * size // PIECE) if n_threads() > 1 else 1
    step = -(-n // max(1, n_parts))
    return [slice(first, min(n, first + step)) for first in range(0, n, step)]


@_wraps
def identify(codes: IntArray) -> tuple[IntArray, int]:
    """codes (n,) -> ids (n,) in 0..n_symbols - 1, and n_symbols."""
    ids = np.empty(codes.size, np.int64)
    n_symbols = renumber(codes, 0, room(codes.size), ids)
    return ids - 1, int(n_symbols)


@_wraps
def tally(codes: IntArray, labels: IntArray, n_labels: tuple[int, ...]) -> Occurrences:
    """codes (s, n), labels (l, n) in 0..n_labels[l] - 1 -> occurrences of the codes, then of each pair (code, label)."""
    n_segments, n = codes.shape
    if n > LONG:
        pieces = [(i, _tally_long(segment, labels, n_labels)) for i, segment in enumerate(codes)]
    else:
        parts = [
            slice(i, min(i + SEGMENTS, part.stop))
            for part in _parts(n_segments, n)
            for i in range(part.start, part.stop, SEGMENTS)
        ]
        starts = np.arange(n_segments + 1) * n
        found = together(
            [partial(_tally, codes[part].reshape(-1), starts[: part.stop - part.start + 1], labels, n_labels) for part in parts]
        )
        pieces = [(part.start, rows) for part, rows in zip(parts, found, strict=True)]
    for first, rows in pieces:
        for k, occurrences in enumerate(rows):
            occurrences[0] += k * n_segments + first
    return Occurrences(*np.concatenate([rows[k] for k in range(len(n_labels) + 1) for _, rows in pieces], axis=1))


def _tally(
    codes: IntArray, starts: IntArray, labels: IntArray, n_labels: tuple[int, ...], skip: int = 0, aligned: bool = False
) -> list[IntArray]:
    """Segments codes[starts[s] : starts[s + 1]] -> (segment, times, symbols) of the codes, then of each kind of pair."""
    longest = int(np.diff(starts).max())
    distinct_counts = (int(np.sqrt(8.0 * longest + 1)) - 1) // 2 + 1  # 1 + 2 + ... + k <= n
    out = np.empty((len(n_labels) + 1, 3, (len(starts) - 1) * distinct_counts), np.int64)
    sizes, cells = np.asarray(n_labels, np.int64), np.empty(4 * longest, np.uint32)
    written = tally_segments(codes, starts, skip, labels, aligned, sizes, room(longest), cells, out)
    return [rows[:, :length] for rows, length in zip(out, written.tolist(), strict=True)]


def _tally_long(codes: IntArray, labels: IntArray, n_labels: tuple[int, ...]) -> list[IntArray]:
    """One segment too long for the cache: in buckets, unless a sample says that few codes differ."""
    n = len(codes)
    sample = codes[: BUCKET // 2]
    if renumber(sample, 0, room(len(sample)), np.empty(len(sample), np.int64)) < len(sample) // 2:
        return _tally(codes, np.array([0, n]), labels, n_labels)
    bits = min(10, (n // BUCKET).bit_length())
    starts, spread, beside = np.empty((1 << bits) + 1, np.int64), np.empty_like(codes), np.empty_like(labels)
    scatter(codes, labels, bits, starts, spread, beside)
    found = together(
        [
            partial(_tally, spread, starts[part.start : part.stop + 1], beside, n_labels, bits, True)
            for part in _parts(1 << bits, BUCKET)
        ]
    )
    return [_added(np.concatenate(rows, axis=1)) for rows in zip(*found, strict=True)]


def _added(occurrences: IntArray) -> IntArray:
    """The occurrences of buckets are those of one segment: no symbol is in two of them."""
    times, where = np.unique(occurrences[1], return_inverse=True)
    symbols = np.bincount(where, weights=occurrences[2]).astype(np.int64)
    return np.stack([np.zeros_like(times), times, symbols])
