"""torch: cdist, then logsumexp, in float32 on CPU tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.peers import Peer
from benchmarks.peers.distances import bounds_by
from fastmi.arrays import FloatArray

__all__ = ["PEER"]


def h(rows: npt.NDArray[np.float32], variances: Sequence[float]) -> FloatArray:
    t = torch.from_numpy(rows)
    squares = torch.cdist(t, t).square()
    sums = [torch.logsumexp(squares / (-2 * variance), dim=1).mean() for variance in variances]
    return math.log2(len(rows)) - torch.stack(sums).double().numpy() / math.log(2)


PEER = Peer(
    "torch.cdist and logsumexp",
    seconds=lambda n, d: n**2 * (30e-9 + 1e-9 * d),
    bounds=bounds_by(h),
    agree=1e-5,  # float32
)
