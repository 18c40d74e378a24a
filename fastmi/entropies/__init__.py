"""tallies -> bits: one function a file, for every measure.

No other room turns counts into entropies.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fastmi import checks
from fastmi.arrays import FloatArray
from fastmi.counting import Tally
from fastmi.entropies.arithmetic import RESIDUE_BITS, in_base, information, settle
from fastmi.entropies.chao_shen import chao_shen
from fastmi.entropies.chao_wang_jost import chao_wang_jost
from fastmi.entropies.grassberger import grassberger
from fastmi.entropies.jackknife import jackknife
from fastmi.entropies.james_stein import james_stein
from fastmi.entropies.miller_madow import miller_madow
from fastmi.entropies.plugin import plugin
from fastmi.inputs import shown

__all__ = [
    "METHODS",
    "RESIDUE_BITS",
    "Entropy",
    "chao_shen",
    "chao_wang_jost",
    "grassberger",
    "in_base",
    "information",
    "jackknife",
    "james_stein",
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
    "chao-shen": chao_shen,
    "chao-wang-jost": chao_wang_jost,
    "james-stein": james_stein,
    "jackknife": jackknife,
}
OF_KNOWN_SYMBOLS = {"james-stein": james_stein}  # that take how many symbols there are


def method(name: str, n_symbols: int | None = None, sample: str | None = None) -> Entropy:
    """Finds an estimator of the entropy by its name, and tells it how many symbols there are.

    Raises:
        ValueError: no estimator has it, or this one has no use for n_symbols; one that corrects,
            where the sample is a "population", of which H is exact.
        TypeError: n_symbols is no integer.
    """
    estimate = METHODS[checks.one_of("method", name, METHODS)]
    if sample == "population" and estimate is not plugin:
        raise ValueError(
            f"method is {name!r} and sample 'population': that is all there is, its shares are "
            "the law and its H is exact, so that a correction for what was not seen makes it wrong;"
            " take method 'plugin', or say what else these samples are"
        )
    if n_symbols is None:
        return estimate
    if name not in OF_KNOWN_SYMBOLS:
        raise ValueError(
            f"n_symbols is {shown(n_symbols)} beside method {name!r}, which estimates from the "
            f"samples alone: leave it out, or take {', '.join(map(repr, OF_KNOWN_SYMBOLS))}"
        )
    known = checks.positive_integer("n_symbols", n_symbols)
    return partial(OF_KNOWN_SYMBOLS[name], n_symbols=known)
