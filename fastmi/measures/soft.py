"""SoftCodes: a layer's directions, softly assigned to random anchors, as a channel without bins."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fastmi import backends, checks, entropies
from fastmi.arrays import Bits, FloatArray, IntArray
from fastmi.counting import FEWEST_SAMPLES
from fastmi.inputs import is_tensor, on_host
from fastmi.measures.base import Layers, Variables, through
from fastmi.points import Points, joined

__all__ = ["SoftCodes"]

PROBABILITIES = 2**19  # held at a time
LEAST = 1e-300  # of a norm: 0 stays 0


@dataclass(frozen=True)
class SoftCodes:
    """Measures I(X;W) and I(W;Y) of an anchor W that is drawn near a layer's direction, in bits.

        z = t / |t|;  p_i = softmax over the anchors w of <z_i, w> / eps
        I(X;W) = H(mean p) - sum_x P(x) H(mean_x p)
        I(W;Y) = H(mean p) - sum_y P(y) H(mean_y p)

    The anchors are `n_anchors` random directions of unit length, drawn `n_seeds` times. i_xt and
    i_ty are the means over these draws, i_xt_sd and i_ty_sd their standard deviations: anchors
    alone move I(W;Y) by a tenth. W is a channel from these samples, so I(W;Y) <= I(X;W) and, for
    all samples there are, I(W;Y) <= I(T;Y). Only numbers of one n_anchors, eps and width compare.
    A row of zeros has no direction, and is near all anchors alike. In a mixture p_i is the mean
    over the copies. (Conklin et al., arXiv:2604.07569.)

    A mean over n samples makes H(mean p) too low, and a class has fewer samples than all of them:
    `corrected` adds sum_w Var(p_w) / mean(p_w) / (2 n ln 2) to each, with its own n and variances,
    and refuses labels of less than 20 samples. It is the first order alone: in a class of about as
    many samples as there are anchors in use, 2^H(W), a fifth of the bias may stay. What is
    corrected may be negative. Over a population nothing is added.

    Args:
        n_anchors: B, at least 2. n_seeds: how often they are drawn; with 1 there is no sd.
        eps: the width, above 0. None is 1 / sqrt(2 d ln B) for d units.
        seed: of the draws, an integer of at least 0. They are the same on every device.
        corrected: whether the bias is.
        precision: of products and of p, "float32" (right to about 1e-5 bits) or "float64". Sums are
            float64 in both.

    Raises:
        TypeError, ValueError: numbers that are none of these; another precision.
    """

    n_anchors: int
    n_seeds: int = 8
    eps: float | None = None
    seed: int = 0
    corrected: bool = True
    precision: str = "float32"

    def __post_init__(self) -> None:
        if checks.positive_integer("n_anchors", self.n_anchors) < 2:
            raise ValueError("n_anchors is 1: one anchor tells nothing apart; pass 2 or more")
        checks.positive_integer("n_seeds", self.n_seeds)
        if self.eps is not None and not checks.not_negative("eps", self.eps):
            raise ValueError("eps is 0: pass a width above 0, or None for 1 / sqrt(2 d ln B)")
        checks.seed(self.seed)
        if not isinstance(self.corrected, bool):
            raise TypeError(f"corrected is {self.corrected!r}: pass True or False")
        checks.one_of("precision", self.precision, ("float32", "float64"))

    def reader(self, variables: Variables) -> _Reader:
        """Fixes X and Y.

        Where every x is another, batches are added up.

        Raises:
            ValueError: a label of too few samples to correct.
        """
        adds_up = variables.n_x == variables.n_samples
        return (_Adding if adds_up else _Reader)(self, variables)

    def __str__(self) -> str:
        eps = "" if self.eps is None else f", eps {self.eps:g}"
        raw = "" if self.corrected else ", not corrected"
        return (
            f"soft codes of {self.n_anchors} anchors{eps}, {self.n_seeds} draws from seed "
            f"{self.seed}{raw}"
        )


class Sums(NamedTuple):
    """What samples add up to, of s draws of B anchors.

    Attributes:
        counts: (n_labels,) samples. p, squares: (n_labels, s, B), of the probabilities.
            given_x: (s,), sum over the samples of H(mean_x p), in bits.
    """

    counts: IntArray
    p: FloatArray
    squares: FloatArray
    given_x: FloatArray

    def plus(self, other: Sums) -> Sums:
        """Adds other samples."""
        return Sums(
            self.counts + other.counts,
            self.p + other.p,
            self.squares + other.squares,
            self.given_x + other.given_x,
        )


class _Prepared(NamedTuple):
    """Layers (..., n, d), or (..., n_copies, n, d) that are mixed."""

    layers: Layers
    mixed: bool = False


class _Reader:
    mixes = True

    def __init__(self, measure: SoftCodes, variables: Variables) -> None:
        sizes = np.bincount(variables.ids_y)
        self._corrected = measure.corrected and variables.statements.sample != "population"
        if self._corrected and sizes.min() < FEWEST_SAMPLES:
            raise ValueError(
                f"y has a label of {sizes.min()} samples, and SoftCodes corrects its bias label by "
                f"label, each of at least {FEWEST_SAMPLES}: take more samples, fewer labels, or "
                "corrected=False"
            )
        self._measure, self._variables = measure, variables
        self._drawn: dict[Any, Any] = {}

    def prepare(self, layers: Layers, n_copies: int = 1, for_points: bool = False) -> _Prepared:
        for place, array in zip(layers.places, layers.arrays, strict=True):
            if not bool((abs(array) < np.inf).all()):
                raise ValueError(
                    f"{place} holds NaN or infinities, which have no direction: did the training "
                    "diverge? drop those samples"
                )
        return _Prepared(layers)

    def sampled(self, prepared: _Prepared, assignment: IntArray) -> _Prepared:
        arrays = [through(layer, assignment) for layer in prepared.layers.arrays]
        return _Prepared(prepared.layers._replace(arrays=arrays))

    def mixture(self, prepared: _Prepared) -> _Prepared:
        return prepared._replace(mixed=True)

    def bits(self, prepared: _Prepared) -> Bits:
        return self.points(prepared).bits

    def points(self, prepared: _Prepared) -> Points:
        return joined([self._layer(layer, prepared.mixed) for layer in prepared.layers.arrays], -1)

    def _layer(self, layer: Any, mixed: bool) -> Points:
        """(..., n, d), or mixed (..., n_copies, n, d) -> (..., 1)."""
        layer = layer if mixed else layer[..., None, :, :]
        *leading, n_copies, n, d = layer.shape
        networks = layer.reshape(-1, n_copies, n, d)
        found = [self._points(self._sums(network)) for network in networks]
        return joined(found, 0).map(lambda column: column.reshape(*leading, 1))

    def _points(self, sums: Sums) -> Points:
        """Makes (1,) of what all samples add up to."""
        n, counts = self._variables.n_samples, sums.counts
        whole = self._entropy(sums.p.sum(0), sums.squares.sum(0), np.array(n))  # (s,)
        given_y = counts / n @ self._entropy(sums.p, sums.squares, counts[:, None])
        bits = entropies.settle(np.stack([whole - sums.given_x / n, whole - given_y]))
        i_xt, i_ty = bits.mean(axis=1, keepdims=True)
        sd: dict[str, FloatArray] = {}
        if self._measure.n_seeds > 1:
            sd["i_xt_sd"], sd["i_ty_sd"] = bits.std(axis=1, ddof=1, keepdims=True)
        return Points(i_xt, i_ty, n_samples=np.array([n]), **sd)

    def _entropy(self, p: FloatArray, squares: FloatArray, n: IntArray) -> FloatArray:
        """Computes H(mean p) in bits from sums (..., B) over n samples, and corrects it."""
        mean = p / n[..., None]
        bits = _entropy(mean)
        if not self._corrected:
            return bits
        variance = (squares / n[..., None] - mean**2) * (n / (n - 1))[..., None]
        over = np.divide(variance, mean, out=np.zeros_like(mean), where=mean > 0)
        return bits + over.sum(-1) / (2 * n * math.log(2))

    def _sums(self, layer: Any, before: int = 0) -> Sums:
        """Adds up a layer (n_copies, n, d), some samples at a time; so many came before them."""
        n_copies, n, _ = layer.shape
        anchors, fixed = self._anchors(layer), self._variables
        step = max(1, PROBABILITIES // (n_copies * math.prod(anchors.shape[:2])))
        if fixed.n_x == fixed.n_samples:
            return _total(
                self._of_batch(layer[:, first : first + step], anchors, before + first)
                for first in range(0, n, step)
            )
        return _total(
            self._of_rows(layer, anchors, rows, fixed.ids_x[rows]) for rows in self._by_x(step)
        )

    def _of_batch(self, layer: Any, anchors: Any, first: int) -> Sums:
        """Adds up some samples, from the first on, whose x are all different."""
        p = probabilities(layer, anchors)
        ids = self._variables.ids_y[first : first + len(p)]
        return Sums(*_of_labels(p, ids, self._variables.n_y), _entropies(p))

    def _of_rows(self, layer: Any, anchors: Any, rows: IntArray, ids_x: IntArray) -> Sums:
        """Adds up some samples, among them all of each x that they have."""
        at = backends.twin_for(layer).beside(rows, layer)
        p = probabilities(layer[:, at], anchors)
        _, ids, counts = np.unique(ids_x, return_inverse=True, return_counts=True)
        given_x = counts @ _entropy(_grouped(p, ids, len(counts)) / counts[:, None, None])
        return Sums(*_of_labels(p, self._variables.ids_y[rows], self._variables.n_y), given_x)

    def _by_x(self, step: int) -> Iterator[IntArray]:
        """Parts the samples, about so many at a time, those of one x together."""
        ids = self._variables.ids_x
        order, ends = np.argsort(ids, kind="stable"), np.cumsum(np.bincount(ids))
        first = 0
        while first < ids.size:
            last = ends[np.searchsorted(ends, min(first + step, ids.size))]
            yield order[first:last]
            first = last

    def _anchors(self, layer: Any) -> Any:
        """Draws the anchors of a layer's width, (s, B, d), where it lies, over eps."""
        measure, d = self._measure, layer.shape[-1]
        place = d, layer.device if is_tensor(layer) else None
        if place not in self._drawn:
            drawn = drawn_anchors(measure.n_seeds, measure.n_anchors, d, measure.seed)
            scaled = (drawn / width(measure, d)).astype(measure.precision)
            self._drawn[place] = (
                backends.twin_for(layer).receive(scaled).to(layer.device)
                if is_tensor(layer)
                else scaled
            )
        return self._drawn[place]

    def __getstate__(self) -> dict[str, Any]:
        """Leaves at home what lies on a device."""
        return {**vars(self), "_drawn": {}}


class _Adding(_Reader):
    """Adds up batches."""

    def accumulate(self, state: Sums | None, layers: Layers, first: int) -> Sums:
        (layer,) = self.prepare(layers).layers.arrays
        layer = layer if layer.ndim == 3 else layer[None]
        found = self._sums(layer, first)
        return found if state is None else state.plus(found)

    def accumulated(self, state: Sums) -> Points:
        return self._points(state)


def width(measure: SoftCodes, n_units: int) -> float:
    """Finds eps of a layer of so many units."""
    return measure.eps or 1 / math.sqrt(2 * n_units * math.log(measure.n_anchors))


def drawn_anchors(n_seeds: int, n_anchors: int, n_units: int, seed: int) -> FloatArray:
    """Draws directions of unit length, (n_seeds, n_anchors, n_units), each seed by itself."""
    drawn = np.stack(
        [np.random.default_rng([seed, i]).normal(size=(n_anchors, n_units)) for i in range(n_seeds)]
    )
    return drawn / np.linalg.norm(drawn, axis=-1, keepdims=True)


def probabilities(layer: Any, anchors: Any) -> Any:
    """Assigns rows (n_copies, n, d) to anchors (s, B, d) over eps, (n, s, B), where they lie.

    The mean over the copies of softmax(<t / |t|, w> / eps); t = 0 is near all of them alike.
    """
    n_copies, n, d = layer.shape
    flat, (s, n_anchors, _) = anchors.reshape(-1, d), anchors.shape
    if is_tensor(layer):
        t = layer.double()
        t = t / t.norm(dim=-1, keepdim=True).clamp(min=LEAST)
        scores = (t.to(anchors.dtype) @ flat.T).reshape(n_copies, n, s, n_anchors)
        p = scores.softmax(-1)
    else:
        t = layer.astype(np.float64)
        t /= np.maximum(np.linalg.norm(t, axis=-1, keepdims=True), LEAST)
        p = (t.astype(anchors.dtype) @ flat.T).reshape(n_copies, n, s, n_anchors)
        p -= p.max(axis=-1, keepdims=True)
        with np.errstate(under="ignore"):
            np.exp(p, out=p)
            p /= p.sum(axis=-1, keepdims=True)
    return p[0] if n_copies == 1 else p.mean(0)


def _total(parts: Iterable[Sums]) -> Sums:
    return functools.reduce(Sums.plus, parts)


def _of_labels(p: Any, ids: IntArray, n: int) -> tuple[IntArray, FloatArray, FloatArray]:
    """Counts the samples of each label, and adds up their p and p^2."""
    return np.bincount(ids, minlength=n), _grouped(p, ids, n), _grouped(p * p, ids, n)


def _grouped(p: Any, ids: IntArray, n: int) -> FloatArray:
    """Adds up p (m, s, B) by ids below n, in float64, on the host."""
    if is_tensor(p):
        sums = p.new_zeros((n, *p.shape[1:])).double()
        at = backends.twin_for(p).beside(ids, p)
        return on_host(sums.index_add_(0, at, p.double()))
    sums, sizes = np.zeros((n, *p.shape[1:])), np.bincount(ids, minlength=n)
    order, starts = np.argsort(ids, kind="stable"), (np.cumsum(sizes) - sizes)[sizes > 0]
    sums[sizes > 0] = np.add.reduceat(p[order].astype(np.float64), starts, axis=0)
    return sums


def _entropy(p: FloatArray) -> FloatArray:
    """Computes the entropy of probabilities (..., B), (...) in bits; 0 log 0 is 0."""
    with np.errstate(under="ignore"):
        return -(p * np.log2(np.maximum(p, np.finfo(p.dtype).tiny))).sum(axis=-1, dtype=np.float64)


def _entropies(p: Any) -> FloatArray:
    """Adds up the entropies of probabilities (m, s, B) over the samples, (s,) in bits."""
    if not is_tensor(p):
        return _entropy(p).sum(axis=0)
    terms = p * p.clamp(min=float(np.finfo(np.float32).tiny)).log2()
    return -on_host(terms.double().sum((0, 2)))
