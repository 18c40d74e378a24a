"""Counting: every distinct row of bins is a symbol, and the information is that of the counts."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi import backends, belief, checks, entropies
from fastmi.arrays import Bits, FloatArray, IntArray
from fastmi.backends import Census
from fastmi.binning import Binning, as_binning
from fastmi.coding import Encoded, encode_layers
from fastmi.counting import LOWEST_COVERAGE, CoverageWarning, Tally, tally
from fastmi.inputs import is_tensor, on_host, shortened
from fastmi.measures.base import Layers, Variables, points_of, through
from fastmi.points import Points

__all__ = ["Counted"]


@dataclass(frozen=True, repr=False)
class Counted:
    """Measures I(X;T) = H(T) - H(T|X) and I(T;Y) = H(T) - H(T|Y) of binned layers T, in bits.

    Where every row of X is distinct and T is a function of X, H(T|X) is 0 and I(X;T) = H(T)
    exactly, under every method.

    Args:
        binning: `Edges`, `UniformBins`, ..., for all layers, or a mapping name -> binning.
        method: how the entropies are estimated, one of `fastmi.entropies.METHODS`. A corrected one
            is not clipped: information may then be negative, or exceed both entropies.

    Raises:
        TypeError: something else than a binning. ValueError: an unknown method.
    """

    binning: Binning | Mapping[str, Binning]
    method: str = "plugin"

    def __post_init__(self) -> None:
        given = self.binning
        if isinstance(given, Mapping):
            if not given:
                raise ValueError(
                    "binning is empty: pass a mapping name -> binning of the layers that are to be "
                    "counted"
                )
            object.__setattr__(
                self,
                "binning",
                {str(name): as_binning(bins, f"binning[{name!r}]") for name, bins in given.items()},
            )
        else:
            as_binning(given)
        entropies.method(self.method)

    def __hash__(self) -> int:
        return hash((str(self), self.method))

    def reader(self, variables: Variables) -> _Reader:
        """Fixes X and Y."""
        return _Reader(self, variables)

    @property
    def binnings(self) -> list[Binning]:
        """Lists the bins of all layers."""
        bins = self.binning
        return list(bins.values()) if isinstance(bins, Mapping) else [bins]

    def binning_of(self, layer: str) -> Binning:
        """Finds the bins of a layer.

        Raises:
            ValueError: it has none.
        """
        if not isinstance(self.binning, Mapping):
            return self.binning
        if layer not in self.binning:
            raise ValueError(
                f"binning has no bins for the layer {layer!r}, only for "
                f"{', '.join(map(repr, self.binning))}: pass layers as a mapping with these names, "
                "or one binning for all"
            )
        return self.binning[layer]

    def __repr__(self) -> str:
        return f"Counted({shortened(str(self))}, method={self.method!r})"

    def __str__(self) -> str:
        if isinstance(self.binning, Mapping):
            return "; ".join(f"{name}: {bins}" for name, bins in self.binning.items())
        return str(self.binning)


class _Reader:
    """Counts codes: what is prepared is `Encoded` layers."""

    mixes = True

    def __init__(self, measure: Counted, variables: Variables) -> None:
        self._measure, self._variables = measure, variables
        self._entropy = entropies.method(measure.method, sample=variables.statements.sample)
        self._h_y, self._h_x = variables.entropies(measure.method)
        self._ceilings = np.array([[self._h_x], [self._h_y]])

    def prepare(self, layers: Layers, n_copies: int = 1, for_points: bool = False) -> Encoded:
        return encode_layers(
            layers.arrays,
            [self._measure.binning_of(name) for name in layers.names],
            layers.places,
            n_together=n_copies * self._variables.n_samples,
            by_row=for_points,
        )

    def joined(self, batches: Sequence[Encoded]) -> Encoded:
        """Lays the codes of some samples at a time end to end."""
        first = batches[0]
        codes, outside = (
            None if pieces[0] is None else _end_to_end(pieces)
            for pieces in ([b.codes for b in batches], [b.outside for b in batches])
        )
        censuses = [
            Census(sum(each.nan for each in of_layer), sum(each.outside for each in of_layer))
            for of_layer in zip(*(batch.censuses for batch in batches), strict=True)
        ]
        return first._replace(codes=codes, outside=outside, censuses=censuses)

    def sampled(self, prepared: Encoded, assignment: IntArray) -> Encoded:
        # once for all layers, and for codes and what lies outside
        copies = backends.twin_for(prepared.codes).beside(assignment, prepared.codes)
        codes, outside = (
            None if rows is None else _of_copies(rows, copies)
            for rows in (prepared.codes, prepared.outside)
        )
        return prepared._replace(codes=codes, outside=outside)

    def mixture(self, prepared: Encoded) -> Encoded:
        *leading, n_copies, n = prepared.codes.shape
        # rows of one sample hang together: nothing is said of them
        return prepared._replace(codes=prepared.codes.reshape(*leading, n_copies * n), outside=None)

    def bits(self, prepared: Encoded) -> Bits:
        bits, counts = self._information(prepared.codes, prepared.code_bits)
        self._warn_of_pairs(prepared, counts)
        return _layers_last(bits.T, prepared.codes.shape, 2)

    def points(self, prepared: Encoded) -> Points:
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
        if prepared.outside is not None:
            columns["outside"] = self._share_outside(prepared)
        collisions = np.array(
            [scheme.expected_collisions(shape[-1]) for scheme in prepared.schemes]
        )
        points = {name: _layers_last(column, shape) for name, column in columns.items()}
        n_samples = np.full(points["i_xt"].shape, self._variables.n_samples)
        coding = np.broadcast_to(collisions, n_samples.shape).copy()
        return Points(**points, n_samples=n_samples, coding=coding)

    def _warn_of_pairs(self, prepared: Encoded, counts: Tally) -> None:
        """Warns of layers whose pairs (T,Y) nearly all differ; of a mixture nothing is said."""
        n, s = prepared.codes.shape[-1], counts.n_segments // (3 if self._splits_x(1) else 2)
        fixed = self._variables
        if not fixed.judged or n != fixed.n_samples:
            return
        coverage = counts.between(s, 2 * s).coverage.reshape(len(prepared.names), -1)
        lost = (coverage <= LOWEST_COVERAGE).sum(axis=1).tolist()
        if any(lost):
            warnings.warn(
                f"unresolved: {points_of(prepared.names, lost, coverage.shape[1])}: at most one "
                f"sample in twenty shares its code and label with another of these {n}, and "
                "I(T;Y) would be nearly the same for any labels; take more samples, fewer bins or "
                "units, or another measure (`readings` says what stands beside each number)",
                CoverageWarning,
                stacklevel=checks.depth_of_caller(),
            )

    def _share_outside(self, prepared: Encoded) -> FloatArray:
        """Counts which share of each segment's activations lies outside, (s,)."""
        n_outside = on_host(prepared.outside.sum(-1))
        widths = np.array([len(scheme.weights) for scheme in prepared.schemes])
        n_values = prepared.outside.shape[-1] * widths
        return (n_outside.reshape(len(widths), -1) / n_values[:, None]).reshape(-1)

    def _charges(self, prepared: Encoded, n_segments: int) -> FloatArray:
        """Finds what the choice of its bins costs each segment, (s,)."""
        n = self._variables.n_samples
        of_layers = [belief.charge(bins.n_candidates, n) for bins in prepared.binnings]
        return np.repeat(of_layers, n_segments // len(of_layers))

    def _information(self, codes: Any, code_bits: int) -> tuple[FloatArray, Tally]:
        """Estimates I(X;T) and I(T;Y) of s segments, (2, s), and gives their tally.

        Sample i stands at i, n + i, 2n + i, ... of each.
        """
        n, fixed = codes.shape[-1], self._variables
        n_repeats = n // fixed.n_samples
        sizes = (fixed.n_y, fixed.n_x) if self._splits_x(n_repeats) else (fixed.n_y,)
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

    def _splits_x(self, n_repeats: int) -> bool:
        """Tells whether pairs (t, x) are counted: not where each is as alone as its x."""
        return self._variables.n_x < self._variables.n_samples or n_repeats > 1

    def _ceilings_of(self, n_repeats: int) -> FloatArray:
        """Estimates H(X) and H(Y) over as many rows as T has.

        A correction depends on their number, the shares do not.
        """
        if n_repeats == 1 or self._measure.method == "plugin":
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
