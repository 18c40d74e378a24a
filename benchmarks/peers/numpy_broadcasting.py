"""NumPy, the formula as one writes it: all differences at once, by broadcasting, in float64."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.peers import Peer
from benchmarks.peers.distances import bounds_by
from fastmi.arrays import FloatArray

__all__ = ["PEER"]


def h(rows: npt.NDArray[np.float32], variances: Sequence[float]) -> FloatArray:
    wide = rows.astype(np.float64)
    squares = ((wide[:, None] - wide[None]) ** 2).sum(-1)
    kernels = (np.exp(-squares / (2 * variance)) for variance in variances)
    return np.array([-np.log2(kernel.mean(axis=1)).mean() for kernel in kernels])


PEER = Peer(
    "NumPy, broadcasting",
    seconds=lambda n, d: n**2 * (30e-9 + 8e-9 * d),
    bounds=bounds_by(h),
    agree=1e-5,  # fastmi's float32
)
