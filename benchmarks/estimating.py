"""activations fixed beforehand -> the same points of the plane by every peer.

These cases time the estimate alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

import fastmi
from benchmarks.peers import Peer, who_runs
from benchmarks.reference import EDGES
from benchmarks.timing import Race

__all__ = ["BINNING", "PLANES", "SEGMENTS_30", "SEGMENTS_3000", "PlaneCase", "plane_race"]

BINNING = fastmi.Edges(EDGES, out_of_range="wrap")
LONGEST_SECONDS, QUICK_SECONDS = 3.0, 0.5  # that a candidate may be expected to take

Layers = list[npt.NDArray[np.float32]]


@dataclass(frozen=True)
class PlaneCase:
    """Copies of one random tanh network on binary patterns.

    Their gains go from `gains[0]` (first copy) to `gains[1]` (last): the higher the gain, the more
    saturated the units; `hidden` layers stand before the measured
    ones, so that rows repeat. With `n_patterns` the samples are drawn from so many patterns, and
    the units are noisy: T is no function of X then.
    """

    name: str
    n_samples: int
    widths: tuple[int, ...]
    gains: tuple[float, float] = (8, 8)
    n_copies: int = 1
    n_inputs: int = 12
    hidden: tuple[int, ...] = ()
    n_classes: int = 2
    n_patterns: int | None = None
    longest: float = LONGEST_SECONDS
    patience: float = 2.5

    @property
    def n_segments(self) -> int:
        """Counts the (copy, layer) pairs."""
        return self.n_copies * len(self.widths)

    @property
    def description(self) -> str:
        """Says in one line what is measured."""
        units = ", ".join(map(str, self.widths))
        segments = (
            f"{self.n_segments} segments = {self.n_copies} copies x {len(self.widths)} layers "
            f"({units} units)"
        )
        layer = segments if self.n_segments > 1 else f"one layer of {units} units"
        samples = (
            f"samples of {self.n_patterns} patterns, noisy units"
            if self.n_patterns
            else "distinct samples"
        )
        return f"{layer}, {self.n_samples} {samples}, {self.n_classes} classes, {len(EDGES)} edges"

    def data(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Layers]:
        """Draws x (n, n_inputs) of 0 and 1, y (n,) and layers of (n_copies, n, d) float32.

        y are classes, by a noisy score of x.
        """
        rng = np.random.default_rng(0)
        patterns = rng.permutation(2**self.n_inputs)[: self.n_patterns or self.n_samples]
        chosen = patterns if self.n_patterns is None else rng.choice(patterns, self.n_samples)
        x = (chosen[:, None] >> np.arange(self.n_inputs)) & 1
        score = x @ rng.normal(size=self.n_inputs) + rng.normal(size=self.n_samples)
        limits = np.quantile(score, np.arange(1, self.n_classes) / self.n_classes)
        gains = np.geomspace(*self.gains, self.n_copies, dtype=np.float32)[:, None, None]
        layers, t = [], (2 * x - 1).astype(np.float32)
        for width in self.hidden + self.widths:
            weights = rng.normal(0, t.shape[-1] ** -0.5, (t.shape[-1], width)).astype(np.float32)
            score_of_units = t @ weights
            if self.n_patterns:
                score_of_units += rng.normal(0, 0.1, score_of_units.shape).astype(np.float32)
            t = np.tanh(gains * score_of_units)
            layers.append(t)
        return x, np.searchsorted(limits, score), layers[len(self.hidden) :]

    def numbered(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Layers]:
        """Draws the same data, each row of x as the one number that it spells.

        The symbols are the same, and sooner counted.
        """
        x, y, layers = self.data()
        return x @ (1 << np.arange(self.n_inputs)), y, layers

    def race(self, quick: bool) -> Race:
        """Races every peer that is there and is expected to be done in time."""
        return plane_race(*self.numbered(), QUICK_SECONDS if quick else self.longest)


def plane_race(x: Any, y: Any, layers: Layers, longest: float) -> Race:
    """Races all peers over layers; every candidate numbers x (n,) and y (n,) beforehand."""
    n_copies, n = layers[0].shape[:2]

    def seconds(peer: Peer) -> float:
        return n_copies * sum(peer.seconds(n, layer.shape[-1]) for layer in layers)

    running, absent = who_runs(
        lambda peer: "" if peer.plane else "gives I(T;Y) alone: see joint-rows", seconds, longest
    )
    candidates = {peer.name: partial(_estimator(peer)(x, y, EDGES), layers) for peer in running}
    codes = (fastmi.encode(layer, BINNING).reshape(-1, n) for layer in layers)
    distinct = [len(np.unique(segment)) for layer in codes for segment in layer]
    lowest, highest = min(distinct), max(distinct)
    about = f"{lowest if lowest == highest else f'{lowest} .. {highest}'} distinct rows of {n}"
    agree = {peer.name: peer.agree for peer in running}
    return Race(
        candidates,
        agree=agree,
        absent=absent,
        n_bytes=sum(layer.nbytes for layer in layers),
        weighed=True,
        about=about,
    )


def _estimator(peer: Peer) -> Callable[[Any, Any, Any], Callable[[Any], Any]]:
    assert peer.plane is not None
    return peer.plane


FUNNEL = (10, 7, 5, 4, 3, 1)
# saturated, and few of their combinations occur
BOTTLENECK: dict[str, Any] = {"hidden": (4,), "gains": (64, 64)}
# long enough for the published recipe
SEGMENTS_30 = PlaneCase(
    "segments-30", 4096, FUNNEL, gains=(0.5, 8), n_copies=5, longest=60.0, patience=10.0
)
SEGMENTS_3000 = PlaneCase("segments-3000", 4096, FUNNEL, gains=(0.25, 8), n_copies=500)
PLANES = (
    SEGMENTS_30,
    SEGMENTS_3000,
    PlaneCase("small", 1000, (10,)),
    PlaneCase("small-few", 1000, (10,), **BOTTLENECK),
    PlaneCase("one-layer", 4096, (10,), gains=(4, 4)),
    PlaneCase("one-layer-few", 4096, (10,), **BOTTLENECK),
    PlaneCase("tall", 100_000, (10,), n_inputs=17),
    PlaneCase("tall-few", 100_000, (10,), n_inputs=17, **BOTTLENECK),
    PlaneCase("wide", 100_000, (32,), n_inputs=17, hidden=(4,)),
    PlaneCase("million", 1_000_000, (10,), n_inputs=20),
    PlaneCase("million-few", 1_000_000, (10,), n_inputs=20, **BOTTLENECK),
    PlaneCase("million-wide", 1_000_000, (32,), n_inputs=20),
    PlaneCase("million-wide-few", 1_000_000, (32,), n_inputs=20, **BOTTLENECK),
    PlaneCase("images", 100_000, (784,), n_inputs=17),
    PlaneCase("images-few", 100_000, (784,), n_inputs=17, **BOTTLENECK),
    PlaneCase("classes-10", 100_000, (10,), n_inputs=17, n_classes=10),
    PlaneCase("classes-1000", 100_000, (10,), n_inputs=17, n_classes=1000),
    PlaneCase("x-repeated", 100_000, (10,), n_inputs=17, n_patterns=10_000),
)
