"""A finished result -> when each rule would have stopped each of its networks.

Beside it stands how well the network answers then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fastmi import InformationPlane, InformationStopping
from fastmi.arrays import FloatArray

from ..drawing import Mark
from ..execution import Result
from ..records import SHUFFLED, Run
from .analysis import Analysis, Rows, markdown

__all__ = ["ANALYSIS", "RULES", "Stopping", "first_without_progress"]

RULES = ("fixed budget", "information", "validation loss")
# of the whole budget the end of the path is the mark
SHAPES = {"information": "*", "validation loss": "x"}


@dataclass(frozen=True)
class Stopping(Analysis):
    """The rules that are compared at a run's recorded epochs, which are their checks.

    `beta`, `tolerance` (bits) and `patience` are those of `fastmi.InformationStopping`, its floor
    half of H(Y). Validation stops once the held-out loss has not reached a new minimum for
    `validation_patience` checks.
    """

    beta: float = 1.0
    tolerance: float = 0.1
    patience: int = 3
    validation_patience: int = 10

    columns: ClassVar = ("seed", "copy", "rule", "stopped", "epochs", "accuracy")

    def rows(self, result: Result) -> list[dict[str, Any]]:
        """Makes a row for each network and rule: where it stops, and the accuracy there.

        A rule that is not met uses the whole budget; the accuracy is that on the fresh sample. All
        rules are applied to the one path that was recorded: training does not depend on when one
        would have stopped it.

        Raises:
            ValueError: the result has no fresh sample, on which the rules are judged.
        """
        scores = {(score.sample, score.seed): score for score in result.scores}
        rows = list[dict[str, Any]]()
        for alone in result.run.training.alone:
            if ("held-out", alone.seed) not in scores or ("fresh", alone.seed) not in scores:
                raise ValueError(
                    f"{result.run.name} has no fresh sample, on which rules for stopping are "
                    "judged: pass results of `stopping`"
                )
            plane = result.plane("each", alone.sample, alone.seed)
            validation, fresh = scores["held-out", alone.seed], scores["fresh", alone.seed]
            for copy in range(alone.copies):
                for name, stop in self._stops(plane, copy, validation.loss[:, copy]).items():
                    at = len(plane.epochs) - 1 if stop is None else stop
                    row = {
                        "seed": alone.seed,
                        "copy": copy,
                        "rule": name,
                        "stopped": stop is not None,
                    }
                    rows.append(
                        row
                        | {
                            "epochs": int(plane.epochs[at]),
                            "accuracy": float(fresh.accuracy[at, copy]),
                        }
                    )
        return rows

    def _stops(
        self, plane: InformationPlane, copy: int, losses: FloatArray
    ) -> dict[str, int | None]:
        rule = InformationStopping(
            self.beta, self.tolerance, self.patience, floor=plane.entropy_y / 2
        )
        return {
            "fixed budget": None,
            "information": rule.first_stop(plane.i_xt[:, copy, -1], plane.i_ty[:, copy, -1]),
            "validation loss": first_without_progress(losses, self.validation_patience),
        }

    def table(self, run: Run, rows: Rows) -> list[str]:
        """Makes lines of Markdown: a rule each, over all networks."""
        head = [
            *("rule", "networks that it stopped", f"{run.training.unit} used"),
            "accuracy there on 20,000 fresh samples",
        ]
        return markdown(
            head,
            [
                [rule, f"{stopped} of {n}", *spreads]
                for rule, stopped, n, *spreads in _summed(rows, "±")
            ],
        )

    def lines(self, run: Run, rows: Rows) -> list[str]:
        """Makes lines for a terminal: mean and spread over the networks."""
        training, unit = run.training, run.training.unit
        checks = (
            f"every {training.record_every} {unit}"
            if training.n_recorded is None
            else f"at {len(training.recorded)} {unit}"
        )
        return [
            (
                f"Stopping, checked {checks}, on {len(rows) // len(RULES)} networks (information: "
                f"beta {self.beta:g}, tolerance {self.tolerance:g} bits, patience {self.patience}; "
                f"validation: patience {self.validation_patience}):"
            ),
            f"{'rule':16} {'stopped':>8} {unit:>16} {'accuracy on fresh samples':>27}",
            *(
                f"{rule:16} {f'{stopped}/{n}':>8} {epochs:>16} {accuracy:>27}"
                for rule, stopped, n, epochs, accuracy in _summed(rows, "+-")
            ),
        ]

    def page(self, run: Run, rows: Rows, command: str) -> str:
        """Makes the page, with what the rules are."""
        lines = [
            f"# When to stop: the networks of `{run.name}`{run.training.label_note}",
            "",
            f"Written by `{command}`; not edited by hand.",
            "",
            (
                f"Three rules on {len(rows) // len(RULES)} networks of {run.training.length}: the "
                f"information criterion (beta {self.beta:g}, tolerance"
            ),
            (
                f"{self.tolerance:g} bits, patience {self.patience}), the held-out loss (patience "
                f"{self.validation_patience}), and the whole budget. A rule that is not met uses "
                "it too."
            ),
            *(
                ["The training sample is read by the shuffled labels, all others by the true ones."]
                if run.training.labels == "shuffled"
                else []
            ),
            "",
            *self.table(run, rows),
            "",
        ]
        return "\n".join(lines)

    def marks(self, planes: Sequence[InformationPlane], rows: Rows) -> list[Mark]:
        """Marks where each rule stopped the output layer of each network.

        The marks stand in the panel of the sample that is trained on.
        """
        each = {
            plane.seed: plane
            for plane in planes
            if (plane.sample.removesuffix(SHUFFLED), plane.reading) == ("training", "each")
        }
        marks = list[Mark]()
        for rule, shape in SHAPES.items():
            points = list[tuple[float, float]]()
            for row in rows:
                if row["rule"] == rule and row["stopped"]:
                    plane = each[row["seed"]]
                    at = int(np.flatnonzero(plane.epochs == row["epochs"])[0])
                    where = at, row["copy"], -1
                    points.append((float(plane.i_xt[where]), float(plane.i_ty[where])))
            if points:
                marks.append(Mark(planes[0].sample, f"stopped by {rule}", shape, points))
        return marks


def first_without_progress(losses: FloatArray, patience: int) -> int | None:
    """Finds the first check at which the loss made no progress.

    There it has not reached a new minimum for `patience` checks.
    """
    best = 0
    for i, loss in enumerate(losses):
        if loss < losses[best]:
            best = i
        elif i - best >= patience:
            return i
    return None


def _summed(rows: Rows, sign: str) -> list[tuple[str, int, int, str, str]]:
    """Sums up each rule: its name, the networks that it stopped, of how many, and two spreads.

    They are mean and spread of the epochs and of the accuracies.
    """
    lines = list[tuple[str, int, int, str, str]]()
    for rule in RULES:
        of_rule = [row for row in rows if row["rule"] == rule]
        epochs, accuracy = (
            np.array([row[key] for row in of_rule], float) for key in ("epochs", "accuracy")
        )
        stopped = sum(row["stopped"] for row in of_rule)
        lines.append(
            (
                rule,
                stopped,
                len(of_rule),
                _spread(epochs, ".0f", sign),
                _spread(accuracy, ".3f", sign),
            )
        )
    return lines


def _spread(values: FloatArray, form: str, sign: str) -> str:
    """Quotes mean and standard deviation; of a single value there is none."""
    return f"{values.mean():{form}} {sign} {values.std(ddof=1) if len(values) > 1 else 0:{form}}"


ANALYSIS = Stopping()
