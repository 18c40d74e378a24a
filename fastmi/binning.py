"""How the line is cut: frozen records. The symbol of t is np.digitize(t, edges), in 0..n_edges."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.backends import Cut
from fastmi.containers import container, is_tensor, shown

__all__ = ["Binning", "Edges", "UniformBins", "as_binning"]

MOST_EDGES = 2**24
HIGHEST = float(np.finfo(np.float32).max)
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

    def _settle(self, edges: Any, out_of_range: str) -> None:
        rounded, given = _edges(edges)
        checks.one_of("out_of_range", out_of_range, OUT_OF_RANGE)
        if given.size == 1 and out_of_range != "separate":
            raise ValueError(
                f"out_of_range is {out_of_range!r}, but a single edge is a threshold with nothing between: leave it 'separate'"
            )
        object.__setattr__(self, "edges", _frozen(rounded))
        object.__setattr__(self, "line", (float(given[0]), float((given[-1] - given[0]) / max(given.size - 1, 1)) or 1.0))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Pickle and deepcopy would hand back edges that can be written to."""
        vars(self).update(state | {"edges": _frozen(state["edges"])})

    @property
    def cut(self) -> Cut:
        """What a backend is told of it."""
        return Cut(self.edges, self.ends, self.line)

    @property
    def ends(self) -> tuple[int, int]:
        """The symbols that stand for "below the first edge" and "at or above the last" under `out_of_range`."""
        top = self.n_edges
        return {"separate": (0, top), "clip": (1, top - 1), "wrap": (top, top), "raise": (0, top)}[self.out_of_range]

    def __str__(self) -> str:
        low, high = self.edges[0], self.edges[-1]
        if self.n_edges == 1:
            return f"a threshold at {low:g}"
        return f"{self.n_edges - 1} bins on [{low:g}, {high:g}), outside: {self.out_of_range}"


@dataclass(frozen=True, eq=False)
class Edges(Binning):
    """Bins between given edges: symbol(t) = np.digitize(t, edges) in 0..n_edges, on float32.

    Bins are closed on the left and open on the right, so the last edge itself (tanh saturated at exactly 1) is not
    inside the last bin: `linspace(-1, 1, 50)` is 50 edges, 49 bins and a symbol for exactly 1.0. One edge is a threshold:
    symbol 0 below it, 1 from it on.

    Args:
        edges: increasing numbers, at least one, at most 2^24, rounded to float32 (as the activations are).
        out_of_range: "separate": below and at-or-above are symbols of their own. "clip": they join the end bins.
            "wrap": below joins at-or-above (what the reference code does). "raise": an error.

    Raises:
        TypeError: edges are not a 1-D sequence of numbers.
        ValueError: no edge or too many, edges that do not increase or are not finite as float32, an unknown `out_of_range`, or
            another than "separate" for a threshold.

    Example:
        >>> import fastmi, numpy as np
        >>> fastmi.encode(np.float32([[-2.0], [0.25], [1.0]]), fastmi.Edges([-1, 0, 1]))
        array([0, 2, 3])
    """

    edges: npt.NDArray[np.float32]
    out_of_range: str = "separate"

    def __init__(self, edges: Any, out_of_range: str = "separate") -> None:
        self._settle(edges, out_of_range)
        object.__setattr__(self, "out_of_range", out_of_range)

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
        n_bins: the number of bins between low and high (not of edges), at most 2^24 - 1.
        range: (low, high), finite, low < high; it must be given.
        out_of_range: as in `Edges`.

    Raises:
        TypeError: n_bins is not an integer, range is not given or not a pair.
        ValueError: n_bins < 1 or too many, the range is empty or not finite, bins too narrow for float32, an unknown
            `out_of_range`.

    Example:
        >>> import fastmi
        >>> fastmi.UniformBins(4, range=(-1, 1)).edges
        array([-1. , -0.5,  0. ,  0.5,  1. ], dtype=float32)
    """

    n_bins: int
    range: tuple[float, float] = None  # type: ignore[assignment]  # so that its absence is said in our words
    out_of_range: str = "separate"

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_bins", checks.positive_integer("n_bins", self.n_bins))
        object.__setattr__(self, "range", _increasing_range(self.n_bins, self.range))
        if self.n_bins >= MOST_EDGES:
            raise ValueError(
                f"n_bins is {self.n_bins}: at most {MOST_EDGES - 1} bins, float32 tells no more apart on most lines"
            )
        edges = np.linspace(*self.range, self.n_bins + 1)  # between numbers that are finite as float32
        with np.errstate(under="ignore"):
            apart = np.diff(edges.astype(np.float32)) > 0
        if not apart.all():
            raise ValueError(
                f"n_bins is {self.n_bins} on range {self.range}: float32 does not tell their edges apart; take fewer bins, "
                "or a wider range"
            )
        self._settle(edges, self.out_of_range)


def as_binning(value: Any, name: str = "binning") -> Any:
    """What was passed as a binning.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(value, Binning) or not isinstance(getattr(value, "edges", None), np.ndarray):
        raise TypeError(f"{name} is {shown(value)}: pass fastmi.Edges(...) or fastmi.UniformBins(...)")
    return value


def _frozen(edges: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Over bytes, which nobody can make writeable again."""
    return np.frombuffer(edges.tobytes(), np.float32)


def _edges(values: Any) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """-> float32 edges, finite, strictly increasing after the rounding; and as they were given."""
    try:
        judged = is_tensor(values) or isinstance(values, np.ma.MaskedArray)  # np.asarray would take what is masked
        given = np.asarray(container("edges", values) if judged else values)
    except ValueError:
        raise TypeError("edges is a ragged list: pass a 1-D sequence of numbers") from None
    if given.dtype.kind not in "iuf" or given.ndim != 1:
        raise TypeError(f"edges has dtype {given.dtype} and shape {given.shape}: pass a 1-D sequence of numbers")
    if not 0 < given.size <= MOST_EDGES:
        raise ValueError(f"edges holds {given.size} values: pass at least one edge, and at most {MOST_EDGES}")
    with np.errstate(all="ignore"):
        rounded = given.astype(np.float32)
    if not np.isfinite(rounded).all():
        wrong = given[~np.isfinite(rounded)][0]
        raise ValueError(f"edges holds {wrong}: edges are finite float32; values beyond them have symbols of their own")
    falls = np.flatnonzero(rounded[1:] <= rounded[:-1])
    if falls.size:
        i = int(falls[0])
        raise ValueError(
            f"edges must increase (as float32): edges[{i}] = {given[i]!s} is followed by {given[i + 1]!s}; "
            "sort them and drop repeats (np.unique(np.float32(edges)))"
        )
    return rounded, given.astype(np.float64)


def _increasing_range(n_bins: int, range_: Any) -> tuple[float, float]:
    if range_ is None:
        raise TypeError(
            "range must be a pair (low, high), not None, and the bins lie between: "
            f"UniformBins({n_bins}, range=(-1, 1)) for tanh, or (t.min(), t.max()) of all the activations"
        )
    try:
        if isinstance(range_, str | bytes | Set | Mapping):  # digits would be numbers, and a set has no order
            raise TypeError
        low, high = (float(value) for value in range_ if not isinstance(value, str | bytes))
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"range must be a pair (low, high), not {shown(range_)}") from None
    if np.isnan(low) or np.isnan(high):
        raise ValueError(
            f"range must be finite with low < high, not ({low}, {high}): where it was taken from data, they hold NaN, "
            "which has no bin (drop those samples; np.nanmin, np.nanmax)"
        )
    if not low < high or max(abs(low), abs(high)) > HIGHEST:
        raise ValueError(f"range must be finite with low < high, not ({low}, {high}), and finite as float32 too")
    return low, high
