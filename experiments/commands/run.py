"""Trains and reads the runs that are asked for, one after the other.

All are judged before any work, each is held while it lasts, and leaves one attempt.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tqdm import tqdm

from fastmi import InformationPlane, files, screens

from .. import attempts, mnist, old_formats, pages, resources, saving, signals
from ..catalog import CATALOG, Run
from ..checkpoints import Checkpoints
from ..drawing import picture
from ..execution import Result, check_device, execute
from ..in_progress import adopt, begin, discard, finished
from ..layout import MEASURE_FOLDER, SNAPSHOTS, named, unfinished_of
from ..locks import LOCK, held
from ..summary import tell
from .estimate import read_again

__all__ = ["folder_of", "run"]


def run(arguments: argparse.Namespace) -> int:
    """Does the runs -> 0 where all succeeded, 1 where one failed; the runs after it go on.

    Raises:
        ValueError: the request was wrong; nothing was begun.
    """
    names = list(CATALOG) if arguments.names == ["all"] else list(dict.fromkeys(arguments.names))
    runs = [_chosen(name, arguments) for name in names]
    check_device(arguments.device)
    if arguments.live_report:
        pages.check_drawable()
    for record in runs:
        resources.check(record, arguments.out)
    mnist.choose(arguments.mnist, arguments.download)
    out = saving.prepare(arguments.out)
    if os.path.lexists(out / attempts.ATTEMPTS):  # what cannot be added to is said now
        saving.prepare(out / attempts.ATTEMPTS)
    folders = [folder_of(record, arguments.device, out) for record in runs]
    with ExitStack() as locks:
        for folder in folders:
            locks.enter_context(held(folder))
            for measured in _being_read(folder) if arguments.force else ():
                locks.enter_context(held(measured))
        # what is unfinished, or would be replaced, is said now as well
        for record, folder in zip(runs, folders, strict=True):
            _judge(record, folder, arguments)
        failed = [record.name for record in runs if not _attempt(record, arguments, out)]
    if failed:
        print(
            f"failed: {', '.join(failed)}; the reasons are in {out / attempts.ATTEMPTS}",
            file=sys.stderr,
        )
    return 1 if failed else 0


def folder_of(record: Run, device: str, out: Path) -> Path:
    """Names the folder of what is trained: its id, and the device where that is not the CPU."""
    return out / named(record.id, str(check_device(device)))


def _chosen(name: str, arguments: argparse.Namespace) -> Run:
    """Gives a run of the catalogue the numbers that were asked for."""
    if name not in CATALOG:
        raise ValueError(
            f"NAME is {name!r}: the runs are {', '.join(CATALOG)} ({arguments.prog} list)"
        )
    changes = {
        key: getattr(arguments, key) for key in ("epochs", "copies", "seed", "seeds", "init")
    }
    changes["n_recorded"] = arguments.record
    changes["labels"] = "shuffled" if arguments.shuffle_labels else None
    record = CATALOG[name].varied(
        **{key: value for key, value in changes.items() if value is not None}
    )
    record.check()
    return record


def _being_read(folder: Path) -> list[Path]:
    """Lists the readings of a finished run at which somebody is, or was, at work.

    They would go with it where it is replaced.
    """
    locked = [
        path.with_name(path.name.removesuffix(LOCK)) for path in sorted(folder.glob(f"*{LOCK}"))
    ]
    return [path for path in locked if MEASURE_FOLDER.fullmatch(path.name)]


def _earlier(record: Run, folder: Path, device: str) -> Path | None:
    """Names the folder in which formats 0 and 1 kept the same run."""
    name = old_formats.id_of(record)
    return None if name is None else folder.with_name(named(name, str(check_device(device))))


def _judge(record: Run, folder: Path, arguments: argparse.Namespace) -> bool:
    """Tells whether there is anything to do; raises ValueError where it may not be begun."""
    before = _earlier(record, folder, arguments.device)
    if before is not None:
        adopt(before, folder, resume=arguments.resume)
        if finished(before) and not finished(folder) and not arguments.force:
            begin(before, resume=arguments.resume, force=False)
            return False
    unfinished = begin(folder, resume=arguments.resume, force=arguments.force)
    return (
        arguments.force
        or unfinished.exists()
        or not finished(folder)
        or bool(_missing(record, folder, arguments.device))
    )


def _missing(record: Run, folder: Path, device: str) -> Run | None:
    """Gives the run those of its measures by which a finished one was not read."""
    reads = tuple(
        measure
        for measure in record.reads
        if not finished(folder / named(measure.id, str(check_device(device))))
    )
    return record.varied(reads=reads) if reads else None


def _attempt(record: Run, arguments: argparse.Namespace, out: Path) -> bool:
    """Does one run and records the attempt -> whether it succeeded.

    A failure is recorded with its reason, and the runs after it go on.
    """
    signals.check()
    folder = folder_of(record, arguments.device, out)
    if not _judge(record, folder, arguments):
        before = _earlier(record, folder, arguments.device)
        there = folder if finished(folder) or before is None else before
        print(f"{record.name} was finished before: {there}{'/'}")
        return True
    start = time.perf_counter()
    row = {
        "run": record.name,
        "id": record.id,
        "data": record.training.data,
        "device": arguments.device,
    }
    screen = screens.Live(out / "live.png") if arguments.live else None
    page = pages.Live(out / "live.html", record) if arguments.live_report else None
    try:
        result = _worked(record, folder, arguments, screen, page)
    except (Exception, KeyboardInterrupt) as error:
        stopped = isinstance(error, KeyboardInterrupt)
        status, reason = ("interrupted", "") if stopped else ("failed", files.reason(error))
        with signals.tidying():
            discard(unfinished_of(folder))
            attempts.record(
                out,
                **row,
                status=status,
                reason=reason,
                seconds=f"{time.perf_counter() - start:.1f}",
            )
        if stopped:
            raise
        print(f"{record.name} failed: {reason}", file=sys.stderr)
        return False
    seconds = time.perf_counter() - start
    attempts.record(out, **row, status="done", seconds=f"{seconds:.1f}", folder=folder.name)
    tell(result, seconds, f"{folder}{'/'}")
    try:
        if screen is not None:
            screen.finish(lambda: picture(*_first(record, result.planes)))
        if page is not None:
            page.finish(result)
    except OSError as error:  # the run is done and written
        print(f"the live plane could not be drawn: {error}", file=sys.stderr)
    return True


def _worked(
    record: Run,
    folder: Path,
    arguments: argparse.Namespace,
    screen: screens.Live | None,
    page: pages.Live | None,
) -> Result:
    """Trains, or goes on with it, and reads; or only reads, where all but that was done before."""
    unfinished = begin(folder, resume=arguments.resume, force=arguments.force)
    resumed, start = unfinished.exists(), time.perf_counter()
    missing = (
        None
        if resumed or arguments.force or not finished(folder)
        else _missing(record, folder, arguments.device)
    )
    if missing is not None:
        return read_again(missing, folder, arguments.device, force=False)

    def on_epoch(epoch: int) -> None:
        signals.check()
        bar.update(epoch - bar.n)

    def on_planes(planes: Callable[[], list[InformationPlane]], done: float) -> None:
        signals.check()
        if screen is not None:
            screen.redraw(lambda: picture(*_first(record, planes())), done)
        if page is not None:
            page.redraw(planes, done)

    with tqdm(
        total=record.training.epochs,
        desc=record.name,
        unit=f" {record.training.unit}",
        disable=None,
    ) as bar:
        result = execute(
            record,
            arguments.device,
            on_epoch=on_epoch,
            on_planes=on_planes,
            checkpoints=Checkpoints(unfinished / SNAPSHOTS),
        )
        signals.check()  # before it takes its name
    saving.save(
        result, unfinished, folder, wall_seconds=time.perf_counter() - start, resumed=resumed
    )
    return result


def _first(record: Run, planes: list[InformationPlane]) -> tuple[Run, list[InformationPlane]]:
    """Gives the run and the planes of its first measure, which are drawn while it lasts."""
    return record, planes[: len(planes) // len(record.reads)]
