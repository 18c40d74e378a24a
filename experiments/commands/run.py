"""Trains and reads the runs that are asked for, one after the other.

All are judged before any work, each is held while it lasts, and leaves one attempt.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from fastmi import InformationPlane, screens

from .. import attempts, mnist, pages, resources, saving, signals
from ..catalog import CATALOG, Run
from ..drawing import picture
from ..execution import check_device
from ..in_progress import finished
from ..layout import MEASURE_FOLDER
from ..locks import LOCK, held
from ..summary import tell
from ..work import attempt, earlier_of, folder_of, judge

__all__ = ["chosen", "run"]


def run(arguments: argparse.Namespace) -> int:
    """Does the runs -> 0 where all succeeded, 1 where one failed; the runs after it go on.

    Raises:
        ValueError: the request was wrong; nothing was begun.
    """
    names = list(CATALOG) if arguments.names == ["all"] else list(dict.fromkeys(arguments.names))
    runs = [chosen(name, arguments) for name in names]
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
        for record in runs:
            judge(record, arguments.device, out, resume=arguments.resume, force=arguments.force)
        failed = [record.name for record in runs if not _attempt(record, arguments, out)]
    if failed:
        print(
            f"failed: {', '.join(failed)}; the reasons are in {out / attempts.ATTEMPTS}",
            file=sys.stderr,
        )
    return 1 if failed else 0


def chosen(name: str, arguments: argparse.Namespace) -> Run:
    """Gives a run of the catalogue the numbers that were asked for."""
    if name not in CATALOG:
        near = difflib.get_close_matches(name, CATALOG, n=1)
        raise ValueError(
            f"NAME is {name!r}: "
            + (f"did you mean {near[0]}? " if near else "")
            + f"the runs are {', '.join(CATALOG)} ({arguments.prog} list)"
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


def _attempt(record: Run, arguments: argparse.Namespace, out: Path) -> bool:
    """Does one run and says what was found -> whether it succeeded.

    A failure is recorded with its reason, and the runs after it go on.
    """
    signals.check()
    device, how = arguments.device, {"resume": arguments.resume, "force": arguments.force}
    folder = folder_of(record, device, out)
    if not judge(record, device, out, **how):
        before = earlier_of(record, device, out)
        there = folder if finished(folder) or before is None else before
        print(f"{record.name} was finished before: {there}{'/'}")
        return True
    screen = screens.Live(out / "live.png") if arguments.live else None
    page = pages.Live(out / "live.html", record) if arguments.live_report else None

    def on_planes(planes: Callable[[], list[InformationPlane]], done: float) -> None:
        if screen is not None:
            screen.redraw(lambda: picture(*_first(record, planes())), done)
        if page is not None:
            page.redraw(planes, done)

    result, reason, seconds = attempt(
        record, device, out, **how, on_planes=on_planes, progress=True
    )
    if result is None:
        print(f"{record.name} failed: {reason}", file=sys.stderr)
        return False
    tell(result, seconds, f"{folder}{'/'}")
    try:
        if screen is not None:
            screen.finish(lambda: picture(*_first(record, result.planes)))
        if page is not None:
            page.finish(result)
    except OSError as error:  # the run is done and written
        print(f"the live plane could not be drawn: {error}", file=sys.stderr)
    return True


def _first(record: Run, planes: list[InformationPlane]) -> tuple[Run, list[InformationPlane]]:
    """Gives the run and the planes of its first measure, which are drawn while it lasts."""
    return record, planes[: len(planes) // len(record.reads)]
