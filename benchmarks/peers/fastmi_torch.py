"""fastmi's torch twin, made for CUDA tensors; on the CPU it is here to be seen, not to be used."""

from __future__ import annotations

from typing import Any

import fastmi
from benchmarks.peers import Estimate, Peer, fastmi_numba

__all__ = ["PEER"]


def plane(x: Any, y: Any, edges: Any) -> Estimate:
    estimate = fastmi_numba.plane(x, y, edges)

    def by_torch(layers: Any) -> Any:
        with fastmi.use_backend("torch"):
            return estimate(layers)

    return by_torch


def information(rows: Any, y: Any) -> float:
    with fastmi.use_backend("torch"):
        return float(fastmi.mutual_information(rows, y, base=None))


PEER = Peer(
    "fastmi, torch twin on the CPU",
    seconds=lambda n, d: n * (300e-9 + 20e-9 * d),
    plane=plane,
    information=information,
)
