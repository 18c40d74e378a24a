"""`python -m benchmarks sweeping`: the same short runs with one worker and with several.

The bytes are compared first, then the times. With --kills N one worker of each of N sweeps is
killed (SIGKILL) at a random moment, and what is left has to be the same; with --dask on a local
cluster of Dask's.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.timing import Disagreement
from experiments import sweeps
from experiments.catalog import CATALOG

__all__ = ["left", "main"]

RUN, STEPS = "tishby", 20
TIMES = ("seconds", "wall_seconds", "written")
KILLED = ("resumed",)  # of a run that was killed
Pids = Callable[[], list[int]]


def main(arguments: Sequence[str]) -> int:
    """Prints the ratio of the times -> 0; kills are counted before."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks sweeping", description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="seeds, of 20 steps each")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--kills", type=int, default=0, metavar="N", help="sweeps to kill a worker of"
    )
    parser.add_argument("--dask", action="store_true", help="kill workers of a local Dask cluster")
    options = parser.parse_args(arguments)
    plan = sweeps.make(CATALOG[RUN].varied(epochs=STEPS), {"seed": range(options.runs)})
    with tempfile.TemporaryDirectory() as folder:
        alone, together = Path(folder) / "alone", Path(folder) / "together"
        many = _swept(plan, together, options.workers)
        if options.kills:
            reference = left(together, KILLED)
            for i in range(options.kills):
                with _workers(options.workers, options.dask) as (pids, where):
                    _check_killed(plan, Path(folder) / f"{i}", pids, where, many, reference)
                print(f"a worker was killed in {i + 1} of {options.kills} sweeps: nothing lost")
            return 0
        one = _swept(plan, alone, 1)
        if left(alone) != left(together):
            raise Disagreement(f"one worker and {options.workers} left other bytes")
    print(
        f"{options.runs} runs: the same bytes; one worker {one:.1f} s, {options.workers} workers "
        f"{many:.1f} s: {one / many:.2f} times as fast"
    )
    return 0


def left(out: Path, unlike: Sequence[str] = ()) -> dict[str, Any]:
    """Gives all that lies in the folder of a sweep: path -> bytes, without attempts and times.

    Args:
        out: the folder.
        unlike: further fields of manifests that may differ.
    """
    found: dict[str, Any] = {}
    for path in sorted(out.rglob("*")):
        place = path.relative_to(out).as_posix()
        if not path.is_file() or place.startswith("attempts/"):
            continue
        found[place] = path.read_bytes()
        if path.name == "manifest.json":
            manifest = json.loads(found[place])
            found[place] = {
                name: value for name, value in manifest.items() if name not in (*TIMES, *unlike)
            }
    return found


def _swept(plan: sweeps.Plan, out: Path, n_workers: int) -> float:
    start = time.perf_counter()
    failed = sweeps.sweep(plan, out, n_workers=n_workers, progress=True)
    if failed:
        raise Disagreement(f"{len(failed)} runs failed: {next(iter(failed.values()))}")
    return time.perf_counter() - start


@contextmanager
def _workers(n: int, dask: bool) -> Iterator[tuple[Pids, dict[str, Any]]]:
    """Lends what tells the processes of workers, and what `sweep` takes to use them."""
    if not dask:
        yield (
            lambda: [child.pid for child in multiprocessing.active_children() if child.pid],
            {"n_workers": n},
        )
        return
    from distributed import Client, LocalCluster  # pyright: ignore[reportMissingImports]

    with (
        LocalCluster(n, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield (
            lambda: list(client.run(os.getpid).values()),  # type: ignore[attr-defined]
            {"scheduler": client.scheduler.address},  # type: ignore[union-attr]
        )


def _check_killed(
    plan: sweeps.Plan,
    out: Path,
    pids: Pids,
    where: dict[str, Any],
    seconds: float,
    reference: dict[str, Any],
) -> None:
    """Sweeps while one worker is killed, and compares what is left.

    Raises:
        Disagreement: something is lost, or left that should not be.
    """
    killed = list[int]()

    def kill() -> None:
        time.sleep(random.uniform(0.1, 0.8) * seconds)
        while not (running := pids()):  # the first are not begun yet
            time.sleep(0.01)
        killed.append(random.choice(running))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    failed = sweeps.sweep(plan, out, **where, progress=True)
    killer.join()
    if failed or not killed or left(out, KILLED) != reference:
        raise Disagreement(f"after a kill ({killed}): {len(failed)} runs failed, or files differ")
