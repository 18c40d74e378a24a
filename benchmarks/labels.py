"""labels as they come -> their mutual information in nats, by fastmi and by scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn.metrics

import fastmi
import fastmi.compat.sklearn
from benchmarks.timing import Race

__all__ = ["LABELS", "LABEL_STRINGS", "LabelCase"]


@dataclass(frozen=True)
class LabelCase:
    """Two labelings of one sample, of 10 and of 12 classes, partly dependent."""

    name: str
    n_samples: int
    strings: bool = False

    @property
    def what(self) -> str:
        """One line for the reader."""
        kind = "strings" if self.strings else "int64"
        return f"I(A;B) of {self.n_samples:,} pairs of labels ({kind}), 10 and 12 classes, in nats"

    def data(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """-> a, b (n,): three in ten of b are a."""
        rng = np.random.default_rng(0)
        a = rng.integers(10, size=self.n_samples)
        b = np.where(rng.random(self.n_samples) < 0.3, a, rng.integers(12, size=self.n_samples))
        names = np.array([f"class {i}" for i in range(12)]) if self.strings else np.arange(12)
        return names[a], names[b]

    def race(self, quick: bool) -> Race:
        """Quick is the same: the rounds are what differs."""
        a, b = self.data()
        return Race(
            {
                "fastmi.compat.sklearn": lambda: fastmi.compat.sklearn.mutual_info_score(a, b),
                "fastmi.mutual_information": lambda: fastmi.mutual_information(a, b, base=None),
                "scikit-learn": lambda: sklearn.metrics.mutual_info_score(a, b),
            }
        )


LABELS = LabelCase("labels", 1_000_000)
LABEL_STRINGS = LabelCase("label-strings", 100_000, strings=True)
