"""counts of distinct rows, by whoever counts -> points of the plane, nats of labels.

This is what the counting peers share. A peer hands in count(rows (n, d), [labels (n,), ...]) ->
[counts of the rows, counts of the pairs (row, label), ...].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers import Estimate
from benchmarks.recipes import AnyIntArray, entropy, symbols_by_digitize
from benchmarks.reference import identify

__all__ = ["Count", "each", "information_by", "labels_of_rows", "number_of", "plane_by", "wrapped"]

Count = Callable[[AnyIntArray, Sequence[AnyIntArray]], list[AnyIntArray]]


def each(
    point: Callable[[Any], tuple[float, float]], layers: Sequence[Any]
) -> npt.NDArray[np.float64]:
    """Reads layers of (n_copies, n, d), one segment at a time -> (n_copies, n_layers, 2)."""
    return np.array([[point(layer[i]) for layer in layers] for i in range(len(layers[0]))])


def wrapped(activations: Any, edges: npt.NDArray[np.float32]) -> AnyIntArray:
    """Digitises into one byte where that is enough; below the first edge is the last symbol."""
    symbols = symbols_by_digitize(activations, edges)
    symbols[symbols == 0] = len(edges)
    return symbols


def plane_by(
    count: Count, symbols: Callable[[Any, Any], Any] = wrapped
) -> Callable[[Any, Any, Any], Estimate]:
    """Does the plane job by counts.

    Where every x is alone with its row, H(X,T) is H(X), which a careful user knows as well.
    """

    def plane(x: Any, y: Any, edges: Any) -> Estimate:
        x, y, edges = identify(x), identify(y), np.asarray(edges, np.float32)
        h_x, h_y = entropy(np.bincount(x)), entropy(np.bincount(y))
        labels = [y] if number_of(x) == len(x) else [y, x]

        def point(activations: Any) -> tuple[float, float]:
            h_t, h_ty, *h_tx = map(entropy, count(symbols(activations, edges), labels))
            return h_t + h_x - (h_tx[0] if h_tx else h_x), h_t + h_y - h_ty

        return lambda layers: each(point, layers)

    return plane


def information_by(count: Count) -> Callable[[Any, Any], float]:
    """Does the label job by counts: H(T) + H(Y) - H(T,Y), in nats."""

    def information(rows: Any, y: Any) -> float:
        t_counts, ty_counts = count(rows.reshape(len(rows), -1), [y])
        y_counts = np.unique(y, return_counts=True)[1]
        return (entropy(t_counts) + entropy(y_counts) - entropy(ty_counts)) * float(np.log(2))

    return information


def labels_of_rows(rows: Any) -> Any:
    """Numbers rows, as the users of a score over two label vectors do first.

    One column is a vector of labels already.
    """
    return rows if rows.ndim == 1 else np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)


def number_of(labels: AnyIntArray) -> int:
    """Counts the labels 0, 1, ... that there are."""
    return int(labels.max()) + 1
