"""The data sets of the runs: name, number of samples, seed -> what is trained on, what is read."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastmi.arrays import FloatArray, IntArray

from . import mnist

__all__ = ["DATASETS", "WHOLE", "Dataset", "Sample", "load", "shuffled", "simple_truth"]


class Sample(NamedTuple):
    """x (n, d) float32 and classes (n,) integers."""

    x: npt.NDArray[np.float32]
    classes: IntArray


@dataclass(frozen=True)
class Dataset:
    """What is trained on, and the samples whose planes are read, by name.

    The published sample comes first, then a held-out one. `name` is what every row and figure
    quotes.
    """

    name: str
    trained: Sample
    read: dict[str, Sample]

    def shared(self, name: str) -> int:
        """Counts the rows of a sample that are rows of what is trained on, too.

        A held-out sample should have none: what was learned by heart would be taken for known.
        """
        learned = _digests(self.trained.x)
        return sum(row in learned for row in _digests_in_order(self.read[name].x))


def _digests_in_order(x: npt.NDArray[np.float32]) -> Iterator[bytes]:
    rows = np.ascontiguousarray(x + np.float32(0))  # -0 is 0
    return (hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows)


def _digests(x: npt.NDArray[np.float32]) -> set[bytes]:
    return set(_digests_in_order(x))


def _read_and_held_out(name: str, draw: Callable[[], Sample]) -> Dataset:
    """Draws two samples of one size: the first is trained on and read, the second only read."""
    training = draw()
    return Dataset(name, training, {"training": training, "held-out": draw()})


def simple(n_samples: int, rng: np.random.Generator) -> Dataset:
    """Draws the report's simple data: twelve integers in -1..3, and a noisy label.

    Class 1 is where their mean plus N(0, 0.1) exceeds 0.7. I(X;Y) is 0.6036 bits (`simple_truth`),
    so whatever a network's I(T;Y) shows above that on a sample is overfitting and the bias of
    counting.
    """
    return _read_and_held_out("simple", lambda: _simple(n_samples, rng))


def simple_and_fresh(n_samples: int, rng: np.random.Generator) -> Dataset:
    """Draws the same and a third sample, of 20,000, on which rules for stopping are judged.

    "held-out" serves to validate.
    """
    both = simple(n_samples, rng)
    return replace(both, read=both.read | {"fresh": _simple(20_000, rng)})


def _simple(n_samples: int, rng: np.random.Generator) -> Sample:
    x = rng.integers(5, size=(n_samples, 12)) - 1
    classes = x.mean(axis=1) + rng.normal(0, 0.1, n_samples) > 0.7
    return _sample(x, classes)


def _sample(x: npt.NDArray[Any], classes: npt.NDArray[Any]) -> Sample:
    return Sample(x.astype(np.float32, copy=False), classes.astype(np.int64))


def simple_truth() -> tuple[float, float, float]:
    """Computes P(class 1), H(Y) and I(X;Y) of the simple data, in bits.

    All values of the sum of the twelve inputs are enumerated.
    """
    ways = functools.reduce(np.convolve, [np.ones(5)] * 12) / 5**12
    means = np.arange(-12, 37) / 12
    p_one = np.array([0.5 * (1 + math.erf((mean - 0.7) / (0.1 * math.sqrt(2)))) for mean in means])
    p, h_given = float(ways @ p_one), float(ways @ _binary_entropy(p_one))
    h_y = float(_binary_entropy(np.array(p)))
    return p, h_y, h_y - h_given


def _binary_entropy(p: FloatArray) -> FloatArray:
    sides = np.stack([p, 1 - p])
    return -(sides * np.log2(sides, out=np.zeros_like(sides), where=sides > 0)).sum(axis=0)


def complicated(n_samples: int, rng: np.random.Generator) -> Dataset:
    """Draws exp 3 as published: s = sum(x[:, 2::2] * x[:, 3::2]) - x_0^2, its sum over all samples.

    The sum lacks an axis, so s is one constant minus x_0^2: class 1 where s + N(0, 0.2) exceeds the
    mean of s, which depends on x_0 alone. Held-out samples keep the constant and the mean of the
    sample that is trained on.
    """
    x = rng.integers(5, size=(n_samples, 12)) - 1
    constant = np.sum(x[:, 2::2] * x[:, 3::2])
    return _above_mean("complicated", x, lambda x: constant - x[:, 0] ** 2, rng)


def complicated_intended(n_samples: int, rng: np.random.Generator) -> Dataset:
    """Draws exp 3 as intended: the sum of products within each sample (axis=1).

    So ten of the twelve inputs and x_0 count.
    """
    x = rng.integers(5, size=(n_samples, 12)) - 1
    return _above_mean(
        "complicated-intended",
        x,
        lambda x: np.sum(x[:, 2::2] * x[:, 3::2], axis=1) - x[:, 0] ** 2,
        rng,
    )


def _above_mean(
    name: str,
    x: IntArray,
    score: Callable[[IntArray], Any],
    rng: np.random.Generator,
) -> Dataset:
    samples, mean = iter([x, rng.integers(5, size=x.shape) - 1]), score(x).mean()

    def draw() -> Sample:
        drawn = next(samples)
        return _sample(drawn, score(drawn) + rng.normal(0, 0.2, len(drawn)) > mean)

    return _read_and_held_out(name, draw)


def mnist_pooled(n_samples: int, rng: np.random.Generator) -> Dataset:
    """Draws exp 4 as published: 2x2 blocks of MNIST summed in uint8, which wraps modulo 256.

    Then int(sum / 20), 14x14. Drawn with replacement from all 70,000, so rows may repeat.
    """
    return _mnist("mnist, pooled in uint8", n_samples, rng, np.uint8)


def mnist_widened(n_samples: int, rng: np.random.Generator) -> Dataset:
    """Draws exp 4 as intended: the same with sums that do not wrap."""
    return _mnist("mnist, pooled in int64", n_samples, rng, np.int64)


def _mnist(
    name: str, n_samples: int, rng: np.random.Generator, dtype: type[np.integer[Any]]
) -> Dataset:
    images = mnist.find()

    def pooled(drawn: IntArray) -> Sample:
        blocks = images.pixels[drawn].reshape(n_samples, 14, 2, 14, 2).astype(dtype)
        sums = blocks.sum(axis=(2, 4), dtype=dtype) // dtype(20)
        return _sample(sums.reshape(n_samples, 196), images.labels[drawn])

    return _drawn(name, n_samples, len(images.pixels), pooled, rng)


def _drawn(
    name: str,
    n_samples: int,
    n_images: int,
    prepared: Callable[[IntArray], Sample],
    rng: np.random.Generator,
) -> Dataset:
    """Draws n images with replacement; as many from those never drawn are held out.

    Those are drawn with replacement too.
    """
    drawn = rng.integers(n_images, size=n_samples)
    left = np.setdiff1d(np.arange(n_images), drawn)
    rows = iter([drawn, rng.choice(left, n_samples)])
    return _read_and_held_out(name, lambda: prepared(next(rows)))


def mnist_whole(n_samples: int, rng: np.random.Generator) -> Dataset:
    """Takes all of MNIST, pixels / 255: 60,000 training images, and 10,000 test images held out.

    Nothing is drawn. Fewer than 60,000 are the first ones.
    """
    if not 0 < n_samples <= 60_000:
        raise ValueError(f"n_samples is {n_samples}, but MNIST has 60,000 training images")
    images = mnist.find()
    slices = [slice(n_samples), slice(60_000, None)]
    training, test = (
        _sample(images.pixels[rows].reshape(-1, 784) / np.float32(255), images.labels[rows])
        for rows in slices
    )
    return Dataset("mnist", training, {"training": training, "held-out": test})


def digits(n_samples: int, rng: np.random.Generator) -> Dataset:
    """Draws from scikit-learn's 1797 digits of 8x8 pixels in 0..16, each pixel repeated to 14x14.

    They are drawn with replacement. What stands in where MNIST is not at hand; smaller and easier,
    so it is a run of its own name.
    """
    from sklearn.datasets import load_digits

    images, classes = (np.asarray(array) for array in load_digits(return_X_y=True))
    near = np.arange(14) * 8 // 14

    def enlarged(drawn: IntArray) -> Sample:
        return _sample(
            images.reshape(-1, 8, 8)[drawn][:, near[:, None], near].reshape(n_samples, 196),
            classes[drawn],
        )

    return _drawn("digits", n_samples, len(images), enlarged, rng)


def var_u(n_samples: int, rng: np.random.Generator) -> Dataset:
    """Takes all 4096 binary patterns of 12 bits with the classes of the original paper's var_u.mat.

    The paper is Shwartz-Ziv and Tishby's. 80 % of the patterns, drawn at random, are trained on,
    the default of the authors' code (github.com/ravidziv/IDNNs); the plane is read on all, as
    theirs, and on the 820 held out.

    The 4096 classes are the bits of var_u.bin, taken from that file (sha256 0ba9551878a855...,
    redistributed under the MIT licence by https://github.com/artemyk/ibsgd); its patterns are those
    of the numbers 0..4095, the highest bit first.
    """
    if n_samples != 4096:
        raise ValueError(
            f"n_samples is {n_samples}, but 'var-u' is a whole population of 4096 patterns"
        )
    x = ((np.arange(4096)[:, None] >> np.arange(12)[::-1]) & 1).astype(np.float32)
    classes = np.unpackbits(
        np.frombuffer(Path(__file__).with_name("var_u.bin").read_bytes(), np.uint8)
    ).astype(np.int64)
    trained, held_out = np.split(rng.permutation(4096), [int(0.8 * 4096)])
    return Dataset(
        "var-u",
        Sample(x[trained], classes[trained]),
        {"all patterns": Sample(x, classes), "held-out": Sample(x[held_out], classes[held_out])},
    )


DATASETS: dict[str, Callable[[int, np.random.Generator], Dataset]] = {
    "simple": simple,
    "simple-and-fresh": simple_and_fresh,
    "complicated": complicated,
    "complicated-intended": complicated_intended,
    "mnist-pooled": mnist_pooled,
    "mnist-widened": mnist_widened,
    "mnist": mnist_whole,
    "digits": digits,
    "var-u": var_u,
}


WHOLE = {"mnist"}  # the same for every seed


def load(name: str, n_samples: int, seed: Any) -> Dataset:
    """Draws the data set of that name, the same for the same seed.

    Raises:
        ValueError: no data set has that name, or its files are not there.
    """
    if name not in DATASETS:
        raise ValueError(f"data is {name!r}: the data sets are {', '.join(DATASETS)}")
    return DATASETS[name](n_samples, np.random.default_rng(seed))


def shuffled(data: Dataset, name: str, seed: int) -> Dataset:
    """Permutes the labels to train on: their counts stay, and all x.

    What is trained on is read first, under that name and by the labels that are learned, whether it
    was read before or not; every other sample keeps the true ones, also where it holds patterns
    that are trained on.
    """
    classes = np.random.default_rng(seed).permutation(data.trained.classes)
    trained = data.trained._replace(classes=classes)
    others = {other: sample for other, sample in data.read.items() if other != "training"}
    return Dataset(f"{data.name} (trained on shuffled labels)", trained, {name: trained} | others)
