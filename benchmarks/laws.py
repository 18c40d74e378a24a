"""closed forms -> joint laws of T and Y whose information is known, (K_t, K_y) probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fastmi.arrays import FloatArray

__all__ = ["LAWS", "Law"]


@dataclass(frozen=True, eq=False)
class Law:
    """A joint law p(t, y), and its information in bits by the closed form.

    Attributes:
        name: short, for a heading. about: what T and Y are, in a line. formula: of I(T;Y).
        joint: (K_t, K_y) probabilities. information: I(T;Y) by the formula.
    """

    name: str
    about: str
    formula: str
    joint: FloatArray
    information: float

    @property
    def entropy(self) -> float:
        """Sums H(T,Y) in bits."""
        p = self.joint[self.joint > 0]
        return float(-(p * np.log2(p)).sum())

    @property
    def n_pairs(self) -> int:
        """Counts the pairs (t, y) that can occur."""
        return int(np.count_nonzero(self.joint))

    def __repr__(self) -> str:
        return f"Law {self.name}: {self.joint.shape[0]} x {self.joint.shape[1]} symbols"


def h(p: float) -> float:
    """Computes the binary entropy in bits."""
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)


def symmetric(k: int, e: float) -> Law:
    """Takes one of k symbols for another, each as likely, with probability e."""
    joint = np.where(np.eye(k, dtype=bool), 1 - e, e / (k - 1)) / k
    information = math.log2(k) - h(e) - e * math.log2(k - 1)
    if k == 2:
        about = f"a bit, flipped with probability {e}"
        return Law("binary symmetric channel", about, f"1 - h({e})", joint, information)
    about = f"one of {k} symbols, taken for another one with probability {e}"
    formula = f"log2 {k} - h({e}) - {e} log2 {k - 1}"
    return Law(f"{k}-ary symmetric channel", about, formula, joint, information)


def erasures(e: float) -> Law:
    joint = np.array([[1 - e, 0], [e, e], [0, 1 - e]]) / 2
    about = f"a bit, erased with probability {e}"
    return Law("binary erasure channel", about, f"1 - {e}", joint, 1 - e)


def z_channel(q: float, p: float) -> Law:
    joint = np.array([[1 - q, q * p], [0, q * (1 - p)]])
    about = f"a bit that is 1 with probability {q}, and then falls to 0 with probability {p}"
    formula = f"h({q} (1 - {p})) - {q} h({p})"
    return Law("Z-channel", about, formula, joint, h(q * (1 - p)) - q * h(p))


def function(n_bits: int) -> Law:
    """Takes Y as a function of T: how many bits of a pattern are set."""
    patterns = np.arange(2**n_bits)
    joint = np.zeros((2**n_bits, n_bits + 1))
    joint[patterns, np.bitwise_count(patterns)] = 2.0**-n_bits
    shares = [math.comb(n_bits, k) / 2**n_bits for k in range(n_bits + 1)]
    information = -math.fsum(p * math.log2(p) for p in shares)
    about = f"T is one of {2**n_bits} patterns, and Y how many of its bits are set"
    return Law("a function of T", about, "H(Y)", joint, information)


def xor(both: bool) -> Law:
    """Takes Y as one bit XOR another, and T as both of them, or the first alone."""
    if not both:
        about = "T is one of two bits, and Y the XOR of both"
        return Law("XOR, one bit", about, "0", np.full((2, 2), 1 / 4), 0.0)
    joint = np.array([[1, 0], [0, 1], [0, 1], [1, 0]]) / 4
    return Law("XOR, both bits", "T is two bits, and Y their XOR", "1", joint, 1.0)


def columns(d: int, e: float) -> Law:
    """Sends d bits each through a symmetric channel of its own."""
    one = symmetric(2, e)
    joint = one.joint
    for _ in range(d - 1):
        joint = np.kron(joint, one.joint).astype(np.float64)
    about, formula = f"{d} bits, each flipped with probability {e}", f"{d} (1 - h({e}))"
    return Law(f"{d} symmetric columns", about, formula, joint, d * one.information)


LAWS = (
    symmetric(2, 0.1),
    erasures(0.3),
    z_channel(0.4, 0.3),
    symmetric(10, 0.2),
    function(10),
    xor(both=False),
    xor(both=True),
    columns(6, 0.1),
)
