"""PlaneEstimator: x, y and layers that do not fit, assignments that name no copy.

And readings that there are not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas
import scipy.sparse
import torch

import fastmi
from tests import naive

from .judge import Case, Either, Refused

EDGES = fastmi.Edges([-1, 0, 1])
X, Y = np.arange(6)[:, None] // 2, np.array([0, 0, 1, 1, 1, 0])
T = np.array([[0.5], [-0.5], [0.5], [0.5], [-0.5], [0.5]])
COPIES = np.stack([T, -T, T])
WHO = np.array([0, 1, 2, 0, 1, 2])


def plane(x: Any = X, y: Any = Y, binning: Any = EDGES) -> fastmi.PlaneEstimator:
    return fastmi.PlaneEstimator(x, y, binning)


def _made(name: str, about: str, expected: Any, **given: Any) -> Case:
    return Case(name, lambda: plane(**given).n_y, expected, f"PlaneEstimator({about})")


def _layers(name: str, layers: Any, *words: Any, kind: Any = (TypeError, ValueError)) -> list[Case]:
    """Hands the same layers to every reading."""
    about = " ".join(
        f"PlaneEstimator.{method}(layers)"
        for method in ("estimate", "sampled", "mixture", "readings", "permutation_test")
    )
    methods = {
        "estimate": lambda made: plane().estimate(made),
        "sampled": lambda made: plane().sampled(made, WHO),
        "mixture": lambda made: plane().mixture(made),
        "readings": lambda made: plane().readings(made, WHO),
        "permutation_test": lambda made: plane().permutation_test(made, rng=0),
    }
    return [
        Case(
            f"{method}: {name}",
            lambda call=call: call(layers() if callable(layers) else layers),
            Refused(*words, kind=kind),
            about,
        )
        for method, call in methods.items()
    ]


def _assigned(name: str, assignment: Any, *words: Any) -> list[Case]:
    return [
        Case(
            f"sampled: {name}",
            lambda: plane().sampled(COPIES, assignment),
            Refused("assignment", *words),
            "PlaneEstimator.sampled(assignment)",
        ),
        Case(
            f"readings: {name}",
            lambda: plane().readings(COPIES, assignment),
            Refused("assignment", *words),
            "PlaneEstimator.readings(assignment)",
        ),
    ]


REFUSED = [
    _made("x is None", "x", Refused("x", "NoneType", kind=TypeError), x=None),
    _made(
        "x of words",
        "x",
        Either(2, Refused("x", "<U1", kind=TypeError)),
        x=np.array(list("abcdef")),
    ),
    _made(
        "x of objects",
        "x",
        Either(2, Refused("x", "object", kind=TypeError)),
        x=np.array([None] * 6),
    ),
    _made("x complex", "x", Either(2, Refused("x", "complex128", kind=TypeError)), x=X * 1j),
    _made(
        "x with NaN",
        "x",
        Refused("x", "NaN", "row 2", ("drop", "fill"), kind=ValueError),
        x=np.array([0, 1, np.nan, 3, 4, 5]),
    ),
    _made("x sparse", "x", Refused("x", ".toarray()"), x=scipy.sparse.csr_array(X)),
    _made(
        "x masked",
        "x",
        Refused("x", ("mask", "compressed", "filled")),
        x=np.ma.array(X, mask=X == 2),
    ),
    _made(
        "x in a DataFrame of words",
        "x",
        Either(2, Refused("x", kind=TypeError)),
        x=pandas.DataFrame({"a": list("abcdef")}),
    ),
    _made("no x", "x", Refused("x", "n = 0", kind=ValueError), x=X[:0]),
    _made("x of one number", "x", Refused("x", "()", kind=ValueError), x=np.array(3)),
    _made("x of other length", "x", Refused("x has 5", "y has 6", kind=ValueError), x=X[:5]),
    _made("x on the meta device", "x", Refused("x", "meta"), x=torch.zeros(6, 1, device="meta")),
    _made("y is None", "y", Refused("y", "NoneType", kind=TypeError), y=None),
    _made(
        "y continuous",
        "y",
        Refused("y", "0.5", "[:, None]", "fastmi.encode", kind=ValueError),
        y=Y + 0.5,
    ),
    _made("y with NaN", "y", Refused("y", ("missing", "drop")), y=np.where(Y == 1, np.nan, Y)),
    _made("y of three axes", "y", Refused("y", "(1, 6, 1)", kind=ValueError), y=Y[None, :, None]),
    _made("y a dict", "y", Refused("y", "dict"), y=dict(enumerate(Y))),
    _made("y complex", "y", Refused("y", "complex128"), y=Y * 1j),
    _made("no y", "y", Refused("y", "n = 0", kind=ValueError), y=[]),
    *(
        _made(
            f"binning {binning!r:.30}",
            "binning",
            Refused("binning", "fastmi.Edges", kind=TypeError),
            binning=binning,
        )
        for binning in (None, 30, np.linspace(-1, 1, 3), "uniform", fastmi.UniformBins, (-1, 0, 1))
    ),
    *_layers("None", None, "layers", kind=TypeError),
    *_layers("none", [], "layers", "non-empty"),
    *_layers("an empty dict", {}, "layers"),
    *_layers(
        "a generator",
        lambda: (t for t in [COPIES]),
        "layers",
        ("list(", "sequence"),
        kind=TypeError,
    ),
    *_layers("a set", lambda: {1}, "layers", kind=TypeError),
    *_layers("a string", "layer", "layers", kind=TypeError),
    *_layers("of strings", ["layer"], "layers[0]", "str", kind=TypeError),
    *_layers("numbers in lists", [[[0.5]] * 6], "layers[0]", "list", kind=TypeError),
    *_layers("another n", COPIES[:, :5], "layers[0]", "5", "6", kind=ValueError),
    *_layers(
        "samples last",
        COPIES.swapaxes(1, 2),
        "layers[0]",
        "1",
        "6",
        "axis before the last",
        kind=ValueError,
    ),
    *_layers("NaN", [COPIES, COPIES * np.nan], "layers[1]", "NaN", kind=ValueError),
    *_layers("complex", COPIES * 1j, "layers[0]", "complex128", kind=TypeError),
    *_layers("objects", [COPIES.astype(object)], "layers[0]", "object", kind=TypeError),
    *_layers("sparse", [scipy.sparse.csr_array(T)], "layers[0]", ".toarray()"),
    *_layers(
        "other leading axes", [COPIES, COPIES[:2]], "layers[1]", "(2,)", "(3,)", kind=ValueError
    ),
    *_layers("on two devices", lambda: [COPIES, torch.zeros(3, 6, 1, device="meta")], "meta"),
    *_layers("no units", COPIES[..., :0], "layers[0]", "(3, 6, 0)", kind=ValueError),
    *_layers("no copies", COPIES[:0], "layers[0]", "(0, 6, 1)", kind=ValueError),
    Case(
        "estimate: tokens between samples and units",
        lambda: plane().estimate(np.zeros((6, 7, 3))),
        Refused(
            "layers[0]",
            "(6, 7, 3)",
            ("swapaxes", "moveaxis", "movedim", "transpose", "token", "[:, "),
        ),
        "PlaneEstimator.estimate(layers)",
    ),
    Case(
        "mixture of one network",
        lambda: plane().mixture(T),
        Refused("layers[0]", "(6, 1)", "n_copies"),
        "PlaneEstimator.mixture(layers)",
    ),
    Case(
        "sampled of one network",
        lambda: plane().sampled(T, WHO),
        Refused("layers[0]", "(6, 1)", "n_copies"),
        "PlaneEstimator.sampled(layers)",
    ),
    Case(
        "readings of one network are those of one copy",
        lambda: plane().readings(T)["each"].bits.tolist() == [plane().estimate(T).tolist()],
        True,
    ),
    *_assigned("too short", WHO[:5], "(5,)", "(6,)"),
    *_assigned("of floats", WHO * 1.0, "float64"),
    *_assigned("of bools", WHO > 1, "bool"),
    *_assigned("copy too high", WHO + 1, "3", "0..2"),
    *_assigned("copy below 0", WHO - 1, "-1", "0..2"),
    *_assigned("ragged", [[0], [1, 2]]),
    *_assigned("of text", list("012012")),
    *_assigned("a string", "012012"),
    *_assigned("two axes", WHO[:, None], "(6, 1)"),
    *_assigned("one number", 0),
    *_assigned("with None", [0, 1, 2, None, 1, 2]),
    Case(
        "sampled: None",
        lambda: plane().sampled(COPIES, None),
        Refused("assignment"),
        "PlaneEstimator.sampled(assignment)",
    ),
    Case(
        "sampled by a huge unsigned copy",
        lambda: plane().sampled(COPIES, np.array([2**64 - 1] * 6, np.uint64)),
        Refused("assignment", str(2**64 - 1)),
        "PlaneEstimator.sampled(assignment)",
    ),
    Case(
        "a reading that there is not",
        lambda: plane().readings(COPIES)["mean"],
        Either(
            Refused("mean", "each", "mixture", kind=(KeyError, ValueError)),
        ),
        "PlaneEstimator.readings(layers)",
    ),
    Case(
        "sampled, and no assignment given",
        lambda: plane().readings(COPIES)["sampled"],
        Refused("sampled", "assignment", kind=(KeyError, ValueError)),
        "PlaneEstimator.readings(assignment)",
    ),
    Case(
        "outside, where that is an error",
        lambda: plane(binning=fastmi.UniformBins(2, (-0.1, 0.1), "raise")).estimate([T]),
        Refused("layers[0]", "6 activations outside", "out_of_range"),
        "PlaneEstimator.estimate(layers)",
    ),
]


def _naive(reading: str) -> list[list[float]]:
    x, y, edges = [int(v) for v in X[:, 0]], Y.tolist(), [-1.0, 0.0, 1.0]
    if reading == "sampled":
        return [list(naive.sampled(x, y, COPIES.tolist(), WHO.tolist(), edges))]
    return [list(naive.mixture(x, y, COPIES.tolist(), edges))]


RIGHT = [
    Case(
        "each",
        lambda: plane().estimate(COPIES)[0],
        [list(naive.each(X[:, 0].tolist(), Y.tolist(), T.tolist(), [-1, 0, 1]))],
    ),
    Case("sampled", lambda: plane().sampled(COPIES, WHO), _naive("sampled")),
    Case("mixture", lambda: plane().mixture(COPIES), _naive("mixture")),
    Case(
        "layers by name",
        lambda: plane().estimate({"first": T, "second": T}),
        Either(
            np.array([*plane().estimate([T, T])]),
            Refused("layers", ("list(", "sequence"), kind=TypeError),
        ),
        "PlaneEstimator.estimate(layers)",
    ),
    Case("x of further axes", lambda: plane(x=np.arange(24).reshape(6, 2, 2)).n_x, 6),
    Case("x infinite", lambda: plane(x=np.array([np.inf, -np.inf, 0, 0, 0, 0])).n_x, 3),
    Case("x of minus zero", lambda: plane(x=np.array([0.0, -0.0, 0, 0, 0, 0])).n_x, 1),
    Case("y one-hot", lambda: plane(y=np.eye(2)[Y]).n_y, 2),
    Case(
        "x in 8 bits, of many columns",
        lambda: plane(x=np.arange(6 * 20, dtype=np.uint8).reshape(6, 20)).n_x,
        6,
    ),
    Case(
        "x in 64 unsigned bits", lambda: plane(x=np.array([2**63, 0, 1, 2, 3, 4], np.uint64)).n_x, 6
    ),
    Case(
        "x whose floats differ in the last bit",
        lambda: plane(x=np.nextafter(1.0, [0, 1, 2, 3, 4, 5])).n_x,
        3,
    ),
    Case(
        "a pair of copies is one estimate each",
        lambda: plane().estimate(COPIES).shape == (3, 1, 2),
        True,
    ),
]


def _tested(name: str, about: str, *words: Any, sample: Any = None, **given: Any) -> Case:
    return Case(
        f"permutation_test: {name}",
        lambda: (
            fastmi.PlaneEstimator(X, Y, EDGES, sample=sample)
            .permutation_test(**{"layers": T, **given})
            .pvalue
        ),
        Refused(*words),
        f"PlaneEstimator.permutation_test({about})",
    )


PERMUTED = [
    _tested(
        "a finished table", "layers", "layers", "table", layers=plane().readings(COPIES)["mixture"]
    ),
    _tested("no resamples", "n_resamples", "n_resamples", "at least 1", n_resamples=0),
    _tested("rng of words", "rng", "rng", "seed", rng="random"),
    _tested("I(X;T)", "of", "of", "i_xt", "null", of="i_xt"),
    _tested("what is no column", "of", "of", "i_ty", of=3),
    _tested("a training sample", "layers", "sample", "training", "held-out", sample="training"),
    _tested("a population", "layers", "sample", "population", sample="population"),
    Case(
        "permutation_test: bins that were chosen with labels",
        lambda: plane(binning=fastmi.Edges([-1, 0, 1], n_candidates=5)).permutation_test(T),
        Refused("binning", "chosen", "n_candidates=1", kind=ValueError),
        "PlaneEstimator.permutation_test(layers)",
    ),
]


def cases(seed: int, long: bool) -> list[Case]:
    return [*REFUSED, *PERMUTED, *RIGHT]
