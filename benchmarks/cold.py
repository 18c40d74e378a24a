"""The first call, in fresh processes: without compiled kernels, then with those on disk.

The first process finds an empty cache, the second one what the first has left there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import fastmi

__all__ = ["Cold", "cold"]

PROGRAM = """
import json, time
start = time.perf_counter()
import numpy as np, fastmi
taken = [time.perf_counter() - start]
rng = np.random.default_rng(0)
t = np.tanh(rng.normal(size=(4096, 10))).astype(np.float32)
x, y = np.arange(4096)[:, None], rng.integers(2, size=4096)
for call in range(2):
    start = time.perf_counter()
    fastmi.PlaneEstimator(x, y, fastmi.UniformBins(49, range=(-1, 1))).estimate(t)
    taken.append(time.perf_counter() - start)
print(json.dumps(taken))
"""


@dataclass(frozen=True)
class Cold:
    """Seconds of the import and of the first calls.

    A call takes one layer of 4096 x 10, x and y to points: while kernels are compiled, once they
    are cached on disk, and again in the same process.
    """

    imported: float
    compiling: float
    cached: float
    again: float

    def __str__(self) -> str:
        return (
            f"the first call of a process: {self.compiling:.1f} s while kernels are compiled, "
            f"{self.cached:.2f} s once they are cached on disk, {self.again * 1e3:.2f} ms from the "
            f"second call on; import {self.imported:.2f} s"
        )


def cold() -> Cold:
    """Times two processes, one after the other."""
    with tempfile.TemporaryDirectory() as cache:
        (_, compiling, _), (imported, cached, again) = (_taken(cache) for _ in range(2))
    return Cold(imported, compiling, cached, again)


def _taken(cache: str) -> list[float]:
    """Times the import, the first and the second call in one fresh process, in seconds."""
    root = Path(fastmi.__file__).parents[1]
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(
        command,
        cwd=root,
        env=os.environ | {"NUMBA_CACHE_DIR": cache},
        check=True,
        capture_output=True,
    )
    return json.loads(done.stdout)
