"""The two kernels of a GPU, in Triton: a layer's rows -> codes, and a segment's codes -> counts.

They read each number once and write each answer once; torch's own calls move 26 bytes for each byte
of activations. TRITON_INTERPRET=1 runs them on the CPU, which is how they are tested without a GPU.
What they are told and what they leave is prepared by the twin.
"""

# pyright: reportMissingImports=false, reportArgumentType=false, reportIndexIssue=false
# pyright: reportOperatorIssue=false, reportAttributeAccessIssue=false, reportCallIssue=false

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["count_segment", "encode_rows"]

LAST_32 = tl.constexpr(0x7FFFFFFF)
LAST_64 = tl.constexpr(0x7FFFFFFFFFFFFFFF)


@triton.jit
def encode_rows(
    layer,
    edges,
    weights,
    codes,
    outside,
    census,
    n_rows,
    n_units,
    n_edges,
    below,
    above,
    first,
    inverse,
    EVEN: tl.constexpr,
    BY_ROW: tl.constexpr,
    STEPS: tl.constexpr,
    TILES: tl.constexpr,
    ROWS: tl.constexpr,
    UNITS: tl.constexpr,
    SLOTS: tl.constexpr,
):
    """Codes rows of a layer (n_rows, n_units) float32 -> codes (n_rows,) int64.

    Adds to census (SLOTS, 2) what is NaN and what lies outside. One program codes ROWS rows, UNITS
    units at a time, in TILES tiles.

    EVEN: the nearest edge by one multiplication, off by less than one, and one exact comparison
    with it (the twin has seen to that). Otherwise a search of STEPS steps. BY_ROW: outside
    (n_rows,) takes how many of each row lie outside.
    """
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    code = tl.zeros((ROWS,), tl.int64)
    n_nan = tl.zeros((ROWS,), tl.int32)
    n_outside = tl.zeros((ROWS,), tl.int32)
    for tile in range(TILES):
        unit = tile * UNITS + tl.arange(0, UNITS)
        there = (row < n_rows)[:, None] & (unit < n_units)[None, :]
        x = tl.load(layer + row[:, None] * n_units + unit[None, :], mask=there, other=0.0)
        nan = (x != x) & there
        if EVEN:
            at = (x - first) * inverse + 0.5
            at = tl.where(at > 0.0, at, 0.0)  # NaN, too: the comparison is false
            top = n_edges - 1.0
            at = tl.where(at < top, at, top)
            nearest = at.to(tl.int32)
            symbol = tl.where(x >= tl.load(edges + nearest), nearest + 1, nearest)
        else:
            symbol = tl.zeros((ROWS, UNITS), tl.int32)
            for k in tl.static_range(STEPS):
                probe = symbol + (1 << (STEPS - 1 - k))
                inside = probe <= n_edges
                edge = tl.load(edges + probe - 1, mask=inside, other=float("inf"))
                symbol = tl.where(inside & (edge <= x), probe, symbol)
        symbol = tl.where(nan, n_edges, symbol)  # where np.digitize puts it
        low, high = (symbol == 0) & there, (symbol == n_edges) & there
        n_nan += tl.sum(nan.to(tl.int32), axis=1)
        n_outside += tl.sum((low | high).to(tl.int32), axis=1)
        symbol = tl.where(low, below, tl.where(high, above, symbol))
        weight = tl.load(weights + unit, mask=unit < n_units, other=0)
        code += tl.sum(tl.where(there, symbol.to(tl.int64) * weight[None, :], 0), axis=1)
    tl.store(codes + row, code, mask=row < n_rows)
    if BY_ROW:
        tl.store(outside + row, n_outside, mask=row < n_rows)
    slot = census + 2 * (tl.program_id(0) % SLOTS)
    tl.atomic_add(slot, tl.sum(n_nan.to(tl.int64), axis=0))
    tl.atomic_add(slot + 1, tl.sum(n_outside.to(tl.int64), axis=0))


@triton.jit
def larger(a, b):
    return tl.maximum(a, b)


@triton.jit
def _runs(key, at, N: tl.constexpr):
    """Finds, at each place of sorted keys (N,), whether a run ends there and how long it was."""
    before = tl.gather(key, tl.where(at > 0, at - 1, 0), 0)
    starts = (at == 0) | (key != before)
    start = tl.associative_scan(tl.where(starts, at, 0), 0, larger)
    after = tl.gather(starts.to(tl.int32), tl.where(at < N - 1, at + 1, at), 0)
    return (at == N - 1) | (after == 1), at - start + 1


@triton.jit
def _put(row, ends, length):
    """Adds to row[c] how many runs have a length of c.

    Runs of one are mostly the most, and would all be added at one address: they are summed first.
    """
    tl.store(row + 1, tl.sum((ends & (length == 1)).to(tl.int32), axis=0))
    tl.atomic_add(row + length, 1, mask=ends & (length > 1))


@triton.jit
def count_segment(
    codes,
    labels,
    symbols,
    pairs,
    n,
    bits,
    n_labels,
    PACKED: tl.constexpr,
    NARROW: tl.constexpr,
    STEPS: tl.constexpr,
    N: tl.constexpr,
):
    """Counts a segment of codes (s, n), and its pairs with labels (n,), by sorting them in a block.

    Adds to symbols (s, N + 1) how many codes occur c times, at [segment, c], and to pairs how many
    pairs do. N = 2^STEPS >= n. One program counts one segment.

    PACKED: code << bits | label is one key below 2^62 (NARROW: 2^30), and one sort serves both.
    Otherwise codes are sorted, and then the places where they stand, with the labels.
    """
    segment = tl.program_id(0).to(tl.int64)
    at = tl.arange(0, N)
    inside = at < n
    label = tl.load(labels + at, mask=inside, other=0)
    if PACKED:
        code = tl.load(codes + segment * n + at, mask=inside, other=0)
        if NARROW:
            key = tl.where(inside, (code.to(tl.int32) << bits) | label, LAST_32)
        else:
            key = tl.where(inside, (code << bits) | label.to(tl.int64), LAST_64)
        joint = tl.sort(key)  # what is no row comes last
        ends, length = _runs(joint >> bits, at, N)
        ends = ends & inside
    else:
        code = tl.load(codes + segment * n + at, mask=inside, other=LAST_64)
        ordered = tl.sort(code)
        ends, length = _runs(ordered, at, N)
        # a code may be the largest number there is, and its run then holds what is no row
        length = tl.where(at == N - 1, length - (N - n), length)
        ends = ends & (length > 0)
        # the first place in the sorted line that is not below a row's code
        place = tl.zeros((N,), tl.int32)
        for k in tl.static_range(STEPS):
            probe = tl.gather(ordered, place + (N >> (k + 1)) - 1, 0)
            place = tl.where(probe < code, place + (N >> (k + 1)), place)
        joint = tl.sort(tl.where(inside, place.to(tl.int64) * n_labels + label, LAST_64))
    _put(symbols + segment * (N + 1), ends, length)
    ends, length = _runs(joint, at, N)
    _put(pairs + segment * (N + 1), ends & inside, length)
