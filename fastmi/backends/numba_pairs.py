"""The kernels that count many pairs of columns: by bits where symbols are few, else in a table.

Plain functions first (`_name`) and compiled second (`name`), as the kernels of counting.

Of a column with few symbols each has a set of the rows that hold it, a bit a row. Two columns' cell
is the size of the intersection of two sets: 64 rows by three instructions, and a vector unit takes
several words at once. The sets are made for some rows at a time, so that they stay in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from fastmi.backends import Columns, IntArray, Occurrences
from fastmi.backends.numba_kernels import N_OFTEN, fixed, jit, write
from fastmi.backends.threads import n_threads, together

__all__ = ["tally_pairs"]

BITS_ROWS = 10_240  # whose sets are made at a time: 1280 bytes each, a pair of them in the cache
BITS_CELLS = 256  # of a pair's table from which a histogram is faster
BITS_PAIRS = 4  # a column must be in so many pairs, or its sets are not worth making
TURNS_CELLS = 1024  # of a table of which four take turns, so that no increment waits for another
CHUNK_CELLS = 2**18  # of all tables that one task holds, two megabytes
CHUNK_PAIRS = 4096  # that one task counts: it makes the sets of their columns anew
PIECE_ROWS = 2**17  # rows of pairs that are worth the start of a thread

ONE, TWO, THREE, FOUR, SIX = (np.uint64(number) for number in (1, 2, 3, 4, 6))
LOW_SIX, TOP_BYTE = np.uint64(63), np.uint64(56)
IN_TWOS, IN_FOURS = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
IN_EIGHTS, EACH_BYTE = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)


# --- sets of rows ---------------------------------------------------------------------------------


def _ones(word):
    """Counts the bits of a word; compilers know these lines, and make one instruction of them."""
    word = word - ((word >> ONE) & IN_TWOS)
    word = (word & IN_FOURS) + ((word >> TWO) & IN_FOURS)
    return (((word + (word >> FOUR)) & IN_EIGHTS) * EACH_BYTE) >> TOP_BYTE


def _pack(column, sets):
    """Makes the set of rows of each symbol: bit i of sets[symbol] where row i holds it."""
    sets[:] = 0
    for i in range(column.size):
        row = np.uint64(i)
        sets[np.uint64(column[i]), row >> SIX] |= ONE << (row & LOW_SIX)


def _meet(a, b, cells):
    """Adds to cells (k_a, k_b) the sizes of intersections, but for the last symbol of either.

    Three of b's sets at a time: what is loaded of a's serves them all.
    """
    k_a, k_b = cells.shape
    for i in range(k_a - 1):
        rows = a[i]
        j = 0
        while j + 3 < k_b:
            first = second = third = np.uint64(0)
            b_0, b_1, b_2 = b[j], b[j + 1], b[j + 2]
            for w in range(rows.size):
                word = rows[w]
                first += ones(word & b_0[w])
                second += ones(word & b_1[w])
                third += ones(word & b_2[w])
            cells[i, j] += np.int64(first)
            cells[i, j + 1] += np.int64(second)
            cells[i, j + 2] += np.int64(third)
            j += 3
        while j + 1 < k_b:
            first, b_0 = np.uint64(0), b[j]
            for w in range(rows.size):
                first += ones(rows[w] & b_0[w])
            cells[i, j] += np.int64(first)
            j += 1


def _count_by_bits(xs, ys, x_sizes, y_sizes, pairs, starts, x_sets, y_sets, sizes, cells):
    """Counts the cells of pairs, number p from cells[starts[p]] on, in row-major order.

    sizes (2, most symbols, columns): the rows of each set, which give the cells of the last symbol.
    """
    n = xs.shape[1]
    cells[:] = 0
    sizes[:] = 0
    for first in range(0, n, BITS_ROWS):
        last = min(n, first + BITS_ROWS)
        for c in range(xs.shape[0]):
            pack(xs[c, first:last], x_sets[c, : x_sizes[c]])
        for c in range(ys.shape[0]):
            pack(ys[c, first:last], y_sets[c, : y_sizes[c]])
        for c in range(xs.shape[0]):
            add_sizes(x_sets[c, : x_sizes[c]], sizes[0, :, c])
        for c in range(ys.shape[0]):
            add_sizes(y_sets[c, : y_sizes[c]], sizes[1, :, c])
        for p in range(pairs.shape[0]):
            x, y = pairs[p, 0], pairs[p, 1]
            table = cells[starts[p] : starts[p + 1]].reshape((x_sizes[x], y_sizes[y]))
            meet(x_sets[x], y_sets[y], table)
    for p in range(pairs.shape[0]):
        x, y = pairs[p, 0], pairs[p, 1]
        table = cells[starts[p] : starts[p + 1]].reshape((x_sizes[x], y_sizes[y]))
        complete(table, sizes[0, :, x], sizes[1, :, y])


def _add_sizes(sets, sizes):
    for symbol in range(sets.shape[0]):
        total = np.uint64(0)
        for w in range(sets.shape[1]):
            total += ones(sets[symbol, w])
        sizes[symbol] += np.int64(total)


def _complete(table, of_rows, of_columns):
    """Finds the last row and the last column: what the others leave of the margins."""
    k_a, k_b = table.shape
    for i in range(k_a - 1):
        rest = of_rows[i]
        for j in range(k_b - 1):
            rest -= table[i, j]
        table[i, k_b - 1] = rest
    for j in range(k_b):
        rest = of_columns[j]
        for i in range(k_a - 1):
            rest -= table[i, j]
        table[k_a - 1, j] = rest


# --- tables ---------------------------------------------------------------------------------------


def _count_in_turns(x, y, k_y, turns):
    """Counts the pairs of one row after the other in four tables, which lie end to end in turns."""
    k, size = np.uint64(k_y), np.uint64(turns.size // 4)
    in_fours = x.size // 4 * 4
    for i in range(0, in_fours, 4):
        turns[np.uint64(x[i]) * k + np.uint64(y[i])] += np.uint32(1)
        turns[size + np.uint64(x[i + 1]) * k + np.uint64(y[i + 1])] += np.uint32(1)
        turns[TWO * size + np.uint64(x[i + 2]) * k + np.uint64(y[i + 2])] += np.uint32(1)
        turns[THREE * size + np.uint64(x[i + 3]) * k + np.uint64(y[i + 3])] += np.uint32(1)
    for i in range(in_fours, x.size):
        turns[np.uint64(x[i]) * k + np.uint64(y[i])] += np.uint32(1)


def _count_in_tables(xs, ys, x_sizes, y_sizes, pairs, starts, turns, cells):
    """Counts the cells of pairs as `_count_by_bits` does, each by a histogram."""
    for p in range(pairs.shape[0]):
        x, y = pairs[p, 0], pairs[p, 1]
        table = cells[starts[p] : starts[p + 1]]
        size = table.size
        table[:] = 0
        if 4 * size <= turns.size:
            some = turns[: 4 * size]
            some[:] = 0
            count_in_turns(xs[x], ys[y], y_sizes[y], some)
            for cell in range(size):
                table[cell] = (
                    np.int64(some[cell])
                    + some[size + cell]
                    + some[2 * size + cell]
                    + some[3 * size + cell]
                )
        else:
            k, row, column = np.uint64(y_sizes[y]), xs[x], ys[y]
            for i in range(row.size):
                table[np.uint64(row[i]) * k + np.uint64(column[i])] += 1


# --- what they come to ----------------------------------------------------------------------------


def _write_few(counts, marks, symbols, segment, where, out):
    """Writes counts as ascending (segment, times, symbols) at `where`.

    A count is a bit of marks, which are gone through from the lowest to the highest; marks and
    symbols are zero before and after.
    """
    lowest, highest = np.int64(marks.size), np.int64(-1)
    for k in range(counts.size):
        count = counts[k]
        if count > 0:
            symbols[count] += np.uint32(1)
            word = np.int64(count) >> 6
            marks[word] |= ONE << (np.uint64(count) & LOW_SIX)
            lowest, highest = min(lowest, word), max(highest, word)
    for word in range(lowest, highest + 1):
        left = marks[word]
        marks[word] = 0
        while left != 0:
            count = np.int64(word * 64) + np.int64(ones((left & (~left + ONE)) - ONE))
            left &= left - ONE
            out[0, where], out[1, where], out[2, where] = segment, count, symbols[count]
            symbols[count] = 0
            where += 1
    return where


def _write_pairs(cells, starts, pairs, x_sizes, x_kept, y_sizes, y_kept, apart, room, written, out):
    """Writes the occurrences of each pair's cells to out[0]; `apart`, its margins' to out[1:].

    The symbols that count are the first `kept` ones.
    """
    marks, symbols, some, few, (often, histograms) = room
    for p in range(pairs.shape[0]):
        x, y = pairs[p, 0], pairs[p, 1]
        k_x, k_y = x_kept[x], y_kept[y]
        table = cells[starts[p] : starts[p + 1]].reshape((x_sizes[x], y_sizes[y]))
        size = k_x * k_y
        for i in range(k_x):
            for j in range(k_y):
                some[i * k_y + j] = np.uint32(table[i, j])
        if size <= few:
            written[0] = write_few(some[:size], marks, symbols, p, written[0], out[0])
        else:
            written[0] = write(some[:size], histograms, often, p, written[0], out[0])
        if apart:
            for i in range(k_x):
                total = np.int64(0)
                for j in range(k_y):
                    total += table[i, j]
                some[i] = np.uint32(total)
            written[1] = write_few(some[:k_x], marks, symbols, p, written[1], out[1])
            for j in range(k_y):
                total = np.int64(0)
                for i in range(k_x):
                    total += table[i, j]
                some[j] = np.uint32(total)
            written[2] = write_few(some[:k_y], marks, symbols, p, written[2], out[2])


ones = jit(_ones)
pack = jit(_pack)
meet = jit(_meet)
add_sizes = jit(_add_sizes)
complete = jit(_complete)
count_by_bits = jit(_count_by_bits)
count_in_turns = jit(_count_in_turns)
count_in_tables = jit(_count_in_tables)
write_few = jit(_write_few)
write_pairs = jit(_write_pairs)


# --- in chunks ------------------------------------------------------------------------------------


def tally_pairs(xs: Columns, ys: Columns, pairs: IntArray, apart: bool) -> Occurrences:
    """Counts pairs (p, 2) of a column of xs and one of ys, as the seam says."""
    sizes = xs.sizes[pairs[:, 0]] * ys.sizes[pairs[:, 1]]
    chunks = list(_chunks(sizes, xs.codes.shape[1]))
    tasks = [partial(_tally, xs, ys, pairs[some], sizes[some], apart) for some in chunks]
    rows = list(zip(*together(tasks), strict=True))
    for kind, parts in enumerate(rows):
        for some, part in zip(chunks, parts, strict=True):
            part[0] += kind * len(pairs) + some.start
    return Occurrences(*np.concatenate([part for parts in rows for part in parts], axis=1))


def _chunks(sizes: IntArray, n: int) -> Iterator[slice]:
    """Cuts pairs into those that one task counts: bounded in cells, and some for each thread."""
    most = CHUNK_PAIRS
    if n_threads() > 1:
        n_pieces = min(4 * n_threads(), len(sizes) * n // PIECE_ROWS)
        most = min(most, -(-len(sizes) // max(1, n_pieces)))
    before, first = np.concatenate([[0], np.cumsum(sizes)]), 0
    while first < len(sizes):
        fit = int(np.searchsorted(before, before[first] + CHUNK_CELLS, "right")) - 1
        last = max(first + 1, min(first + most, fit))
        yield slice(first, last)
        first = last


@np.errstate(all="ignore")  # words are modulo 2^64
def _tally(
    xs: Columns, ys: Columns, pairs: IntArray, sizes: IntArray, apart: bool
) -> list[IntArray]:
    """Counts some pairs: rows (segment, times, symbols) of cells, and `apart` of both margins."""
    n = xs.codes.shape[1]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    cells = np.empty(starts[-1], np.int64)
    x_used, x_at = np.unique(pairs[:, 0], return_inverse=True)
    y_used, y_at = np.unique(pairs[:, 1], return_inverse=True)
    by_bits = int(sizes.max()) <= BITS_CELLS and len(pairs) >= BITS_PAIRS * (
        len(x_used) + len(y_used)
    )
    if by_bits:
        some_x, some_y = _of(xs, x_used), _of(ys, y_used)
        local = np.stack([x_at, y_at], axis=1)
        most = max(int(some_x.sizes.max()), int(some_y.sizes.max()))
        words = -(-min(n, BITS_ROWS) // 64)
        x_sets, y_sets = (
            np.empty((len(some.sizes), int(some.sizes.max()), words), np.uint64)
            for some in (some_x, some_y)
        )
        of_sets = np.empty((2, most, max(len(x_used), len(y_used))), np.int64)
        count_by_bits(
            fixed(some_x.codes),
            fixed(some_y.codes),
            some_x.sizes,
            some_y.sizes,
            local,
            starts,
            x_sets,
            y_sets,
            of_sets,
            cells,
        )
    else:
        turns = np.empty(4 * TURNS_CELLS, np.uint32)
        read = fixed(xs.codes), fixed(ys.codes)
        count_in_tables(*read, xs.sizes, ys.sizes, pairs, starts, turns, cells)
    return _written(xs, ys, pairs, cells, starts, apart)


def _of(columns: Columns, used: IntArray) -> Columns:
    """Takes some columns, without a copy where they stand side by side."""
    some = slice(int(used[0]), int(used[-1]) + 1)
    if some.stop - some.start == len(used):
        return Columns(*(array[some] for array in columns))
    return Columns(*(array[used] for array in columns))


def _written(
    xs: Columns,
    ys: Columns,
    pairs: IntArray,
    cells: IntArray,
    starts: IntArray,
    apart: bool,
) -> list[IntArray]:
    n = xs.codes.shape[1]
    distinct_counts = (math.isqrt(8 * n + 1) - 1) // 2 + 1  # 1 + 2 + ... + k <= n
    sizes = np.diff(starts)
    lengths, most_met = [int(np.minimum(sizes, distinct_counts).sum())], 1
    if apart:
        for columns, at in ((xs, 0), (ys, 1)):
            kept = columns.kept[pairs[:, at]]
            lengths.append(int(np.minimum(kept, distinct_counts).sum()))
            most_met = max(most_met, int(kept.max()))  # cells that a margin adds up
    out = np.empty((len(lengths), 3, max(lengths)), np.int64)
    written = np.zeros(3, np.int64)
    most = min(n, most_met * int(cells.max()))
    room = (
        np.zeros(most // 64 + 1, np.uint64),
        np.zeros(most + 1, np.uint32),
        np.empty(int(sizes.max()), np.uint32),
        np.int64(TURNS_CELLS),
        (np.empty(n // N_OFTEN + 1, np.uint32), np.zeros((N_OFTEN + 1, 4), np.uint32)),
    )
    write_pairs(
        cells, starts, pairs, xs.sizes, xs.kept, ys.sizes, ys.kept, apart, room, written, out
    )
    return [rows[:, :length] for rows, length in zip(out, written.tolist(), strict=False)]
