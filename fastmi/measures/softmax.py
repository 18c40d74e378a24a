"""SoftmaxChannel: the exact information of a layer of probabilities of classes, without bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fastmi.arrays import Bits, FloatArray, IntArray
from fastmi.inputs import on_host
from fastmi.measures.base import Layers, Variables, through
from fastmi.points import Points

__all__ = ["SoftmaxChannel"]

SUM_TOLERANCE = 1e-3  # of the sum of a row's probabilities, which float16 still keeps


@dataclass(frozen=True)
class SoftmaxChannel:
    """Measures I(X;C) and I(C;Y) of a class C that is drawn from a softmax layer, in bits.

        I(X;C) = H(mean p) - sum_x P(x) H(mean_x p)
        I(C;Y) = H(mean p) - sum_y P(y) H(mean_y p)

    p_i is what a softmax layer gives for sample i: the probability that a class C, drawn from it,
    is each of the k classes. So both are exact for the channel from these samples to C, without
    bins, and at most log2 k. In a mixture p_i is the mean over the copies. Layers that are no
    probabilities are refused: measure those in another way (a mapping name -> measure).
    """

    def reader(self, variables: Variables) -> _Reader:
        """Fixes Y; X is what tells the samples apart.

        Where every x is another, batches are added up.
        """
        adds_up = variables.n_x == variables.n_samples
        return (_Adding if adds_up else _Reader)(variables)

    def __str__(self) -> str:
        return "the channel of a softmax"


class _Reader:
    """Averages probabilities: what is prepared is each layer, (..., n, k), whose rows sum to 1."""

    mixes = True

    def __init__(self, variables: Variables) -> None:
        self._variables = variables

    def prepare(
        self, layers: Layers, n_copies: int = 1, for_points: bool = False
    ) -> list[FloatArray]:
        probabilities = [on_host(array).astype(np.float64) for array in layers.arrays]
        for place, p in zip(layers.places, probabilities, strict=True):
            with np.errstate(invalid="ignore"):  # inf - inf
                far = np.abs(p.sum(axis=-1) - 1)
            if not np.isfinite(p).all() or not (p >= 0).all() or not (far <= SUM_TOLERANCE).all():
                raise ValueError(
                    f"{place} holds no probabilities (a row's sum is {np.max(far):g} from 1, the "
                    f"lowest value is {p.min():g}): pass the output of a softmax over the last "
                    "axis"
                )
        return [p / p.sum(axis=-1, keepdims=True) for p in probabilities]

    def sampled(self, prepared: list[FloatArray], assignment: IntArray) -> list[FloatArray]:
        return [through(layer, assignment) for layer in prepared]

    def mixture(self, prepared: list[FloatArray]) -> list[FloatArray]:
        return [layer.mean(axis=-3) for layer in prepared]

    def bits(self, prepared: list[FloatArray]) -> Bits:
        return self.points(prepared).bits

    def points(self, prepared: list[FloatArray]) -> Points:
        i_xt, i_ty = np.stack([self._layer(layer) for layer in prepared], axis=-1)
        return Points(i_xt, i_ty, n_samples=np.full(i_xt.shape, self._variables.n_samples))

    def _layer(self, p: FloatArray) -> tuple[FloatArray, FloatArray]:
        whole, fixed = _entropy(p.mean(axis=-2)), self._variables
        given_x, given_y = _conditional(p, fixed.ids_x), _conditional(p, fixed.ids_y)
        return np.maximum(whole - given_x, 0), np.maximum(whole - given_y, 0)


class _Sums(NamedTuple):
    """Sums of p of each label, (n_labels, k), and of H(p_i) in bits."""

    p: FloatArray
    entropy: float


class _Adding(_Reader):
    """Adds up batches."""

    def accumulate(self, state: _Sums | None, layers: Layers, first: int) -> _Sums:
        (p,) = self.prepare(layers)
        p = p.mean(axis=0) if p.ndim == 3 else p
        before = state or _Sums(np.zeros((self._variables.n_y, p.shape[1])), 0.0)
        np.add.at(before.p, self._variables.ids_y[first : first + len(p)], p)
        return before._replace(entropy=before.entropy + _entropy(p).sum())

    def accumulated(self, state: _Sums) -> Points:
        counts, n = np.bincount(self._variables.ids_y), self._variables.n_samples
        whole = _entropy(state.p.sum(axis=0) / n)
        given_y = _entropy(state.p / counts[:, None]) @ counts / n
        i_xt, i_ty = np.maximum(whole - [[state.entropy / n], [given_y]], 0)
        return Points(i_xt, i_ty, n_samples=np.array([n]))


def _conditional(p: FloatArray, ids: IntArray) -> FloatArray:
    """Computes sum_a P(a) H(mean of p over the samples of a), in bits."""
    order, counts = np.argsort(ids, kind="stable"), np.bincount(ids)  # numbers without gaps
    sums = np.add.reduceat(p[..., order, :], np.cumsum(counts) - counts, axis=-2)
    return _entropy(sums / counts[:, None]) @ (counts / len(ids))


def _entropy(p: FloatArray) -> FloatArray:
    """Computes the entropy of probabilities (..., k), (...) in bits; 0 log 0 is 0."""
    return -np.where(p > 0, p * np.log2(np.where(p > 0, p, 1)), 0).sum(axis=-1)
