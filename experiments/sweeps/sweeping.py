"""A plan -> its folder: every run that is not there yet, on workers, whatever becomes of them.

    OUT/sweep.json                       what is swept (see `record`)
    OUT/<training id>/, OUT/attempts/    what `run` leaves of each (see `layout`)
    OUT/sweep.csv, correlations.csv, sweep.png, sweep.svg

OUT/sweep.lock is there while the sweep goes on: it keeps a second one away, and workers look at it.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter, deque
from concurrent import futures
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from tqdm import tqdm

from fastmi import files

from .. import mnist, resources, saving, signals
from ..execution import check_device, device_named
from ..locks import Busy, held
from ..records import Run
from ..work import folder_of, judge, record_failure
from . import record
from .clusters import connected
from .executors import Workers, given, processes
from .plan import Plan
from .working import Ending, Task, Terms, versions, work

__all__ = ["LOCK", "MOST_DEATHS", "sweep"]

LOCK = "sweep.lock"
MOST_DEATHS = 3  # of its worker, after which a run has failed; before the last it works alone
LOOK_SECONDS = 1.0  # after which what others hold is asked for again
LEAVE_SECONDS = 60.0  # in which workers have to see that the sweep is no more

_log = logging.getLogger("fastmi.experiments")


def sweep(
    plan: Plan,
    out: Path,
    *,
    executor: Executor | None = None,
    scheduler: str | None = None,
    n_workers: int | None = None,
    device: str = "cpu",
    mnist_path: Path | None = None,
    progress: bool = False,
) -> dict[str, str]:
    """Makes all runs of the plan that are not finished in the folder -> those that failed, and why.

    They are made by processes of this machine, unless an executor or a scheduler is given. Every
    folder is what `run` leaves, whoever makes it, and in which order.

    Args:
        plan: of `plan.make`.
        out: a folder that client and workers share, under the same name.
        executor: any executor whose workers can import this package; it stays open.
        scheduler: the address of a Dask cluster's.
        n_workers: processes to begin; None is one for each core.
        device: "cpu" or "cuda".
        mnist_path: where MNIST lies, if a run needs it.
        progress: whether to show a bar of the runs.

    Raises:
        ValueError: it cannot be done there, or by these workers; what was finished before is whole.
        KeyboardInterrupt: it was interrupted; workers have left their runs.
    """
    if executor is not None and scheduler is not None:
        raise ValueError("executor and scheduler are given: pass one of both")
    if n_workers is not None and (executor is not None or scheduler is not None):
        raise ValueError(
            f"n_workers is {n_workers}, and executor or scheduler has its own: leave one of both"
        )
    device = device_named(device)
    if executor is None and scheduler is None:  # else it is a worker that needs to have it
        check_device(device)
    for run in plan.runs:
        resources.check(run, out)
    mnist.choose(mnist_path)
    out = saving.prepare(out).absolute()
    at_work: dict[Future[Ending], Task] = {}
    with _workers(executor, scheduler, n_workers) as workers:
        try:
            with held(out, out / LOCK) as sign:
                terms = Terms(sign, sign.read_bytes(), versions())
                for fault in workers.faults(terms):
                    raise ValueError(fault)
                record.settle(out, plan, terms.versions)
                tasks = [
                    Task(run, out, device, mnist_path, workers.threads, terms)
                    for run in plan.runs
                    if _unfinished(run, device, out)
                ]
                with tqdm(
                    total=len(plan.runs),
                    initial=len(plan.runs) - len(tasks),
                    desc=plan.base.name,
                    unit=" runs",
                    disable=None if progress else True,
                ) as bar:
                    return _Sweep(workers, tasks, at_work, bar).carried_out()
        finally:
            with signals.tidying():  # they see that the sign is gone
                futures.wait(at_work, LEAVE_SECONDS)


def _workers(
    executor: Executor | None, scheduler: str | None, n_workers: int | None
) -> AbstractContextManager[Workers]:
    if executor is not None:
        return nullcontext(given(executor))
    return connected(scheduler) if scheduler is not None else processes(n_workers or _cores())


def _cores() -> int:
    """Counts the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _unfinished(run: Run, device: str, out: Path) -> bool:
    """Tells whether a worker has to look at it; the lock of one that was killed goes with this."""
    try:
        with held(folder_of(run, device, out)):
            return judge(run, device, out, resume=True, force=False)
    except Busy:  # a worker of a client that was killed
        return True


class _Sweep:
    """Tasks that wait, tasks at work, and what became of the others."""

    def __init__(
        self,
        workers: Workers,
        tasks: list[Task],
        at_work: dict[Future[Ending], Task],
        bar: tqdm[Any],
    ) -> None:
        self._workers, self._waiting, self._at_work, self._bar = workers, deque(tasks), at_work, bar
        self._busy = list[Task]()  # others hold them
        self._ended = SimpleQueue[Future[Ending]]()
        self._deaths = Counter[str]()
        self._broken = False
        self._failed: dict[str, str] = {}

    def carried_out(self) -> dict[str, str]:
        """Does all of them -> those that failed, and why."""
        due = time.monotonic()
        while self._waiting or self._at_work or self._busy:
            signals.check()
            if self._broken and not self._at_work:
                self._renew()
            if time.monotonic() >= due:
                self._waiting += self._busy
                self._busy, due = [], time.monotonic() + LOOK_SECONDS
            self._submit()
            try:
                future = self._ended.get(timeout=LOOK_SECONDS)
            except Empty:
                continue
            self._end(self._at_work.pop(future), _ending(future))
        return self._failed

    def _submit(self) -> None:
        """Gives workers what they can take; one that may take its worker down works alone."""
        most = self._workers.at_once
        while self._waiting and not self._broken and (most is None or len(self._at_work) < most):
            task = self._waiting[0]
            if (
                self._deaths
                and self._at_work
                and any(map(self._suspect, (task, *self._at_work.values())))
            ):
                return
            try:
                future = self._workers.executor.submit(work, task)
            except BrokenExecutor:
                self._broken = True
                return
            self._at_work[future] = self._waiting.popleft()
            future.add_done_callback(self._ended.put)

    def _suspect(self, task: Task) -> bool:
        return self._deaths[task.run.id] >= MOST_DEATHS - 1

    def _renew(self) -> None:
        if self._workers.renewed is None:
            raise ValueError(
                "the executor broke, as a worker of it died: what was finished is whole, and the "
                "same sweep goes on with the rest on another executor"
            )
        self._workers, self._broken = self._workers.renewed(), False

    def _end(self, task: Task, ending: Ending | None) -> None:
        """Takes note of what became of a task; None is a worker that died."""
        name = task.run.id
        if ending is None:
            self._broken = True
            self._deaths[name] += 1
            if self._deaths[name] < MOST_DEATHS:
                self._waiting.append(task)
                return
            ending = Ending("lost", f"its worker died {MOST_DEATHS} times, the last time alone")
        if ending.status == "unfit":
            raise ValueError(ending.reason)
        if ending.status == "interrupted":
            self._waiting.append(task)
        elif ending.status == "busy":
            _log.info("waiting: %s", ending.reason)
            self._busy.append(task)
        else:
            self._bar.update()
            if ending.status == "lost":
                record_failure(task.run, task.device, task.out, ending.reason)
            if ending.status != "done":
                self._failed[name] = ending.reason


def _ending(future: Future[Ending]) -> Ending | None:
    """Finds what became of a task; None where its worker died, and took others with it."""
    try:
        return future.result()
    except BrokenExecutor:
        return None
    except CancelledError:
        raise ValueError(
            "the executor dropped a run, as if it were gone: what was finished is whole, and the "
            "same sweep goes on with the rest"
        ) from None
    except KeyboardInterrupt:
        return Ending("interrupted")
    except Exception as error:  # of the executor: those of a run are reasons
        return Ending("lost", files.reason(error))
