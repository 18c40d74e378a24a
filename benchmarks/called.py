"""What was typed to start the benchmarks: usage and messages name it."""

from __future__ import annotations

import os

__all__ = ["PROG"]

PROG = os.environ.get("FASTMI_BENCH", "python -m benchmarks")  # fastmi.__main__ says it
