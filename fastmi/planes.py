"""layers (..., n, d) -> points of the information plane (..., n_layers): I(X;T) and I(T;Y), three readings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi import checks, entropies
from fastmi.backends import IntArray
from fastmi.binning import Binning
from fastmi.coding import encode_layers, identify_rows
from fastmi.counting import tally
from fastmi.entropies import FloatArray

__all__ = ["PlaneEstimator", "Points"]


@dataclass(frozen=True)
class Points:
    """Points of the plane and what to know beside them, each (..., n_layers)."""

    i_xt: FloatArray
    i_ty: FloatArray
    n_symbols: npt.NDArray[np.int64]
    coverage: FloatArray

    def map(self, function: Callable[[Any], Any]) -> Points:
        """The same operation on every field."""
        return Points(*(function(getattr(self, field.name)) for field in fields(self)))

    @property
    def bits(self) -> FloatArray:
        """(..., n_layers, 2): I(X;T) and I(T;Y)."""
        return np.stack([self.i_xt, self.i_ty], axis=-1)


class PlaneEstimator:
    """I(X;T) = H(T) - H(T|X) and I(T;Y) = H(T) - H(T|Y) of binned layers T, in bits; X and Y are fixed once.

    Plug-in estimates over the given samples. A symbol of X or Y is a distinct row. Where every row of X is distinct and T
    is a function of X, H(T|X) is 0 and I(X;T) = H(T) exactly: a measure of how the activations cluster under this binning,
    not of information lost. (The recipe of Shwartz-Ziv and Tishby 2017, arXiv:1703.00810.)

    Args:
        x: (n, d) inputs of any real type, or (n, ...), flattened.
        y: (n,) labels or (n, k) rows of labels (one-hot is fine): integers, bools, strings or whole floats.
        binning: `Edges` or `UniformBins`.

    Attributes:
        n_samples: n.
        n_x: the number of distinct rows of x; n_y: of y.
        entropy_x, entropy_y: H(X) and H(Y) in bits, the ceilings of I(X;T) and I(T;Y).

    Raises:
        TypeError: an unknown container or dtype.
        ValueError: n = 0, different numbers of samples, NaN in x, labels that are not whole.

    Example:
        >>> import fastmi, numpy as np
        >>> x, y = np.arange(4)[:, None], np.array([0, 0, 1, 1])
        >>> plane = fastmi.PlaneEstimator(x, y, fastmi.UniformBins(2, range=(-1, 1)))
        >>> plane.estimate(np.array([[-0.9], [-0.8], [0.8], [0.9]]))
        array([[1., 1.]])
    """

    def __init__(self, x: Any, y: Any, binning: Binning) -> None:
        self.binning = checks.binning(binning)
        x, y = checks.numbers("x", x), checks.labels("y", y)
        self.n_samples = checks.same_length(x=x, y=y)
        self._x, self.n_x = _identify(x)
        self._y, self.n_y = _identify(y)
        self.entropy_x, self.entropy_y = (_entropy(ids) for ids in (self._x, self._y))

    def estimate(self, layers: Any) -> FloatArray:
        """Each network at a time.

        Args:
            layers: a sequence of (..., n, d) activations, or one array; the leading axes (copies, epochs) are the same in all.

        Returns:
            (..., n_layers, 2) bits; [..., 0] is I(X;T), [..., 1] is I(T;Y).

        Raises:
            TypeError, ValueError: arrays that are not real activations of these n samples, NaN, mixed devices.
        """
        return self.each(layers).bits

    def sampled(self, layers: Any, assignment: Any) -> FloatArray:
        """Every sample through one copy: T of sample i is layer[assignment[i], i] (the report's "extended" estimator).

        With distinct x it is H(T) of that sample.

        Args:
            layers: a sequence of (n_copies, n, d) activations, or one array.
            assignment: (n,) integers, the copy of each sample.

        Returns:
            (n_layers, 2) bits.

        Raises:
            TypeError, ValueError: as `estimate`; an assignment that does not name a copy for each sample.
        """
        return self.through_assigned(layers, assignment).bits

    def mixture(self, layers: Any) -> FloatArray:
        """Every sample through every copy: p(t|x) is the average over the copies, so H(T|X) <= log2(n_copies).

        It does not grow with the number of copies: quote that number beside it.

        Args:
            layers: a sequence of (n_copies, n, d) activations, or one array.

        Returns:
            (n_layers, 2) bits.

        Raises:
            TypeError, ValueError: as `estimate`.
        """
        return self.through_all(layers).bits

    def each(self, layers: Any) -> Points:
        """`estimate`, with the number of symbols and the coverage beside each point."""
        codes = self._codes(checks.layers(layers, self.n_samples))  # (n_layers, ..., n)
        points = self._points(codes.reshape(-1, self.n_samples), n_repeats=1)
        return points.map(lambda field: np.moveaxis(field.reshape(tuple(codes.shape[:-1])), 0, -1))

    def through_assigned(self, layers: Any, assignment: Any) -> Points:
        """`sampled`, with the number of symbols and the coverage beside each point."""
        layers = checks.layers(layers, self.n_samples)
        who = checks.assignment(assignment, checks.copies(layers), self.n_samples)
        return self._points(self._codes([layer[who, np.arange(self.n_samples)] for layer in layers]), n_repeats=1)

    def through_all(self, layers: Any) -> Points:
        """`mixture`, with the number of symbols and the coverage beside each point."""
        layers = checks.layers(layers, self.n_samples)
        n_copies = checks.copies(layers)
        codes = self._codes(layers)
        return self._points(codes.reshape(len(layers), n_copies * self.n_samples), n_repeats=n_copies)

    def _codes(self, layers: list[Any]) -> Any:
        return encode_layers(layers, self.binning)[0]

    def _points(self, codes: Any, n_repeats: int) -> Points:
        """codes (s, n_repeats * n) -> s points; with repeats, sample i stands at i, n + i, 2n + i, ..."""
        x_splits_all = self.n_x == self.n_samples and n_repeats == 1  # then every pair (t, x) is as alone as its x
        labels, sizes = ([self._y], (self.n_y,)) if x_splits_all else ([self._y, self._x], (self.n_y, self.n_x))
        t, *joint = tally(codes, np.tile(labels, n_repeats), sizes)
        h_t, h_ty, *h_tx = (entropies.plugin(found) for found in (t, *joint))
        return Points(
            entropies.information(h_t, self.entropy_x, h_tx[0] if h_tx else self.entropy_x),
            entropies.information(h_t, self.entropy_y, h_ty),
            t.n_symbols,
            t.coverage,
        )


def _identify(labels: Any) -> tuple[IntArray, int]:
    ids, n_symbols = identify_rows(labels)
    return (ids if isinstance(ids, np.ndarray) else ids.cpu().numpy()), n_symbols


def _entropy(ids: IntArray) -> float:
    (found,) = tally(ids[None])
    return float(entropies.plugin(found)[0])
