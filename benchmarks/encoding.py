"""activations -> symbols, and one code a row: the pass that stands before all counting."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

import fastmi
from benchmarks.recipes import symbols_by_arithmetic
from benchmarks.reference import EDGES
from benchmarks.timing import Race
from fastmi.coding import scheme

__all__ = ["CANDIDATES", "CODINGS", "EncodingCase"]

BINNING = fastmi.Edges(EDGES)
CANDIDATES = (
    "fastmi",
    "fastmi, torch twin on the CPU",
    "NumPy, bins by arithmetic",
    "NumPy, np.digitize",
)


@dataclass(frozen=True)
class EncodingCase:
    """Rows of uniformly random numbers between the edges and a little beyond.

    No branch of a search can be foreseen.
    """

    name: str
    n_samples: int
    n_units: int

    @property
    def description(self) -> str:
        """Says in one line what is measured."""
        rows = (
            "the symbol of each" if self.n_units == 1 else f"the code of each row of {self.n_units}"
        )
        numbers = self.n_samples * self.n_units
        return (
            f"{rows} of {numbers:,} random numbers, {len(EDGES)} edges; the answers are whole "
            "numbers and have to be equal"
        )

    def race(self, quick: bool) -> Race:
        """Races fastmi against NumPy, which weighs the symbols as fastmi does, modulo 2^64.

        The code of one unit is its symbol.
        """
        n = self.n_samples // 10 if quick else self.n_samples
        t = np.random.default_rng(0).uniform(-1.1, 1.1, (n, self.n_units)).astype(np.float32)
        weights = scheme(self.n_units, len(EDGES)).weights
        edges = np.asarray(EDGES, np.float32)
        ways = (
            partial(fastmi.encode, t, BINNING),
            partial(_by_torch, t),
            *(
                partial(_weighed, t, edges, weights, symbols)
                for symbols in (symbols_by_arithmetic, np.digitize)
            ),
        )
        return Race(
            dict(zip(CANDIDATES, ways, strict=True)),
            agree=dict.fromkeys(CANDIDATES, 0),
            n_bytes=t.nbytes,
            weighed=True,
        )


def _by_torch(t: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    with fastmi.use_backend("torch"):
        return fastmi.encode(t, BINNING)


def _weighed(
    t: npt.NDArray[np.float32], edges: Any, weights: npt.NDArray[np.int64], symbols: Any
) -> npt.NDArray[Any]:
    """Codes rows by NumPy; one unit needs no weights."""
    rows = symbols(t, edges)
    return rows[:, 0] if len(weights) == 1 else rows @ weights


CODINGS = (EncodingCase("digitise", 1_000_000, 1), EncodingCase("encode", 1_000_000, 32))
