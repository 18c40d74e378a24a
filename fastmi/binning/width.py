"""Bins floor(t / width), as many as the activations of a layer reach."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.arrays import Activations
from fastmi.binning.base import HIGHEST_EDGE, MOST_EDGES, OUT_OF_RANGE, Binning, finite_values
from fastmi.inputs import shown

__all__ = ["WidthBins"]


@dataclass(frozen=True, repr=False)
class WidthBins(Binning):
    """Bins of one width: two values share a bin where floor(t / width) is the same.

    The division is that of float64. The edges are those of the bins that the activations reach when
    it is fitted; every layer has its own, and remembers the lowest and the highest value that it
    saw. Values beyond them later are outside. (Saxe et al. 2018 count so, with widths 0.07 and
    0.5.)

    Args:
        width: of a bin, above 0.
        out_of_range: as in `Edges`, of what lies beyond the bins that were reached. n_candidates:
            as in `Edges`.

    Attributes:
        seen: the lowest and the highest value of the fit; None before.

    Raises:
        TypeError, ValueError: a width that is no number above 0, an unknown `out_of_range`,
            n_candidates below 1.

    Example:
        >>> import fastmi, numpy as np
        >>> layer = np.float32([[-0.2], [0.1], [0.6], [0.4]])
        >>> bins = fastmi.WidthBins(0.5).fit(layer)
        >>> fastmi.encode(layer, bins), bins.edges
        (array([1, 2, 3, 2]), array([-0.5,  0. ,  0.5,  1. ], dtype=float32))
    """

    _example: ClassVar[str] = "fastmi.WidthBins(0.1)"
    width: float
    out_of_range: str = "separate"
    seen: tuple[float, float] | None = None
    edges: npt.NDArray[np.float32] = field(default=None, init=False, repr=False, compare=False)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self._settle_choice(self.n_candidates)
        width = checks.not_negative("width", self.width)
        if not width:
            raise ValueError("width is 0: a bin has a width above 0")
        object.__setattr__(self, "width", width)
        checks.one_of("out_of_range", self.out_of_range, OUT_OF_RANGE)
        if self.seen is not None:
            object.__setattr__(self, "seen", _pair(self.seen))
            ends = [value / width for value in self.seen]
            low, high = (math.floor(end) if math.isfinite(end) else 0 for end in ends)
            if high - low + 2 > MOST_EDGES or not all(map(math.isfinite, ends)):
                raise ValueError(
                    f"width is {width:g}, and from {self.seen[0]:g} to {self.seen[1]:g} that makes "
                    f"{ends[1] - ends[0] + 1:.3g} bins: at most {MOST_EDGES - 1}; pass a larger one"
                )
            if max(abs(low), abs(high + 1)) * width > HIGHEST_EDGE:
                raise ValueError(
                    f"width is {width:g}, and its edges lie beyond float32: pass a smaller one"
                )
            edges = np.unique(_first_floats(np.arange(low, high + 2), width))
            self._settle(edges, self.out_of_range, line=(low * width, width))

    def fit(self, activations: Activations) -> WidthBins:
        """Finds the bins that a layer reaches.

        Args:
            activations: (..., n, d), or more layers that are to share their bins side by side.

        Returns:
            a fitted record; this one stays as it is.

        Raises:
            TypeError, ValueError: no real activations, NaN or infinities among them, more than 2^24
                bins.
        """
        values = finite_values(activations)
        return replace(self, seen=(float(values.min()), float(values.max())))

    def _cuts(self) -> str:
        if self.seen is None:
            return f"bins of width {self.width:g}"
        return (
            f"bins of width {self.width:g} on [{self.edges[0]:g}, {self.edges[-1]:g}), outside: "
            f"{self.out_of_range}"
        )


def _pair(seen: Any) -> tuple[float, float]:
    if (
        not isinstance(seen, tuple)
        or len(seen) != 2
        or not all(isinstance(value, int | float) for value in seen)
    ):
        raise TypeError(
            f"seen is {shown(seen)}: it is the lowest and the highest value of a fit; call "
            ".fit(activations)"
        )
    low, high = map(float, seen)
    if not (math.isfinite(high - low) and low <= high):
        raise ValueError(
            f"seen is {shown(seen)}: it is the lowest and the highest value of a fit; call "
            ".fit(activations)"
        )
    return low, high


def _first_floats(k: npt.NDArray[np.int64], width: float) -> npt.NDArray[np.float32]:
    """Finds the least float32 t with floor(t / width) >= k, of each k.

    np.digitize on them is the floor, to the last bit. Each lies within a few floats of k * width.
    Where float32 does not tell neighbouring k apart they have one edge.
    """
    t = (k * width).astype(np.float32)
    for _ in range(4):
        below = np.floor(t.astype(np.float64) / width) < k
        t = np.where(below, np.nextafter(t, np.float32(np.inf)), t)
    for _ in range(4):
        before = np.nextafter(t, np.float32(-np.inf))
        t = np.where(np.floor(before.astype(np.float64) / width) >= k, before, t)
    return t
