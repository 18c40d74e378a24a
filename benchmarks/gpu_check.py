"""CUDA tensors through the torch twin against the Numba twin: bit-identical answers first, then rows per second."""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

import fastmi
from benchmarks.estimating import BINNING, SEGMENTS_30, SEGMENTS_3000, PlaneCase
from benchmarks.machine import machine
from benchmarks.report import check_target, duration, write_json
from benchmarks.timing import Disagreement

__all__ = ["check", "main"]

RESULTS = Path("benchmarks/results")
ROUNDS = 20


def main(arguments: Sequence[str]) -> int:
    """`python -m benchmarks gpu-check [--out FILE]`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks gpu-check", description=__doc__)
    parser.add_argument("--out", type=Path, help=f"where the JSON goes; {RESULTS}/<device name>.json")
    options = parser.parse_args(arguments)
    if not torch.cuda.is_available():
        print("no CUDA device here: nothing was checked, and the GPU half of the torch twin stays unproved on this machine")
        return 0
    device = torch.device("cuda")
    name, start = torch.cuda.get_device_name(device), machine()
    out = options.out or RESULTS / f"{re.sub('[^A-Za-z0-9]+', '-', name)}.json"
    check_target(out)
    found = {case.name: check(case, device) for case in (SEGMENTS_30, SEGMENTS_3000)}
    write_json(out, {"device": name, "cuda": torch.version.cuda, "cases": found, "machine": asdict(start)})
    print(f"written to {out}")
    return 0


def check(case: PlaneCase, device: torch.device) -> dict[str, Any]:
    """The answers of both twins, then their times; the data are on the device beforehand, the result comes back to the CPU.

    Raises:
        Disagreement: the twins' answers are not the same to the last bit; nothing has been timed then.
    """
    x, y, layers = case.data()
    plane = fastmi.PlaneEstimator(x, y, BINNING)
    moved = [torch.from_numpy(layer).to(device) for layer in layers]

    def on_device() -> np.ndarray:
        with fastmi.use_backend("torch"):  # CUDA tensors go there anyway: said for a rehearsal on the CPU
            return plane.estimate(moved)

    _identical(case.name, on_device(), plane.estimate(layers))
    print(f"{case.name} ({case.what}): bit-identical on {device} and by the Numba twin")
    found = _timings(on_device, device) | {"numba_seconds": _seconds(lambda: plane.estimate(layers), None)}
    rows = case.n_segments * case.n_samples
    median, numba = statistics.median(found["seconds"]), statistics.median(found["numba_seconds"])
    speed = f"{duration(median)}, {rows / median / 1e6:,.0f} million rows/s"
    print(f"  {device}: {speed}; the Numba twin on one thread: {duration(numba)}")
    return found | {"rows": rows, "rows_per_second": rows / median, "times_faster_than_numba": numba / median}


def _identical(name: str, found: np.ndarray, expected: np.ndarray) -> None:
    if found.tobytes() != expected.tobytes():
        wrong = int((found != expected).sum())
        raise Disagreement(f"{name}: {wrong} of {found.size} answers differ between the twins: nothing was timed")


def _timings(run: Callable[[], Any], device: torch.device) -> dict[str, Any]:
    """Seconds of each round, and the most memory held at once: in all, and by the input that lay there beforehand."""
    if device.type != "cuda":
        return {"seconds": _seconds(run, None)}
    torch.cuda.synchronize(device)
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    seconds = _seconds(run, device)
    return {"seconds": seconds, "peak_bytes": torch.cuda.max_memory_allocated(device), "input_bytes": before}


def _seconds(run: Callable[[], Any], device: torch.device | None) -> list[float]:
    return [_by_clock(run) if device is None else _by_events(run, device) for _ in range(ROUNDS)]


def _by_clock(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _by_events(run: Callable[[], Any], device: torch.device) -> float:
    """From one point of the stream to another, host work between them included."""
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    torch.cuda.synchronize(device)
    start.record()
    run()
    end.record()
    torch.cuda.synchronize(device)
    return start.elapsed_time(end) / 1e3
