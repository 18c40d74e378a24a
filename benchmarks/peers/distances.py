"""h of rows, by whoever measures all distances -> KDE bounds: what the peers of bounds share.

A peer hands in h(rows (n, d), variances) -> for each variance v
-mean_i log2 mean_j exp(-|t_i - t_j|^2 / (2 v)), in bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers import Estimate
from fastmi.arrays import FloatArray

__all__ = ["Spread", "bounds_by"]

Spread = Callable[[npt.NDArray[np.float32], Sequence[float]], FloatArray]


def bounds_by(h: Spread) -> Callable[[Any, float], Estimate]:
    """Does the bounds job: h of all samples less its mean over the classes."""

    def bounds(y: Any, noise_variance: float) -> Estimate:
        classes = [np.flatnonzero(y == label) for label in np.unique(y)]
        variances = noise_variance, 4 * noise_variance

        def estimate(layer: npt.NDArray[np.float32]) -> FloatArray:
            upper, lower = h(layer, variances)
            within = (len(rows) / len(y) * h(layer[rows], variances) for rows in classes)
            upper_within, lower_within = np.sum(list(within), axis=0)
            return np.array([lower, upper, lower - upper_within, upper - lower_within])

        return estimate

    return bounds
