"""tables of discrete columns -> information of all pairs, of all features, of batches, in nats.

Loops, as users of the other libraries write them. What would take minutes is timed on some of its
columns or pairs: times are for each.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from sklearn.feature_selection import SelectKBest, mutual_info_classif
from sklearn.metrics import mutual_info_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

import fastmi
from benchmarks.timing import Race
from fastmi.arrays import FloatArray
from fastmi.compat.sklearn import LabelEncoderTransformer

__all__ = ["TABLES", "TableCase", "bincount"]

OURS, OURS_LOOP = "fastmi", "fastmi, a loop"
SCORE, CLASSIF = "scikit-learn, mutual_info_score in a loop", "scikit-learn, mutual_info_classif"
BINCOUNT = "NumPy, bincount in a loop"
LN2 = float(np.log(2))
SOME_PAIRS = 20  # that a loop is timed on

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TableCase:
    """A job on a table, by each of `candidates`; times are for one `unit`."""

    name: str
    description: str
    unit: str
    candidates: tuple[str, ...]
    build: Callable[[], Race]

    def race(self, quick: bool) -> Race:
        """Builds the calls."""
        return self.build()


def bincount(x: Labels, y: Labels) -> float:
    """Estimates I(X;Y) in nats by a table of all cells."""
    k_x, k_y = int(x.max()) + 1, int(y.max()) + 1
    table = np.bincount(x * k_y + y, minlength=k_x * k_y).reshape(k_x, k_y)
    h_xy, h_x, h_y = (_entropy(counts) for counts in (table, table.sum(1), table.sum(0)))
    return h_x + h_y - h_xy


def _entropy(counts: Any) -> float:
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())


def _score(x: Labels, y: Labels) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of many labels: "is this a regression problem?"
        return mutual_info_score(x, y)


def _ours(x: Labels, y: Labels) -> float:
    return float(fastmi.mutual_information(x, y, base=None))


LOOPED = {OURS_LOOP: _ours, SCORE: _score, BINCOUNT: bincount}


def table_of(n: int, d: int, k: int) -> Labels:
    """Draws columns of k symbols, (n, d), each of which tells something of the one before."""
    rng = np.random.default_rng(0)
    columns = rng.integers(k, size=(d, n))
    for before, column in pairwise(columns):
        np.copyto(column, before, where=rng.random(n) < 0.3)
    return np.ascontiguousarray(columns.T)


def pairs(n: int, d: int, k: int) -> Race:
    """All pairs of columns by one call, and some of them by loops."""
    x = table_of(n, d, k)
    columns = np.ascontiguousarray(x.T)
    rng = np.random.default_rng(1)
    some = [
        (int(i), int(i + 1 + rng.integers(d - i - 1))) for i in rng.integers(d - 1, size=SOME_PAIRS)
    ]

    def loop(score: Callable[[Labels, Labels], float]) -> FloatArray:
        return np.array([score(columns[i], columns[j]) for i, j in some])

    def all_pairs() -> FloatArray:
        bits: Any = fastmi.pairwise_mutual_information(x).bits
        return bits[tuple(np.transpose(some))] * LN2

    loops = {name: partial(loop, score) for name, score in LOOPED.items()}
    work = {OURS: d * (d + 1) // 2} | dict.fromkeys(loops, len(some))
    return Race({OURS: all_pairs} | loops, work=work, weighed=True)


def features(n: int, d: int) -> Race:
    """Columns of 2 to 100 symbols beside a target of three classes."""
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=n)
    sizes = np.resize([2, 3, 5, 10, 30, 100], d)
    x = rng.integers(sizes, size=(n, d))
    x[:, ::4] = np.where(
        rng.random((n, x[:, ::4].shape[1])) < 0.2, y[:, None] % sizes[::4], x[:, ::4]
    )
    some = min(d, 12)

    def ours() -> FloatArray:
        return fastmi.feature_information(x, y).scores[:some] * LN2

    def loop(score: Callable[[Labels, Labels], float]) -> FloatArray:
        return np.array([score(x[:, j], y) for j in range(some)])

    def classif() -> FloatArray:
        return mutual_info_classif(x[:, :some], y, discrete_features=cast(Any, True))

    loops = {name: partial(loop, score) for name, score in LOOPED.items()}
    work = {OURS: d, CLASSIF: some} | dict.fromkeys(loops, some)
    return Race({OURS: ours, CLASSIF: classif} | loops, work=work, weighed=True)


def mixed(n: int, d: int) -> tuple[Any, Labels]:
    """Draws a frame of strings, categories, integers, floats and bools that lack values, and y."""
    import pandas as pd

    rng = np.random.default_rng(0)
    y = rng.integers(3, size=n)
    words = np.array(["red", "green", "blue", "white", "black"], object)

    def column(j: int) -> Any:
        codes = np.where(rng.random(n) < 0.1 * (j % 4), y, rng.integers(5, size=n))
        kinds = (
            lambda: pd.Series(words[codes]),
            lambda: pd.Series(pd.Categorical.from_codes(codes.tolist(), words.tolist())),
            lambda: pd.Series(codes, dtype="Int64"),
            lambda: pd.Series(codes + rng.normal(size=n)),
            lambda: pd.Series(codes > 2, dtype="boolean"),
        )
        values = kinds[j % len(kinds)]()
        return values.mask(rng.random(n) < 0.02 * (j % 3))

    return pd.DataFrame({f"column {j}": column(j) for j in range(d)}), y


def by_dictionaries(x: Sequence[Any], y: Sequence[Any]) -> float:
    """Estimates I(X;Y) in nats from the definition, by dictionaries of what is there."""
    n = len(y)
    pairs, of_x, of_y = Counter(zip(x, y, strict=True)), Counter(x), Counter(y)
    return sum(c / n * math.log(n * c / (of_x[a] * of_y[b])) for (a, b), c in pairs.items())


def pipeline(n: int, d: int) -> Race:
    """A mixed frame through a Pipeline; some columns from the definition, and by scikit-learn."""
    frame, y = mixed(n, d)
    some, answer = [j for j in range(d) if j % 5 != 3][:8], y.tolist()  # but for the floats
    columns = [frame.iloc[:, j] for j in some]
    lists = [one.astype(object).where(one.notna(), None).tolist() for one in columns]

    def ours() -> FloatArray:
        encoder = LabelEncoderTransformer(binning=fastmi.QuantileBins(8))
        steps = make_pipeline(encoder, SelectKBest(fastmi.feature_information, k=10))
        chosen: Any = steps.fit(frame, y)[-1]
        return chosen.scores_[some] * LN2

    def brute_force() -> FloatArray:
        return np.array([by_dictionaries(one, answer) for one in lists])

    def scikit_learn() -> FloatArray:
        encoder = OrdinalEncoder(encoded_missing_value=-1)
        held = frame.iloc[:, some].astype(object)
        codes = encoder.fit_transform(held.where(held.notna(), np.nan)) + 1
        return mutual_info_classif(codes.astype(int), y, discrete_features=cast(Any, True))

    others = {DICTIONARIES: brute_force, ORDINAL: scikit_learn}
    work = {OURS: d} | dict.fromkeys(others, len(some))
    return Race({OURS: ours} | others, work=work, weighed=True)


def batch(n: int, b: int, k: int) -> Race:
    """Pairs of labelings, (b, n, 1), by one call and by loops."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(k, size=(2, b, n))

    def ours() -> Any:
        return fastmi.mutual_information(x[..., None], y[..., None], base=None)

    def loop(score: Callable[[Labels, Labels], float]) -> FloatArray:
        return np.array([score(*both) for both in zip(x, y, strict=True)])

    loops = {name: partial(loop, score) for name, score in LOOPED.items()}
    return Race({OURS: ours} | loops, work=dict.fromkeys((OURS, *loops), b), weighed=True)


LOOPS = tuple(LOOPED)
DICTIONARIES = "dictionary count, discrete columns"
ORDINAL = "scikit-learn, OrdinalEncoder and mutual_info_classif, discrete columns"

TABLES = (
    *(
        TableCase(
            name,
            f"I of all pairs of {d} columns of {k} symbols, n = {n:,}, in nats",
            "pair",
            (OURS, *LOOPS),
            partial(pairs, n, d, k),
        )
        for name, n, d, k in (
            ("pairs", 10_000, 500, 10),
            ("pairs-tall", 200_000, 100, 10),
            ("pairs-many-symbols", 10_000, 100, 60),
        )
    ),
    TableCase(
        "features",
        "I of each of 100 columns of 2 to 100 symbols and 3 classes, n = 200,000, with chance and"
        " mean_lower by fastmi alone, in nats",
        "column",
        (OURS, CLASSIF, *LOOPS),
        partial(features, 200_000, 100),
    ),
    TableCase(
        "pipeline",
        "a Pipeline, LabelEncoderTransformer and SelectKBest, on 100 mixed columns that lack "
        "values, a fifth of them continuous, n = 200,000; I of the column, in nats",
        "column",
        (OURS, DICTIONARIES, ORDINAL),
        partial(pipeline, 200_000, 100),
    ),
    *(
        TableCase(
            f"batch-{n}",
            f"I of {b} pairs of labelings of {n:,} samples, 10 symbols each, in nats",
            "pair",
            (OURS, *LOOPS),
            partial(batch, n, b, 10),
        )
        for n, b in ((100, 100), (2000, 50), (200_000, 4))
    ),
)
