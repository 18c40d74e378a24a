"""noise -> how often feature_information finds something in it: `python -m benchmarks selection`.

Nothing is timed. P(p <= a) <= a for the columns of noise by themselves, and of the families of
columns 5 % have one whose adjusted p-value is at most .05.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

import fastmi
from benchmarks.called import PROG

__all__ = ["LEVELS", "Rejected", "main", "rejected_columns", "rejected_families"]

LEVELS, FAMILY_LEVEL = (0.01, 0.05, 0.1, 0.5), 0.05
N_COLUMNS, N_FAMILIES, FAMILY_COLUMNS = 1000, 400, 20
N_SAMPLES, N_RESAMPLES, MOST_ERRORS = 200, 999, 3


class Rejected(NamedTuple):
    """The share of n tests that reject at a level."""

    level: float
    share: float
    n: int

    @property
    def error(self) -> float:
        """Computes the binomial standard error of the share, were it the level."""
        return math.sqrt(self.level * (1 - self.level) / self.n)

    @property
    def holds(self) -> bool:
        """Judges whether it is not more than the level, within three errors."""
        return self.share <= self.level + MOST_ERRORS * self.error

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "TOO MANY"
        off = (self.share - self.level) / self.error
        return f"at {self.level:g}: {self.share:.4f} of {self.n} ({off:+.1f} errors): {verdict}"


def _noise(rng: np.random.Generator, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws columns of 2 to 40 symbols, and labels that know nothing of them."""
    sizes = np.resize([2, 3, 7, 40], d)
    return rng.integers(sizes, size=(N_SAMPLES, d)), rng.integers(3, size=N_SAMPLES)


def rejected_columns(n_columns: int = N_COLUMNS, n_resamples: int = N_RESAMPLES) -> list[Rejected]:
    """Tests columns of noise by themselves."""
    x, y = _noise(np.random.default_rng(0), n_columns)
    p = fastmi.feature_information(x, y, n_resamples=n_resamples, rng=0).pvalues
    assert p is not None
    return [Rejected(level, float((p <= level).mean()), n_columns) for level in LEVELS]


def rejected_families(n_families: int = N_FAMILIES, n_resamples: int = N_RESAMPLES) -> Rejected:
    """Tests families of columns of noise by their smallest adjusted p-value."""
    rng = np.random.default_rng(1)
    n_rejected = 0
    for seed in range(n_families):
        x, y = _noise(rng, FAMILY_COLUMNS)
        found = fastmi.feature_information(x, y, n_resamples=n_resamples, rng=seed)
        assert found.pvalues_adjusted is not None
        n_rejected += bool(found.pvalues_adjusted.min() <= FAMILY_LEVEL)
    return Rejected(FAMILY_LEVEL, n_rejected / n_families, n_families)


def main(arguments: Sequence[str]) -> int:
    """Prints the shares; 1 where one is too large, or families are rejected too rarely."""
    parser = argparse.ArgumentParser(
        prog=f"{PROG} selection",
        description="How often columns of noise seem to tell something: p-values and adjusted ones",
    )
    parser.parse_args(arguments)
    columns = rejected_columns()
    families = rejected_families()
    print(f"p-values of {N_COLUMNS} columns of noise, {N_RESAMPLES} permutations")
    for rejected in columns:
        print(f"  {rejected}")
    print(f"adjusted p-values of families of {FAMILY_COLUMNS} columns of noise")
    print(f"  {families}")
    rare = families.share < families.level - MOST_ERRORS * families.error
    return int(rare or not all(rejected.holds for rejected in (*columns, families)))
