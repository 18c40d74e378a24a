"""The kernels of the permutation test: labels of 64 permutations side by side, counted at once.

Plain functions first (`_name`) and compiled second (`name`), as the kernels of counting.

The labels of one sample under 64 permutations are one line of memory. So what is counted under one
permutation is counted under all of them by the same few instructions, and a code is numbered,
sorted and looked up once for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastmi.backends.numba_kernels import fixed, jit, renumber, room
from fastmi.backends.threads import together

__all__ = ["LANES", "blocks", "lines_of", "permutation_sums"]

IntArray = npt.NDArray[np.int64]

LANES = 64  # permutations side by side: of labels in bytes, a cache line
FULL_BYTE = 255  # samples that are counted in bytes before these are added up
NARROW_LABELS = 256  # so many fit a byte
# what it costs to go through a code's samples for one class, in samples, and what to take each of
# them by itself, in classes
SAMPLES_A_CLASS, CLASSES_A_SAMPLE = 24, 72
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
BY_30, BY_27, BY_31, BY_32 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(32)
HALF = np.uint64(0xFFFFFFFF)


# --- the labels under 64 permutations -------------------------------------------------------------


def _mixed(state):
    """Draws what splitmix64 gives of a state."""
    z = (state ^ (state >> BY_30)) * FIRST
    z = (z ^ (z >> BY_27)) * SECOND
    return z ^ (z >> BY_31)


def _draw(states, bound, places):
    """Draws a place below `bound` in every lane: the upper half of a product of 96 bits."""
    for lane in range(LANES):
        state = states[lane] + GOLDEN
        states[lane] = state
        z = mixed(state)
        upper, lower = (z >> BY_32) * bound, ((z & HALF) * bound) >> BY_32
        places[lane] = (upper + lower) >> BY_32


def _permute(labels, first, seed, states, places, lines):
    """Lays the labels (n,) under permutations first..first + 63 side by side, in lines (n, 64).

    Permutation 0 leaves all as it is. Inside out: sample i is put in a place below i + 1, and what
    stood there in place i.
    """
    for lane in range(LANES):
        states[lane] = mixed(seed + np.uint64(first + lane) * GOLDEN)
    for i in range(labels.size):
        draw(states, np.uint64(i + 1), places)
        label, line = labels[i], lines[i]
        for lane in range(LANES):
            place = places[lane]
            line[lane] = lines[place, lane]
            lines[place, lane] = label
    if first == 0:
        lines[:, 0] = labels


# --- what they come to ----------------------------------------------------------------------------


def _arrange(ids, n_symbols, starts, samples):
    """Sorts the samples by their code, 1..n_symbols, and leaves out those that are alone with it.

    Code k has samples[starts[k] : starts[k + 1]]; their number is returned.
    """
    starts[: n_symbols + 2] = 0
    for i in range(ids.size):
        starts[ids[i]] += 1
    end = 0
    for code in range(1, n_symbols + 1):
        size = starts[code]
        starts[code] = end if size > 1 else -1
        end += size if size > 1 else 0
    for i in range(ids.size):
        place = starts[ids[i]]
        if place >= 0:
            samples[place] = i
            starts[ids[i]] = place + 1
    n_codes = 0
    for code in range(1, n_symbols + 1):  # now each has its end
        if starts[code] >= 0:
            n_codes += 1
            starts[n_codes] = starts[code]
    starts[0] = 0
    return n_codes


def _count(lines, samples, label, in_bytes, counts):
    """Counts the samples that have a label, in each lane."""
    for lane in range(LANES):
        counts[lane] = 0
    for first in range(0, samples.size, FULL_BYTE):
        some = samples[first : first + FULL_BYTE]
        for lane in range(LANES):
            in_bytes[lane] = 0
        in_threes = some.size // 3 * 3
        for i in range(0, in_threes, 3):
            a, b, c = lines[some[i]], lines[some[i + 1]], lines[some[i + 2]]
            for lane in range(LANES):
                in_bytes[lane] += (
                    np.uint8(a[lane] == label)
                    + np.uint8(b[lane] == label)
                    + np.uint8(c[lane] == label)
                )
        for i in range(in_threes, some.size):
            a = lines[some[i]]
            for lane in range(LANES):
                in_bytes[lane] += np.uint8(a[lane] == label)
        for lane in range(LANES):
            counts[lane] += in_bytes[lane]


def _add_terms(terms, counts, rest, sums):
    """Adds the terms of counts, which are taken from what is left of the code's samples."""
    for lane in range(LANES):
        count = counts[lane]
        rest[lane] -= count
        sums[lane] += terms[count]


def _sum_by_class(lines, samples, n_labels, terms, in_bytes, counts, rest, sums):
    """Adds the terms of one code's pairs, one class after the other; the last is what is left."""
    for lane in range(LANES):
        rest[lane] = samples.size
    for label in range(n_labels - 1):
        count(lines, samples, np.uint8(label), in_bytes, counts)
        add_terms(terms, counts, rest, sums)
    for lane in range(LANES):
        sums[lane] += terms[rest[lane]]


def _sum_of_two(lines, first, second, term, sums):
    """Adds the term of a code of two samples, where their labels are equal."""
    a, b = lines[first], lines[second]
    for lane in range(LANES):
        sums[lane] += term if a[lane] == b[lane] else np.int64(0)


def _sum_by_sample(lines, samples, terms, cells, sums):
    """Adds the terms of one code's pairs by what each sample adds; cells (classes, 64) stay 0."""
    for i in range(samples.size):
        line = lines[samples[i]]
        for lane in range(LANES):
            before = cells[line[lane], lane]
            sums[lane] += terms[before + 1] - terms[before]
            cells[line[lane], lane] = before + 1
    for i in range(samples.size):
        line = lines[samples[i]]
        for lane in range(LANES):
            cells[line[lane], lane] = 0


def _sum_narrow(lines, starts, samples, n_labels, terms, cells, in_bytes, counts, rest, sums):
    """Sums over all codes of a segment, of labels in bytes."""
    sums[:] = 0
    for code in range(starts.size - 1):
        some = samples[starts[code] : starts[code + 1]]
        if some.size == 2:
            sum_of_two(lines, some[0], some[1], terms[2], sums)
        elif n_labels * (some.size + SAMPLES_A_CLASS) < CLASSES_A_SAMPLE * some.size:
            sum_by_class(lines, some, n_labels, terms, in_bytes, counts, rest, sums)
        else:
            sum_by_sample(lines, some, terms, cells, sums)


def _sum_wide(lines, starts, samples, terms, cells, sums):
    """Sums over all codes of a segment, of labels that are too many for bytes."""
    sums[:] = 0
    for code in range(starts.size - 1):
        some = samples[starts[code] : starts[code + 1]]
        if some.size == 2:
            sum_of_two(lines, some[0], some[1], terms[2], sums)
        else:
            sum_by_sample(lines, some, terms, cells, sums)


mixed = jit(_mixed)
draw = jit(_draw)
permute = jit(_permute)
arrange = jit(_arrange)
count = jit(_count)
add_terms = jit(_add_terms)
sum_by_class = jit(_sum_by_class)
sum_of_two = jit(_sum_of_two)
sum_by_sample = jit(_sum_by_sample)
sum_narrow = jit(_sum_narrow)
sum_wide = jit(_sum_wide)


# --- in blocks ------------------------------------------------------------------------------------


def blocks(n_resamples: int) -> Iterator[slice]:
    """Cuts permutations 0..n_resamples into blocks of 64; 0 is the observed one."""
    for first in range(0, n_resamples + 1, LANES):
        yield slice(first, min(first + LANES, n_resamples + 1))


@np.errstate(all="ignore")  # numbers are modulo 2^64
def lines_of(labels: IntArray, n_labels: int, first: int, seed: int) -> npt.NDArray[Any]:
    """Lays labels (n,) under permutations first..first + 63 side by side, (n, 64).

    Permutation r > 0 has a splitmix64 of its own, that starts from the r-th output of the one of
    the seed, whatever the number of permutations; its draw i, of a place in 0..i - 1, is the upper
    half of i times a 64-bit output: it prefers no place by more than 2^-32.
    """
    kind = np.uint8 if n_labels <= NARROW_LABELS else np.int32
    lines = np.empty((len(labels), LANES), kind)
    states, places = np.empty(LANES, np.uint64), np.empty(LANES, np.uint64)
    permute(labels.astype(kind), first, np.uint64(seed), states, places, lines)
    return lines


class _Segment(NamedTuple):
    """The samples of each code, but for those alone with theirs: code k ends at starts[k + 1]."""

    starts: IntArray
    samples: npt.NDArray[np.int32]


@np.errstate(all="ignore")
def permutation_sums(
    codes: IntArray, labels: IntArray, n_labels: int, terms: IntArray, seed: int, n_resamples: int
) -> IntArray:
    """Sums terms[count] over the pairs (code, label) of every segment, under permuted labels.

    Args:
        codes: (s, n). labels: (n,) in 0..n_labels - 1. terms: (c,) of all counts of pairs; those of
            0 and 1 are 0. seed: below 2^64.

    Returns:
        (1 + n_resamples, s), the first with the labels as they are.
    """
    segments = _segments(codes)
    tasks = [
        partial(_sums, segments, labels, n_labels, terms, seed, block.start)
        for block in blocks(n_resamples)
    ]
    return np.concatenate(together(tasks))[: n_resamples + 1]


def _segments(codes: IntArray) -> list[_Segment]:
    n = codes.shape[1]
    place, ids = room(n), np.empty(n, np.uint32)
    segments = []
    for segment in codes:
        n_symbols = int(renumber(fixed(segment), 0, place, ids))
        starts, samples = np.empty(n_symbols + 2, np.int64), np.empty(n, np.int32)
        n_codes = int(arrange(ids, n_symbols, starts, samples))
        segments.append(_Segment(starts[: n_codes + 1], samples[: starts[n_codes]].copy()))
    return segments


@np.errstate(all="ignore")
def _sums(
    segments: list[_Segment],
    labels: IntArray,
    n_labels: int,
    terms: IntArray,
    seed: int,
    first: int,
) -> IntArray:
    """Sums under 64 permutations, (64, s)."""
    lines = lines_of(labels, n_labels, first, seed)
    narrow = lines.dtype == np.uint8
    sums = np.empty((len(segments), LANES), np.int64)
    cells = np.zeros((n_labels, LANES), np.int32)
    in_bytes = np.empty(LANES, np.uint8)
    counts, rest = np.empty(LANES, np.int32), np.empty(LANES, np.int32)
    for segment, out in zip(segments, sums, strict=True):
        if narrow:
            sum_narrow(lines, *segment, n_labels, terms, cells, in_bytes, counts, rest, out)
        else:
            sum_wide(lines, *segment, terms, cells, out)
    return sums.T
