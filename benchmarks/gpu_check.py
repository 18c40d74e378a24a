"""layers that lie on a GPU -> the Numba twin's answers, bit by bit, then times by GPU events."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

import fastmi
from benchmarks.estimating import (
    BINNING,
    LONGEST_SECONDS,
    PLANES,
    SEGMENTS_30,
    SEGMENTS_3000,
    PlaneCase,
)
from benchmarks.limits import Limits, limits
from benchmarks.machine import machine
from benchmarks.peers import who_runs
from benchmarks.reference import EDGES
from benchmarks.report import as_record, check_target, section, write_json
from benchmarks.timing import Race, Stopwatch, clock, compare, measure
from benchmarks.training import ON_DEVICE, RunCase

__all__ = ["check", "main", "run"]

RESULTS = Path("benchmarks/results")
DEVICE_BYTES = 4 << 30  # of which a GPU reads much in the time that a launch takes
NOTHING = (
    "no CUDA device here: nothing was checked, and the GPU half of the torch twin stays unproved on"
    " this machine"
)


def main(arguments: Sequence[str]) -> int:
    """Runs `python -m benchmarks gpu-check [--out FILE]`: two cases; no device is no failure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks gpu-check", description=__doc__)
    parser.add_argument(
        "--out", type=Path, help=f"where the JSON goes; {RESULTS}/<device name>.json"
    )
    options = parser.parse_args(arguments)
    if not torch.cuda.is_available():
        print(NOTHING)
        return 0
    return run([SEGMENTS_30.name, SEGMENTS_3000.name], options.out)


def run(names: Sequence[str], out: Path | None, quick: bool = False) -> int:
    """Runs `python -m benchmarks --device cuda [CASE ...]`.

    The cases that estimate and two whole runs, all if none is named.

    Raises:
        ValueError: no CUDA device, or a case that is none of them.
    """
    if not torch.cuda.is_available():
        raise ValueError(NOTHING)
    known: dict[str, PlaneCase | RunCase] = {case.name: case for case in (*PLANES, *ON_DEVICE)}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(
            f"{', '.join(unknown)}: no such case on a GPU: choose from {', '.join(known)}"
        )
    device, start = torch.device("cuda"), machine()
    name = torch.cuda.get_device_name(device)
    out = out or RESULTS / f"{re.sub('[^A-Za-z0-9]+', '-', name)}.json"
    check_target(out)
    memory = limits(device, stopwatch(device), DEVICE_BYTES)
    print(f"{name}, CUDA {torch.version.cuda}\n{start}\n{memory}\n", flush=True)
    cases = [check(known[case], device, memory, quick) for case in names or known]
    record = {
        "device": name,
        "cuda": torch.version.cuda,
        "quick": quick,
        "machine": asdict(start),
        "limits": asdict(memory),
    }
    write_json(out, record | {"not_here": {}, "cases": cases, "curves": [], "cold": None})
    print(f"written to {out}")
    return 0


def check(
    case: PlaneCase | RunCase, device: torch.device, memory: Limits, quick: bool = False
) -> dict[str, Any]:
    """Compares answers, then times; layers lie on the device, the points come back to the CPU.

    Raises:
        Disagreement: the twins' answers are not the same to the last bit, or a peer's differs;
            nothing has been timed then.
    """
    record: dict[str, Any] = {"name": case.name, "what": case.description, "scale": "bits"}
    rounds = {"rounds": 3 if quick else 7, "stopwatch": stopwatch(device)}
    if isinstance(case, RunCase):
        comparison = compare(case.race_on(device, quick), patience=6.0, **rounds)
        record |= {"unit": "epoch"} | as_record(comparison, memory.read)
    else:
        comparison = compare(race_on(case, device), patience=case.patience, **rounds)
        record |= {"unit": "run", "rows": case.n_segments * case.n_samples}
        record |= as_record(comparison, memory.read)
        record |= _bound(case, device, comparison.timed[0].median)
    record |= _room(comparison.race.candidates["fastmi"], device)
    print(section(record, {}), flush=True)
    return record


def _bound(case: PlaneCase, device: torch.device, taken: float) -> dict[str, Any]:
    """Tells whether launching or work is most of what the case takes.

    The same calls on two samples take the time of launching alone.
    """
    small = race_on(replace(case, n_samples=2, n_patterns=None), device)
    (alone,) = measure(
        Race({"fastmi": small.candidates["fastmi"]}), rounds=7, stopwatch=stopwatch(device)
    )
    launching = alone.median
    return {"launching": launching, "bound": "launches" if 2 * launching > taken else "work"}


def race_on(case: PlaneCase, device: torch.device) -> Race:
    """Races fastmi on the device's tensors, its Numba twin on the CPU, and other peers.

    Of the peers those take part that can use the device.
    """
    x, y, layers = case.numbered()
    plane = fastmi.PlaneEstimator(x, y, BINNING)
    moved = [torch.from_numpy(layer).to(device) for layer in layers]

    def on_device() -> Any:
        # CUDA tensors go there anyway: said for a rehearsal on the CPU
        with fastmi.use_backend("torch"):
            return plane.estimate(moved)

    candidates: dict[str, Callable[[], Any]] = {
        "fastmi": on_device,
        "fastmi, Numba twin on the CPU": partial(plane.estimate, layers),
    }
    running, absent = who_runs(
        lambda peer: "" if peer.on_device else "uses no GPU", lambda peer: 0.0, LONGEST_SECONDS
    )
    for peer in running:
        assert peer.plane is not None
        candidates[peer.name] = partial(
            peer.plane(x, y, EDGES), moved if peer.on_device == "tensors" else layers
        )
    absent = {name: reason for name, reason in absent.items() if not name.startswith("fastmi")}
    exactly = {"fastmi, Numba twin on the CPU": 0.0}
    return Race(
        candidates, agree=exactly, absent=absent, n_bytes=sum(layer.nbytes for layer in layers)
    )


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


def _room(estimate: Callable[[], Any], device: torch.device) -> dict[str, int]:
    """Weighs the most memory held at once: in all, and by what lay there beforehand; bytes."""
    if device.type != "cuda":
        return {}
    torch.cuda.synchronize(device)
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    estimate()
    return {"peak_bytes": torch.cuda.max_memory_allocated(device), "input_bytes": before}
