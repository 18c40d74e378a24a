"""functions of many problems at once -> their minima: L-BFGS, each problem as if it were alone.

Source: Nocedal and Wright, Numerical Optimization, 2006, algorithms 7.4 and 3.1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["minimised"]

MEMORY = 10  # pairs of steps and of changes of the gradient that are kept
SUFFICIENT = 1e-4  # share of what the slope promises that a step has to gain
MOST_HALVINGS = 30  # of a step
LEAST_CURVATURE = 1e-12  # share of |y|^2 that s y has to be for a pair to be kept
ROUNDING = 1e-15  # of a value: what is no worse than this is no worse


def minimised(
    function: Callable[[Tensor], tuple[Tensor, Tensor]],
    start: Tensor,
    n_steps: int,
    tolerance: float,
) -> Tensor:
    """Minimises b functions of p numbers each, all at once.

    A problem rests where half its squared gradient is at most the tolerance, which is about what is
    left to gain where the curvature is about 1, and where no step gains anything.

    Args:
        function: (b, p) -> the values (b,) and the gradients (b, p). start: (b, p), float64.
        n_steps: the most. tolerance: in the unit of the values.

    Returns:
        (b, p), as far as each came.
    """
    place = start
    value, gradient = function(place)
    pairs: list[tuple[Tensor, Tensor, Tensor]] = []
    rests = _small(gradient, tolerance)
    for _ in range(n_steps):
        if rests.all():
            break
        direction = _direction(gradient, pairs)
        slope = _dot(direction, gradient)
        uphill = slope >= 0  # by rounding alone
        direction = direction.where(~uphill[:, None], -gradient)
        slope = slope.where(~uphill, -_dot(gradient, gradient))
        length, n_halvings = (~rests).to(start.dtype), 0
        while True:
            there = place + length[:, None] * direction
            found, gradient_there = function(there)
            enough = found <= value + SUFFICIENT * length * slope + ROUNDING * value.abs()
            if n_halvings == MOST_HALVINGS or (enough | rests).all():
                break
            length, n_halvings = length.where(enough | rests, length / 2), n_halvings + 1
        moves = (enough & ~rests)[:, None]
        step = (there - place).where(moves, 0.0 * place)
        change = (gradient_there - gradient).where(moves, 0.0 * place)
        curvature = _dot(step, change)
        kept = curvature > LEAST_CURVATURE * _dot(change, change)
        inverse = (1 / curvature.where(kept, curvature.new_ones(()))).where(kept, 0 * curvature)
        pairs = [*pairs[1 - MEMORY :], (step, change, inverse)]
        place, value = place + step, found.where(moves[:, 0], value)
        gradient = gradient + change
        rests = rests | ~enough | _small(gradient, tolerance)
    return place


def _direction(gradient: Tensor, pairs: list[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
    """Multiplies -gradient by what the pairs know of the inverse of the Hessian."""
    direction, shares = -gradient, []
    for step, change, inverse in reversed(pairs):
        shares.append(inverse * _dot(step, direction))
        direction = direction - shares[-1][:, None] * change
    for _, change, inverse in pairs[-1:]:
        scale = 1 / (inverse * _dot(change, change))
        direction = direction * scale.where(inverse > 0, scale.new_ones(()))[:, None]
    for (step, change, inverse), share in zip(pairs, reversed(shares), strict=True):
        direction = direction + (share - inverse * _dot(change, direction))[:, None] * step
    return direction


def _dot(one: Tensor, other: Tensor) -> Tensor:
    return (one * other).sum(dim=1)


def _small(gradient: Tensor, tolerance: float) -> Tensor:
    return _dot(gradient, gradient) / 2 <= tolerance
