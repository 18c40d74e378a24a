"""run -> the planes of its readings and the scores of its outputs.

Training, forwarding and estimating go in bounded chunks.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeVar

import numpy as np
import torch

from fastmi import CoverageWarning, Ensemble, InformationPlane, inputs
from fastmi.planes import Points

from . import determinism
from .behind import Behind
from .checkpoints import Checkpoints
from .datasets import Dataset
from .measures import Counted, Measure, PerUnit
from .records import SHUFFLED, Run, Training
from .scores import Score
from .training import (
    LOSSES,
    Snapshot,
    Trainer,
    data_of,
    seeds_of,
    targets,
    threads,
)

__all__ = ["Result", "check_device", "device_named", "execute"]

T = TypeVar("T")

# snapshots are forwarded together: so many, counted in networks, and so many activations of them
NETWORKS_AT_ONCE = 60
ACTIVATIONS_AT_ONCE = 2**27
# what is said of numbers hangs on what their sample is, whatever its labels
SAMPLES = {
    "training": "training",
    "held-out": "held-out",
    "fresh": "held-out",
    "all patterns": "population",
}


@dataclass(frozen=True)
class Result:
    """What a run found: planes, scores, and where the time went.

    `planes` hold one for each of its `reads`, seed, sample and reading. `remark` is what the reader
    has to know of how it was trained, `repeats` what comes of doing it again, "" where that is not
    known; `losses` are the batches' means over the copies. `shared` counts the rows of each
    held-out sample that were trained on, too, over all seeds; only where there are some.
    """

    run: Run
    device: str
    planes: list[InformationPlane]
    scores: list[Score]
    losses: list[float]
    seconds: dict[str, float]
    remark: str = ""
    repeats: str = ""
    shared: dict[str, int] = field(default_factory=dict)

    def plane(
        self, reading: str, sample: str | None = None, seed: int | None = None
    ) -> InformationPlane:
        """Finds one plane; without a sample the published one, without a seed the first."""
        sample = sample or self.planes[0].sample
        seed = self.run.training.seed if seed is None else seed
        return next(
            plane
            for plane in self.planes
            if (plane.reading, plane.sample, plane.seed) == (reading, sample, seed)
        )

    def apart(self) -> list[Result]:
        """Splits into the result of each of the run's `reads`, in their order.

        `planes` holds as many of each.
        """
        n = len(self.planes) // len(self.run.reads)
        groups = [self.planes[i * n : (i + 1) * n] for i in range(len(self.run.reads))]
        return [
            replace(self, run=self.run.read_by(measure), planes=planes)
            for measure, planes in zip(self.run.reads, groups, strict=True)
        ]


def device_named(name: str) -> str:
    """Reads the name of a torch device, which another machine may have -> as torch writes it.

    Raises:
        ValueError: it is none, or none that fastmi works on.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise _unusable(name, error) from None
    if device.type not in inputs.DEVICES:
        raise ValueError(f"device is {name!r}: pass --device cpu or --device cuda")
    return str(device)


def check_device(name: str) -> torch.device:
    """Finds the torch device of that name, and tries it.

    Raises:
        ValueError: the name is no device, or this machine has none such.
    """
    device = torch.device(device_named(name))
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise _unusable(name, error) from None
    return device


def _unusable(name: str, error: Exception) -> ValueError:
    reason = str(error).strip().splitlines()[0]
    return ValueError(
        f"device is {name!r}, which cannot be used here ({reason}): pass --device cpu, or cuda "
        "on a machine with a GPU"
    )


def execute(
    run: Run,
    device: str = "cpu",
    *,
    on_epoch: Callable[[int], object] = lambda epoch: None,
    on_planes: Callable[
        [Callable[[], list[InformationPlane]], float], object
    ] = lambda planes, done: None,
    checkpoints: Checkpoints | None = None,
    train: bool = True,
) -> Result:
    """Trains the copies of all seeds, reading every sample at the recorded epochs by all measures.

    Epoch 0 is the initialisation. Activations are made once, whatever is read of them. On CUDA
    torch is held to what repeats (see `determinism`); its settings are put back.

    Seeds: the data, the initialisation, the batches of each copy, the assignment of samples to
    copies and the shuffling of labels have streams of their own, all derived from one seed.

    Args:
        run: the record. device: "cpu" or "cuda".
        on_epoch: called after every epoch with its number.
        on_planes: called after every chunk with a function that makes the planes so far, and the
            share of epochs behind them.
        checkpoints: where training is kept, and goes on from.
        train: False reads the snapshots of the checkpoints again, all of them, and trains nothing.
    """
    data = data_of(run.training)
    with determinism.held(check_device(device)) as promise:
        trainer = Trainer(run.training, data, promise.device, checkpoints, on_epoch, promise)
        result = _read(run, data, trainer, on_planes, train)
    return replace(result, repeats=str(promise))


def _read(
    run: Run,
    data: list[Dataset],
    trainer: Trainer,
    on_planes: Callable[[Callable[[], list[InformationPlane]], float], object],
    train: bool,
) -> Result:
    """Reads every sample at the recorded epochs, trained now or before; `execute` says the rest."""
    training, clock = run.training, _Clock(trainer.device)
    readers = [
        _Reader(alone, run.reads, dataset, name, ensemble)
        for alone, dataset, ensemble in zip(training.alone, data, trainer.ensembles, strict=True)
        for name in dataset.read
    ]
    seen = list[int]()

    # what torch computes is computed where it always is, on one thread or on all
    counted = all(isinstance(measure, Counted | PerUnit) for measure in run.reads)
    behind = Behind(alone=trainer.device.type != "cpu" or not counted)

    def planes() -> list[InformationPlane]:
        behind.wait()
        return [
            plane
            for i in range(len(run.reads))
            for reader in readers
            for plane in reader.planes(i, seen)
        ]

    snapshots = trainer.snapshots() if train else trainer.kept(until=training.epochs)
    with (
        threads(trainer.ensemble),
        warnings.catch_warnings(),  # the run warns once, of its end
        behind,
    ):
        warnings.simplefilter("ignore", CoverageWarning)
        for chunk in clock.timed("train", _chunks(snapshots, _together(readers))):
            seen += training.recorded[len(seen) : len(seen) + len(chunk)]
            for reader in readers:
                estimate = reader.forward(
                    [
                        trainer.of_seed(snapshot, reader.training.seed - training.seed)
                        for snapshot in chunk
                    ],
                    clock,
                )
                behind.do(estimate)
            on_planes(planes, seen[-1] / training.epochs)
        found = planes()
    scores = [reader.score(seen) for reader in readers]
    return Result(
        run,
        str(trainer.device),
        found,
        scores,
        trainer.losses.tolist(),
        clock.seconds,
        trainer.ensemble.reason,
        shared=_shared(data),
    )


def _shared(data: list[Dataset]) -> dict[str, int]:
    """Counts the rows of held-out samples that were trained on, over all seeds."""
    held_out = [name for name in data[0].read if SAMPLES.get(name) == "held-out"]
    different = list({id(dataset): dataset for dataset in data}.values())
    counts = {name: sum(dataset.shared(name) for dataset in different) for name in held_out}
    return {name: count for name, count in counts.items() if count}


def _together(readers: list[_Reader]) -> int:
    """Says how many snapshots are read at a time.

    The number is of the run alone, so that a run that goes on reads the same chunks.
    """
    return max(
        1,
        min(
            NETWORKS_AT_ONCE // readers[0].training.copies,
            *(ACTIVATIONS_AT_ONCE // reader.floats for reader in readers),
        ),
    )


def _chunks(items: Iterator[T], size: int) -> Iterator[list[T]]:
    """Takes the items in lists of that size; the last may be shorter."""
    while chunk := list(islice(items, size)):
        yield chunk


class _Reader:
    """Reads one sample through the copies of one seed, a chunk of snapshots at a time.

    It keeps the points of all measures and readings, and the scores.
    """

    def __init__(
        self,
        training: Training,
        measures: Sequence[Measure],
        data: Dataset,
        name: str,
        ensemble: Ensemble,
    ) -> None:
        sample, (seeds,) = data.read[name], seeds_of(training)
        self.training, self._name, self._data, self._ensemble = training, name, data.name, ensemble
        self._x = torch.from_numpy(sample.x).to(ensemble.device)
        self._targets = targets(training, sample.classes).to(ensemble.device)
        self._classes = torch.from_numpy(sample.classes).to(ensemble.device)
        # of a single output; made once, for every tensor that is made there is a transfer
        values = np.array(training.targets or (), np.float32)
        self._values = torch.from_numpy(values).to(ensemble.device)
        n_classes = len(training.targets or ()) or training.widths[-1]
        true_name = name.removesuffix(SHUFFLED)
        self._estimators = [
            measure.estimator(sample.x, sample.classes, n_classes, SAMPLES.get(true_name))
            for measure in measures
        ]
        # samples are drawn for apart
        self._rng = np.random.default_rng([seeds.assignment, *true_name.encode()])
        # one array for the whole run: many small ones that stay would fragment the memory of the
        # large ones that go
        self._points: list[dict[str, Points]] = [{} for _ in measures]
        self._loss, self._accuracy = (
            np.zeros((len(training.recorded), training.copies)) for _ in range(2)
        )
        self._n_read = 0

    @property
    def floats(self) -> int:
        """Counts the activations of one snapshot."""
        layers = self._ensemble.activations(self._x[:1])
        return sum(layer.numel() for layer in layers) * len(self._x)

    def forward(self, snapshots: list[Snapshot], clock: _Clock) -> Callable[[], None]:
        """Forwards the next snapshots and scores their outputs -> what estimates their layers."""
        n, copies, first = len(self._x), self.training.copies, self._n_read
        self._n_read += len(snapshots)
        with clock("forward"):
            layers = self._ensemble.activations(self._x, snapshots)
            self._score(layers[-1], slice(first, self._n_read))
        assignment = self._rng.integers(copies, size=(len(snapshots), n)) if copies > 1 else None

        def estimate() -> None:
            with clock("estimate"):
                for estimator, kept in zip(self._estimators, self._points, strict=True):
                    for reading, points in estimator.readings(layers, assignment).items():
                        self._keep(kept, reading, points, first)

        return estimate

    def _keep(self, kept: dict[str, Points], reading: str, points: Points, first: int) -> None:
        """Puts the points of some snapshots where those of the whole run are kept."""
        if reading not in kept:
            n = len(self.training.recorded)
            kept[reading] = points.map(
                lambda column: np.zeros((n, *column.shape[1:]), column.dtype)
            )
        for name, column in points.present.items():
            getattr(kept[reading], name)[first : first + len(column)] = column

    def planes(self, i: int, epochs: list[int]) -> list[InformationPlane]:
        """Makes the planes of the i-th measure, one for each reading.

        With one copy the mixture is that copy.
        """
        tables = [
            InformationPlane.collect(
                self._estimators[i],
                [points.map(lambda column: column[: self._n_read])],
                epochs=epochs,
                layers=self._ensemble.layers,
                reading=reading,
                n_copies=self.training.copies,
                data=self._data,
                sample=self._name,
                seed=self.training.seed,
            )
            for reading, points in self._points[i].items()
            if self.training.copies > 1 or reading == "each"
        ]
        return tables if self.training.copies == 1 else [tables[0].mean(), *tables]

    def score(self, epochs: list[int]) -> Score:
        """Gives the scores of what was read so far."""
        return Score(
            self._name,
            self.training.seed,
            np.array(epochs),
            self._loss[: self._n_read],
            self._accuracy[: self._n_read],
        )

    def _score(self, outputs: torch.Tensor, at: slice) -> None:
        """Scores outputs (snapshots, copies, n, k).

        The answer is the class with the largest output, or of the nearest target.
        """
        flat = outputs.flatten(0, 1)
        losses = torch.func.vmap(LOSSES[self.training.loss], (0, None))(flat, self._targets)
        if self.training.targets is None:
            answers = flat.argmax(dim=-1)
        else:
            answers = (flat - self._values).abs().argmin(dim=-1)
        right = (answers == self._classes).double().mean(dim=-1)
        # one transfer: a float32 is a float64 of the same value
        both = torch.stack([losses.double(), right]).reshape(2, *outputs.shape[:2])
        self._loss[at], self._accuracy[at] = both.cpu().numpy()


class _Clock:
    """Counts seconds by stage, on a device that may compute long after it was told to."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        if self._device.type == "cuda":  # or the next stage would wait for this one's work
            torch.cuda.synchronize(self._device)
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start

    def timed(self, stage: str, items: Iterator[T]) -> Iterator[T]:
        """Passes the items on; the stage is the making of them."""
        while True:
            with self(stage):
                item = next(items, None)
            if item is None:
                return
            yield item
