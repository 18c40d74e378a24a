"""A folder that holds what a run has trained so far: its snapshots, and the state from which it goes on. Nothing is pickled."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastmi.files import replacing

__all__ = ["Checkpoints", "State"]

Arrays = dict[str, npt.NDArray[Any]]


class State(NamedTuple):
    """Where a run stands after an epoch: the ensemble's state, and the losses of all steps so far."""

    epoch: int
    ensemble: Arrays
    losses: npt.NDArray[np.float32]


class Checkpoints:
    """Snapshots in the order of the recorded epochs, some to a file, and `state.npz`, which says how many of them count.

    A file takes its name once it is complete, the state after the snapshots that it counts: whenever the process is killed,
    what is here is whole.

    Args:
        folder: of a run, made here if it is not there.

    Raises:
        ValueError: what is there cannot be read.
    """

    STATE = "state.npz"

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.n_snapshots, self.state = self._read_state()
        uncounted = [path for path in self._files() if self._first(path) >= self.n_snapshots]
        for path in (*uncounted, *folder.glob(".*.part")):  # whole or half written when the process was killed
            path.unlink()

    def write(self, snapshots: Sequence[Arrays], state: State) -> None:
        """Some more snapshots, and the state after them."""
        if snapshots:
            stacked = {name: np.stack([snapshot[name] for snapshot in snapshots]) for name in snapshots[0]}
            _write(self.folder / f"snapshots-{self.n_snapshots:08d}.npz", stacked)
        self.n_snapshots += len(snapshots)
        plain = json.dumps({"epoch": state.epoch, "n_snapshots": self.n_snapshots})
        arrays = {f"ensemble/{name}": array for name, array in state.ensemble.items()}
        _write(self.folder / self.STATE, arrays | {"losses": state.losses, "plain": np.array(plain)})
        self.state = state

    def snapshots(self) -> Iterator[Arrays]:
        """All that count, a file in memory at a time.

        Raises:
            ValueError: a file is missing or damaged.
        """
        n = 0
        for path in self._files():
            if self._first(path) != n:
                break
            stacked = _read(path)
            length = len(next(iter(stacked.values())))
            for i in range(length):
                yield {name: array[i] for name, array in stacked.items()}
            n += length
        if n != self.n_snapshots:
            raise ValueError(f"'{self.folder}' holds {n} of the {self.n_snapshots} snapshots of its {self.STATE}: remove it")

    def _read_state(self) -> tuple[int, State | None]:
        path = self.folder / self.STATE
        if not path.exists():
            return 0, None
        arrays = _read(path)
        try:
            plain = json.loads(str(arrays.pop("plain")))
            ensemble = {name.removeprefix("ensemble/"): array for name, array in arrays.items() if name != "losses"}
            return int(plain["n_snapshots"]), State(int(plain["epoch"]), ensemble, arrays["losses"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"'{path}' is not the state of a run ({type(error).__name__}: {error}): remove it") from error

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("snapshots-*.npz"))

    @staticmethod
    def _first(path: Path) -> int:
        return int(path.stem.partition("-")[2])


def _write(path: Path, arrays: Arrays) -> None:
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def _read(path: Path) -> Arrays:
    with path.open("rb") as opened:  # np.load leaves a file that is no zip open
        try:
            with np.load(opened, allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        except Exception as error:
            raise ValueError(f"'{path}' cannot be read ({type(error).__name__}: {error}): remove it") from error
