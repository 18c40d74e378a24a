"""How well outputs answer -> rows of a CSV, and back.

They are loss and accuracy of every sample, seed, recorded epoch and copy.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fastmi import files
from fastmi.arrays import FloatArray, IntArray

from .records import Training

__all__ = ["COLUMNS", "Score", "read", "rows"]

COLUMNS = ("sample", "seed", "epoch", "copy", "loss", "accuracy")
MOST_BYTES = 2**30


@dataclass(frozen=True)
class Score:
    """The training's loss and the share of right answers, of one sample and seed.

    Each is (n_epochs, n_copies).
    """

    sample: str
    seed: int
    epochs: IntArray
    loss: FloatArray
    accuracy: FloatArray


def rows(scores: Sequence[Score]) -> Iterator[dict[str, Any]]:
    """Makes a row for each sample, seed, epoch and copy, under the names of `COLUMNS`."""
    for score in scores:
        for e, copy in np.ndindex(score.loss.shape):
            yield {
                "sample": score.sample,
                "seed": score.seed,
                "epoch": int(score.epochs[e]),
                "copy": copy,
                "loss": float(score.loss[e, copy]),
                "accuracy": float(score.accuracy[e, copy]),
            }


def read(path: Path, training: Training) -> list[Score]:
    """Reads what `rows` wrote of that training, whoever wrote the file.

    Floats come back to the same bits.

    Raises:
        ValueError: the file is none that `run` left, or of another training.
    """
    try:
        table = list(csv.reader(io.StringIO(files.read_text(path, MOST_BYTES), newline="")))
        if (
            not table
            or tuple(table[0]) != COLUMNS
            or {len(row) for row in table[1:]} != {len(COLUMNS)}
        ):
            raise ValueError("its columns are others")
        groups: dict[tuple[str, int], list[list[str]]] = {}
        for row in table[1:]:
            groups.setdefault((row[0], int(row[1])), []).append(row)
        return [_score(sample, seed, group, training) for (sample, seed), group in groups.items()]
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(
            f"'{path}' is not what `run` wrote ({files.reason(error)}): run it again (--force)"
        ) from None


def _score(sample: str, seed: int, group: list[list[str]], training: Training) -> Score:
    epochs, copies = ([int(row[i]) for row in group] for i in (2, 3))
    loss, accuracy = (np.array([float(row[i]) for row in group]) for i in (4, 5))
    recorded = epochs[:: training.copies]
    expected = [(epoch, copy) for epoch in recorded for copy in range(training.copies)]
    if list(zip(epochs, copies, strict=True)) != expected or recorded != training.recorded:
        raise ValueError(f"{sample!r:.60}, seed {seed} is of other epochs or copies than the run")
    if not training.seed <= seed < training.seed + training.seeds:
        raise ValueError(f"seed {seed} is none of the run's")
    if not ((accuracy >= 0) & (accuracy <= 1)).all():
        raise ValueError(f"{sample!r:.60}, seed {seed} holds an accuracy outside 0..1")
    shape = (len(recorded), training.copies)
    return Score(sample, seed, np.array(recorded), loss.reshape(shape), accuracy.reshape(shape))
