"""counts of codes and pairs -> the columns of a table that say how far a number can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.arrays import FloatArray, IntArray
from fastmi.belief.bracket import mean_lower, mean_upper
from fastmi.belief.margins import known_classes, margin
from fastmi.belief.resamples import resampled_sd
from fastmi.belief.scatter import chance_sd
from fastmi.belief.shuffles import chance
from fastmi.belief.subsamples import growth
from fastmi.belief.verdicts import SAMPLES, Evidence, growth_verdicts, verdicts
from fastmi.counting import Tally
from fastmi.entropies import information, plugin
from fastmi.inputs import shown

__all__ = ["Statements"]


@dataclass(frozen=True, eq=False, repr=False)
class Statements:
    """What can be said of samples with these labels.

    Attributes:
        class_counts: (Ky,) the samples of each class. n_classes: how many there are, known
            beforehand; None where it is not. sample: one of `SAMPLES`; None is unknown. Held-out is
            what was used for nothing, neither to train nor to stop nor to fit bins to labels.
        scatter: whether the sd of chance is stated, which costs more than all the rest.

    Raises:
        ValueError: n_classes is less than the classes seen; another sample.
        TypeError: scatter is neither True nor False.
    """

    class_counts: IntArray
    n_classes: int | None = None
    sample: str | None = None
    scatter: bool = False

    def __post_init__(self) -> None:
        if self.sample is not None:
            checks.one_of("sample", self.sample, SAMPLES)
        if self.n_classes is not None:
            checks.positive_integer("n_classes", self.n_classes)
        known_classes(margin(self.class_counts), self.n_classes)
        if not isinstance(self.scatter, bool):
            raise TypeError(f"chance_sd is {shown(self.scatter)}: pass True or False")

    def of(
        self, codes: Tally, pairs: Tally, charges: FloatArray | None = None
    ) -> dict[str, npt.NDArray[Any]]:
        """States what the counts of T and of (T,Y) say of I(T;Y) and H(T), each (s,).

        Over a population the numbers are what they are, and the verdict alone says so.

        Args:
            codes, pairs: tallies of s segments. charges: (s,) bits a sample, 0 where T's bins were
                not chosen with the labels (see `charge`). mean_lower and the verdict are charged.
                mean_upper and chance are those of these bins, as if there had been no others: a
                choice prefers what the sample shows too large, and both say nothing of that.
        """
        h_t, h_ty, h_y = plugin(codes), plugin(pairs), margin(self.class_counts).entropy
        i_ty, coverage = information(h_t, np.array(h_y), h_ty), pairs.coverage
        lower = mean_lower(i_ty, codes, self.class_counts, self.n_classes)
        charged: dict[str, FloatArray] = {}
        if charges is not None and charges.any():
            lower = lower - charges
            charged["charge"] = np.where(charges > 0, charges, np.nan)
        evidence = Evidence(coverage, i_ty, lower, h_y, codes.n_samples, self.sample)
        grown = growth(codes)
        words = {
            "verdict": verdicts(evidence),
            "verdict_xt": growth_verdicts(grown, self.sample),
        }
        if self.sample == "population":
            return words
        return words | {
            "pair_coverage": coverage,
            "chance": chance(codes, self.class_counts),
            "mean_lower": lower,
            "mean_upper": mean_upper(h_t, h_ty, self.class_counts, self.n_classes),
            "growth": grown,
            **charged,
            **self.scattered(codes),
        }

    def scattered(self, codes: Tally) -> dict[str, FloatArray]:
        """States the sd of chance alone, (s,), where it is asked for and there is chance."""
        if not self.scatter or self.sample == "population":
            return {}
        return {"chance_sd": sd_of_chance(codes, self.class_counts)}

    def __repr__(self) -> str:
        return (
            f"Statements of {self.class_counts.sum()} samples of {len(self.class_counts)} classes, "
            f"{self.sample or 'whose sample is unknown'}"
        )


def sd_of_chance(codes: Tally, class_counts: IntArray) -> FloatArray:
    """Computes `chance_sd`, (s,), and where a sum has too many terms its estimate by resamples."""
    sd = chance_sd(codes, class_counts)
    segment, times, symbols = codes.occurrences
    for i in np.flatnonzero(np.isnan(sd)).tolist():
        own = segment == i
        sd[i] = resampled_sd(np.repeat(times[own], symbols[own]), class_counts[class_counts > 0])
    return sd
