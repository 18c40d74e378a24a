"""one pass over a sample -> points for every set of labels and measure; and what was NaN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fastmi.gathering import Gathering
from fastmi.points import Points, joined
from fastmi.ranks import ALONE, Ranks
from fastmi.recorders.estimators import Estimators, Place
from fastmi.recorders.reading import Watching, device_of
from fastmi.recorders.samples import Sample

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Pass", "one_pass"]


class Pass(NamedTuple):
    """What was read of a sample.

    Attributes:
        points: (n_layers,) of each table. layers: those that were read, all without NaN. nan: of
            the others the share of their activations that is NaN.
    """

    points: dict[Place, Points]
    layers: tuple[str, ...]
    nan: dict[str, float]

    def row(self, place: Place, layers: Sequence[str]) -> Points:
        """Gives the points of all layers, (n_layers,); those that were not read are missing."""
        if not self.nan:
            return self.points[place]
        missing = np.full(len(layers), np.nan)
        if not self.layers:
            return Points(missing, missing)
        alone = [Points(missing[:1], missing[:1])] * len(layers)
        for i, layer in enumerate(self.layers):
            alone[layers.index(layer)] = self.points[place].map(lambda col, i=i: col[i : i + 1])
        return joined(alone, axis=0)


def one_pass(
    watching: Watching, sample: Sample, estimators: Estimators, ranks: Ranks = ALONE
) -> Pass:
    """Reads a sample once for all that is made of it; a layer that holds NaN is given up.

    Of several ranks each reads its batches, and all have the points of all.
    """
    gatherings = {
        tuple(places): Gathering([estimators.fitted(place) for place in places])
        for measure in estimators.rules
        for places in _together(sample, measure, estimators)
    }
    n_nan: dict[str, int] = {}
    n_values: dict[str, int] = {}

    def add(layer: str, rows: Tensor) -> None:
        n_values[layer] = n_values.get(layer, 0) + rows.numel()
        n_nan[layer] = n_nan.get(layer, 0) + int(rows.isnan().sum())
        for gathering in gatherings.values():
            if n_nan[layer]:
                gathering.drop(layer)
            else:
                gathering.add(layer, rows)

    if ranks.size == 1:
        watching.read(sample, add)
    else:
        chosen = ranks.rows(sample.n_samples, sample.batch_size)
        if chosen:
            watching.read(sample, add, chosen)
        n_values, n_nan = (_summed(ranks.together(one)) for one in (n_values, n_nan))
        for gathering in gatherings.values():
            for layer in filter(n_nan.get, n_nan):
                gathering.drop(layer)
            gathering.merge(lambda pieces: ranks.together(pieces, device_of(watching.model)))
    layers = tuple(layer for layer in n_values if not n_nan[layer])
    points = {
        place: one
        for places, gathering in gatherings.items()
        for place, one in zip(places, gathering.points() if layers else (), strict=False)
    }
    nan = {layer: n_nan[layer] / n_values[layer] for layer in n_nan if n_nan[layer]}
    return Pass(points, layers, nan)


def _summed(of_ranks: Sequence[dict[str, int]]) -> dict[str, int]:
    """Adds up what ranks counted; the first has read every layer, in its order."""
    return {name: sum(one.get(name, 0) for one in of_ranks) for name in of_ranks[0]}


def _together(sample: Sample, measure: str, estimators: Estimators) -> list[list[Place]]:
    """Groups the tables whose layers are prepared together: of one measure, fitted or not."""
    places = [(sample.name, labels, measure) for labels in sample.labels]
    return [[place] for place in places] if estimators.by_labels(measure) else [places]
