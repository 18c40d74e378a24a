"""Plain Python: a dictionary from each row's bytes to how often it came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from benchmarks.peers import Peer
from benchmarks.peers.counting import AnyIntArray, information_by, plane_by

__all__ = ["PEER"]


def count(rows: AnyIntArray, labels: Sequence[AnyIntArray]) -> list[AnyIntArray]:
    keys = [row.tobytes() for row in rows]
    return [_counts(keys), *(_counts(zip(keys, y.tolist(), strict=True)) for y in labels)]


def _counts(symbols: Iterable[Any]) -> AnyIntArray:
    return np.array(list(Counter(symbols).values()))


PEER = Peer(
    "dictionary count",
    seconds=lambda n, d: n * (800e-9 + 35e-9 * d),
    plane=plane_by(count),
    information=information_by(count),
)
