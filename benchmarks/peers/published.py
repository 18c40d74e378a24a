"""The published recipe, as slow as published: for each distinct input a mask over the samples."""

from __future__ import annotations

from typing import Any

from benchmarks.peers import Estimate, Peer
from benchmarks.peers.counting import each
from benchmarks.reference import identify, plane_point

__all__ = ["PEER"]


def plane(x: Any, y: Any, edges: Any) -> Estimate:
    x, y = identify(x), identify(y)
    return lambda layers: each(lambda activations: plane_point(x, y, activations, edges), layers)


PEER = Peer(
    "published recipe",
    seconds=lambda n, d: n * (60e-6 + 1e-9 * n),
    plane=plane,
)
