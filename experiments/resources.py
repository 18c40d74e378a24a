"""run -> what it would need of memory and disk, before any of it is asked for.

What could never be held is refused.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from . import networks
from .records import Run, Training

__all__ = ["check", "memory", "needed"]

# of the others the first width
INPUT_UNITS = {"digits-cnn": 196, "lenet": 784}
# what an optimiser remembers of each parameter
REMEMBERED_NUMBERS = {"sgd": 0, "adam": 2}
# samples read at least, readings of all copies, columns of a plane
SAMPLES, READINGS, COLUMNS = 2, 3, 4


def check(run: Run, out: Path) -> None:
    """Raises ValueError where this machine cannot hold the run.

    Its memory must hold the run, and the disk of `out` its snapshots.
    """
    parts, limit, training = needed(run), memory(), run.training
    total = sum(parts.values())
    if limit is not None and total > limit:
        most = max(parts, key=lambda name: parts[name])
        raise ValueError(
            f"'{run.name}' with {training.copies:,} copies, {training.seeds:,} seeds and "
            f"{training.n_epochs:,} recorded of {training.epochs:,} {training.unit} would need "
            f"about {_words(total)} of memory, most of it for {most}, and this machine has "
            f"{_words(limit)}: pass fewer --copies, --seeds, --epochs, or --record"
        )
    snapshots = training.n_epochs * _parameters(training) * training.copies * training.seeds * 4
    free = _free(out)
    if snapshots > free:
        raise ValueError(
            f"'{run.name}' would leave {_words(snapshots)} of snapshots, and the disk of '{out}' "
            f"has {_words(free)} left: pass fewer --copies, --seeds or --record, or another --out"
        )


def needed(run: Run) -> dict[str, int]:
    """Estimates bytes of memory, by what they are for; at least so many."""
    training = run.training
    copies, seeds = training.copies, training.seeds
    n, n_epochs = training.n_samples, training.n_epochs
    layers, units = len(training.widths) - 1, sum(training.widths)
    width = INPUT_UNITS.get(training.network, training.widths[0])
    batch = min(training.batch_size, n)
    drawn = n if training.epoch == "pass" else batch
    # themselves, gradients, a snapshot, and of the optimiser
    remembered = 3 + REMEMBERED_NUMBERS.get(training.optimizer, 0)
    return {
        "parameters": copies * seeds * _parameters(training) * 4 * remembered,
        "data": (seeds * SAMPLES if training.data != "mnist" else 1) * n * width * 4,
        "batches": copies * seeds * (drawn * 8 + batch * units * 4),
        "activations": copies * n * (units - width) * 4 if units > width else 0,
        "losses": training.epochs * _steps(training) * 4,
        "planes": (
            len(run.reads) * seeds * SAMPLES * n_epochs * (copies + READINGS) * layers * COLUMNS * 8
        ),
        "scores": seeds * SAMPLES * n_epochs * copies * 2 * 8,
        "recorded epochs": n_epochs * 40,
        "edges": sum(reading.n_bytes for reading in run.reads),
    }


def memory() -> int | None:
    """Asks how many bytes this process may have, or None where the system does not say."""
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


def _parameters(training: Training) -> int:
    """Counts the parameters of one copy."""
    return sum(
        leaf.numel() for leaf in networks.outline(training.network, training.widths).parameters()
    )


def _steps(training: Training) -> int:
    """Counts the steps of one epoch."""
    return 1 if training.epoch == "step" else -(-training.n_samples // training.batch_size)


def _free(out: Path) -> int:
    """Asks how many bytes are free on the disk of the folder, which may not be there yet."""
    there = next(
        (folder for folder in (out.absolute(), *out.absolute().parents) if os.path.exists(folder)),
        Path.cwd(),
    )
    return shutil.disk_usage(there).free


def _words(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes < 1e15 else f"{n_bytes / 1e15:,.0f} PB"
