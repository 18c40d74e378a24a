"""a device -> where tensors go, how its time is taken, what its memory allows."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

import fastmi
from benchmarks.limits import Limits, limits
from benchmarks.timing import Stopwatch, clock

__all__ = ["DEVICE_BYTES", "WAYS", "Place", "judge", "stopwatch"]

DEVICE_BYTES = 4 << 30  # of which a GPU reads much in the time that a launch takes
REHEARSED_BYTES = 1 << 20  # of which a rehearsal reads enough
MOST_ROUNDS = 9  # of one timing
LONGEST_SECONDS = 1.5  # after which a timing ends

WAYS = {"as it comes": "", "torch's lines": "torch"}  # the container chooses, or is not asked

Size = TypeVar("Size")


@dataclass(frozen=True)
class Place:
    """A device; in a rehearsal, which is small and on the CPU, `rehearsed` is True."""

    device: torch.device
    rehearsed: bool = False

    @property
    def on_gpu(self) -> bool:
        """Tells whether there is a stream to wait for."""
        return self.device.type == "cuda"

    @cached_property
    def memory(self) -> Limits:
        """Measures how fast memory is read and copied, once."""
        n_bytes = REHEARSED_BYTES if self.rehearsed else DEVICE_BYTES
        return limits(self.device, stopwatch(self.device), n_bytes)

    def size(self, full: Size, rehearsed: Size) -> Size:
        """Chooses the size of a case."""
        return rehearsed if self.rehearsed else full

    def put(self, array: Any) -> Tensor:
        """Makes a tensor there of an array."""
        # torch warns of memory that is read-only
        return torch.from_numpy(np.array(array, order="C")).to(self.device)

    def twin(self, name: str = "") -> AbstractContextManager[Any]:
        """Leaves the choice to the container, or forces "torch", whose lines are torch's alone.

        CUDA tensors reach their twin by themselves; in a rehearsal CPU tensors must be sent there,
        to the kernels where Triton's interpreter is asked for.
        """
        if self.on_gpu and not name:
            return nullcontext()
        interpreted = os.environ.get("TRITON_INTERPRET") == "1"
        return fastmi.use_backend(name or ("triton" if interpreted else "torch"))

    def wait(self) -> None:
        """Waits until all that was launched is done."""
        if self.on_gpu:
            torch.cuda.synchronize(self.device)

    def seconds(self, run: Callable[[], Any], longest: float = LONGEST_SECONDS) -> float:
        """Times a run, warm: the median of at most nine, host work between launches included."""
        run()
        self.wait()
        taken: list[float] = []
        while not taken or (
            sum(taken) < longest and len(taken) < MOST_ROUNDS and not self.rehearsed
        ):
            elapsed = stopwatch(self.device)()
            run()
            taken.append(elapsed())
        return median(taken)

    def timed(self, run: Callable[[], Any], rows: int, n_bytes: int) -> dict[str, float]:
        """Times a run, and says what share of a copy's speed it reaches.

        Args:
            run: what to time.
            rows: how many it reads.
            n_bytes: those that have to be read or written once, whatever the way.

        Returns:
            milliseconds, rows per second, the share, and on a GPU the bytes per row that were held
            at once beyond those that lay there beforehand.
        """
        seconds = self.seconds(run)
        speed = n_bytes / seconds
        record: dict[str, float] = {
            "ms": seconds * 1e3,
            "rows_per_s": rows / seconds,
            "GB_per_s": speed / 1e9,
            "share_of_copy": speed / self.memory.copied,
        }
        if self.on_gpu:
            before = torch.cuda.memory_allocated(self.device)
            torch.cuda.reset_peak_memory_stats(self.device)
            run()
            self.wait()
            peak = torch.cuda.max_memory_allocated(self.device) - before
            record["peak_bytes_per_row"] = peak / rows
        return record


def judge() -> str:
    """Names the twin that a device is held to: torch's on the CPU where Numba does not import."""
    try:
        from fastmi.backends import numba_twin  # noqa: F401
    except Exception:
        return "torch"
    return "numba"


def stopwatch(device: torch.device) -> Stopwatch:
    """Times from one point of the device's stream to another, host work between them included."""
    if device.type != "cuda":
        return clock

    def events() -> Callable[[], float]:
        start = torch.cuda.Event(enable_timing=True)
        torch.cuda.synchronize(device)
        start.record()

        def elapsed() -> float:
            end = torch.cuda.Event(enable_timing=True)
            end.record()
            torch.cuda.synchronize(device)
            return start.elapsed_time(end) / 1e3

        return elapsed

    return events
