"""InformationStopping: weights, tolerances and points that are no bits."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import torch

import fastmi

from .judge import Case, Refused

NUMBERS = {
    -1: "-1",
    float("nan"): "nan",
    float("inf"): "inf",
    "1": "'1'",
    None: "None",
    True: "True",
    2j: "2j",
}
BITS: tuple[tuple[str, Any, tuple[Any, ...]], ...] = (
    ("None", None, ()),
    ("text", "0.5", ()),
    ("a list of text", ["a"], ()),
    ("negative", -0.5, ("-0.5", "negative")),
    ("NaN", float("nan"), ("nan",)),
    ("infinite", np.inf, ("inf",)),
    ("none", [], ("(0,)",)),
    ("complex", 1j, ()),
    ("bools", np.array([True]), ()),
    ("a ragged list", [[1.0], [1.0, 2.0]], ()),
    ("objects", np.array([None, 1.0]), ()),
    ("a dict", {"bits": 1.0}, ()),
    ("a set", {1.0}, ()),
    ("a NaN of a tensor", torch.tensor([float("nan")]), ("nan",)),
    ("masked", np.ma.array([1.0, 2.0], mask=[0, 1]), ()),
)

REFUSED = [
    *(
        Case(
            f"{name} {value!r}",
            lambda name=name, value=value: fastmi.InformationStopping(**{name: value}),
            Refused(name, said),
            f"InformationStopping({name})",
        )
        for name in ("beta", "tolerance", "floor")
        for value, said in NUMBERS.items()
    ),
    *(
        Case(
            f"patience {value!r}",
            lambda value=value: fastmi.InformationStopping(patience=value),
            Refused("patience", repr(value)),
            "InformationStopping(patience)",
        )
        for value in (0, -1, 1.5, 2.0, "3", None, True, float("nan"))
    ),
    *(
        Case(
            f"update: {name} as {about}",
            lambda value=value, about=about: fastmi.InformationStopping().update(
                **{"i_xt": 1.0, "i_ty": 1.0, about: value}
            ),
            Refused(about, *words),
            f"InformationStopping.update({about})",
        )
        for name, value, words in BITS
        for about in ("i_xt", "i_ty")
    ),
    *(
        Case(
            f"first_stop: {name} as {about}",
            lambda value=value, about=about: fastmi.InformationStopping().first_stop(
                **{"i_xt": [1.0], "i_ty": [1.0], about: value}
            ),
            Refused(about, *words),
            f"InformationStopping.first_stop({about})",
        )
        for name, value, words in (*BITS, ("one number", 1.0, ("()",)))
        for about in ("i_xt", "i_ty")
    ),
    Case(
        "update: other shapes",
        lambda: fastmi.InformationStopping().update([1.0, 2.0], [1.0]),
        Refused("i_xt", "(2,)", "i_ty", "(1,)", kind=ValueError),
        "InformationStopping.update(i_xt i_ty)",
    ),
    Case(
        "first_stop: other lengths",
        lambda: fastmi.InformationStopping().first_stop([1.0, 2.0], [1.0]),
        Refused("i_xt", "(2,)", "i_ty", "(1,)", kind=ValueError),
        "InformationStopping.first_stop(i_xt i_ty)",
    ),
]


def _left_alone() -> list[float]:
    rule = fastmi.InformationStopping()
    rule.update(1.0, 0.5)
    with suppress(ValueError):
        rule.update(1.0, float("nan"))
    return rule.objective


RIGHT = [
    Case(
        "at rest",
        lambda: fastmi.InformationStopping(patience=1).first_stop([1.0, 1.0], [0.5, 0.5]),
        1,
    ),
    Case(
        "never at rest",
        lambda: fastmi.InformationStopping(tolerance=0).first_stop([1.0] * 9, [0.5] * 9),
        None,
    ),
    Case("a bad point leaves no trace", _left_alone, [-0.5]),
    Case(
        "below the floor",
        lambda: fastmi.InformationStopping(patience=1, floor=0.6).first_stop([1.0] * 3, [0.5] * 3),
        None,
    ),
    Case("a NumPy patience", lambda: fastmi.InformationStopping(patience=np.int64(2)).patience, 2),
]


def cases(seed: int, long: bool) -> list[Case]:
    return [*REFUSED, *RIGHT]
