"""a number x, a label, bins fitted to the very sample -> codes, and what these bins can tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import fastmi
from benchmarks.simulation.laws import Drawn
from fastmi.arrays import FloatArray
from fastmi.binning import Binning

__all__ = ["Quantised", "equal_mass", "equal_width"]

# where x lies, all but 1e-23 of it
GRID = np.linspace(-10, 10, 200_001)


@dataclass(frozen=True)
class Quantised:
    """x is normal, P(Y = 1 | x) = 1 / (1 + exp(-slope x)), and T the bin of x.

    The bins are found by the values of the sample that is counted, without its labels.

    Attributes:
        slope: of the label's odds. fit: (n, 1) float32 -> bins.
    """

    slope: float
    fit: Callable[[FloatArray], Binning]
    n_classes: int = 2

    @property
    def information(self) -> float:
        """Integrates I(X;Y) = H(Y) - H(Y|X), H(Y) = 1, by the trapezoidal rule."""
        density, one = self._law()
        return 1 - float(np.trapezoid(density * _binary_entropy(one), GRID))

    def draw(self, rng: np.random.Generator, n_samples: int, n: int) -> Drawn:
        """Draws x and y, and fits bins sample by sample."""
        x = rng.standard_normal((n_samples, n)).astype(np.float32)
        y = (
            rng.random((n_samples, n)) < _logistic(np.float64(self.slope) * x.astype(np.float64))
        ).astype(np.int64)
        bins = [self.fit(sample[:, None]) for sample in x]
        codes = [fastmi.encode(s[:, None], b) for s, b in zip(x, bins, strict=True)]
        return Drawn(np.stack(codes), y, self._told([b.edges for b in bins]))

    def _told(self, edges: list[npt.NDArray[np.float32]]) -> FloatArray:
        """Computes I(q(X);Y) of each set of edges: H(Y) less the entropy of Y in each bin."""
        density, one = self._law()
        step = GRID[1] - GRID[0]
        below, ones = (np.cumsum(f) * step for f in (density, density * one))
        told = []
        for own in edges:
            p, both = (_between(np.interp(own, GRID, f), f[-1]) for f in (below, ones))
            told.append(1 - p @ _binary_entropy(both / np.maximum(p, 1e-300)))
        return np.array(told)

    def _law(self) -> tuple[FloatArray, FloatArray]:
        density = np.exp(-(GRID**2) / 2) / np.sqrt(2 * np.pi)
        return density, _logistic(self.slope * GRID)


def equal_mass(n_bins: int) -> Callable[[FloatArray], Binning]:
    """Fits quantiles."""
    return fastmi.QuantileBins(n_bins).fit


def equal_width(n_bins: int) -> Callable[[FloatArray], Binning]:
    """Fits equal bins between the least and the largest value."""

    def fit(x: FloatArray) -> Binning:
        return fastmi.UniformBins(n_bins, range=(float(x.min()), float(x.max())))

    return fit


def _between(at_edges: FloatArray, whole: float) -> FloatArray:
    return np.diff(at_edges, prepend=0.0, append=whole)


def _logistic(odds: FloatArray) -> FloatArray:
    return 0.5 + 0.5 * np.tanh(odds / 2)


def _binary_entropy(p: FloatArray) -> FloatArray:
    inner = np.clip(p, 1e-300, 1 - 1e-16)
    return -(inner * np.log2(inner) + (1 - inner) * np.log2(1 - inner))
