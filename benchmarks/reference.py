"""activations -> I(X;T), I(T;Y) by the published recipe, as slow as published.

Every other candidate is measured against it.

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

from fastmi.arrays import IntArray

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


# --- the estimate ---------------------------------------------------------------------------------


def identify(rows: Any) -> IntArray:
    """Numbers the distinct ones of rows (n, ...): which of them each is, (n,)."""
    rows = np.asarray(rows)
    rows = rows.reshape(len(rows), -1)
    rows = rows[:, 0] if rows.shape[1] == 1 else rows  # numbers are sorted sooner than rows of one
    return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)


def symbols(activations: Any, edges: Any) -> IntArray:
    """Digitises activations to 0..n_edges - 1, compared in float32.

    Below the first edge is -1, which wraps to the last symbol.
    """
    edges = np.asarray(edges, np.float32)
    return (np.digitize(np.asarray(activations, np.float32), edges) - 1) % len(edges)


def row_entropy(rows: IntArray) -> float:
    """Estimates the entropy of the distinct ones of rows (n, d), in bits."""
    counts = np.unique(rows, axis=0, return_counts=True)[1]
    share = counts / len(rows)
    return float(-np.sum(share * np.log2(share)))


def conditional_entropy(rows: IntArray, given: IntArray) -> float:
    """Estimates H(rows | given), in bits: one mask for every distinct value of `given`."""
    total = 0.0
    for value in np.unique(given):
        under = given == value
        total += under.mean() * row_entropy(rows[under])
    return total


def plane_point(x: IntArray, y: IntArray, activations: Any, edges: Any) -> tuple[float, float]:
    """Estimates (I(X;T), I(T;Y)) in bits; activations (n, d), x and y (n,) from `identify`."""
    t = symbols(activations, edges)
    h_t = row_entropy(t)
    return h_t - conditional_entropy(t, x), h_t - conditional_entropy(t, y)


# --- the run around it ----------------------------------------------------------------------------


def simple_data(n_samples: int, seed: int = 0) -> tuple[IntArray, IntArray]:
    """Draws x (n, 12), whole numbers in -1..3, and classes (n,).

    The class is whether the mean of x, with noise, is above 0.7.
    """
    rng = np.random.default_rng(seed)
    x = rng.integers(5, size=(n_samples, 12)) - 1
    return x, (x.mean(axis=1) + rng.normal(0, 0.1, n_samples) > 0.7).astype(np.int64)


def complicated_data(n_samples: int, seed: int = 0) -> tuple[IntArray, IntArray]:
    """Draws the same x, and classes (n,) of a score that, as published, x_0 alone moves.

    The class is whether the score is above its mean.
    """
    rng = np.random.default_rng(seed)
    x = rng.integers(5, size=(n_samples, 12)) - 1
    score = np.sum(x[:, 2::2] * x[:, 3::2]) - x[:, 0] ** 2
    return x, (score + rng.normal(0, 0.2, n_samples) > score.mean()).astype(np.int64)


def image_data(n_samples: int, seed: int = 0) -> tuple[IntArray, IntArray]:
    """Draws x (n, 196), random pixels in 0..12, and random classes (n,) in 0..9.

    Of pooled MNIST they have the shape, the range and the repeats. As there, the sample is drawn
    with replacement from 70,000 images, so that a few rows occur twice.
    """
    rng = np.random.default_rng(seed)
    images, drawn = np.unique(rng.integers(70_000, size=n_samples), return_inverse=True)
    x, classes = rng.integers(13, size=(len(images), 196)), rng.integers(10, size=len(images))
    return x[drawn], classes[drawn]


def train_step(network: nn.Module, optimiser: torch.optim.Optimizer, x: Tensor, y: Tensor) -> None:
    """Takes one step on the mean squared error of one batch."""
    optimiser.zero_grad()
    nn.functional.mse_loss(network(x), y).backward()
    optimiser.step()


def forward_one_by_one(
    networks: Sequence[nn.Sequential], x: Tensor, assignment: IntArray
) -> list[npt.NDArray[np.float32]]:
    """Forwards each sample of x (n, ...) by itself, through networks[assignment[i]].

    Returns the buffered outputs of the watched layers, each (n, d).
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
    """Trains deep copies of `network` side by side, and reads them after each epoch.

    Yields (I(X;T), I(T;Y)) of every watched layer. y (n, k) are the targets, whose rows are the
    symbols of Y.
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
