"""Who else does the job: one module a peer, through its own public interface, as its users would
write it.

A peer's module holds one record, PEER. There are two jobs:

    plane(x, y, edges) -> estimate(layers [(n_copies, n, d)]) -> (n_copies, n_layers, 2): I(X;T) and
    I(T;Y) in bits, where a
                          value below the first edge joins the last symbol; what x, y and edges need
                          is done beforehand
    information(rows (n,) or (n, d), y (n,)) -> I(rows;Y) in nats, of integer labels that are there
    already
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

__all__ = ["NAMES", "Estimate", "Peer", "library", "peers", "who_runs"]

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

Estimate = Callable[[Any], Any]


@dataclass(frozen=True)
class Peer:
    """One way to do the jobs.

    Fields:
        name: in the tables.
        seconds: (n, d) -> what one layer of one copy is expected to take, roughly: it decides only
        who is asked. plane, information: see the module; None where the peer's users have no way to
        do it. needs: the library that has to be there; `hint` says more where it is not.
        strings: whether its labels may be strings.
        agree: how far its answers may be from the first one's: what its own arithmetic allows.
        on_device: where it can use a GPU: it takes "tensors" that lie there, or moves "arrays"
        there itself.
    """

    name: str
    seconds: Callable[[int, int], float]
    plane: Callable[[Any, Any, Any], Estimate] | None = None
    information: Callable[[Any, Any], float] | None = None
    needs: str = ""
    hint: str = ""
    strings: bool = False
    agree: float = 1e-12
    on_device: str = ""

    def unavailable(self) -> str:
        """Why it cannot run here, or nothing."""
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
def peers() -> tuple[Peer, ...]:
    """All of them, whether they can run here or not."""
    return tuple(importlib.import_module(f"benchmarks.peers.{name}").PEER for name in NAMES)


@cache
def library(name: str) -> Any:
    """Import what may not be there; what a library warns of while it is loaded is not the reader's
    concern.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


def who_runs(
    can: Callable[[Peer], str], seconds: Callable[[Peer], float], longest: float
) -> tuple[list[Peer], dict[str, str]]:
    """Those that are there, can do the job and are expected to take `longest` seconds at most; of
    the others the reason.
    """
    running, absent = [], {}
    for peer in peers():
        reason = peer.unavailable() or can(peer)
        if not reason and (expected := seconds(peer)) > longest:
            reason = f"too slow: about {max(expected, 1):.0f} s expected"
        if reason:
            absent[peer.name] = reason
        else:
            running.append(peer)
    return running, absent
