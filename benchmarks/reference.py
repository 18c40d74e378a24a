"""activations -> I(X;T), I(T;Y) by the published recipe, as slow as published: what every other
candidate is measured against.

What is published (facts from vadim0x60/IDNN-Replication-Study, a replication of Shwartz-Ziv and
Tishby 2017, arXiv:1703.00810): activations are digitised between evenly spaced edges, and a value
below the first edge joins the last symbol. H(T) is the entropy of the distinct rows. H(T|X) is a
Python loop over the distinct inputs: a mask over the samples, the distinct rows under it, their
entropy, weighted by the share of the mask; H(T|Y) likewise. An epoch is one SGD step of every
network copy on 101 rows drawn without replacement; then every sample is forwarded by itself through
one copy drawn at random (of one or of several) while the outputs of the watched layers are
buffered, and the recipe runs for each of them.

What is here: those facts in our own words and on today's libraries; no line of the published code.
Where a choice was open the faster one was taken (no gradients while forwarding), so that the ratios
err to the published side.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

__all__ = [
    "BATCH",
    "EDGES",
    "LEARNING_RATE",
    "WATCHED",
    "complicated_data",
    "conditional_entropy",
    "forward_one_by_one",
    "identify",
    "image_data",
    "plane_point",
    "published_loop",
    "row_entropy",
    "simple_data",
    "symbols",
    "train_step",
]

EDGES = np.linspace(-1, 1, 50)
BATCH = 101
LEARNING_RATE = 0.2
WATCHED = (nn.Tanh, nn.Softmax)

IntArray = npt.NDArray[np.int64]


# --- the estimate ---------------------------------------------------------------------------------


def identify(rows: Any) -> IntArray:
    """Rows (n, ...) -> which distinct row each one is, (n,)."""
    rows = np.asarray(rows)
    rows = rows.reshape(len(rows), -1)
    rows = rows[:, 0] if rows.shape[1] == 1 else rows  # numbers are sorted sooner than rows of one
    return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)


def symbols(activations: Any, edges: Any) -> IntArray:
    """Activations -> 0..n_edges - 1, compared in float32; below the first edge is -1, which wraps
    to the last symbol.
    """
    edges = np.asarray(edges, np.float32)
    return (np.digitize(np.asarray(activations, np.float32), edges) - 1) % len(edges)


def row_entropy(rows: IntArray) -> float:
    """Rows (n, d) -> the entropy of the distinct ones, in bits."""
    counts = np.unique(rows, axis=0, return_counts=True)[1]
    share = counts / len(rows)
    return float(-np.sum(share * np.log2(share)))


def conditional_entropy(rows: IntArray, given: IntArray) -> float:
    """H(rows | given), one mask for every distinct value of `given`."""
    total = 0.0
    for value in np.unique(given):
        under = given == value
        total += under.mean() * row_entropy(rows[under])
    return total


def plane_point(x: IntArray, y: IntArray, activations: Any, edges: Any) -> tuple[float, float]:
    """x, y (n,) numbered by `identify`, activations (n, d) -> (I(X;T), I(T;Y)) in bits."""
    t = symbols(activations, edges)
    h_t = row_entropy(t)
    return h_t - conditional_entropy(t, x), h_t - conditional_entropy(t, y)


# --- the run around it ----------------------------------------------------------------------------


def simple_data(n_samples: int, seed: int = 0) -> tuple[IntArray, IntArray]:
    """-> x (n, 12) whole numbers in -1..3, classes (n,): whether the mean of x, with noise, is
    above 0.7.
    """
    rng = np.random.default_rng(seed)
    x = rng.integers(5, size=(n_samples, 12)) - 1
    return x, (x.mean(axis=1) + rng.normal(0, 0.1, n_samples) > 0.7).astype(np.int64)


def complicated_data(n_samples: int, seed: int = 0) -> tuple[IntArray, IntArray]:
    """-> the same x, classes (n,): whether a score is above its mean; as published, x_0 alone moves
    the score.
    """
    rng = np.random.default_rng(seed)
    x = rng.integers(5, size=(n_samples, 12)) - 1
    score = np.sum(x[:, 2::2] * x[:, 3::2]) - x[:, 0] ** 2
    return x, (score + rng.normal(0, 0.2, n_samples) > score.mean()).astype(np.int64)


def image_data(n_samples: int, seed: int = 0) -> tuple[IntArray, IntArray]:
    """-> x (n, 196) random pixels in 0..12, random classes (n,) in 0..9: of pooled MNIST the shape,
    the range and the repeats.

    As there, the sample is drawn with replacement from 70,000 images, so that a few rows occur
    twice.
    """
    rng = np.random.default_rng(seed)
    images, who = np.unique(rng.integers(70_000, size=n_samples), return_inverse=True)
    return rng.integers(13, size=(len(images), 196))[who], rng.integers(10, size=len(images))[who]


def train_step(network: nn.Module, optimiser: torch.optim.Optimizer, x: Tensor, y: Tensor) -> None:
    """One step on the mean squared error of one batch."""
    optimiser.zero_grad()
    nn.functional.mse_loss(network(x), y).backward()
    optimiser.step()


def forward_one_by_one(
    networks: Sequence[nn.Sequential], x: Tensor, assignment: IntArray
) -> list[npt.NDArray[np.float32]]:
    """x (n, ...), each sample by itself through networks[assignment[i]] -> the buffered watched
    outputs, each (n, d).
    """
    rows: list[list[Tensor]] = []
    with torch.no_grad():
        for sample, drawn in zip(x.split(1), assignment, strict=True):
            buffer = []
            for module in networks[drawn]:
                sample = module(sample)
                if isinstance(module, WATCHED):
                    buffer.append(sample)
            rows.append(buffer)
    return [torch.cat(layer).numpy() for layer in zip(*rows, strict=True)]


def published_loop(
    network: nn.Sequential, x: IntArray, y: Any, *, n_copies: int, n_epochs: int, seed: int = 0
) -> Iterator[list[tuple[float, float]]]:
    """Train deep copies of `network` side by side; after each epoch yield (I(X;T), I(T;Y)) of every
    watched layer.

    y (n, k): the targets, whose rows are the symbols of Y.
    """
    rng = np.random.default_rng(seed)
    copies = [copy.deepcopy(network) for _ in range(n_copies)]
    optimisers = [torch.optim.SGD(member.parameters(), lr=LEARNING_RATE) for member in copies]
    x_numbers, y_numbers = identify(x), identify(y)
    inputs, targets = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    for _ in range(n_epochs):
        for member, optimiser in zip(copies, optimisers, strict=True):
            rows = torch.from_numpy(rng.permutation(len(x))[:BATCH])
            train_step(member, optimiser, inputs[rows], targets[rows])
        layers = forward_one_by_one(copies, inputs, rng.integers(n_copies, size=len(x)))
        yield [plane_point(x_numbers, y_numbers, layer, EDGES) for layer in layers]
