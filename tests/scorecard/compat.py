"""The drop-ins: scikit-learn's own functions judge, and for the report's files the docstrings."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
import sklearn.feature_selection
import sklearn.metrics
import sklearn.metrics.cluster
import torch
from torch import nn

from fastmi.compat import experimental_setup as report
from fastmi.compat import information_process as authors
from fastmi.compat import sklearn as ours

from .judge import Case, Either, Holds, Refused, same

X = np.arange(24).reshape(12, 2) % 5 / 5.0
Y = np.arange(12)[:, None] % 2 * 2 - 1.0
PROBS = authors.extract_probs(Y, X)
EDGES = np.linspace(-1, 1, 30)
SETUP, PROCESS, SKLEARN = (
    "compat.experimental_setup",
    "compat.information_process",
    "compat.sklearn",
)


# --- scikit-learn ---------------------------------------------------------------------------------


class TheirsRefused(ValueError):
    """scikit-learn refuses this, and so did we, in its words."""

    ours = True


class OtherRefusal(Exception):
    """Either refuses alone, or they do so as different kinds."""


def _as_theirs(name: str, *args: Any, **options: Any) -> Any:
    """Asks both libraries: True where they answer alike.

    Raises:
        TheirsRefused: both refuse with the same kind and words.
        OtherRefusal: they differ in that.
    """
    rooms = (sklearn.metrics, sklearn.metrics.cluster, sklearn.feature_selection)
    original = next(getattr(room, name) for room in rooms if hasattr(room, name))
    (given, mine), (expected, theirs) = (
        _tried(function, args, options) for function in (getattr(ours, name), original)
    )
    if theirs is None and mine is None:
        return same(_dense(given), _dense(expected))
    if (
        mine is None
        or theirs is None
        or not isinstance(mine, type(theirs))
        or str(mine) != str(theirs)
    ):
        raise OtherRefusal(
            f"scikit-learn: {theirs!r:.150} {expected!r:.60}; here: {mine!r:.150} {given!r:.60}"
        )
    raise TheirsRefused(str(mine))


def _dense(answer: Any) -> Any:
    return answer.toarray() if scipy.sparse.issparse(answer) else answer


def _tried(
    function: Callable[..., Any], args: Any, options: Any
) -> tuple[Any, BaseException | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*args, **options), None
        except Exception as error:
            return None, error


def _sklearn(name: str, about: str, fault: str, *args: Any, **options: Any) -> Case:
    return Case(
        f"{name}: {fault}",
        lambda: _as_theirs(name, *args, **options),
        Either(True, Refused(foreign=True)),
        " ".join(f"{SKLEARN}.{name}({parameter})" for parameter in about.split()),
    )


LABELS: tuple[tuple[str, Any], ...] = (
    ("None", None),
    ("a number", 3),
    ("text", "abab"),
    ("none", []),
    ("two axes", [[0, 1], [1, 0]]),
    ("ragged", [[0], [0, 1]]),
    ("fractions", [0.5, 0.25, 0.5]),
    ("NaN", [np.nan, 1.0, 2.0]),
    ("None in it", ["a", None, "b"]),
    ("mixed", [1, "1", 2]),
    ("another length", [0, 1]),
    ("a set", {0, 1, 2}),
    ("complex", [1j, 2, 3]),
    ("sparse", scipy.sparse.csr_array([[0, 1, 1]])),
    ("masked", np.ma.array([0, 1, 1], mask=[0, 0, 1])),
    ("unsigned and signed", [np.uint64(2**63), np.int64(-1), np.int64(0)]),
    ("large integers", [2**53, 2**53 + 1, 0]),
    ("text that ends in NUL", ["a", "a\0", "b"]),
)
SCORES = (
    "mutual_info_score",
    "normalized_mutual_info_score",
    "adjusted_mutual_info_score",
    "contingency_matrix",
)
FEATURES = ("mutual_info_classif", "mutual_info_regression")
MATRIX, TARGET = np.arange(20.0).reshape(10, 2) % 7, np.arange(10) % 2

AS_THEIRS = [
    *(
        _sklearn(name, "labels_true", f"{kind} as truth", labels, [0, 1, 1])
        for name in SCORES
        for kind, labels in LABELS
    ),
    *(
        _sklearn(name, "labels_pred", f"{kind} as prediction", [0, 1, 1], labels)
        for name in SCORES
        for kind, labels in LABELS[:9]
    ),
    *(
        _sklearn(
            name, "average_method", f"average {mean!r}", [0, 1, 1], [0, 1, 0], average_method=mean
        )
        for name in SCORES[1:3]
        for mean in ("harmonic", "", None, 3, ["min"])
    ),
    *(
        _sklearn(
            "mutual_info_score",
            "contingency",
            f"contingency {table!r:.20}",
            None,
            None,
            contingency=table,
        )
        for table in (
            3,
            "table",
            [1, 2],
            np.zeros((2, 2)),
            np.array([[1, -1]]),
            [[1, 2], [3]],
            np.ones((2, 2, 2)),
            {},
        )
    ),
    *(
        _sklearn(
            "contingency_matrix", about, f"{about} {value!r}", [0, 1], [1, 0], **{about: value}
        )
        for about, values in (
            ("eps", ("a", 1e-3, -1.0)),
            ("sparse", (True, 3)),
            ("dtype", ("nope", float, object)),
        )
        for value in values
    ),
    _sklearn(
        "contingency_matrix", "eps sparse", "eps with sparse", [0, 1], [1, 0], eps=0.1, sparse=True
    ),
    *(
        _sklearn(name, "X", f"X {value!r:.20}", value, TARGET)
        for name in FEATURES
        for value in (
            None,
            3,
            "X",
            [],
            MATRIX[:, 0],
            MATRIX[:5],
            MATRIX * np.nan,
            MATRIX.astype("U"),
            [[1], [1, 2]],
        )
    ),
    *(
        _sklearn(name, "y", f"y {value!r:.20}", MATRIX, value)
        for name in FEATURES
        for value in (
            None,
            3,
            "y",
            [],
            TARGET[:5],
            TARGET * np.nan,
            np.stack([TARGET] * 2, 1),
            list("ab") * 5,
        )
    ),
    *(
        _sklearn(
            name,
            about,
            f"{about} {value!r:.20}",
            MATRIX,
            TARGET,
            **{about: value, **({} if about == "random_state" else {"random_state": 0})},
        )
        for name in FEATURES
        for about, values in (
            ("discrete_features", ("some", 3, [5], [True], [0.5], None, [[True, False]])),
            ("n_neighbors", (0, -1, 1.5, "3", None, 100)),
            ("copy", ("no", 3, None)),
            ("random_state", (-1, "seed", 1.5)),
            ("n_jobs", ("two", 1.5)),
        )
        for value in values
    ),
]


def _rare(n: int = 1_000_000) -> tuple[Any, Any]:
    """Makes two labels that occur once each and never meet."""
    a, b = np.zeros(n, int), np.zeros(n, int)
    a[0], b[1] = 1, 1
    return a, b


def _exact(n: int = 1_000_000) -> dict[str, float]:
    """Computes the scores of the cells n - 2, 1, 1, 0 in sixty digits.

    scikit-learn keeps three here. Chance has the lone ones meet once in n.
    """
    with localcontext(prec=60):
        lone = Decimal(1) / n
        usual = 1 - lone
        entropy = -(lone * lone.ln() + usual * usual.ln())
        both_usual = 1 - 2 * lone
        apart = both_usual * (both_usual / usual**2).ln() - 2 * lone * usual.ln()
        chance = usual * apart + lone * entropy
        values = apart, apart / entropy, (apart - chance) / (entropy - chance)
    return dict(
        zip(
            ("mutual_info_score", "normalized_mutual_info_score", "adjusted_mutual_info_score"),
            map(float, values),
            strict=True,
        )
    )


def _near(name: str) -> bool:
    given, expected = getattr(ours, name)(*_rare()), _exact()[name]
    return abs(given - expected) <= 1e-12 * abs(expected)


NEAR_NOTHING = [
    *(
        Case(f"next to no information: {name}", lambda name=name: _near(name), True)
        for name in _exact()
    ),
    Case(
        "the value of the normalised",
        lambda: ours.normalized_mutual_info_score(*_rare()),
        Holds("6.7497e-8", lambda v: abs(v - 6.7497e-8) < 1e-11),
    ),
]


# --- the report's experimental_setup.py -----------------------------------------------------------


def network() -> Any:
    return report.BufferedSequential(
        [nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)], [False, True, True]
    )


def _experiment(**given: Any) -> Any:
    known = {
        "base_network": network(),
        "X": X,
        "y": Y,
        "epochs": 2,
        "batch_size": 5,
        "network_copies": 2,
        "plot": None,
    }
    return report.experiment(**known | given)


def _fit(**given: Any) -> Any:
    known = {"network": network(), "X": X, "y": Y, "epochs": 2, "epoch_length": 2, "batch_size": 5}
    return report.fit(**known | given)


def _setup(
    function: str,
    call: Callable[..., Any],
    about: str,
    *values: Any,
    words: tuple[Any, ...] = (),
    kind: Any = (TypeError, ValueError),
) -> list[Case]:
    return [
        Case(
            f"{function}: {about} {value!r:.25}",
            lambda value=value: call(**{about: value}),
            Refused(*words or ((about, about.lower()),), kind=kind),
            f"{SETUP}.{function}({about})",
        )
        for value in values
    ]


def _plane(**given: Any) -> Any:
    return report.ZivInformationPlane(**{"X": X, "Y": Y, "bins": EDGES} | given)


def _family(infoplane: Any = None, buffered_networks: Any = None) -> Any:
    return report.mutual_information_for_network_family(
        _plane() if infoplane is None else infoplane,
        [network()] if buffered_networks is None else buffered_networks,
    )


def _sequential(**given: Any) -> Any:
    return report.BufferedSequential(**{"layers": [nn.Tanh()], "buffer_or_not": [True]} | given)


BAD_X = (
    None,
    3,
    "X",
    [],
    X * np.nan,
    X * 1j,
    X.astype(object),
    scipy.sparse.csr_array(X),
    {"a": 1},
)
BAD_COUNTS = (0, -1, 1.5, "3", None, True)
BINS: tuple[Any, ...] = (None, 3, "bins", [], [1, 0], [0, np.nan], [[0, 1]], {0, 1})

SETUPS = [
    *_setup("ZivInformationPlane", _plane, "X", *BAD_X, X[:5], words=(("X", "x"),)),
    *_setup("ZivInformationPlane", _plane, "Y", *BAD_X, Y[:5], Y[None], words=(("Y", "y"),)),
    *_setup("ZivInformationPlane", _plane, "bins", *BINS, words=(("bins", "edges"),)),
    *_setup(
        "ZivInformationPlane.mutual_information",
        lambda **given: _plane().mutual_information(**given),
        "layer_output",
        *BAD_X,
        X[:5],
        words=(("layer",),),
    ),
    *_setup(
        "ReshapeLayer",
        lambda new_shape: report.ReshapeLayer(new_shape),
        "new_shape",
        None,
        "ab",
        1.5,
        ("a",),
        {},
        (1.5, 2),
    ),
    *_setup(
        "BufferedSequential",
        _sequential,
        "layers",
        None,
        3,
        "ab",
        [],
        [3],
        [None],
        ["tanh"],
        words=("layers",),
    ),
    *_setup(
        "BufferedSequential",
        _sequential,
        "buffer_or_not",
        None,
        3,
        [],
        [True, False],
        words=("buffer_or_not",),
    ),
    *(
        Case(
            f"{name}: x {x!r}",
            lambda call=call, x=x: call(x),
            # modules of torch, called as its own are
            Refused(kind=(TypeError, AttributeError), foreign=True),
            f"{SETUP}.{name}(x)",
        )
        for name, call in (
            ("BufferedSequential.forward", lambda x: network()(x)),
            ("BufferedSequential.through", lambda x: network().through(x)),
            ("ReshapeLayer.forward", lambda x: report.ReshapeLayer((-1, 1))(x)),
        )
        for x in (
            None,
            "abc",
        )
    ),
    *_setup(
        "mutual_information_for_network_family",
        _family,
        "infoplane",
        3,
        "plane",
        X,
        words=("infoplane",),
    ),
    *_setup(
        "mutual_information_for_network_family",
        _family,
        "buffered_networks",
        [],
        3,
        [None],
        [nn.Linear(2, 1)],
        "ab",
        words=("buffered_networks",),
    ),
    *_setup(
        "experiment",
        _experiment,
        "base_network",
        None,
        3,
        nn.Linear(2, 1),
        report.BufferedSequential,
        words=("base_network",),
        kind=TypeError,
    ),
    *_setup("experiment", _experiment, "X", *BAD_X, X[:5], words=(("X", "x"),)),
    *_setup("experiment", _experiment, "y", *BAD_X, Y[:5], np.zeros((12, 3)), words=(("Y", "y"),)),
    *_setup("experiment", _experiment, "epochs", *BAD_COUNTS),
    *_setup("experiment", _experiment, "batch_size", *BAD_COUNTS),
    *_setup("experiment", _experiment, "network_copies", *BAD_COUNTS),
    *_setup(
        "experiment",
        _experiment,
        "lr",
        -1,
        "fast",
        None,
        float("nan"),
        float("inf"),
        words=(("lr", "diverge"),),
    ),
    *_setup("experiment", _experiment, "plot", "never", 3, ["once"]),
    *_setup("experiment", _experiment, "activation_bins", *BINS, words=(("bins", "edges"),)),
    *_setup("fit", _fit, "network", None, 3, nn.Linear(2, 1), words=("network",), kind=TypeError),
    *_setup("fit", _fit, "X", *BAD_X, X[:5], words=(("X", "x"),)),
    *_setup("fit", _fit, "y", *BAD_X, Y[:5], words=(("Y", "y"),)),
    *_setup("fit", _fit, "epochs", *BAD_COUNTS),
    *_setup("fit", _fit, "epoch_length", *BAD_COUNTS),
    *_setup("fit", _fit, "batch_size", *BAD_COUNTS),
    *_setup("fit", _fit, "mi_tol", -1, "a", None, float("nan"), True),
    *_setup("fit", _fit, "beta", -1, "a", None, float("nan"), True),
    *_setup(
        "fit", _fit, "lr", -1, "fast", None, float("nan"), float("inf"), words=(("lr", "diverge"),)
    ),
    *_setup("fit", _fit, "activation_bins", *BINS, words=(("bins", "edges"),)),
    *_setup("fit", _fit, "loss", 3, "mse", 0, False, [], words=("loss",), kind=TypeError),
]

# --- the authors' information_process.py ----------------------------------------------------------


def _given(changed: dict[str, Any]) -> dict[str, Any]:
    """Makes the arguments that both functions take, some of them changed."""
    _, pys1, p_ygx, b1, b, unique_a, inverse_x, inverse_y, pxs = PROBS
    known = {
        "data": X,
        "bins": EDGES,
        "pys1": pys1,
        "pxs": pxs,
        "label": Y,
        "b": b,
        "b1": b1,
        "len_unique_a": len(unique_a),
        "p_YgX": p_ygx,
        "unique_inverse_x": inverse_x,
        "unique_inverse_y": inverse_y,
    }
    return known | changed


def _sampling(**changed: Any) -> Any:
    return authors.calc_information_sampling(**_given(changed))


def _other(**changed: Any) -> Any:
    return authors.calc_information_for_layer_with_other(**_given(changed))


def _process(
    function: str, call: Callable[..., Any], about: str, *values: Any, words: tuple[Any, ...] = ()
) -> list[Case]:
    return [
        Case(
            f"{function}: {about} {value!r:.25}",
            lambda value=value: call(**{about: value}),
            Refused(*words or (about,)),
            f"{PROCESS}.{function}({about})",
        )
        for value in values
    ]


PROCESSED = [
    *_process(
        "extract_probs",
        lambda **given: authors.extract_probs(**{"label": Y, "x": X} | given),
        "label",
        *BAD_X,
        Y[:5],
    ),
    *_process(
        "extract_probs",
        lambda **given: authors.extract_probs(**{"label": Y, "x": X} | given),
        "x",
        *BAD_X,
        X[:5],
    ),
    *(
        case
        for function, call in (
            ("calc_information_sampling", _sampling),
            ("calc_information_for_layer_with_other", _other),
        )
        for case in (
            *_process(function, call, "data", *BAD_X, X[:5], words=(("data", "layers"),)),
            *_process(function, call, "bins", *BINS, words=(("bins", "edges"),)),
            *_process(function, call, "pys1", None, 3, "p", [], [0.5, 0.6], [np.nan, 0.5]),
            *_process(function, call, "pxs", None, 3, "p", [], [0.5, 0.5]),
            *_process(
                function,
                call,
                "unique_inverse_x",
                None,
                3,
                "x",
                [],
                [-1] * 12,
                [0.5] * 12,
                [0] * 5,
                [[0] * 12],
            ),
            *_process(
                function,
                call,
                "unique_inverse_y",
                None,
                3,
                "y",
                [],
                [-1] * 12,
                [0.5] * 12,
                [0] * 5,
                [[0] * 12],
            ),
        )
    ),
    *_process("calc_information_sampling", _sampling, "calc_DKL", True, 1, "yes"),
]

RIGHT = [
    Case(
        "the report's plane",
        lambda: report.ZivInformationPlane(
            np.arange(4)[:, None], [[0], [0], [1], [1]]
        ).mutual_information(np.array([[-0.9], [-0.8], [0.8], [0.9]])),
        [2.0, 1.0],
    ),
    Case("both drop-ins agree", lambda: same(_sampling(), _plane().mutual_information(X)), True),
    Case("the other name", lambda: tuple(_other().values()) == _sampling(), True),
    Case("trained copies", lambda: _experiment().plane.i_xt.shape, [2, 1, 2]),
    Case("trained until at rest", lambda: len(_fit(mi_tol=100)), 2),
    Case(
        "a tensor of inputs",
        lambda: _experiment(X=torch.from_numpy(X), y=torch.from_numpy(Y)).plane.i_xt.shape,
        [2, 1, 2],
    ),
]


GAPS = [["a", 1.0], [None, 2.0], ["b", 1.0]]


def _encoded(
    name: str, about: str, *words: Any, X: Any = GAPS, new: Any = None, **given: Any
) -> Case:
    def call() -> Any:
        frame = pd.DataFrame(X) if isinstance(X, list) else X
        encoder = ours.LabelEncoderTransformer(**given).fit(frame)
        return encoder.transform(frame if new is None else pd.DataFrame(new)).tolist()

    method = f"LabelEncoderTransformer{about}"
    return Case(f"encoder: {name}", call, Refused(*words, foreign=True), f"compat.sklearn.{method}")


ENCODED = [
    _encoded("another rule", "(missing)", "missing", "'drop'", missing="drop"),
    _encoded("another rule for new labels", "(unknown)", "unknown", "'drop'", unknown="drop"),
    _encoded("no binning", "(binning)", "binning", "8", X=[[0.5], [1.5]], binning=8),
    _encoded("a gap", "(missing)", "missing", "[0]", missing="raise"),
    _encoded("a new label", "(unknown)", "'z'", "not seen", new=[["z", 1.0]], unknown="raise"),
    _encoded("one axis", ".fit(X)", "2D array", X=np.array([1, 2])),
    Case(
        "encoder: three axes",
        lambda: ours.LabelEncoderTransformer().fit_transform(np.zeros((1, 1, 1))),
        Refused("dim 3", foreign=True),
        "compat.sklearn.LabelEncoderTransformer.fit_transform(X)",
    ),
    _encoded("no rows", ".fit(X)", "0 samples", X=pd.DataFrame({"a": []})),
    _encoded("lists", ".fit(X)", "list", "string", X=[[[1]], [[2]]]),
    _encoded("another number of columns", ".transform(X)", "features", new=[["a"]]),
    Case(
        "encoder: a mixed table",
        lambda: ours.LabelEncoderTransformer().fit_transform(pd.DataFrame(GAPS)).tolist(),
        [[0, 0], [2, 1], [1, 0]],
    ),
]


def cases(seed: int, long: bool) -> list[Case]:
    return [*AS_THEIRS, *NEAR_NOTHING, *SETUPS, *PROCESSED, *ENCODED, *RIGHT]
