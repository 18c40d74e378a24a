"""activations fixed beforehand -> the same points of the plane by every candidate: the cases that time the estimate alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import fastmi
from benchmarks.recipes import NumpyPlane, symbols_by_arithmetic, symbols_by_digitize
from benchmarks.reference import EDGES, identify, plane_point
from benchmarks.timing import Race

__all__ = ["BINNING", "ONE_LAYER", "SEGMENTS_30", "SEGMENTS_3000", "TALL", "WIDE", "PlaneCase"]

BINNING = fastmi.Edges(EDGES, out_of_range="wrap")

Layers = list[npt.NDArray[np.float32]]


@dataclass(frozen=True)
class PlaneCase:
    """Copies of one random tanh network on distinct binary patterns, from nearly linear (first copy) to saturated (last)."""

    name: str
    n_samples: int
    widths: tuple[int, ...]
    gains: tuple[float, float]
    n_copies: int = 1
    n_inputs: int = 12
    hidden: tuple[int, ...] = ()  # layers before the measured ones
    published: bool = True

    @property
    def n_segments(self) -> int:
        """How many (copy, layer) pairs."""
        return self.n_copies * len(self.widths)

    @property
    def what(self) -> str:
        """One line for the reader."""
        units = ", ".join(map(str, self.widths))
        segments = f"{self.n_segments} segments = {self.n_copies} copies x {len(self.widths)} layers ({units} units)"
        layer = f"one layer of {units} units"
        return f"{layer if self.n_segments == 1 else segments}, {self.n_samples} distinct samples, {len(EDGES)} edges"

    def data(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Layers]:
        """-> x (n, n_inputs) of 0 and 1, y (n,) of 0 and 1, a noisy threshold, and layers of (n_copies, n, d) float32."""
        rng = np.random.default_rng(0)
        x = (rng.permutation(2**self.n_inputs)[: self.n_samples, None] >> np.arange(self.n_inputs)) & 1
        score = x @ rng.normal(size=self.n_inputs) + rng.normal(size=self.n_samples)
        gains = np.geomspace(*self.gains, self.n_copies, dtype=np.float32)[:, None, None]
        layers, t = [], (2 * x - 1).astype(np.float32)
        for width in self.hidden + self.widths:
            weights = rng.normal(0, t.shape[-1] ** -0.5, (t.shape[-1], width)).astype(np.float32)
            t = np.tanh(gains * (t @ weights))
            layers.append(t)
        return x, (score > np.median(score)).astype(np.int64), layers[len(self.hidden) :]

    def race(self, quick: bool) -> Race:
        """Every candidate has numbered x and y beforehand. Quick is the same: the rounds are what differs."""
        x, y, layers = self.data()
        plane = fastmi.PlaneEstimator(x, y, BINNING)
        candidates = {"fastmi": lambda: plane.estimate(layers), "fastmi, torch twin on the CPU": lambda: _torch(plane, layers)}
        for name, symbols in (
            ("NumPy, bins by arithmetic", symbols_by_arithmetic),
            ("NumPy, np.digitize", symbols_by_digitize),
        ):
            peer = NumpyPlane(x, y, EDGES, symbols)
            candidates[name] = lambda peer=peer: _each(peer.point, layers)
        if self.published:
            numbers = identify(x), identify(y)
            candidates["published recipe"] = lambda: _each(lambda t: plane_point(*numbers, t, EDGES), layers)
        return Race(candidates)


def _torch(plane: fastmi.PlaneEstimator, layers: Layers) -> npt.NDArray[np.float64]:
    with fastmi.use_backend("torch"):
        return plane.estimate(layers)


def _each(point: Callable[[Any], tuple[float, float]], layers: Layers) -> npt.NDArray[np.float64]:
    """Layers of (n_copies, n, d), one segment at a time -> (n_copies, n_layers, 2)."""
    return np.array([[point(layer[i]) for layer in layers] for i in range(len(layers[0]))])


FUNNEL = (10, 7, 5, 4, 3, 1)
SEGMENTS_30 = PlaneCase("segments-30", 4096, FUNNEL, gains=(0.5, 8), n_copies=5)
SEGMENTS_3000 = PlaneCase("segments-3000", 4096, FUNNEL, gains=(0.25, 8), n_copies=500)
ONE_LAYER = PlaneCase("one-layer", 4096, (10,), gains=(4, 4))
TALL = PlaneCase("tall", 100_000, (10,), gains=(8, 8), n_inputs=17, published=False)
WIDE = PlaneCase("wide", 100_000, (32,), gains=(8, 8), n_inputs=17, hidden=(4,), published=False)  # so that rows repeat
