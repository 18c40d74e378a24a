"""Permuted labels side by side: all permutations alike, a stream as written down, exact sums."""

import itertools
import json
import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

import fastmi
from fastmi.backends.numba_permutations import FULL_BYTE, LANES, lines_of, permutation_sums
from fastmi.entropies.whole import whole_terms
from tests import ROOT

WORD = 2**64 - 1


def splitmix64(state):
    """Steele, Lea and Flood 2014, in integers without an end."""
    z = state
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
    return z ^ (z >> 31)


def permuted(labels, number, seed):
    """The labels under one permutation, by what `lines_of` says of it."""
    if number == 0:
        return list(labels)
    state = splitmix64((seed + number * 0x9E3779B97F4A7C15) & WORD)
    out = []
    for i, label in enumerate(labels):
        state = (state + 0x9E3779B97F4A7C15) & WORD
        place = (splitmix64(state) * (i + 1)) >> 64
        out.append(label)
        out[i], out[place] = out[place], label
    return out


def by_definition(codes, lines, terms):
    """Sums terms over the pairs of every segment and lane."""
    return [
        [
            sum(terms[count] for count in Counter(zip(segment, lane, strict=True)).values())
            for segment in codes.tolist()
        ]
        for lane in lines.T.tolist()
    ]


def all_lines(labels, n_labels, n_resamples, seed):
    """The labels under permutations 0..n_resamples, (n, 1 + n_resamples)."""
    firsts = range(0, n_resamples + 1, LANES)
    lines = [lines_of(labels, n_labels, first, seed) for first in firsts]
    return np.concatenate(lines, axis=1)[:, : n_resamples + 1]


@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1, 0x123456789ABCDEF])
def test_the_stream_is_the_one_that_is_written_down(seed):
    labels = np.arange(50) * 7 % 50
    lines = all_lines(labels, 50, 130, seed)
    assert lines.dtype == np.uint8
    for number in (0, 1, 2, 63, 64, 65, 130):
        assert lines[:, number].tolist() == permuted(labels.tolist(), number, seed)


def test_permutations_do_not_depend_on_what_is_permuted():
    places = all_lines(np.arange(300), 300, 70, 5)
    assert places.dtype == np.int32
    labels = np.arange(300) % 4
    np.testing.assert_array_equal(all_lines(labels, 4, 70, 5), labels[places])


def test_every_permutation_is_drawn_alike():
    lines = all_lines(np.arange(4), 4, 24_000, 11)[:, 1:]
    drawn = Counter(map(tuple, lines.T.tolist()))
    assert set(drawn) == set(itertools.permutations(range(4)))
    # chi-square of 23 degrees: above 58 once in ten thousand seeds
    assert sum((count - 1000) ** 2 / 1000 for count in drawn.values()) < 58


def test_neighbours_in_a_block_and_across_seeds_know_nothing_of_each_other():
    lines = all_lines(np.arange(256), 256, 999, 3)[:, 1:].astype(float)
    beside = all_lines(np.arange(256), 256, 999, 4)[:, 1:].astype(float)
    correlations = np.corrcoef(np.concatenate([lines.T[:400], beside.T[:400]]))
    off = correlations[np.triu_indices(len(correlations), 1)]
    assert abs(off.mean()) < 1e-3
    assert off.std() * np.sqrt(255) == pytest.approx(1, abs=0.02)
    assert abs(off).max() < 6 / np.sqrt(255)


CASES = {
    "two classes": (60, 12, 2),
    "one class": (60, 12, 1),
    "few classes": (60, 6, 5),
    "as many classes as fit a byte": (400, 30, 256),
    "more classes than fit a byte": (400, 30, 300),
    "classes taken one by one": (100, 40, 70),
    "all alone": (20, 10**9, 2),
    "one code of more samples than a byte counts": (3 * FULL_BYTE + 2, 1, 3),
    "few codes": (1000, 4, 2),
    "one sample": (1, 1, 1),
    "two samples": (2, 1, 2),
}


@pytest.mark.parametrize("name", CASES)
def test_the_sums_are_those_of_the_definition(rng, name):
    n, n_codes, n_labels = CASES[name]
    codes = rng.integers(0, n_codes, (3, n)) - 5
    codes[1] = codes[1, 0]
    labels = rng.integers(0, n_labels, n)
    terms, _ = whole_terms(n, n)
    sums = permutation_sums(codes, labels, n_labels, terms, 7, 66)
    assert sums.shape == (67, 3)
    lines = all_lines(labels, n_labels, 66, 7)
    assert sums.tolist() == by_definition(codes, lines, terms.tolist())


def test_threads_leave_no_trace(rng):
    codes, labels = rng.integers(0, 9, (5, 80)), rng.integers(0, 3, 80)
    terms, _ = whole_terms(80, 80)
    alone = permutation_sums(codes, labels, 3, terms, 1, 400)
    with fastmi.use_threads(3):
        np.testing.assert_array_equal(permutation_sums(codes, labels, 3, terms, 1, 400), alone)


SMALL = """
import json
import numpy as np
from fastmi.backends.numba_permutations import permutation_sums
np.seterr(all="raise")
codes = np.arange(60).reshape(2, 30) ** 2 % 7
terms = np.arange(31) ** 2 - (np.arange(31) == 1)
sums = [
    permutation_sums(codes, np.arange(30) % k, k, terms, 2**64 - 1, 3)
    for k in (2, 29, 300)
]
print(json.dumps([each.tolist() for each in sums]))
"""


def test_the_kernels_are_plain_python_and_give_the_same_integers():
    def run(**environment):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", SMALL],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            check=True,
        )
        return json.loads(done.stdout)

    assert run() == run(NUMBA_DISABLE_JIT="1")
