"""Two measures of a line each, for what is asked of the seam and not of any measure.

`Split` is fitted: it cuts the first unit at the median of what it was fitted to, with labels at
that of the last class, and counts the two halves. `Means` adds up: sums of the first unit for each
class, in a state of fixed size; its i_ty is their largest distance, its i_xt the number of samples.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmi.arrays import FloatArray
from fastmi.binning import Edges
from fastmi.inputs import on_host
from fastmi.measures import Counted
from fastmi.measures.base import Layers, Variables
from fastmi.points import Points


@dataclass(frozen=True)
class Split:
    max_fit: int = 10
    needs_labels: bool = False
    cut: float | None = None
    classes: tuple[Any, ...] = ()

    @property
    def needs_fit(self) -> bool:
        return self.cut is None

    def fit(self, layer, y=None) -> Split:
        values = on_host(layer)[:, 0]
        assert len(values) <= self.max_fit
        if not self.needs_labels:
            assert y is None
            return dataclasses.replace(self, cut=float(np.median(values)))
        classes = np.unique(y)
        cut = float(np.median(values[y == classes[-1]]))
        return dataclasses.replace(self, cut=cut, classes=tuple(classes.tolist()))

    def reader(self, variables: Variables) -> Any:
        # not fitted, 0 stands for what it would find
        return Counted(Edges([self.cut or 0.0])).reader(variables)

    def __str__(self) -> str:
        return "two halves"


@dataclass(frozen=True)
class Means:
    def reader(self, variables: Variables) -> Any:
        return _Means(variables)


class _Means:
    mixes = False

    def __init__(self, variables: Variables) -> None:
        self._variables = variables

    def accumulate(self, state: FloatArray | None, layers: Layers, first: int) -> FloatArray:
        values = on_host(layers.arrays[0])[:, 0].astype(float)
        ids = self._variables.ids_y[first : first + len(values)]
        sums = np.zeros((2, self._variables.n_y)) if state is None else state
        sums[0] += np.bincount(ids, values, self._variables.n_y)
        sums[1] += np.bincount(ids, minlength=self._variables.n_y)
        return sums

    def accumulated(self, state: FloatArray) -> Points:
        means = state[0] / state[1]
        return Points(np.array([state[1].sum()]), np.array([np.ptp(means)]))
