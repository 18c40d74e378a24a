"""What the memory allows: a sum that reads each number once, and a copy.

Both are of an array that no cache holds. Its numbers are random: a GPU compresses constants on
their way, and would seem faster than it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import torch

from benchmarks.timing import Race, Stopwatch, clock, measure

__all__ = ["Limits", "limits"]

N_BYTES = 256 << 20


@dataclass(frozen=True)
class Limits:
    """Bytes per second, by the quickest round: read once, and copied.

    Of a copy each byte is counted twice: it is read and written.
    """

    n_bytes: int
    read: float
    copied: float

    def __str__(self) -> str:
        return (
            f"limits, on {self.n_bytes >> 20} MiB of float32: a sum reads {self.read / 1e9:.1f} "
            f"GB/s, a copy moves {self.copied / 1e9:.1f} GB/s (in and out)"
        )


@cache
def _sum() -> Callable[[Any], Any]:
    """Compiles a sum in any order, so that whole vectors may be added."""
    from numba import njit  # here: a device is measured where Numba does not import, too

    @njit(nogil=True, fastmath=True)
    def add(values):
        total = np.float32(0)
        for i in range(values.size):
            total += values[i]
        return total

    return add


def limits(
    device: torch.device | None = None, stopwatch: Stopwatch = clock, n_bytes: int = N_BYTES
) -> Limits:
    """Times this machine's memory by one thread, or a device's."""
    values: Any = (
        np.random.default_rng(0).random(n_bytes // 4, np.float32)
        if device is None
        else torch.rand(n_bytes // 4, device=device)
    )
    if device is None:
        target = np.zeros_like(values)
        candidates = {"read": partial(_sum(), values), "copied": partial(np.copyto, target, values)}
    else:
        target = torch.zeros_like(values)
        candidates = {"read": values.sum, "copied": partial(target.copy_, values)}
    for warm_up in candidates.values():
        warm_up()
    read, copied = measure(Race(candidates), rounds=7, stopwatch=stopwatch)
    return Limits(n_bytes, n_bytes / read.minimum, 2 * n_bytes / copied.minimum)
