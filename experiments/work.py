"""A run -> its folder: trained, or gone on with, read and written, and one attempt recorded.

Whoever calls it holds the folder (see `locks`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from fastmi import InformationPlane, files

from . import attempts, old_formats, saving, signals
from .checkpoints import Checkpoints
from .execution import Result, device_named, execute
from .in_progress import adopt, begin, discard, finished
from .layout import SNAPSHOTS, named, unfinished_of
from .records import Run
from .rereading import read_again

__all__ = ["Attempted", "attempt", "earlier_of", "folder_of", "judge", "record_failure"]

OnPlanes = Callable[[Callable[[], list[InformationPlane]], float], object]


class Attempted(NamedTuple):
    """What became of a run: its result, or None and the reason why it failed."""

    result: Result | None
    reason: str
    seconds: float


def folder_of(record: Run, device: str, out: Path) -> Path:
    """Names the folder of what is trained: its id, and the device where that is not the CPU."""
    return out / named(record.id, device_named(device))


def earlier_of(record: Run, device: str, out: Path) -> Path | None:
    """Names the folder in which formats 0 and 1 kept the same run."""
    name = old_formats.id_of(record)
    return None if name is None else out / named(name, device_named(device))


def judge(record: Run, device: str, out: Path, *, resume: bool, force: bool) -> bool:
    """Tells whether there is anything to do.

    Raises:
        ValueError: it may not be begun, for what lies there.
    """
    folder, before = folder_of(record, device, out), earlier_of(record, device, out)
    if before is not None:
        adopt(before, folder, resume=resume)
        if finished(before) and not finished(folder) and not force:
            begin(before, resume=resume, force=False)
            return False
    unfinished = begin(folder, resume=resume, force=force)
    return (
        force
        or unfinished.exists()
        or not finished(folder)
        or _missing(record, folder, device) is not None
    )


def attempt(
    record: Run,
    device: str,
    out: Path,
    *,
    resume: bool,
    force: bool,
    check: Callable[[], object] = signals.check,
    on_planes: OnPlanes = lambda planes, done: None,
    progress: bool = False,
) -> Attempted:
    """Does the run, and records how it ended; a failure is no exception, but has its reason.

    Args:
        check: called amid the work, which ends by what it raises.
        on_planes: as of `execute`.
        progress: whether to show a bar of its epochs.

    Raises:
        KeyboardInterrupt: it was interrupted, which is recorded too.
    """
    folder, start = folder_of(record, device, out), time.perf_counter()
    try:
        try:
            result = _worked(record, folder, device, resume, force, check, on_planes, progress)
        except Exception:  # it may be what a library made of a signal, as matplotlib's C++ does
            signals.check()
            raise
    except (Exception, KeyboardInterrupt) as error:
        stopped = isinstance(error, KeyboardInterrupt)
        reason, seconds = "" if stopped else files.reason(error), time.perf_counter() - start
        with signals.tidying():
            discard(unfinished_of(folder))
            _record(record, device, out, "interrupted" if stopped else "failed", seconds, reason)
        if stopped:
            raise
        return Attempted(None, reason, seconds)
    seconds = time.perf_counter() - start
    _record(record, device, out, "done", seconds, folder=folder.name)
    return Attempted(result, "", seconds)


def record_failure(record: Run, device: str, out: Path, reason: str) -> None:
    """Records an attempt that failed before it was one, or whose process is gone."""
    _record(record, device, out, "failed", 0.0, reason)


def _record(
    record: Run,
    device: str,
    out: Path,
    status: str,
    seconds: float,
    reason: str = "",
    **columns: str,
) -> None:
    attempts.record(
        out,
        run=record.name,
        id=record.id,
        data=record.training.data,
        device=device,
        status=status,
        seconds=f"{seconds:.1f}",
        **{"reason": reason} if status != "done" else {},
        **columns,
    )


def _missing(record: Run, folder: Path, device: str) -> Run | None:
    """Gives the run those of its measures by which a finished one was not read."""
    reads = tuple(
        measure
        for measure in record.reads
        if not finished(folder / named(measure.id, device_named(device)))
    )
    return record.varied(reads=reads) if reads else None


def _worked(
    record: Run,
    folder: Path,
    device: str,
    resume: bool,
    force: bool,
    check: Callable[[], object],
    on_planes: OnPlanes,
    progress: bool,
) -> Result:
    """Trains, or goes on with it, and reads; or only reads, where all but that was done before."""
    unfinished = begin(folder, resume=resume, force=force)
    resumed, start = unfinished.exists(), time.perf_counter()
    missing = None if resumed or force or not finished(folder) else _missing(record, folder, device)
    if missing is not None:
        return read_again(missing, folder, device, force=False, check=check)

    def on_epoch(epoch: int) -> None:
        check()
        bar.update(epoch - bar.n)

    def checked(planes: Callable[[], list[InformationPlane]], done: float) -> None:
        check()
        on_planes(planes, done)

    with tqdm(
        total=record.training.epochs,
        desc=record.name,
        unit=f" {record.training.unit}",
        disable=None if progress else True,
    ) as bar:
        result = execute(
            record,
            device,
            on_epoch=on_epoch,
            on_planes=checked,
            checkpoints=Checkpoints(unfinished / SNAPSHOTS),
        )
        check()  # before it takes its name
    saving.save(
        result, unfinished, folder, wall_seconds=time.perf_counter() - start, resumed=resumed
    )
    return result
