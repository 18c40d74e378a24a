"""pandas: factorize over packed keys, as who knows its hash table would write it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.peers import Peer, library
from benchmarks.peers.counting import AnyIntArray, information_by, number_of, plane_by

__all__ = ["PEER"]


def count(rows: AnyIntArray, labels: Sequence[AnyIntArray]) -> list[AnyIntArray]:
    factorize = library("pandas").factorize
    bits = int(rows.max()).bit_length()
    # symbols side by side in one key; wider rows are joined key by key
    fit = max(1, 62 // max(bits, 1))
    ids = np.zeros(len(rows), np.int64)
    for first in range(0, rows.shape[1], fit):
        columns = rows[:, first : first + fit]
        key = factorize(columns @ (1 << bits * np.arange(columns.shape[1])))[0]
        ids = factorize(ids * number_of(key) + key)[0] if first else key
    pairs = (factorize(ids * number_of(y) + y)[0] for y in labels)
    return [np.bincount(ids), *map(np.bincount, pairs)]


PEER = Peer(
    "pandas, factorize of packed keys",
    seconds=lambda n, d: 1e-4 + n * (60e-9 + 35e-9 * d),
    plane=plane_by(count),
    information=information_by(count),
    needs="pandas",
)
