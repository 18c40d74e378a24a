"""scikit-learn: mutual_info_score of two label vectors.

Rows are numbered by np.unique(axis=0) first.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from sklearn.metrics import mutual_info_score

from benchmarks.peers import Estimate, Peer
from benchmarks.peers.counting import each, labels_of_rows, wrapped
from benchmarks.reference import identify

__all__ = ["PEER"]


def plane(x: Any, y: Any, edges: Any) -> Estimate:
    x, y, edges = identify(x), identify(y), np.asarray(edges, np.float32)

    def point(activations: Any) -> tuple[float, float]:
        t = labels_of_rows(wrapped(activations, edges))
        return information(x, t) / math.log(2), information(t, y) / math.log(2)

    return lambda layers: each(point, layers)


def information(rows: Any, y: Any) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of many labels: "is this a regression problem?"
        return mutual_info_score(labels_of_rows(rows), y)


PEER = Peer(
    "scikit-learn, mutual_info_score",
    seconds=lambda n, d: 3e-3 + n * (1e-6 + 4e-6 * (d > 1) + 80e-9 * d),
    plane=plane,
    information=information,
    strings=True,
)
