"""a reading -> what it costs beside the forward pass: `python -m benchmarks watching`.

Memory: the most that a process held, above one that only calls the model. Time: what `update` takes
beyond the model, as a share of the forward pass of ResNet-18 on as many images. Nothing is
written.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

import fastmi
from benchmarks.called import PROG
from benchmarks.timing import Race, measure
from experiments import networks
from fastmi import UniformBins
from fastmi.measures import PerUnit, VectorQuantized
from fastmi.networks import one_thread

__all__ = ["Cost", "held", "main", "memory", "times"]

BATCH, N_IN, N_CLASSES = 256, 64, 10
WIDE, MANY = 2048, 200_000  # units of one layer, samples: of which memory is asked
N_BYTES, MEBIBYTES = 32, 64  # allowed for each sample, and besides
LAYERS, WIDTH, N = 4, 512, 10_000  # of which time is asked
IMAGES, SHARE = 256, 0.5  # that ResNet-18 is timed on; allowed of its forward pass
BINS = UniformBins(30, range=(0, 8))
COUNTED: dict[str, Any] = {"default bins": None, "30 even bins": BINS}
ALONE, BARE = "the model", "the model, Numba started"


class Cost(NamedTuple):
    """What something took, of what is allowed, in a unit."""

    name: str
    found: float
    allowed: float
    unit: str

    @property
    def holds(self) -> bool:
        """Judges whether it is not more."""
        return self.found <= self.allowed

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "TOO MUCH"
        return f"{self.name}: {self.found:.3g} of {self.allowed:.3g} {self.unit}: {verdict}"


def main(arguments: Sequence[str]) -> int:
    """Prints what was found; 1 where something takes more than is allowed."""
    parser = argparse.ArgumentParser(
        prog=f"{PROG} watching",
        description="What reading layers costs beside calling the model: memory, and time",
    )
    parser.parse_args(arguments)
    print(f"memory: {MANY:,} samples through a layer of {WIDE} units, Counted alone")
    costs = memory()
    for cost in costs:
        print(f"  {cost}", flush=True)
    print(
        f"time: a reading of {LAYERS} layers of {WIDTH} units, {N:,} samples, beyond the model; of "
        "the forward pass of ResNet-18 at 3x32x32"
    )
    with one_thread():
        found = times()
    for cost in found:
        print(f"  {cost}", flush=True)
    return int(not all(cost.holds for cost in (*costs, *found)))


def memory(n: int = MANY, width: int = WIDE) -> list[Cost]:
    """Compares fresh processes, each of which does one thing.

    One only calls the model, one starts Numba as well (and with it LLVM and SciPy), by coding a
    few numbers. Above that it is judged: what libraries weigh does not depend on what is read.
    """
    allowed = (N_BYTES * n + (MEBIBYTES << 20)) / 2**20
    mebibytes = {how: _in_a_process(how, n, width) / 2**20 for how in (ALONE, BARE, *COUNTED)}
    bare = mebibytes[BARE]
    print(f"  {ALONE} {mebibytes[ALONE]:.0f} MiB; {BARE} {bare:.0f} MiB; above that:")
    return [Cost(how, mebibytes[how] - bare, allowed, "MiB") for how in COUNTED]


def held(how: str, n: int, width: int) -> int:
    """Calls a model or reads it, and finds the most bytes that this process has held so far."""
    model = _model([width])
    x = torch.randn(n, N_IN, generator=torch.Generator().manual_seed(0))
    y = torch.arange(n) % N_CLASSES
    if how == BARE:
        fastmi.encode(np.zeros((2, 1), np.float32), BINS)
    with one_thread():
        if how in COUNTED:
            _reading(model, (x, y), COUNTED[how])()
        else:
            _called(model, x)
    # not ru_maxrss: it begins with what the parent held
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))


def times(
    n: int = N, width: int = WIDTH, images: int = IMAGES, channels: int = 64, rounds: int = 5
) -> list[Cost]:
    """Times readings, the model alone, and ResNet-18, in turns; medians over the rounds."""
    model = _model([width] * LAYERS)
    x = torch.randn(n, N_IN, generator=torch.Generator().manual_seed(0))
    sample = x, torch.arange(n) % N_CLASSES
    resnet = networks.build("resnet", (channels, N_CLASSES), 0)[
        2:
    ].eval()  # its own images are 28x28
    pictures = torch.randn(images, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    candidates: dict[str, Callable[[], Any]] = {
        ALONE: lambda: _called(model, x),
        "ResNet-18": lambda: _called(resnet, pictures),
    }
    asked = _measures(model, x)
    candidates |= {name: _reading(model, sample, *each) for name, each in asked.items()}
    for run in candidates.values():
        run()
    timed = measure(Race(candidates), rounds=rounds, patience=60)
    seconds = {one.name: median(one.seconds) for one in timed}
    whole = seconds["ResNet-18"] * n / images
    print(f"  {ALONE} {seconds[ALONE]:.2f} s, ResNet-18 {whole:.1f} s")
    beyond = {name: seconds[name] - seconds[ALONE] for name in asked}
    return [Cost(f"{name} ({s:.2f} s)", s / whole, SHARE, "of it") for name, s in beyond.items()]


def _measures(model: nn.Sequential, x: torch.Tensor) -> Mapping[str, Sequence[Any]]:
    """Lists what is read at once, together and each alone."""
    fitted, rows = {}, x[: VectorQuantized.max_fit]
    with torch.no_grad():
        for name, module in model.named_children():
            rows = module(rows)
            if isinstance(module, nn.ReLU):
                fitted[name] = VectorQuantized().fit(rows)
    anew = VectorQuantized()
    return {
        "Counted, VectorQuantized fitted anew, PerUnit": (None, anew, PerUnit(BINS)),
        "Counted, VectorQuantized fitted before, PerUnit": (None, fitted, PerUnit(BINS)),
        "Counted, default bins": (None,),
        "Counted, 30 even bins": (BINS,),
        "VectorQuantized fitted anew": (anew,),
        "VectorQuantized fitted before": (fitted,),
        "PerUnit": (PerUnit(BINS),),
    }


def _model(widths: Sequence[int]) -> nn.Sequential:
    torch.manual_seed(0)
    pairs = itertools.pairwise([N_IN, *widths])
    return nn.Sequential(*(one for a, b in pairs for one in (nn.Linear(a, b), nn.ReLU())))


def _called(model: nn.Module, x: torch.Tensor) -> None:
    with torch.no_grad():
        for first in range(0, len(x), BATCH):
            model(x[first : first + BATCH])


def _reading(model: nn.Module, sample: Any, *measures: Any) -> Callable[[], None]:
    """Makes what reads the layers once more."""
    recorder = fastmi.watch(
        model, {"held-out": sample}, list(measures), layers=nn.ReLU, batch_size=BATCH
    )
    steps = itertools.count()

    def update() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", fastmi.CoverageWarning)  # layers are as wide as that
            recorder.update(next(steps))

    return update


def _in_a_process(how: str, n: int, width: int) -> int:
    program = f"from benchmarks.watching import held; print(held({how!r}, {n}, {width}))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(fastmi.__file__).parents[1],
        env=os.environ,
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout)
