"""scikit-learn's own functions, imported where they are asked for; the caller's np.seterr raises
nothing in them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, ParamSpec, TypeVar

import numpy as np

__all__ = ["calm", "theirs"]

P = ParamSpec("P")
R = TypeVar("R")


def theirs(module: str, name: str) -> Any:
    """A function of scikit-learn, imported where it is asked."""
    return getattr(import_module(f"sklearn.{module}"), name)


def calm(function: Callable[P, R]) -> Callable[P, R]:
    """What `np.seterr` raises for the caller's own arithmetic is no error here, nor in
    scikit-learn: tiny numbers underflow.
    """

    @wraps(function)
    def calm(*arguments: P.args, **options: P.kwargs) -> R:
        settings: dict[str, Any] = {
            kind: "warn" if how == "raise" else how for kind, how in np.geterr().items()
        }
        settings["under"] = "ignore"
        with np.errstate(**settings):
            return function(*arguments, **options)

    return calm
