"""a finished run -> when each rule would have stopped each of its networks, and how well it answers then on fresh samples."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.catalog import Run
from experiments.runner import Result
from fastmi import InformationStopping, files

__all__ = ["COLUMNS", "RULES", "compare", "read_rows", "spread", "table"]

COLUMNS = ("seed", "copy", "rule", "stopped", "epochs", "accuracy")
RULES = ("fixed budget", "information", "validation loss")


def compare(result: Result) -> list[dict[str, Any]]:
    """A row for each network and rule: where it stops, or the whole budget, and the accuracy there on the fresh sample.

    All rules are applied to the one path that was recorded: training does not depend on when one would have stopped it.
    """
    rules, rows = result.run.stopping, list[dict[str, Any]]()
    if rules is None:
        return rows
    scores = {(score.sample, score.seed): score for score in result.scores}
    for alone in result.run.alone:
        plane = result.plane("each", "training", alone.seed)
        validation, fresh = scores["held-out", alone.seed], scores["fresh", alone.seed]
        for copy in range(alone.copies):
            rule = InformationStopping(rules.beta, rules.tolerance, rules.patience, floor=plane.entropy_y / 2)
            stops = {
                "fixed budget": None,
                "information": rule.first_stop(plane.i_xt[:, copy, -1], plane.i_ty[:, copy, -1]),
                "validation loss": first_without_progress(validation.loss[:, copy], rules.validation_patience),
            }
            for name, stop in stops.items():
                at = len(plane.epochs) - 1 if stop is None else stop
                rows.append(
                    {
                        "seed": alone.seed,
                        "copy": copy,
                        "rule": name,
                        "stopped": stop is not None,
                        "epochs": int(plane.epochs[at]),
                        "accuracy": float(fresh.accuracy[at, copy]),
                    }
                )
    return rows


def first_without_progress(losses: npt.NDArray[np.float64], patience: int) -> int | None:
    """The first check at which the loss has not reached a new minimum for `patience` checks."""
    best = 0
    for i, loss in enumerate(losses):
        if loss < losses[best]:
            best = i
        elif i - best >= patience:
            return i
    return None


def table(run: Run, rows: Sequence[dict[str, Any]]) -> list[str]:
    """The rows as lines for people: mean and spread over the networks."""
    rules = run.stopping
    if rules is None:
        return []
    checks = f"every {run.record_every} epochs" if run.n_recorded is None else f"at {len(run.recorded)} epochs"
    lines = [
        f"Stopping, checked {checks}, on {len(rows) // len(RULES)} networks (information: beta "
        f"{rules.beta:g}, tolerance {rules.tolerance:g} bits, patience {rules.patience}; validation: patience "
        f"{rules.validation_patience}):",
        f"{'rule':16} {'stopped':>8} {'epochs':>16} {'accuracy on fresh samples':>27}",
    ]
    for rule in RULES:
        own = [row for row in rows if row["rule"] == rule]
        epochs, accuracy = (np.array([row[key] for row in own], float) for key in ("epochs", "accuracy"))
        stopped = f"{sum(row['stopped'] for row in own)}/{len(own)}"
        lines.append(f"{rule:16} {stopped:>8} {spread(epochs, '.0f'):>16} {spread(accuracy, '.3f'):>27}")
    return lines


def spread(values: npt.NDArray[np.float64], form: str, sign: str = "+-") -> str:
    """Mean and standard deviation; of a single value there is none."""
    return f"{values.mean():{form}} {sign} {values.std(ddof=1) if len(values) > 1 else 0:{form}}"


def read_rows(path: Path) -> list[tuple[str, float, float, float]]:
    """(rule, whether it stopped, epochs, accuracy) of each network, as a result has them; it may come from anybody.

    Raises:
        ValueError: the file is none that `run` wrote.
    """
    try:
        found = csv.DictReader(io.StringIO(files.read_text(path)))
        rows = [(row["rule"], float(row["stopped"] == "True"), float(row["epochs"]), float(row["accuracy"])) for row in found]
        if {rule for rule, *_ in rows} != set(RULES) or not np.isfinite([values for _, *values in rows]).all():
            raise ValueError("it has not a number for each rule")
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise ValueError(f"'{path}' is not what `run` wrote ({files.reason(error)}): move that result away") from None
    return rows
