"""laws without and with information -> how often tests of independence reject."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from benchmarks.simulation.laws import Joint, apart
from benchmarks.simulation.sampling import MOST_ERRORS, Mean, Sampled, drawn_of, sampled
from fastmi import belief
from fastmi.arrays import FloatArray, IntArray

__all__ = ["LEVELS", "Null", "Power", "chi_squared", "null", "power"]

LEVELS = (0.01, 0.05, 0.1)
POWER_LEVEL = 0.05


class Null(NamedTuple):
    """What happens where codes and classes are independent.

    Attributes:
        evidence: the mean of 2^(n mean_lower). rejected: the share of samples with p <= a, for a of
            `LEVELS`. n_samples: how many.
    """

    evidence: Mean
    rejected: tuple[float, ...]
    n_samples: int

    @property
    def holds(self) -> bool:
        """Judges all of it, within three standard errors."""
        most = [a + MOST_ERRORS * math.sqrt(a * (1 - a) / self.n_samples) for a in LEVELS]
        kept = all(share <= limit for share, limit in zip(self.rejected, most, strict=True))
        return kept and self.evidence.value <= 1 + MOST_ERRORS * self.evidence.error


class Power(NamedTuple):
    """The shares of samples in which independence is rejected at the level .05.

    Attributes:
        bound, chi: by `pvalue_bound` and by Pearson's test, under the alternative. bound_null,
            chi_null: where codes and classes are independent and have the same margins.
    """

    bound: float
    chi: float
    bound_null: float
    chi_null: float


def null(samples: Sampled, n: int) -> Null:
    """Judges samples of an independent law."""
    p = belief.pvalue_bound(samples.lower, n)
    rejected = tuple(float(np.mean(p <= level)) for level in LEVELS)
    return Null(Mean.of(np.exp2(n * samples.lower)), rejected, p.size)


def power(law: Joint, name: str, n: int, n_samples: int) -> Power:
    """Tests samples of the law, and of its margins, made independent."""
    without = apart(law.p.sum(axis=1), law.p.sum(axis=0))
    shares = []
    for tested, of in ((law, name), (without, f"{name}, independent")):
        believed = sampled(tested, of, n, n_samples, intervals=False)
        chi = [
            chi_squared(t, y)
            for drawn in drawn_of(tested, of, n, n_samples)
            for t, y in zip(drawn.t, drawn.y, strict=True)
        ]
        shares.append([_rejected(belief.pvalue_bound(believed.lower, n)), _rejected(np.array(chi))])
    (bound, chi), (bound_null, chi_null) = shares
    return Power(bound, chi, bound_null, chi_null)


def chi_squared(t: IntArray, y: IntArray) -> float:
    """Gives the p-value of scipy.stats.chi2_contingency (Pearson) of the symbols that occur."""
    from scipy.stats import chi2_contingency

    table = np.zeros((t.max() + 1, y.max() + 1), np.int64)
    np.add.at(table, (t, y), 1)
    table = table[table.any(axis=1)][:, table.any(axis=0)]
    if 1 in table.shape:
        return 1.0
    _, p, *_ = chi2_contingency(table, correction=False)
    return float(p)


def _rejected(p: FloatArray) -> float:
    return float(np.mean(p <= POWER_LEVEL))
