"""A folder that `run` left -> its run, manifest and planes. It may come from anybody: nothing in it is taken on trust."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, NotRequired, TypedDict

from experiments import networks
from experiments.attempts import MANIFEST
from experiments.datasets import DATASETS
from experiments.drawing import by_reading
from experiments.records import Run
from experiments.training import LOSSES, OPTIMIZERS
from fastmi import InformationPlane, files, plain
from fastmi.tables import load_planes

__all__ = ["FORMAT", "PLANES", "Finished", "Manifest", "read"]

PLANES = "planes.npz"
FORMAT = 1  # of the manifests that are written; those without a number have 0


class Layer(TypedDict):
    """What `summary.findings` says of a layer; with several seeds each number has its spread beside it."""

    layer: str
    i_xt_start: float
    i_xt_peak: float
    peak_epoch: float
    i_xt_end: float
    i_ty_start: float
    i_ty_end: float
    coverage_end: float
    i_xt_start_sd: NotRequired[float]
    i_xt_peak_sd: NotRequired[float]
    peak_epoch_sd: NotRequired[float]
    i_xt_end_sd: NotRequired[float]
    i_ty_start_sd: NotRequired[float]
    i_ty_end_sd: NotRequired[float]
    coverage_end_sd: NotRequired[float]


class Funnel(TypedDict):
    i_xt: int
    i_ty: int
    pairs: int


class Reading(TypedDict):
    sample: str
    reading: str
    layers: list[Layer]
    funnel: Funnel


class End(TypedDict):
    sample: str
    loss: float
    accuracy: float


class Manifest(TypedDict):
    """All that a reader has to know of a result."""

    id: str
    run: dict[str, Any]
    data: str
    readings: list[Reading]
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
    wall_seconds: NotRequired[float]  # of what was trained
    resumed: NotRequired[bool]
    estimated_from: NotRequired[str]  # of what was read again
    format: NotRequired[int]


class Finished(NamedTuple):
    """A result as it lies in its folder."""

    folder: Path
    run: Run
    manifest: Manifest
    planes: list[InformationPlane]


def read(folder: Path) -> Finished:
    """What `outputs.save` wrote.

    Raises:
        ValueError: the folder is no result, says what no run can have, or was written by a later version.
    """
    try:
        manifest = _manifest(folder / MANIFEST)
        run = Run.of(manifest["run"])
        layers = _layers(run)
        planes = load_planes(folder / PLANES)
        _fitting(run, layers, manifest, planes)
    except files.NewerFormat:
        raise
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"RESULT is '{folder}', which is no folder that `run` left ({files.reason(error)})") from None
    return Finished(folder, run, manifest, planes)


def _manifest(path: Path) -> Manifest:
    found = plain.parse(files.read_text(path))
    if isinstance(found, dict):
        files.check_format(path, found.get("format", 0), FORMAT)
    manifest: Manifest = plain.typed("manifest", found, Manifest)
    if "estimated_from" not in manifest and not {"wall_seconds", "resumed"} <= manifest.keys():
        raise ValueError("manifest has neither 'estimated_from' nor 'wall_seconds' and 'resumed'")
    return manifest


def _layers(run: Run) -> tuple[str, ...]:
    """The names of what is read of its network."""
    for name, known in {"network": networks.NETWORKS, "data": DATASETS, "loss": LOSSES, "optimizer": OPTIMIZERS}.items():
        if getattr(run, name) not in known:
            raise ValueError(f"{name} is {getattr(run, name)!r:.60}: this version knows {', '.join(known)}")
    return tuple(networks.watched(networks.outline(run.network, run.widths)))


def _fitting(run: Run, layers: tuple[str, ...], manifest: Manifest, planes: Sequence[InformationPlane]) -> None:
    """The planes are those of the run, and those of which the manifest speaks."""
    groups = by_reading(planes)
    told = [(reading["sample"], reading["reading"]) for reading in manifest["readings"]]
    if not planes or told != list(groups):
        raise ValueError(f"the planes are of {len(groups)} samples and readings, and the manifest speaks of others")
    for reading in manifest["readings"]:
        if tuple(layer["layer"] for layer in reading["layers"]) != layers:
            raise ValueError(f"the manifest speaks of other layers than {', '.join(layers)}")
    for (sample, name), own in groups.items():
        seeds = [plane.seed for plane in own]
        if len(seeds) != run.seeds or seeds != list(range(run.seed, run.seed + run.seeds)):
            raise ValueError(f"the planes of {sample!r:.60}, {name} are of other seeds than the run")
    for plane in planes:
        paths = run.copies if plane.reading == "each" else 1
        if plane.layers != layers or plane.n_copies != run.copies or plane.i_xt.shape[1] != paths:
            raise ValueError(f"a plane has {plane.n_copies} copies and layers {', '.join(plane.layers):.60}, the run others")
        if not _recorded(run, plane.epochs.tolist()):
            raise ValueError("a plane was recorded at other epochs than the run")


def _recorded(run: Run, epochs: list[int]) -> bool:
    """Whether these are the run's; how many there would be is asked first, for they may be too many to be listed."""
    fits = len(epochs) == run.n_epochs if run.n_recorded is None else len(epochs) <= run.n_epochs
    return fits and epochs == run.recorded
