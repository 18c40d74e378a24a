"""The data sets of the runs: name, number of samples, seed -> inputs and classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["DATASETS", "Dataset", "load"]


@dataclass(frozen=True)
class Dataset:
    """x (n, d) float32, classes (n,) integers, and the name under which every row and figure quotes them."""

    name: str
    x: npt.NDArray[np.float32]
    classes: npt.NDArray[np.int64]


def simple(n_samples: int, rng: np.random.Generator) -> Dataset:
    """The report's simple data: twelve integers in -1..3; class 1 where their mean plus N(0, 0.1) exceeds 0.7.

    The label is noisy: P(class 1) = .7601, H(Y) = .7949 and I(X;Y) = .6036 bits by enumeration, so whatever a network's
    I(T;Y) shows above that on a sample is overfitting and the bias of counting.
    """
    x = rng.integers(5, size=(n_samples, 12)) - 1
    classes = x.mean(axis=1) + rng.normal(0, 0.1, n_samples) > 0.7
    return Dataset("simple", x.astype(np.float32), classes.astype(np.int64))


DATASETS: dict[str, Callable[[int, np.random.Generator], Dataset]] = {"simple": simple}


def load(name: str, n_samples: int, seed: Any) -> Dataset:
    """The data set of that name, the same for the same seed.

    Raises:
        ValueError: no data set has that name.
    """
    if name not in DATASETS:
        raise ValueError(f"data is {name!r}: the data sets are {', '.join(DATASETS)}")
    return DATASETS[name](n_samples, np.random.default_rng(seed))
