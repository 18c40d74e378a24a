"""infomeasure: its discrete mutual information of two label vectors; I(T;Y) alone."""

from __future__ import annotations

from typing import Any

from benchmarks.peers import Peer, library
from benchmarks.peers.counting import labels_of_rows

__all__ = ["PEER"]


def information(rows: Any, y: Any) -> float:
    return float(
        library("infomeasure").mutual_information(labels_of_rows(rows), y, approach="discrete")
    )


PEER = Peer(
    "infomeasure",
    seconds=lambda n, d: 5e-3 + n * (1e-6 + 4e-6 * (d > 1) + 80e-9 * d),
    information=information,
    needs="infomeasure",
    hint=": AGPL, so only who asks for it gets it (pip install infomeasure)",
)
