"""Bins that hold equally many activations."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.arrays import Activations
from fastmi.binning.base import MOST_EDGES, Binning, finite_values
from fastmi.inputs import shown

__all__ = ["QuantileBins"]


@dataclass(frozen=True, repr=False)
class QuantileBins(Binning):
    """Bins of equal mass: the inner edges are quantiles of the activations that it is fitted to.

    They are all those of a layer. With N values in order, edge k of n_bins - 1 is the one of rank
    k N / n_bins (rounded down, from 0), so that so many lie below it. Where values are equal, edges
    meet, and there are fewer bins: of a ReLU layer that is 0 half of the time, about half of them.
    What lies beyond the values that were seen joins the end bins.

    The edges depend on the layer, and so a layer that only moves or stretches has the same codes:
    what is measured is how it sorts the samples, unit by unit.

    Args:
        n_bins: at least 2. n_candidates: as in `Edges`.

    Attributes:
        inner: the edges of the fit, increasing; None before.

    Raises:
        TypeError, ValueError: a number of bins or of candidates that is none, edges that are not
            those of a fit.

    Example:
        >>> import fastmi, numpy as np
        >>> layer = np.float32([[0], [1], [10], [100]])
        >>> bins = fastmi.QuantileBins(2).fit(layer)
        >>> fastmi.encode(layer, bins), bins.edges
        (array([0, 0, 1, 1]), array([10.], dtype=float32))
    """

    _example: ClassVar[str] = "fastmi.QuantileBins(8)"
    n_bins: int
    inner: tuple[float, ...] | None = field(default=None, repr=False)
    out_of_range: str = field(default="separate", init=False, repr=False)
    edges: npt.NDArray[np.float32] = field(default=None, init=False, repr=False, compare=False)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self._settle_choice(self.n_candidates)
        n_bins = checks.positive_integer("n_bins", self.n_bins)
        if not 2 <= n_bins <= MOST_EDGES:
            raise ValueError(f"n_bins is {n_bins}: from 2 to {MOST_EDGES}")
        object.__setattr__(self, "n_bins", n_bins)
        if self.inner is not None:
            if not isinstance(self.inner, tuple):
                raise TypeError(
                    f"inner is {shown(self.inner)}: it is a tuple of edges of a fit; call "
                    ".fit(activations)"
                )
            if len(self.inner) >= n_bins:
                raise ValueError(
                    f"inner is {shown(self.inner)}, {len(self.inner)} edges, and between {n_bins} "
                    f"bins lie at most {n_bins - 1}: call .fit(activations), or raise n_bins"
                )
            self._settle(self.inner, "separate")

    def fit(self, activations: Activations) -> QuantileBins:
        """Finds the quantiles of a layer.

        Args:
            activations: (..., n, d): all of them together.

        Returns:
            a fitted record; this one stays as it is.

        Raises:
            TypeError, ValueError: no real activations, NaN or infinities among them.
        """
        values = finite_values(activations)
        ranks = np.unique(np.arange(1, self.n_bins) * values.size // self.n_bins)
        inner = np.unique(np.partition(values, ranks)[ranks])
        return replace(self, inner=tuple(inner.tolist()))

    def __repr__(self) -> str:
        return f"QuantileBins({self})"

    def _cuts(self) -> str:
        if self.inner is None:
            return f"{self.n_bins} bins of equal mass"
        return (
            f"{len(self.inner) + 1} bins of equal mass, edges from {self.inner[0]:g} to "
            f"{self.inner[-1]:g}"
        )
