"""One thread for every candidate: libraries read these once, so before they are loaded."""

from __future__ import annotations

import os

__all__ = ["POOLS", "hold"]

POOLS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR")


def hold() -> None:
    """Asks each library's pool for one thread; torch is held by `fastmi.networks.one_thread`."""
    os.environ["POLARS_MAX_THREADS"] = "1"
    os.environ |= {f"{pool}_NUM_THREADS": "1" for pool in POOLS}
