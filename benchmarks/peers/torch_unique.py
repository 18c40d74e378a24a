"""torch: bucketize, then torch.unique(dim=0)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from benchmarks.peers import Peer
from benchmarks.peers.counting import AnyIntArray, information_by, plane_by

__all__ = ["PEER"]


def symbols(activations: Any, edges: Any) -> Tensor:
    t = torch.as_tensor(activations)
    bounds = torch.from_numpy(edges).to(t.device)
    above = torch.bucketize(t, bounds, right=True, out_int32=True)
    return torch.where(above == 0, len(edges), above)


def count(rows: Any, labels: Sequence[AnyIntArray]) -> list[AnyIntArray]:
    rows = torch.as_tensor(rows)
    _, ids, counts = torch.unique(rows, dim=0, return_inverse=True, return_counts=True)
    moved = (torch.as_tensor(label, device=rows.device) for label in labels)
    pairs = (torch.unique(ids * (y.max() + 1) + y, return_counts=True)[1] for y in moved)
    return [tensor.cpu().numpy() for tensor in (counts, *pairs)]


PEER = Peer(
    "torch.unique(dim=0)",
    seconds=lambda n, d: n * (2.5e-6 + 40e-9 * d),
    plane=plane_by(count, symbols),
    information=information_by(count),
    on_device="tensors",
    # sorts rows by comparing them, a segment at a time: 5 to 10 s are expected of 3000 segments
    seconds_on_device=lambda n, d: 2.5e-3,
)
