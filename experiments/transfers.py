"""tensors of a device <-> arrays of the host: all of a snapshot in one transfer.

Each transfer waits for the device, or is waited for: one for each of many small leaves takes
longer than what it brings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt
import torch

__all__ = ["to_device", "to_host"]

Arrays = dict[str, npt.NDArray[Any]]
Leaves = dict[str, torch.Tensor]


def to_host(leaves: Mapping[str, torch.Tensor]) -> Arrays:
    """Brings tensors of one device to the host, bit for bit."""
    return {name: leaf.numpy() for name, leaf in _moved(leaves, torch.device("cpu")).items()}


def to_device(arrays: Mapping[str, npt.NDArray[Any]], device: torch.device) -> Leaves:
    """Brings arrays to a device, bit for bit."""
    return _moved({name: torch.from_numpy(array) for name, array in arrays.items()}, device)


def _moved(leaves: Mapping[str, torch.Tensor], device: torch.device) -> Leaves:
    """Lays the bytes of all leaves end to end, moves them, and looks at them as they were.

    Those of the largest numbers come first, so that every number stands where its type may.
    """
    ordered = sorted(leaves, key=lambda name: -leaves[name].element_size())
    laid = torch.cat([leaves[name].detach().reshape(-1).view(torch.uint8) for name in ordered])
    pieces = laid.to(device).split([leaves[name].nbytes for name in ordered])
    there = {
        name: piece.view(leaves[name].dtype).reshape(leaves[name].shape)
        for name, piece in zip(ordered, pieces, strict=True)
    }
    return {name: there[name] for name in leaves}
