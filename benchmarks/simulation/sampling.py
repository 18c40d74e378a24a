"""a law, a size -> what is believed of each of many samples, and how often it holds."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from benchmarks.simulation.laws import Drawn, Law
from fastmi import belief, entropies
from fastmi.arrays import FloatArray, IntArray
from fastmi.belief.pseudovalues import jackknife
from fastmi.contingency import Contingency
from fastmi.counting import tally

__all__ = ["Bracket", "Coverage", "Mean", "Sampled", "bracket", "coverage", "drawn_of", "sampled"]

SEED = 12
BLOCK_DRAWS = 2**22  # at a time: some hundred MB
MOST_ERRORS = 3  # standard errors by which what holds may be missed
NO_ENDS = (math.nan,) * 4
Z = 1.959963984540054  # of 95 %
LEAST_COVERED, LEAST_OFFERED = 0.91, 0.5


class Sampled(NamedTuple):
    """What is believed of each sample, (s,) each, in bits.

    Attributes:
        told: what T tells. plugin, lower, upper: the plug-in and its bracket. low, high: the ends
            of the interval, NaN where there is none. value, se: the jackknife's, of every sample.
    """

    told: FloatArray
    plugin: FloatArray
    lower: FloatArray
    upper: FloatArray
    low: FloatArray
    high: FloatArray
    value: FloatArray
    se: FloatArray


class Mean(NamedTuple):
    """A mean over samples, with its standard error."""

    value: float
    error: float

    @classmethod
    def of(cls, values: FloatArray) -> Mean:
        """Averages (s,)."""
        return cls(float(values.mean()), float(values.std(ddof=1)) / math.sqrt(values.size))


class Bracket(NamedTuple):
    """Whether the bracket holds in mean.

    Attributes:
        lower, upper, plugin, told: means over samples. information: what there is to tell.
        excess: mean of upper - told.
    """

    lower: Mean
    information: float
    told: Mean
    plugin: Mean
    upper: Mean
    excess: Mean

    @property
    def holds(self) -> tuple[bool, bool]:
        """Judges both ends, within three standard errors."""
        below = self.lower.value - self.information <= MOST_ERRORS * self.lower.error
        return below, self.excess.value >= -MOST_ERRORS * self.excess.error


class Coverage(NamedTuple):
    """How many samples were offered an interval, and how many of these hold what T tells.

    Attributes:
        n_samples, n_offered, n_holding: as said. n_would: of all samples, how many would hold it,
            were each of them offered value +- z se.
    """

    n_samples: int
    n_offered: int
    n_holding: int
    n_would: int

    @property
    def offered(self) -> float:
        """Gives the share of all samples."""
        return self.n_offered / self.n_samples

    @property
    def covered(self) -> float:
        """Gives the share of those offered; NaN where there is none."""
        return self.n_holding / self.n_offered if self.n_offered else math.nan

    @property
    def would(self) -> float:
        """Gives the share of all samples, were all of them offered one."""
        return self.n_would / self.n_samples

    @property
    def holds(self) -> bool | None:
        """Judges it, where at least half of the samples are offered one."""
        return self.covered >= LEAST_COVERED if self.offered >= LEAST_OFFERED else None


def generator(name: str, n: int) -> np.random.Generator:
    """Seeds by the name of a law and the size: other lines leave no trace."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode()), n])


def bracket(samples: Sampled, information: float) -> Bracket:
    """Averages the ends."""
    means = (Mean.of(part) for part in (samples.lower, samples.told, samples.plugin, samples.upper))
    lower, told, plugin, upper = means
    return Bracket(lower, information, told, plugin, upper, Mean.of(samples.upper - samples.told))


def coverage(samples: Sampled) -> Coverage:
    """Counts the intervals that hold what T tells."""
    offered = ~np.isnan(samples.low)
    holding = offered & (samples.low <= samples.told) & (samples.told <= samples.high)
    would = np.abs(samples.value - samples.told) <= Z * samples.se
    return Coverage(offered.size, *(int(some.sum()) for some in (offered, holding, would)))


def sampled(
    law: Law, name: str, n: int, n_samples: int, *, known: bool = True, intervals: bool = True
) -> Sampled:
    """Draws samples and says of each what fastmi says of a held-out sample."""
    n_classes = law.n_classes if known else None
    blocks = [_believed(drawn, n_classes, intervals) for drawn in drawn_of(law, name, n, n_samples)]
    return Sampled(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def drawn_of(law: Law, name: str, n: int, n_samples: int) -> Iterator[Drawn]:
    """Draws the samples in blocks that fit in memory, always the same ones."""
    rng, n_together = generator(name, n), max(1, BLOCK_DRAWS // n)
    for first in range(0, n_samples, n_together):
        yield law.draw(rng, min(n_together, n_samples - first), n)


def _believed(drawn: Drawn, n_classes: int | None, intervals: bool) -> Sampled:
    cells = drawn.t * (int(drawn.y.max()) + 1) + drawn.y
    codes = tally(drawn.t)
    h_t, h_y, h_ty = (entropies.plugin(of) for of in (codes, tally(drawn.y), tally(cells)))
    plugin = entropies.information(h_t, h_y, h_ty)
    columns = []
    for i, y in enumerate(drawn.y):
        here, class_counts = slice(i, i + 1), np.bincount(y)
        lower = belief.mean_lower(plugin[here], codes.between(i, i + 1), class_counts, n_classes)
        upper = belief.mean_upper(h_t[here], h_ty[here], class_counts, n_classes)
        ends = _interval(cells[i], int(drawn.y.max()) + 1, n_classes) if intervals else NO_ENDS
        columns.append((lower[0], upper[0], *ends))
    return Sampled(drawn.told, plugin, *np.array(columns).T)


def _interval(cells: IntArray, n_columns: int, n_classes: int | None) -> tuple[float, ...]:
    counts = np.bincount(cells)
    place = np.flatnonzero(counts)
    rows, columns = np.divmod(place, n_columns)
    table = Contingency.of_cells(counts[place], rows, columns)
    found = belief.interval_of(table, n_classes=n_classes, sample="held-out")
    return found.low, found.high, *jackknife(table)[:2]
