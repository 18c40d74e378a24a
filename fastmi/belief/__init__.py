"""tallies -> what the same integers say about the number: chance, growth, a bracket, a verdict.

Exact functions of counts, in bits, one of each segment: nothing is resampled, and neither the order
of the samples nor the company in a batch nor the backend leaves a trace. All of it needs samples
that are independent of each other: rows of a mixture of copies, positions of one image, overlapping
windows are not.
"""

from __future__ import annotations

from fastmi.belief.bracket import charge, label_code, mean_lower, mean_upper, pvalue_bound
from fastmi.belief.coverage import chao_jost
from fastmi.belief.expected import expected_information
from fastmi.belief.intervals import Interval, interval, interval_of
from fastmi.belief.margins import known_classes, margin
from fastmi.belief.regret import regret
from fastmi.belief.resamples import SD_RESAMPLES, resampled_sd
from fastmi.belief.scatter import SD_TERMS, chance_sd
from fastmi.belief.shuffles import chance
from fastmi.belief.statements import Statements
from fastmi.belief.strata import Within, chance_within, label_code_within, sd_within
from fastmi.belief.subsamples import growth, rarefied
from fastmi.belief.verdicts import (
    GROWTH_VERDICTS,
    SAMPLES,
    VERDICTS,
    Evidence,
    growth_reasons,
    growth_verdicts,
    lower_reasons,
    lower_verdicts,
    reasons,
    verdicts,
)

__all__ = [
    "GROWTH_VERDICTS",
    "SAMPLES",
    "SD_RESAMPLES",
    "SD_TERMS",
    "VERDICTS",
    "Evidence",
    "Interval",
    "Statements",
    "Within",
    "chance",
    "chance_sd",
    "chance_within",
    "chao_jost",
    "charge",
    "expected_information",
    "growth",
    "growth_reasons",
    "growth_verdicts",
    "interval",
    "interval_of",
    "known_classes",
    "label_code",
    "label_code_within",
    "lower_reasons",
    "lower_verdicts",
    "margin",
    "mean_lower",
    "mean_upper",
    "pvalue_bound",
    "rarefied",
    "reasons",
    "regret",
    "resampled_sd",
    "sd_within",
    "verdicts",
]
