"""Makes all runs of a grid, on workers, and what is to be said of all of them together."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .. import attempts, signals, sweeps
from ..execution import device_named
from ..sweeps import axes, correlations
from .run import chosen

__all__ = ["sweep"]

ADVICE = "what was finished before is whole, and the same command goes on with the rest"
# fields of the record that have an option of their own
OPTIONS = {
    "n_recorded": "record",
    "labels": "shuffle_labels",
    **{name: name for name in ("epochs", "copies", "seed", "seeds", "init")},
}


def sweep(arguments: argparse.Namespace) -> int:
    """Sweeps -> 0 where all runs are finished, 1 where some failed.

    Raises:
        ValueError: the request was wrong; nothing was begun.
    """
    if arguments.workers is not None and arguments.scheduler is not None:
        raise ValueError(
            f"--workers is {arguments.workers} and --scheduler '{arguments.scheduler}', which has "
            "workers of its own: leave one of both out"
        )
    run, given = chosen(arguments.name, arguments), axes.split(arguments.axis)
    for name in given:
        asked = getattr(arguments, OPTIONS[name]) if name in OPTIONS else None
        if asked is not None and asked is not False:
            raise ValueError(
                f"{name} is an axis, and given by --{OPTIONS[name].replace('_', '-')} too: leave "
                "one of both out"
            )
    plan, out = sweeps.make(run, given), arguments.out or Path("results") / f"sweep-{run.name}"
    try:
        failed = sweeps.sweep(
            plan,
            out,
            scheduler=arguments.scheduler,
            n_workers=arguments.workers,
            device=arguments.device,
            mnist_path=arguments.mnist,
            progress=True,
        )
    except signals.Stopped as stopped:
        raise signals.Stopped(stopped.code - 128, ADVICE) from None
    found = sweeps.write(plan, out, device_named(arguments.device))
    n_runs = len(plan.runs)
    print("\n".join(correlations.lines(found)))
    n_finished = n_runs - len(failed)
    made = "tables and figure" if n_finished else "empty tables"
    print(f"\n{n_finished} of {n_runs} runs are finished; {made} in {out}{'/'}")
    for name, reason in failed.items():
        print(f"{name} failed: {reason}", file=sys.stderr)
    if failed:
        print(
            f"failed: {len(failed)}; the reasons are in {out / attempts.ATTEMPTS}", file=sys.stderr
        )
    return 1 if failed else 0
