"""NumPy, each row seen as one run of bytes: np.unique of a void view."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.peers import Peer
from benchmarks.peers.counting import AnyIntArray, information_by, number_of, plane_by

__all__ = ["PEER"]


def count(rows: AnyIntArray, labels: Sequence[AnyIntArray]) -> list[AnyIntArray]:
    rows = np.ascontiguousarray(rows)
    seen = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).reshape(-1)
    _, ids, counts = np.unique(seen, return_inverse=True, return_counts=True)
    pairs = (ids * number_of(y) + y for y in labels)
    return [counts, *(np.unique(pair, return_counts=True)[1] for pair in pairs)]


PEER = Peer(
    "NumPy, np.unique of a void view",
    seconds=lambda n, d: n * (600e-9 + 35e-9 * d),
    plane=plane_by(count),
    information=information_by(count),
)
