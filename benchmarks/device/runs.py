"""exp 2 with 50 and 1000 copies -> what an epoch takes, on the device and on one CPU thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.device.findings import Case
from benchmarks.device.place import Place, judge
from benchmarks.reference import BATCH
from benchmarks.timing import clock
from benchmarks.training import (
    EXP_2_CROWD,
    EXP_2_MANY,
    TOGETHER_NETWORKS,
    RunCase,
    Training,
    three_readings,
)
from fastmi import use_backend
from fastmi.networks import one_thread

__all__ = ["cases", "name_of"]

EPOCHS = ((EXP_2_MANY, 100), (EXP_2_CROWD, 20))  # that are timed
REHEARSED = {"n_samples": 128, "copies": 3}  # and two epochs
WARM_EPOCHS = 3
CPU_PART = 10  # of the epochs are timed on the CPU
ON_CPU = "one CPU thread"


def cases(place: Place) -> Iterator[Case]:
    """Yields both runs on the device, and on a thread of the CPU, which is what they must beat."""
    cpu = Place(torch.device("cpu"), place.rehearsed)
    for full, epochs in EPOCHS:
        run = place.size(full, replace(full, run=replace(full.run, **REHEARSED)))
        yield name_of(run), partial(_run, place, run, place.size(epochs, 2))
        few = place.size(epochs // CPU_PART, 2)
        yield name_of(run, ON_CPU), partial(_run, cpu, run, few)


def name_of(run: RunCase, where: str = "the device") -> str:
    """Names the case of a run."""
    return f"{run.name}, {where}"


def _run(place: Place, run: RunCase, epochs: int) -> dict[str, Any]:
    """Times training, the sampled reading, and by themselves draw, step and all three readings."""
    with one_thread(), place.twin() if place.on_gpu else use_backend(judge()):
        training = Training(run, place.device)
        together = max(1, TOGETHER_NETWORKS // training.n_copies)
        record: dict[str, float] = {}

        def took(name: str, work: Callable[[], Any], n_epochs: int = epochs) -> Any:
            place.wait()
            elapsed = clock()
            answer = work()
            place.wait()
            record[f"{name}_ms"] = elapsed() / n_epochs * 1e3
            return answer

        training.readings(training.snapshots(WARM_EPOCHS)[:1])
        snapshots = took("training", lambda: training.snapshots(epochs))
        took(
            "sampled_reading",
            lambda: [
                training.reading(snapshots[first : first + TOGETHER_NETWORKS])
                for first in range(0, epochs, TOGETHER_NETWORKS)
            ],
        )
        took(
            "draw",
            lambda: [training.ensemble.draw(len(training.x), BATCH) for _ in range(epochs)],
        )
        rows = training.ensemble.draw(len(training.x), BATCH)
        x, y = training.inputs[rows], training.targets[rows]
        took("step", lambda: [training.ensemble.step(x, y) for _ in range(epochs)])
        few = snapshots[:together]
        took("three_readings", lambda: training.readings(few), len(few))
        return record | {"epochs": epochs, "equal": _same_readings(training, place)}


def _same_readings(training: Training, place: Place) -> bool:
    """Compares the three readings of one state with the Numba twin's, bit by bit."""
    layers = [layer[None] for layer in training.ensemble.activations(training.inputs)]
    assignment = training.assignment(1)
    with place.twin():
        given = three_readings(training.plane, layers, assignment)
    with use_backend(judge()):
        expected = three_readings(training.plane, [layer.cpu() for layer in layers], assignment)
    return np.array_equal(given, expected)
