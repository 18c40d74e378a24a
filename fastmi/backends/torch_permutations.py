"""Permuted labels in torch's own calls: the pairs of many permutations are sorted and counted.

The labels are permuted on the host, where it takes a share of the time; what they come to is
counted where the codes are.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fastmi.backends import IntArray
from fastmi.backends.numba_permutations import LANES, lines_of
from fastmi.backends.torch_twin import receive

__all__ = ["permutation_sums"]

PAIRS = 1 << 22  # sorted at a time, of all permutations


def permutation_sums(
    codes: Tensor, labels: IntArray, n_labels: int, terms: IntArray, seed: int, n_resamples: int
) -> IntArray:
    """Sums terms[count] over the pairs (code, label) of every segment, under permuted labels.

    As the Numba twin's: (1 + n_resamples, s).
    """
    symbols, samples, n_codes = _symbols(codes)
    n_segments = len(codes)
    table = receive(terms, codes.device)
    out = np.zeros((n_resamples + 1, n_segments), np.int64)
    if not len(symbols):
        return out
    for first in range(0, n_resamples + 1, LANES):
        lines = lines_of(labels, n_labels, first, seed)[:, : n_resamples + 1 - first]
        lanes = receive(np.ascontiguousarray(lines.T), codes.device)
        step = max(1, PAIRS // len(symbols))
        for start in range(0, len(lanes), step):
            keys = symbols * n_labels + lanes[start : start + step, samples].long()
            sums = _sums(keys, n_labels * n_codes, n_segments, table)
            out[first + start : first + start + len(sums)] = sums.cpu().numpy()
    return out


def _symbols(codes: Tensor) -> tuple[Tensor, Tensor, int]:
    """Numbers the code of each sample within its segment; those alone with theirs are left out.

    Returns segment * n_codes + code and the sample, each (m,), and n_codes.
    """
    ordered, samples = codes.sort(dim=-1)
    new = torch.ones_like(ordered, dtype=torch.bool)
    torch.ne(ordered[:, 1:], ordered[:, :-1], out=new[:, 1:])
    last = torch.ones_like(new)
    last[:, :-1] = new[:, 1:]
    together = ~(new & last)
    n = codes.shape[1]
    rows = torch.arange(len(codes), device=codes.device)[:, None] * n
    return (new.cumsum(-1).sub_(1) + rows)[together], samples[together], n


def _sums(keys: Tensor, a_segment: int, n_segments: int, table: Tensor) -> Tensor:
    """Sums table[count] over the distinct keys of each segment and lane, keys (lanes, m)."""
    n_lanes, m = keys.shape
    keys = keys.sort(dim=-1).values
    new = torch.ones_like(keys, dtype=torch.bool)
    torch.ne(keys[:, 1:], keys[:, :-1], out=new[:, 1:])
    starts = new.flatten().nonzero().squeeze(1)
    counts = torch.diff(starts, append=starts.new_full((1,), n_lanes * m))
    segment = torch.div(keys.flatten()[starts], a_segment, rounding_mode="floor")
    cell = torch.div(starts, m, rounding_mode="floor").mul_(n_segments).add_(segment)
    sums = table.new_zeros(n_lanes * n_segments).index_add_(0, cell, table[counts])
    return sums.reshape(n_lanes, n_segments)
