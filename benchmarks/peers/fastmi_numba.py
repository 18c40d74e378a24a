"""fastmi on NumPy arrays: the Numba twin, the one that the others are compared with."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmi
from benchmarks.peers import Estimate, Peer
from fastmi.measures import KDEBounds

__all__ = ["PEER"]


def plane(x: Any, y: Any, edges: Any) -> Estimate:
    return fastmi.PlaneEstimator(x, y, fastmi.Edges(edges, out_of_range="wrap")).estimate


def bounds(y: Any, noise_variance: float) -> Estimate:
    plane = fastmi.PlaneEstimator(np.arange(len(y)), y, KDEBounds(noise_variance))

    def estimate(layer: Any) -> Any:
        points = plane.readings(layer)["each"]
        columns = points.i_xt_lower, points.i_xt_upper, points.i_ty_lower, points.i_ty_upper
        return np.array(columns).reshape(4)

    return estimate


PEER = Peer(
    "fastmi",
    seconds=lambda n, d: n * (20e-9 + 2e-9 * d),
    plane=plane,
    information=lambda rows, y: float(fastmi.mutual_information(rows, y, base=None)),
    bounds=bounds,
    strings=True,
)
