"""Names the places of things in the folder of the runs.

    OUT/attempts/                        a file for every attempt
    OUT/<training id>/manifest.json      what was trained, and the story
                      scores.csv         losses and accuracies
                      snapshots/         from which more can be read, any time later
    OUT/<training id>/<measure id>/      what was read of it by one measure: plane.csv, planes.npz,
                                         plane.png, plane.svg, manifest.json, a CSV of each analysis

What is unfinished lies in `<id>.part`, and is held by who works on it (`<id>.lock`). In formats 0
and 1 the files of the one measure lay beside the snapshots; those of further ones lie in their
folders as in today's.
"""

from __future__ import annotations

import re
from pathlib import Path

from .analyses import ANALYSES
from .measures import MEASURES

__all__ = [
    "FILE_NAMES",
    "MANIFEST",
    "MEASURE_FOLDER",
    "PLANES",
    "SCORES",
    "SNAPSHOTS",
    "UNFINISHED",
    "named",
    "unfinished_of",
]

MANIFEST = "manifest.json"
SNAPSHOTS = "snapshots"
SCORES = "scores.csv"
PLANES = "planes.npz"
UNFINISHED = ".part"
# the files that a run leaves, beside its snapshots
FILE_NAMES = {
    "plane.csv",
    PLANES,
    SCORES,
    "plane.png",
    "plane.svg",
    MANIFEST,
    *(f"{name}.csv" for name in ANALYSES),
}
# the name of the folder that a measure fills
MEASURE_FOLDER = re.compile(rf"({'|'.join(MEASURES)})-[0-9a-f]{{10}}(-[a-z]+[0-9]*)?")


def named(name: str, device: str) -> str:
    """Adds the device's name to an id where that is not the CPU, which rounds in other ways."""
    return name if device == "cpu" else f"{name}-{device.replace(':', '')}"


def unfinished_of(folder: Path) -> Path:
    """Names the folder in which it is kept until it is finished, beside what it becomes."""
    return folder.with_name(folder.name + UNFINISHED)
