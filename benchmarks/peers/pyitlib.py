"""pyitlib: information_mutual of two label vectors; I(T;Y) alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers import Peer, library
from benchmarks.peers.counting import labels_of_rows

__all__ = ["PEER"]


def information(rows: Any, y: Any) -> float:
    mutual = library("pyitlib.discrete_random_variable").information_mutual
    return float(mutual(labels_of_rows(rows), y, base=np.e))


PEER = Peer(
    "pyitlib",
    seconds=lambda n, d: 15e-3 + n * (1e-6 + 4e-6 * (d > 1) + 80e-9 * d),
    information=information,
    needs="pyitlib",
)
