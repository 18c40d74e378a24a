"""result -> its manifests, of what was trained and of what was read; and back.

What is read back may come from anybody.
"""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import torch

from fastmi import files, from_json

from . import determinism
from .beliefs import believed, gaps
from .drawing import by_reading
from .execution import Result
from .summary import findings, funnel, scores_at_end

__all__ = ["FORMAT", "Manifest", "of_readings", "of_training", "parse", "typed"]

FORMAT = 2  # of the manifests that are written; those without a number have 0


class Layer(TypedDict):
    """What `summary.findings` and `beliefs.believed` say of a layer.

    With several seeds each number of the former has its spread beside it. A measure that says
    nothing of I(X;T), or counts nothing, has no number of it. What can be believed is
    of the end, and there since there are such columns.
    """

    layer: str
    i_xt_start: NotRequired[float]
    i_xt_peak: NotRequired[float]
    peak_epoch: NotRequired[float]
    i_xt_end: NotRequired[float]
    i_ty_start: float
    i_ty_end: float
    coverage_end: NotRequired[float]
    i_xt_start_sd: NotRequired[float]
    i_xt_peak_sd: NotRequired[float]
    peak_epoch_sd: NotRequired[float]
    i_xt_end_sd: NotRequired[float]
    i_ty_start_sd: NotRequired[float]
    i_ty_end_sd: NotRequired[float]
    coverage_end_sd: NotRequired[float]
    chance: NotRequired[float]
    mean_lower: NotRequired[float]
    mean_upper: NotRequired[float]
    growth: NotRequired[float]
    pair_coverage: NotRequired[float]
    outside: NotRequired[float]
    verdict: NotRequired[str]
    verdict_xt: NotRequired[str]
    reason: NotRequired[str]


class Funnel(TypedDict):
    """How often a layer stood above the one before it, of how many pairs."""

    i_xt: int
    i_ty: int
    pairs: int


class Table(TypedDict):
    """What the planes of one sample and reading show."""

    sample: str
    reading: str
    layers: list[Layer]
    funnel: Funnel


class GapOf(TypedDict):
    """I(T;Y) of a layer at the end, on the training sample less on a held-out one."""

    layer: str
    training: str
    held_out: str
    gap: float
    means: str


class End(TypedDict):
    """Loss and accuracy on a sample after the last epoch."""

    sample: str
    loss: float
    accuracy: float


class Manifest(TypedDict):
    """All that a reader has to know of a result.

    In formats 0 and 1 one file said it, since then one of each folder.
    """

    id: str
    run: dict[str, Any]
    data: str
    readings: list[Table]
    gaps: NotRequired[list[GapOf]]
    shared_rows: NotRequired[dict[str, int]]  # of held-out samples, with what was trained on
    scores_end: list[End]
    n_samples: int
    h_x_bits: float
    h_y_bits: float
    binning: str
    estimator: str
    loss_end: float
    remark: str
    device: str
    seconds: dict[str, float]
    versions: dict[str, str]
    written: str
    reading: NotRequired[dict[str, Any]]  # the record, since format 2
    wall_seconds: NotRequired[float]  # of what was trained
    resumed: NotRequired[bool]
    estimated_from: NotRequired[str]  # of what was read again, in formats 0 and 1
    repeats: NotRequired[str]  # what comes of doing it again: earlier versions did not say
    format: NotRequired[int]


def of_training(result: Result, wall_seconds: float, resumed: bool) -> dict[str, Any]:
    """Tells what was trained: the record with its story, the scores, and how it went."""
    return {
        "format": FORMAT,
        "id": result.run.id,
        "run": result.run.fields(),
        "data": result.planes[0].data,
        "scores_end": [
            {"sample": name} | values for name, values in scores_at_end(result.scores).items()
        ],
        "loss_end": result.losses[-1],
        "remark": result.remark,
        "wall_seconds": wall_seconds,
        "resumed": resumed,
        **_made(result, ("train",)),
    }


def of_readings(result: Result) -> dict[str, Any]:
    """Tells what was read of it: the record of the one measure, and what its planes show."""
    first, (measure,) = result.planes[0], result.run.reads
    return {
        "format": FORMAT,
        "id": f"{result.run.id}/{measure.id}",
        "reading": measure.fields(),
        "data": first.data,
        "readings": [
            {
                "sample": sample,
                "reading": name,
                "layers": [
                    found | belief
                    for found, belief in zip(findings(planes), believed(planes), strict=True)
                ],
                "funnel": funnel(planes),
            }
            for (sample, name), planes in by_reading(result.planes).items()
        ],
        "gaps": gaps(result.planes),
        "shared_rows": result.shared,
        "n_samples": first.n_samples,
        "h_x_bits": first.entropy_x,
        "h_y_bits": first.entropy_y,
        "binning": first.binning,
        "estimator": "plug-in",
        **_made(result, ("forward", "estimate")),
    }


def _made(result: Result, stages: tuple[str, ...]) -> dict[str, Any]:
    """Tells where, in what time, with what, when, and what comes of doing it again."""
    return {
        "device": result.device,
        "repeats": result.repeats,
        "seconds": {stage: seconds for stage, seconds in result.seconds.items() if stage in stages},
        "versions": (
            {"python": platform.python_version()}
            | {name: import_module(name).__version__ for name in ("numpy", "numba", "torch")}
            | determinism.versions(torch.device(result.device))
        ),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def parse(path: Path) -> dict[str, Any]:
    """Reads one file, as it stands there.

    Raises:
        OSError, ValueError: it cannot be read, is no object, or was written by a later version.
    """
    content = from_json.parse(files.read_text(path))
    if not isinstance(content, dict):
        raise ValueError(f"manifest is {type(content).__name__}, where an object should be")
    files.check_format(path, content.get("format", 0), FORMAT)
    return content


def typed(content: dict[str, Any]) -> Manifest:
    """Reads both files' contents as one, each value of its type.

    Raises:
        ValueError: a value is missing, or of another type.
    """
    manifest: Manifest = from_json.typed("manifest", content, Manifest)
    if "estimated_from" not in manifest and not {"wall_seconds", "resumed"} <= manifest.keys():
        raise ValueError("manifest has neither 'estimated_from' nor 'wall_seconds' and 'resumed'")
    return manifest
