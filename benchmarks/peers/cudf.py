"""cuDF: as pandas, on a GPU.

Bins are found on the CPU, and what it is given is moved there within the time.
"""

from __future__ import annotations

from benchmarks.peers import Peer
from benchmarks.peers.counting import information_by, plane_by
from benchmarks.peers.frames import count_by

__all__ = ["PEER"]

PEER = Peer(
    "cuDF",
    seconds=lambda n, d: n * 30e-9 * d,  # of np.digitize
    plane=plane_by(count_by("cudf")),
    information=information_by(count_by("cudf")),
    needs="cudf",
    on_device="arrays",
)
