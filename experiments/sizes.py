"""run -> what it would need of memory and disk, before any of it is asked for; what could never be held is refused."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from experiments import networks
from experiments.records import Run

__all__ = ["check", "memory", "needed"]

INPUTS = {"digits-cnn": 196, "lenet": 784}  # of the others the first width
MEMORIES = {"sgd": 0, "adam": 2}  # numbers that an optimiser remembers of each parameter
SAMPLES, READINGS, COLUMNS = 2, 3, 4  # read at least; of all copies; of a plane


def check(run: Run, out: Path) -> None:
    """Raises ValueError where the run cannot be held by this machine's memory, or its snapshots by the disk of `out`."""
    parts, limit = needed(run), memory()
    total = sum(parts.values())
    if limit is not None and total > limit:
        most = max(parts, key=lambda name: parts[name])
        raise ValueError(
            f"'{run.name}' with {run.copies:,} copies, {run.seeds:,} seeds and {run.n_epochs:,} recorded of {run.epochs:,} "
            f"epochs would need about {_words(total)} of memory, most of it for {most}, and this machine has {_words(limit)}: "
            "pass fewer --copies, --seeds, --epochs, or --record"
        )
    snapshots, free = run.n_epochs * _parameters(run) * run.copies * run.seeds * 4, _free(out)
    if snapshots > free:
        raise ValueError(
            f"'{run.name}' would leave {_words(snapshots)} of snapshots, and the disk of '{out}' has {_words(free)} left: "
            "pass fewer --copies, --seeds or --record, or another --out"
        )


def needed(run: Run) -> dict[str, int]:
    """Bytes of memory, by what they are for; at least so many."""
    parameters, networks_, steps = _parameters(run), run.copies * run.seeds, _steps(run)
    layers, units = len(run.widths) - 1, sum(run.widths)
    width = INPUTS.get(run.network, run.widths[0])
    drawn = run.n_samples if run.epoch == "pass" else min(run.batch_size, run.n_samples)
    return {
        "parameters": networks_ * parameters * 4 * (3 + MEMORIES.get(run.optimizer, 0)),  # themselves, gradients, a snapshot
        "data": run.seeds * SAMPLES * run.n_samples * width * 4 if run.data != "mnist" else run.n_samples * width * 4,
        "batches": networks_ * (drawn * 8 + min(run.batch_size, run.n_samples) * units * 4),
        "activations": run.copies * run.n_samples * (units - width) * 4 if units > width else 0,
        "losses": run.epochs * steps * 4,
        "planes": run.seeds * SAMPLES * run.n_epochs * (run.copies + READINGS) * layers * COLUMNS * 8,
        "scores": run.seeds * SAMPLES * run.n_epochs * run.copies * 2 * 8,
        "recorded epochs": run.n_epochs * 40,
        "edges": run.edges[2] * 12,
    }


def memory() -> int | None:
    """Bytes that this process may have, or None where the system does not say."""
    if sys.platform == "win32":
        return None
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return None
    try:
        container = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return machine
    return min(machine, int(container)) if container.isdecimal() else machine


def _parameters(run: Run) -> int:
    return sum(leaf.numel() for leaf in networks.outline(run.network, run.widths).parameters())


def _steps(run: Run) -> int:
    return 1 if run.epoch == "step" else -(-run.n_samples // run.batch_size)


def _free(out: Path) -> int:
    """On the disk of the folder, which may not be there yet."""
    there = next((folder for folder in (out.absolute(), *out.absolute().parents) if os.path.exists(folder)), Path.cwd())
    return shutil.disk_usage(there).free


def _words(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes < 1e15 else f"{n_bytes / 1e15:,.0f} PB"
