"""this machine -> what a reader needs to judge a timing by; nothing that names it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from benchmarks.timing import clock

__all__ = ["Machine", "machine", "spins"]

PACKAGES = (
    *(
        "numpy",
        "numba",
        "torch",
        "scikit-learn",
        "pandas",
        "polars",
        "torchmetrics",
        "pyitlib",
        "infomeasure",
    ),
    *("cudf-cu12", "cudf-cu13", "fastmi"),
)
BUSY_LOAD_PER_CORE = 0.7  # from which on a machine is called busy
UNQUIET_SHARE = 0.25  # by which a loop's middle run may be longer than its shortest
SPIN_ADDITIONS = 100_000  # of the loop
SPINS = 40  # runs of the loop


@dataclass(frozen=True)
class Machine:
    """Processor, cores, versions, and whether it was quiet at the start.

    Quiet is known by the load, and by how much a fixed loop varies.
    """

    processor: str
    cores: int
    threads: int
    load: float | None
    unrest: float
    busy: bool
    versions: dict[str, str]
    date: str

    def __str__(self) -> str:
        load = "load unknown" if self.load is None else f"load {self.load:.2f}"
        check = f"{load}, a fixed loop's middle run {self.unrest:.0%} longer than its shortest"
        quiet = "BUSY, trust the ratios before the times" if self.busy else "quiet"
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        used = (
            f"{self.processor}, {self.cores} cores, every candidate held to {self.threads} thread"
        )
        return f"{used}\nat the start: {check}: {quiet}\n{versions}; {self.date}"


def machine() -> Machine:
    """Records the machine as it is now; `threads` is what the candidates are held to."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    taken = spins()
    unrest = median(taken) / min(taken) - 1
    busy = unrest > UNQUIET_SHARE or (load is not None and load > BUSY_LOAD_PER_CORE * cores)
    versions = {"python": platform.python_version()}
    versions |= {name: number for name in PACKAGES if (number := _version(name))}
    return Machine(
        _processor(),
        cores,
        1,
        load,
        unrest,
        busy,
        versions,
        datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def spins() -> list[float]:
    """Times the same short loop again and again, in seconds: alike on a quiet machine."""
    taken = []
    for _ in range(SPINS):
        elapsed = clock()
        sum(range(SPIN_ADDITIONS))
        taken.append(elapsed())
    return taken


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str:
    """Reads the version; empty where it is not installed; fastmi may be run as a source tree."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "(source tree)" if package == "fastmi" else ""
