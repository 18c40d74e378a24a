"""fastmi on NumPy arrays: the Numba twin, the one that the others are compared with."""

from __future__ import annotations

from typing import Any

import fastmi
from benchmarks.peers import Estimate, Peer

__all__ = ["PEER"]


def plane(x: Any, y: Any, edges: Any) -> Estimate:
    return fastmi.PlaneEstimator(x, y, fastmi.Edges(edges, out_of_range="wrap")).estimate


PEER = Peer(
    "fastmi",
    seconds=lambda n, d: n * (20e-9 + 2e-9 * d),
    plane=plane,
    information=lambda rows, y: float(fastmi.mutual_information(rows, y, base=None)),
    strings=True,
)
