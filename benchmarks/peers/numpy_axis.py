"""NumPy, as the manual has it: np.unique(rows, axis=0)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.peers import Peer
from benchmarks.peers.counting import AnyIntArray, information_by, number_of, plane_by

__all__ = ["PEER"]


def count(rows: AnyIntArray, labels: Sequence[AnyIntArray]) -> list[AnyIntArray]:
    _, ids, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    ids = ids.reshape(-1)
    pairs = (ids * number_of(y) + y for y in labels)
    return [counts, *(np.unique(pair, return_counts=True)[1] for pair in pairs)]


PEER = Peer(
    "NumPy, np.unique(axis=0)",
    seconds=lambda n, d: n * (4e-6 + 80e-9 * d),
    plane=plane_by(count),
    information=information_by(count),
)
