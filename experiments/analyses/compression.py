"""A finished result -> how far I(X;T) of the output layer fell from its peak, a row for each seed.

That is fitting, then compression.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from fastmi import InformationPlane
from fastmi.arrays import FloatArray

from ..datasets import simple_truth
from ..drawing import over_epochs
from ..execution import Result
from ..records import Run
from ..summary import KEYS, findings
from .analysis import Analysis, Rows, markdown

__all__ = ["ANALYSIS", "Compression", "factor"]

_SHOWN = (
    *(
        "i_xt_start",
        "i_xt_peak",
        "peak_epoch",
        "i_xt_end",
        "fell",
        "i_xt_late",
        "i_ty_start",
        "i_ty_end",
        "entropy_y",
    ),
)


@dataclass(frozen=True)
class Compression(Analysis):
    """Peak and end of I(X;T) of the output layer.

    `late` recorded epochs at the end are averaged: the end alone is one of many noisy ones.
    """

    late: int = 100

    columns: ClassVar = ("seed", "layer", *KEYS, "fell", "i_xt_late", "entropy_y", "all_distinct")

    def rows(self, result: Result) -> list[dict[str, Any]]:
        """Summarises the output layer of each seed, over all its copies."""
        training, rows = result.run.training, list[dict[str, Any]]()
        for seed in range(training.seed, training.seed + training.seeds):
            plane = result.plane("each", seed=seed)
            output = findings([plane])[-1]
            rows.append(
                {
                    "seed": seed,
                    **output,
                    "fell": output["i_xt_peak"] - output["i_xt_end"],
                    "i_xt_late": float(plane.mean().i_xt[-self.late :, 0, -1].mean()),
                    "entropy_y": plane.entropy_y,
                    "all_distinct": bool(abs(plane.entropy_x - np.log2(plane.n_samples)) < 1e-9),
                }
            )
        return rows

    def table(self, run: Run, rows: Rows) -> list[str]:
        """Makes lines of Markdown of the rows, mean and spread below the seeds."""
        head = [
            *("seed", "start", "peak", f"at {run.training.unit[:-1]}", "end", "peak - end"),
            *(
                f"mean of the last {self.late} {run.training.unit}",
                "I(T;Y) start",
                "I(T;Y) end",
                "H(Y)",
            ),
        ]
        values = {key: np.array([row[key] for row in rows], float) for key in _SHOWN}
        sd = {
            key: np.std(column, ddof=1) if len(rows) > 1 else np.nan
            for key, column in values.items()
        }
        cells = [[str(row["seed"]), *(_cell(key, row[key]) for key in _SHOWN)] for row in rows]
        cells.append(["mean", *(_cell(key, float(np.mean(values[key]))) for key in _SHOWN)])
        return markdown(head, [*cells, ["sd", *(_cell(key, float(sd[key])) for key in _SHOWN)]])

    def page(self, run: Run, rows: Rows, command: str) -> str:
        """Makes the page, with what the numbers do and do not say."""
        distinct = sum(row["all_distinct"] for row in rows)
        fitted = sum(row["i_ty_end"] > row["i_ty_start"] for row in rows)
        compressed = sum(
            row["peak_epoch"] > 0 and row["i_xt_end"] < row["i_xt_peak"] for row in rows
        )
        unit, (whose, truth) = run.training.unit, _truth(run)
        lines = [
            (
                f"# Fitting, then compression: the output layer of `{run.name}`"
                f"{run.training.label_note}"
            ),
            "",
            f"Written by `{command}`; not edited by hand.",
            "",
            (
                "I(X;T) and I(T;Y) of the last layer in bits, one network a seed (independent data,"
                " initialisation and batches),"
            ),
            f"{run.training.length} each. Columns without a name of their own are I(X;T).",
            "",
            *self.table(run, rows),
            "",
            f"I(T;Y) ends above its start in {fitted} of {len(rows)} seeds;",
            f"I(X;T) peaks after the start and ends below the peak in {compressed} of {len(rows)}.",
            "",
            (
                f"The peak is the largest of many noisy {unit} and the end is one of them, so peak "
                "- end overstates the fall;"
            ),
            (
                f"beside it stands the mean of the last {self.late} {unit}. All x are distinct in "
                f"{distinct} of {len(rows)} seeds,"
            ),
            (
                "and there I(X;T) is H(T) of the binned output: its fall says that the tanh output "
                "saturates into fewer bins, not"
            ),
            (
                "that information about x was lost. H(Y) differs between seeds because the data are"
                f" drawn anew; I(X;Y) of {whose}"
            ),
            f"{truth}, so what I(T;Y) shows above that on the training sample is",
            "overfitting and the bias of counting.",
            "",
        ]
        return "\n".join(lines)

    def figure(self, run: Run, planes: Sequence[InformationPlane]) -> tuple[Figure, str]:
        """Draws the output layer over the steps, a line for each seed."""
        trained = [one for one in planes if (one.sample, one.reading) == (planes[0].sample, "each")]
        layer, unit = planes[0].layers[-1], run.training.unit
        seeds = "1 seed" if len(trained) == 1 else f"{len(trained)} seeds and their mean"
        words = (
            f"I(X;T) and I(T;Y) of the {layer} of {run.name} over the {unit}, on the "
            f"{planes[0].sample} sample: {seeds}"
        )
        return over_epochs(trained, layer, unit), words


def factor(plane: InformationPlane) -> FloatArray:
    """Computes the share of its highest I(X;T) that each layer loses: (n_layers,).

    (max I - mean of the last tenth of the recorded epochs) / max I, of the mean over the paths; NaN
    where I(X;T) is always 0, or nothing that the measure says.
    """
    path = plane.mean().i_xt[:, 0]
    highest = path.max(axis=0)
    late = path[-math.ceil(len(path) / 10) :].mean(axis=0)
    with np.errstate(invalid="ignore"):
        return (highest - late) / highest


def _truth(run: Run) -> tuple[str, str]:
    """Says how large I(X;Y) is, in two lines."""
    if run.training.labels == "shuffled":
        return "x and", "shuffled labels is 0"
    return "this", f"data is {simple_truth()[2]:.3f} bits by enumeration"


def _cell(key: str, value: float) -> str:
    if np.isnan(value):
        return "-"
    return f"{value:.0f}" if key == "peak_epoch" else f"{value:.3f}"


ANALYSIS = Compression()
