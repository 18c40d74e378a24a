"""labels under permutations -> the null of their information, and its p-values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fastmi import backends, checks, entropies
from fastmi.arrays import FloatArray, IntArray, LabelsLike
from fastmi.belief import chance
from fastmi.coding import identify_rows
from fastmi.counting import tally
from fastmi.entropies.whole import whole_terms
from fastmi.inputs import on_host, shown
from fastmi.labels import together

__all__ = [
    "Null",
    "PermutationTest",
    "Resamples",
    "Segments",
    "null",
    "permutation_test",
    "pvalues_of",
    "resamples",
]

# of a group of segments, which are tested together
MOST_SUMS, MOST_CODES = 2**22, 2**24


@dataclass(frozen=True, eq=False, repr=False)
class PermutationTest:
    """What a permutation test found: of a pair floats, of a plane arrays (..., n_layers).

    Attributes:
        statistic: the plug-in I(T;Y) in bits.
        pvalue: (1 + the resamples whose information is at least the statistic) / (1 + n_resamples):
            never 0.
        pvalue_adjusted: the same for all points of the plane together: where no layer knows of Y,
            any of them is at most a with probability at most a. Of a pair it is pvalue.
        n_resamples: how many permutations there were.
    """

    statistic: float | FloatArray
    pvalue: float | FloatArray
    pvalue_adjusted: float | FloatArray
    n_resamples: int

    def __repr__(self) -> str:
        of = f"{self.n_resamples} resamples"
        if isinstance(self.statistic, float):
            return f"PermutationTest: I = {self.statistic:.4g} bits, p = {self.pvalue:.3g} of {of}"
        return (
            f"PermutationTest {np.shape(self.statistic)}: smallest p = {np.min(self.pvalue):.3g}, "
            f"adjusted {np.min(self.pvalue_adjusted):.3g}, of {of}"
        )


class Resamples(NamedTuple):
    """How many permutations, and the seed that gives them."""

    n: int
    seed: int


class Segments(NamedTuple):
    """Codes (s, n) in 0..2^code_bits - 1, or any integers where that is ANY_CODE."""

    codes: Any
    code_bits: int

    def __repr__(self) -> str:
        return f"Segments {tuple(self.codes.shape)} of {self.code_bits} bits"


def permutation_test(
    x: LabelsLike,
    y: LabelsLike,
    *,
    n_resamples: int = 999,
    rng: int | np.random.Generator | None = None,
    missing: str = "raise",
) -> PermutationTest:
    """Tests I(X;Y) = 0 by permutations: p = (1 + #{I(X;Y permuted) >= I(X;Y)}) / (1 + n_resamples).

    Under independence P(p <= a) <= a at every n, for samples that are independent of each other,
    and of which neither variable was fitted to the other: not a network's layer on the samples that
    it was trained on. Ties count, and they are exact: terms c log2 c are added up in whole numbers
    that are equal where the information is (see `fastmi.entropies.whole`).

    The permutations are those of y, by Fisher and Yates, inside out; each draws from a splitmix64
    of its own, seeded from one 64-bit integer. They are the same for every x of n samples, on
    every backend, and the first of many are the same as of few; NumPy's are others.

    Args:
        x, y: as in `mutual_information`, (n,) labels or (n, d) rows, each row one joint symbol; no
            batches.
        n_resamples: the permutations, at least 1; the smallest p is 1 / (1 + n_resamples).
        rng: an integer of 0..2^64 - 1, which is the seed; a NumPy Generator, of which one is drawn;
            or None, for another one at each call.
        missing: as in `mutual_information`.

    Returns:
        a record: statistic (plug-in, in bits), pvalue, pvalue_adjusted (the same), n_resamples.

    Raises:
        TypeError, ValueError: as `mutual_information`; batches, n_resamples below 1, another rng.

    Example:
        >>> import fastmi
        >>> fastmi.permutation_test([0, 0, 0, 1, 1, 1] * 4, ["a", "b"] * 12, rng=0)
        PermutationTest: I = 0.0817 bits, p = 0.222 of 999 resamples
    """
    permutations = resamples(n_resamples, rng)
    arrays, _ = together(missing, {"x": x, "y": y})
    for name, array in arrays.items():
        if array.ndim > 2:
            raise ValueError(
                f"{name} has shape {tuple(array.shape)}: a test takes one pair, labels (n,) or rows"
                " (n, d); test each of a batch by itself, for x, y in zip(xs, ys)"
            )
    (codes, n_codes), (ids, n_ids) = map(identify_rows, arrays.values())
    segments = Segments(codes[None], (n_codes - 1).bit_length())
    ((statistic, pvalue, _),) = pvalues_of([segments], on_host(ids), n_ids, permutations).T.tolist()
    return PermutationTest(statistic, pvalue, pvalue, permutations.n)


def resamples(n_resamples: Any, rng: Any) -> Resamples:
    """Reads how many permutations there are to be, and draws the seed.

    Raises:
        TypeError, ValueError: fewer than one, another kind of rng, a seed that is out of range.
    """
    n = checks.positive_integer("n_resamples", n_resamples)
    if rng is None:
        rng = np.random.default_rng()
    if isinstance(rng, np.random.Generator):
        return Resamples(n, int(rng.integers(2**64, dtype=np.uint64)))
    if isinstance(rng, bool) or not isinstance(rng, int | np.integer):
        raise TypeError(
            f"rng is {shown(rng)}: pass a seed (an integer), numpy.random.default_rng(seed), or "
            "None for other permutations at each call"
        )
    if not 0 <= rng < 2**64:
        raise ValueError(f"rng is the seed {shown(rng)}: seeds are 0..2^64 - 1")
    return Resamples(n, int(rng))


def pvalues_of(
    segments: Iterable[Segments], labels: IntArray, n_labels: int, permutations: Resamples
) -> FloatArray:
    """Tests I(T;Y) of every segment under the same permutations of the labels.

    The adjusted p-value is that of the largest (I - chance) / scale among all segments (Westfall
    and Young 1993): under independence all labelings are alike, the observed one among them, and so
    is the largest of each. The scale is the sd over all of them, the observed one included, so that
    it is the same whichever of them is observed; where it is 0, no labeling says anything.

    Args:
        segments: of n samples each. labels: (n,) in 0..n_labels - 1, on the host.

    Returns:
        (3, s): the plug-in information in bits, its p-value, the adjusted one.
    """
    most = np.full(1 + permutations.n, -np.inf)
    columns: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    for codes, code_bits in _groups(segments, permutations.n):
        information, by_chance, gains = null(codes, code_bits, labels, n_labels, permutations)
        pvalue = (gains >= 0).mean(axis=0)  # the observed labels are one of them
        above = information - by_chance
        scale = gains.std(axis=0)
        score = np.full(gains.shape, -np.inf)
        np.divide(above + gains, scale, out=score, where=scale > 0)
        np.maximum(most, score.max(axis=1), out=most)
        columns.append((information, pvalue, score[0]))
    bits, pvalue, observed = map(np.concatenate, zip(*columns, strict=True))
    below = np.searchsorted(np.sort(most), observed, side="left")
    return np.stack([bits, pvalue, (most.size - below) / most.size])


class Null(NamedTuple):
    """What labels tell of each segment, in bits, (s,), and what they tell when they are permuted.

    Attributes:
        information: the plug-in I(T;Y). chance: its mean over all permutations.
        gains: how much more each of these permutations tells, (1 + n, s), the first of which
            changes nothing: exact in their sign, and equal where the information is.
    """

    information: FloatArray
    chance: FloatArray
    gains: FloatArray

    def __repr__(self) -> str:
        return f"Null of {len(self.information)} segments, {len(self.gains) - 1} permutations"


def null(
    codes: Any, code_bits: int, labels: IntArray, n_labels: int, permutations: Resamples
) -> Null:
    """Measures I(T;Y) of codes (s, n) and labels (n,), as they are and under every permutation."""
    n_segments, n = codes.shape
    class_counts = np.bincount(labels)
    counts = tally(codes, labels[None], (n_labels,), code_bits)
    h_t, h_ty = entropies.plugin(counts).reshape(2, -1)
    information = entropies.information(h_t, entropies.plugin(tally(labels[None])), h_ty)
    terms, digits = whole_terms(n, int(class_counts.max()))
    sums = backends.twin_for(codes).permutation_sums(
        codes, labels, n_labels, terms, permutations.seed, permutations.n
    )
    gains = np.ldexp((sums - sums[0]).astype(np.float64), -digits) / n
    return Null(information, chance(counts.between(0, n_segments), class_counts), gains)


def _groups(segments: Iterable[Segments], n_resamples: int) -> Iterator[Segments]:
    """Cuts segments into groups whose sums and codes are held at a time."""
    for codes, code_bits in segments:
        step = max(1, min(MOST_SUMS // (1 + n_resamples), MOST_CODES // codes.shape[1]))
        for first in range(0, len(codes), step):
            yield Segments(codes[first : first + step], code_bits)
