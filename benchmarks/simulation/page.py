"""what was found of the laws -> docs/simulation.md."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks.simulation.lines import ALTERNATIVE, Line
from benchmarks.simulation.rejecting import LEVELS, Null, Power
from benchmarks.simulation.sampling import Bracket, Coverage, Mean

__all__ = ["Found", "Width", "page"]


class Width(NamedTuple):
    """The widest bracket of all samples, and the mean of the plug-in less its lower end, bits."""

    n: int
    widest: float
    below: float


class Found(NamedTuple):
    """All that stands on the page: a line and a size with what was found, in order."""

    n_samples: int
    n_null: int
    n_width: int
    laws: Sequence[tuple[Line, int, Bracket, Coverage]]
    nulls: Sequence[tuple[Line, int, Null]]
    powers: Sequence[tuple[int, Power]]
    widths: Sequence[Width]


OPENING = """# Do the statements hold?

Written by `python -m benchmarks simulation`, not by hand. Every law below is known, so that what
fastmi says of its samples can be held against the truth. Seeds are fixed, each line has its own;
"±" is one standard error of a mean over the samples of the line.
"""

BRACKET = """## The bracket, in mean

`mean_lower` is at most, and `mean_upper` at least, the information, in mean over samples: that is
proven, and here it is seen, {n_samples:,} samples a line, each end within three standard errors.
It says nothing of a single sample. Where the classes are few and the codes well filled it is
narrow; where nearly every sample has a code of its own it is wide, and says so, while the plug-in
stands wherever it stands.

Of normal x the bins are fitted to the very samples that are counted, without their labels: the
lower end then bounds I(X;Y), which no binning can exceed, and the upper end only what these bins
can tell, I(T;Y), here its mean over the samples' own bins. "Classes not known" takes those that a
sample has: a description, which nothing promises.
"""

WIDTH = """## How wide

8 codes and 2 classes, {n_width} samples of each size: the widest bracket of all of them. Ten times
as many samples make it six to eight times narrower; at n = 100,000 it is to be at most .001 bits.
"""

NULL = """## Without information

Codes and classes are independent, {n_null:,} samples a line. The mean of 2^(n mean_lower) is at
most 1, so that p = min(1, 2^(-n mean_lower)) is at most a in a share a of the samples at most, at
any n and without a permutation: within three standard errors. It lies far below, which is what a
bound for any n and any alphabet costs. The mean rests on few large values, and so does its error.
"""

POWER = """## What that costs

The alternative has 8 codes, equally likely, 2 classes and {bits:.4f} bits; both tests at the level
.05, {n_samples:,} samples a line. Pearson's is `scipy.stats.chi2_contingency`, an approximation for
well filled tables, such as these: without information its share is near .05. p of the bracket keeps
its level in any table, and needs five to six times as many samples for the same power. Where labels
can be permuted a permutation test is the one to take.
"""

INTERVALS = """## Intervals

The jackknife's, at 95 %: how many samples are offered one, and of these how many hold I(T;Y) (of
fitted bins: what these bins tell). Judged, at 91 %, where at least half of the samples are offered
one. Where fewer are, they are a selection by what was counted, and may hold it less often, for some
laws much less. "If all were" is the share of all samples in which value ± 1.96 se holds it: what
the rule keeps apart. Near independence, in sparse tables, and where T tells Y without an error
(55 : 45) or but for rare ones (1 in 100), this formula is not what it says.
"""

WIDEST, WIDEST_AT = 0.001, 100_000  # bits, samples


def page(found: Found) -> str:
    """Writes it whole."""
    sections = [
        (BRACKET, _brackets(found)),
        (WIDTH, _widths(found)),
        (NULL, _nulls(found)),
        (POWER, _powers(found)),
        (INTERVALS, _intervals(found)),
    ]
    n_samples, n_null, bits = found.n_samples, found.n_null, ALTERNATIVE.information
    return "\n".join(
        [OPENING]
        + [
            text.format(n_samples=n_samples, n_null=n_null, n_width=found.n_width, bits=bits)
            + "\n"
            + _table(*rows)
            for text, rows in sections
        ]
    )


def _brackets(found: Found) -> Iterator[Sequence[str]]:
    yield (
        *("law", "n", "mean of mean_lower", "I", "mean I(T;Y)", "mean of mean_upper"),
        *("mean plug-in", "lower end", "upper end"),
    )
    for line, n, bracket, _ in found.laws:
        ends = (_in_words(holds) if line.known else "" for holds in bracket.holds)
        numbers = (
            _with_error(bracket.lower),
            _bits(bracket.information),
            _bits(bracket.told.value),
            _with_error(bracket.upper),
            _bits(bracket.plugin.value),
        )
        yield line.name, f"{n:,}", *numbers, *ends


def _widths(found: Found) -> Iterator[Sequence[str]]:
    yield "n", "widest bracket, bits", "plug-in less lower end, mean, bits", ""
    for width in found.widths:
        judged = _in_words(width.widest <= WIDEST) if width.n == WIDEST_AT else ""
        yield f"{width.n:,}", f"{width.widest:.5f}", f"{width.below:.5f}", judged


def _nulls(found: Found) -> Iterator[Sequence[str]]:
    yield ("law", "n", "mean of 2^(n mean_lower)", *(f"p ≤ {level:g}" for level in LEVELS), "")
    for line, n, null in found.nulls:
        evidence = f"{null.evidence.value:.4f} ± {null.evidence.error:.4f}"
        shares = (f"{share:.4f}" for share in null.rejected)
        yield line.name, f"{n:,}", evidence, *shares, _in_words(null.holds)


def _powers(found: Found) -> Iterator[Sequence[str]]:
    yield (
        "n",
        *("p of the bracket", "Pearson's", "p of the bracket, independent"),
        "Pearson's, independent",
    )
    for n, power in found.powers:
        yield f"{n:,}", *(f"{share:.3f}" for share in power)


def _intervals(found: Found) -> Iterator[Sequence[str]]:
    yield "law", "n", "I(T;Y)", "offered", "of these hold it", "if all were", ""
    for line, n, bracket, coverage in found.laws:
        covered = "" if math.isnan(coverage.covered) else _percent(coverage.covered)
        judged = "" if coverage.holds is None else _in_words(coverage.holds)
        told = _bits(bracket.told.value)
        shares = _percent(coverage.offered), covered, _percent(coverage.would)
        yield line.name, f"{n:,}", told, *shares, judged


def _in_words(holds: bool) -> str:
    """Says it."""
    return "holds" if holds else "**does not hold**"


def _with_error(mean: Mean) -> str:
    return f"{_bits(mean.value)} ± {mean.error:.4f}"


def _bits(value: float) -> str:
    return f"{value:.4f}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _table(head: Sequence[str], *rows: Sequence[str]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
