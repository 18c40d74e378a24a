"""named cases on a GPU -> the Numba twin's answers, bit by bit, then times by GPU events."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

import fastmi
from benchmarks.device.place import DEVICE_BYTES, stopwatch
from benchmarks.estimating import (
    BINNING,
    LONGEST_SECONDS,
    PLANES,
    PlaneCase,
)
from benchmarks.limits import Limits, limits
from benchmarks.machine import machine
from benchmarks.peers import Peer, who_runs
from benchmarks.reference import EDGES
from benchmarks.report import as_record, check_target, section, write_json
from benchmarks.timing import Race, compare, measure
from benchmarks.training import ON_DEVICE, RunCase

__all__ = ["NOTHING", "RESULTS", "check", "race_on", "run"]

RESULTS = Path("benchmarks/results")
NOTHING = (
    "no CUDA device here: nothing was checked, and the GPU half of the torch twin stays unproved on"
    " this machine"
)


def run(names: Sequence[str], out: Path | None, quick: bool = False) -> int:
    """Runs `python -m benchmarks --device cuda CASE ...`: cases that estimate, and whole runs.

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
    # beside the file of the whole check
    out = out or RESULTS / f"{re.sub('[^A-Za-z0-9]+', '-', name)}-cases.json"
    check_target(out)
    memory = limits(device, stopwatch(device), DEVICE_BYTES)
    print(f"{name}, CUDA {torch.version.cuda}\n{start}\n{memory}\n", flush=True)
    cases = [check(known[case], device, memory, quick) for case in names]
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

    def seconds(peer: Peer) -> float:
        every = (peer.seconds_on_device(case.n_samples, width) for width in case.widths)
        return case.n_copies * sum(every)

    running, absent = who_runs(
        lambda peer: "" if peer.on_device else "uses no GPU", seconds, LONGEST_SECONDS
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


def _room(estimate: Callable[[], Any], device: torch.device) -> dict[str, int]:
    """Weighs the most memory held at once: in all, and by what lay there beforehand; bytes."""
    if device.type != "cuda":
        return {}
    torch.cuda.synchronize(device)
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    estimate()
    return {"peak_bytes": torch.cuda.max_memory_allocated(device), "input_bytes": before}
