"""result -> a folder of files, written whole or not at all: CSV, tables, manifest, figure; and one row for every attempt."""

from __future__ import annotations

import csv
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from experiments.runner import Result
from experiments.summary import findings
from fastmi import InformationPlane, figures
from fastmi.tables import replacing, write_csv

__all__ = ["LEDGER", "check_file", "draw", "prepare", "read_ledger", "record", "save", "write_text"]

LEDGER = "runs.csv"
_LEDGER_COLUMNS = ("when", "run", "id", "data", "device", "status", "reason", "seconds", "folder")


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


def read_ledger(out: Path) -> list[dict[Any, Any]]:
    """The rows of all attempts so far.

    Raises:
        ValueError: there is something else under the ledger's name.
    """
    path = out / LEDGER
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, ValueError) as error:
        raise ValueError(f"'{path}' cannot be read as the ledger of runs ({error}): move it away") from None
    if tuple(reader.fieldnames or ()) != _LEDGER_COLUMNS:
        raise ValueError(f"'{path}' is not the ledger of runs, its columns are others: move it away")
    return rows


def save(result: Result, out: Path) -> Path:
    """-> the folder, with plane.csv, one .npz a reading, manifest.json, plane.png and plane.svg.

    It bears the run's id, and the device's name where that is not the CPU: another device rounds in other ways.
    """
    folder = out / (result.run.id if result.device == "cpu" else f"{result.run.id}-{result.device.replace(':', '')}")
    with _replacing_folder(folder) as part:
        write_csv(part / "plane.csv", list(result.planes.values()))
        for reading, plane in result.planes.items():
            plane.save(part / f"{reading}.npz")
        drawn = [plane.panel() for reading, plane in result.planes.items() if reading != "each" or len(result.planes) == 1]
        figure = figures.information_plane(drawn, title=_title(result.run.fields()))
        figures.save(figure, part / "plane.png")
        figures.save(figure, part / "plane.svg")
        (part / "manifest.json").write_text(json.dumps(_manifest(result), indent=2) + "\n", encoding="utf-8")
    return folder


def draw(folders: Sequence[Path], out: Path, reading: str | None = None, color: str = "layer") -> None:
    """The planes of finished runs side by side in one figure, all readings (but "each" only where it stands alone) or one.

    Raises:
        ValueError: a folder that is no result, or lacks the reading; layers that differ; an ending that is no figure's.
    """
    if out.suffix not in (".png", ".svg", ".pdf"):
        raise ValueError(f"out is '{out}': a figure's name ends in .png, .svg or .pdf")
    panels, titles = [], []
    for folder in folders:
        try:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            run, found = manifest["run"], list(manifest["readings"])
        except (OSError, ValueError, KeyError) as error:
            raise ValueError(f"RESULT is '{folder}', which is no folder that `run` left ({type(error).__name__})") from None
        if reading is not None and reading not in found:
            raise ValueError(f"'{folder}' has no reading {reading!r}: it has {', '.join(found)}")
        titles.append(_title(run))
        for name in [reading] if reading else [name for name in found if name != "each" or len(found) == 1]:
            panel = InformationPlane.load(folder / f"{name}.npz").panel()
            panels.append(replace(panel, title=f"{run['name']}: {panel.title}") if len(folders) > 1 else panel)
    check_file("out", out)
    figures.save(figures.information_plane(panels, color=color, title=titles[0] if len(folders) == 1 else ""), out)


def _title(run: dict[str, Any]) -> str:
    return f"{run['name']}: {'-'.join(map(str, run['widths']))} {run['network']}, {run['epochs']} epochs"


def record(out: Path, **row: Any) -> None:
    """One more row in the ledger of all attempts, failed ones with their reason."""
    path = out / LEDGER
    rows = [*read_ledger(out), {"when": _now(), **row}]
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _LEDGER_COLUMNS, restval="", extrasaction="raise", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_text(path: Path, text: str) -> None:
    """The whole text or, on failure, what was there before."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def _manifest(result: Result) -> dict[str, Any]:
    run = result.run
    plane = next(iter(result.planes.values()))
    return {
        "id": run.id,
        "run": run.fields(),
        "data": plane.data,
        "readings": {reading: findings(table) for reading, table in result.planes.items()},
        "n_samples": plane.n_samples,
        "h_x_bits": plane.entropy_x,
        "h_y_bits": plane.entropy_y,
        "binning": plane.binning,
        "estimator": "plug-in",
        "loss_end": result.losses[-1],
        "device": result.device,
        "seconds": result.seconds,
        "versions": {"python": platform.python_version()}
        | {name: import_module(name).__version__ for name in ("numpy", "numba", "torch")},
        "written": _now(),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def _replacing_folder(folder: Path) -> Iterator[Path]:
    """A neighbour that takes the folder's name once it is complete; what was there before goes only then."""
    part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        yield part
        part.chmod(0o755)
        if folder.exists():
            old = part.with_suffix(".old")
            os.replace(folder, old)
            os.replace(part, folder)
            shutil.rmtree(old)
        else:
            os.replace(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
