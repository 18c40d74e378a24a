"""counts of the pairs (T,Y) -> a confidence interval of I(T;Y), or why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.belief.bracket import mean_lower
from fastmi.belief.pseudovalues import FEW, Jackknife, jackknife, unseen
from fastmi.belief.verdicts import LEAST_EVIDENCE_BITS, LEAST_PAIR_COVERAGE, SAMPLES, shortfall
from fastmi.contingency import Contingency, Kinds
from fastmi.counting import Tally
from fastmi.entropies import information, plugin

__all__ = ["Interval", "interval", "interval_of"]

LEAST_EXPECTED = 5  # samples in a cell, were T and Y independent: in most of the cells
LEAST_SHARE = 0.8  # of the cells: "most"
LEAST_ANYWHERE = 1  # sample expected in any cell
MOST_RARE = 0.5  # of the squared error, from cells with few samples
MOST_BIAS = 1  # standard error
MOST_UNSEEN = 0.5  # standard errors, by which a sample in an empty cell would move I

NONE_MADE = {
    "population": "exact: nothing is estimated",
    "training": "none of a training sample: T depends on its labels, which are no new evidence",
}
PROVISO = (
    "if the samples are independent and none was used to find T: it is not known whether the "
    "sample was held out"
)


@dataclass(frozen=True, repr=False)
class Interval:
    """A confidence interval of I(T;Y) in bits, or the reason why there is none.

    Attributes:
        low, high: its ends, NaN where there is none. They are not clipped: low may be negative,
            high above H(Y). level: its nominal coverage.
        value: the jackknifed information, in its middle. se: the standard error. Where the interval
            is unsupported they are what the formula gives, and no statement; NaN where the pairs
            are not covered, of a training sample and of a population.
        reason: why there is none; "" where there is one. proviso: what it takes for granted where
            it is not known what the sample was used for.
    """

    low: float
    high: float
    level: float
    value: float
    se: float
    reason: str = ""
    proviso: str = ""

    @property
    def offered(self) -> bool:
        """Says whether there is one."""
        return not self.reason

    def __repr__(self) -> str:
        if not self.offered:
            return f"Interval: {self.reason}"
        ends = f"{self.low:.4g} to {self.high:.4g} bits at {100 * self.level:g} %"
        return f"Interval: {ends}{self.proviso and f' ({self.proviso})'}"


def interval(
    counts: npt.ArrayLike,
    rows: npt.ArrayLike,
    columns: npt.ArrayLike,
    *,
    n_classes: int | None = None,
    sample: str | None = None,
    level: float = 0.95,
) -> Interval:
    """Estimates I(T;Y) by value +- z se of the `jackknife`, in bits, where the sample supports it.

    It is offered where all of this holds, and elsewhere is "unsupported", each thing that lacks
    with what there is and what is needed. On the laws of docs/simulation.md its coverage is then
    near its level.

    - the coverage of the pairs, 1 - f1 / n, is at least .995;
    - the bias of the plug-in, about (Kt - 1) (Ky - 1) / (2 n ln 2), is at most se;
    - of Kt Ky cells 80 % expect a_i b_j / n >= 5 samples under independence, none less than 1;
    - at most half of se^2 comes from cells with fewer than 5 samples, and one sample more in an
      empty cell would move I by at most half an se (`unseen`): how often what is rare was seen is
      chance. Without these rules T that tells Y but for rare errors was covered .87 of the time;
    - n mean_lower >= log2 100: near I = 0 the estimate is not normal.

    Kt and Ky are the rows and columns with samples. It needs independent samples and T a fixed
    function of x. The ends are not clipped. A negative one says that I = 0 is not excluded by the
    interval, and by how much; above there is no bound to clip at that is not estimated itself. No
    percentile bootstrap is offered: resamples add the bias of the plug-in once more.

    Args:
        counts: (c,) the samples of each cell. rows, columns: (c,) the numbers of its symbol of T
            and of its class, from 0. A cell may come in parts: of samples as they are, counts are
            ones. n_classes: as `mean_lower`. sample: one of `SAMPLES`; None is unknown, and
            leaves a proviso. level: nominal coverage, between 0 and 1.

    Raises:
        TypeError: counts, rows, columns or n_classes are no integers.
        ValueError: they differ in shape, are negative or without samples; n_classes is less than
            the classes seen; no such sample or level.

    Example:
        >>> from fastmi.belief import interval
        >>> interval([400, 100, 100, 400], [0, 0, 1, 1], [0, 1, 0, 1], sample="held-out")
        Interval: 0.2276 to 0.3271 bits at 95 %
        >>> interval([2, 1, 2], [0, 0, 1], [0, 1, 1], sample="population").reason
        'exact: nothing is estimated'
    """
    table = Contingency.of_cells(counts, rows, columns)
    return interval_of(table, n_classes=n_classes, sample=sample, level=level)


def interval_of(
    table: Contingency | Kinds,
    *,
    n_classes: int | None = None,
    sample: str | None = None,
    level: float = 0.95,
) -> Interval:
    """Estimates the same of a table, T in its rows and the classes in its columns."""
    if not (isinstance(level, float) and 0 < level < 1):
        raise ValueError(f"level is {level!r}: a coverage is a float between 0 and 1, such as 0.95")
    if sample is not None:
        checks.one_of("sample", sample, SAMPLES)
    if sample in NONE_MADE:
        return Interval(math.nan, math.nan, level, math.nan, math.nan, NONE_MADE[sample])
    covered = float(table.tallies[2].coverage[0]) >= LEAST_PAIR_COVERAGE
    found = jackknife(table) if covered else Jackknife(math.nan, math.nan, math.nan)
    value, se, _ = found
    if lacking := "; ".join(_lacking(table, found, n_classes)):
        return Interval(math.nan, math.nan, level, value, se, f"unsupported: {lacking}")
    reach = _quantile(level) * se
    proviso = "" if sample == "held-out" else PROVISO
    return Interval(value - reach, value + reach, level, value, se, proviso=proviso)


def _lacking(table: Contingency | Kinds, found: Jackknife, n_classes: int | None) -> Iterator[str]:
    """Says what the table lacks for an interval, the most telling first."""
    n, (codes, labels, pairs) = table.n_samples, table.tallies
    coverage = float(pairs.coverage[0])
    if coverage < LEAST_PAIR_COVERAGE:
        yield f"pair coverage {shortfall(coverage)} of {LEAST_PAIR_COVERAGE}"
    n_terms = int((codes.n_symbols[0] - 1) * (labels.n_symbols[0] - 1))
    bias = n_terms / (2 * n * math.log(2))
    if bias > MOST_BIAS * found.se:  # not where there is no se, for want of coverage
        yield f"a bias of about {bias:.3g} bits, of at most its standard error of {found.se:.3g}"
    too_little = list(_expecting_too_little(codes, labels))
    yield from too_little or _resting_on_what_is_rare(table, found)
    h_t, h_y, h_ty = (plugin(tally) for tally in (codes, labels, pairs))
    lower = mean_lower(information(h_t, h_y, h_ty), codes, table.column_counts, n_classes)
    evidence = n * float(lower[0])
    if evidence < LEAST_EVIDENCE_BITS:
        yield f"{shortfall(evidence)} bits against independence of {LEAST_EVIDENCE_BITS:.2f}"


def _expecting_too_little(codes: Tally, labels: Tally) -> Iterator[str]:
    """Judges a_i b_j / n over all cells, by how many rows and columns have equally many samples."""
    a, b = codes.occurrences, labels.occurrences
    expected = np.outer(a.times.astype(np.float64), b.times) / codes.n_samples
    n_cells = np.outer(a.symbols, b.symbols)
    share = float(n_cells[expected >= LEAST_EXPECTED].sum() / n_cells.sum())
    if share < LEAST_SHARE:
        yield f"{shortfall(100 * share)} % of the cells expect {LEAST_EXPECTED} samples, of 80 %"
    if expected.min() < LEAST_ANYWHERE:
        yield f"a cell expects {shortfall(float(expected.min()))} samples, of {LEAST_ANYWHERE}"


def _resting_on_what_is_rare(table: Contingency | Kinds, found: Jackknife) -> Iterator[str]:
    """Judges what se does not know of: how full cells with few samples, and with none, may be."""
    if found.rare > MOST_RARE:
        yield (
            f"{100 * found.rare:.3g} % of its squared error from cells of fewer than {FEW} samples,"
            f" of at most {100 * MOST_RARE:g} %"
        )
    if (moved := unseen(table)) > MOST_UNSEEN * found.se:
        yield (
            f"one sample more in an empty cell would change it by {moved:.3g} bits, of at most "
            f"{MOST_UNSEEN} standard errors, each {found.se:.3g}"
        )


def _quantile(level: float) -> float:
    from statistics import NormalDist  # which loads what nothing else here needs

    return NormalDist().inv_cdf((1 + level) / 2)
