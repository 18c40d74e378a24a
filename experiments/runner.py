"""run -> trained copies -> the planes of its readings: train, snapshot, forward and estimate in bounded chunks."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from experiments import datasets, networks
from experiments.catalog import Run
from fastmi import Ensemble, InformationPlane, PlaneEstimator
from fastmi.ensemble import one_thread
from fastmi.planes import Points

__all__ = ["Result", "check_device", "execute"]

MODELS = 60  # snapshots held and forwarded together, counted in networks


@dataclass(frozen=True)
class Result:
    """What a run found: a plane for each reading, and where the time went."""

    run: Run
    device: str
    planes: dict[str, InformationPlane]
    losses: list[float]
    seconds: dict[str, float]


def check_device(name: str) -> torch.device:
    """The torch device of that name, if it is one and is there.

    Raises:
        ValueError: the name is no device, or this machine has none such.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"device is {name!r}, which cannot be used here ({reason}): pass --device cpu, or cuda on a machine with a GPU"
        ) from None
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"device is {name!r}: pass --device cpu or --device cuda")
    return device


def execute(run: Run, device: str = "cpu", on_epoch: Callable[[int], object] = lambda epoch: None) -> Result:
    """Train the copies, estimating every reading at the initialisation (epoch 0) and after every epoch.

    Seeds: the data, the initialisation, the batches of each copy and the assignment of samples to copies have streams of
    their own, all derived from `run.seed`.
    """
    data_seed, init_seed, copies_seed, assignment_seed = np.random.SeedSequence(run.seed).generate_state(4, np.uint64).tolist()
    data = datasets.load(run.data, run.n_samples, data_seed)
    x = torch.from_numpy(data.x).to(check_device(device))
    y = _targets(run, data.classes).to(x.device)
    network = networks.build(run.network, run.widths, init_seed >> 1).to(x.device)
    ensemble = Ensemble(
        network,
        run.copies,
        init=run.init,
        loss=LOSSES[run.loss],
        optimizer=functools.partial(OPTIMIZERS[run.optimizer], lr=run.learning_rate),
        watch=networks.watched(network),
        seed=copies_seed >> 1,
    )
    estimator = PlaneEstimator(data.x, data.classes, run.binning)
    clock, losses = _Clock(), list[torch.Tensor]()
    found: dict[str, list[Points]] = {}
    rng = np.random.default_rng(assignment_seed)
    with one_thread():
        for snapshots in _trained(run, ensemble, x, y, losses, clock, on_epoch):
            with clock("forward"):
                layers = ensemble.activations(x, snapshots)
            with clock("estimate"):
                who = rng.integers(run.copies, size=(len(snapshots), run.n_samples)) if run.copies > 1 else None
                for reading, points in estimator.readings(layers, who).items():
                    found.setdefault(reading, []).append(points)
    table = functools.partial(
        InformationPlane.collect,
        estimator,
        epochs=run.recorded,
        layers=ensemble.layers,
        n_copies=run.copies,
        data=data.name,
    )
    planes = {reading: table(points, reading=reading) for reading, points in found.items()}
    if run.copies == 1:  # with one copy the mixture is that copy
        del planes["mixture"]
    else:
        planes = {"mean": planes["each"].mean(), **planes}
    return Result(run, str(x.device), planes, torch.stack(losses).tolist() if losses else [], clock.seconds)


def _targets(run: Run, classes: npt.NDArray[np.int64]) -> torch.Tensor:
    """(n, 1) values, or (n, n_classes) one-hot."""
    if run.targets is None:
        return torch.nn.functional.one_hot(torch.from_numpy(classes), run.widths[-1]).float()
    return torch.tensor(run.targets, dtype=torch.float32)[classes][:, None]


def _trained(
    run: Run,
    ensemble: Ensemble,
    x: torch.Tensor,
    y: torch.Tensor,
    losses: list[torch.Tensor],
    clock: _Clock,
    on_epoch: Callable[[int], object],
) -> Iterator[list[dict[str, torch.Tensor]]]:
    """Snapshots of the recorded epochs, a chunk at a time, so that memory is bounded however long the run."""
    together = max(1, MODELS // run.copies)
    recorded = set(run.recorded)
    snapshots = [ensemble.snapshot()]
    for epoch in range(1, run.epochs + 1):
        with clock("train"):
            losses += [ensemble.step(x[rows], y[rows]).mean() for rows in _batches(run, ensemble)]
            if epoch in recorded:
                snapshots.append(ensemble.snapshot())
        on_epoch(epoch)
        if len(snapshots) >= together:
            yield snapshots
            snapshots = []
    if snapshots:
        yield snapshots


def _batches(run: Run, ensemble: Ensemble) -> Iterable[torch.Tensor]:
    """The rows of one epoch's steps, each (n_copies, batch)."""
    if run.epoch == "step":
        return [ensemble.draw(run.n_samples, run.batch_size)]
    return ensemble.draw(run.n_samples, run.n_samples).split(run.batch_size, dim=1)


def _cross_entropy(probabilities: torch.Tensor, one_hot: torch.Tensor) -> torch.Tensor:
    """Mean of -log p(class) of softmax outputs, in nats."""
    return -(one_hot * probabilities.clamp_min(1e-30).log()).sum(dim=-1).mean()


LOSSES = {"mean squared error": None, "cross-entropy": _cross_entropy}
OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


class _Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start
