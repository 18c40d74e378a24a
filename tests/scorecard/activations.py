"""encode: what is no activation, and numbers whose symbol the definition fixes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import fastmi
from tests import naive

from .judge import Case, Either, Refused

EDGES = fastmi.Edges([-1, 0, 1])
WAY = ("np.asarray", "NumPy array")


def _encode(name: str, activations: Any, *words: Any, kind: Any = (TypeError, ValueError)) -> Case:
    def call() -> Any:
        return fastmi.encode(activations() if callable(activations) else activations, EDGES)

    return Case(name, call, Refused("activations", *words, kind=kind), "encode(activations)")


def _binning(name: str, binning: Any, *words: Any) -> Case:
    return Case(
        name,
        lambda: fastmi.encode(np.zeros((3, 2)), binning),
        Refused("binning", *words, kind=TypeError),
        "encode(binning)",
    )


class LookAlike:
    """Has the names of a binning and none of the rest."""

    edges, ends = [0.0, 1.0], (0, 2)


def packed(rows: Any, edges: Any, rule: str = "separate") -> list[int]:
    """Codes rows by the definition: sum_d symbol_d << (bits d)."""
    bits = len(edges).bit_length()
    return [
        sum(s << (bits * d) for d, s in enumerate(row)) for row in naive.digitise(rows, edges, rule)
    ]


REFUSED = [
    _encode("None", None, "NoneType", kind=TypeError),
    _encode("a number", 1.5, "float", kind=TypeError),
    _encode("a string", "abc", "str", kind=TypeError),
    _encode("a dict", {"layer": np.zeros((2, 2))}, "dict", kind=TypeError),
    _encode("a generator", lambda: iter([[1.0]]), kind=TypeError),
    _encode("objects", np.zeros((2, 2), object), "object", ("astype", "float")),
    _encode("words", np.array([["a"], ["b"]]), "<U1", "real numbers"),
    _encode("complex", np.zeros((2, 2), complex), "complex128", "real numbers"),
    _encode("dates", np.zeros((2, 2), "M8[s]"), "datetime64", "real numbers"),
    _encode("records", np.zeros((2, 2), [("a", int)]), "real numbers"),
    _encode("no axis", np.float32(1), "NumPy"),
    _encode("an array of no axes", np.array(1.0), "()", "n_samples, n_units", kind=ValueError),
    _encode("one axis", np.zeros(5), "(5,)", "n_samples, n_units", "[:, None]", kind=ValueError),
    _encode("no samples", np.zeros((0, 3)), "n = 0", kind=ValueError),
    _encode("no units", np.zeros((3, 0)), "(3, 0)", kind=ValueError),
    _encode("no copies", np.zeros((0, 3, 2)), "(0, 3, 2)", kind=ValueError),
    _encode("a NaN", np.array([[0.0], [np.nan]]), "1 NaN", "diverge", kind=ValueError),
    _encode(
        "a NaN of half precision", np.array([[np.nan, 0]], np.float16), "1 NaN", kind=ValueError
    ),
    _encode("a NaN in a tensor", lambda: torch.tensor([[float("nan")]]), "1 NaN", kind=ValueError),
    _encode(
        "a signalling NaN",
        np.array([[0x7F800001]], np.uint32).view(np.float32),
        "1 NaN",
        kind=ValueError,
    ),
    _encode(
        "a NaN with a sign",
        np.array([[0xFFC00000]], np.uint32).view(np.float32),
        "1 NaN",
        kind=ValueError,
    ),
    _encode(
        "too many rows",
        np.broadcast_to(np.float32(0), (2**31 + 7, 1)),
        str(2**31 + 7),
        "at most",
        kind=ValueError,
    ),
    Case(
        "a list of rows",
        lambda: fastmi.encode([[0.5], [-0.5]], EDGES),
        Either([2, 1], Refused("activations", "list", WAY, kind=TypeError)),
        "encode(activations)",
    ),
    Case(
        "outside, where that is an error",
        lambda: fastmi.encode(np.array([[0.5], [1.0]]), fastmi.Edges([-1, 0, 1], "raise")),
        Refused("activations", "1 activations outside", "out_of_range", kind=ValueError),
        "encode(activations)",
    ),
    Case(
        "infinite, where that is an error",
        lambda: fastmi.encode(np.array([[np.inf], [0.0]]), fastmi.Edges([-1, 0, 1], "raise")),
        Refused("activations", "1 activations outside", kind=ValueError),
        "encode(activations)",
    ),
    _binning("None", None, "fastmi.Edges"),
    _binning("edges themselves", [-1, 0, 1], "fastmi.Edges"),
    _binning("an array of edges", np.linspace(-1, 1, 3), "fastmi.Edges"),
    _binning("a number of bins", 30, "fastmi.UniformBins"),
    _binning("the class", fastmi.Edges, "fastmi.Edges"),
    _binning("the other class", fastmi.UniformBins, "fastmi.UniformBins"),
    _binning("a look-alike", LookAlike(), "fastmi.Edges"),
    _binning("a look-alike's class", LookAlike, "fastmi.Edges"),
    _binning("a name", "uniform", "fastmi.Edges"),
]

_ROWS = [
    [-np.inf, -1.0],
    [-1.5, -0.0],
    [0.0, 0.999999999],
    [1.0, np.inf],
    [1e-45, -1e-45],
    [3e38, -3e38],
    [1e300, -1e300],
]

RIGHT = [
    *(
        Case(
            f"{rule}, by the definition",
            lambda rule=rule: fastmi.encode(np.array(_ROWS), fastmi.Edges([-1, 0, 1], rule)),
            packed(_ROWS, [-1, 0, 1], rule),
        )
        for rule in ("separate", "clip", "wrap")
    ),
    Case(
        "bools", lambda: fastmi.encode(np.array([[True], [False]]), fastmi.Edges([0.5, 2])), [1, 0]
    ),
    Case("integers", lambda: fastmi.encode(np.array([[5], [-5]], np.int8), EDGES), [3, 0]),
    Case("unsigned", lambda: fastmi.encode(np.array([[2**64 - 1]], np.uint64), EDGES), [3]),
    Case(
        "long doubles",
        lambda: fastmi.encode(np.array([[0.5], [-0.5]], np.longdouble), EDGES),
        [2, 1],
    ),
    Case(
        "a double that float32 rounds up to the edge",
        lambda: fastmi.encode(np.array([[1 - 1e-12]]), EDGES),
        [3],
    ),
    Case(
        "with a gradient",
        lambda: fastmi.encode(torch.tensor([[0.5]], requires_grad=True), EDGES),
        [2],
    ),
    Case(
        "half precision",
        lambda: fastmi.encode(torch.tensor([[0.5]], dtype=torch.float16), EDGES),
        [2],
    ),
    Case(
        "bfloat16", lambda: fastmi.encode(torch.tensor([[0.5]], dtype=torch.bfloat16), EDGES), [2]
    ),
    Case(
        "one threshold",
        lambda: fastmi.encode(np.array([[0.2], [0.7], [0.5]]), fastmi.Edges([0.5])),
        [0, 1, 1],
    ),
    Case(
        "one threshold, two units",
        lambda: fastmi.encode(np.array([[0.2, 0.9], [0.7, 0.1]]), fastmi.Edges([0.5])),
        [2, 1],
    ),
]


def cases(seed: int, long: bool) -> list[Case]:
    return [*REFUSED, *RIGHT]
