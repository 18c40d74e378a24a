"""Keeps what a run has trained so far: its snapshots, and the state from which it goes on.

Nothing is pickled.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NotRequired, TypedDict

import numpy as np
import numpy.typing as npt

from fastmi import files, from_json

__all__ = ["Checkpoints", "State"]

Arrays = dict[str, npt.NDArray[Any]]
FORMAT = 1  # of the files that are written; those without a number have 0
SNAPSHOTS = re.compile(r"snapshots-\d{8,18}\.npz")


class Counts(TypedDict):
    """What a state holds besides arrays."""

    epoch: int
    n_snapshots: int
    doubts: NotRequired[list[str]]  # of a run on CUDA alone


class State(NamedTuple):
    """Where a run stands after an epoch: the ensemble's state, and the losses of all steps.

    `doubts` are those of the promise (see `determinism`), None where it keeps none.
    """

    epoch: int
    ensemble: Arrays
    losses: npt.NDArray[np.float32]
    doubts: list[str] | None = None


class Checkpoints:
    """A folder of snapshots in the order of the recorded epochs, and the state after them.

    Some snapshots share a file, and `state.npz` says how many of them count. A file takes its name
    once it is complete, the state after the snapshots that it counts: whenever the process is
    killed, what is here is whole.

    Args:
        folder: of a run, made here if it is not there.
        read_only: nothing is made there, or removed.

    Raises:
        ValueError: what is there cannot be read.
    """

    STATE = "state.npz"

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.folder = folder
        if read_only:
            self.n_snapshots, self.state = self._read_state()
            return
        folder.mkdir(parents=True, exist_ok=True)
        self.n_snapshots, self.state = self._read_state()
        uncounted = [path for path in self._files() if self._first(path) >= self.n_snapshots]
        # whole or half written when the process was killed
        for path in (*uncounted, *folder.glob(".*.part")):
            path.unlink()

    def write(self, snapshots: Sequence[Arrays], state: State) -> None:
        """Writes some more snapshots, and the state after them."""
        if snapshots:
            stacked = {
                name: np.stack([snapshot[name] for snapshot in snapshots]) for name in snapshots[0]
            }
            _write(self.folder / f"snapshots-{self.n_snapshots:08d}.npz", stacked)
        self.n_snapshots += len(snapshots)
        counts: Counts = {"epoch": state.epoch, "n_snapshots": self.n_snapshots}
        if state.doubts is not None:
            counts["doubts"] = state.doubts
        arrays = {f"ensemble/{name}": array for name, array in state.ensemble.items()}
        _write(
            self.folder / self.STATE,
            arrays | {"losses": state.losses, "plain": np.array(json.dumps(counts))},
        )
        self.state = state

    def snapshots(self) -> Iterator[Arrays]:
        """Reads all snapshots that count, a file in memory at a time.

        Raises:
            ValueError: a file is missing or damaged.
        """
        n = 0
        for path in self._files():
            if self._first(path) != n:
                break
            stacked = _read(path)
            lengths = {array.shape[:1] for array in stacked.values()}
            if len(lengths) != 1 or lengths <= {(), (0,)}:
                raise ValueError(
                    f"'{path}' holds no snapshots, as many of each parameter: remove it"
                )
            ((length,),) = lengths
            for i in range(length):
                yield {name: array[i] for name, array in stacked.items()}
            n += length
        if n != self.n_snapshots:
            raise ValueError(
                f"'{self.folder}' holds {n} of the {self.n_snapshots} snapshots of its "
                f"{self.STATE}: remove it"
            )

    def _read_state(self) -> tuple[int, State | None]:
        path = self.folder / self.STATE
        if not os.path.lexists(path):
            return 0, None
        arrays = _read(path)
        try:
            counts = from_json.typed("plain", from_json.parse(str(arrays.pop("plain"))), Counts)
            losses = arrays.pop("losses")
            ensemble = {
                name.removeprefix("ensemble/"): array
                for name, array in arrays.items()
                if name.startswith("ensemble/")
            }
            if counts["epoch"] < 0 or counts["n_snapshots"] < 0 or len(ensemble) < len(arrays):
                raise ValueError(f"it has {', '.join(sorted(arrays))}"[:200])
            if losses.ndim != 1 or losses.dtype != np.float32:
                raise ValueError(f"its losses are {losses.dtype} {losses.shape}")
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"'{path}' is not the state of a run ({files.reason(error)}): remove it"
            ) from error
        state = State(counts["epoch"], ensemble, losses, counts.get("doubts"))
        return counts["n_snapshots"], state

    @classmethod
    def names(cls, path: Path) -> bool:
        """Tells whether a path bears the name of one of the files."""
        return path.name == cls.STATE or SNAPSHOTS.fullmatch(path.name) is not None

    def _files(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("snapshots-*.npz") if self.names(path))

    @staticmethod
    def _first(path: Path) -> int:
        return int(path.stem.partition("-")[2])


def _write(path: Path, arrays: Arrays) -> None:
    with files.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays | {files.FORMAT: np.array(FORMAT)})  # type: ignore[arg-type]


def _read(path: Path) -> Arrays:
    try:
        with files.opened(path) as file:
            archive = files.Archive(path, file)
            archive.check_format(FORMAT)
            return archive.read([name for name in archive.names if name != files.FORMAT])
    except files.NewerFormat:
        raise
    except Exception as error:
        raise ValueError(f"'{path}' cannot be read ({files.reason(error)}): remove it") from error
