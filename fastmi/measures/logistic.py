"""rows of many networks (b, m, d), labels (m,) -> logistic probes of each, trained at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from fastmi.measures.lbfgs import minimised

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["Probes", "Training", "trained"]

MOST_TURNED = 2048  # of rows or units: beyond them the eigenvectors cost more than they save
RANK = 1e-10  # share of the largest eigenvalue that a direction needs


class Training(NamedTuple):
    """How probes are trained.

    Attributes:
        n_classes: k. hidden: the width of a hidden layer of tanh; 0 is none. penalties: of the
            weights, each trained by itself, from one start. seed: of the start, where there is a
            hidden layer. n_steps, tolerance: as `minimised`, in nats a sample.
    """

    n_classes: int
    hidden: int
    penalties: Sequence[float]
    seed: int
    n_steps: int
    tolerance: float


class _Shape(NamedTuple):
    """Shapes of the weights: r inputs -> hidden units, if any -> k classes."""

    n_inputs: int
    hidden: int
    n_classes: int

    @property
    def n_first(self) -> int:
        return self.hidden or self.n_classes

    @property
    def sizes(self) -> list[int]:
        first = [self.n_inputs * self.n_first, self.n_first]
        return [*first, self.hidden * self.n_classes, self.n_classes] if self.hidden else first


class _Weights(NamedTuple):
    """first (b, l, r, f), bias (b, l, 1, f), and of a hidden layer second (b, l, f, k), and its."""

    first: Tensor
    bias: Tensor
    second: Tensor | None = None
    second_bias: Tensor | None = None

    def on(self, device: torch.device) -> _Weights:
        """Moves them to a device."""
        of_second = (None if part is None else part.to(device) for part in self[2:])
        return _Weights(self.first.to(device), self.bias.to(device), *of_second)


class Probes(NamedTuple):
    """Probes of b networks under l penalties.

    Attributes:
        low, high: (b, 1, d), of the units that were fitted; what lies beyond is taken as the end,
            so that a unit which was nearly still is not blown up. centre, spread: by which units
            are standardised. weights: of such units.
    """

    low: Tensor
    high: Tensor
    centre: Tensor
    spread: Tensor
    weights: _Weights

    def log2_probabilities(self, rows: Tensor) -> Tensor:
        """Predicts log2 p(y | t) of every class y, of rows (b, n, d) or (n, d): (b, l, n, k)."""
        there = rows.device
        within = rows.maximum(self.low.to(there)).minimum(self.high.to(there))
        standard = (within - self.centre.to(there)) / self.spread.to(there)
        scores, _ = _scores(standard, self.weights.on(there))
        return scores.log_softmax(-1) / math.log(2)


def trained(rows: Tensor, labels: Tensor, how: Training) -> Probes:
    """Trains a probe of every network under every penalty.

        min  mean_i -ln softmax(W t_i + b)[y_i] + penalty / 2 |W|^2

    of standardised units t, and with a hidden layer W tanh(V t + c) + b, and |V|^2 beside |W|^2.
    Without one it is scikit-learn's LogisticRegression of C = 1 / (penalty m), of two classes C =
    2 / (penalty m), and convex.

    Units are turned into their principal directions, which leaves the problem as it is, and each
    is divided by the root of its curvature at the start, eigenvalue / k + penalty. Tried on 512
    units: of ten classes 28 evaluations of the loss come as far as 101 without it, and of two with
    noisy labels 32 as far as 271; Adam under torch.func.vmap needed some 500.

    Args:
        rows: (b, m, d). labels: (m,) in 0..k - 1, beside them.
    """
    import torch

    b = len(rows)
    centre = rows.mean(dim=1, keepdim=True, dtype=torch.float64)
    spread = (rows - centre).square().mean(dim=1, keepdim=True).sqrt()
    spread = spread.where(spread > 0, torch.ones_like(spread))
    inputs, basis, eigenvalues = _turned((rows - centre) / spread)
    shape = _Shape(inputs.shape[2], how.hidden, how.n_classes)
    penalties = centre.new_tensor(how.penalties)
    scales = (eigenvalues[:, None] / how.n_classes + penalties[:, None]).rsqrt()[..., None]
    target = torch.nn.functional.one_hot(labels, how.n_classes).to(inputs.dtype)

    def loss(flat: Tensor) -> tuple[Tensor, Tensor]:
        weights = _unpacked(flat, shape, b, scales)
        value, gradients = _loss(inputs, target, weights, penalties)
        gradients = gradients._replace(first=gradients.first * scales)
        return value.reshape(-1), _packed(gradients, b * len(penalties))

    start = _start(shape, how.seed).to(inputs).expand(b * len(penalties), -1)
    if how.hidden:
        start = _divided(start, shape, b, scales)
    found = _unpacked(minimised(loss, start, how.n_steps, how.tolerance), shape, b, scales)
    first = found.first if basis is None else basis[:, None] @ found.first
    low, high = rows.amin(dim=1, keepdim=True), rows.amax(dim=1, keepdim=True)
    return Probes(low, high, centre, spread, found._replace(first=first))


def _turned(standard: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
    """Turns rows (b, m, d) into at most min(m, d) directions without correlation.

    Gives rows (b, m, r), the directions (b, d, r) and the mean square of each, (b, r).
    """
    import torch

    _, m, d = standard.shape
    if min(m, d) > MOST_TURNED:
        return standard, None, standard.square().mean(dim=1)
    if d <= m:
        eigenvalues, basis = torch.linalg.eigh(standard.mT @ standard / m)
        return standard @ basis, basis, eigenvalues.clamp_min(0)
    # what no row reaches no weight needs
    eigenvalues, left = torch.linalg.eigh(standard @ standard.mT / m)
    eigenvalues = eigenvalues.clamp_min(0)
    reached = eigenvalues > RANK * eigenvalues[:, -1:].clamp_min(RANK)
    roots = (eigenvalues * m).sqrt()
    inverse = (1 / roots.where(reached, torch.ones_like(roots))).where(reached, 0 * roots)
    basis = standard.mT @ left * inverse[:, None]
    return left * roots.where(reached, 0 * roots)[:, None], basis, eigenvalues


def _start(shape: _Shape, seed: int) -> Tensor:
    """Draws weights of variance 1 / r and 1 / f, on the host, the same for every device."""
    import torch

    if not shape.hidden:
        return torch.zeros(1, sum(shape.sizes), dtype=torch.float64)
    generator = torch.Generator().manual_seed(seed)
    first, bias, second, second_bias = (
        torch.randn(size, generator=generator, dtype=torch.float64) for size in shape.sizes
    )
    parts = [first / math.sqrt(shape.n_inputs), 0 * bias]
    parts += [second / math.sqrt(shape.hidden), 0 * second_bias]
    return torch.cat(parts)[None]


def _divided(flat: Tensor, shape: _Shape, b: int, scales: Tensor) -> Tensor:
    """Finds what is to be scaled to the same weights."""
    import torch

    weights = _unpacked(flat, shape, b, torch.ones_like(scales))
    return _packed(weights._replace(first=weights.first / scales), len(flat))


def _unpacked(flat: Tensor, shape: _Shape, b: int, scales: Tensor) -> _Weights:
    first, bias, *rest = flat.reshape(b, -1, flat.shape[1]).split(shape.sizes, dim=2)
    weights = _Weights(
        first.unflatten(2, (shape.n_inputs, shape.n_first)) * scales, bias[:, :, None]
    )
    if not rest:
        return weights
    return weights._replace(
        second=rest[0].unflatten(2, (shape.hidden, shape.n_classes)),
        second_bias=rest[1][:, :, None],
    )


def _packed(weights: _Weights, n: int) -> Tensor:
    import torch

    return torch.cat([part.reshape(n, -1) for part in weights if part is not None], dim=1)


def _scores(inputs: Tensor, weights: _Weights) -> tuple[Tensor, Tensor | None]:
    """Computes the scores of the classes (b, l, n, k), and the hidden units (b, l, n, f)."""
    b, n_penalties, r, f = weights.first.shape
    # one product for all penalties
    flat = inputs @ weights.first.transpose(1, 2).reshape(b, r, n_penalties * f)
    first = flat.unflatten(2, (n_penalties, f)).transpose(1, 2) + weights.bias
    if weights.second is None or weights.second_bias is None:
        return first, None
    hidden = first.tanh()
    return hidden @ weights.second + weights.second_bias, hidden


def _loss(
    inputs: Tensor, target: Tensor, weights: _Weights, penalties: Tensor
) -> tuple[Tensor, _Weights]:
    """Computes the loss in nats (b, l), and its gradients."""
    b, m, _ = inputs.shape
    scores, hidden = _scores(inputs, weights)
    logs = scores.log_softmax(-1)
    value = -(logs * target).sum(dim=(2, 3)) / m
    value = value + penalties / 2 * weights.first.square().sum(dim=(2, 3))
    error = (logs.exp() - target) / m
    gradients = _Weights(weights.first, error.sum(dim=2, keepdim=True))
    if hidden is not None and weights.second is not None:
        value = value + penalties / 2 * weights.second.square().sum(dim=(2, 3))
        second = hidden.mT @ error + penalties[:, None, None] * weights.second
        gradients = gradients._replace(second=second, second_bias=gradients.bias)
        error = error @ weights.second.mT * (1 - hidden.square())
        gradients = gradients._replace(bias=error.sum(dim=2, keepdim=True))
    flat = inputs.mT @ error.transpose(1, 2).reshape(b, m, -1)
    first = flat.unflatten(2, weights.first.shape[1::2]).transpose(1, 2)
    first = first + penalties[:, None, None] * weights.first
    return value, gradients._replace(first=first)
