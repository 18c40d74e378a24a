"""a recorder's readings and bins <-> one .npz, whole or not at all; what is read is not trusted."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from fastmi import files, from_json
from fastmi.binning import Binning, Edges, QuantileBins, UniformBins, WidthBins
from fastmi.points import Points, joined
from fastmi.recorders.samples import Sample
from fastmi.recorders.tables import Path

__all__ = ["FORMAT", "About", "Held", "digests", "load", "save"]

FORMAT = 0  # of the files that are written
BINNINGS = (Edges, QuantileBins, UniformBins, WidthBins)
KINDS: dict[str, Any] = {kind.__name__: kind for kind in BINNINGS}
COLUMNS = {one.name for one in fields(Points)}


@dataclass(frozen=True)
class About:
    """What a recorder and its file have to have in common, and the steps that were marked."""

    layers: list[str]
    paths: list[str]
    pools: list[str]
    labels: dict[str, str]
    marked: dict[str, dict[str, str]]


@dataclass(frozen=True, eq=False)
class Held:
    """What a file holds: the marked steps, and of each path the steps and their points."""

    marked: dict[int, dict[str, str]]
    paths: list[tuple[list[int], list[Points]]]


def digests(samples: Sequence[Sample]) -> dict[str, str]:
    """Hashes the rows of each sample and its labels, so that another sample is not gone on with."""
    return {
        f"{sample.name}/{name}": hashlib.blake2b(
            sample.hashes.tobytes() + repr(np.asarray(labels).tolist()).encode(), digest_size=16
        ).hexdigest()
        for sample in samples
        for name, labels in sample.labels.items()
    }


def save(
    path: str | os.PathLike[str],
    about: About,
    paths: Sequence[Path],
    bins: Mapping[str, Mapping[str, Any]],
) -> None:
    """Writes it."""
    arrays: dict[str, Any] = {files.FORMAT: np.array(FORMAT)}
    for i, one in enumerate(paths):
        arrays[f"{i}/steps"] = np.array(one.steps, np.int64)
        if one.points:
            stacked = joined([points.map(lambda column: column[None]) for points in one.points], 0)
            arrays |= {f"{i}/{name}": column for name, column in stacked.present.items()}
    plain = asdict(about) | {
        "bins": {
            name: {layer: _record(one) for layer, one in held.items() if isinstance(one, Binning)}
            for name, held in bins.items()
        }
    }
    with files.replacing(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, plain=np.array(json.dumps(plain)), **arrays)


def load(
    path: str | os.PathLike[str], about: About, paths: Sequence[Path]
) -> tuple[Held, dict[str, dict[str, Binning]]]:
    """Reads it, for a recorder that is like the one that wrote it.

    Raises:
        FileNotFoundError: no such file. ValueError: no such content, or of another recorder.
    """
    try:
        with files.opened(path) as file:
            archive = files.Archive(path, file)
            _check_kind(archive)
            archive.check_format(FORMAT)
            plain = from_json.typed("plain", from_json.parse(archive.text("plain")), dict[str, Any])
            bins = plain.pop("bins")
            saved = from_json.typed("plain", plain, About)
            read = [_path(archive, i) for i in range(len(saved.paths))]
            rules = {
                name: {layer: _binning(one) for layer, one in held.items()}
                for name, held in bins.items()
            }
            marked = {int(step): why for step, why in saved.marked.items()}
    except (FileNotFoundError, PermissionError, files.NewerFormat, files.OtherKind):
        raise
    except Exception as error:
        raise ValueError(
            f"{path} is not what Recorder.save wrote ({files.reason(error)})"
        ) from error
    for name in ("layers", "paths", "pools", "labels"):
        mine, theirs = getattr(about, name), getattr(saved, name)
        if mine != theirs:
            raise ValueError(
                f"{path} was saved with other {_WORDS[name]} ({theirs!r:.80}, here {mine!r:.80}): "
                "make this recorder as that one was"
            )
    return Held(marked, read), rules


_WORDS = {
    "layers": "layers",
    "paths": "samples, sets of labels or measures",
    "pools": "poolings",
    "labels": "rows or labels of a sample",
}


def _check_kind(archive: files.Archive) -> None:
    """Refuses a table, before its format is judged, which counts another way."""
    if "0/epochs" in archive.names and "0/steps" not in archive.names:
        raise files.OtherKind(
            f"'{archive.path}' is a table that InformationPlane.save wrote: read it with "
            "InformationPlane.load"
        )


def _path(archive: files.Archive, i: int) -> tuple[list[int], list[Points]]:
    names = [name for name in archive.names if name.startswith(f"{i}/")]
    arrays = {name.partition("/")[2]: array for name, array in archive.read(names).items()}
    steps = arrays.pop("steps").tolist()
    if not set(arrays) <= COLUMNS:
        raise ValueError(f"it has columns {sorted(set(arrays) - COLUMNS)!r:.60}")
    points = [
        Points(**{name: column[at] for name, column in arrays.items()}) for at in range(len(steps))
    ]
    return steps, points


def _record(bins: Binning) -> dict[str, Any]:
    """Writes a binning as the arguments that make it."""
    values = {one.name: getattr(bins, one.name) for one in fields(bins) if one.init}
    plain = {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in values.items()
    }
    return {"kind": type(bins).__name__, **plain}


def _binning(record: Mapping[str, Any]) -> Binning:
    values = {
        name: tuple(value) if isinstance(value, list) else value for name, value in record.items()
    }
    return KINDS[str(values.pop("kind"))](**values)
