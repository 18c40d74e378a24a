"""The CPU twin: encode, identify and tally, by the kernels, on as many threads as are allowed."""

from __future__ import annotations

import math
from functools import lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi.backends import (
    ANY_CODE,
    Census,
    Coded,
    Columns,
    Cut,
    IntArray,
    Occurrences,
    numba_kernels,
)
from fastmi.backends.numba_kernels import (
    Line,
    Search,
    desk,
    digitise_uniform,
    encode_rows,
    fixed,
    renumber,
    room,
    scatter,
    tally_segments,
)
from fastmi.backends.threads import n_threads, together

__all__ = [
    "beside",
    "count_units",
    "distinct",
    "encode_layers",
    "extent",
    "identify",
    "permutation_sums",
    "receive",
    "tally",
    "tally_pairs",
]

# codes are modulo 2^64: NumPy scalars warn of it, compiled kernels never do
_wraps = (lambda kernel: kernel) if hasattr(encode_rows, "py_func") else np.errstate(all="ignore")

TILE_SYMBOLS = 2048  # symbols kept in the first-level cache between digitising and coding
SEGMENTS = 4096  # segments tallied in one call: bounds the room for the answer
LONG_CODES = 2**16  # codes of a segment from which its table leaves the cache,
BUCKET_CODES = 2**13  # and of the buckets that it is then spread over
FEWEST_TABLED = 2**10  # codes whose pairs may be counted in a table of all that can be,
SAMPLES_A_CELL = 16  # and how many of them each of its cells must be worth
PIECE_NUMBERS = 2**17  # numbers worth the start of a thread
SPANS_A_THREAD = 4  # pieces of work a thread, so that one that is held up holds up little


@lru_cache(maxsize=256)
@np.errstate(all="ignore")  # what overflows is not proved
def _search(
    edge_bytes: bytes,
    line: tuple[float, float] | None = None,
    ends: tuple[int, int] | None = None,
) -> Search:
    """Finds how a set of edges is searched.

    `line` is (origin, step) of evenly spaced edges before they were rounded to float32; it is a
    guess, to be proved. `ends` are the symbols below the first and from the last edge on.
    """
    edges = np.frombuffer(edge_bytes, np.float32)
    whole = np.array([edges.size, *(ends or (0, edges.size)), 0], np.int32)
    first, last = float(edges[0]), float(edges[-1])
    origin, step = map(np.float64, line or (first, (last - first) / (edges.size - 1)))
    for guess in (_single, _double):
        tried = guess(edges, origin, step)
        if _proved(tried, edges):
            whole[3] = tried.j_middle
            numbers = [number for name, number in tried._asdict().items() if name != "j_middle"]
            return Search(np.array(numbers, type(tried.inverse)), None, whole)
    padded = np.full(max(4, 1 << edges.size.bit_length()), np.inf, np.float32)
    padded[: edges.size] = edges
    return Search(None, padded, whole)


def _double(edges: npt.NDArray[np.float32], origin: np.float64, step: np.float64) -> Line:
    none = np.float64(0)
    return Line(
        1 / step, 0.5 - origin / step, np.int32(0), step, origin, none, none, edges[0], edges[-1]
    )


def _single(edges: npt.NDArray[np.float32], origin: np.float64, step: np.float64) -> Line:
    """Counts from the edge nearest to 0, where float32 is finest: there f, and all error, is 0."""
    middle = np.int32(np.abs(edges).argmin())
    # its multiples among the edges are float32
    grid = 2.0 ** (np.ceil(np.log2(np.float64(np.abs(edges).max()))) - 23)
    at_middle = origin + middle * step
    coarse, coarse_step = np.round(at_middle / grid) * grid, np.round(step / grid) * grid
    inverse, shift, step_32, middle_32, step_rest, middle_rest = np.array(
        [1 / step, 0.5 - origin / step, coarse_step, coarse, step - coarse_step, at_middle - coarse]
    ).astype(np.float32)
    return Line(
        inverse, shift, middle, step_32, middle_32, step_rest, middle_rest, edges[0], edges[-1]
    )


def _proved(line: Line, edges: npt.NDArray[np.float32]) -> bool:
    """Whether the uniform kernel equals np.digitize for every float32.

    Its symbol never falls as x grows, so being right at each edge and one float below it proves it
    right everywhere between.
    """
    if not (np.isfinite(line.inverse) and np.isfinite(line.shift)):
        return False
    points = np.concatenate([edges, np.nextafter(edges, np.float32(-np.inf))])
    symbols = np.empty(points.size, np.int32)
    n_edges = np.int32(edges.size)
    digitise_uniform(fixed(points), line, n_edges, (np.int32(0), n_edges), symbols)
    return bool(np.array_equal(symbols, np.digitize(points, edges)))


def receive(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Lays an array as the kernels know it: for any other layout Numba would compile them anew."""
    return np.ascontiguousarray(array)


def beside(labels: IntArray, codes: IntArray) -> IntArray:
    """All lie in the same memory."""
    return labels


@_wraps
def encode_layers(
    layers: list[npt.NDArray[np.float32]],
    cuts: list[Cut],
    weights: list[IntArray],
    by_row: bool = False,
) -> Coded:
    """Codes [activations (m, d) float32] -> (l, m) int64, and takes a census of each layer."""
    codes = np.empty((len(layers), len(layers[0])), np.int64)
    outside = np.empty((len(layers), codes.shape[1] if by_row else 0), np.int32)
    before, told, symbols, census = None, _told(cuts[0]), np.empty(TILE_SYMBOLS, np.int32), []
    for layer, cut, weight, out, beyond in zip(layers, cuts, weights, codes, outside, strict=True):
        if cut is not before:  # mostly all layers are cut alike
            before, told = cut, _told(cut)
        flat, d = _flat(layer), weight.size
        spans = _spans(out.size, d)
        if len(spans) == 1:
            tile = symbols if d <= TILE_SYMBOLS else np.empty(d, np.int32)
            census.append(Census(*encode_rows(flat, *told, weight, tile, out, beyond)))
        else:
            rows = [
                partial(
                    _encode,
                    flat[span.start * d : span.stop * d],
                    told,
                    weight,
                    out[span],
                    beyond[span] if by_row else beyond,
                )
                for span in spans
            ]
            census.append(Census(*map(sum, zip(*together(rows), strict=True))))
    return Coded(codes, census, outside if by_row else None)


@_wraps
def count_units(
    layer: npt.NDArray[np.float32], cut: Cut, labels: IntArray, n_labels: int
) -> tuple[IntArray, Census]:
    """Counts every unit's symbols beside each label, (n_labels, d, n_edges + 1), and a census."""
    m, d = layer.shape
    n_symbols = cut.edges.size + 1
    flat, told = _flat(layer), _told(cut)

    def count(span: slice) -> tuple[Any, Census]:
        cells = np.zeros((n_labels, d * n_symbols), np.uint32)
        tile = np.empty(max(TILE_SYMBOLS, d), np.int32)
        rows = flat[span.start * d : span.stop * d]
        return cells, Census(
            *numba_kernels.count_units(rows, *told, fixed(labels[span]), tile, cells)
        )

    # a thread has cells of its own
    parts = together([partial(count, span) for span in _spans(m, d)])
    cells = np.sum([cells for cells, _ in parts], axis=0, dtype=np.int64)
    census = Census(*map(sum, zip(*(census for _, census in parts), strict=True)))
    return cells.reshape(n_labels, d, n_symbols), census


def _flat(layer: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return fixed(np.ascontiguousarray(layer).reshape(-1))


def _told(cut: Cut) -> Search:
    """What a kernel is told of it."""
    return _search(cut.edges.tobytes(), cut.line, cut.ends)


def _encode(
    flat: Any, told: Search, weight: IntArray, out: IntArray, outside: Any
) -> tuple[int, int]:
    tile = np.empty(max(TILE_SYMBOLS, weight.size), np.int32)
    return encode_rows(flat, *told, weight, tile, out, outside)


def _spans(n: int, size: int) -> list[slice]:
    """Cuts n things of a size for the threads; one span where they would not be worth it."""
    n_spans = min(n_threads() * SPANS_A_THREAD, n * size // PIECE_NUMBERS) if n_threads() > 1 else 1
    if n_spans <= 1:
        return [slice(0, n)]
    step = -(-n // n_spans)
    return [slice(first, min(n, first + step)) for first in range(0, n, step)]


def extent(codes: IntArray) -> tuple[int, int]:
    """Finds the lowest and the highest of codes (n,) or (m, d), of which there is one at least."""
    lowest, highest = numba_kernels.extent(fixed(codes.reshape(-1)))
    return int(lowest), int(highest)


@_wraps
def identify(codes: IntArray) -> tuple[IntArray, int]:
    """Numbers codes (n,) -> ids (n,) in 0..n_symbols - 1, and n_symbols.

    Small codes by a table, others by their hash.
    """
    lowest, highest = extent(codes)
    if lowest >= 0 and highest < codes.size:
        occurs = np.bincount(codes) > 0
        return (np.cumsum(occurs) - 1)[codes], int(np.count_nonzero(occurs))
    ids = np.empty(codes.size, np.uint32)
    n_symbols = renumber(fixed(codes), 0, room(codes.size), ids)
    return ids.astype(np.int64) - 1, int(n_symbols)


def distinct(
    codes: IntArray,
    labels: IntArray,
    n_labels: int,
    code_bits: int = ANY_CODE,
    counts: IntArray | None = None,
) -> tuple[IntArray, IntArray, IntArray]:
    """Finds the pairs of codes (n,) and labels (n,) that occur, and adds their counts (1 each).

    Each pair once: (codes, labels, counts).
    """
    if counts is None and codes.size >= FEWEST_TABLED:
        lowest, highest = extent(codes)
        n_cells = (highest + 1) * n_labels
        if lowest >= 0 and n_cells <= codes.size // SAMPLES_A_CELL:
            return _tabled(codes, labels, n_labels, n_cells)
    if n_labels == 1:
        pairs, n_pairs = identify(codes)
    elif code_bits + n_labels.bit_length() <= 63:
        pairs, n_pairs = identify(codes * n_labels + labels)
    else:
        ids, _ = identify(codes)
        pairs, n_pairs = identify(ids * n_labels + labels)
    place = np.empty(n_pairs, np.int64)
    place[pairs] = np.arange(len(pairs))  # one of those where the pair stands
    # sums are exact: they stay below 2^53
    sums = np.bincount(pairs, weights=counts, minlength=n_pairs).astype(np.int64, copy=False)
    return codes[place], labels[place], sums


def _tabled(
    codes: IntArray, labels: IntArray, n_labels: int, n_cells: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Counts pairs in one table of all that can be, where these are few."""
    from fastmi.backends.numba_pairs import count_in_turns

    turns = np.zeros((4, n_cells), np.uint32)
    count_in_turns(fixed(codes), fixed(labels), n_labels, turns.reshape(-1))
    cells = turns.sum(0, dtype=np.int64)
    occur = np.flatnonzero(cells)
    rows, columns = np.divmod(occur, n_labels)
    return rows, columns, cells[occur]


def permutation_sums(
    codes: IntArray, labels: IntArray, n_labels: int, terms: IntArray, seed: int, n_resamples: int
) -> IntArray:
    """Sums terms over the pairs of every segment, under permuted labels, (1 + n_resamples, s)."""
    from fastmi.backends import numba_permutations

    return numba_permutations.permutation_sums(codes, labels, n_labels, terms, seed, n_resamples)


def tally_pairs(xs: Columns, ys: Columns, pairs: IntArray, apart: bool) -> Occurrences:
    """Counts pairs (p, 2) of columns -> occurrences of cells, and `apart` of both margins."""
    from fastmi.backends import numba_pairs

    return numba_pairs.tally_pairs(xs, ys, pairs, apart)


@_wraps
def tally(
    codes: IntArray, labels: IntArray, n_labels: tuple[int, ...], code_bits: int = ANY_CODE
) -> Occurrences:
    """Counts codes (s, n) and labels (l, n) -> occurrences of codes, then of pairs (code, label).

    Labels are in 0..n_labels[l] - 1. A hash takes any code: `code_bits` is for other twins.
    """
    n_segments, n = codes.shape
    if n > LONG_CODES:
        pieces = [(i, _tally_long(segment, labels, n_labels)) for i, segment in enumerate(codes)]
    else:
        spans = [
            slice(i, min(i + SEGMENTS, span.stop))
            for span in _spans(n_segments, n)
            for i in range(span.start, span.stop, SEGMENTS)
        ]
        starts = np.arange(n_segments + 1) * n
        tasks = [
            partial(
                _tally,
                codes[span].reshape(-1),
                starts[: span.stop - span.start + 1],
                n,
                labels,
                n_labels,
            )
            for span in spans
        ]
        pieces = [(span.start, rows) for span, rows in zip(spans, together(tasks), strict=True)]
    for first, rows in pieces:
        for k, occurrences in enumerate(rows):
            if k * n_segments + first:
                occurrences[0] += k * n_segments + first
    return Occurrences(
        *np.concatenate([rows[k] for k in range(len(n_labels) + 1) for _, rows in pieces], axis=1)
    )


def _tally(
    codes: IntArray,
    starts: IntArray,
    longest: int,
    labels: IntArray,
    n_labels: tuple[int, ...],
    skip: int = 0,
    aligned: bool = False,
) -> list[IntArray]:
    """Counts segments codes[starts[s] : starts[s + 1]] -> rows of the codes, then of each pair.

    A row is (segment, times, symbols).
    """
    distinct_counts = (math.isqrt(8 * longest + 1) - 1) // 2 + 1  # 1 + 2 + ... + k <= n
    out = np.empty((len(n_labels) + 1, 3, (len(starts) - 1) * distinct_counts), np.int64)
    written = np.zeros(len(n_labels) + 1, np.int64)
    sizes = np.array(n_labels, np.int64)
    read = fixed(codes), starts, skip, fixed(labels), aligned, sizes
    tally_segments(*read, *room(longest), *desk(longest), written, out)
    return [rows[:, :length] for rows, length in zip(out, written.tolist(), strict=True)]


def _tally_long(codes: IntArray, labels: IntArray, n_labels: tuple[int, ...]) -> list[IntArray]:
    """Counts a segment too long for the cache, in buckets, unless a sample has few codes."""
    n, codes, labels = len(codes), fixed(codes), fixed(labels)
    sample = codes[: BUCKET_CODES // 2]
    place = room(len(sample))
    if renumber(sample, 0, place, np.empty(len(sample), np.uint32)) < len(sample) // 2:
        return _tally(codes, np.array([0, n]), n, labels, n_labels)
    bits = min(10, (n // BUCKET_CODES).bit_length())
    starts = np.empty((1 << bits) + 1, np.int64)
    ends = np.empty(1 << bits, np.int64)
    buckets = np.empty(n, np.uint32)
    spread, beside = np.empty_like(codes), np.empty_like(labels)
    scatter(codes, labels, bits, place.seed, buckets, starts, ends, spread, beside)
    longest = int(np.diff(starts).max())
    bucket_rows = together(
        [
            partial(
                _tally,
                spread,
                starts[span.start : span.stop + 1],
                longest,
                beside,
                n_labels,
                bits,
                True,
            )
            for span in _spans(1 << bits, BUCKET_CODES)
        ]
    )
    return [_added(np.concatenate(rows, axis=1)) for rows in zip(*bucket_rows, strict=True)]


def _added(occurrences: IntArray) -> IntArray:
    """The occurrences of buckets are those of one segment: no symbol is in two of them."""
    times, where = np.unique(occurrences[1], return_inverse=True)
    symbols = np.bincount(where, weights=occurrences[2]).astype(np.int64)
    return np.stack([np.zeros_like(times), times, symbols])
