"""What is said of a number: reports of pairs and streams, and the gap between two samples."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmi

from .judge import Case, Refused
from .labels import MISSING
from .tables import collected, direct

X, Y, Z = [0, 0, 1, 1, 2, 2], ["a", "a", "b", "b", "b", "a"], [0, 1, 0, 1, 0, 1]
BATCH = np.zeros((2, 6, 1), int)
BINS = fastmi.UniformBins(4, range=(-1, 1))


def _reported(name: str, about: str, *words: Any, kind: Any = ValueError, **given: Any) -> Case:
    return Case(
        f"report: {name}",
        lambda: fastmi.mutual_information_report(**({"x": X, "y": Y} | given)),
        Refused(*words, kind=kind),
        f"mutual_information_report({about})",
    )


def _value(
    name: str, expected: Any, x: Any = X, y: Any = Y, of: str = "value", **given: Any
) -> Case:
    return Case(
        f"report: {name}",
        lambda: getattr(fastmi.mutual_information_report(x, y, **given), of),
        expected,
    )


REFUSED = [
    _reported("x is None", "x", "x", "NoneType", kind=TypeError, x=None),
    _reported("x continuous", "x", "x", "0.5", x=[0.5, 1, 2, 3, 4, 5]),
    _reported("y with None", "y", "y", MISSING, kind=(TypeError, ValueError), y=[*"abcde", None]),
    _reported("fewer y", "x y", "x has 6", "y has 2", y=["a", "b"]),
    _reported("no samples", "x y", "n = 0", x=[], y=[]),
    _reported(
        "z of another length", "conditional_on", "conditional_on", "2", conditional_on=[0, 1]
    ),
    _reported("z continuous", "conditional_on", "conditional_on", "0.5", conditional_on=[0.5] * 6),
    _reported("batches", "x", "x", "(2,)", "x[0]", x=BATCH, y=BATCH),
    _reported("fewer classes than seen", "n_classes", "n_classes", "1", "2", n_classes=1),
    _reported("no classes", "n_classes", "n_classes", "0", n_classes=0),
    _reported("half a class", "n_classes", "n_classes", "2.5", kind=TypeError, n_classes=2.5),
    _reported("another sample", "sample", "sample", "'test'", "'held-out'", sample="test"),
    _reported(
        "a sample of numbers", "sample", "sample", "3", kind=(TypeError, ValueError), sample=3
    ),
    _reported("another method", "method", "method", "'best'", "'plugin'", method="best"),
    _reported(
        "a corrected population",
        "method sample",
        "method",
        "'jackknife'",
        "population",
        method="jackknife",
        sample="population",
    ),
    *(
        Case(
            f"a stream of {name} {value!r}",
            lambda given={name: value}: fastmi.Stream(BINS, **given),
            Refused(name, repr(value)),
            f"Stream({name})",
        )
        for name, value in (("n_classes", 0), ("n_classes", 1.5), ("sample", "test"), ("sample", 1))
    ),
    Case(
        "a report of an empty stream",
        lambda: fastmi.Stream(BINS).report(),
        Refused("empty", "n = 0", kind=ValueError),
    ),
    *(
        Case(
            f"the gap to {held_out!r:.20}",
            lambda held_out=held_out: collected().gap(held_out),
            Refused("held_out", "table", kind=TypeError),
            "InformationPlane.gap(held_out)",
        )
        for held_out in (None, 0.5, "held-out")
    ),
    Case(
        "the gap to other epochs",
        lambda: collected().gap(collected(epochs=[0, 2])),
        Refused("held_out", "epochs", kind=ValueError),
        "InformationPlane.gap(held_out)",
    ),
    *(
        Case(
            f"a table whose sample is a {kind!r}",
            lambda kind=kind: direct(sample_kind=kind),
            Refused("sample_kind", "'held-out'"),
            "InformationPlane(sample_kind)",
        )
        for kind in ("test", None, 3)
    ),
]

RIGHT = [
    _value("of one sample", 0.0, [1], ["a"]),
    _value("of one symbol", 0.0, [7] * 6),
    _value("of one class", 0.0, y=["a"] * 6, of="chance"),
    _value("where all rows differ", 1.0, [*range(6)], of="chance"),
    _value("a class for each sample", 1.0, [0, 1], [5, 6], of="chance", n_classes=2),
    _value("of a population", None, of="chance", sample="population"),
    _value("of a population, in a word", "exact", of="verdict", sample="population"),
    _value("p of a training sample", None, of="pvalue_bound", sample="training"),
    _value("given y itself", 0.0, conditional_on=Y),
]


def cases(seed: int, long: bool) -> list[Case]:
    return [*REFUSED, *RIGHT]
