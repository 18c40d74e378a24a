"""The kernels of the CPU twin: one pass digitises and codes, a hash table per segment counts.

Plain functions first (`_name`) and compiled second (`name`), so they also run under
NUMBA_DISABLE_JIT=1. They release the GIL and start no threads of their own.
"""

# pyright: reportPossiblyUnboundVariable=false

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from fastmi.backends.caching import KernelCache

__all__ = [
    "Desk",
    "Line",
    "Room",
    "Search",
    "count_nan",
    "count_units",
    "desk",
    "digitise_any",
    "digitise_uniform",
    "encode_rows",
    "extent",
    "fixed",
    "jit",
    "renumber",
    "room",
    "scatter",
    "seed_of",
    "tally_segments",
]

FEW_EDGES = 128  # uneven ones, up to which all are compared
BLOCK_CODES = 4096  # codes hashed at a time
ALIKE_COUNTS = 32  # counts looked at together
N_OFTEN = 512  # occurrences of a symbol from which it is counted apart
OFTEN = np.uint32(N_OFTEN)
HALF = np.uint64(0xFFFFFFFF)


def jit(kernel: Any, **options: Any) -> Any:
    """Compiles at first use, and keeps the kernel on disk where there is a place to keep it.

    NUMBA_CACHE_DIR names one.
    """
    compiled: Any = njit(nogil=True, **options)(kernel)
    if compiled is not kernel:  # NUMBA_DISABLE_JIT leaves it as it is
        compiled._cache = KernelCache(kernel)
    return compiled


def fixed(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Views what a kernel only reads as read-only: Numba compiles a kernel for either.

    So what is read-only already (columns of pandas, memory-mapped files, arrays of JAX) meets the
    same kernel, and is not copied for it.
    """
    view = array.view()
    view.setflags(write=False)
    return view


# --- digitise: float32 -> 0..n_edges, as np.digitize(x, edges) ------------------------------------


class Line(NamedTuple):
    """Evenly spaced edges in one precision.

    Edge j is (f * step + middle) + (f * step_rest + middle_rest), f = j - j_middle.
    `x * inverse + shift` is the number of the nearest edge, plus a half. In float32 step and middle
    have so few digits that all is exact up to the last addition, which rounds as the edge itself
    was rounded; in float64 there are no rests.
    """

    inverse: Any
    shift: Any
    j_middle: np.int32
    step: Any
    middle: Any
    step_rest: Any
    middle_rest: Any
    first: np.float32
    last: np.float32


class Search(NamedTuple):
    """How a set of edges is searched: by a line proved to be np.digitize, or among edges that are
    padded with +inf to a power of two, at least four.

    The other one is None, and kernels are compiled for what they are handed: who has no uneven
    edges waits for no search. Both are arrays, whose handing over costs least: `line` are the
    numbers of a `Line` but for j_middle, and whole numbers are [n_edges, *ends, j_middle].
    """

    line: npt.NDArray[Any] | None
    padded: npt.NDArray[np.float32] | None
    whole: npt.NDArray[np.int32]


def _line_of(numbers, whole):
    return Line(
        numbers[0],
        numbers[1],
        whole[3],
        numbers[2],
        numbers[3],
        numbers[4],
        numbers[5],
        np.float32(numbers[6]),
        np.float32(numbers[7]),
    )


def _digitise_uniform(x, line, n_edges, ends, symbols):
    """Digitises by a line: the nearest edge by one multiplication, then one exact comparison.

    Returns how many fell outside.
    """
    highest = np.float32(n_edges - 1)
    outside = np.int32(0)
    for i in range(x.size):
        v = x[i]
        nearest = v * line.inverse + line.shift
        # NaN lands on 0: min and max would let it through
        nearest = nearest if nearest > np.float32(0) else np.float32(0)
        nearest = nearest if nearest < highest else highest
        j = np.int32(nearest)
        f = np.float32(np.int32(j - line.j_middle))
        edge = np.float32((f * line.step + line.middle) + (f * line.step_rest + line.middle_rest))
        symbol = np.int32(j + np.int32(v >= edge))
        symbol = symbol if v >= line.first else ends[0]
        symbols[i] = ends[1] if v >= line.last else symbol
        # int32: half the vector width
        outside = np.int32(outside + np.int32(not ((v >= line.first) & (v < line.last))))
    return outside


def _digitise_any(x, padded, n_edges, ends, symbols):
    """Digitises by any edges, padded with +inf to a power of two; returns how many fell outside.

    Few edges are all compared, four at a time, on whole vectors: that is faster than to search,
    where every step waits for an edge from another place. Among many a binary search without
    branches. Either goes through the whole tile a step at a time.
    """
    for i in range(x.size):
        symbols[i] = 0
    if n_edges <= FEW_EDGES:
        for j in range(0, n_edges, 4):
            a, b, c, d = padded[j], padded[j + 1], padded[j + 2], padded[j + 3]
            for i in range(x.size):
                v = x[i]
                low, high = np.int32(v >= a) + np.int32(v >= b), np.int32(v >= c) + np.int32(v >= d)
                symbols[i] += np.int32(low + high)
    else:
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


def _count_outside(x, bounds, n_units, outside):
    """Counts, in each row of n_units numbers, those that do not lie between the bounds."""
    for row in range(outside.size):
        n = np.int32(0)
        for d in range(n_units):
            v = x[row * n_units + d]
            n = np.int32(n + np.int32(not ((v >= bounds[0]) & (v < bounds[1]))))
        outside[row] = n


line_of = jit(_line_of)
digitise_uniform = jit(_digitise_uniform)
digitise_any = jit(_digitise_any)
count_nan = jit(_count_nan)
count_outside = jit(_count_outside)


# --- encode: rows of activations -> one code a row ------------------------------------------------


def _encode_rows(x, line, padded, whole, weights, symbols, codes, by_row):
    """Digitises tiles of whole rows, then code[r] = sum_d symbol[r, d] * weight[d] modulo 2^64.

    Narrow rows by a loop made for their width, which the compiler unrolls over several rows at
    once. `by_row` takes how many of each row lie outside the edges, if it is not empty.
    """
    n_edges, ends = whole[0], (whole[1], whole[2])
    if line is not None:  # Numba drops what asks for the one that is None before it compiles
        straight = line_of(line, whole)
        bounds = straight.first, straight.last
    if padded is not None:
        bounds = padded[0], padded[n_edges - 1]
    w, n_units = weights, weights.size
    nan = outside = 0
    rows_per_tile = symbols.size // n_units
    for first in range(0, codes.size, rows_per_tile):
        out = codes[first : first + rows_per_tile]
        tile = x[first * n_units : (first + out.size) * n_units]
        n_outside = np.int32(0)
        if line is not None:
            n_outside = digitise_uniform(tile, straight, n_edges, ends, symbols)
        if padded is not None:
            n_outside = digitise_any(tile, padded, n_edges, ends, symbols)
        if n_outside:  # only then can there be a NaN: it passes as symbol 0
            outside += n_outside
            nan += count_nan(tile)
        if by_row.size:
            count_outside(tile, bounds, n_units, by_row[first : first + out.size])
        if n_units == 1:
            combine_narrow(symbols, (w[0],), out)
        elif n_units == 2:
            combine_narrow(symbols, (w[0], w[1]), out)
        elif n_units == 3:
            combine_narrow(symbols, (w[0], w[1], w[2]), out)
        elif n_units == 4:
            combine_narrow(symbols, (w[0], w[1], w[2], w[3]), out)
        elif n_units == 5:
            combine_narrow(symbols, (w[0], w[1], w[2], w[3], w[4]), out)
        elif n_units == 6:
            combine_narrow(symbols, (w[0], w[1], w[2], w[3], w[4], w[5]), out)
        elif n_units == 7:
            combine_narrow(symbols, (w[0], w[1], w[2], w[3], w[4], w[5], w[6]), out)
        elif n_units == 8:
            combine_narrow(symbols, (w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]), out)
        else:
            combine_wide(symbols, w, out)
    return nan, outside


def _combine_narrow(symbols, weights, codes):
    """`weights` is a tuple: its length is known to the compiler."""
    for row in range(codes.size):
        code = np.int64(0)
        for d in range(len(weights)):
            code += np.int64(symbols[row * len(weights) + d]) * weights[d]
        codes[row] = code


def _combine_wide(symbols, weights, codes):
    for row in range(codes.size):
        code = np.int64(0)
        for d in range(weights.size):
            code += np.int64(symbols[row * weights.size + d]) * weights[d]
        codes[row] = code


def _count_units(x, line, padded, whole, labels, symbols, cells):
    """Digitises tiles of whole rows, and counts each symbol of each unit beside the row's label.

    Unit d, symbol s and label y are cells[y, d n_symbols + s]: what one row adds lies in one block,
    and no two of its additions in one place, so that none waits for another.
    """
    n_edges, ends = whole[0], (whole[1], whole[2])
    if line is not None:
        straight = line_of(line, whole)
    n_symbols = np.uint64(n_edges + 1)
    n_units = np.uint64(cells.shape[1]) // n_symbols
    nan = outside = 0
    rows_per_tile = symbols.size // np.int64(n_units)
    for first in range(0, labels.size, rows_per_tile):
        beside = labels[first : first + rows_per_tile]
        start = first * np.int64(n_units)
        tile = x[start : start + beside.size * np.int64(n_units)]
        n_outside = np.int32(0)
        if line is not None:
            n_outside = digitise_uniform(tile, straight, n_edges, ends, symbols)
        if padded is not None:
            n_outside = digitise_any(tile, padded, n_edges, ends, symbols)
        if n_outside:
            outside += n_outside
            nan += count_nan(tile)
        for row in range(beside.size):
            block = cells[np.uint64(beside[row])]
            at = np.uint64(row) * n_units
            for d in range(n_units):
                unit = np.uint64(d)
                block[unit * n_symbols + np.uint64(symbols[at + unit])] += np.uint32(1)
    return nan, outside


combine_narrow = jit(_combine_narrow)
combine_wide = jit(_combine_wide)
encode_rows = jit(_encode_rows)
count_units = jit(_count_units)


# --- count: codes -> dense ids -> how many symbols occur once, twice, ... -------------------------


def seed_of(drawn: bytes) -> npt.NDArray[np.uint64]:
    """20 bytes -> [low, high, factor], the secret of the hash.

    It is another in every process, so that no codes can be chosen to meet; no result depends on it.
    An even factor would push bits of the hash out at its front.
    """
    low, high = np.frombuffer(drawn[:16], np.uint64)
    (factor,) = np.frombuffer(drawn[16:], np.uint32)
    return np.array([low, high, factor | np.uint32(1)], np.uint64)


# handed to the kernels: what they find in their module is kept with them on disk
SEED = seed_of(os.urandom(20))


class Room(NamedTuple):
    """What `renumber` works in, for segments of at most so many codes: made once for them all."""

    seed: npt.NDArray[np.uint64]
    slots: npt.NDArray[np.uint32]
    table: npt.NDArray[np.uint32]
    keys: npt.NDArray[np.int64]
    counts: npt.NDArray[np.uint32]


class Desk(NamedTuple):
    """What `tally_segments` works in besides: kernels that allocate compile twice as long."""

    ids: npt.NDArray[np.uint32]
    pair_ids: npt.NDArray[np.uint32]
    joint: npt.NDArray[np.int64]
    cells: npt.NDArray[np.uint32]
    often: npt.NDArray[np.uint32]
    histograms: npt.NDArray[np.uint32]


def room(n: int) -> Room:
    """Makes room for n codes.

    The table is at most a quarter full: a probe that collides is a branch mispredicted, and
    costs more than the room.
    """
    size = 1 << (4 * n - 1).bit_length()
    slots = np.empty(min(n, BLOCK_CODES), np.uint32)
    return Room(
        SEED,
        slots,
        np.empty(size, np.uint32),
        np.empty(n + 1, np.int64),
        np.empty(n + 1, np.uint32),
    )


def desk(n: int) -> Desk:
    """For segments of at most n codes."""
    return Desk(
        np.empty(n, np.uint32),
        np.empty(n, np.uint32),
        np.empty(n, np.int64),
        np.empty(4 * n, np.uint32),
        np.empty(n // N_OFTEN + 1, np.uint32),
        np.zeros((N_OFTEN + 1, 4), np.uint32),
    )


def _hash(codes, skip, n_bits, seed, slots):
    """Hashes codes: of each the n_bits bits that follow the first `skip`; beyond 32 they are 0.

    The halves of a code, each moved by a secret, multiplied: two codes have one product with
    probability 2^-32 (NH, of UMAC: Black et al. 1999). The product is folded, and a secret factor
    brings all of its bits to the front. A secret factor alone would not do: under some of them
    evenly spaced codes, which nobody need choose, pile up. All factors are of 32 bits, which a
    vector unit multiplies at once.
    """
    low, high, factor = seed[0], seed[1], np.uint32(seed[2])
    left, right = np.uint32(skip), np.uint32(32 - n_bits)
    for i in range(codes.size):
        key = np.uint64(codes[i])
        product = ((key + low) & HALF) * (((key >> np.uint64(32)) + high) & HALF)
        hashed = np.uint32(np.uint32(product ^ (product >> np.uint64(32))) * factor)
        slots[i] = np.uint32(hashed << left) >> right


def _extent(codes):
    """Finds the lowest and the highest of codes (n,): in one pass, where NumPy makes two."""
    lowest, highest = codes[0], codes[0]
    for i in range(codes.size):
        lowest, highest = min(lowest, codes[i]), max(highest, codes[i])
    return lowest, highest


def _renumber(codes, skip, room, ids):
    """Gives equal codes one id, 1, 2, ... as they arrive, and counts them at room.counts[id].

    Linear probing; the table holds ids, 0 where it is empty, and is searched from the bits of the
    hash after the first `skip`. Whether a code is new cannot be predicted, so nothing branches on
    it: keys[0] is made the code itself, so that an empty slot ends the search as a hit does, and
    what a new code would write is written for a known one too. Unsigned throughout: a signed index
    costs a test for a negative one at every access.
    """
    size, n_bits = 2, 1
    while size < 4 * codes.size:
        size, n_bits = size * 2, n_bits + 1
    table, keys, counts = room.table[:size], room.keys, room.counts[: codes.size + 1]
    table[:] = 0
    counts[:] = 0
    mask = np.uint64(size - 1)
    n_symbols = np.uint32(0)
    for first in range(0, codes.size, room.slots.size):
        block = codes[first : first + room.slots.size]
        hash_codes(block, skip, min(n_bits, 32), room.seed, room.slots)
        for i in range(block.size):
            code = block[i]
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
            ids[first + i] = symbol
    return n_symbols


def _number(codes, skip, room, ids):
    """Numbers as `renumber`, but small codes, of a layer of one unit, are their own ids.

    Some ids may then stand for no code.
    """
    lowest, highest = extent(codes)
    if lowest < 0 or highest >= codes.size:
        return np.int64(renumber(codes, skip, room, ids))
    room.counts[: highest + 2] = 0
    for i in range(codes.size):
        ids[i] = np.uint32(codes[i] + 1)
        room.counts[ids[i]] += np.uint32(1)
    return highest + 1


def _scatter(codes, labels, bits, seed, buckets, starts, ends, to_codes, to_labels):
    """Spreads codes and labels over 2^bits buckets by the first bits of the hash.

    Equal codes share a bucket. Bucket b is to_codes[starts[b] : starts[b + 1]]. A table for one
    bucket stays in the cache, one for all does not.
    """
    hash_codes(codes, 0, bits, seed, buckets)
    starts[:] = 0
    for i in range(codes.size):
        starts[buckets[i] + np.uint64(1)] += 1
    for b in range(1, starts.size):
        starts[b] += starts[b - 1]
    ends[:] = starts[:-1]
    for i in range(codes.size):
        at = ends[buckets[i]]
        ends[buckets[i]] = at + 1
        to_codes[at] = codes[i]
        for k in range(labels.shape[0]):
            to_labels[k, at] = labels[k, i]


def _count_pairs(ids, labels, n_labels, cells):
    for i in range(ids.size):
        cells[np.uint64(ids[i]) * np.uint64(n_labels) + np.uint64(labels[i])] += np.uint32(1)


def _write(counts, histograms, often, segment, where, out):
    """Writes counts as ascending (segment, times, symbols) at `where`; the histograms end at zero.

    A block without a count above 1 is merely summed up. For the others four histograms (OFTEN + 1,
    4) take turns: most counts are equal, and an increment would wait for the one before it. What
    occurs OFTEN or more is sorted instead: there are at most n / OFTEN such symbols.
    """
    for first in range(0, counts.size, ALIKE_COUNTS):
        block = counts[first : first + ALIKE_COUNTS]
        any_bits = total = np.uint32(0)
        for k in range(block.size):
            any_bits |= block[k]
            total += block[k]
        if any_bits <= np.uint32(1):
            histograms[1, 0] += total
        else:
            for k in range(block.size):
                histograms[min(block[k], OFTEN), k & 3] += np.uint32(1)
    for times in range(1, OFTEN):
        symbols = np.uint32(0)
        for turn in range(4):
            symbols += histograms[times, turn]
            histograms[times, turn] = 0
        if symbols > 0:
            out[0, where], out[1, where], out[2, where] = segment, times, symbols
            where += 1
    n_often = np.uint32(0)
    for turn in range(4):
        n_often += histograms[OFTEN, turn]
        histograms[OFTEN, turn] = histograms[0, turn] = 0
    if n_often:
        n_often = 0
        for k in range(counts.size):
            if counts[k] >= OFTEN:
                often[n_often] = counts[k]
                n_often += 1
        sort(often[:n_often])
        last = np.uint32(0)
        for k in range(n_often):
            if often[k] != last:
                out[0, where], out[1, where], out[2, where] = segment, often[k], 0
                where, last = where + 1, often[k]
            out[2, where - 1] += 1
    return where


def _sort(values):
    """Sorts as Shell, with Knuth's gaps: a few numbers, and np.sort takes long to compile."""
    gap = 1
    while 3 * gap < values.size:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, values.size):
            value, at = values[i], i
            while at >= gap and values[at - gap] > value:
                values[at] = values[at - gap]
                at -= gap
            values[at] = value
        gap //= 3


def _tally_segments(
    codes, starts, skip, labels, aligned, n_labels,
    seed, slots, table, keys, counts, ids, pair_ids, joint, cells, often, histograms,
    written, out,
):  # fmt: skip
    """Counts every segment's codes, and of each kind the pairs (code, label).

    Segment s is codes[starts[s] : starts[s + 1]]. The labels stand beside the codes where they are
    aligned, else they are those of every segment. Room and desk come array by array: to hand over
    the records takes three times as long. How many rows of each kind were written to
    out (1 + l, 3, ...) is in `written`.
    """
    room = Room(seed, slots, table, keys, counts)
    for segment in range(starts.size - 1):
        segment_codes = codes[starts[segment] : starts[segment + 1]]
        if not segment_codes.size:
            continue
        first = starts[segment] if aligned else 0
        n_symbols = number(segment_codes, skip, room, ids)
        written[0] = write(
            room.counts[1 : n_symbols + 1], histograms, often, segment, written[0], out[0]
        )
        for k in range(len(n_labels)):
            beside = labels[k, first : first + segment_codes.size]
            # ids begin at 1: the first n_labels cells stay empty
            n_cells = (n_symbols + 1) * n_labels[k]
            if n_cells <= cells.size:
                cells[:n_cells] = 0
                count_pairs(ids[: segment_codes.size], beside, n_labels[k], cells)
                written[k + 1] = write(
                    cells[:n_cells], histograms, often, segment, written[k + 1], out[k + 1]
                )
            else:  # too many pairs for a table of all of them: count those that occur
                for i in range(segment_codes.size):
                    joint[i] = np.int64(ids[i]) * n_labels[k] + beside[i]
                pairs = joint[: segment_codes.size]
                n_pairs = np.int64(renumber(pairs, np.int64(0), room, pair_ids))
                written[k + 1] = write(
                    room.counts[1 : n_pairs + 1],
                    histograms,
                    often,
                    segment,
                    written[k + 1],
                    out[k + 1],
                )


hash_codes = jit(_hash)
extent = jit(_extent)
renumber = jit(_renumber)
number = jit(_number)
scatter = jit(_scatter)
count_pairs = jit(_count_pairs)
sort = jit(_sort)
write = jit(_write)
tally_segments = jit(_tally_segments)
