"""what stands beside a number -> what to make of it, in one word and with a reason.

A verdict is an integer, its word stands in a table: columns of verdicts are int8 arrays, which are
joined, sliced, written and read as any other.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.arrays import FloatArray

__all__ = [
    "AT_THE_CEILING",
    "GROWTH_VERDICTS",
    "LEAST_PAIR_COVERAGE",
    "SAMPLES",
    "VERDICTS",
    "Evidence",
    "growth_reasons",
    "growth_verdicts",
    "lower_reasons",
    "lower_verdicts",
    "reasons",
    "shortfall",
    "verdicts",
]

Verdict = npt.NDArray[np.int8]
# what a sample may be; None is unknown
SAMPLES = ("held-out", "training", "population")

# of I(T;Y), weakest first: the words of 0, 1, ...; the first is said where nothing can be
VERDICTS = ("", "unresolved", "bounded", "resolved", "exact")
NONE, UNRESOLVED, BOUNDED, RESOLVED, EXACT = range(5)
# of I(X;T)
GROWTH_VERDICTS = ("", "at the ceiling", "below the ceiling", "exact")
AT_CEILING, BELOW_CEILING, EXACT_GROWTH = range(1, 4)

LEAST_PAIR_COVERAGE = 0.995  # of the pairs (T,Y), for "resolved"
MOST_SLACK = 0.1  # of H(Y), between the plug-in and mean_lower, for "resolved"
LEAST_EVIDENCE_BITS = math.log2(100)  # n mean_lower: by chance at most once in a hundred samples
ROUNDING = 1e-9  # of thousandths: .1 H(Y) of two equal classes is a hair below .1
AT_THE_CEILING = 0.9  # bits that H(T) grew in the last doubling


class Evidence(NamedTuple):
    """What a verdict of I(T;Y) rests on; arrays have one shape, a number for each segment.

    Attributes:
        pair_coverage: Good-Turing coverage of the pairs (T,Y). information: plug-in I(T;Y) in bits.
        mean_lower: in bits. h_y: H(Y) in bits. n_samples: n.
        sample: "held-out", "training", "population", or None where it is not known.
    """

    pair_coverage: FloatArray
    information: FloatArray
    mean_lower: FloatArray
    h_y: float
    n_samples: int
    sample: str | None = None


def verdicts(evidence: Evidence) -> Verdict:
    """Judges I(T;Y) of each segment: numbers of `VERDICTS`, int8, in the shape of the arrays.

    exact: over an enumerated population nothing is estimated.
    resolved: pair_coverage >= .995 and information - mean_lower <= .1 H(Y).
    bounded: n mean_lower >= log2 100, what independence would show once in a hundred samples.
    unresolved: neither. "" where one of the numbers is missing (NaN).

    A training sample has the same words, as a description: `reasons` says so.

    Raises:
        ValueError: no such sample.
    """
    coverage, information, given, h_y, n_samples, sample = evidence
    if _is_population(sample):
        return np.full(np.shape(information), EXACT, np.int8)
    lower = np.asarray(given)
    resolved = (coverage >= LEAST_PAIR_COVERAGE) & (information - lower <= MOST_SLACK * h_y)
    bounded = n_samples * lower >= LEAST_EVIDENCE_BITS
    verdict = np.where(resolved, RESOLVED, np.where(bounded, BOUNDED, UNRESOLVED))
    missing = np.isnan(coverage) | np.isnan(information) | np.isnan(lower)
    return np.where(missing, NONE, verdict).astype(np.int8)


def reasons(evidence: Evidence, what: str = "this layer under these bins") -> list[str]:
    """Says why each verdict of `verdicts` is what it is, one line each, of arrays (s,).

    Where the sample is not held out the line ends in what that takes from it. `what`: the thing
    that the sample is to size.
    """
    each = (
        evidence._replace(pair_coverage=row[0], information=row[1], mean_lower=row[2])
        for row in np.stack(evidence[:3], axis=-1)
    )
    return [
        _reason(int(word), row, what) + ("" if word in (NONE, EXACT) else _proviso(evidence.sample))
        for word, row in zip(verdicts(evidence), each, strict=True)
    ]


def _reason(verdict: int, evidence: Evidence, what: str) -> str:
    """Says why a segment has its verdict; of the evidence each number is that segment's."""
    if verdict == NONE:
        return "no verdict: it needs the coverage of the pairs, the information and its lower end"
    if verdict == EXACT:
        return "exact: the whole population was counted"
    coverage, information, lower, h_y, n_samples, _ = evidence
    covered = f"pair coverage {shortfall(coverage)} of {LEAST_PAIR_COVERAGE}"
    most = shortfall(MOST_SLACK * h_y)
    near = f"{_up(information - lower)} bits above its lower end, of at most {most}"
    if verdict == RESOLVED:
        return f"resolved: {covered}, {near}"
    against = (
        f"{shortfall(n_samples * lower)} bits against independence of {LEAST_EVIDENCE_BITS:.2f}"
    )
    lacking = covered if coverage < LEAST_PAIR_COVERAGE else near
    if verdict == BOUNDED:
        return f"bounded from below: {against}, but {lacking}"
    return f"unresolved: n = {n_samples} cannot size {what}: {lacking}, {against}"


def lower_verdicts(lower: FloatArray, n_samples: Any) -> Verdict:
    """Judges a lower end of I(T;Y) that stands alone, as a probe's: no pairs were counted.

    bounded: n lower >= log2 100, what independence would show at most once in a hundred samples.
    unresolved: less. "" where one of them is NaN.

    Args:
        lower: bits, (s,). n_samples: the samples that it is a mean over, or of each.
    """
    evidence = np.asarray(n_samples) * lower
    verdict = np.where(evidence >= LEAST_EVIDENCE_BITS, BOUNDED, UNRESOLVED)
    return np.where(np.isnan(evidence), NONE, verdict).astype(np.int8)


def lower_reasons(lower: FloatArray, n_samples: Any, sample: str | None = None) -> list[str]:
    """Says why each verdict of `lower_verdicts` is what it is, one line each, of arrays (s,)."""
    return [
        _lower_reason(int(word), float(bits), n) + ("" if word == NONE else _proviso(sample))
        for word, bits, n in zip(
            lower_verdicts(lower, n_samples),
            lower,
            np.broadcast_to(n_samples, np.shape(lower)).tolist(),
            strict=True,
        )
    ]


def _lower_reason(verdict: int, lower: float, n_samples: float) -> str:
    if verdict == NONE:
        return "no verdict: it needs a lower end of I(T;Y)"
    against = (
        f"{shortfall(n_samples * lower)} bits against independence of {LEAST_EVIDENCE_BITS:.2f}, "
        f"in {n_samples:g} scored samples"
    )
    if verdict == BOUNDED:
        return f"bounded from below: {against}; it has no upper end"
    return f"unresolved: {against}"


def growth_verdicts(growth: FloatArray, sample: str | None = None) -> Verdict:
    """Judges I(X;T) of each segment by the growth of H(T): numbers of `GROWTH_VERDICTS`, int8.

    at the ceiling: more than .9 bit in the last doubling of the sample: nearly every new sample was
    a new code, and the number says how many samples there are. below the ceiling: less, which never
    says that it has converged. exact: over an enumerated population. "" where growth is NaN.

    Args:
        growth: bits a doubling. sample: as `verdicts`.

    Raises:
        ValueError: no such sample.
    """
    growth = np.asarray(growth)
    if _is_population(sample):
        return np.full(growth.shape, EXACT_GROWTH, np.int8)
    verdict = np.where(growth > AT_THE_CEILING, AT_CEILING, BELOW_CEILING)
    return np.where(np.isnan(growth), NONE, verdict).astype(np.int8)


def growth_reasons(growth: FloatArray, sample: str | None = None) -> list[str]:
    """Says how H(T) grew, one line each, of an array (s,)."""
    return [
        _growth_reason(int(verdict), float(bits))
        for verdict, bits in zip(growth_verdicts(growth, sample), growth, strict=True)
    ]


def _growth_reason(verdict: int, growth: float) -> str:
    if verdict == NONE:
        return "no verdict: it needs the growth of H(T)"
    if verdict == EXACT_GROWTH:
        return "exact: the whole population was counted"
    grew = f"H(T) grew {growth:.3g} bits in the last doubling of the sample"
    if verdict == AT_CEILING:
        return f"at the ceiling: {grew}, nearly every new sample is a new code"
    return grew


def _is_population(sample: str | None) -> bool:
    return sample is not None and checks.one_of("sample", sample, SAMPLES) == "population"


def _proviso(sample: str | None) -> str:
    if sample == "held-out":
        return ""
    if sample == "training":
        return " (a description: the layer was trained on this sample)"
    return " (a description: it is not known whether the sample was held out)"


def shortfall(value: Any) -> str:
    """Rounds down to three decimals, so that nothing short of a limit reads as the limit."""
    return f"{math.floor(value * 1000 + ROUNDING) / 1000:.3f}"


def _up(value: Any) -> str:
    return f"{math.ceil(value * 1000 - ROUNDING) / 1000:.3f}"
