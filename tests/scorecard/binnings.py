"""Edges and UniformBins: what cuts no line, what thaws, what is taken and was not meant.

And what cannot be chosen from.
"""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import numpy as np
import pandas
import torch

import fastmi

from .judge import Case, Either, Holds, Refused

RULES = "'separate'"


def _edges(name: str, edges: Any, *words: Any, kind: Any = (TypeError, ValueError)) -> Case:
    return Case(
        name,
        lambda: fastmi.Edges(edges() if callable(edges) else edges),
        Refused("edges", *words, kind=kind),
        "Edges(edges)",
    )


def _uniform(
    name: str,
    n_bins: Any,
    range_: Any,
    *words: Any,
    about: str = "range",
    kind: Any = (TypeError, ValueError),
) -> Case:
    return Case(
        name,
        lambda: fastmi.UniformBins(n_bins, range_),
        Refused(about, *words, kind=kind),
        f"UniformBins({about})",
        seconds=10,
    )


def _equal_edges(name: str, make: Any, edges: list[float]) -> Case:
    """Expects it to be taken as what it says, or refused."""
    expected = Either(
        Holds(f"the edges {edges}", lambda bins: bins.edges.tolist() == edges),
        Refused(("edges", "range")),
    )
    return Case(name, make, expected, "Edges(edges)")


REFUSED = [
    _edges("None", None),
    _edges("a number: of bins?", 30, kind=(TypeError, ValueError)),
    _edges("a string", "01", kind=TypeError),
    _edges("strings", ["0", "1"], kind=TypeError),
    _edges("a set", {5, 1}, kind=TypeError),
    _edges("a dict", {0: "a", 1: "b"}, kind=TypeError),
    _edges("a generator", lambda: (i for i in range(3)), kind=TypeError),
    _edges("two axes", [[0, 1]], "(1, 2)", kind=TypeError),
    _edges("ragged", [[0, 1], [2]], kind=TypeError),
    _edges("none at all", [], "at least", kind=(TypeError, ValueError)),
    _edges("falling", [0, 2, 1.5], "edges[1]", "2.0", "1.5", kind=ValueError),
    _edges("twice the same", [0, 1, 1], "1", ("drop", "repeat", "unique"), kind=ValueError),
    _edges("the same after rounding", [1.0, 1.0 + 1e-9], "float32", kind=ValueError),
    _edges("infinite", [0, np.inf], "inf", "finite", kind=ValueError),
    _edges("minus infinite", [-np.inf, 0], "inf", "finite", kind=ValueError),
    _edges("beyond float32", [0, 1e39], "1e+39", kind=ValueError),
    _edges("NaN", [0, np.nan], "nan", kind=ValueError),
    _edges("one NaN", [np.nan], "nan", kind=ValueError),
    _edges("masked", np.ma.array([0.0, 9.0, 1.0], mask=[0, 1, 0]), ("compressed", "mask")),
    _edges(
        "masked, all increasing",
        np.ma.array([0.0, 1.0, 2.0], mask=[0, 1, 0]),
        ("compressed", "mask"),
    ),
    _edges("complex", [0j, 1j], "complex128", kind=TypeError),
    _edges("objects", np.array([0, None], object), "object", kind=TypeError),
    _edges("dates", np.array(["2020", "2021"], "M8[Y]"), "datetime64", kind=TypeError),
    _edges("bools", [False, True], "bool", kind=TypeError),
    _edges("a meta tensor", lambda: torch.zeros(3, device="meta")),
    _edges("a sparse tensor", lambda: torch.tensor([0.0, 1.0]).to_sparse(), ("to_dense", "dense")),
    *(
        Case(
            f"rule {rule!r:.30}",
            lambda rule=rule: fastmi.Edges([0, 1], rule),
            Refused("out_of_range", RULES),
            "Edges(out_of_range)",
        )
        for rule in ("fold", "", None, 3, ["clip"], {"clip"}, "CLIP", np.array(["clip", "wrap"]))
    ),
    *(
        Case(
            f"one threshold that {rule}s",
            lambda rule=rule: fastmi.Edges([0.5], rule),
            Refused("out_of_range", rule, "separate", kind=ValueError),
            "Edges(out_of_range)",
        )
        for rule in ("clip", "wrap", "raise")
    ),
    Case("no range", lambda: fastmi.UniformBins(30), Refused("range"), "UniformBins(range)"),
    Case(
        "no range, as a function would say it",
        lambda: fastmi.UniformBins(n_bins=30),
        Refused("range"),
        "UniformBins(range)",
    ),
    _uniform("None", 3, None, "(low, high)", kind=TypeError),
    _uniform("a number", 3, 1.0, "(low, high)", kind=TypeError),
    _uniform("text of two letters", 3, "01", kind=TypeError),
    _uniform("two texts", 3, ("0", "1"), kind=TypeError),
    _uniform("a set", 3, {5, 1}, kind=TypeError),
    _uniform("a dict", 3, {0: 1, 1: 2}, kind=TypeError),
    _uniform("bytes", 3, b"01", kind=TypeError),
    _uniform("three numbers", 3, (0, 1, 2), kind=TypeError),
    _uniform("one number", 3, (0,), kind=TypeError),
    _uniform("complex", 3, (0j, 1j), kind=TypeError),
    _uniform("empty", 3, (1, 1), "(1", kind=ValueError),
    _uniform("falling", 3, (2, 1), "low < high", kind=ValueError),
    _uniform("infinite", 3, (0, np.inf), "inf", kind=ValueError),
    _uniform(
        "of data with NaN",
        3,
        (np.nan, np.nan),
        "nan",
        ("NaN", "nanmin", "drop", "data"),
        kind=ValueError,
    ),
    _uniform("endless", 3, (0, 10**400)),
    _uniform("beyond float32", 3, (0, 1e300), about="range"),
    _uniform("beyond float64", 3, (-1.7e308, 1.7e308), about="range"),
    _uniform("too narrow", 10, (1, 1 + 1e-7), about="n_bins"),
    _uniform("text", "3", (0, 1), "'3'", about="n_bins", kind=TypeError),
    _uniform("a fraction", 2.5, (0, 1), "2.5", about="n_bins", kind=TypeError),
    _uniform("a whole float", 3.0, (0, 1), "3.0", about="n_bins", kind=TypeError),
    _uniform("True", True, (0, 1), "True", about="n_bins", kind=TypeError),
    _uniform("None", None, (0, 1), "None", about="n_bins", kind=TypeError),
    _uniform("no bins", 0, (0, 1), "0", about="n_bins", kind=ValueError),
    _uniform("fewer than none", -3, (0, 1), "-3", about="n_bins", kind=ValueError),
    _uniform("more than float32 can tell apart", 2**26, (0, 1), about="n_bins", kind=ValueError),
    _uniform("7e8", 7 * 10**8, (-1, 1), "700000000", about="n_bins", kind=ValueError),
    _uniform("1e10", 10**10, (-1, 1), "10000000000", about="n_bins", kind=ValueError),
    _uniform("1e30", 10**30, (-1, 1), about="n_bins", kind=ValueError),
    *(
        Case(
            f"rule {rule!r}",
            lambda rule=rule: fastmi.UniformBins(3, (0, 1), rule),
            Refused("out_of_range", RULES),
            "UniformBins(out_of_range)",
        )
        for rule in ("fold", None, 3, ["clip"])
    ),
]

ANY = {  # makes one of each kind
    "Edges": lambda n: fastmi.Edges([0, 1], n_candidates=n),
    "UniformBins": lambda n: fastmi.UniformBins(3, (0, 1), n_candidates=n),
    "WidthBins": lambda n: fastmi.WidthBins(0.5, n_candidates=n),
    "QuantileBins": lambda n: fastmi.QuantileBins(3, n_candidates=n),
}
LAYER, LABELS = np.array([[-0.5], [0.5], [0.5], [-0.5]]), np.array([0, 1, 1, 1])
TWO = [fastmi.UniformBins(2, (-1, 1)), fastmi.QuantileBins(2)]


def _choice(
    name: str, about: str, *words: Any, kind: Any = (TypeError, ValueError), **given: Any
) -> Case:
    """Chooses of candidates, one argument of which cannot be."""
    arguments = {"layer": LAYER, "y": LABELS, "candidates": TWO} | given
    return Case(
        f"choose_binning: {name}",
        lambda: fastmi.choose_binning(**arguments),
        Refused(*words or (about,), kind=kind),
        f"choose_binning({about})",
    )


CHOSEN = [
    *(
        Case(
            f"{name}, one of {n!r:.20}",
            lambda make=make, n=n: make(n),
            Refused("n_candidates"),
            f"{name}(n_candidates)",
        )
        for name, make in ANY.items()
        for n in (0, -5, 2.0, "5", True, None, [5])
    ),
    _choice("none", "candidates", "candidates", "empty", candidates=[], kind=ValueError),
    _choice("a binning alone", "candidates", "candidates", "[candidates]", candidates=TWO[0]),
    _choice("numbers of bins", "candidates", "candidates[0]", "UniformBins", candidates=[2, 4]),
    _choice("a generator", "candidates", "list", candidates=iter(TWO), kind=TypeError),
    _choice("a mapping", "candidates", "list", candidates={"a": TWO[0]}, kind=TypeError),
    _choice("a class", "candidates", "candidates[0]", candidates=[fastmi.UniformBins]),
    _choice(
        "a measure",
        "candidates",
        "candidates[1]",
        candidates=[TWO[0], fastmi.measures.KDEBounds(1)],
    ),
    _choice("copies", "layer", "layer", "(2, 4, 1)", "layer[0]", layer=np.stack([LAYER] * 2)),
    _choice("a list of layers", "layer", "layer", layer=[LAYER]),
    _choice("a mapping of layers", "layer", "layer", layer={"T": LAYER}),
    _choice("NaN", "layer", "NaN", layer=LAYER * np.nan, candidates=TWO[:1], kind=ValueError),
    _choice("NaN under a rule", "layer", "nan", layer=LAYER * np.nan, kind=ValueError),
    _choice("a vector", "layer", "layer", "[:, None]", layer=LAYER[:, 0]),
    _choice("other samples", "y", "layer has 4", "y has 3", y=LABELS[:3], kind=ValueError),
    _choice("no whole labels", "y", "0.5", y=LABELS / 2),
    _choice("labels of a batch", "y", y=LABELS[:, None, None]),
    _choice("fewer classes than seen", "n_classes", n_classes=1, kind=ValueError),
    _choice("half a class", "n_classes", n_classes=2.5, kind=TypeError),
    Case(
        "choose_binning: no samples",
        lambda: fastmi.choose_binning(LAYER[:0], LABELS[:0], TWO),
        Refused("n = 0", kind=ValueError),
        "choose_binning(layer y)",
    ),
    Case(
        "choose_binning: one of two pays a bit",
        lambda: [row.charge * 4 for row in fastmi.choose_binning(LAYER, LABELS, TWO).candidates],
        [1.0, 1.0],
    ),
    Case(
        "the best of 1e30 is counted exactly",
        lambda: str(fastmi.Edges([0, 1], n_candidates=10**30)).split()[-1],
        str(10**30),
    ),
]

BINNINGS = {
    "edges": lambda: fastmi.Edges([0.0, 0.3, 1.0], "clip"),
    "uniform": lambda: fastmi.UniformBins(3, (-1, 1), "wrap"),
}
COPIES = {
    "as made": lambda bins: bins,
    "pickled": lambda bins: pickle.loads(pickle.dumps(bins)),
    "pickled by the oldest protocol": lambda bins: pickle.loads(pickle.dumps(bins, 0)),
    "deeply copied": copy.deepcopy,
    "copied": copy.copy,
    "replaced": lambda bins: dataclasses.replace(bins, out_of_range="separate"),
}


def _write(bins: Any) -> None:
    bins.edges[0] = 5.0


def _thaw(bins: Any) -> None:
    bins.edges.flags.writeable = True
    bins.edges[0] = 5.0


def _set(bins: Any) -> None:
    bins.out_of_range = "raise"


FROZEN = [
    *(
        Case(
            f"{name}, {copying}: edges stay read-only",
            lambda make=make, copied=copied: copied(make()).edges.flags.writeable,
            False,
        )
        for name, make in BINNINGS.items()
        for copying, copied in COPIES.items()
    ),
    *(
        Case(
            f"{name}, {copying}: equal, and of the same hash",
            lambda make=make, copied=copied: _alike(make(), copied(make())),
            True,
        )
        for name, make in BINNINGS.items()
        for copying, copied in COPIES.items()
        if copying != "replaced"
    ),
    *(
        Case(
            f"{name}: {action}",
            lambda make=make, act=act: act(make()),
            Refused(kind=(ValueError, AttributeError), foreign=True),
        )
        for name, make in BINNINGS.items()
        for action, act in (("an edge is written", _write), ("a field is set", _set))
    ),
    Case("the given array is changed afterwards", lambda: _changed_afterwards(), [0.0, 1.0]),
]


def _alike(bins: Any, other: Any) -> bool:
    return bins == other and hash(bins) == hash(other) and bins.line == other.line


def _changed_afterwards() -> list[float]:
    given = np.array([0, 1], np.float32)
    bins = fastmi.Edges(given)
    given[0] = -7
    return bins.edges.tolist()


RIGHT = [
    _equal_edges("a pandas Series", lambda: fastmi.Edges(pandas.Series([0.0, 1.0])), [0.0, 1.0]),
    _equal_edges(
        "a masked array without a mask", lambda: fastmi.Edges(np.ma.array([0.0, 1.0])), [0.0, 1.0]
    ),
    _equal_edges("a range", lambda: fastmi.Edges(range(3)), [0.0, 1.0, 2.0]),
    _equal_edges("a tensor", lambda: fastmi.Edges(torch.tensor([0.0, 1.0])), [0.0, 1.0]),
    _equal_edges(
        "a list of tensors",
        lambda: fastmi.Edges([torch.tensor(0.0), torch.tensor(1.0)]),
        [0.0, 1.0],
    ),
    _equal_edges("big-endian", lambda: fastmi.Edges(np.array([0, 1], ">f8")), [0.0, 1.0]),
    _equal_edges(
        "a range in an array", lambda: fastmi.UniformBins(1, np.array([0, 1])), [0.0, 1.0]
    ),
    _equal_edges("one threshold", lambda: fastmi.Edges([0.5]), [0.5]),
    Case(
        "one threshold in words",
        lambda: str(fastmi.Edges([0.5])),
        Holds("a line with 0.5", lambda text: "0.5" in text),
    ),
    Case("one bin", lambda: fastmi.UniformBins(1, (0, 1)).edges.tolist(), [0.0, 1.0]),
]


def cases(seed: int, long: bool) -> list[Case]:
    return [*REFUSED, *CHOSEN, *FROZEN, *RIGHT]
