"""activations -> I(X;T), I(T;Y) by the best plain NumPy that we could write.

It is the peer that a careful user has today. One packed integer a row where it fits 63 bits, else
the row's bytes; one sort a layer, from which the counts of T and of (T, Y) are both read; no loop
over samples. Not done: anything that needs a compiler.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.reference import identify

__all__ = [
    "AnyIntArray",
    "NumpyPlane",
    "entropy",
    "information",
    "row_codes",
    "symbols_by_arithmetic",
    "symbols_by_digitize",
]

AnyIntArray = npt.NDArray[Any]  # whole numbers of any width

TOGETHER_VALUES = 1 << 15  # whose temporaries stay in the cache


def symbols_by_digitize(
    activations: npt.NDArray[np.float32], edges: npt.NDArray[np.float32]
) -> AnyIntArray:
    """Digitises the way it is written everywhere: by a binary search for each value."""
    return np.digitize(activations, edges).astype(np.min_scalar_type(len(edges)))


def symbols_by_arithmetic(
    activations: npt.NDArray[np.float32], edges: npt.NDArray[np.float32]
) -> AnyIntArray:
    """Digitises many times sooner, for evenly spaced edges.

    The nearest edge, then one exact comparison with it.
    """
    last, dtype = len(edges) - 1, np.min_scalar_type(len(edges))
    values, out = activations.reshape(-1), np.empty(activations.size, dtype)
    inverse = np.float32(last / (float(edges[-1]) - float(edges[0])))
    for first in range(0, values.size, TOGETHER_VALUES):
        block = values[first : first + TOGETHER_VALUES]
        nearest = (block - edges[0]) * inverse
        np.rint(nearest, out=nearest)
        np.clip(nearest, 0, last, out=nearest)
        symbols = nearest.astype(dtype)
        out[first : first + TOGETHER_VALUES] = symbols + (block >= edges.take(symbols))
    return out.reshape(activations.shape)


def row_codes(symbols: AnyIntArray, n_edges: int, spare_bits: int = 0) -> AnyIntArray:
    """Codes symbols (n, d) in 0..n_edges: one int64 a row, equal where the rows are.

    `spare_bits` more are left free to the left of it.
    """
    n_units, bits = symbols.shape[1], n_edges.bit_length()
    if n_units * bits + spare_bits <= 63:
        return symbols @ (1 << bits * np.arange(n_units))
    rows = np.ascontiguousarray(symbols).view(np.dtype((np.void, symbols.itemsize * n_units)))
    return np.unique(rows.ravel(), return_inverse=True)[1].reshape(-1)


def entropy(counts: AnyIntArray) -> float:
    """Turns counts into bits: log2 n - sum c log2 c / n."""
    n = counts.sum()
    return float(np.log2(n) - counts @ np.log2(counts) / n)


def information(rows: Any, y: Any) -> float:
    """Estimates I(rows;Y) in nats: labels (n,) or rows (n, d), y (n,), whole numbers from 0."""
    rows, highest, y_bits = rows.reshape(len(rows), -1), int(rows.max()), int(y.max()).bit_length()
    codes = row_codes(rows.astype(np.min_scalar_type(highest)), highest, spare_bits=y_bits)
    h_t, h_y, h_ty = (
        entropy(np.unique(numbers, return_counts=True)[1])
        for numbers in (codes, y, codes << y_bits | y)
    )
    return (h_t + h_y - h_ty) * float(np.log(2))


class NumpyPlane:
    """x (n, ...), y (n, ...) and the edges fixed once, as with fastmi.PlaneEstimator.

    `point` takes one layer at a time.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        edges: Any,
        symbols: Callable[[Any, npt.NDArray[np.float32]], AnyIntArray] = symbols_by_arithmetic,
    ) -> None:
        self.x, self.y = identify(x), identify(y)
        self.edges, self.symbols = np.asarray(edges, np.float32), symbols
        x_counts, y_counts = np.bincount(self.x), np.bincount(self.y)
        self.h_x, self.h_y = entropy(x_counts), entropy(y_counts)
        self.distinct = len(x_counts) == len(self.x)
        self.x_bits = (len(x_counts) - 1).bit_length()
        self.y_bits = (len(y_counts) - 1).bit_length()

    def point(self, activations: npt.NDArray[np.float32]) -> tuple[float, float]:
        """Estimates I(X;T) and I(T;Y) in bits; below the first edge joins the last symbol."""
        n_edges = len(self.edges)
        symbols = self.symbols(activations, self.edges)
        symbols[symbols == 0] = n_edges
        codes = row_codes(
            symbols,
            n_edges,
            spare_bits=self.y_bits if self.distinct else max(self.x_bits, self.y_bits),
        )
        # sorted: equal codes stand together
        pairs, counts = np.unique(codes << self.y_bits | self.y, return_counts=True)
        h_t = entropy(
            np.add.reduceat(counts, np.flatnonzero(np.diff(pairs >> self.y_bits, prepend=-1)))
        )
        h_xt = (
            self.h_x
            if self.distinct
            else entropy(np.unique(codes << self.x_bits | self.x, return_counts=True)[1])
        )
        return h_t + self.h_x - h_xt, h_t + self.h_y - entropy(counts)
