"""uniform codes of D bits, n samples -> what is seen of them in mean, by closed sums.

Uniform codes are the kindest law of that many bits: others have rare codes, which want more.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from fastmi.belief.verdicts import LEAST_PAIR_COVERAGE as LEAST_COVERAGE

__all__ = ["LEAST_COVERAGE", "Expected", "expected", "samples_needed"]

NOTHING = 1e-20  # terms below it are left out


class Expected(NamedTuple):
    """Means over samples: the coverage 1 - f1 / n, and estimate less truth of H(T), in bits."""

    coverage: float
    plugin: float
    miller_madow: float


def expected(bits: float, times: float) -> Expected:
    """Computes the means over samples of n = times 2^bits of K = 2^bits codes, equally likely.

    E[coverage] = 1 - (1 - 1/K)^(n-1). E[H] = log2 n - (K/n) E[k log2 k] with k ~ Binomial(n, 1/K).
    Miller-Madow adds (E[codes seen] - 1) / (2 n ln 2), E[codes seen] = K (1 - (1 - 1/K)^n).
    """
    n_codes = 2**bits
    n = round(times * n_codes)
    unseen = math.exp(n * math.log1p(-1 / n_codes))
    plugin = math.log2(n) - _mean_k_log_k(n, n_codes, unseen) * n_codes / n - bits
    corrected = plugin + (n_codes * (1 - unseen) - 1) / (2 * n * math.log(2))
    return Expected(1 - unseen / (1 - 1 / n_codes), plugin, corrected)


def samples_needed(bits: float, coverage: float = LEAST_COVERAGE) -> int:
    """Finds the fewest samples from which the expected coverage of 2^bits codes is as large."""
    return 1 + math.ceil(math.log(1 - coverage) / math.log1p(-1 / 2**bits))


def _mean_k_log_k(n: int, n_codes: float, weight: float) -> float:
    """Averages k log2 k over k ~ Binomial(n, 1 / n_codes); `weight` is the probability of 0."""
    terms = list[float]()
    for k in range(1, n + 1):
        weight *= (n - k + 1) / k / (n_codes - 1)
        terms.append(weight * k * math.log2(k))
        if k > max(1, n / n_codes) and terms[-1] < NOTHING:
            break
    return math.fsum(terms)
