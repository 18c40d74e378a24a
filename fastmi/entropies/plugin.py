"""The plug-in (maximum-likelihood) entropy."""

from __future__ import annotations

import numpy as np

from fastmi.arrays import FloatArray, IntArray
from fastmi.backends import Occurrences
from fastmi.counting import Tally
from fastmi.entropies.arithmetic import settle

__all__ = ["plugin", "plugin_of"]


def plugin(tally: Tally) -> FloatArray:
    """Estimates the entropy of every segment by the shares in the sample, in bits, (s,).

    H = log2 n - (1/n) sum_c m_c c log2 c, where m_c symbols occur exactly c times. At most
    sqrt(2n) terms, added one by one in ascending c: the order of the samples, the other
    segments and the backend leave no trace in the result.

    It is too low by about (K - 1) / (2 n ln 2) bits for K symbols that are well sampled, and at
    most log2 n whatever the truth.
    """
    return plugin_of(tally.occurrences, np.full(tally.n_segments, tally.n_samples))


def plugin_of(occurrences: Occurrences, n_samples: IntArray) -> FloatArray:
    """Estimates the same of segments that have n_samples each, (s,)."""
    segment, times, symbols = occurrences
    if times.size > (most := int(times.max(initial=1))):  # many segments share their counts
        logs = np.log2(np.arange(1, most + 1))[times - 1]
    else:
        logs = np.log2(times)
    terms = symbols * (times * logs)
    sums = np.bincount(segment, weights=terms, minlength=len(n_samples))  # sequential addition
    return settle(np.log2(n_samples) - sums / n_samples)
