"""Equal bins on a fixed range."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fastmi import checks
from fastmi.binning.base import HIGHEST_EDGE, MOST_EDGES, Binning
from fastmi.inputs import shown

__all__ = ["UniformBins"]


@dataclass(frozen=True, repr=False)
class UniformBins(Binning):
    """Equal bins on a fixed range: `Edges(linspace(low, high, n_bins + 1))`.

    Args:
        n_bins: the number of bins between low and high (not of edges), at most 2^24 - 1.
        range: (low, high), finite, low < high; it must be given.
        out_of_range, n_candidates: as in `Edges`.

    Raises:
        TypeError: n_bins is not an integer, range is not given or not a pair.
        ValueError: n_bins < 1 or too many, the range is empty or not finite, bins too narrow for
            float32, an unknown `out_of_range`, n_candidates below 1.

    Example:
        >>> import fastmi
        >>> fastmi.UniformBins(4, range=(-1, 1)).edges
        array([-1. , -0.5,  0. ,  0.5,  1. ], dtype=float32)
    """

    _example: ClassVar[str] = "fastmi.UniformBins(30, range=(-1, 1))"
    n_bins: int
    range: tuple[float, float] = None  # type: ignore[assignment]  # so that its absence is said in our words
    out_of_range: str = "separate"

    def __post_init__(self) -> None:
        self._settle_choice(self.n_candidates)
        object.__setattr__(self, "n_bins", checks.positive_integer("n_bins", self.n_bins))
        object.__setattr__(self, "range", _increasing_range(self.n_bins, self.range))
        if self.n_bins >= MOST_EDGES:
            raise ValueError(
                f"n_bins is {self.n_bins}: at most {MOST_EDGES - 1} bins, float32 tells no more "
                "apart on most lines"
            )
        # between numbers that are finite as float32
        edges = np.linspace(*self.range, self.n_bins + 1)
        with np.errstate(under="ignore"):
            apart = np.diff(edges.astype(np.float32)) > 0
        if not apart.all():
            raise ValueError(
                f"n_bins is {self.n_bins} on range {self.range}: float32 does not tell their edges "
                "apart; take fewer bins, or a wider range"
            )
        self._settle(edges, self.out_of_range)


def _increasing_range(n_bins: int, range_: Any) -> tuple[float, float]:
    if range_ is None:
        raise TypeError(
            "range must be a pair (low, high), not None, and the bins lie between: "
            f"UniformBins({n_bins}, range=(-1, 1)) for tanh, or (t.min(), t.max()) of all the "
            "activations"
        )
    try:
        # digits would be numbers, and a set has no order
        if isinstance(range_, str | bytes | Set | Mapping):
            raise TypeError
        low, high = (float(value) for value in range_ if not isinstance(value, str | bytes))
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"range must be a pair (low, high), not {shown(range_)}") from None
    if np.isnan(low) or np.isnan(high):
        raise ValueError(
            f"range must be finite with low < high, not ({low}, {high}): where it was taken from "
            "data, they hold NaN, which has no bin (drop those samples; np.nanmin, np.nanmax)"
        )
    if not low < high or max(abs(low), abs(high)) > HIGHEST_EDGE:
        raise ValueError(
            f"range must be finite with low < high, not ({low}, {high}), and finite as float32 too"
        )
    return low, high
