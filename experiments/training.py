"""training, a record -> snapshots of the recorded epochs: all seeds and copies side by side.

It can go on from a checkpoint at any time.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import numpy.typing as npt
import torch

from fastmi import Ensemble
from fastmi.arrays import IntArray
from fastmi.networks import one_thread

from . import datasets, networks
from .checkpoints import Arrays, Checkpoints, State
from .datasets import Dataset
from .determinism import Promise
from .records import Training
from .transfers import to_device, to_host

__all__ = ["LOSSES", "Seeds", "Trainer", "check_known", "data_of", "seeds_of", "targets", "threads"]

# a checkpoint is written no more often than this, and takes at most this share of the time
CHECKPOINT_SECONDS = 5.0
CHECKPOINT_SHARE = 0.05
# one thread trains a network of fewer parameters faster than several
SMALL_PARAMETERS = 100_000

Snapshot = dict[str, torch.Tensor]


class Seeds:
    """The five streams that a seed is split into, each for a purpose of its own.

    Each stays what it is, however many are drawn behind it.
    """

    def __init__(self, seed: int) -> None:
        self.data, init, copies, self.assignment, self.labels = (
            np.random.SeedSequence(seed).generate_state(5, np.uint64).tolist()
        )
        self.init, self.copies = init >> 1, copies >> 1  # torch takes 63 bits


def seeds_of(training: Training) -> list[Seeds]:
    """Splits each seed of a training into its streams."""
    return [Seeds(alone.seed) for alone in training.alone]


def data_of(training: Training) -> list[Dataset]:
    """Loads the data set of each seed, its labels shuffled where the record says so.

    Raises:
        ValueError: no data set has that name, or its files are not there.
    """
    seeds = seeds_of(training)
    if training.data in datasets.WHOLE:
        data = [datasets.load(training.data, training.n_samples, 0)] * training.seeds
    else:
        data = [datasets.load(training.data, training.n_samples, each.data) for each in seeds]
    if training.labels == "true":
        return data
    return [
        datasets.shuffled(dataset, training.sample, each.labels)
        for dataset, each in zip(data, seeds, strict=True)
    ]


def targets(training: Training, classes: IntArray) -> torch.Tensor:
    """Makes the targets of classes: (n, 1) values, or (n, n_classes) one-hot."""
    if training.targets is None:
        return torch.nn.functional.one_hot(torch.from_numpy(classes), training.widths[-1]).float()
    return torch.from_numpy(np.array(training.targets, np.float32)[classes][:, None])


def threads(ensemble: Ensemble) -> AbstractContextManager[None]:
    """Holds torch to one thread where the network is small."""
    return (
        one_thread()
        if sum(leaf[0].numel() for leaf in ensemble.parameters.values()) < SMALL_PARAMETERS
        else nullcontext()
    )


class Trainer:
    """The copies of all seeds, and their training.

    Args:
        training: the record. data: one data set for each seed. device: where the copies live.
        checkpoints: where training is kept as it goes, and where it goes on from; None keeps
            nothing.
        on_epoch: called with the epoch after it.
        promise: what may be promised of it, kept with it; it takes over what was kept.
    """

    def __init__(
        self,
        training: Training,
        data: list[Dataset],
        device: torch.device,
        checkpoints: Checkpoints | None = None,
        on_epoch: Callable[[int], object] = lambda epoch: None,
        promise: Promise | None = None,
    ) -> None:
        self.training, self.checkpoints, self._on_epoch = training, checkpoints, on_epoch
        self.device, self._promise = device, promise or Promise(device)
        self.ensembles = [_ensemble(training, seeds, device) for seeds in seeds_of(training)]
        self.ensemble = (
            self.ensembles[0] if len(self.ensembles) == 1 else Ensemble.joined(self.ensembles)
        )
        self._x = [torch.from_numpy(dataset.trained.x).to(device) for dataset in data]
        self._y = [targets(training, dataset.trained.classes).to(device) for dataset in data]
        self._steps = 1 if training.epoch == "step" else -(-len(self._x[0]) // training.batch_size)
        self._losses, self._n_losses = torch.zeros(training.epochs * self._steps, device=device), 0

    @property
    def losses(self) -> npt.NDArray[np.float32]:
        """The losses of every step so far, the mean over the copies."""
        return self._losses[: self._n_losses].cpu().numpy()

    def snapshots(self) -> Iterator[Snapshot]:
        """Trains and gives a snapshot of each recorded epoch, the initialisation first.

        Those that are kept already come from the checkpoints.
        """
        first, kept = 0, self.checkpoints
        if kept is not None and kept.state is not None:
            self.ensemble.restore(kept.state.ensemble)
            self._promise.go_on(kept.state.doubts)
            first = kept.state.epoch + 1
            yield from self.kept()
            self._on_epoch(first - 1)
        recorded, waiting = set(self.training.recorded), list[Arrays]()
        due = time.monotonic() + CHECKPOINT_SECONDS
        for epoch in range(first, self.training.epochs + 1):
            if epoch:
                # kept in one array: small ones that stay would fragment the memory of large ones
                for batch in self._batches():
                    self._losses[self._n_losses] = self.ensemble.step(*batch).mean()
                    self._n_losses += 1
                self._on_epoch(epoch)
            snapshot = self.ensemble.snapshot() if epoch in recorded else None
            if kept is not None:
                waiting += [] if snapshot is None else [to_host(snapshot)]
                begin = time.monotonic()
                if epoch == self.training.epochs or begin >= due:
                    losses, doubts = self.losses.copy(), self._promise.doubts
                    kept.write(waiting, State(epoch, self.ensemble.state(), losses, doubts))
                    waiting, now = [], time.monotonic()
                    due = now + max(CHECKPOINT_SECONDS, (now - begin) / CHECKPOINT_SHARE)
            if snapshot is not None:
                yield snapshot

    def kept(self, until: int = 0) -> Iterator[Snapshot]:
        """Gives the snapshots of the checkpoints alone.

        Raises:
            ValueError: there are none, or not `until` that epoch; they are those of another run.
        """
        kept = self.checkpoints
        if kept is None or kept.state is None or kept.state.epoch < until:
            raise ValueError("there are no snapshots to read: train the run first")
        n_losses = kept.state.epoch * self._steps
        n_snapshots = sum(recorded <= kept.state.epoch for recorded in self.training.recorded)
        if kept.state.epoch > self.training.epochs or (
            len(kept.state.losses),
            kept.n_snapshots,
        ) != (n_losses, n_snapshots):
            raise ValueError(
                f"'{kept.folder}' holds {len(kept.state.losses)} losses and {kept.n_snapshots} "
                f"snapshots, where this run has {n_losses} and {n_snapshots} at epoch "
                f"{kept.state.epoch}: it is another run's; remove it"
            )
        self._n_losses = n_losses
        self._losses[: self._n_losses] = torch.from_numpy(kept.state.losses)
        for arrays in kept.snapshots():
            yield to_device(arrays, self.ensemble.device)

    def of_seed(self, snapshot: Snapshot, k: int) -> Snapshot:
        """Takes the copies of the k-th seed from a snapshot."""
        copies = slice(k * self.training.copies, (k + 1) * self.training.copies)
        return {name: leaf[copies] for name, leaf in snapshot.items()}

    def _batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Draws the batches of one epoch's steps, each (n_seeds * n_copies, batch, ...)."""
        n, size = len(self._x[0]), self.training.batch_size
        drawn = self.ensemble.draw(n, size if self.training.epoch == "step" else n)
        for rows in drawn.split(size, dim=1):
            rows_of_seeds = rows.split(self.training.copies)
            yield (
                torch.cat([x[of_seed] for x, of_seed in zip(self._x, rows_of_seeds, strict=True)]),
                torch.cat([y[of_seed] for y, of_seed in zip(self._y, rows_of_seeds, strict=True)]),
            )


def _ensemble(training: Training, seeds: Seeds, device: torch.device) -> Ensemble:
    """Builds the copies of one seed; independent ones are networks that were built apart."""

    def copies(n: int, init: int, batches: int) -> Ensemble:
        network = networks.build(training.network, training.widths, init).to(device)
        return Ensemble(
            network,
            n,
            loss=LOSSES[training.loss],
            optimizer=functools.partial(OPTIMIZERS[training.optimizer], lr=training.learning_rate),
            replay=True,  # these networks and losses keep nothing that torch does not see
            watch=networks.watched(network),
            seed=batches,
        )

    if training.init == "shared" or training.copies == 1:
        return copies(training.copies, seeds.init, seeds.copies)
    inits, batches = (
        np.random.SeedSequence(seed).generate_state(training.copies, np.uint64) >> 1
        for seed in (seeds.init, seeds.copies)
    )
    return Ensemble.joined(
        [copies(1, int(init), int(batch)) for init, batch in zip(inits, batches, strict=True)]
    )


def _cross_entropy(probabilities: torch.Tensor, one_hot: torch.Tensor) -> torch.Tensor:
    """Computes the mean of -log p(class) of softmax outputs, in nats."""
    return -(one_hot * probabilities.clamp_min(1e-30).log()).sum(dim=-1).mean()


def check_known(training: Training) -> None:
    """Raises ValueError where the network, data, loss or optimiser is none that is known here."""
    for name, known in {
        "network": networks.NETWORKS,
        "data": datasets.DATASETS,
        "loss": LOSSES,
        "optimizer": OPTIMIZERS,
    }.items():
        if getattr(training, name) not in known:
            raise ValueError(
                f"{name} is {getattr(training, name)!r:.60}: this version knows {', '.join(known)}"
            )


LOSSES = {"mean squared error": torch.nn.functional.mse_loss, "cross-entropy": _cross_entropy}
OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
