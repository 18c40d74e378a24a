"""torch: bucketize, then torch.unique(dim=0)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from benchmarks.peers import Peer
from benchmarks.peers.counting import IntArray, information_by, plane_by

__all__ = ["PEER"]


def symbols(activations: Any, edges: Any) -> Tensor:
    t = torch.as_tensor(activations)
    found = torch.bucketize(t, torch.from_numpy(edges).to(t.device), right=True, out_int32=True)
    return torch.where(found == 0, len(edges), found)


def count(rows: Any, labels: Sequence[IntArray]) -> list[IntArray]:
    rows = torch.as_tensor(rows)
    _, ids, counts = torch.unique(rows, dim=0, return_inverse=True, return_counts=True)
    moved = (torch.as_tensor(label, device=rows.device) for label in labels)
    pairs = (torch.unique(ids * (own.max() + 1) + own, return_counts=True)[1] for own in moved)
    return [found.cpu().numpy() for found in (counts, *pairs)]


PEER = Peer(
    "torch.unique(dim=0)",
    seconds=lambda n, d: n * (2.5e-6 + 40e-9 * d),
    plane=plane_by(count, symbols),
    information=information_by(count),
    on_device="tensors",
)
