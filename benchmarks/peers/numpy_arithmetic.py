"""NumPy, the same recipe taken further: evenly spaced bins found by arithmetic.

fastmi uses the same idea.
"""

from __future__ import annotations

from typing import Any

from benchmarks.peers import Estimate, Peer
from benchmarks.peers.counting import each
from benchmarks.recipes import NumpyPlane, symbols_by_arithmetic

__all__ = ["PEER"]


def plane(x: Any, y: Any, edges: Any) -> Estimate:
    recipe = NumpyPlane(x, y, edges, symbols_by_arithmetic)
    return lambda layers: each(recipe.point, layers)


PEER = Peer("NumPy, bins by arithmetic", seconds=lambda n, d: n * (100e-9 + 6e-9 * d), plane=plane)
