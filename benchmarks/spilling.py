"""A stream of more distinct rows than memory holds, under a limit that the system enforces.

Row i is the digits, to the base 1024, of i times an odd number modulo 2^30, so that all rows are
different and come in no order; its label is i modulo 16, which the row tells. So H(T) = log2 n
to the last bit, and H(Y) = I(T;Y) = 4 bits where n is a multiple of 16.

The limit is RLIMIT_AS, on all addresses of the process: Python, NumPy and Numba lie beneath it,
too. `python -m benchmarks.spilling --rows 3e8 --limit 2e9 --memory 5e8`.
"""

from __future__ import annotations

import argparse
import math
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import fastmi
from fastmi.arrays import Activations, IntArray

__all__ = ["main", "rows"]

BASE, DIGITS, ODD, CLASSES = 1024, 3, 0x2545F491, 16
BINS = fastmi.UniformBins(BASE, range=(0, BASE))


def rows(first: int, n: int) -> tuple[Activations, IntArray]:
    """Makes the rows first..first + n - 1, (n, 3) float32, and their labels."""
    i = np.arange(first, first + n)
    number = (i * ODD) & (BASE**DIGITS - 1)
    t = np.empty((n, DIGITS), np.float32)
    for digit in range(DIGITS):
        t[:, digit] = (number >> (10 * digit)) & (BASE - 1)
    return t, i % CLASSES


def main(arguments: list[str] | None = None) -> int:
    """Counts, compares with arithmetic, and prints what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=float, default=1e7)
    parser.add_argument("--chunk", type=float, default=1e6)
    parser.add_argument("--limit", type=float, help="bytes of addresses; none unless given")
    parser.add_argument("--memory", type=float, default=5e8, help="bytes for pairs")
    parser.add_argument("--folder", default=None, help="where to spill")
    given = parser.parse_args(arguments)
    n, chunk = int(given.rows), int(given.chunk)
    if given.limit:
        resource.setrlimit(resource.RLIMIT_AS, (int(given.limit), int(given.limit)))
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        stream = fastmi.Stream(BINS, spill=folder, memory=int(given.memory))
        began = time.perf_counter()
        for first in range(0, n, chunk):
            stream.update(*rows(first, min(chunk, n - first)))
        counted = time.perf_counter() - began
        sizes = [path.stat().st_size for path in Path(folder).rglob("*.run")]
        began = time.perf_counter()
        found = (stream.entropy, stream.entropy_y, stream.mutual_information, stream.n_symbols)
        merged = time.perf_counter() - began
        report = stream.report()
        stream.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        f"{n:,} rows: {n / counted:,.0f} rows/s counted in {counted:.1f} s, into {len(sizes)} runs "
        f"of {sum(sizes):,} bytes; {n / merged:,.0f} pairs/s merged in {merged:.1f} s; peak "
        f"{peak:,} bytes resident{_limited()}"
    )
    print(report)
    print(f"H(T) = {found[0]!r}, H(Y) = {found[1]!r}, I(T;Y) = {found[2]!r}")
    if (found[0], found[3], report.h_x) != (math.log2(n), n, math.log2(n)):
        print(f"expected H(T) = {math.log2(n)!r} of {n:,} symbols")
        return 1
    if n % CLASSES == 0 and not all(math.isclose(bits, 4, abs_tol=1e-12) for bits in found[1:3]):
        print("expected H(Y) = I(T;Y) = 4")
        return 1
    return 0


def _limited() -> str:
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return "" if limit == resource.RLIM_INFINITY else f", RLIMIT_AS {limit:,}"


if __name__ == "__main__":
    sys.exit(main())
