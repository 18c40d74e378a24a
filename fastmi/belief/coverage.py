"""tally -> how much of the law the sample has seen."""

from __future__ import annotations

import numpy as np

from fastmi.arrays import FloatArray
from fastmi.counting import Tally

__all__ = ["chao_jost"]


def chao_jost(codes: Tally) -> FloatArray:
    """Estimates the probability of all symbols seen, (s,): with Good-Turing's bias removed.

    C = 1 - (f1 / n) A with A = (n - 1) f1 / ((n - 1) f1 + 2 f2), where f1 symbols occur once, f2
    twice. If f2 = 0, A = (n - 1) (f1 - 1) / ((n - 1) (f1 - 1) + 2); if f1 = 0, C = 1. NaN where n =
    1: one sample does not say how likely another symbol is. `Tally.coverage` is Good-Turing's
    estimate, 1 - f1 / n.

    Args:
        codes: a tally of s segments, of codes or of pairs (T,Y).

    Source:
        Chao and Jost 2012, Coverage-based rarefaction and extrapolation, Ecology 93.
    """
    n, (segment, times, symbols) = codes.n_samples, codes.occurrences
    if n == 1:
        return np.full(codes.n_segments, np.nan)
    f1, f2 = (
        np.bincount(segment, np.where(times == seen, symbols, 0), codes.n_segments)
        for seen in (1, 2)
    )
    once = (n - 1) * np.where(f2 > 0, f1, np.maximum(f1 - 1, 0))
    return 1 - f1 / n * (once / (once + np.where(f2 > 0, 2 * f2, 2)))
