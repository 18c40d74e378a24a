"""The entropy over shares that are lowered to the coverage, each for what was not seen like it."""

from __future__ import annotations

import math

import numpy as np

from fastmi.arrays import FloatArray
from fastmi.counting import Tally
from fastmi.entropies.arithmetic import settle

__all__ = ["chao_shen"]


def chao_shen(tally: Tally) -> FloatArray:
    """Estimates the entropy of every segment by -sum_x q log q / (1 - (1 - q)^n), in bits, (s,).

    q = C c / n of a symbol that occurs c times, and C = 1 - f1 / n is the share of the law that has
    been seen (Good-Turing), f1 the symbols seen once; where all are, C = 1 / n. A symbol's chance
    to be seen at all, 1 - (1 - q)^n, divides its term: so it stands for those that were not.

    It fails where C says little: with nearly every sample alone C is nearly 0, the result rests on
    a few coincidences and scatters widely, and with every sample alone it is about 2 log2 n
    whatever the truth. Where rare symbols differ much among themselves it is too low. It may exceed
    log2 n, and a difference of such entropies may be negative or exceed both: nothing is clipped.

    Source: Chao and Shen 2003, Nonparametric estimation of Shannon's index of diversity when there
    are unseen species in sample, Environmental and Ecological Statistics 10.
    """
    n, (segment, times, symbols) = tally.n_samples, tally.occurrences
    once = tally.singletons
    coverage = 1 - np.where(once == n, n - 1, once) / n
    shares = coverage[segment] * (times / n)
    # a share of 1 is seen for certain, and its logarithm is 0
    some = shares < 1
    chance = np.where(some, -np.expm1(n * np.log1p(-np.where(some, shares, 0))), 1)
    terms = symbols * (shares * np.log(shares) / chance)
    sums = np.bincount(segment, weights=terms, minlength=tally.n_segments)
    return settle(-sums / math.log(2))
