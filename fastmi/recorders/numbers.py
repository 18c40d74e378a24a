"""points of a reading -> flat names and numbers, for any logger; and the loggers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastmi.inputs import shown
from fastmi.points import Points

__all__ = ["Log", "flat", "logger", "words"]

Log = Callable[[dict[str, float], int], Any]


def flat(points: Points, layers: Sequence[str], prefix: str) -> dict[str, float]:
    """Names each number "column/layer", behind a prefix; what is missing is left out."""
    return {
        f"{prefix}{column.name}/{layer}": float(value)
        for column, layer, value in _cells(points, layers)
        if not column.names and value == value
    }


def words(points: Points, layers: Sequence[str], prefix: str) -> dict[str, str]:
    """Names each verdict "verdict/layer", behind a prefix."""
    return {
        f"{prefix}{column.name}/{layer}": column.shown(value)
        for column, layer, value in _cells(points, layers)
        if column.names and value == value
    }


def _cells(points: Points, layers: Sequence[str]) -> Any:
    for column in Points.columns():
        array = points.present.get(column.name)
        for layer, value in zip(layers, [] if array is None else array.tolist(), strict=False):
            yield column, layer, value


def logger(log: Any) -> Log:
    """Makes one function of what logs: log(numbers, step=step), or a TensorBoard writer.

    Raises:
        TypeError: neither.
    """
    if log is None:
        return lambda numbers, step: None
    if hasattr(log, "add_scalar"):

        def write(numbers: Mapping[str, float], step: int) -> None:
            for name, value in numbers.items():
                log.add_scalar(name, value, step)

        return write
    if not callable(log):
        raise TypeError(
            f"log is {shown(log)}: pass a function log(numbers, step=step), as wandb.log, or a "
            "TensorBoard SummaryWriter"
        )
    return lambda numbers, step: log(numbers, step=step)
