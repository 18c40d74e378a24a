"""entropies -> information, in bits or another unit: differences whose rounding is known."""

from __future__ import annotations

import math

import numpy as np

from fastmi.arrays import FloatArray

__all__ = ["RESIDUE_BITS", "in_base", "information", "settle"]

# a difference of entropies nearer to zero than this is rounding, and is returned as 0
RESIDUE_BITS = 1e-12


def settle(difference: FloatArray) -> FloatArray:
    """Makes the rounding residue of a difference of entropies zero."""
    return np.where(np.abs(difference) <= RESIDUE_BITS, 0.0, difference)


def information(h_a: FloatArray, h_b: FloatArray, h_ab: FloatArray) -> FloatArray:
    """Computes I(A;B) = min(H(A), H(B)) - (H(A,B) - max(H(A), H(B))).

    Written so that it is symmetric to the last bit, never above either entropy, and exactly H(A)
    where A is a function of B.
    """
    return settle(np.minimum(h_a, h_b) - settle(h_ab - np.maximum(h_a, h_b)))


def in_base(bits: FloatArray, base: float | None) -> FloatArray:
    """Converts bits to a logarithm's base; None is nats."""
    if base == 2:
        return bits
    return bits * math.log(2) if base is None else bits / math.log2(base)
