"""Counting: every distinct row of bins is a symbol, and the information is that of the counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fastmi import entropies
from fastmi.arrays import FloatArray
from fastmi.backends import Census
from fastmi.binning import Binning, as_binning
from fastmi.coding import Encoded, encode_layers
from fastmi.inputs import on_host, shortened
from fastmi.measures.base import Layers, Variables
from fastmi.measures.codes import CodesReader

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


class _Reader(CodesReader[Encoded]):
    """Counts rows of bins: what is prepared is `Encoded` layers."""

    def __init__(self, measure: Counted, variables: Variables) -> None:
        super().__init__(variables, measure.method)
        self._measure = measure

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
        censuses = [
            Census(sum(each.nan for each in of_layer), sum(each.outside for each in of_layer))
            for of_layer in zip(*(batch.censuses for batch in batches), strict=True)
        ]
        return super().joined(batches)._replace(censuses=censuses)

    def n_candidates(self, prepared: Encoded) -> list[int]:
        return [bins.n_candidates for bins in prepared.binnings]

    def collisions(self, prepared: Encoded) -> list[float]:
        n = prepared.codes.shape[-1]
        return [scheme.expected_collisions(n) for scheme in prepared.schemes]

    def share_outside(self, prepared: Encoded) -> FloatArray | None:
        if prepared.outside is None:
            return None
        n_outside = on_host(prepared.outside.sum(-1))
        widths = np.array([len(scheme.weights) for scheme in prepared.schemes])
        n_values = prepared.outside.shape[-1] * widths
        return (n_outside.reshape(len(widths), -1) / n_values[:, None]).reshape(-1)
