"""How the line is cut: frozen records. The symbol of t is np.digitize(t, edges), in 0..n_edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi import checks

__all__ = ["Binning", "Edges", "UniformBins"]

OUT_OF_RANGE = ("separate", "clip", "wrap", "raise")


class Binning:
    """What every binning offers the engine: `edges` (float32, increasing), `out_of_range`, and what follows from them."""

    edges: npt.NDArray[np.float32]
    out_of_range: str
    line: tuple[float, float]  # the first edge and the mean spacing, before the rounding to float32

    @property
    def n_edges(self) -> int:
        """The number of edges; n_edges - 1 bins lie between them."""
        return self.edges.size

    def _cut(self, edges: Any) -> None:
        rounded, given = checks.edges(edges)
        object.__setattr__(self, "edges", rounded)
        object.__setattr__(self, "line", (float(given[0]), float((given[-1] - given[0]) / (given.size - 1))))

    @property
    def ends(self) -> tuple[int, int]:
        """The symbols that stand for "below the first edge" and "at or above the last" under `out_of_range`."""
        top = self.n_edges
        return {"separate": (0, top), "clip": (1, top - 1), "wrap": (top, top), "raise": (0, top)}[self.out_of_range]

    def __str__(self) -> str:
        low, high = self.edges[0], self.edges[-1]
        return f"{self.n_edges - 1} bins on [{low:g}, {high:g}), outside: {self.out_of_range}"


@dataclass(frozen=True, eq=False)
class Edges(Binning):
    """Bins between given edges: symbol(t) = np.digitize(t, edges) in 0..n_edges, on float32.

    Bins are closed on the left and open on the right, so the last edge itself (tanh saturated at exactly 1) is not
    inside the last bin: `linspace(-1, 1, 50)` is 50 edges, 49 bins and a symbol for exactly 1.0.

    Args:
        edges: at least two increasing numbers, rounded to float32 (as the activations are).
        out_of_range: "separate": below and at-or-above are symbols of their own. "clip": they join the end bins.
            "wrap": below joins at-or-above (what the reference code does). "raise": an error.

    Raises:
        TypeError: edges are not a 1-D sequence of numbers.
        ValueError: fewer than two edges, edges that do not increase or are not finite as float32, an unknown `out_of_range`.

    Example:
        >>> import fastmi, numpy as np
        >>> fastmi.encode(np.float32([[-2.0], [0.25], [1.0]]), fastmi.Edges([-1, 0, 1]))
        array([0, 2, 3])
    """

    edges: npt.NDArray[np.float32]
    out_of_range: str = "separate"

    def __init__(self, edges: Any, out_of_range: str = "separate") -> None:
        self._cut(edges)
        object.__setattr__(self, "out_of_range", checks.one_of("out_of_range", out_of_range, OUT_OF_RANGE))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Edges):
            return NotImplemented
        return self.out_of_range == other.out_of_range and np.array_equal(self.edges, other.edges)

    def __hash__(self) -> int:
        return hash((self.edges.tobytes(), self.out_of_range))


@dataclass(frozen=True)
class UniformBins(Binning):
    """Equal bins on a fixed range: `Edges(linspace(low, high, n_bins + 1))`.

    Args:
        n_bins: the number of bins between low and high (not of edges).
        range: (low, high), finite, low < high.
        out_of_range: as in `Edges`.

    Raises:
        TypeError: n_bins is not an integer, range is not a pair.
        ValueError: n_bins < 1, the range is empty or not finite, bins too narrow for float32, an unknown `out_of_range`.

    Example:
        >>> import fastmi
        >>> fastmi.UniformBins(4, range=(-1, 1)).edges
        array([-1. , -0.5,  0. ,  0.5,  1. ], dtype=float32)
    """

    n_bins: int
    range: tuple[float, float]
    out_of_range: str = "separate"

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_bins", checks.positive_integer("n_bins", self.n_bins))
        object.__setattr__(self, "range", checks.increasing_range(self.range))
        checks.one_of("out_of_range", self.out_of_range, OUT_OF_RANGE)
        with np.errstate(all="ignore"):  # a span beyond float64 ends in an error on its edges
            self._cut(np.linspace(*self.range, self.n_bins + 1))
