"""The CPU twin: one pass digitises and codes, one open-addressing table per segment counts.

Kernels are plain functions first (`_name`) and compiled second (`name`), so they also run under NUMBA_DISABLE_JIT=1.
They release the GIL and start no threads of their own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from fastmi.backends import Census, IntArray, Occurrences

__all__ = ["encode", "identify", "receive", "tally"]


def _jit(kernel: Any) -> Any:
    """Compiled at first use and kept on disk, where there is a place to keep it (NUMBA_CACHE_DIR names one)."""
    try:
        return njit(nogil=True, cache=True)(kernel)
    except RuntimeError:  # an installation that cannot be written to, and no home: compile anew in every process
        return njit(nogil=True)(kernel)


_wraps = np.errstate(over="ignore")  # codes are modulo 2^64: NumPy scalars warn of it, compiled kernels never do

TILE = 2048  # symbols kept in the first-level cache between digitising and coding
SEGMENTS = 4096  # segments tallied in one call: bounds the room for the answer
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


# --- digitise: float32 -> 0..n_edges, as np.digitize(x, edges) --------------------------------------------------------


def _digitise_uniform(x, origin, inverse, step, n_edges, ends, symbols):
    """Evenly spaced edges: the nearest edge by one multiplication, then one exact comparison. Returns how many fell outside."""
    last = np.float32(n_edges - 1)
    low = np.float32(origin)
    outside = np.int32(0)
    for i in range(x.size):
        v = x[i]
        nearest = (v - low) * inverse + np.float32(0.5)
        nearest = nearest if nearest > np.float32(0) else np.float32(0)  # NaN lands on 0: min and max would let it through
        nearest = nearest if nearest < last else last
        j = np.int32(nearest)
        symbol = np.int32(j + np.int32(v >= np.float32(np.float64(j) * step + origin)))
        outside = np.int32(outside + np.int32((symbol == 0) | (symbol == n_edges)))  # int32 throughout: half the vector width
        symbol = ends[0] if symbol == 0 else symbol
        symbols[i] = ends[1] if symbol == n_edges else symbol
    return outside


def _digitise_any(x, padded, n_edges, ends, symbols):
    """Any edges, padded with +inf to a power of two: a binary search without branches, the whole tile a step at a time."""
    for i in range(x.size):
        symbols[i] = 0
    half = padded.size // 2
    while half > 0:
        for i in range(x.size):
            symbols[i] += half if x[i] >= padded[symbols[i] + half - 1] else 0
        half //= 2
    outside = np.int32(0)
    for i in range(x.size):
        symbol = symbols[i] if symbols[i] < n_edges else n_edges  # +inf passes the padding too
        outside = np.int32(outside + np.int32((symbol == 0) | (symbol == n_edges)))
        symbol = ends[0] if symbol == 0 else symbol
        symbols[i] = ends[1] if symbol == n_edges else symbol
    return outside


def _count_nan(x):
    nan = 0
    for i in range(x.size):
        nan += np.int32(x[i] != x[i])
    return nan


digitise_uniform = _jit(_digitise_uniform)
digitise_any = _jit(_digitise_any)
count_nan = _jit(_count_nan)


class Plan(NamedTuple):
    """How one set of edges is searched: `uniform` only where that was proved to be np.digitize."""

    uniform: bool
    origin: np.float64
    inverse: np.float32
    step: np.float64
    padded: npt.NDArray[np.float32]


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


# --- encode: rows of activations -> one code a row --------------------------------------------------------------------


def _encode_rows(x, n_units, plan, n_edges, ends, weights, symbols, codes):
    """Digitise as many whole rows as the tile holds, then code[r] = sum_d symbol[r, d] * weight[d] modulo 2^64."""
    nan = outside = 0
    rows_per_tile = symbols.size // n_units
    for first in range(0, codes.size, rows_per_tile):
        last = min(codes.size, first + rows_per_tile)
        tile = x[first * n_units : last * n_units]
        if plan.uniform:
            found = digitise_uniform(tile, plan.origin, plan.inverse, plan.step, n_edges, ends, symbols)
        else:
            found = digitise_any(tile, plan.padded, n_edges, ends, symbols)
        if found:  # only then can there be a NaN: it passes as symbol 0
            outside += found
            nan += count_nan(tile)
        combine(symbols, weights, codes[first:last])
    return nan, outside


def _combine(symbols, weights, codes):
    """Narrow rows by a loop made for their width, which the compiler unrolls over several rows at once."""
    w = weights
    if w.size == 1:
        combine_narrow(symbols, (w[0],), codes)
    elif w.size == 2:
        combine_narrow(symbols, (w[0], w[1]), codes)
    elif w.size == 3:
        combine_narrow(symbols, (w[0], w[1], w[2]), codes)
    elif w.size == 4:
        combine_narrow(symbols, (w[0], w[1], w[2], w[3]), codes)
    elif w.size == 5:
        combine_narrow(symbols, (w[0], w[1], w[2], w[3], w[4]), codes)
    elif w.size == 6:
        combine_narrow(symbols, (w[0], w[1], w[2], w[3], w[4], w[5]), codes)
    elif w.size == 7:
        combine_narrow(symbols, (w[0], w[1], w[2], w[3], w[4], w[5], w[6]), codes)
    elif w.size == 8:
        combine_narrow(symbols, (w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]), codes)
    else:
        for row in range(codes.size):
            code = np.int64(0)
            for d in range(w.size):
                code += np.int64(symbols[row * w.size + d]) * w[d]
            codes[row] = code


def _combine_narrow(symbols, weights, codes):
    """`weights` is a tuple: its length is known to the compiler."""
    for row in range(codes.size):
        code = np.int64(0)
        for d in range(len(weights)):
            code += np.int64(symbols[row * len(weights) + d]) * weights[d]
        codes[row] = code


combine_narrow = _jit(_combine_narrow)
combine = _jit(_combine)
encode_rows = _jit(_encode_rows)


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
    symbols = np.empty(max(TILE, *(weight.size for weight in weights)), np.int32)
    plan, n_edges, numbers = _plan(edges.tobytes(), line), np.int32(edges.size), (np.int32(ends[0]), np.int32(ends[1]))
    found = []
    for layer, weight, out in zip(layers, weights, codes, strict=True):
        flat = np.ascontiguousarray(layer).reshape(-1)
        found.append(Census(*encode_rows(flat, weight.size, plan, n_edges, numbers, weight, symbols, out)))
    return codes, found


# --- identify and tally: codes -> dense ids -> how many symbols occur once, twice, ... --------------------------------


class Room(NamedTuple):
    """What `renumber` works in, for segments of n codes: made once, used for all of them."""

    shift: np.uint64
    slots: npt.NDArray[np.uint32]
    table: npt.NDArray[np.uint32]
    keys: npt.NDArray[np.int64]
    counts: npt.NDArray[np.uint32]


def _room(n: int) -> Room:
    """The table is at most a quarter full: a probe that collides is a branch mispredicted, and costs more than the room."""
    bits = (4 * n - 1).bit_length()
    shift = np.uint64(64 - min(bits, 32))
    parts = (np.empty(n, np.uint32), np.empty(1 << bits, np.uint32), np.empty(n + 1, np.int64), np.empty(n + 1, np.uint32))
    return Room(shift, *parts)


def _hash(codes, shift, slots):
    for i in range(codes.size):
        key = np.uint64(codes[i])
        slots[i] = np.uint32(((key ^ (key >> np.uint64(32))) * GOLDEN) >> shift)


def _renumber(codes, room, ids):
    """Give equal codes one id, 1, 2, ... in the order of arrival, and count them at room.counts[id].

    Linear probing; the table holds ids, 0 where it is empty. Whether a code is new cannot be predicted, so nothing branches
    on it: keys[0] is made the code itself, so that an empty slot ends the search as a hit does, and what a new code would
    write is written for a known one too. Unsigned throughout: a signed index costs a test for a negative one at every access.
    """
    table, keys, counts = room.table, room.keys, room.counts
    hash_codes(codes, room.shift, room.slots)
    table[:] = 0
    counts[:] = 0
    mask = np.uint64(table.size - 1)
    n_symbols = np.uint32(0)
    for i in range(codes.size):
        code = codes[i]
        keys[0] = code
        slot = np.uint64(room.slots[i])
        symbol = table[slot]
        while keys[symbol] != code:
            slot = (slot + np.uint64(1)) & mask
            symbol = table[slot]
        new = np.uint32(symbol == 0)
        n_symbols += new
        symbol = n_symbols if new else symbol
        table[slot] = symbol
        keys[symbol] = code
        counts[symbol] += np.uint32(1)
        ids[i] = symbol
    return n_symbols


def _count_pairs(ids, labels, n_labels, cells):
    for i in range(ids.size):
        cells[np.uint64(ids[i]) * np.uint64(n_labels) + np.uint64(labels[i])] += np.uint32(1)


def _write(counts, histograms, segment, where, out):
    """Counts -> (segment, times, symbols) in ascending order, appended at `where`; leaves the histograms zero again.

    Four histograms (n + 1, 4) take turns: most counts are equal, and an increment would wait for the one before it.
    """
    highest = np.uint32(0)
    for k in range(counts.size):
        highest = max(highest, counts[k])
    fours = counts.size // 4 * 4
    for k in range(0, fours, 4):
        histograms[counts[k], 0] += np.uint32(1)
        histograms[counts[k + 1], 1] += np.uint32(1)
        histograms[counts[k + 2], 2] += np.uint32(1)
        histograms[counts[k + 3], 3] += np.uint32(1)
    for k in range(fours, counts.size):
        histograms[counts[k], 0] += np.uint32(1)
    for times in range(np.int64(highest) + 1):
        symbols = np.uint32(0)
        for turn in range(4):
            symbols += histograms[times, turn]
            histograms[times, turn] = 0
        if times > 0 and symbols > 0:
            out[0, where] = segment
            out[1, where] = times
            out[2, where] = symbols
            where += 1
    return where


def _tally_segments(codes, labels, n_labels, room, cells, out):
    """For every segment: the occurrences of its codes, and of its codes paired with each row of labels."""
    n = codes.shape[1]
    ids, pair_ids, joint = np.empty(n, np.uint32), np.empty(n, np.uint32), np.empty(n, np.int64)
    histograms = np.zeros((n + 1, 4), np.uint32)
    written = np.zeros(len(n_labels) + 1, np.int64)
    for segment in range(codes.shape[0]):
        n_symbols = np.int64(renumber(codes[segment], room, ids))
        written[0] = write(room.counts[1 : n_symbols + 1], histograms, segment, written[0], out[0])
        for k in range(len(n_labels)):
            n_cells = (n_symbols + 1) * n_labels[k]  # ids begin at 1: the first n_labels cells stay empty
            if n_cells <= cells.size:
                cells[:n_cells] = 0
                count_pairs(ids, labels[k], n_labels[k], cells)
                written[k + 1] = write(cells[:n_cells], histograms, segment, written[k + 1], out[k + 1])
            else:  # too many pairs for a table of all of them: count those that occur
                for i in range(n):
                    joint[i] = np.int64(ids[i]) * n_labels[k] + labels[k, i]
                n_pairs = np.int64(renumber(joint, room, pair_ids))
                written[k + 1] = write(room.counts[1 : n_pairs + 1], histograms, segment, written[k + 1], out[k + 1])
    return written


hash_codes = _jit(_hash)
renumber = _jit(_renumber)
count_pairs = _jit(_count_pairs)
write = _jit(_write)
tally_segments = _jit(_tally_segments)


@_wraps
def identify(codes: IntArray) -> tuple[IntArray, int]:
    """codes (n,) -> ids (n,) in 0..n_symbols - 1, and n_symbols."""
    ids = np.empty(codes.size, np.int64)
    n_symbols = renumber(codes, _room(codes.size), ids)
    return ids - 1, int(n_symbols)


@_wraps
def tally(codes: IntArray, labels: IntArray, n_labels: tuple[int, ...]) -> Occurrences:
    """codes (s, n), labels (l, n) in 0..n_labels[l] - 1 -> occurrences of the codes, then of each pair (code, label)."""
    n_segments, n = codes.shape
    distinct_counts = (int(np.sqrt(8.0 * n + 1)) - 1) // 2 + 1  # 1 + 2 + ... + k <= n
    sizes = np.asarray(n_labels, np.int64)
    room, cells = _room(n), np.empty(4 * n, np.uint32)
    parts: list[list[IntArray]] = [[] for _ in range(len(n_labels) + 1)]
    for first in range(0, n_segments, SEGMENTS):
        chunk = codes[first : first + SEGMENTS]
        out = np.empty((len(n_labels) + 1, 3, len(chunk) * distinct_counts), np.int64)
        written = tally_segments(chunk, labels, sizes, room, cells, out)
        for k, length in enumerate(written.tolist()):
            out[k, 0, :length] += k * n_segments + first
            parts[k].append(out[k, :, :length])
    segment, times, symbols = np.concatenate([rows for part in parts for rows in part], axis=1)
    return Occurrences(segment, times, symbols)
