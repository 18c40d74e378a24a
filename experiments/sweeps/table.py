"""A plan and its folder -> rows: of each point, measure, sample, reading and layer what was found.

All of it was written by `saving` and is read back: it does not matter who made the runs, or when.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..analyses.compression import factor
from ..drawing import by_reading
from ..in_progress import finished
from ..layout import named
from ..results import Finished, read
from ..work import folder_of
from .axes import written
from .plan import Plan, Point

__all__ = ["Rows", "columns", "rows"]

Rows = list[dict[str, Any]]

# of a layer, as its manifest has them: see `summary.findings` and `beliefs.believed`
OF_LAYERS = ("i_xt_end", "i_ty_end", "chance", "mean_lower", "mean_upper", "coverage_end")
WORDS = ("verdict", "verdict_xt")
OF_OUTPUTS = ("accuracy", "loss")


def columns(plan: Plan) -> list[str]:
    """Names the columns of sweep.csv."""
    return [
        *("run", "measure_id", *plan.axes, "sample", "sample_kind", "reading", "layer"),
        *(*OF_LAYERS, *WORDS, "i_xt_peak", "compression"),
        *(f"{name}_end" for name in OF_OUTPUTS),
    ]


def rows(plan: Plan, out: Path, device: str) -> Rows:
    """Makes a row for each point, measure, sample, reading and layer of the runs that are finished.

    With several seeds in one run numbers are means over them and verdicts the weakest, as in its
    manifest. Of what a measure does not say there is no value.

    Raises:
        ValueError: a folder is not what `run` left.
    """
    found: dict[tuple[str, str], Rows] = {}
    for run in plan.runs:
        trained = folder_of(run, device, out)
        for measure in run.reads:
            folder = trained / named(measure.id, device)
            if finished(trained) and finished(folder):
                found[run.id, measure.id] = list(_rows(read(folder)))
    return [row for point in plan.points for row in _of_point(point, found)]


def _of_point(point: Point, found: dict[tuple[str, str], Rows]) -> Iterator[dict[str, Any]]:
    values = {name: written(value) for name, value in point.values.items()}
    for measure in point.reads:
        for row in found.get((point.run.id, measure.id), ()):
            yield {"run": point.run.id, "measure_id": measure.id} | values | row


def _rows(result: Finished) -> Iterator[dict[str, Any]]:
    groups = by_reading(result.planes)
    outputs = {end["sample"]: end for end in result.manifest["scores_end"]}
    for table in result.manifest["readings"]:
        planes = groups[table["sample"], table["reading"]]
        fell = np.mean([factor(plane) for plane in planes], axis=0)
        ends = {f"{name}_end": outputs[table["sample"]][name] for name in OF_OUTPUTS}
        layers: list[dict[str, Any]] = [dict(layer) for layer in table["layers"]]
        for layer, compression in zip(layers, fell.tolist(), strict=True):
            known = {
                name: layer[name] for name in (*OF_LAYERS, *WORDS, "i_xt_peak") if name in layer
            }
            if not np.isnan(compression):
                known["compression"] = compression
            yield {
                "sample": table["sample"],
                "sample_kind": planes[0].sample_kind,
                "reading": table["reading"],
                "layer": layer["layer"],
                **known,
                **ends,
            }
