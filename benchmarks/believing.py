"""what stands beside a number -> how much longer than the number alone it takes.

Not a race against others: none gives these columns. Cold is the first call in a process that has
no table of chance or regret yet; what is compiled is compiled before.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import fastmi
from benchmarks.timing import Race
from fastmi.arrays import Activations, FloatArray
from fastmi.belief import shuffles, subsamples
from fastmi.belief.regret import _regrets
from fastmi.measures import Layers

__all__ = ["BELIEFS", "Belief"]

WIDTHS, COPIES, N_SAMPLES = (10, 7, 5, 4, 3, 2), 5, 4096
PERMUTED_SAMPLES, PERMUTATIONS = 1000, 1000
PAIRS = 1_000_000


@dataclass(frozen=True)
class Belief:
    """A number alone, then with what is said of it: the same number, by each of `candidates`."""

    name: str
    description: str
    candidates: tuple[str, ...]
    build: Callable[[], tuple[Callable[[], Any], ...]]

    def race(self, quick: bool) -> Race:
        """Builds the calls."""
        return Race(dict(zip(self.candidates, self.build(), strict=True)))


def _plane(n_samples: int) -> tuple[fastmi.PlaneEstimator, list[Activations]]:
    """Makes six layers of five copies, tanh of normal numbers, and labels that depend on them."""
    rng = np.random.default_rng(0)
    layers: list[Activations] = [
        np.tanh(rng.normal(size=(COPIES, n_samples, d))).astype(np.float32) for d in WIDTHS
    ]
    y = (layers[-1][0, :, 0] + rng.normal(size=n_samples) > 0).astype(np.int64)
    bins = fastmi.UniformBins(30, range=(-1, 1))
    x = np.arange(n_samples)[:, None]
    return fastmi.PlaneEstimator(x, y, bins, n_classes=2, sample="held-out"), layers


def _columns() -> tuple[Callable[[], Any], ...]:
    """Reads single networks alone: `readings` would count their mixture, too."""
    plane, layers = _plane(N_SAMPLES)
    (reader, _), names = plane._readers[0], list(map(str, WIDTHS))
    group = Layers(names, names, layers)

    def believed() -> FloatArray:
        return reader.points(reader.prepare(group, for_points=True)).bits

    def cold() -> FloatArray:
        for table in (shuffles._mean_entropies, subsamples._mean_terms, _regrets):
            table.cache_clear()
        return believed()

    return _quietly(lambda: reader.bits(reader.prepare(group))), _quietly(believed), _quietly(cold)


def _permutations() -> tuple[Callable[[], Any], ...]:
    plane, layers = _plane(PERMUTED_SAMPLES)

    def alone() -> FloatArray:
        return plane.estimate(layers)[..., 1]

    def tested() -> Any:
        return plane.permutation_test(layers, n_resamples=PERMUTATIONS, rng=0).statistic

    return _quietly(alone), _quietly(tested)


def _report() -> tuple[Callable[[], Any], ...]:
    rng = np.random.default_rng(0)
    a = rng.integers(10, size=PAIRS)
    b = np.where(rng.random(PAIRS) < 0.3, a, rng.integers(12, size=PAIRS))

    def with_sd() -> float:
        report = fastmi.mutual_information_report(a, b)
        assert report.chance_sd
        return report.value

    return (
        partial(fastmi.mutual_information, a, b),
        lambda: fastmi.mutual_information_report(a, b).value,
        with_sd,
    )


def _quietly(call: Callable[[], Any]) -> Callable[[], Any]:
    """Leaves out the warning that some of the layers cannot be sized."""

    def quiet() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", fastmi.CoverageWarning)
            return call()

    return quiet


BELIEFS = (
    Belief(
        "belief-columns",
        f"30 segments of {N_SAMPLES} samples: I(X;T) and I(T;Y), and with every column beside them",
        ("the two numbers", "with all columns", "with all columns, cold tables"),
        _columns,
    ),
    Belief(
        "belief-permutations",
        f"30 segments of {PERMUTED_SAMPLES} samples, two classes: I(T;Y), and {PERMUTATIONS} "
        "permutations of it, adjusted over the plane",
        ("the plane", "with its permutation test"),
        _permutations,
    ),
    Belief(
        "belief-report",
        f"{PAIRS:,} pairs of labels, 10 and 12 classes: the information, and its report",
        ("mutual_information", "the report", "the report and the sd of chance"),
        _report,
    ),
)
