"""entropy, mutual_information, conditional_mutual_information: what is no label.

And labels that a common type would merge.
"""

from __future__ import annotations

import datetime
import decimal
import fractions
from typing import Any

import numpy as np
import torch

import fastmi

from .judge import Case, Either, Refused, Warned

H918 = 0.9182958340544896  # of two of three


def _entropy(name: str, labels: Any, expected: Any) -> Case:
    return Case(
        name,
        lambda: fastmi.entropy(labels() if callable(labels) else labels),
        expected,
        "entropy(x)",
    )


def _information(name: str, x: Any, y: Any, expected: Any, about: str) -> Case:
    return Case(
        name, lambda: fastmi.mutual_information(x, y), expected, f"mutual_information({about})"
    )


def _conditional(name: str, x: Any, y: Any, z: Any, expected: Any, about: str) -> Case:
    return Case(
        name,
        lambda: fastmi.conditional_mutual_information(x, y, z),
        expected,
        f"conditional_mutual_information({about})",
    )


def _or_refused(value: float) -> Either:
    """Expects the value, or that the mixture is refused: kind A of the faults.

    Symbols are equal exactly where the Python values are.
    """
    return Either(value, Refused("x"))


NOTHING = ("n = 0", "nothing to count", "no samples", "empty")
H, K = [0, 0, 1, 1], [0, 1, 0, 1]
MISSING = ("missing", "drop")
BIN = ("fastmi.encode", "bin")


class Forgetful:
    """Equal to nothing and without a hash."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return False


REFUSED = [
    _entropy("None", None, Refused("x", "NoneType")),
    _entropy("a number", 3, Refused("x")),
    _entropy("an array of no axes", np.array(3), Refused("x", "single value")),
    _entropy("no labels", [], Refused("x", NOTHING, kind=ValueError)),
    _entropy("no rows", np.zeros((0, 3), int), Refused("x", "(0, 3)", NOTHING, kind=ValueError)),
    _entropy("rows of nothing", np.zeros((3, 0), int), Refused("x", "(3, 0)", kind=ValueError)),
    _entropy(
        "an empty batch", np.zeros((0, 3, 1), int), Refused("x", "(0, 3, 1)", kind=ValueError)
    ),
    _entropy("ragged", [[1], [1, 2]], Refused("x", "ragged", kind=ValueError)),
    _entropy("ragged and deep", [[[1], [2]], [[1]]], Refused("x", "ragged", kind=ValueError)),
    _entropy("fractions of numbers", [0.5, 1.0], Refused("x", "0.5", BIN, kind=ValueError)),
    _entropy(
        "a vector of tiny numbers",
        np.array([1e-300, 0.0]),
        Refused("x", "1e-300", BIN, kind=ValueError),
    ),
    _entropy(
        "a target that is continuous",
        np.linspace(0, 1, 7),
        Refused("x", "[:, None]", "fastmi.encode", kind=ValueError),
    ),
    _entropy("NaN", [1.0, float("nan")], Refused("x", MISSING)),
    _entropy("NaN in an array", np.array([np.nan, 1, 2]), Refused("x", MISSING)),
    _entropy("NaN in a tensor", lambda: torch.tensor([float("nan"), 1.0]), Refused("x", MISSING)),
    _entropy(
        "None among labels", ["a", None, "b"], Either(1.584962500721156, Refused("x", MISSING))
    ),
    _entropy("None among numbers", [1, None], Either(1.0, Refused("x", MISSING))),
    _entropy("None in rows", [(1, None), (1, 2)], Either(1.0, Refused("x", MISSING))),
    _entropy(
        "NaT",
        lambda: np.array(["2020-01-01", "NaT"], "M8[D]"),
        Refused("x", ("datetime64", "missing")),
    ),
    _entropy("infinite", np.array([np.inf, 0.0]), Refused("x", "inf", kind=ValueError)),
    _entropy("beyond int64", np.array([2.0**63, 0]), Refused("x", "9.22", kind=ValueError)),
    _entropy("complex", np.array([1j, 2]), Refused("x", "complex128", kind=TypeError)),
    _entropy(
        "dates",
        np.array(["2020-01-01", "2020-01-02"], "M8[D]"),
        Either(1.0, Refused("x", "datetime64")),
    ),
    _entropy("durations", np.array([1, 2], "m8[s]"), Either(1.0, Refused("x", "timedelta64"))),
    _entropy(
        "records", np.array([(1, 2.0)], [("a", int), ("b", float)]), Refused("x", kind=TypeError)
    ),
    _entropy("void", np.zeros(2, "V4"), Refused("x", "V4", kind=TypeError)),
    _entropy("sets", [{1}, {2}], Either(1.0, Refused("x"))),
    _entropy("what has no hash", [Forgetful(), Forgetful()], Either(1.0, Refused("x"))),
    _entropy("a string", "abab", Refused("x", "str", kind=TypeError)),
    _entropy("bytes", b"abab", Refused("x", "bytes", kind=TypeError)),
    _entropy("a function", lambda: len, Refused("x", kind=TypeError)),
    _entropy(
        "too many",
        np.broadcast_to(np.int64(0), (2**31 + 7,)),
        Refused("x", str(2**31 + 7), "at most", kind=ValueError),
    ),
    _information(
        "other lengths", [0, 1], [0, 1, 2], Refused("x has 2", "y has 3", kind=ValueError), "y"
    ),
    _information("x is None", None, [0, 1], Refused("x", "NoneType", kind=TypeError), "x"),
    _information("y is None", [0, 1], None, Refused("y", "NoneType", kind=TypeError), "y"),
    _information(
        "y is continuous",
        [0, 1],
        [0.1, 0.2],
        Refused("y", "0.1", "fastmi.encode", "[:, None]"),
        "y",
    ),
    _information("y with NaN", [0, 1], [0.0, np.nan], Refused("y", MISSING), "y"),
    _information("y is one number", [0, 1], 1, Refused("y"), "y"),
    _information(
        "other batches",
        np.zeros((2, 4, 1), int),
        np.zeros((3, 4, 1), int),
        Refused("x", "(2, 4, 1)", "y", "(3, 4, 1)", kind=ValueError),
        "x y",
    ),
    _information(
        "a batch and none",
        np.zeros((2, 4, 1), int),
        np.zeros(4, int),
        np.zeros(2),
        "y",
    ),
    _information("y ragged", [0, 1], [[1], [1, 2]], Refused("y", "ragged", kind=ValueError), "y"),
    _conditional("z is None", [0], [0], None, Refused("z", "NoneType", kind=TypeError), "z"),
    _conditional(
        "z is shorter", [0, 1], [0, 1], [0], Refused("z has 1", "x has 2", kind=ValueError), "z"
    ),
    _conditional(
        "z is continuous", [0, 1], [0, 1], [0.5, 0.1], Refused("z", "0.5", "fastmi.encode"), "z"
    ),
    _conditional(
        "x is a set", {0, 1}, [0, 1], [0, 1], Refused("x", "set", ("list(", "sorted(")), "x"
    ),
    _conditional("y is a dict", [0, 1], {0: 1, 1: 1}, [0, 1], Refused("y", "dict"), "y"),
    _conditional(
        "y is shorter", [0, 1], [0], [0, 1], Refused("y has 1", "x has 2", kind=ValueError), "y"
    ),
]

BASES = [
    Case(
        f"base {base!r}",
        lambda call=call, base=base: call(base),
        Refused("base", word),
        f"{name}(base)",
    )
    for name, call in (
        ("entropy", lambda base: fastmi.entropy([0, 1], base=base)),
        ("mutual_information", lambda base: fastmi.mutual_information([0, 1], [0, 1], base=base)),
        (
            "conditional_mutual_information",
            lambda base: fastmi.conditional_mutual_information([0, 1], [0, 1], [0, 0], base=base),
        ),
    )
    for base, word in (
        (1, "not 1"),
        (0, "not 0"),
        (-2, "not -2"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        ("e", "'e'"),
        (True, "True"),
        ([2], "[2]"),
        (2j, "2j"),
    )
]

# what a common type of NumPy's would make of them, and what they are
MIXTURES = [
    _entropy("strings beside numbers in rows", [("a", 1), ("a", "1")], _or_refused(1.0)),
    _entropy("1 and 1.0 in rows", [("a", 1), ("a", 1.0)], _or_refused(0.0)),
    _entropy("True and 1 in rows", [("a", True), ("a", 1)], _or_refused(0.0)),
    _entropy("integers that a float would round", [2**53, 2**53 + 1, 0.0, 0.0], _or_refused(1.5)),
    _entropy(
        "integers that a float would round, in rows",
        [(2**53, 0.0), (2**53 + 1, 0.0)],
        _or_refused(1.0),
    ),
    _entropy("large integers", [10**20, 10**20 + 1], _or_refused(1.0)),
    _entropy("a large integer beside small ones", [10**20, 1, 2, 2], _or_refused(1.5)),
    _entropy("signed and unsigned", [-1, 2**64 - 1], _or_refused(1.0)),
    _entropy(
        "NumPy integers, signed and unsigned",
        [np.int64(-1), np.uint64(2**64 - 1)],
        _or_refused(1.0),
    ),
    _entropy(
        "NumPy integers that a float would merge",
        [np.uint64(2**63), np.uint64(2**63 + 1), np.int64(-1)],
        _or_refused(1.584962500721156),
    ),
    _entropy("bytes and text", [b"a", "a"], _or_refused(1.0)),
    _entropy("bytes and text in rows", [(b"a", 1), ("a", 1)], _or_refused(1.0)),
    _entropy("text that ends in NUL", ["a", "a\0", "a"], _or_refused(H918)),
    _entropy("bytes that end in NUL", [b"a", b"a\0", b"a"], _or_refused(H918)),
    _entropy("text of NULs", ["", "\0", "\0\0"], _or_refused(1.584962500721156)),
    _entropy(
        "text that ends in NUL, in rows", [("a", "b\0"), ("a", "b"), ("a", "b")], _or_refused(H918)
    ),
    _entropy("True and the text", [True, "True"], _or_refused(1.0)),
    _entropy("1 and the text", [1, "1", 1.0], _or_refused(H918)),
    _entropy("None and the text", ["None", None], _or_refused(1.0)),
    _entropy("NaN and the text", ["nan", float("nan"), "nan"], _or_refused(H918)),
    _entropy("bools and integers", [True, 1, 0, False], 1.0),
    _entropy("whole floats and integers", [1, 1.0, 2, 2.0], 1.0),
    _entropy("minus zero", [0.0, -0.0, 0], 0.0),
    _entropy("Fractions", [fractions.Fraction(1, 2), fractions.Fraction(1, 3)], _or_refused(1.0)),
    _entropy(
        "Decimals",
        [decimal.Decimal("0.1"), decimal.Decimal("0.10"), decimal.Decimal(1)],
        _or_refused(H918),
    ),
    _entropy(
        "dates of Python", [datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)], _or_refused(1.0)
    ),
    _entropy("a tuple beside a number", [(1, 2), 3], _or_refused(1.0)),
    _entropy("rows of other lengths, of strings", [("a",), ("a", "b")], _or_refused(1.0)),
    _entropy("composed and decomposed letters", ["é", "e\u0301"], _or_refused(1.0)),
    _entropy("a lone surrogate", ["\ud800", "a"], _or_refused(1.0)),
    _entropy("float32 beside float64", [np.float32(0.1), 0.1], Refused("x", BIN)),
    _entropy(
        "object array of numbers and text", np.array([1, "1", 1.0], object), _or_refused(H918)
    ),
    _entropy("object array of tuples", _objects := np.empty(2, object), _or_refused(1.0)),
    _entropy(
        "StringDType with NUL",
        lambda: np.array(["a", "a\0", "a"], np.dtypes.StringDType()),
        _or_refused(H918),
    ),
    _information(
        "numbers beside text, in rows",
        [(1, "x"), (1.0, "x"), (2, "x"), (2.0, "x")],
        [0, 1, 0, 1],
        _or_refused(0.0),
        "x",
    ),
    _information(
        "rows whose numbers are text",
        [("1", 2), (1, 2)] * 2,
        [0, 1, 0, 1],
        Either(1.0, Refused("x")),
        "x",
    ),
    _information("y of bytes and text", [0, 1], [b"a", "a"], Either(1.0, Refused("y")), "y"),
    _conditional(
        "z that a float would merge",
        [0, 1, 0, 1],
        [0, 1, 1, 0],
        [2**53, 2**53 + 1, 2**53, 1.0],
        Either(0.0, Refused("z")),
        "z",
    ),
]
_objects[:] = [(1, 2), (1, 3)]

RIGHT = [
    Case("two of four", lambda: fastmi.entropy(["a", "a", "b", "b"]), 1.0),
    Case("nats", lambda: fastmi.entropy([0, 1], base=None), float(np.log(2))),
    Case(
        "base 10", lambda: fastmi.entropy(range(10) and list(range(10)), base=np.float64(10)), 1.0
    ),
    Case("one label", lambda: fastmi.entropy([7]), 0.0),
    Case("a batch", lambda: fastmi.entropy(np.array([[[0], [1]], [[0], [0]]])), [1.0, 0.0]),
    Case(
        "exclusive or",
        lambda: fastmi.conditional_mutual_information([0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0]),
        1.0,
    ),
    Case(
        "a batch of pairs",
        lambda: fastmi.mutual_information(np.zeros((2, 4, 1), int), np.zeros((2, 4, 1), int)),
        [0.0, 0.0],
    ),
    Case("64 bits apart", lambda: fastmi.entropy(np.array([2**63 - 1, -(2**63)])), 1.0),
    Case(
        "unsigned 64 bits",
        lambda: fastmi.entropy(np.array([2**64 - 1, 2**63, 0, 0], np.uint64)),
        1.5,
    ),
    Case(
        "uint64 beside int64",
        lambda: fastmi.mutual_information(np.array([2**64 - 1, 0], np.uint64), np.array([-1, 0])),
        1.0,
    ),
    Case(
        "rows of 100 columns, nearly all distinct",
        lambda: fastmi.mutual_information(
            np.random.default_rng(0).integers(9, size=(400, 100)), np.arange(400) % 2
        ),
        Warned(1.0, "CoverageWarning", ("distinct", "joint", "rows", "coverage")),
        "mutual_information(x)",
    ),
    Case(
        "y of 100 columns, nearly all distinct",
        lambda: fastmi.mutual_information(
            np.arange(400) % 2, np.random.default_rng(0).integers(9, size=(400, 100))
        ),
        Warned(1.0, "CoverageWarning", ("distinct", "joint", "rows", "coverage")),
        "mutual_information(y)",
    ),
]


def _tested(name: str, expected: Any, about: str, x: Any = H, y: Any = K, **given: Any) -> Case:
    return Case(
        f"permutation_test: {name}",
        lambda: fastmi.permutation_test(x, y, **given).pvalue,
        expected,
        f"permutation_test({about})",
    )


PERMUTED = [
    _tested("x is None", Refused("x", "NoneType"), "x", x=None),
    _tested("y continuous", Refused("y", "0.5", BIN, kind=ValueError), "y", y=[0.5, 1.5, 2.5, 3.5]),
    _tested("y with NaN", Refused("y", MISSING), "y", y=[0.0, 1.0, np.nan, 1.0]),
    _tested("other lengths", Refused("x has 4", "y has 3", kind=ValueError), "x y", y=K[:3]),
    _tested(
        "a batch",
        Refused("x", "(2, 4, 1)", "batch", kind=ValueError),
        "x",
        x=np.zeros((2, 4, 1), int),
    ),
    _tested(
        "no resamples",
        Refused("n_resamples", "at least 1", kind=ValueError),
        "n_resamples",
        n_resamples=0,
    ),
    _tested(
        "half a resample",
        Refused("n_resamples", "integer", kind=TypeError),
        "n_resamples",
        n_resamples=0.5,
    ),
    _tested("rng of words", Refused("rng", "seed", kind=TypeError), "rng", rng="random"),
    _tested("rng below 0", Refused("rng", "-1", "2^64", kind=ValueError), "rng", rng=-1),
    _tested("where nothing can be said", 1.0, "x y", x=[0, 1, 2, 3], rng=0),
]


def _counted(name: str, function: Any, about: str, *words: Any, **given: Any) -> Case:
    return Case(
        f"{function.__name__}: {name}",
        lambda: function(**given),
        Refused(*words),
        f"{function.__name__}({about})",
    )


CALLS: dict[Any, tuple[str, ...]] = {
    fastmi.entropy: ("x",),
    fastmi.mutual_information: ("x", "y"),
    fastmi.conditional_mutual_information: ("x", "y", "z"),
    fastmi.mutual_information_report: ("x", "y"),
    fastmi.permutation_test: ("x", "y"),
}
COUNTED = [
    *(
        _counted(
            f"missing {missing!r}",
            call,
            "missing",
            "missing",
            repr(missing),
            "'drop'",
            **dict.fromkeys(names, H),
            missing=missing,
        )
        for call, names in CALLS.items()
        for missing in ("ignore", None, 1)
    ),
    *(
        _counted(name, fastmi.entropy, "counts", "counts", word, counts=counts)
        for name, counts, word in (
            ("shares", [0.5, 0.5], "0.5"),
            ("negative", [2, -1], "-1"),
            ("none", [], "nothing to count"),
            ("all 0", [0, 0], "nothing to count"),
            ("words", ["a"], "whole numbers"),
            ("a table", [[1, 2], [3, 4]], "(2, 2)"),
        )
    ),
    *(
        _counted(
            f"a table of {name}",
            call,
            "contingency",
            "contingency",
            word,
            contingency=table,
        )
        for call in list(CALLS)[1:4]
        for name, table, word in (
            ("shares", [[0.5, 0.5]], "0.5"),
            ("negative", [[2, -1]], "-1"),
            ("zeros", [[0, 0]], "nothing to count"),
            ("one axis", [1, 2], "(2,)"),
        )
    ),
    _counted(
        "labels beside",
        fastmi.mutual_information,
        "contingency",
        "x",
        "contingency",
        x=H,
        contingency=[[1]],
    ),
    *(
        Case(
            f"discretize: {name}",
            lambda frame=frame, binning=binning: fastmi.discretize(frame, binning),
            Refused(*words),
            f"discretize({about})",
        )
        for name, about, frame, binning, words in (
            ("a list", "frame", [0.5], fastmi.Edges([0]), ("frame", "list")),
            ("words", "frame", np.array(["a"]), fastmi.Edges([0]), ("frame", "<U1")),
            ("a number of bins", "binning", np.array([0.5]), 8, ("binning", "8")),
            ("no column", "binning", np.array([0.5]), {"a": fastmi.Edges([0])}, ("'a'",)),
            ("no numbers", "frame", np.array([np.nan]), fastmi.QuantileBins(2), ("frame",)),
        )
    ),
]


def cases(seed: int, long: bool) -> list[Case]:
    return [*REFUSED, *BASES, *MIXTURES, *PERMUTED, *COUNTED, *RIGHT]
