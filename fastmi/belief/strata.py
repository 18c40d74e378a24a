"""counts of two variables within strata -> chance and a bracket of conditional information.

Given Z, every stratum is a sample of its own: what holds of one holds of their mean, each weighed
by its share of the samples.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fastmi.arrays import FloatArray, IntArray
from fastmi.belief.hypergeometric import mean_log
from fastmi.belief.margins import Margin
from fastmi.belief.resamples import SD_RESAMPLES, resampled_sd
from fastmi.belief.scatter import chance_sd
from fastmi.counting import Tally

__all__ = ["Within", "chance_within", "label_code_within", "sd_within"]

BLOCK_PAIRS = 2**16  # a count of T and one of Y that are summed at a time


class Within(NamedTuple):
    """The counts of a variable's symbols, (k,), and the stratum of each, from 0 on.

    `symbols`: how many there have that count, (k,); one each unless said otherwise.
    """

    counts: IntArray
    strata: IntArray
    symbols: IntArray | int = 1

    @classmethod
    def one(cls, tally: Tally) -> Within:
        """Puts all symbols of a tally of one segment into one stratum."""
        segment, times, symbols = tally.occurrences
        return cls(times, segment, symbols)

    @property
    def sizes(self) -> IntArray:
        """Counts the samples of each stratum."""
        return np.bincount(self.strata, weights=self.counts * self.symbols).astype(np.int64)

    @property
    def n_symbols(self) -> int:
        """Counts the symbols of all strata."""
        return int(np.broadcast_to(self.symbols, self.counts.shape).sum())

    @property
    def apart(self) -> list[Margin]:
        """Splits the counts by stratum, and counts those that are equal."""
        strata, times, symbols = self.distinct
        ends = np.cumsum(np.bincount(strata))[:-1]
        split = np.split(times, ends), np.split(symbols, ends)
        return [Margin(*of_one) for of_one in zip(*split, strict=True)]

    @property
    def distinct(self) -> tuple[IntArray, IntArray, IntArray]:
        """Finds the (strata, counts) that occur, by stratum, and how many symbols have each."""
        beyond = int(self.counts.max()) + 1
        keys, which = np.unique(self.strata * beyond + self.counts, return_inverse=True)
        symbols = np.bincount(which, weights=np.broadcast_to(self.symbols, self.counts.shape))
        strata, times = np.divmod(keys, beyond)
        return strata, times, symbols.astype(np.int64)


def chance_within(t: Within, y: Within) -> float:
    """Computes the exact mean of the plug-in I(T;Y|Z) over all shuffles of Y within Z, in bits.

    chance = sum_z (n_z / n) chance_z, and that of a stratum is H(Y) - (1/n_z) sum_a m_a D(a), as
    `chance` has it.

    Args:
        t, y: the counts of the symbols of T and of Y that occur in each stratum.

    Source:
        of a stratum, Vinh, Epps and Bailey 2010.
    """
    sizes = t.sizes
    bits = math.fsum((y.symbols * y.counts * np.log2(sizes[y.strata] / y.counts)).tolist())
    (of_t, a, m_a), (of_y, b, m_b) = t.distinct, y.distinct
    first = np.searchsorted(of_y, np.arange(sizes.size + 1))
    n_beside = np.diff(first)[of_t]  # the counts of Y in the stratum of each count of T
    ends = np.cumsum(n_beside)
    start = 0
    while start < a.size:
        before = int(ends[start] - n_beside[start])
        stop = max(start + 1, int(np.searchsorted(ends, before + BLOCK_PAIRS, "right")))
        at_t = np.repeat(np.arange(start, stop), n_beside[start:stop])
        at_y = np.arange(at_t.size) - (ends - n_beside)[at_t] + before + first[of_t[at_t]]
        size = a[at_t]
        means = mean_log(sizes[of_t[at_t]], size, b[at_y], size.astype(np.float64))
        bits += math.fsum((m_a[at_t] * m_b[at_y] * means).tolist())
        start = stop
    # a residue of what cancels, as `settle`, but of the sum
    return max(bits, 0.0) / int(sizes.sum())


def label_code_within(y: Within, n_classes: int) -> float:
    """Measures the Krichevsky-Trofimov codes of the labels of all strata, in bits a sample.

    Each stratum has a code of its own, as `label_code` is: at least n H(Y|Z) in mean.
    """
    from scipy.special import gammaln

    if n_classes == 1:
        return 0.0  # known to be the only one
    half, sizes = n_classes / 2, y.sizes
    of_strata: FloatArray = gammaln(sizes + half) - math.lgamma(half)
    of_labels: FloatArray = y.symbols * (gammaln(y.counts + 0.5) - math.lgamma(0.5))
    nats = math.fsum([*of_strata.tolist(), *(-of_labels).tolist()])
    return nats / (int(sizes.sum()) * math.log(2))


def sd_within(t: Within, y: Within) -> tuple[float, str]:
    """Computes the sd of the plug-in I(T;Y|Z) over shuffles of Y within Z, in bits, and how.

    sqrt(sum_z (n_z / n)^2 sd_z^2): strata are shuffled apart. That of a stratum is `chance_sd`, or
    `resampled_sd` where its sum has too many terms.

    Returns:
        (sd, "exact" or "200 resamples").
    """
    variance, how = 0.0, "exact"
    known: dict[tuple[tuple[bytes, bytes], ...], float] = {}  # many strata are small, and alike
    for a, b in zip(t.apart, y.apart, strict=True):
        margins = a.key, b.key
        if margins not in known:
            labels = np.repeat(b.times, b.symbols)
            known[margins] = float(chance_sd(a.tally, labels)[0])
            if math.isnan(known[margins]):
                codes = np.repeat(a.times, a.symbols)
                known[margins], how = resampled_sd(codes, labels), f"{SD_RESAMPLES} resamples"
        variance += (a.n_samples * known[margins]) ** 2
    return math.sqrt(variance) / int(t.sizes.sum()), how
