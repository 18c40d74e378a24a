"""What was trained -> further readings of it, from its snapshots: nothing is trained."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from . import mnist, saving, signals
from .checkpoints import Checkpoints
from .execution import Result, device_named, execute
from .in_progress import begin
from .layout import SNAPSHOTS, named
from .records import Run

__all__ = ["Explained", "read_again", "without_links"]

Explained = Callable[[Exception], Exception]


def read_again(
    run: Run,
    trained: Path,
    device: str,
    *,
    force: bool,
    explained: Explained = lambda error: error,
    check: Callable[[], object] = signals.check,
) -> Result:
    """Reads the snapshots by all measures of the run, each into its folder among what was trained.

    Args:
        trained: the folder of what was trained.
        explained: what to raise where the snapshots cannot be read, which anybody may have written.
        check: called amid the work, which ends by what it raises.

    Raises:
        ValueError: one is there before and is not to be replaced, or the snapshots are not those of
            the run.
    """
    folders = [trained / named(measure.id, device_named(device)) for measure in run.reads]
    places = [begin(folder, resume=False, force=force) for folder in folders]
    try:
        try:
            kept = Checkpoints(without_links(trained / SNAPSHOTS), read_only=True)
            result = execute(
                run,
                device,
                on_planes=lambda planes, done: check(),
                checkpoints=kept,
                train=False,
            )
        except mnist.NoMnist:
            raise
        except Exception as error:
            raise explained(error) from error
        for by_measure, unfinished, folder in zip(result.apart(), places, folders, strict=True):
            saving.save_readings(by_measure, unfinished, folder)
    finally:
        with signals.tidying():
            for unfinished in places:
                shutil.rmtree(unfinished, ignore_errors=True)  # what it was read from is whole
    return result


def without_links(snapshots: Path) -> Path:
    """Gives the folder of snapshots; raises ValueError where one is no file, or a link to one."""
    for path in snapshots.glob("*.npz"):
        if path.is_symlink() or not path.is_file():
            raise ValueError(f"'{path}' is no file, or a link to one")
    return snapshots
