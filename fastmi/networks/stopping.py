"""I(X;T), I(T;Y) of the last layer, check by check -> stop, or train on: has it come to rest?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastmi import checks
from fastmi.arrays import FloatArray
from fastmi.inputs import container, is_tensor, shown

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["InformationStopping"]


@dataclass(eq=False)
class InformationStopping:
    """Stops training when J = I(T;Y) - beta I(X;T) of the last layer has come to rest.

    Whoever trains says when to check.

    At rest: max J - min J < tolerance over the last patience + 1 checks, and I(T;Y) >= floor at the
    last of them. With patience=1 that is |J_t - J_{t-1}| < tolerance.

    What it means: with beta = 1, distinct x and T a function of x, I(X;T) = H(T) and so J =
    -H(T|Y): the spread of the binned output within the classes is steady. It says nothing of
    errors, nor that J will not move again. It can be deceived:

    - A network that has not begun to learn is at rest too, and so is a dead one. J cannot tell,
      I(T;Y) can: train on with a `floor` of half of H(Y), `PlaneEstimator.entropy_y / 2`.
    - Rest is a rate, `tolerance` bits in `patience` intervals: the closer the checks, the more
      rests. A slower learning rate needs rarer checks.
    - While the noise of J exceeds `tolerance`, it never stops: set a limit to the training. A mean
      over copies is quieter than each of them, and rests earlier. With beta = 0, J = I(T;Y) moves
      less: lower the tolerance.

    The defaults are for the 12-10-7-5-4-3-1 tanh network of the report. At learning rate 0.2,
    checked every 10 steps, 20 seeds stop after 480 to 1210 steps with at least 0.92 of the highest
    I(T;Y) of 3000 steps (patience=1: after 40 to 280, 0.13), and later J moves by half a bit or
    more. At 0.02, 16 of 20 stop before half of it; with floor=0.4 or checked every 100, none.

    The report's own rule (github.com/vadim0x60/IDNN-Replication-Study) stops where J - 1e-19 <
    tolerance 1e-19, and that number never changes: with J <= 0, as above, at the first check. "Stop
    when J no longer grows" is no repair: J falls while the network fits, and is highest where the
    output is constant.

    Args:
        beta: the weight of I(X;T), at least 0.
        tolerance: bits. 0 never stops: nothing moves by less.
        patience: how many changes, at least 1.
        floor: bits of I(T;Y) below which no check stops; 0 asks for none.

    Attributes:
        objective: J in bits at every check so far.
        stopped: whether it has said stop; it stays.

    Raises:
        TypeError, ValueError: numbers that are none, not finite or negative, a patience that is not
            whole or below 1.

    Example:
        >>> import fastmi
        >>> rule = fastmi.InformationStopping(tolerance=0.1, patience=2)
        >>> path = [(3.0, 0.5), (2.0, 0.75), (2.0, 0.75), (2.0, 0.8)]
        >>> [rule.update(i_xt, i_ty) for i_xt, i_ty in path]
        [False, False, False, True]
        >>> rule.first_stop([3.0, 2.0, 2.0, 2.0], [0.5, 0.75, 0.75, 0.8])
        3
    """

    beta: float = 1.0
    tolerance: float = 0.1
    patience: int = 3
    floor: float = 0.0
    objective: list[float] = field(default_factory=list, init=False, repr=False)
    stopped: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        for name in ("beta", "tolerance", "floor"):
            setattr(self, name, checks.not_negative(name, getattr(self, name)))
        self.patience = checks.positive_integer("patience", self.patience)

    def update(self, i_xt: npt.ArrayLike | Tensor, i_ty: npt.ArrayLike | Tensor) -> bool:
        """Takes one check, and says whether to stop now.

        Args:
            i_xt, i_ty: bits of the last layer, a number each, or one for each copy or seed, of
                which the mean is watched: one decision for all. NumPy, torch or lists of either.

        Raises:
            TypeError: no numbers.
            ValueError: NaN, infinite or negative values, none at all, different shapes.
        """
        i_xt, i_ty = _checked_bits(i_xt=i_xt, i_ty=i_ty)
        with np.errstate(under="ignore"):  # what is too small is 0
            self.objective.append(float(i_ty.mean() - self.beta * i_xt.mean()))
        last = self.objective[-1 - self.patience :]
        rests = len(last) > self.patience and max(last) - min(last) < self.tolerance
        self.stopped = self.stopped or bool(rests and i_ty.mean() >= self.floor)
        return self.stopped

    def first_stop(self, i_xt: npt.ArrayLike | Tensor, i_ty: npt.ArrayLike | Tensor) -> int | None:
        """Finds the check of a recorded path at which `update` would have said stop first.

        It is its index, or None.

        The checks of the rule itself do not count, and stay.

        Args:
            i_xt, i_ty: (n_checks,) or (n_checks, ...) bits, the other axes being copies or seeds:
                of an `InformationPlane`, i_xt[:, :, -1] and i_ty[:, :, -1].

        Raises:
            TypeError, ValueError: as `update`; no axis of checks.
        """
        path = _checked_bits(n_axes=1, i_xt=i_xt, i_ty=i_ty)
        anew = replace(self)
        return next(
            (check for check, point in enumerate(zip(*path, strict=True)) if anew.update(*point)),
            None,
        )


def _checked_bits(n_axes: int = 0, **values: Any) -> list[FloatArray]:
    """Checks estimates of mutual information, a number each or arrays of one shape -> float64.

    They have at least `n_axes` axes.
    """
    bits = {name: _bits(name, value) for name, value in values.items()}
    shapes = {name: array.shape for name, array in bits.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) < n_axes for shape in shapes.values()):
        expected = (
            "one shape, (n_checks, ...)" if n_axes else "a number each, or arrays of one shape"
        )
        raise ValueError(
            f"{', '.join(f'{name} has shape {shape}' for name, shape in shapes.items())}: pass "
            f"{expected}"
        )
    return list(bits.values())


def _bits(name: str, value: Any) -> FloatArray:
    """Checks finite bits of at least 0, a number or an array of any shape."""
    plain = isinstance(value, int | float | np.generic | list | tuple)
    if isinstance(value, list | tuple):
        value = [container(name, number.cpu()) if is_tensor(number) else number for number in value]
    try:
        array = (
            np.asarray(value)
            if plain
            else container(name, value.cpu() if is_tensor(value) else value)
        )
    except ValueError:
        raise ValueError(
            f"{name} is a ragged list: pass numbers, mutual information in bits, or lists of one "
            "length"
        ) from None
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} is {shown(value)}: pass numbers, mutual information in bits")
    if not array.size:
        raise ValueError(f"{name} has shape {array.shape}: there is nothing to watch")
    with np.errstate(all="ignore"):  # what is too small is 0
        array = array.astype(np.float64)
    wrong = array[~(np.isfinite(array) & (array >= 0))]
    if wrong.size:
        raise ValueError(
            f"{name} holds {wrong[0]}: mutual information is finite and not negative "
            "(np.maximum(..., 0) for an estimate that falls below 0; NaN comes of a network that "
            "has died)"
        )
    return array
