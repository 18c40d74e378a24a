"""labels as they come, and rows of them -> their mutual information in nats, by every peer.

This is scikit-learn's job.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

import fastmi.compat.sklearn
from benchmarks.estimating import LONGEST_SECONDS, QUICK_SECONDS
from benchmarks.peers import Peer, who_runs
from benchmarks.timing import Race

__all__ = ["COMPAT", "LABELS", "LabelCase"]

COMPAT = "fastmi.compat.sklearn"


@dataclass(frozen=True)
class LabelCase:
    """A and B, partly dependent, of 10 and 12 classes.

    With `n_units`, A is a joint row of so many symbols.
    """

    name: str
    n_samples: int
    strings: bool = False
    n_units: int = 0

    @property
    def description(self) -> str:
        """Says in one line what is measured."""
        if self.n_units:
            return (
                f"I(T;Y) of {self.n_samples} joint rows of {self.n_units} symbols and their labels,"
                " 12 classes, in nats"
            )
        kind = "strings" if self.strings else "int64"
        return f"I(A;B) of {self.n_samples} pairs of labels ({kind}), 10 and 12 classes, in nats"

    def data(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Draws a (n,), or rows (n, n_units) with it in their first column, and b (n,).

        Three in ten of b are a.
        """
        rng = np.random.default_rng(0)
        a = rng.integers(10, size=self.n_samples)
        b = np.where(rng.random(self.n_samples) < 0.3, a, rng.integers(12, size=self.n_samples))
        if self.n_units:
            prototypes = rng.integers(50, size=(200, self.n_units))
            rows = prototypes[rng.integers(200, size=self.n_samples)]
            return np.column_stack([a, rows[:, 1:]]), b
        names = np.array([f"class {i}" for i in range(12)]) if self.strings else np.arange(12)
        return names[a], names[b]

    def race(self, quick: bool) -> Race:
        """Races every peer that is there, takes such labels and is expected to be done in time.

        fastmi's drop-in for scikit-learn runs beside them.
        """
        a, b = self.data()

        def can(peer: Peer) -> str:
            if peer.information is None:
                return "has no way of its own to do this"
            return "takes integers" if self.strings and not peer.strings else ""

        running, absent = who_runs(
            can,
            lambda peer: peer.seconds(len(a), self.n_units or 1),
            QUICK_SECONDS if quick else LONGEST_SECONDS,
        )
        candidates = {peer.name: partial(_scorer(peer), a, b) for peer in running}
        if self.n_units:
            absent[COMPAT] = "takes no rows"
        else:
            candidates[COMPAT] = partial(fastmi.compat.sklearn.mutual_info_score, a, b)
        return Race(
            candidates,
            agree={peer.name: peer.agree for peer in running},
            absent=absent,
            weighed=True,
        )


def _scorer(peer: Peer) -> Callable[[Any, Any], float]:
    assert peer.information is not None
    return peer.information


LABELS = (
    LabelCase("labels", 1_000_000),
    LabelCase("label-strings", 100_000, strings=True),
    LabelCase("joint-rows", 4096, n_units=10),
    LabelCase("joint-rows-tall", 100_000, n_units=10),
)
