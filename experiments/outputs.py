"""result -> a folder of files, written whole or not at all: CSV, tables, manifest, figure; and one row for every attempt."""

from __future__ import annotations

import csv
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from experiments import attempts, stopping
from experiments.attempts import MANIFEST
from experiments.catalog import Run
from experiments.checkpoints import Checkpoints
from experiments.drawing import by_reading, overlaid, picture, side_by_side
from experiments.results import FORMAT, PLANES, read
from experiments.runner import Result, Score, check_device
from experiments.summary import findings, funnel, scores_at_end
from fastmi import figures
from fastmi.files import replacing
from fastmi.tables import save_planes, write_csv

__all__ = ["check_file", "copy_snapshots", "draw", "folder_of", "prepare", "save", "write_text"]

_SCORE_COLUMNS = ("sample", "seed", "epoch", "copy", "loss", "accuracy")


def prepare(out: Path) -> Path:
    """Make the folder and try it, before any work is done that could be lost.

    Raises:
        ValueError: it cannot be made or written to, with the system's reason.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise ValueError(f"out is '{out}', which cannot be written ({error.strerror or error}): pass --out FOLDER") from None
    return out


def check_file(name: str, path: Path) -> Path:
    """Try the folder of a file that is to be written, and that no folder bears its name, before any work is done.

    Raises:
        ValueError: it cannot be written.
    """
    if path.is_dir():
        raise ValueError(f"{name} is '{path}', which is a folder: pass the name of a file")
    prepare(path.parent)
    return path


def folder_of(run: Run, device: str, out: Path) -> Path:
    """Where its result goes: the run's id, and the device's name where that is not the CPU, which rounds in other ways."""
    name = str(check_device(device))
    return out / (run.id if name == "cpu" else f"{run.id}-{name.replace(':', '')}")


def save(result: Result, part: Path, folder: Path, more: dict[str, Any] | None = None) -> None:
    """Write a finished run's files beside its snapshots in `part`, and give that its name, `folder`.

    plane.csv and planes.npz hold every point, scores.csv the losses and accuracies, plane.png and plane.svg the figure,
    manifest.json all that a reader has to know.
    """
    write_csv(part / "plane.csv", result.planes)
    save_planes(part / PLANES, result.planes)
    _write_rows(part / "scores.csv", _SCORE_COLUMNS, _score_rows(result.scores))
    if result.run.stopping is not None:
        _write_rows(part / "stopping.csv", stopping.COLUMNS, stopping.compare(result))
    figure = picture(result.run, result.planes)
    for ending in ("png", "svg"):
        figures.save(figure, part / f"plane.{ending}")
    write_text(part / MANIFEST, json.dumps(_manifest(result) | (more or {}), indent=2) + "\n")
    _take_name(part, folder)


def copy_snapshots(source: Path, part: Path) -> None:
    """The snapshots of a finished run, for another reading of them; linked where the file system can.

    Raises:
        ValueError: what is there under their names is no file, or a link.
    """
    (part / attempts.SNAPSHOTS).mkdir(parents=True)
    for path in filter(Checkpoints.names, (source / attempts.SNAPSHOTS).glob("*.npz")):
        if path.is_symlink() or not path.is_file():
            raise ValueError(f"'{path}' is no file, or a link to one")
        try:
            os.link(path, part / attempts.SNAPSHOTS / path.name)
        except OSError:
            shutil.copy2(path, part / attempts.SNAPSHOTS / path.name)


def draw(folders: Sequence[Path], out: Path, overlay: bool = False, **choice: Any) -> None:
    """The planes of finished runs in one figure, side by side or overlaid.

    Args:
        choice: reading, layers, color; see `drawing.side_by_side`.

    Raises:
        ValueError: a folder that is no result, or lacks what was chosen; an ending that is no figure's.
    """
    if out.suffix not in (".png", ".svg", ".pdf"):
        raise ValueError(f"out is '{out}': a figure's name ends in .png, .svg or .pdf")
    check_file("out", out)
    runs = [(found.run, found.planes) for found in map(read, folders)]
    figures.save((overlaid if overlay else side_by_side)(runs, **choice), out)


def _write_rows(path: Path, columns: Sequence[str], rows: Iterable[dict[Any, Any]]) -> None:
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", extrasaction="raise", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_text(path: Path, text: str) -> None:
    """The whole text or, on failure, what was there before."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def _score_rows(scores: Sequence[Score]) -> Iterator[dict[str, Any]]:
    for score in scores:
        for e, copy in np.ndindex(score.loss.shape):
            yield {
                "sample": score.sample,
                "seed": score.seed,
                "epoch": int(score.epochs[e]),
                "copy": copy,
                "loss": float(score.loss[e, copy]),
                "accuracy": float(score.accuracy[e, copy]),
            }


def _manifest(result: Result) -> dict[str, Any]:
    run, first = result.run, result.planes[0]
    return {
        "format": FORMAT,
        "id": run.id,
        "run": run.fields(),
        "data": first.data,
        "readings": [
            {"sample": sample, "reading": reading, "layers": findings(planes), "funnel": funnel(planes)}
            for (sample, reading), planes in by_reading(result.planes).items()
        ],
        "scores_end": [{"sample": name} | values for name, values in scores_at_end(result.scores).items()],
        "n_samples": first.n_samples,
        "h_x_bits": first.entropy_x,
        "h_y_bits": first.entropy_y,
        "binning": first.binning,
        "estimator": "plug-in",
        "loss_end": result.losses[-1],
        "remark": result.remark,
        "device": result.device,
        "seconds": result.seconds,
        "versions": {"python": platform.python_version()}
        | {name: import_module(name).__version__ for name in ("numpy", "numba", "torch")},
        "written": attempts.now(),
    }


def _take_name(part: Path, folder: Path) -> None:
    """What was there before goes only once the new one is in its place."""
    if not folder.exists():
        os.replace(part, folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".old", dir=folder.parent))
    os.replace(folder, old / folder.name)
    os.replace(part, folder)
    shutil.rmtree(old)
