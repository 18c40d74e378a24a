"""The device twin: bucketize, multiply, sort, unique; every segment in one launch.

The same lines run on CPU tensors. Sorting is chosen over `torch.unique(dim=0)` (the slowest way
there is) and over `bincount` with weights (not deterministic on CUDA). Integers only, so what it
returns equals the Numba twin's to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fastmi.backends import Census, Cut, IntArray, Occurrences

__all__ = ["encode", "encode_layers", "identify", "receive", "tally"]

CELLS = 1 << 26  # symbols held at a time while coding: half a gigabyte of int64


def receive(array: Any, device: torch.device | None = None) -> Tensor:
    """Makes a tensor over the same memory.

    It is copied only where torch cannot look at it (read-only, negative strides).
    """
    if isinstance(array, np.ndarray):
        shares = array.flags.writeable and all(stride >= 0 for stride in array.strides)
        array = torch.from_numpy(array if shares else array.copy())
    return array if device is None else array.to(device)


def encode_layers(
    layers: list[Any], cuts: list[Cut], weights: list[IntArray]
) -> tuple[Tensor, list[Census]]:
    """Codes layers, each (m, d) float32 -> codes (l, m) int64, and of each layer its census.

    The census counts what was NaN and what fell outside.
    """
    tensors = [receive(layer) for layer in layers]
    device = tensors[0].device
    # one transfer where all layers are cut alike
    bounds = {id(cut.edges): receive(cut.edges, device) for cut in cuts}
    codes = torch.zeros(len(tensors), len(tensors[0]), dtype=torch.int64, device=device)
    census = torch.zeros(len(tensors), 2, dtype=torch.int64, device=device)
    for tensor, cut, weight, out, counts in zip(tensors, cuts, weights, codes, census, strict=True):
        _encode_layer(tensor, bounds[id(cut.edges)], cut.ends, receive(weight, device), out, counts)
    # the one moment that waits for the device
    return codes, [Census(*row) for row in census.tolist()]


def encode(
    layers: list[Any],
    edges: npt.NDArray[np.float32],
    ends: tuple[int, int],
    weights: list[IntArray],
    line: tuple[float, float] | None = None,
) -> tuple[Tensor, list[Census]]:
    """Codes layers that are all cut alike, as `encode_layers`.

    This is the former shape of that function, which prepared measurements of a GPU call.
    """
    return encode_layers(layers, [Cut(edges, ends, line)] * len(layers), weights)


def _encode_layer(
    layer: Tensor,
    bounds: Tensor,
    ends: tuple[int, int],
    weight: Tensor,
    codes: Tensor,
    census: Tensor,
) -> None:
    rows, n_units = layer.shape
    step = max(1, CELLS // rows)
    for first in range(0, n_units, step):
        columns = layer[:, first : first + step].contiguous()
        # the number of edges <= x, which is np.digitize
        symbols = torch.bucketize(columns, bounds, right=True)
        below, above = symbols == 0, symbols == bounds.numel()
        census += torch.stack([columns.isnan().sum(), (below | above).sum()])
        symbols = symbols.masked_fill_(below, ends[0]).masked_fill_(above, ends[1])
        codes += (symbols * weight[first : first + step]).sum(-1)


def identify(codes: Any) -> tuple[Tensor, int]:
    """Numbers codes (n,) -> ids (n,) in 0..n_symbols - 1, and n_symbols."""
    symbols, ids = torch.unique(receive(codes), return_inverse=True)
    return ids, symbols.numel()


def tally(codes: Any, labels: Any, n_labels: tuple[int, ...]) -> Occurrences:
    """Counts codes (s, n), and their pairs with labels (l, n) in 0..n_labels[l] - 1.

    The occurrences of the codes come first, then those of each pair (code, label). Sorted rows give
    run starts, their running sum gives ids dense over all segments (below s n), and id * n_labels +
    label is a joint key that always fits.
    """
    codes = receive(codes)
    labels = receive(labels, codes.device)
    n_segments, n = codes.shape
    ordered, order = codes.sort(dim=-1)
    starts = torch.ones_like(ordered, dtype=torch.bool)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = starts.flatten().nonzero().squeeze(1)
    counts = torch.diff(first, append=first.new_tensor([n_segments * n]))
    segment = first // n
    segments, times = [segment], [counts]
    ids = starts.flatten().cumsum(0) - 1
    for k, (row, size) in enumerate(zip(labels, n_labels, strict=True), start=1):
        pairs, pair_counts = torch.unique(ids * size + row[order].flatten(), return_counts=True)
        segments.append(segment[pairs // size] + k * n_segments)
        times.append(pair_counts)
    keys, symbols = torch.unique(
        torch.cat(segments) * (n + 1) + torch.cat(times), return_counts=True
    )
    # one transfer
    segment, times, symbols = torch.stack([keys // (n + 1), keys % (n + 1), symbols]).cpu().numpy()
    return Occurrences(segment, times, symbols)
