"""Who else does the job: one module a peer, through its public interface, as its users write it.

A peer's module holds one record, PEER. There are three jobs:

    plane(x, y, edges) -> estimate(layers [(n_copies, n, d)]) -> (n_copies, n_layers, 2)
        I(X;T) and I(T;Y) in bits, where a value below the first edge joins the last symbol; what
        x, y and edges need is done beforehand
    information(rows (n,) or (n, d), y (n,)) -> float
        I(rows;Y) in nats, of integer labels that are there already
    bounds(y, noise_variance) -> estimate(layer (n, d)) -> (4,)
        bounds of I(X;T + noise), lower and upper, then of I(T + noise;Y), in bits
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

__all__ = ["NAMES", "OF_BOUNDS", "Estimate", "Peer", "library", "peers", "who_runs"]

NAMES = (  # in the order of the tables; the first is the one that the others are compared with
    "fastmi_numba",
    "fastmi_torch",
    "numpy_arithmetic",
    "numpy_digitize",
    "numpy_void",
    "numpy_axis",
    "pandas",
    "pandas_packed",
    "polars",
    "sklearn_score",
    "sklearn_classif",
    "torch_unique",
    "torchmetrics",
    "pyitlib",
    "infomeasure",
    "cudf",
    "dictionary",
    "published",
)
OF_BOUNDS = ("fastmi_numba", "numpy_broadcasting", "torch_cdist")  # as above, of the third job

Estimate = Callable[[Any], Any]


@dataclass(frozen=True)
class Peer:
    """A way to do the jobs.

    Fields:
        name: in the tables.
        seconds: (n, d) -> what one layer of one copy is expected to take, roughly: it decides only
            who is asked.
        plane, information, bounds: see the module; None where the peer's users have no way to do
            it.
        needs: the library that has to be there; `hint` says more where it is not.
        strings: whether its labels may be strings.
        agree: how far its answers may be from the first one's: what its own arithmetic allows.
        on_device: where it can use a GPU: it takes "tensors" that lie there, or moves "arrays"
            there itself.
        seconds_on_device: as `seconds`, on a GPU.
    """

    name: str
    seconds: Callable[[int, int], float]
    plane: Callable[[Any, Any, Any], Estimate] | None = None
    information: Callable[[Any, Any], float] | None = None
    bounds: Callable[[Any, float], Estimate] | None = None
    needs: str = ""
    hint: str = ""
    strings: bool = False
    agree: float = 1e-12
    on_device: str = ""
    seconds_on_device: Callable[[int, int], float] = lambda n, d: 0.0

    def unavailable(self) -> str:
        """Says why it cannot run here, or nothing."""
        if not self.needs:
            return ""
        try:
            library(self.needs)
        except ModuleNotFoundError as error:
            return f"{error.name} is not installed{self.hint}"
        except Exception as error:  # there, and broken, or without its device
            return f"{self.needs} cannot be imported: {error}"
        return ""


@cache
def peers(names: tuple[str, ...] = NAMES) -> tuple[Peer, ...]:
    """Loads all peers of these modules, whether they can run here or not."""
    return tuple(importlib.import_module(f"benchmarks.peers.{name}").PEER for name in names)


@cache
def library(name: str) -> Any:
    """Imports a library that may not be there.

    What it warns of while it is loaded is not the reader's concern.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


def who_runs(
    can: Callable[[Peer], str],
    seconds: Callable[[Peer], float],
    longest: float,
    names: tuple[str, ...] = NAMES,
) -> tuple[list[Peer], dict[str, str]]:
    """Finds the peers that are there, can do the job and are expected to be done in time.

    Args:
        can: a peer -> why it cannot do the job, or nothing.
        seconds: a peer -> what it is expected to take.
        longest: how many seconds that may be.
        names: the modules of those that are asked.

    Returns:
        Those that run, and of the others the reason by name.
    """
    running, absent = [], {}
    for peer in peers(names):
        reason = peer.unavailable() or can(peer)
        if not reason and (expected := seconds(peer)) > longest:
            reason = f"too slow: about {max(expected, 1):.0f} s expected"
        if reason:
            absent[peer.name] = reason
        else:
            running.append(peer)
    return running, absent
