"""use_threads, use_backend: what is no number of threads and no backend.

And a call without `with`.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

import fastmi
from fastmi import backends
from fastmi.backends import threads

from .judge import Case, Either, Refused

THREADS = (0, -1, 1.5, 2.0, True, "2", None, float("nan"), [2], 2j)
NAMES = ("cuda", "cpu", "NUMBA", "", None, 3, ["numba"], {"numba": 1}, np.array(["numba", "torch"]))


def _inside(manager: Any, ask: Any) -> list[Any]:
    """Asks inside the block, and after it."""
    with manager:
        inside = ask()
    return [inside, ask()]


def _twin() -> str:
    return backends.twin_for(np.zeros(1)).__name__.rpartition(".")[2]


def _bare(call: Any, ask: Any) -> Any:
    call()
    return ask()


def _thread(ask: Any) -> Any:
    """Asks in another thread."""
    answers = []
    worker = threading.Thread(target=lambda: answers.append(ask()))
    worker.start()
    worker.join()
    return answers[0]


REFUSED = [
    *(
        Case(
            f"use_threads({n!r}), with",
            lambda n=n: _inside(fastmi.use_threads(n), threads.n_threads),
            Refused("n ", repr(n)),
            "use_threads(n)",
        )
        for n in THREADS
    ),
    *(
        Case(
            f"use_threads({n!r}), bare",
            lambda n=n: fastmi.use_threads(n),
            Refused("n ", repr(n)),
            "use_threads(n)",
        )
        for n in THREADS
    ),
    *(
        Case(
            f"use_backend({name!r:.20}), with",
            lambda name=name: _inside(fastmi.use_backend(name), _twin),
            Refused("name", "'numba'", "'torch'"),
            "use_backend(name)",
        )
        for name in NAMES
    ),
    *(
        Case(
            f"use_backend({name!r:.20}), bare",
            lambda name=name: fastmi.use_backend(name),
            Refused("name", "'numba'", "'torch'"),
            "use_backend(name)",
        )
        for name in NAMES
    ),
]

RIGHT = [
    Case("threads in a block", lambda: _inside(fastmi.use_threads(3), threads.n_threads), [3, 1]),
    Case(
        "a backend in a block",
        lambda: _inside(fastmi.use_backend("torch"), _twin),
        ["torch_twin", "numba_twin"],
    ),
    Case(
        "threads as a statement", lambda: _bare(lambda: fastmi.use_threads(4), threads.n_threads), 4
    ),
    Case(
        "a backend as a statement",
        lambda: _bare(lambda: fastmi.use_backend("torch"), _twin),
        "torch_twin",
    ),
    Case(
        "a block inside a statement",
        lambda: _bare(
            lambda: fastmi.use_threads(4), lambda: _inside(fastmi.use_threads(2), threads.n_threads)
        ),
        [2, 4],
    ),
    Case(
        "statements one after the other",
        lambda: _bare(lambda: (fastmi.use_backend("torch"), fastmi.use_backend("numba")), _twin),
        "numba_twin",
    ),
    Case(
        "a NumPy number of threads",
        lambda: _inside(fastmi.use_threads(np.int64(2)), threads.n_threads),
        Either([2, 1], Refused("n ")),
    ),
    Case(
        "a block in another thread",
        lambda: _thread(lambda: _inside(fastmi.use_threads(2), threads.n_threads)),
        [2, 1],
    ),
    Case(
        "the same answer as a statement",
        lambda: _bare(lambda: fastmi.use_backend("torch"), lambda: fastmi.entropy([0, 1])),
        1.0,
    ),
]


def cases(seed: int, long: bool) -> list[Case]:
    return [*REFUSED, *RIGHT]
