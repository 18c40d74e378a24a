"""Reads a finished run again, by other bins or measures, from its snapshots: nothing is trained."""

from __future__ import annotations

import argparse
import math
import re
import shutil
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from fastmi import files

from .. import attempts, mnist, resources, saving, signals
from ..execution import Result, check_device
from ..in_progress import begin, finished, take_name
from ..layout import named
from ..locks import held
from ..measures import MEASURES, MOST_EDGES, Counted, Measure, PerUnit
from ..records import Run
from ..rereading import Explained, read_again
from ..results import Finished, read
from ..summary import tell

__all__ = ["estimate"]


def estimate(arguments: argparse.Namespace) -> int:
    """Reads by the edges that are asked for, and says what was found -> 0.

    Raises:
        ValueError: the request was wrong, or the snapshots are not those of the run.
    """
    source, start = read(arguments.folder), time.perf_counter()
    run = _asked(source, arguments)
    resources.check(run, arguments.out or source.trained)
    mnist.choose(arguments.mnist)
    device = str(check_device(arguments.device))
    trained = source.trained
    if arguments.out is not None:
        trained = saving.prepare(arguments.out) / named(run.id, _device(source))
    elsewhere = not finished(trained)
    folders = [trained / named(measure.id, device) for measure in run.reads]
    with ExitStack() as locks:
        for folder in [trained] if elsewhere else folders:
            locks.enter_context(held(folder))
        if elsewhere:
            result = _copied(source, run, trained, device)
        else:
            result = read_again(
                run,
                saving.prepare(trained),
                device,
                force=arguments.force,
                explained=_unreadable(source),
            )
        seconds = time.perf_counter() - start
        for by_measure, folder in zip(result.apart(), folders, strict=True):
            row = {
                "run": run.name,
                "id": by_measure.run.ids[0],
                "data": run.training.data,
                "device": arguments.device,
            }
            row |= {
                "status": "estimated",
                "seconds": f"{seconds:.1f}",
                "folder": f"{trained.name}/{folder.name}",
            }
            attempts.record(trained.absolute().parent, **row)
    tell(result, seconds, ", ".join(f"{folder}{'/'}" for folder in folders))
    return 0


def _asked(source: Finished, arguments: argparse.Namespace) -> Run:
    """Gives the run the measures that are asked for."""
    (before,) = source.run.reads
    binned = before if isinstance(before, Counted) else Counted()
    if arguments.out_of_range:
        binned = replace(binned, out_of_range=arguments.out_of_range)
    bins = [replace(binned, edges=_edges(*edges)) for edges in arguments.edges or ()]
    named = arguments.measure or ["counted"]
    if named == ["counted"] and not bins:
        raise ValueError(
            "nothing says how it is to be read: pass --edges LOW HIGH N, or --measure of "
            f"{', '.join(MEASURES)}"
        )
    reads = tuple(
        dict.fromkeys(one for name in named for one in _by_measure(name, bins or [binned]))
    )
    run = replace(source.run, reads=reads)
    run.check()
    if source.folder == source.trained and before in reads and arguments.out is None:
        raise ValueError(
            f"'{source.folder}' was trained and read with these edges: pass other --edges, or "
            "another --measure or --out"
        )
    return run


def _by_measure(name: str, bins: list[Counted]) -> list[Measure]:
    """Makes a measure of that name, of each of the bins where it has some."""
    kind = MEASURES[name]
    if not issubclass(kind, PerUnit | Counted):
        return [kind()]
    return [kind(one.edges, one.out_of_range) for one in bins]


def _edges(low: str, high: str, n: str) -> tuple[float, float, int]:
    try:
        edges = float(low), float(high), int(n)
    except ValueError:
        edges = (0.0, 0.0, 0)
    if not (
        edges[0] < edges[1] and 2 <= edges[2] <= MOST_EDGES and math.isfinite(edges[1] - edges[0])
    ):
        given = " ".join(text if len(text) <= 40 else f"{text[:37]}..." for text in (low, high, n))
        raise ValueError(
            f"--edges is {given}: pass LOW below HIGH, and N, a whole number from 2 to "
            f"{MOST_EDGES:,}"
        )
    return edges


def _copied(source: Finished, run: Run, trained: Path, device: str) -> Result:
    """Lays what was trained into another OUT too, and its readings beside it.

    Snapshots are linked where the file system can.
    """
    unfinished = begin(trained, resume=False, force=False)
    try:
        try:
            saving.copy_training(source.trained, unfinished)
        except (OSError, ValueError) as error:
            raise _unreadable(source)(error) from error
        result = read_again(run, unfinished, device, force=False, explained=_unreadable(source))
        take_name(unfinished, trained)
    finally:
        with signals.tidying():
            shutil.rmtree(unfinished, ignore_errors=True)
    return result


def _unreadable(source: Finished) -> Explained:
    return lambda error: ValueError(
        f"RESULT is '{source.folder}', which cannot be read again ({files.reason(error)})"
    )


def _device(source: Finished) -> str:
    """Names the device on which it was trained, if its manifest says one in so many letters.

    It becomes part of a folder's name.
    """
    return (
        source.manifest["device"]
        if re.fullmatch(r"cuda(:[0-9]{1,3})?", source.manifest["device"])
        else "cpu"
    )
