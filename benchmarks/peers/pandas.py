"""pandas: groupby over the columns."""

from __future__ import annotations

from benchmarks.peers import Peer
from benchmarks.peers.counting import information_by, plane_by
from benchmarks.peers.frames import count_by

__all__ = ["PEER"]

PEER = Peer(
    "pandas, groupby",
    seconds=lambda n, d: 5e-3 + 2e-4 * d + n * (400e-9 + 60e-9 * d),
    plane=plane_by(count_by("pandas")),
    information=information_by(count_by("pandas")),
    needs="pandas",
    strings=True,
)
