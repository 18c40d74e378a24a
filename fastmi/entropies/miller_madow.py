"""The entropy with the first-order correction of its bias (Miller 1955)."""

from __future__ import annotations

import math

from fastmi.arrays import FloatArray
from fastmi.counting import Tally
from fastmi.entropies.plugin import plugin

__all__ = ["miller_madow"]


def miller_madow(tally: Tally) -> FloatArray:
    """Estimates the entropy of every segment by H_plugin + (K - 1) / (2 n ln 2) bits, (s,).

    K is the number of symbols seen. It fails where many symbols have not been seen: with every
    sample alone, K = n, it adds half a nat whatever the truth. A corrected entropy may exceed
    log2 n, and a difference of such entropies may be negative or exceed both: nothing is clipped.

    Source: G. A. Miller, Note on the bias of information estimates, 1955.
    """
    return plugin(tally) + (tally.n_symbols - 1) / (2 * tally.n_samples * math.log(2))
