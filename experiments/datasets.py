"""The data sets of the runs: name, number of samples, seed -> inputs and classes."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments import mnist

__all__ = ["DATASETS", "Dataset", "load"]


@dataclass(frozen=True)
class Dataset:
    """x (n, d) float32, classes (n,) integers, and the name under which every row and figure quotes them."""

    name: str
    x: npt.NDArray[np.float32]
    classes: npt.NDArray[np.int64]


def simple(n_samples: int, rng: np.random.Generator) -> Dataset:
    """The report's simple data: twelve integers in -1..3; class 1 where their mean plus N(0, 0.1) exceeds 0.7.

    The label is noisy: I(X;Y) is 0.6036 bits (`simple_truth`), so whatever a network's I(T;Y) shows above that on a sample
    is overfitting and the bias of counting.
    """
    x = rng.integers(5, size=(n_samples, 12)) - 1
    classes = x.mean(axis=1) + rng.normal(0, 0.1, n_samples) > 0.7
    return Dataset("simple", x.astype(np.float32), classes.astype(np.int64))


def simple_truth() -> tuple[float, float, float]:
    """P(class 1), H(Y) and I(X;Y) of the simple data in bits, by enumeration of the sum of the twelve inputs."""
    ways = functools.reduce(np.convolve, [np.ones(5)] * 12) / 5**12
    means = np.arange(-12, 37) / 12
    p_one = np.array([0.5 * (1 + math.erf((mean - 0.7) / (0.1 * math.sqrt(2)))) for mean in means])
    p, h_given = float(ways @ p_one), float(ways @ _binary_entropy(p_one))
    h_y = float(_binary_entropy(np.array(p)))
    return p, h_y, h_y - h_given


def _binary_entropy(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    sides = np.stack([p, 1 - p])
    return -(sides * np.log2(sides, out=np.zeros_like(sides), where=sides > 0)).sum(axis=0)


def complicated(n_samples: int, rng: np.random.Generator) -> Dataset:
    """As published: s = sum(x[:, 2::2] * x[:, 3::2]) - x_0^2, the sum over the whole sample for want of an axis.

    So s is one constant minus x_0^2: class 1 where s + N(0, 0.2) exceeds the mean of s, which depends on x_0 alone.
    """
    x = rng.integers(5, size=(n_samples, 12)) - 1
    score = np.sum(x[:, 2::2] * x[:, 3::2]) - x[:, 0] ** 2
    return _above_mean("complicated", x, score, rng)


def complicated_intended(n_samples: int, rng: np.random.Generator) -> Dataset:
    """As intended: the sum of products within each sample (axis=1), so that ten of the twelve inputs and x_0 count."""
    x = rng.integers(5, size=(n_samples, 12)) - 1
    score = np.sum(x[:, 2::2] * x[:, 3::2], axis=1) - x[:, 0] ** 2
    return _above_mean("complicated-intended", x, score, rng)


def _above_mean(name: str, x: npt.NDArray[np.int64], score: npt.NDArray[np.int64], rng: np.random.Generator) -> Dataset:
    classes = score + rng.normal(0, 0.2, len(x)) > score.mean()
    return Dataset(name, x.astype(np.float32), classes.astype(np.int64))


def mnist_pooled(n_samples: int, rng: np.random.Generator) -> Dataset:
    """As published: 2x2 blocks of MNIST summed in uint8, which wraps modulo 256, then int(sum / 20), 14x14.

    Drawn with replacement from all 70,000, so rows may repeat.
    """
    return _mnist("mnist, pooled in uint8", n_samples, rng, np.uint8)


def mnist_widened(n_samples: int, rng: np.random.Generator) -> Dataset:
    """As intended: the same with sums that do not wrap."""
    return _mnist("mnist, pooled in int64", n_samples, rng, np.int64)


def _mnist(name: str, n_samples: int, rng: np.random.Generator, dtype: type[np.integer[Any]]) -> Dataset:
    images = mnist.find()
    drawn = rng.integers(len(images.pixels), size=n_samples)
    blocks = images.pixels[drawn].reshape(n_samples, 14, 2, 14, 2).astype(dtype)
    pooled = blocks.sum(axis=(2, 4), dtype=dtype) // dtype(20)
    return Dataset(name, pooled.reshape(n_samples, 196).astype(np.float32), images.labels[drawn].astype(np.int64))


def digits(n_samples: int, rng: np.random.Generator) -> Dataset:
    """scikit-learn's 1797 digits of 8x8 pixels in 0..16, each pixel repeated to 14x14; drawn with replacement.

    What stands in where MNIST is not at hand; smaller and easier, so it is a run of its own name.
    """
    from sklearn.datasets import load_digits

    images, classes = (np.asarray(part) for part in load_digits(return_X_y=True))
    near = np.arange(14) * 8 // 14
    drawn = rng.integers(len(images), size=n_samples)
    large = images.reshape(-1, 8, 8)[drawn][:, near[:, None], near]
    return Dataset("digits", large.reshape(n_samples, 196).astype(np.float32), classes[drawn].astype(np.int64))


def var_u(n_samples: int, rng: np.random.Generator) -> Dataset:
    """All 4096 binary patterns of 12 bits with the classes of Shwartz-Ziv and Tishby's var_u.mat: nothing is drawn.

    The 4096 classes are the bits of var_u.bin, taken from that file (sha256 0ba9551878a855..., redistributed under the MIT
    licence by https://github.com/artemyk/ibsgd); its patterns are those of the numbers 0..4095, the highest bit first.
    """
    if n_samples != 4096:
        raise ValueError(f"n_samples is {n_samples}, but 'var-u' is a whole population of 4096 patterns")
    x = (np.arange(4096)[:, None] >> np.arange(12)[::-1]) & 1
    classes = np.unpackbits(np.frombuffer(Path(__file__).with_name("var_u.bin").read_bytes(), np.uint8))
    return Dataset("var-u", x.astype(np.float32), classes.astype(np.int64))


DATASETS: dict[str, Callable[[int, np.random.Generator], Dataset]] = {
    "simple": simple,
    "complicated": complicated,
    "complicated-intended": complicated_intended,
    "mnist-pooled": mnist_pooled,
    "mnist-widened": mnist_widened,
    "digits": digits,
    "var-u": var_u,
}


def load(name: str, n_samples: int, seed: Any) -> Dataset:
    """The data set of that name, the same for the same seed.

    Raises:
        ValueError: no data set has that name, or its files are not there.
    """
    if name not in DATASETS:
        raise ValueError(f"data is {name!r}: the data sets are {', '.join(DATASETS)}")
    return DATASETS[name](n_samples, np.random.default_rng(seed))
