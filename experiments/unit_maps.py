"""What was read unit by unit -> what each unit of its last snapshot knows of each class."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from fastmi import UnitInformation, files, unit_information

from . import resources
from .checkpoints import Checkpoints
from .layout import SNAPSHOTS
from .measures import PerUnit
from .records import Run
from .rereading import without_links
from .results import Finished
from .training import Trainer, data_of, threads

__all__ = ["UnitMaps", "of"]

SAMPLE = "held-out"  # every data set has one


class UnitMaps(NamedTuple):
    """The maps of one network's layers.

    Attributes:
        layers: layer -> what its units know; none where nothing was read unit by unit, or no map
            can be made of it. note: of which step, sample and network. fault: why there are none.
    """

    layers: Mapping[str, UnitInformation] = {}
    note: str = ""
    fault: str = ""


def of(finished: Sequence[Finished]) -> UnitMaps:
    """Forwards the last snapshot of the first result of units, and counts them by its bins.

    They are those of the first copy of the first seed, on the held-out sample. Nothing is written.
    A result may come from anybody, and its snapshots may be gone: whatever is wrong with them is
    said in `fault`.
    """
    for one in finished:
        measure = one.run.reads[0]
        if not isinstance(measure, PerUnit):
            continue
        try:
            resources.check(one.run, one.trained)
            return _of_last(one.run, measure, one.trained)
        except Exception as error:
            return UnitMaps(
                fault=(
                    "What each unit knows of each class is not shown: the last snapshot of "
                    f"'{one.trained.name}' cannot be read again ({files.reason(error)})."
                )
            )
    return UnitMaps()


def _of_last(run: Run, measure: PerUnit, trained: Path) -> UnitMaps:
    training = run.training
    data = data_of(training)
    kept = Checkpoints(without_links(trained / SNAPSHOTS), read_only=True)
    trainer = Trainer(training, data, torch.device("cpu"), kept)
    (last,) = deque(trainer.kept(until=training.epochs), maxlen=1)
    sample, ensemble = data[0].read[SAMPLE], trainer.ensembles[0]
    with threads(ensemble):
        layers = ensemble.activations(torch.from_numpy(sample.x), [trainer.of_seed(last, 0)])
    found = {
        layer: unit_information(
            activations[0, 0],
            sample.classes,
            measure.binning,
            n_classes=len(training.targets or ()) or training.widths[-1],
            sample=SAMPLE,
        )
        for layer, activations in zip(ensemble.layers, layers, strict=True)
    }
    of_copy = f", copy 1 of {training.copies:,}" if training.copies > 1 else ""
    of_seed = f", seed {training.seed}" if training.seeds > 1 else ""
    unit = training.unit.removesuffix("s")
    return UnitMaps(
        found, f"after {unit} {training.epochs:,}, the last{of_seed}{of_copy}; {SAMPLE} sample"
    )
