"""layers (..., n, d) -> points of the information plane (..., n_layers): I(X;T) and I(T;Y), three readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi import checks, entropies
from fastmi.backends import IntArray
from fastmi.binning import Binning, as_binning
from fastmi.coding import encode_layers, identify_rows
from fastmi.containers import is_tensor, shown
from fastmi.counting import Tally, tally
from fastmi.entropies import FloatArray
from fastmi.labels import as_labels

__all__ = ["PlaneEstimator", "Points", "Readings"]


@dataclass(frozen=True)
class Points:
    """Points of the plane and what to know beside them, each (..., n_layers)."""

    i_xt: FloatArray
    i_ty: FloatArray
    n_symbols: npt.NDArray[np.int64]
    coverage: FloatArray
    n_samples: npt.NDArray[np.int64] | None = None  # n, what each rests on; None is unknown

    @property
    def bits(self) -> FloatArray:
        """(..., n_layers, 2): I(X;T) and I(T;Y)."""
        return np.stack([self.i_xt, self.i_ty], axis=-1)


class Readings(dict[str, Points]):
    """Points by the name of their reading."""

    def __missing__(self, name: object) -> Points:
        ways = {
            "mean": 'the mean over copies is InformationPlane.collect(..., [readings["each"]], ...).mean()',
            "sampled": "pass assignment= to `readings`, the copy of each sample",
        }
        way = ways.get(str(name), "take one of these")
        raise KeyError(f'no reading "{name}" among {", ".join(self)}; {way}')  # KeyError shows its repr: one kind of quotes


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
        self.binning = as_binning(binning)
        checks.same_device(x=x, y=y)
        x, y = checks.numbers("x", x), as_labels("y", y)
        self.n_samples = checks.one_plane(x, y)
        (ids_x, self.n_x), (ids_y, self.n_y) = _identify(x), _identify(y)
        self._labels = np.stack([ids_y, ids_x])
        self.entropy_y, self.entropy_x = entropies.plugin(tally(self._labels)).tolist()
        self._ceilings = np.array([[self.entropy_x], [self.entropy_y]])

    def estimate(self, layers: Any) -> FloatArray:
        """Each network at a time.

        Args:
            layers: a sequence of (..., n, d) activations, or one array; the leading axes (epochs, copies) are the same in all.

        Returns:
            (..., n_layers, 2) bits; [..., 0] is I(X;T), [..., 1] is I(T;Y).

        Raises:
            TypeError, ValueError: arrays that are not real activations of these n samples, NaN, mixed devices.
        """
        return self._bits(self._codes(_checked_layers(layers, self.n_samples)))

    def sampled(self, layers: Any, assignment: Any) -> FloatArray:
        """Every sample through one copy: T of sample i is layer[assignment[i], i] (the report's "extended" estimator).

        With distinct x it is H(T) of that sample.

        Args:
            layers: a sequence of (..., n_copies, n, d) activations, or one array.
            assignment: (..., n) integers, the copy of each sample.

        Returns:
            (..., n_layers, 2) bits.

        Raises:
            TypeError, ValueError: as `estimate`; an assignment that does not name a copy for each sample.
        """
        layers = _checked_layers(layers, self.n_samples)
        who = checks.assignment(assignment, layers[0].shape)
        return self._bits(self._codes([_through(layer, who) for layer in layers]))

    def mixture(self, layers: Any) -> FloatArray:
        """Every sample through every copy: p(t|x) is the average over the copies, so H(T|X) <= log2(n_copies).

        It does not grow with the number of copies: quote that number beside it.

        Args:
            layers: a sequence of (..., n_copies, n, d) activations, or one array.

        Returns:
            (..., n_layers, 2) bits.

        Raises:
            TypeError, ValueError: as `estimate`; no axis of copies.
        """
        layers = _checked_layers(layers, self.n_samples)
        return self._bits(_tiled(self._codes(layers, checks.copies(layers[0].shape))))

    def readings(self, layers: Any, assignment: Any = None) -> Readings:
        """The three readings side by side, encoding once, with the number of symbols and the coverage beside each point.

        Args:
            layers: a sequence of (..., n_copies, n, d) activations, or one array.
            assignment: (..., n) integers, the copy of each sample; None leaves "sampled" out.

        Returns:
            a dict: "each": (..., n_copies, n_layers); "sampled" and "mixture": (..., n_layers). Asked for another reading it
            raises a KeyError that says where to find it.

        Raises:
            TypeError, ValueError: as `sampled`.
        """
        layers = _checked_layers(layers, self.n_samples)
        codes = self._codes(layers, checks.copies(layers[0].shape))
        found = Readings(each=self._points(codes))
        if assignment is not None:
            who = checks.assignment(assignment, layers[0].shape)
            found["sampled"] = self._points(_through(codes[..., None], np.broadcast_to(who, (len(layers), *who.shape)))[..., 0])
        found["mixture"] = self._points(_tiled(codes))
        return found

    def _codes(self, layers: list[Any], n_repeats: int = 1) -> Any:
        """-> (n_layers, ..., n)."""
        return encode_layers(layers, self.binning, n_together=n_repeats * self.n_samples)[0]

    def _bits(self, codes: Any) -> FloatArray:
        """codes (n_layers, ..., n), or n_repeats * n -> (..., n_layers, 2)."""
        return _layers_last(self._information(codes)[0].T, codes.shape, 2)

    def _points(self, codes: Any) -> Points:
        """The same, with what to know beside them."""
        bits, counted = self._information(codes)
        columns = *bits, *(column[: bits.shape[1]] for column in (counted.n_symbols, counted.coverage))
        found = [_layers_last(column, codes.shape) for column in columns]
        return Points(*found, n_samples=np.full(found[0].shape, self.n_samples))

    def _information(self, codes: Any) -> tuple[FloatArray, Tally]:
        """I(X;T) and I(T;Y) of s segments, (2, s), and their tally; sample i stands at i, n + i, 2n + i, ... of each."""
        n = codes.shape[-1]
        n_repeats = n // self.n_samples
        x_splits_all = self.n_x == self.n_samples and n_repeats == 1  # then every pair (t, x) is as alone as its x
        sizes = (self.n_y,) if x_splits_all else (self.n_y, self.n_x)
        labels = self._labels[: len(sizes)]
        found = tally(codes.reshape(-1, n), labels if n_repeats == 1 else np.tile(labels, n_repeats), sizes)
        h_t, h_ty, *h_tx = entropies.plugin(found).reshape(1 + len(sizes), -1)
        joint = np.empty((2, h_t.size))
        joint[0], joint[1] = h_tx[0] if h_tx else self.entropy_x, h_ty
        return entropies.information(h_t, self._ceilings, joint), found


def _layers_last(values: npt.NDArray[Any], shape: tuple[int, ...], *last: int) -> npt.NDArray[Any]:
    """(s, *last), s the segments of codes shaped (n_layers, ..., n) -> (..., n_layers, *last)."""
    n_layers, *leading, _ = shape
    return values.reshape(n_layers, -1, *last).swapaxes(0, 1).reshape(*leading, n_layers, *last)


def _tiled(codes: Any) -> Any:
    """(..., n_copies, n) -> (..., n_copies * n)."""
    *leading, n_copies, n = codes.shape
    return codes.reshape(*leading, n_copies * n)


def _through(values: Any, who: IntArray) -> Any:
    """values (..., n_copies, n, d), who (..., n) -> (..., n, d): of every sample the copy that it is assigned."""
    *leading, n_copies, n, d = values.shape
    flat = values.reshape(-1, n_copies, n, d)
    who = np.array(who).reshape(-1, n)  # a copy: torch warns of read-only memory
    chosen = flat[np.arange(len(flat))[:, None], who, np.arange(n)]
    return chosen.reshape(*leading, n, d)


def _identify(labels: Any) -> tuple[IntArray, int]:
    ids, n_symbols = identify_rows(labels)
    return (ids if isinstance(ids, np.ndarray) else ids.cpu().numpy()), n_symbols


def _checked_layers(layers: Any, n_samples: int) -> list[Any]:
    """One array or a sequence of them -> list of float32 (..., n, d), on one device, with the same leading axes."""
    if isinstance(layers, np.ndarray) or is_tensor(layers):
        layers = [layers]
    if not isinstance(layers, Sequence) or not len(layers):
        way = "list(layers.values())" if isinstance(layers, Mapping) else "list(layers)"
        raise TypeError(f"layers is {shown(layers)}: pass one array (..., n, d) or a non-empty sequence of them ({way})")
    checks.same_device(**{f"layers[{i}]": layer for i, layer in enumerate(layers)})
    arrays = [checks.activations(f"layers[{i}]", layer, n_samples) for i, layer in enumerate(layers)]
    for i, array in enumerate(arrays):
        if array.shape[:-2] != arrays[0].shape[:-2]:
            raise ValueError(
                f"layers[{i}] has leading axes {tuple(array.shape[:-2])}, layers[0] has {tuple(arrays[0].shape[:-2])}: "
                "every layer needs the same copies and epochs in front of (n_samples, n_units)"
            )
    return arrays
