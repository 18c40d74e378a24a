"""a name -> scikit-learn's own function, for what is put to scikit-learn itself.

It is imported where it is asked for, and the caller's np.seterr raises nothing in it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar, Union

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import sparray, spmatrix

__all__ = ["Sparse", "calm", "original"]

P = ParamSpec("P")
R = TypeVar("R")
Sparse: TypeAlias = Union["spmatrix", "sparray"]


def original(module: str, name: str) -> Any:
    """Imports a function of scikit-learn, where it is asked."""
    return getattr(import_module(f"sklearn.{module}"), name)


def calm(function: Callable[P, R]) -> Callable[P, R]:
    """Keeps what `np.seterr` raises for the caller's own arithmetic out of a function.

    Tiny numbers underflow, here and in scikit-learn: that is no error in either.
    """

    @wraps(function)
    def calm(*arguments: P.args, **options: P.kwargs) -> R:
        settings: dict[str, Any] = {
            kind: "warn" if action == "raise" else action for kind, action in np.geterr().items()
        }
        settings["under"] = "ignore"
        with np.errstate(**settings):
            return function(*arguments, **options)

    return calm
