"""sizes of codes -> the section on how many samples they need, from closed sums."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..analyses.analysis import markdown
from .markdown import bits, text
from .material import USUAL
from .uniform import LEAST_COVERAGE, expected, samples_needed

__all__ = ["how_many", "table"]

TIMES = (1, 2, 3, 5, 10, 20)  # samples a code
SIZES = (5, 10, 15, 20)  # bits of codes
SHOWN = 10  # the bits for which means are given

HOW_MANY = """## 10. How many samples for D bits?

The kindest layer has 2^D codes, all equally likely. Of n samples the expected coverage, and the
expected error of H(T), are sums that can be written down:

{table}

The means are those of D = {shown}; {apart}. The coverage is that of the column, the share of
samples that are not alone with their code. It reaches {least}, which *resolved* asks of the
pairs of code and label, at {per_code:.1f} samples a code: n = {n:,} can resolve codes and labels
of {sized:.1f} bits together, and each further bit asks for twice as many. Real layers use their
codes unevenly, and need more for the rare ones.

H(T) comes out too low, and H(T,Y) lower still; I(T;Y) = H(T) + H(Y) - H(T,Y) therefore, as a
rule, too *high*. Miller-Madow (`method="miller-madow"`) takes away most of the error where codes
were met a few times, and too little of it where they were met once.
"""


def how_many() -> str:
    """Says how many samples codes of D bits need."""
    per_code = samples_needed(SHOWN) / 2**SHOWN
    return text(
        HOW_MANY,
        table=table(),
        shown=SHOWN,
        apart=_apart(),
        least=LEAST_COVERAGE,
        per_code=per_code,
        n=USUAL,
        sized=math.log2(USUAL / per_code),
    )


def table(times: Sequence[float] = TIMES, sizes: Sequence[int] = SIZES) -> list[str]:
    """Tabulates coverage and errors of so many samples a code, and how many that makes."""
    head = ["samples a code", "coverage", "error of H(T), bits", "after Miller-Madow"]
    rows = []
    for each in times:
        coverage, plugin, corrected = expected(SHOWN, each)
        means = (_down(coverage), bits(plugin), bits(corrected, ".4f"))
        rows.append([f"{each:g}", *means, *(f"{round(each * 2**size):,}" for size in sizes)])
    return markdown([*head, *(f"n for D = {size}" for size in sizes)], rows)


def _down(coverage: float) -> str:
    """Rounds down, so that nothing short of all reads as all."""
    return f"{math.floor(coverage * 10_000) / 10_000:.4f}"


def _apart() -> str:
    """Says how far the means of other D lie from those that are shown."""
    others = {
        size: max(
            abs(here - there)
            for each in TIMES
            for here, there in zip(expected(size, each), expected(SHOWN, each), strict=True)
        )
        for size in (SIZES[0], SIZES[-1])
    }
    return " and ".join(f"those of D = {size} within {off:.3f}" for size, off in others.items())
