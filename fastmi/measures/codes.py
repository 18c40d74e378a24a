"""codes of layers, with X and Y fixed -> points: what every measure shares that counts symbols."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from fastmi import backends, belief, entropies
from fastmi.arrays import Bits, FloatArray, IntArray
from fastmi.counting import Tally, tally
from fastmi.inputs import is_tensor
from fastmi.measures.base import Variables, through, warn_of_pairs
from fastmi.points import Points

__all__ = ["Codes", "CodesReader"]


class Codes(Protocol):
    """What a reader of codes prepares: a named tuple.

    Attributes:
        codes: (n_layers, ..., n) int64, below 2^code_bits. names: what messages call the layers.
        outside: how many activations of each row lie outside, of the shape of codes, or None.
    """

    @property
    def codes(self) -> Any: ...

    @property
    def outside(self) -> Any: ...

    @property
    def code_bits(self) -> int: ...

    @property
    def names(self) -> Sequence[str]: ...

    def _replace(self, **changes: Any) -> Any: ...


PreparedCodes = TypeVar("PreparedCodes", bound=Codes)


class CodesReader(Generic[PreparedCodes]):
    """Counts codes: all of a reader but `prepare`, which makes them of layers."""

    mixes = True

    def __init__(self, variables: Variables, method: str = "plugin") -> None:
        self._variables, self._method = variables, method
        self._entropy = entropies.method(method, sample=variables.statements.sample)
        self._h_y, self._h_x = variables.entropies(method)
        self._ceilings = np.array([[self._h_x], [self._h_y]])

    def n_candidates(self, prepared: PreparedCodes) -> Sequence[int]:
        """Lists of how many each layer's symbols were chosen with the labels; 1 is no choice."""
        return [1] * len(prepared.names)

    def collisions(self, prepared: PreparedCodes) -> Sequence[float]:
        """Lists how many pairs of different rows are expected in one code."""
        return [0.0] * len(prepared.names)

    def share_outside(self, prepared: PreparedCodes) -> FloatArray | None:
        """Counts which share of each segment's activations lies outside, (s,), if that is known."""
        return None

    def joined(self, batches: Sequence[PreparedCodes]) -> PreparedCodes:
        """Lays the codes of some samples at a time end to end."""
        codes, outside = (
            None if pieces[0] is None else _end_to_end(pieces)
            for pieces in ([b.codes for b in batches], [b.outside for b in batches])
        )
        return batches[0]._replace(codes=codes, outside=outside)

    def sampled(self, prepared: PreparedCodes, assignment: IntArray) -> PreparedCodes:
        # once for all layers, and for codes and what lies outside
        copies = backends.twin_for(prepared.codes).beside(assignment, prepared.codes)
        codes, outside = (
            None if rows is None else _of_copies(rows, copies)
            for rows in (prepared.codes, prepared.outside)
        )
        return prepared._replace(codes=codes, outside=outside)

    def mixture(self, prepared: PreparedCodes) -> PreparedCodes:
        *leading, n_copies, n = prepared.codes.shape
        # rows of one sample hang together: nothing is said of them
        return prepared._replace(codes=prepared.codes.reshape(*leading, n_copies * n), outside=None)

    def bits(self, prepared: PreparedCodes) -> Bits:
        bits, counts = self._information(prepared.codes, prepared.code_bits)
        self._warn_of_pairs(prepared, counts)
        return _layers_last(bits.T, prepared.codes.shape, 2)

    def points(self, prepared: PreparedCodes) -> Points:
        shape = prepared.codes.shape
        bits, counts = self._information(prepared.codes, prepared.code_bits)
        s = bits.shape[1]
        of_codes = counts.between(0, s)
        columns = {
            "i_xt": bits[0],
            "i_ty": bits[1],
            "n_symbols": of_codes.n_symbols,
            "coverage": of_codes.coverage,
        }
        if shape[-1] == self._variables.n_samples:
            pairs = counts.between(s, 2 * s)
            columns |= self._variables.statements.of(of_codes, pairs, self._charges(prepared, s))
        outside = self.share_outside(prepared)
        if outside is not None:
            columns["outside"] = outside
        points = {name: _layers_last(column, shape) for name, column in columns.items()}
        n_samples = np.full(points["i_xt"].shape, self._variables.n_samples)
        coding = np.broadcast_to(self.collisions(prepared), n_samples.shape).copy()
        return Points(**points, n_samples=n_samples, coding=coding)

    def _warn_of_pairs(self, prepared: PreparedCodes, counts: Tally) -> None:
        """Warns of layers whose pairs (T,Y) nearly all differ; of a mixture nothing is said."""
        n, s = prepared.codes.shape[-1], counts.n_segments // (3 if self._counts_x(1) else 2)
        if self._variables.judged and n == self._variables.n_samples:
            warn_of_pairs(self._variables, prepared.names, counts.between(s, 2 * s).coverage)

    def _charges(self, prepared: PreparedCodes, n_segments: int) -> FloatArray:
        """Finds what the choice of its bins costs each segment, (s,)."""
        n = self._variables.n_samples
        of_layers = [belief.charge(m, n) for m in self.n_candidates(prepared)]
        return np.repeat(of_layers, n_segments // len(of_layers))

    def _information(self, codes: Any, code_bits: int) -> tuple[FloatArray, Tally]:
        """Estimates I(X;T) and I(T;Y) of s segments, (2, s), and gives their tally.

        Sample i stands at i, n + i, 2n + i, ... of each.
        """
        n, fixed = codes.shape[-1], self._variables
        n_repeats = n // fixed.n_samples
        sizes = (fixed.n_y, fixed.n_x) if self._counts_x(n_repeats) else (fixed.n_y,)
        labels = fixed.labels_beside(codes, len(sizes))
        if n_repeats > 1:
            labels = (
                labels.repeat(1, n_repeats) if is_tensor(labels) else np.tile(labels, n_repeats)
            )
        counts = tally(codes.reshape(-1, n), labels, sizes, code_bits)
        h_t, h_ty, *h_tx = self._entropy(counts).reshape(1 + len(sizes), -1)
        joint = np.empty((2, h_t.size))
        joint[0], joint[1] = h_tx[0] if h_tx else self._h_x, h_ty
        return entropies.information(h_t, self._ceilings_of(n_repeats), joint), counts

    def _counts_x(self, n_repeats: int) -> bool:
        """Tells whether pairs (t, x) are counted: not where each is as alone as its x."""
        return self._variables.n_x < self._variables.n_samples or n_repeats > 1

    def _ceilings_of(self, n_repeats: int) -> FloatArray:
        """Estimates H(X) and H(Y) over as many rows as T has.

        A correction depends on their number, the shares do not.
        """
        if n_repeats == 1 or self._method == "plugin":
            return self._ceilings
        h_y, h_x = self._entropy(tally(np.tile(self._variables.labels, n_repeats)))
        return np.array([[h_x], [h_y]])


def _end_to_end(pieces: Sequence[Any]) -> Any:
    """Joins arrays (..., n_b) of one container along the samples."""
    if not is_tensor(pieces[0]):
        return np.concatenate(pieces, axis=-1)
    import torch

    return torch.cat(list(pieces), dim=-1)


def _of_copies(rows: Any, copies: Any) -> Any:
    """Takes, of rows (n_layers, ..., n_copies, n), those of the copy that a sample is assigned."""
    shape = (len(rows), *copies.shape)
    of_layers = copies.expand(shape) if is_tensor(copies) else np.broadcast_to(copies, shape)
    return through(rows[..., None], of_layers)[..., 0]


def _layers_last(values: npt.NDArray[Any], shape: tuple[int, ...], *last: int) -> npt.NDArray[Any]:
    """Lays (s, *last) out as (..., n_layers, *last), s the segments of codes (n_layers, ..., n)."""
    n_layers, *leading, _ = shape
    return values.reshape(n_layers, -1, *last).swapaxes(0, 1).reshape(*leading, n_layers, *last)
