"""The "exp 2" run, five copies and an estimate after every epoch: by fastmi from snapshots, and by the published loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

import fastmi
from benchmarks.estimating import BINNING
from benchmarks.reference import (
    BATCH,
    EDGES,
    LEARNING_RATE,
    forward_one_by_one,
    identify,
    plane_point,
    published_loop,
    simple_data,
    tanh_network,
    train_step,
)
from benchmarks.timing import Disagreement, Race
from experiments.catalog import CATALOG
from experiments.runner import MODELS, execute

__all__ = ["end_to_end", "readings"]

N_COPIES = 5
CHUNK = MODELS // N_COPIES  # snapshots evaluated at a time, as the runner does
TOLERANCE = 1e-5  # between float32 sums taken in different orders

Bits = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Run:
    """Data, network and ensemble of one run; `snapshots(n)` trains on."""

    def __init__(self) -> None:
        self.x, self.y = simple_data()
        self.inputs, self.targets = (torch.tensor(part, dtype=torch.float32) for part in (self.x, self.y))
        self.plane = fastmi.PlaneEstimator(self.x, self.y, BINNING)
        self.ensemble = fastmi.Ensemble(tanh_network(), N_COPIES, watch=[torch.nn.Tanh])
        self.rng = np.random.default_rng(0)

    def snapshots(self, n_epochs: int) -> list[dict[str, Tensor]]:
        """One step of every copy, then its parameters as they are, n_epochs times."""
        taken = []
        for _ in range(n_epochs):
            rows = self.ensemble.draw(len(self.x), BATCH)
            self.ensemble.step(self.inputs[rows], self.targets[rows])
            taken.append(self.ensemble.snapshot())
        return taken

    def activations(self, n_epochs: int) -> Iterator[list[Tensor]]:
        """Train, then forward: layers (chunk, n_copies, n, d), a chunk of epochs at a time."""
        snapshots = self.snapshots(n_epochs)
        for first in range(0, n_epochs, CHUNK):
            yield self.ensemble.activations(self.inputs, snapshots=snapshots[first : first + CHUNK])

    def assignment(self, n_epochs: int) -> IntArray:
        """The copy that each sample is sent through, drawn anew at each epoch, (n_epochs, n)."""
        return self.rng.integers(N_COPIES, size=(n_epochs, len(self.x)))

    def sampled(self, layers: list[Tensor]) -> Bits:
        """-> (chunk, n_layers, 2)."""
        return self.plane.sampled(layers, self.assignment(len(layers[0])))

    def readings(self, layers: list[Tensor]) -> Bits:
        """Mean over the copies, sampled, mixture -> (3, chunk, n_layers, 2)."""
        return three_readings(self.plane, layers, self.assignment(len(layers[0])))


def three_readings(plane: fastmi.PlaneEstimator, layers: list[Tensor], assignment: IntArray) -> Bits:
    """Layers (chunk, n_copies, n, d), assignment (chunk, n) -> (3, chunk, n_layers, 2)."""
    found = plane.readings(layers, assignment)
    return np.stack([found["each"].bits.mean(axis=1), found["sampled"].bits, found["mixture"].bits])


def over(n_epochs: int, read: Callable[[Run, list[Tensor]], Any]) -> Callable[[], list[Any]]:
    """A candidate: a fresh run of n_epochs, every chunk of it read."""

    def candidate() -> list[Any]:
        run = Run()
        return [read(run, layers) for layers in run.activations(n_epochs)]

    return candidate


def end_to_end(quick: bool) -> Race:
    """fastmi against the published loop, which is timed over fewer epochs."""
    n_epochs, n_published = (100, 2) if quick else (1000, 10)
    x, y = simple_data()
    whole = replace(CATALOG["tishby-extended"], epochs=n_epochs)
    candidates = {
        "fastmi": over(n_epochs, Run.sampled),
        "experiments' runner, all readings": lambda: execute(whole),
        "published loop": lambda: list(published_loop(tanh_network(), x, y, n_copies=N_COPIES, n_epochs=n_published)),
    }
    return Race(candidates, frozen_answers(), dict(zip(candidates, (n_epochs, n_epochs, n_published), strict=True)))


def readings(quick: bool) -> Race:
    """Training and forwarding alone, then with one reading, then with all three."""
    n_epochs = 100 if quick else 1000
    candidates = {
        "train and forward": over(n_epochs, lambda run, layers: None),
        "and the sampled reading": over(n_epochs, Run.sampled),
        "and all three readings": over(n_epochs, Run.readings),
    }
    return Race(candidates, frozen_answers(), dict.fromkeys(candidates, n_epochs))


def frozen_answers() -> dict[str, Callable[[], Bits]]:
    """The three readings of one trained state, by fastmi and by the published recipe on the same activations.

    Training at this learning rate is chaotic: whole runs part by rounding alone. So what a run is made of is compared: one
    step and one forward pass (`_same_network`, within float32 rounding), and the readings of equal activations (exactly).
    """
    run = Run()
    run.snapshots(10)
    layers = run.ensemble.activations(run.inputs)
    assignment = run.assignment(1)
    stacks = [layer.numpy() for layer in layers]
    chosen = [stack[assignment[0], np.arange(len(run.x))] for stack in stacks]
    _same_network(run, chosen, assignment[0])
    x, y = identify(run.x), identify(run.y)

    def published() -> Bits:
        each = [np.mean([plane_point(x, y, member, EDGES) for member in stack], axis=0) for stack in stacks]
        sampled = [plane_point(x, y, rows, EDGES) for rows in chosen]
        tiled = np.tile(x, N_COPIES), np.tile(y, N_COPIES)
        mixture = [plane_point(*tiled, stack.reshape(-1, stack.shape[-1]), EDGES) for stack in stacks]
        return np.array([each, sampled, mixture])

    batch_of_one = [layer[None] for layer in layers]
    return {"fastmi": lambda: three_readings(run.plane, batch_of_one, assignment)[:, 0], "published recipe": published}


def _same_network(run: Run, rows: list[npt.NDArray[np.float32]], assignment: IntArray) -> None:
    """The ensemble's forward pass, and its next step, are the published ones within float32 rounding."""
    members = cast("list[torch.nn.Sequential]", run.ensemble.networks())
    _close("forward pass", rows, forward_one_by_one(members, run.inputs, assignment))
    drawn = run.ensemble.draw(len(run.x), BATCH)
    for member, batch in zip(members, drawn, strict=True):
        train_step(member, torch.optim.SGD(member.parameters(), lr=LEARNING_RATE), run.inputs[batch], run.targets[batch])
    run.ensemble.step(run.inputs[drawn], run.targets[drawn])
    expected = [parameter.detach().numpy() for member in members for parameter in member.parameters()]
    found = [parameter.detach().numpy() for member in run.ensemble.networks() for parameter in member.parameters()]
    _close("training step", found, expected)


def _close(what: str, found: list[Any], expected: list[Any]) -> None:
    difference = max(float(np.abs(a - b).max()) for a, b in zip(found, expected, strict=True))
    if not difference <= TOLERANCE:
        raise Disagreement(f"the {what} differs by {difference:.3g} from the published one: nothing was timed")
