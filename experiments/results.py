"""Reads a folder that `run` left -> its run, manifest and planes.

It may come from anybody: nothing in it is taken on trust.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from fastmi import InformationPlane, files, from_json
from fastmi.tables import load_planes

from . import analyses, manifests, measures, networks, old_formats, scores
from .drawing import by_reading
from .execution import Result
from .layout import MANIFEST, PLANES, SCORES, UNFINISHED
from .manifests import Manifest
from .records import Run, Training
from .training import check_known

__all__ = ["Finished", "folders", "read", "read_all"]


class Finished(NamedTuple):
    """What was read by one measure, as it lies in its folder.

    `trained` is the folder of what was trained.
    """

    folder: Path
    trained: Path
    run: Run
    manifest: Manifest
    planes: list[InformationPlane]

    def result(self) -> Result:
        """Makes the result that `execute` gave, but for the losses of single steps.

        Raises:
            ValueError: its scores are not what `run` wrote.
        """
        manifest, of_outputs = self.manifest, scores.read(self.trained / SCORES, self.run.training)
        return Result(
            self.run,
            manifest["device"],
            self.planes,
            of_outputs,
            [manifest["loss_end"]],
            manifest["seconds"],
            manifest["remark"],
            manifest.get("repeats", ""),
        )


def read(folder: Path) -> Finished:
    """Reads what `saving` wrote, in this version or an earlier one.

    Args:
        folder: of what one measure read, or of what was trained: then of the run's own measure, the
            first if it has several.

    Raises:
        ValueError: the folder is no result, says what no run can have, or was written by a later
            version.
    """
    try:
        place, trained, trained_format, content = _placed(folder)
        manifest = manifests.typed(content)
        run = _run(trained_format, manifest)
        for name in run.analyses:
            analyses.load(name)
        layers = _layers(run.training)
        planes = load_planes(place / PLANES)
        _fitting(run, layers, manifest, planes)
    except files.NewerFormat:
        raise
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(
            f"RESULT is '{folder}', which is no folder that `run` left ({files.reason(error)})"
        ) from None
    return Finished(place, trained, run, manifest, planes)


def read_all(folder: Path) -> list[Finished]:
    """Reads all that lies in a folder: by every measure of what was trained, or by the one.

    Raises:
        ValueError: as `read`.
    """
    inside = _inside(folder) if _trained_only(folder / MANIFEST) else []
    return [read(path) for path in inside or [folder]]


def folders(out: Path) -> list[Path]:
    """Lists all folders in OUT that look like a finished result, in the order of names.

    `read` says whether one is a result.
    """
    candidates = [
        path for path in sorted(out.glob(f"*/{MANIFEST}")) if path.parent.suffix != UNFINISHED
    ]
    listed = list[Path]()
    for path in candidates:
        inside = _inside(path.parent)
        listed += [*(() if _trained_only(path) and inside else (path.parent,)), *inside]
    return listed


def _trained_only(path: Path) -> bool:
    """Tells whether it is the manifest of what was trained, and speaks of no reading."""
    try:
        return "readings" not in manifests.parse(path)
    except (OSError, ValueError):
        return False


def _inside(trained: Path) -> list[Path]:
    """Lists the folders of what measures read, in the folder of what was trained."""
    return [
        path.parent
        for path in sorted(trained.glob(f"*/{MANIFEST}"))
        if path.parent.suffix != UNFINISHED
    ]


def _placed(folder: Path) -> tuple[Path, Path, int, dict[str, Any]]:
    """Finds both folders, the format of what was trained, and what their manifests say as one.

    The first folder is that of what was read, the second that of what was trained.
    """
    content = manifests.parse(folder / MANIFEST)
    if "reading" in content:
        trained = folder.resolve().parent
        of_training = manifests.parse(trained / MANIFEST)
        trained_seconds, read_seconds = (
            from_json.typed("manifest.seconds", manifest.get("seconds"), dict[str, float])
            for manifest in (of_training, content)
        )
        merged = of_training | content | {"seconds": trained_seconds | read_seconds}
        return folder, trained, of_training.get("format", 0), merged
    if content.get("format", 0) < 2:
        return folder, folder, content.get("format", 0), content
    inside = _inside(folder)
    run = Run.from_fields(from_json.typed("manifest.run", content.get("run"), dict[str, Any]))
    first = run.reads[0].id
    matching = [
        path for path in inside if path.name == first or path.name.startswith(f"{first}-")
    ] or inside
    if len(matching) != 1:
        held = ", ".join(f"'{path.name}'" for path in matching[:10])
        raise ValueError(
            f"it holds {len(matching)} readings: pass one of {held}"
            if matching
            else "no reading lies in it"
        )
    return _placed(matching[0])


def _run(trained_format: int, manifest: Manifest) -> Run:
    """Makes the run, with the one measure of which the manifest speaks."""
    run = (old_formats.run_of if trained_format < 2 else Run.from_fields)(manifest["run"])
    if "reading" in manifest:
        run = replace(run, reads=(measures.from_fields("manifest.reading", manifest["reading"]),))
        run.check()
    return run


def _layers(training: Training) -> tuple[str, ...]:
    """Names what is read of its network."""
    check_known(training)
    return tuple(networks.watched(networks.outline(training.network, training.widths)))


def _fitting(
    run: Run,
    layers: tuple[str, ...],
    manifest: Manifest,
    planes: Sequence[InformationPlane],
) -> None:
    """Holds the planes to the run, and to what the manifest says of them."""
    training, groups = run.training, by_reading(planes)
    stated = [(reading["sample"], reading["reading"]) for reading in manifest["readings"]]
    if not planes or stated != list(groups):
        raise ValueError(
            f"the planes are of {len(groups)} samples and readings, and the manifest speaks of "
            "others"
        )
    for reading in manifest["readings"]:
        if tuple(layer["layer"] for layer in reading["layers"]) != layers:
            raise ValueError(f"the manifest speaks of other layers than {', '.join(layers)}")
    for (sample, name), of_group in groups.items():
        seeds = [plane.seed for plane in of_group]
        if len(seeds) != training.seeds or seeds != list(
            range(training.seed, training.seed + training.seeds)
        ):
            raise ValueError(
                f"the planes of {sample!r:.60}, {name} are of other seeds than the run"
            )
    for plane in planes:
        paths = training.copies if plane.reading == "each" else 1
        if (
            plane.layers != layers
            or plane.n_copies != training.copies
            or plane.i_xt.shape[1] != paths
        ):
            raise ValueError(
                f"a plane has {plane.n_copies} copies and layers {', '.join(plane.layers):.60}, the"
                " run others"
            )
        if run.reads[0].counts and (plane.n_symbols is None or plane.coverage is None):
            raise ValueError("a plane lacks the symbols or the coverage that counting gives")
        if not _recorded(training, plane.epochs.tolist()):
            raise ValueError("a plane was recorded at other epochs than the run")


def _recorded(training: Training, epochs: list[int]) -> bool:
    """Tells whether these are the run's epochs.

    How many there would be is asked first, for they may be too many to be listed.
    """
    fits = (
        len(epochs) == training.n_epochs
        if training.n_recorded is None
        else len(epochs) <= training.n_epochs
    )
    return fits and epochs == training.recorded
