"""The entropy with each count's logarithm corrected for its own scatter (Grassberger 2003)."""

from __future__ import annotations

import math

import numpy as np

from fastmi.arrays import FloatArray
from fastmi.counting import Tally

__all__ = ["grassberger"]


def grassberger(tally: Tally) -> FloatArray:
    """Estimates the entropy of every segment by log n - (1/n) sum_c m_c c G(c), in bits, (s,).

    m_c symbols occur c times, and G(c) = psi(floor(c / 2) + 1/2) + ln 2 nats stands for log c: G(1)
    = -gamma - ln 2, G(2) = 2 + G(1), G(2m + 1) = G(2m), G(2m + 2) = G(2m) + 2 / (2m + 1).

    Its bias falls faster than the plug-in's where symbols are many and rare, but it fails too where
    most have not been seen. A difference of such entropies may be negative; nothing is clipped.

    Source: P. Grassberger, Entropy estimates from insufficient samplings, 2003,
    arXiv:physics/0307138.
    """
    from scipy.special import digamma

    segment, times, symbols = tally.occurrences
    terms = symbols * (times * (digamma(times // 2 + 0.5) / math.log(2) + 1))
    sums = np.bincount(segment, weights=terms, minlength=tally.n_segments)
    return np.log2(tally.n_samples) - sums / tally.n_samples
