"""What every binning has: edges, and what stands for values beyond them.

The symbol of t is np.digitize(t, edges).
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.arrays import Activations, EdgesLike
from fastmi.backends import Cut
from fastmi.binning.candidates import Chosen
from fastmi.inputs import container, is_tensor, on_host, shown

__all__ = [
    "HIGHEST_EDGE",
    "MOST_EDGES",
    "OUT_OF_RANGE",
    "Binning",
    "as_binning",
    "finite_values",
    "needs_data",
]

MOST_EDGES = 2**24  # float32 tells no more apart on most lines
HIGHEST_EDGE = float(np.finfo(np.float32).max)
OUT_OF_RANGE = ("separate", "clip", "wrap", "raise")


class Binning(Chosen):
    """What every binning offers the engine.

    That is `edges` (float32, increasing), `out_of_range`, and what follows from them.
    """

    _example: ClassVar[str]  # how one is made, for who passes the class
    edges: npt.NDArray[np.float32]
    out_of_range: str
    line: tuple[float, float]  # the first edge and the mean spacing, before the rounding to float32
    cut: Cut  # what a backend is told of it

    @property
    def n_edges(self) -> int:
        """Counts the edges; n_edges - 1 bins lie between them."""
        return self.edges.size

    def _settle(
        self, edges: EdgesLike, out_of_range: str, line: tuple[float, float] | None = None
    ) -> None:
        rounded, given = _edges(edges)
        checks.one_of("out_of_range", out_of_range, OUT_OF_RANGE)
        if given.size == 1 and out_of_range != "separate":
            raise ValueError(
                f"out_of_range is {out_of_range!r}, but a single edge is a threshold with nothing "
                "between: leave it 'separate'"
            )
        mean_spacing = float((given[-1] - given[0]) / max(given.size - 1, 1)) or 1.0
        object.__setattr__(self, "edges", _frozen(rounded))
        object.__setattr__(self, "out_of_range", out_of_range)
        object.__setattr__(self, "line", line or (float(given[0]), mean_spacing))
        object.__setattr__(self, "cut", Cut(self.edges, self.ends, self.line))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Freezes the edges anew: pickle and deepcopy hand them back writeable."""
        vars(self).update(state)
        if self.edges is not None:  # a rule has none before it is fitted
            object.__setattr__(self, "edges", _frozen(self.edges))
            object.__setattr__(self, "cut", Cut(self.edges, self.ends, self.line))

    @property
    def ends(self) -> tuple[int, int]:
        """Names the symbols that stand for "below the first edge" and "at or above the last"."""
        top = self.n_edges
        return {"separate": (0, top), "clip": (1, top - 1), "wrap": (top, top), "raise": (0, top)}[
            self.out_of_range
        ]

    def __repr__(self) -> str:
        given = {one.name: getattr(self, one.name) for one in fields(self) if one.repr}
        n_candidates = given.pop("n_candidates")
        if n_candidates > 1:
            given["n_candidates"] = n_candidates
        text = ", ".join(f"{name}={value!r}" for name, value in given.items())
        return f"{type(self).__name__}({text})"

    def __str__(self) -> str:
        choice = f", chosen from {self.n_candidates}" if self.n_candidates > 1 else ""
        return f"{self._cuts()}{choice}"

    def _cuts(self) -> str:
        """Says how the line is cut."""
        low, high = self.edges[0], self.edges[-1]
        if self.n_edges == 1:
            return f"a threshold at {low:g}"
        return f"{self.n_edges - 1} bins on [{low:g}, {high:g}), outside: {self.out_of_range}"


def needs_data(binning: Any) -> bool:
    """Tells whether its edges depend on data that it has not been fitted to."""
    if isinstance(binning, type):  # which `as_binning` refuses
        return False
    return hasattr(binning, "fit") and getattr(binning, "edges", None) is None


def as_binning(value: Any, name: str = "binning") -> Any:
    """Reads what was passed as a binning.

    Raises:
        TypeError: it is none, or the class of some. ValueError: it has not been fitted.
    """
    if isinstance(value, type) and issubclass(value, Binning):
        made = vars(value).get("_example", f"an instance, {value.__name__}(...)")
        raise TypeError(f"{name} is the class {value.__name__}: pass {made}")
    if isinstance(value, Binning) and needs_data(value):
        raise ValueError(
            f"{name} is {shown(value)}, whose edges depend on data: fit it to a layer first "
            f"({name}.fit(layer)), and to each its own where there are several ({{name: "
            "binning.fit(layer) for name, layer in layers.items()})"
        )
    if not isinstance(value, Binning) or not isinstance(getattr(value, "edges", None), np.ndarray):
        raise TypeError(
            f"{name} is {shown(value)}: pass fastmi.Edges(...), fastmi.UniformBins(...), another "
            "binning or, for layers, a measure"
        )
    return value


def _frozen(edges: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Copies edges to bytes, which nobody can make writeable again."""
    return np.frombuffer(edges.tobytes(), np.float32)


def _edges(values: Any) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Reads edges as finite float32 that increase after the rounding; and as they were given."""
    try:
        # np.asarray would take what is masked
        judged = is_tensor(values) or isinstance(values, np.ma.MaskedArray)
        given = np.asarray(container("edges", values) if judged else values)
    except ValueError:
        raise TypeError("edges is a ragged list: pass a 1-D sequence of numbers") from None
    if given.dtype.kind not in "iuf" or given.ndim != 1:
        raise TypeError(
            f"edges has dtype {given.dtype} and shape {given.shape}: pass a 1-D sequence of numbers"
        )
    if not 0 < given.size <= MOST_EDGES:
        raise ValueError(
            f"edges holds {given.size} values: pass at least one edge, and at most {MOST_EDGES}"
        )
    with np.errstate(all="ignore"):
        rounded = given.astype(np.float32)
    if not np.isfinite(rounded).all():
        wrong = given[~np.isfinite(rounded)][0]
        raise ValueError(
            f"edges holds {wrong}: edges are finite float32; values beyond them have symbols of "
            "their own"
        )
    falls = np.flatnonzero(rounded[1:] <= rounded[:-1])
    if falls.size:
        i = int(falls[0])
        raise ValueError(
            f"edges must increase (as float32): edges[{i}] = {given[i]!s} is followed by "
            f"{given[i + 1]!s}; sort them and drop repeats (np.unique(np.float32(edges)))"
        )
    return rounded, given.astype(np.float64)


def finite_values(activations: Activations) -> npt.NDArray[np.float32]:
    """Lays all the values that a binning is fitted to in a row.

    Raises:
        TypeError, ValueError: no real activations, NaN or infinities among them.
    """
    values = on_host(checks.activations("activations", activations)).reshape(-1)
    wrong = values[~np.isfinite(values)]
    if wrong.size:
        raise ValueError(
            f"activations hold {wrong[0]}: bins are fitted to finite values; did the training "
            "diverge?"
        )
    return values
