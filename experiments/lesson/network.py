"""run -> its trained copies, which give their layers on any sample, after every recorded step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from ..records import Run
from ..training import Snapshot, Trainer, data_of, threads

__all__ = ["Layers", "Network"]

AT_ONCE = 20  # recorded steps

Layers: TypeAlias = dict[str, npt.NDArray[np.float32]]  # each (epochs, copies, n, d)


class Network:
    """Trains the copies of a run, and keeps a snapshot of each recorded step.

    Attributes:
        training: the record. epochs: the recorded steps. data: what it is trained and read on.
        names: of its layers.
    """

    def __init__(self, run: Run) -> None:
        self.training, self.epochs = run.training, run.training.recorded
        (self.data,) = data_of(run.training)
        trainer = Trainer(run.training, [self.data], torch.device("cpu"))
        self._ensemble = trainer.ensemble
        with threads(self._ensemble):
            self._snapshots = list(trainer.snapshots())
        self.names = list(self.at_end(self.data.trained.x[:1]))

    def layers(self, x: npt.NDArray[np.float32], copy: int | None = None) -> Iterator[Layers]:
        """Forwards x through all copies, or through one, some recorded steps at a time."""
        for first in range(0, len(self._snapshots), AT_ONCE):
            yield self._forwarded(x, copy, self._snapshots[first : first + AT_ONCE])

    def at_end(self, x: npt.NDArray[np.float32], copy: int = 0) -> Layers:
        """Forwards x through one copy after the last step: (n, d) each."""
        last = self._forwarded(x, copy, self._snapshots[-1:])
        return {name: layer[0, 0] for name, layer in last.items()}

    def _forwarded(
        self, x: npt.NDArray[np.float32], copy: int | None, snapshots: list[Snapshot]
    ) -> Layers:
        through = None if copy is None else np.full((len(snapshots), len(x)), copy)
        with threads(self._ensemble):
            arrays = self._ensemble.activations(torch.from_numpy(x), snapshots, through)
        names = self._ensemble.layers
        return {
            name: (array if copy is None else array[:, None]).numpy()
            for name, array in zip(names, arrays, strict=True)
        }
