"""tallies -> bits: one function a file, for every measure.

No other room turns counts into entropies.
"""

from __future__ import annotations

from collections.abc import Callable

from fastmi import checks
from fastmi.arrays import FloatArray
from fastmi.counting import Tally
from fastmi.entropies.arithmetic import RESIDUE_BITS, in_base, information, settle
from fastmi.entropies.grassberger import grassberger
from fastmi.entropies.miller_madow import miller_madow
from fastmi.entropies.plugin import plugin

__all__ = [
    "METHODS",
    "RESIDUE_BITS",
    "Entropy",
    "grassberger",
    "in_base",
    "information",
    "method",
    "miller_madow",
    "plugin",
    "settle",
]

Entropy = Callable[[Tally], FloatArray]  # the bits of every segment, (s,)
METHODS: dict[str, Entropy] = {
    "plugin": plugin,
    "miller-madow": miller_madow,
    "grassberger": grassberger,
}


def method(name: str) -> Entropy:
    """Finds an estimator of the entropy by its name.

    Raises:
        ValueError: no estimator has it.
    """
    return METHODS[checks.one_of("method", name, METHODS)]
