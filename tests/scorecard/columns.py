"""Tables of discrete columns: all pairs, and every column beside a target."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmi

from .judge import Case, Refused

X, Y = [["a", 0], ["a", 1], ["b", 0], ["b", 1]], [0, 0, 1, 1]
HOLED = [["a", 0], ["a", None], ["b", 0], ["b", 1]]
PAIRS, FEATURES = "pairwise_mutual_information", "feature_information"


def _refused(function: str, name: str, about: str, *words: Any, **given: Any) -> Case:
    kind = given.pop("kind", ValueError)
    defaults: dict[str, Any] = {"X": X} | ({"y": Y} if function == FEATURES else {})
    return Case(
        f"{function}: {name}",
        lambda: getattr(fastmi, function)(**(defaults | given)),
        Refused(*words, kind=kind),
        f"{function}({about})",
    )


REFUSED = [
    *(
        case
        for function in (PAIRS, FEATURES)
        for case in (
            _refused(function, "X is None", "X", "X", "NoneType", kind=TypeError, X=None),
            _refused(function, "X continuous", "X", "X", "0.5", X=[[0.5, 1]] * 4),
            _refused(function, "no columns", "X", "X", X=np.zeros((4, 0), int)),
            _refused(function, "a batch", "X", "X", "(2, 2, 1)", X=np.zeros((2, 2, 1), int)),
            _refused(function, "X lacks a value", "X missing", "X[1]", "drop", "symbol", X=HOLED),
            _refused(function, "another missing", "missing", "missing", "'no'", missing="no"),
        )
    ),
    _refused(PAIRS, "fewer Y", "Y", "X has 4", "Y has 2", Y=[0, 1]),
    _refused(PAIRS, "Y is a string", "Y", "Y", kind=(TypeError, ValueError), Y="abcd"),
    _refused(FEATURES, "fewer y", "y", "X has 4", "y has 2", y=[0, 1]),
    _refused(FEATURES, "y continuous", "y", "y", "0.5", y=[0.5, 1, 2, 3]),
    _refused(FEATURES, "y a batch", "y", "y", "(2, 2, 1)", y=np.zeros((2, 2, 1), int)),
    _refused(FEATURES, "y lacks a value", "y", "y lacks 1", "drop", y=[0, 1, None, 1]),
    _refused(FEATURES, "fewer z", "conditional_on", "conditional_on has 2", conditional_on=[0, 1]),
    _refused(FEATURES, "fewer classes", "n_classes", "n_classes", "1", "2", n_classes=1),
    _refused(FEATURES, "no resamples", "n_resamples", "n_resamples", "0", n_resamples=0),
    _refused(FEATURES, "a seed below 0", "rng", "rng", "-1", n_resamples=9, rng=-1),
    _refused(
        FEATURES,
        "permutations within Z",
        "n_resamples conditional_on",
        "n_resamples",
        "conditional_on",
        n_resamples=9,
        conditional_on=Y,
    ),
    _refused(
        FEATURES,
        "permutations of some samples",
        "n_resamples missing",
        "n_resamples",
        "X[1]",
        X=HOLED,
        n_resamples=9,
        missing="drop",
    ),
    Case(
        "another mean of entropies",
        lambda: fastmi.pairwise_mutual_information(X).normalized("mean"),
        Refused("by", "'mean'", "'min'", kind=ValueError),
        "PairwiseInformation.normalized(by)",
    ),
    Case(
        "other values of a heat map",
        lambda: fastmi.pairwise_mutual_information(X).plot("colour"),
        Refused("values", "'colour'", "'bits'", kind=ValueError),
        "PairwiseInformation.plot(values)",
    ),
    Case(
        "a heat map in what is no axes",
        lambda: fastmi.pairwise_mutual_information(X).plot(ax="here"),  # pyright: ignore[reportArgumentType]
        Refused("ax", "'here'", kind=TypeError),
        "PairwiseInformation.plot(ax)",
    ),
]


def _bits(X: Any, Y: Any = None) -> Any:
    return fastmi.pairwise_mutual_information(X, Y).bits


RIGHT = [
    Case(
        f"{name} {what}",
        lambda of=of: float(of()),
        expected,
    )
    for name, what, of, expected in (
        (
            PAIRS,
            "of one sample",
            lambda: _bits([[1, 2]])[0, 1],
            0.0,
        ),
        (PAIRS, "of one column", lambda: _bits(Y)[0, 0], 1.0),
        (
            PAIRS,
            "of what tells all",
            lambda: _bits(X, Y)[0, 0],
            1.0,
        ),
        (FEATURES, "of what tells all", lambda: fastmi.feature_information(X, Y).scores[0], 1.0),
        (FEATURES, "of one sample", lambda: fastmi.feature_information([[1]], [2]).scores[0], 0.0),
    )
]


def cases(seed: int, long: bool) -> list[Case]:
    return [*REFUSED, *RIGHT]
