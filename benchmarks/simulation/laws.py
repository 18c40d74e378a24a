"""a joint law p(t, y) whose information is known -> samples of it, many at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from fastmi.arrays import FloatArray, IntArray

__all__ = ["Drawn", "Joint", "Law", "apart", "channel", "golden", "told_by", "two_classes", "zipf"]

ROUNDING = 1e-12  # bits that are none


class Drawn(NamedTuple):
    """Samples of a law.

    Attributes:
        t, y: (s, n) the codes and classes of s samples, from 0. told: (s,) I(T;Y) in bits under the
            law, of T as it is in that sample.
    """

    t: IntArray
    y: IntArray
    told: FloatArray


class Law(Protocol):
    """What samples can be drawn from."""

    @property
    def n_classes(self) -> int:
        """Counts the classes, also those that a sample may lack."""
        ...

    @property
    def information(self) -> float:
        """Gives I(T;Y) in bits, or I(X;Y) where T is found by the sample."""
        ...

    def draw(self, rng: np.random.Generator, n_samples: int, n: int) -> Drawn:
        """Draws n_samples samples of n each."""
        ...


@dataclass(frozen=True, eq=False, repr=False)
class Joint:
    """A law of finitely many codes and classes: p (Kt, Ky), which adds up to 1."""

    p: FloatArray

    @property
    def n_classes(self) -> int:
        """Counts the columns."""
        return self.p.shape[1]

    @property
    def information(self) -> float:
        """Sums p(t, y) log2(p(t, y) / (p(t) p(y)))."""
        outer = np.outer(self.p.sum(axis=1), self.p.sum(axis=0))
        some = self.p > 0
        bits = math.fsum(self.p[some] * np.log2(self.p[some] / outer[some]))
        return bits if bits > ROUNDING else 0.0

    def draw(self, rng: np.random.Generator, n_samples: int, n: int) -> Drawn:
        """Draws cells by the inverse of their cumulative law."""
        ends = np.cumsum(self.p.reshape(-1))
        cell = np.searchsorted(ends[:-1] / ends[-1], rng.random((n_samples, n)), side="right")
        t, y = np.divmod(cell, self.n_classes)
        return Drawn(t, y, np.full(n_samples, self.information))

    def __repr__(self) -> str:
        return f"Joint of {self.p.shape[0]} codes and {self.n_classes} classes"


def channel(p_t: Sequence[float] | FloatArray, p_y_given_t: FloatArray) -> Joint:
    """Sends codes of these probabilities, (Kt,), through a channel, (Kt, Ky)."""
    p_t = np.asarray(p_t, np.float64)
    return Joint(p_t[:, None] / p_t.sum() * p_y_given_t)


def two_classes(p_t: Sequence[float] | FloatArray, p_one: FloatArray) -> Joint:
    """Gives each code its probability of the second of two classes, (Kt,)."""
    return channel(p_t, np.stack([1 - p_one, p_one], axis=1))


def apart(p_t: Sequence[float] | FloatArray, p_y: Sequence[float] | FloatArray) -> Joint:
    """Makes codes and classes independent."""
    p_y = np.asarray(p_y, np.float64)
    return channel(p_t, np.tile(p_y / p_y.sum(), (len(p_t), 1)))


def told_by(
    p_t: Sequence[float] | FloatArray, share: float, p_y: Sequence[float] | FloatArray
) -> Joint:
    """Makes the class t mod Ky with probability `share`, else one of p_y whatever the code."""
    p_y = np.asarray(p_y, np.float64)
    own = np.arange(len(p_t))[:, None] % p_y.size == np.arange(p_y.size)
    return channel(p_t, share * own + (1 - share) * p_y / p_y.sum())


def zipf(n_symbols: int, exponent: float = 1.0) -> FloatArray:
    """Gives symbol k = 1, 2, ... the weight k^-exponent, in shares."""
    weights = np.arange(1.0, n_symbols + 1) ** -exponent
    return weights / weights.sum()


def golden(n_symbols: int, low: float, high: float) -> FloatArray:
    """Spreads numbers over low..high: low + (high - low) frac(k (sqrt 5 - 1) / 2), k = 0, 1, ..."""
    parts = np.arange(n_symbols, dtype=np.float64) * ((math.sqrt(5) - 1) / 2) % 1
    return np.asarray(low + (high - low) * parts, np.float64)
