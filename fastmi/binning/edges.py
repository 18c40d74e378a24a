"""Bins between given edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from fastmi.arrays import EdgesLike
from fastmi.binning.base import Binning

__all__ = ["Edges"]


@dataclass(frozen=True, eq=False, repr=False)
class Edges(Binning):
    """Bins between given edges: symbol(t) = np.digitize(t, edges) in 0..n_edges, on float32.

    Bins are closed on the left and open on the right, so the last edge itself (tanh saturated at
    exactly 1) is not inside the last bin: `linspace(-1, 1, 50)` is 50 edges, 49 bins and a symbol
    for exactly 1.0. One edge is a threshold: symbol 0 below it, 1 from it on.

    Args:
        edges: increasing numbers, at least one, at most 2^24, rounded to float32 (as the
            activations are).
        out_of_range: "separate": below and at-or-above are symbols of their own. "clip": they join
            the end bins. "wrap": below joins at-or-above (what the reference code does). "raise":
            an error.
        n_candidates: how many binnings this one was chosen from, with the labels: what the choice
            costs is charged wherever it is used, see `fastmi.choose_binning`.

    Raises:
        TypeError: edges are not a 1-D sequence of numbers.
        ValueError: no edge or too many, edges that do not increase or are not finite as float32, an
            unknown `out_of_range`, or another than "separate" for a threshold; n_candidates below
            1.

    Example:
        >>> import fastmi, numpy as np
        >>> fastmi.encode(np.float32([[-2.0], [0.25], [1.0]]), fastmi.Edges([-1, 0, 1]))
        array([0, 2, 3])
    """

    _example: ClassVar[str] = "fastmi.Edges([-1, 0, 1])"
    edges: npt.NDArray[np.float32]
    out_of_range: str = "separate"

    def __init__(
        self, edges: EdgesLike, out_of_range: str = "separate", *, n_candidates: int = 1
    ) -> None:
        self._settle_choice(n_candidates)
        self._settle(edges, out_of_range)

    def __repr__(self) -> str:
        return f"Edges({self})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Edges):
            return NotImplemented
        mine, theirs = ((one.out_of_range, one.n_candidates) for one in (self, other))
        return mine == theirs and np.array_equal(self.edges, other.edges)

    def __hash__(self) -> int:
        return hash((self.edges.tobytes(), self.out_of_range, self.n_candidates))
