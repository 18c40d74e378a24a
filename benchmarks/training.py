"""Whole runs of the report, an estimate after every epoch: by fastmi, and by the published loop.

fastmi trains first and reads the snapshots afterwards.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
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
    WATCHED,
    complicated_data,
    forward_one_by_one,
    identify,
    image_data,
    plane_point,
    published_loop,
    simple_data,
    train_step,
)
from benchmarks.timing import Disagreement, Race
from experiments import records
from experiments.catalog import CATALOG
from experiments.networks import build
from fastmi.arrays import Bits, IntArray

__all__ = [
    "EPOCHS",
    "EXP_1",
    "EXP_2",
    "EXP_3",
    "EXP_4",
    "ON_DEVICE",
    "QUICK",
    "READINGS",
    "RUNS",
    "RunCase",
]

TOGETHER_NETWORKS = 60  # evaluated at a time: snapshots, or every copy of so many fewer
COMPARED_COPIES = 5  # each by itself, at most: the published recipe takes its time for each
# of fastmi at most as many as the report trains, what is done once included; of the published loop
EPOCHS, QUICK = (1000, 2), (50, 2)
READINGS = "training", "and the sampled reading", "and all three readings"
TOLERANCE = 1e-5  # of activations and parameters: between float32 sums in different orders

Snapshot = dict[str, Tensor]


@dataclass(frozen=True)
class RunCase:
    """A run of the catalog, on `data` (n_samples -> x, classes) that need no files."""

    name: str
    about: str
    run: records.Training
    data: Callable[[int], tuple[IntArray, IntArray]]

    @property
    def description(self) -> str:
        """Says in one line what is measured."""
        full, published = self.n_epochs(quick=False)
        quick, quick_published = self.n_epochs(quick=True)
        reading = "the one reading" if self.run.copies == 1 else "the sampled reading"
        return (
            f"{self.about}, {self.run.n_samples} samples, {reading} of every layer after every "
            f"epoch, training and forwarding included; fastmi timed over {full} epochs (--quick: "
            f"{quick}), the published loop over {published} (--quick: {quick_published}); whole "
            "runs part by rounding alone, so the answers compared are the readings of one trained "
            "state"
        )

    def n_epochs(self, quick: bool) -> tuple[int, int]:
        """Counts the epochs that are timed: of fastmi, and of the published loop."""
        n_epochs, n_published = QUICK if quick else EPOCHS
        return min(n_epochs, self.run.epochs), n_published

    def network(self) -> torch.nn.Sequential:
        """Builds the network as every candidate starts."""
        return build(self.run.network, self.run.widths, 0)

    def sample(self) -> tuple[IntArray, npt.NDArray[Any]]:
        """Draws x (n, d) and targets (n, 1), or (n, n_classes) one-hot."""
        x, classes = self.data(self.run.n_samples)
        values = (
            np.eye(self.run.widths[-1])
            if self.run.targets is None
            else np.array(self.run.targets)[:, None]
        )
        return x, values[classes]

    def race(self, quick: bool) -> Race:
        """Races fastmi against the published loop, which is timed over fewer epochs."""
        n_epochs, n_published = self.n_epochs(quick)
        x, y = self.sample()
        published = functools.partial(
            published_loop, self.network(), x, y, n_copies=self.run.copies, n_epochs=n_published
        )
        candidates = {
            "fastmi": self.over(n_epochs, Training.reading),
            "published loop": lambda: list(published()),
        }
        return Race(
            candidates, frozen_answers(self), {"fastmi": n_epochs, "published loop": n_published}
        )

    def race_on(self, device: torch.device, quick: bool) -> Race:
        """Races the same run on a device against it on the CPU.

        Compared are the readings of one trained state's activations, bit by bit.
        """
        n_epochs, _ = self.n_epochs(quick)
        candidates = {
            "fastmi": self.over(n_epochs, Training.reading, device=device),
            "fastmi on the CPU": self.over(n_epochs, Training.reading),
        }
        training = Training(self, device)
        training.snapshots(10)
        layers = [layer[None] for layer in training.ensemble.activations(training.inputs)]
        assignment = training.assignment(1)
        answers = {
            "fastmi": lambda: _by_torch(lambda: three_readings(training.plane, layers, assignment)),
            "fastmi on the CPU": lambda: three_readings(
                training.plane, [layer.cpu() for layer in layers], assignment
            ),
        }
        return Race(
            candidates, answers, dict.fromkeys(candidates, n_epochs), {"fastmi on the CPU": 0.0}
        )

    def readings(self, quick: bool) -> Race:
        """Races training alone, then with one reading, then with all three."""
        n_epochs, _ = self.n_epochs(quick)
        reads = (
            (lambda training, snapshots: None, TOGETHER_NETWORKS),
            (Training.reading, TOGETHER_NETWORKS),
            (Training.readings, TOGETHER_NETWORKS // self.run.copies),
        )
        candidates = {
            name: self.over(n_epochs, *read) for name, read in zip(READINGS, reads, strict=True)
        }
        return Race(candidates, frozen_answers(self), dict.fromkeys(candidates, n_epochs))

    def over(
        self,
        n_epochs: int,
        read: Callable[[Training, list[Snapshot]], Any],
        together: int = TOGETHER_NETWORKS,
        device: torch.device | None = None,
    ) -> Callable[[], Any]:
        """Makes a candidate: a fresh run of n_epochs, its snapshots read a chunk at a time."""

        def candidate() -> list[Any]:
            training = Training(self, device)
            snapshots = training.snapshots(n_epochs)
            return [
                read(training, snapshots[first : first + together])
                for first in range(0, n_epochs, together)
            ]

        return candidate


class Training:
    """Data, network and ensemble of one run, on a device (None is the CPU).

    `snapshots(n)` trains on.
    """

    def __init__(self, case: RunCase, device: torch.device | None = None) -> None:
        self.x, self.y = case.sample()
        self.inputs, self.targets = (
            torch.tensor(rows, dtype=torch.float32, device=device) for rows in (self.x, self.y)
        )
        self.plane = fastmi.PlaneEstimator(self.x, self.y, BINNING)
        self.n_copies = case.run.copies
        network = case.network().to(device)
        watched = [name for name, module in network.named_children() if isinstance(module, WATCHED)]
        self.ensemble = fastmi.Ensemble(network, self.n_copies, watch=watched)
        self.rng = np.random.default_rng(0)

    def snapshots(self, n_epochs: int) -> list[Snapshot]:
        """Takes one step of every copy, then its parameters as they are, n_epochs times."""
        taken = []
        for _ in range(n_epochs):
            rows = self.ensemble.draw(len(self.x), BATCH)
            self.ensemble.step(self.inputs[rows], self.targets[rows])
            taken.append(self.ensemble.snapshot())
        return taken

    def assignment(self, n_epochs: int) -> IntArray:
        """Draws the copy that each sample is sent through, anew at each epoch, (n_epochs, n)."""
        return self.rng.integers(self.n_copies, size=(n_epochs, len(self.x)))

    def reading(self, snapshots: list[Snapshot]) -> Bits:
        """Reads as published: every sample through one copy, anew at each epoch.

        Returns (chunk, n_layers, 2).
        """
        drawn = self.assignment(len(snapshots))
        return self.plane.estimate(self.ensemble.activations(self.inputs, snapshots, drawn))

    def readings(self, snapshots: list[Snapshot]) -> Bits:
        """Reads the mean of at most five copies, sampled, mixture -> (3, chunk, n_layers, 2)."""
        layers = self.ensemble.activations(self.inputs, snapshots)
        return three_readings(self.plane, layers, self.assignment(len(snapshots)))


def _by_torch(read: Callable[[], Bits]) -> Bits:
    """Forces the torch twin, which CUDA tensors reach anyway: for a rehearsal on the CPU."""
    with fastmi.use_backend("torch"):
        return read()


def three_readings(
    plane: fastmi.PlaneEstimator, layers: list[Tensor], assignment: IntArray
) -> Bits:
    """Reads layers (chunk, n_copies, n, d), assignment (chunk, n) -> (3, chunk, n_layers, 2)."""
    readings = plane.readings(layers, assignment)
    each = readings["each"].bits[:, :COMPARED_COPIES].mean(axis=1)
    return np.stack([each, readings["sampled"].bits, readings["mixture"].bits])


def frozen_answers(case: RunCase) -> dict[str, Callable[[], Bits]]:
    """Reads one trained state, by fastmi and by the published recipe on the same activations.

    Training at this learning rate is chaotic: whole runs part by rounding alone. So what a run is
    made of is compared: one step and one forward pass (`_same_network`, within float32 rounding),
    and the three readings of equal activations (exactly).
    """
    training = Training(case)
    training.snapshots(10)
    layers = training.ensemble.activations(training.inputs)
    assignment = training.assignment(1)
    stacks = [layer.numpy() for layer in layers]
    chosen = [stack[assignment[0], np.arange(len(training.x))] for stack in stacks]
    assigned = training.ensemble.activations(training.inputs, assignment=assignment[0])
    _same_network(training, [layer.numpy() for layer in assigned], assignment[0])
    x, y = identify(training.x), identify(training.y)

    def published() -> Bits:
        each = [
            np.mean(
                [plane_point(x, y, member, EDGES) for member in stack[:COMPARED_COPIES]], axis=0
            )
            for stack in stacks
        ]
        sampled = [plane_point(x, y, rows, EDGES) for rows in chosen]
        tiled = np.tile(x, training.n_copies), np.tile(y, training.n_copies)
        mixture = [
            plane_point(*tiled, stack.reshape(-1, stack.shape[-1]), EDGES) for stack in stacks
        ]
        return np.array([each, sampled, mixture])

    batch_of_one = [layer[None] for layer in layers]
    return {
        "fastmi": lambda: three_readings(training.plane, batch_of_one, assignment)[:, 0],
        "published recipe": published,
    }


def _same_network(
    training: Training, rows: list[npt.NDArray[np.float32]], assignment: IntArray
) -> None:
    """Checks that the ensemble's forward pass, and its next step, are the published ones.

    They are, within float32 rounding.

    Raises:
        Disagreement: one of them is not.
    """
    ensemble, inputs, targets = training.ensemble, training.inputs, training.targets
    members = cast("list[torch.nn.Sequential]", ensemble.networks())
    _close("forward pass", rows, forward_one_by_one(members, inputs, assignment))
    drawn = ensemble.draw(len(inputs), BATCH)
    for member, batch in zip(members, drawn, strict=True):
        train_step(
            member,
            torch.optim.SGD(member.parameters(), lr=LEARNING_RATE),
            inputs[batch],
            targets[batch],
        )
    ensemble.step(inputs[drawn], targets[drawn])
    expected = [
        parameter.detach().numpy() for member in members for parameter in member.parameters()
    ]
    stepped = [
        parameter.detach().numpy()
        for member in ensemble.networks()
        for parameter in member.parameters()
    ]
    _close("training step", stepped, expected)


def _close(action: str, given: list[Any], expected: list[Any]) -> None:
    difference = max(float(np.abs(a - b).max()) for a, b in zip(given, expected, strict=True))
    if not difference <= TOLERANCE:
        raise Disagreement(
            f"the {action} differs by {difference:.3g} from the published one: nothing was timed"
        )


TRAINED = {name: run.training for name, run in CATALOG.items()}
EXP_1 = RunCase("exp-1", "a 12-5-1 tanh network, one copy", TRAINED["warm-up"], simple_data)
EXP_2 = RunCase(
    "exp-2", "a 12-10-7-5-4-3-1 tanh network, 5 copies", TRAINED["tishby-extended"], simple_data
)
EXP_2_ALONE = RunCase(
    "exp-2-one-copy", "the network of exp-2, one copy", TRAINED["tishby"], simple_data
)
EXP_2_MANY = RunCase(
    "exp-2-50-copies",
    "the network of exp-2, 50 copies",
    replace(TRAINED["tishby-extended"], copies=50, epochs=400),
    simple_data,
)
EXP_2_CROWD = RunCase(
    "exp-2-1000-copies",
    "the network of exp-2, 1000 copies",
    replace(TRAINED["tishby-extended"], copies=1000, epochs=60),
    simple_data,
)
EXP_3 = RunCase(
    "exp-3",
    "the network of exp-2 on the complicated data, 5 copies",
    TRAINED["complicated"],
    complicated_data,
)
EXP_4 = RunCase(
    "exp-4",
    "a convolutional network on 14x14 images of 10 classes, 3 copies; random pixels stand in for "
    "MNIST, because the work does not depend on what they show",
    TRAINED["mnist"],
    image_data,
)
ON_DEVICE = (EXP_2_MANY, EXP_2_CROWD)
RUNS = (EXP_1, EXP_2_ALONE, EXP_2, EXP_2_MANY, EXP_3, EXP_4)
