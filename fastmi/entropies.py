"""tallies -> bits. The only module that turns counts into entropies: float64, summed by count, so one float per answer."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from fastmi.counting import Tally

__all__ = ["RESIDUE", "FloatArray", "in_base", "information", "plugin", "settle"]

FloatArray = npt.NDArray[np.float64]

RESIDUE = 1e-12  # a difference of entropies nearer to zero than this is rounding, and is returned as 0


def plugin(tally: Tally) -> FloatArray:
    """The plug-in (maximum-likelihood) entropy of every segment, in bits, (s,).

    H = log2 n - (1/n) sum_c m_c c log2 c, where m_c symbols occur exactly c times. At most sqrt(2n) terms, added one by
    one in ascending c: the order of the samples, the other segments and the backend leave no trace in the result.
    """
    segment, times, symbols = tally.occurrences
    terms = symbols * (times * np.log2(times))
    sums = np.bincount(segment, weights=terms, minlength=tally.n_segments)  # sequential float64 addition
    return settle(np.log2(tally.n_samples) - sums / tally.n_samples)


def settle(difference: FloatArray) -> FloatArray:
    """Rounding residue of a difference of entropies is zero."""
    return np.where(np.abs(difference) <= RESIDUE, 0.0, difference)


def information(h_a: FloatArray, h_b: FloatArray, h_ab: FloatArray) -> FloatArray:
    """I(A;B) = min(H(A), H(B)) - (H(A,B) - max(H(A), H(B))).

    Written so that it is symmetric to the last bit, never above either entropy, and exactly H(A) where A is a function of B.
    """
    return settle(np.minimum(h_a, h_b) - settle(h_ab - np.maximum(h_a, h_b)))


def in_base(bits: FloatArray, base: float | None) -> FloatArray:
    """Bits -> the given base; None is nats."""
    if base == 2:
        return bits
    return bits * math.log(2) if base is None else bits / math.log2(base)
