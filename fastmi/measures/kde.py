"""Bounds of the information in a layer to which Gaussian noise is added, by pairwise kernels.

Source: Kolchinsky and Tracey 2017, doi:10.3390/e19070361.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmi import backends, checks
from fastmi.arrays import Bits, FloatArray, IntArray
from fastmi.inputs import is_tensor
from fastmi.measures.base import Layers, Variables, through
from fastmi.points import Points

__all__ = ["KDEBounds"]

PAIRS = 2**24  # of samples compared at a time on a device
HIGHEST = 1e15  # in float32, whose squares stay finite


@dataclass(frozen=True)
class KDEBounds:
    """Bounds I(X;T + noise) and I(T + noise;Y), noise ~ N(0, s^2 1), by Gaussians on every sample.

    With D_ij = |t_i - t_j|^2, n samples and h(v) = -mean_i log2 mean_j exp(-D_ij / (2 v)):

        h(4 s^2) <= I(X;T) <= h(s^2)                     where T is a function of X and every x is
        distinct h(4 s^2) - sum_y P(y) h_y(s^2) <= I(T;Y) <= h(s^2) - sum_y P(y) h_y(4 s^2)

    with h_y over the samples of a class. What was published as bounds of I(T;Y) are the differences
    of equal kernels, "upper" h(s^2) - sum_y P(y) h_y(s^2) and "lower" the same of 4 s^2: neither
    bounds it. All of them are in the points.

    The noise has to be a stated part of the network: for a network without noise the numbers are
    those of another network, and s^2 decides them. They end at log2 n, as counts do. (Kolchinsky
    and Tracey 2017, doi:10.3390/e19070361; the published use is Saxe et al. 2018.)

    In a table i_xt and i_ty are the published pair that `pair` names; i_xt_lower, i_xt_upper,
    i_ty_lower, i_ty_upper are the bounds. Of a mixture of copies nothing is known here, and it is
    refused.

    Args:
        noise_variance: s^2, above 0. pair: "upper" (what is usually drawn) or "lower".
        precision: of distances and kernels, "float32" (right to about 1e-6 bits) or "float64",
            about five times slower. Layers come in float32.

    Raises:
        TypeError, ValueError: a variance that is no number above 0, another pair or precision.
    """

    noise_variance: float
    pair: str = "upper"
    precision: str = "float32"

    def __post_init__(self) -> None:
        variance = checks.not_negative("noise_variance", self.noise_variance)
        if not variance:
            raise ValueError(
                "noise_variance is 0: without noise the information of a continuous layer has no "
                "bound; pass s^2"
            )
        object.__setattr__(self, "noise_variance", variance)
        checks.one_of("pair", self.pair, ("upper", "lower"))
        checks.one_of("precision", self.precision, ("float32", "float64"))

    def reader(self, variables: Variables) -> _Reader:
        """Fixes Y; X is what tells the samples apart."""
        return _Reader(self, variables)

    def __str__(self) -> str:
        return f"KDE {self.pair} bounds, noise variance {self.noise_variance:g}"


class _Reader:
    mixes = False

    def __init__(self, measure: KDEBounds, variables: Variables) -> None:
        self._measure, self._variables = measure, variables
        self._class_sizes = np.bincount(variables.ids_y)[variables.ids_y]  # of each sample's class
        _, self._first_of_x = np.unique(variables.ids_x, return_index=True)

    def prepare(self, layers: Layers, n_copies: int = 1, for_points: bool = False) -> list[Any]:
        for name, array in zip(layers.places, layers.arrays, strict=True):
            if not bool((abs(array) < np.inf).all()):
                raise ValueError(
                    f"{name} holds NaN or infinities, which have no distance: did the training "
                    "diverge? drop those samples"
                )
        return layers.arrays

    def sampled(self, prepared: list[Any], assignment: IntArray) -> list[Any]:
        return [through(layer, assignment) for layer in prepared]

    def mixture(self, prepared: list[Any]) -> list[Any]:
        raise ValueError(
            "KDEBounds has no mixture: its bounds rest on H(T|X) being the entropy of the noise,"
            ' and over copies it is not; read "each" or "sampled" (leave the mixture out)'
        )

    def bits(self, prepared: list[Any]) -> Bits:
        return self.points(prepared).bits

    def points(self, prepared: list[Any]) -> Points:
        pairs = np.stack([self._layer(layer) for layer in prepared], axis=-1)  # (4, ..., n_layers)
        wide_x, narrow_x, wide_y, narrow_y = pairs
        upper = self._measure.pair == "upper"
        i_xt, i_ty = (narrow_x, narrow_x - narrow_y) if upper else (wide_x, wide_x - wide_y)
        return Points(
            i_xt,
            i_ty,
            n_samples=np.full(i_xt.shape, self._variables.n_samples),
            i_xt_lower=wide_x,
            i_xt_upper=narrow_x,
            i_ty_lower=wide_x - narrow_y,
            i_ty_upper=narrow_x - wide_y,
        )

    def _layer(self, layer: Any) -> FloatArray:
        """(..., n, d) -> (4, ...): h(4 s^2), h(s^2), and of each the mean over the classes."""
        leading = tuple(layer.shape[:-2])
        networks = [self._network(one) for one in layer.reshape(-1, *layer.shape[-2:])]
        return np.array(networks).T.reshape(4, *leading)

    def _in_noise_units(self, t: Any) -> Any:
        """Divides by s, so that all stays within the range of floats: of float64 where need be."""
        t = t.double() if is_tensor(t) else t.astype(np.float64)
        t = t / math.sqrt(self._measure.noise_variance)
        if self._measure.precision == "float64" or float(abs(t).max()) > HIGHEST:
            return t
        return t.float() if is_tensor(t) else t.astype(np.float32)

    def _of_first(self, t: Any) -> Any:
        """Takes, of each sample, the row of the first with an equal x."""
        first = self._first_of_x[self._variables.ids_x]
        return t[backends.twin_for(t).beside(first, t) if is_tensor(t) else first]

    def _network(self, t: Any) -> FloatArray:
        fixed = self._variables
        t = self._in_noise_units(t)
        if fixed.n_x < fixed.n_samples and not bool((self._of_first(t) == t).all()):
            raise ValueError(
                "x has rows that are equal where a layer is not, and KDEBounds takes a layer to be "
                "a function of x: H(T|X) would not be the entropy of the noise; count such layers, "
                "or drop repeated x"
            )
        if is_tensor(t):
            sums = _sums_on_device(t, fixed.labels_beside(t, 1)[0])
        else:
            from fastmi.backends.numba_gaussians import gaussian_sums

            sums = gaussian_sums(t, fixed.ids_y, fixed.n_y)
        of_all = -np.log2(sums[:2] / fixed.n_samples)
        of_class = -np.log2(sums[2:] / self._class_sizes)
        return np.concatenate([of_all.mean(axis=1), of_class.mean(axis=1)])


def _sums_on_device(t: Any, of_class: Any) -> FloatArray:
    """As `gaussian_sums`, by differences of all pairs, some rows at a time."""
    import torch

    step = max(1, PAIRS // len(t))
    parts = []
    for first in range(0, len(t), step):
        squares = torch.cdist(
            t[first : first + step], t, compute_mode="donot_use_mm_for_euclid_dist"
        ).square()
        wide = torch.exp(squares / -8).double()
        same = (of_class[first : first + step, None] == of_class[None]).double()
        fourth = wide**4
        parts.append(
            torch.stack([wide.sum(1), fourth.sum(1), (wide * same).sum(1), (fourth * same).sum(1)])
        )
    return torch.cat(parts, dim=1).cpu().numpy()
