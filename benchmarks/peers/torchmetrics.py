"""torchmetrics: mutual_info_score of two label vectors, in float32; I(T;Y) alone.

It fills a dense table of both, which I(X;T) is too large for.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch

from benchmarks.peers import Peer, library
from benchmarks.peers.counting import labels_of_rows

__all__ = ["PEER"]


def information(rows: Any, y: Any) -> float:
    score = library("torchmetrics.functional.clustering").mutual_info_score
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of how torch looks after its sparse tensors
        return float(score(torch.from_numpy(labels_of_rows(rows)), torch.from_numpy(y)))


PEER = Peer(
    "torchmetrics",
    seconds=lambda n, d: 3e-3 + n * (1e-6 + 4e-6 * (d > 1) + 80e-9 * d),
    information=information,
    needs="torchmetrics",
    agree=1e-5,  # float32
)
