"""this machine -> what a reader needs to judge a timing by; nothing that names it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["Machine", "machine"]

PACKAGES = ("numpy", "numba", "torch", "scikit-learn", "fastmi")
BUSY = 0.7  # of the cores


@dataclass(frozen=True)
class Machine:
    """Processor, cores, load and versions at the start of a run."""

    processor: str
    cores: int
    threads: int
    load: float | None
    busy: bool
    versions: dict[str, str]
    date: str

    def __str__(self) -> str:
        load = "load unknown" if self.load is None else f"load {self.load:.2f} at the start"
        busy = " (BUSY: other work was running, trust the ratios before the times)" if self.busy else ""
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return f"{self.processor}, {self.cores} cores, {self.threads} thread used, {load}{busy}\n{versions}; {self.date}"


def machine() -> Machine:
    """The record of now; `threads` is what the candidates are held to."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    versions = {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Machine(_processor(), cores, 1, load, load is not None and load > BUSY * cores, versions, now)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(source tree)"
