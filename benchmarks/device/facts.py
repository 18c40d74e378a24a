"""the device -> what a reader needs to judge everything else by."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import torch

import fastmi
from benchmarks.device.findings import Case
from benchmarks.device.place import Place
from benchmarks.timing import clock

__all__ = ["cases"]

PACKAGES = (
    *("torch", "triton", "numpy", "numba", "llvmlite", "numba-cuda", "cupy-cuda12x"),
    *("cupy-cuda13x", "pytest", "pytest-xdist", "pytest-timeout", "hypothesis", "pandas"),
    *("scikit-learn", "matplotlib"),
)
ASKED = "name,driver_version,memory.total,clocks.sm,clocks.mem,clocks.max.sm,clocks.max.mem"
HOST_NUMBERS = (1 << 26, 1 << 16)  # float32 that are moved to the device; in a rehearsal
REPEATED = (300, 10)  # small things in a row
PATIENCE_SECONDS = 20.0  # with nvidia-smi


def cases(place: Place) -> Iterator[Case]:
    """Yields what the machine is, what memory and small things cost, and whether Numba works."""
    yield "machine", _machine
    if place.on_gpu:
        yield "gpu", lambda: _gpu(place)
    yield "memory", lambda: asdict(place.memory)
    yield "transfers", lambda: _transfers(place)
    yield "small things", lambda: _small_things(place)
    yield "numba", _numba


def _machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _gpu(place: Place) -> dict[str, Any]:
    properties = torch.cuda.get_device_properties(place.device)
    return {
        "name": properties.name,
        "cuda": torch.version.cuda,
        "capability": f"{properties.major}.{properties.minor}",
        "processors": properties.multi_processor_count,
        "memory_bytes": properties.total_memory,
        "l2_bytes": getattr(properties, "L2_cache_size", None),
        "nvidia-smi": _asked(["nvidia-smi", f"--query-gpu={ASKED}", "--format=csv,noheader"]),
    }


def _asked(command: list[str]) -> str:
    """Asks another program; where it is not there, or does not answer, that is the answer."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}: {error}"
    return (done.stdout or done.stderr).strip()


def _transfers(place: Place) -> dict[str, float]:
    """Times what comes from the host, from pages as they are and from pages that are pinned."""
    host = torch.rand(place.size(*HOST_NUMBERS))
    hosts = {"pageable": host} | ({"pinned": host.pin_memory()} if place.on_gpu else {})
    return {
        f"{name}_GB_per_s": host.nbytes
        / place.seconds(lambda pages=pages: pages.to(place.device, non_blocking=True), 0.5)
        / 1e9
        for name, pages in hosts.items()
    }


def _small_things(place: Place) -> dict[str, float]:
    """Times one launch, one number that is waited for, one small transfer: us of the host's."""
    values = torch.rand(1000, device=place.device)
    few = torch.zeros(10, dtype=torch.int64)

    def microseconds(run: Callable[[], Any]) -> float:
        repeated = place.size(*REPEATED)
        run()
        place.wait()
        elapsed = clock()
        for _ in range(repeated):
            run()
        place.wait()
        return elapsed() / repeated * 1e6

    return {
        "launch_us": microseconds(lambda: values.add_(1)),
        "item_us": microseconds(lambda: values[0].item()),
        "small_to_device_us": microseconds(lambda: few.to(place.device)),
    }


def _numba() -> dict[str, float]:
    """Encodes in the Numba twin, which the device is held to: an error where it does not import."""
    t = np.random.default_rng(0).random((4096, 10), np.float32)
    elapsed = clock()
    with fastmi.use_backend("numba"):
        fastmi.encode(t, fastmi.UniformBins(30, (0, 1)))
    return {"first_call_s": elapsed()}
