"""Rows of a sweep -> how compression goes with held-out accuracy over its runs, layer by layer.

Spearman's rank correlation with an interval of 95 % by Fisher's z, its standard error
sqrt((1 + r^2 / 2) / (n - 3)): D. G. Bonett and T. A. Wright, "Sample size requirements for
estimating Pearson, Kendall and Spearman correlations", Psychometrika 65 (2000) 23-28. It takes runs
for independent: those of one seed share data and initialisation, and then it is too narrow.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .table import Rows

__all__ = ["COLUMNS", "FEWEST_RUNS", "Correlation", "correlate", "correlations", "lines"]

FEWEST_RUNS = 10  # z is nearly normal only for so many
LEVEL = 0.95  # of an interval
COLUMNS = (
    *("measure_id", "layer", "n", "rho", "lower", "upper", "reason"),
    *("held_out", "verdicts_xt", "verdicts"),
)


class Correlation(NamedTuple):
    """Spearman's rho of n pairs and its interval; where there is none, None and the reason."""

    n: int
    rho: float | None
    lower: float | None
    upper: float | None
    reason: str


def correlate(first: Sequence[float], second: Sequence[float]) -> Correlation:
    """Correlates the ranks of two columns, or says why they cannot be."""
    n = len(first)
    if n < FEWEST_RUNS:
        return Correlation(n, None, None, None, f"fewer than {FEWEST_RUNS} runs")
    for name, values in (("compression", first), ("accuracy", second)):
        if len(set(values)) == 1:
            return Correlation(n, None, None, None, f"{name} is the same in all runs")
    from scipy import stats  # takes a second to load, which workers have no use for

    ranks = [stats.rankdata(values) for values in (first, second)]
    rho = float(np.corrcoef(ranks)[0, 1])
    if abs(rho) > 1 - 1e-12:
        return Correlation(n, rho, None, None, "all ranks agree, where the interval has no width")
    width = float(stats.norm.ppf((1 + LEVEL) / 2)) * math.sqrt((1 + rho**2 / 2) / (n - 3))
    lower, upper = (math.tanh(math.atanh(rho) + side * width) for side in (-1, 1))
    return Correlation(n, rho, lower, upper, "")


def correlations(rows: Rows) -> Rows:
    """Correlates, for each measure and layer, compression on the training sample with accuracy.

    Of single networks. Accuracy is that on the first held-out sample; beside it stand the verdicts
    of the points that compression is made of.
    """
    accuracy: dict[str, tuple[str, float]] = {}
    for row in rows:
        if row["sample_kind"] == "held-out":
            accuracy.setdefault(row["run"], (row["sample"], row["accuracy_end"]))
    groups: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for row in rows:
        if row["sample_kind"] != "held-out" and row["reading"] == "each":
            of_layer = groups.setdefault((row["measure_id"], row["layer"]), {})
            of_layer.setdefault(row["run"], row)
    return [
        _row(measure, layer, list(of_runs.values()), accuracy)
        for (measure, layer), of_runs in groups.items()
    ]


def _row(
    measure: str, layer: str, runs: Rows, accuracy: dict[str, tuple[str, float]]
) -> dict[str, Any]:
    pairs = [row for row in runs if "compression" in row and row["run"] in accuracy]
    if pairs:
        found = correlate(
            [row["compression"] for row in pairs], [accuracy[row["run"]][1] for row in pairs]
        )
    else:
        scored = any(row["run"] in accuracy for row in runs)
        reason = "I(X;T) is nothing that falls" if scored else "no held-out sample"
        found = Correlation(0, None, None, None, reason)
    return {
        "measure_id": measure,
        "layer": layer,
        **{name: value for name, value in found._asdict().items() if value not in (None, "")},
        "held_out": ", ".join(sorted({accuracy[row["run"]][0] for row in pairs})),
        "verdicts_xt": _counted(pairs, "verdict_xt"),
        "verdicts": _counted(pairs, "verdict"),
    }


def lines(found: Rows) -> list[str]:
    """Says it in lines for a terminal."""
    said = [
        "Compression of I(X;T) and held-out accuracy over runs, Spearman's rho (95 %, Bonett and "
        "Wright):"
    ]
    width = max((len(row["layer"]) for row in found), default=0)
    several = len({row["measure_id"] for row in found}) > 1
    for row in found:
        name = f"{row['layer']:{width}}" + (f"  {row['measure_id']}" if several else "")
        value = f"{row['rho']:+.2f}" if "rho" in row else "none"
        between = f" ({row['lower']:+.2f} .. {row['upper']:+.2f})" if "lower" in row else ""
        why = f" ({row['reason']})" if row.get("reason") else ""
        beside = f"; I(X;T): {row['verdicts_xt']}; I(T;Y): {row['verdicts']}"
        said.append(f"  {name}  {value}{between}{why}, n = {row['n']}{beside}")
    return said


def _counted(runs: Rows, name: str) -> str:
    counts = Counter(row.get(name) or "not judged" for row in runs)
    return ", ".join(f"{n} {word}" for word, n in sorted(counts.items()))
