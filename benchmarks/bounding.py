"""one layer to which Gaussian noise is added -> the same KDE bounds by every peer, in bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers import OF_BOUNDS, Estimate, Peer, peers, who_runs
from benchmarks.timing import Race
from fastmi.arrays import IntArray

__all__ = ["BOUNDS", "CANDIDATES", "BoundsCase"]

CANDIDATES = tuple(peer.name for peer in peers(OF_BOUNDS))
LONGEST_SECONDS = 30.0  # that a candidate may be expected to take: the formula has its time


@dataclass(frozen=True)
class BoundsCase:
    """A layer of tanh units, and two classes: every sample is compared with every other."""

    name: str
    n_samples: int
    n_units: int
    noise_variance: float = 0.1

    @property
    def description(self) -> str:
        """Says in one line what is measured."""
        return (
            f"KDE bounds of I(X;T) and I(T;Y), lower and upper, of one layer of {self.n_units} "
            f"units, {self.n_samples} samples (--quick: a quarter of them), 2 classes, noise of "
            f"variance {self.noise_variance:g}; fastmi computes in float32"
        )

    def data(self, quick: bool = False) -> tuple[IntArray, npt.NDArray[np.float32]]:
        """Draws y (n,) and a layer (n, n_units)."""
        rng, n = np.random.default_rng(0), self.n_samples // 4 if quick else self.n_samples
        layer = np.tanh(rng.normal(size=(n, self.n_units))).astype(np.float32)
        return rng.integers(2, size=n), layer

    def race(self, quick: bool) -> Race:
        """Races every peer that is there and is expected to be done in time."""
        y, layer = self.data(quick)
        running, absent = who_runs(
            lambda peer: "", lambda peer: peer.seconds(*layer.shape), LONGEST_SECONDS, OF_BOUNDS
        )
        candidates = {
            peer.name: partial(_bounder(peer)(y, self.noise_variance), layer) for peer in running
        }
        return Race(
            candidates,
            agree={peer.name: peer.agree for peer in running},
            absent=absent,
            weighed=True,
        )


def _bounder(peer: Peer) -> Callable[[Any, float], Estimate]:
    assert peer.bounds is not None
    return peer.bounds


BOUNDS = (BoundsCase("kde-bounds", 4096, 10),)
