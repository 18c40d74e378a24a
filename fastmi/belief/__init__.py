"""tallies -> what the same integers say about the number: chance, growth, a bracket, a verdict.

Exact functions of counts, in bits, one of each segment: nothing is resampled, and neither the order
of the samples nor the company in a batch nor the backend leaves a trace. All of it needs samples
that are independent of each other: rows of a mixture of copies, positions of one image, overlapping
windows are not.
"""

from __future__ import annotations

from fastmi.belief.bracket import label_code, mean_lower, mean_upper, pvalue_bound
from fastmi.belief.expected import expected_information
from fastmi.belief.regret import regret
from fastmi.belief.shuffles import chance
from fastmi.belief.subsamples import growth, rarefied

__all__ = [
    "chance",
    "expected_information",
    "growth",
    "label_code",
    "mean_lower",
    "mean_upper",
    "pvalue_bound",
    "rarefied",
    "regret",
]
