"""class counts (Ky,) -> the margin of the labels: what all layers of a plane share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fastmi import checks
from fastmi.arrays import FloatArray, IntArray
from fastmi.backends import Occurrences
from fastmi.counting import Tally, counts_of_counts
from fastmi.entropies import plugin

__all__ = ["Margin", "added", "known_classes", "margin"]


MOST_CLASSES = 10**6  # the recursion of the regret takes a step for each


class Margin(NamedTuple):
    """How many classes have how many samples: so many `symbols` have `times` each, ascending."""

    times: IntArray
    symbols: IntArray

    @property
    def n_samples(self) -> int:
        """Counts the samples of all classes."""
        return int(self.times @ self.symbols)

    @property
    def n_classes(self) -> int:
        """Counts the classes that have samples."""
        return int(self.symbols.sum())

    @property
    def entropy(self) -> float:
        """Sums the plug-in H(Y) in bits: the float that the tally of the labels gives."""
        return float(plugin(self.tally)[0])

    @property
    def tally(self) -> Tally:
        """Tallies the labels as one segment."""
        occurrences = Occurrences(np.zeros_like(self.times), self.times, self.symbols)
        return Tally(1, self.n_samples, occurrences)

    @property
    def key(self) -> tuple[bytes, bytes]:
        """Names it for a cache: equal counts of counts, in whatever order, are one key."""
        return self.times.tobytes(), self.symbols.tobytes()

    @classmethod
    def of_key(cls, key: tuple[bytes, bytes]) -> Margin:
        """Finds the margin that a key names."""
        return cls(*(np.frombuffer(part, np.int64) for part in key))


def margin(class_counts: IntArray, n_samples: int | None = None) -> Margin:
    """Reads the counts of the classes, (Ky,); classes without samples are left out.

    Raises:
        ValueError: they do not add up to n_samples.
    """
    class_counts = np.asarray(class_counts, np.int64)
    total = int(class_counts.sum())
    if total == 0 or class_counts.min() < 0 or n_samples not in (None, total):
        samples = "samples" if n_samples is None else f"the {n_samples} samples of the codes"
        raise ValueError(
            f"class_counts add up to {total}, the smallest is {class_counts.min(initial=0)}: they "
            f"are how many of {samples} have each class (np.bincount(ids_y))"
        )
    return Margin(*counts_of_counts(class_counts))


def known_classes(labels: Margin, n_classes: int | None) -> int:
    """Finds how many classes there are: those known beforehand, or else those seen.

    Raises:
        TypeError, ValueError: n_classes is no integer, or less than have been seen.
    """
    if n_classes is None:
        return labels.n_classes
    n_classes = checks.positive_integer("n_classes", n_classes)
    if n_classes > MOST_CLASSES:
        raise ValueError(
            f"n_classes is {n_classes}, and the bracket is computed for at most {MOST_CLASSES:,}: "
            "leave it None, and the classes seen are taken"
        )
    if n_classes < labels.n_classes:
        raise ValueError(
            f"n_classes is {n_classes}, but the labels have {labels.n_classes} classes: pass how "
            "many there are, also of those without a sample here, or None if that is not known"
        )
    return n_classes


def added(codes: Tally, values: FloatArray) -> FloatArray:
    """Sums a value of each count over the symbols of each segment, (s,).

    One by one in ascending counts: no order of samples, no other segment leaves a trace.
    """
    segment, _, symbols = codes.occurrences
    sums = np.bincount(segment, weights=symbols * values, minlength=codes.n_segments)
    return np.asarray(sums, np.float64)
