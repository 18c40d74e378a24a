"""layers, a sample -> the tables in which they are read, as any user would."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from fastmi import CoverageWarning, InformationPlane, PlaneEstimator, UniformBins
from fastmi.binning import Binning
from fastmi.planes import Readings
from fastmi.points import Points

from ..datasets import Sample
from .network import Layers, Network

__all__ = ["BINS", "Known", "read", "read_once", "readings"]

BINS = UniformBins(30, range=(-1, 1))  # of tanh
N_CLASSES = 2


class Known(NamedTuple):
    """A sample, and what is known of it: "training" or "held-out", and the name of the data."""

    x: Any
    classes: Any
    kind: str
    data: str

    @classmethod
    def of(cls, sample: Sample, kind: str, n: int | None = None, data: str = "simple") -> Known:
        """Takes the first n."""
        return cls(sample.x[:n], sample.classes[:n], kind, data)


def readings(
    network: Network, sample: Known, copy: int | None = None
) -> dict[str, InformationPlane]:
    """Reads all copies, or one: reading -> table.

    "each" of one copy; of several "mean", "sampled" and "mixture".
    """
    estimator, rng = _estimator(sample, BINS), np.random.default_rng(0)
    found: dict[str, list[Points]] = {}
    for layers in network.layers(sample.x, copy):
        n_epochs, n_copies, n = next(iter(layers.values())).shape[:3]
        through = rng.integers(n_copies, size=(n_epochs, n)) if n_copies > 1 else None
        for reading, points in _silently(estimator, layers, through).items():
            found.setdefault(reading, []).append(points)
    n_copies = network.training.copies if copy is None else 1
    tables = {
        reading: InformationPlane.collect(
            estimator,
            batches,
            epochs=network.epochs,
            layers=network.names,
            reading=reading,
            n_copies=n_copies,
            data=sample.data,
            sample=sample.kind,
        )
        for reading, batches in found.items()
    }
    return tables if n_copies == 1 else {"mean": tables.pop("each").mean()} | tables


def read(network: Network, sample: Known, copy: int = 0) -> InformationPlane:
    """Reads one copy."""
    return readings(network, sample, copy)["each"]


def read_once(
    layers: Layers, sample: Known, binning: Binning | Mapping[str, Binning] = BINS
) -> InformationPlane:
    """Reads layers (n, d), each by itself: a table of one epoch."""
    estimator = _estimator(sample, binning)
    points = _silently(estimator, layers)["each"]
    return InformationPlane.collect(
        estimator, [points.map(lambda column: column[None])], epochs=[0], layers=list(layers)
    )


def _estimator(sample: Known, binning: Any) -> PlaneEstimator:
    return PlaneEstimator(
        sample.x, sample.classes, binning, n_classes=N_CLASSES, sample=sample.kind
    )


def _silently(estimator: PlaneEstimator, layers: Layers, through: Any = None) -> Readings:
    """Reads without a warning of unresolved layers: the page tells of them at length."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CoverageWarning)
        return estimator.readings(layers, through)
