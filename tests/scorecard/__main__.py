"""python -m tests.scorecard [--only GROUP] [--long] [--list] [--seed N].

It prints the table, and every case that is not right.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections import Counter
from collections.abc import Sequence

from . import places
from .completeness import gaps
from .isolation import judged
from .judge import GOOD, Case, Outcome, Verdict

GROUPS = {  # name -> module
    "labels": "labels",
    "activations": "activations",
    "binning": "binnings",
    "stream": "streams",
    "shards": "shards",
    "measure": "measures",
    "plane": "planes",
    "ensemble": "ensembles",
    "table": "tables",
    "report": "reports",
    "columns": "columns",
    "figure": "figures",
    "page": "pages",
    "stopping": "stopping",
    "watching": "watching",
    "settings": "settings",
    "compat": "compat",
    "containers": "containers",
    "command line": "command_line",
    "files": "files",
    "extremes": "extremes",
    "kills": "kills",
    "concurrency": "concurrency",
    "order": "order",
    "fuzz": "fuzz",
}
ON_RUNS = {"command line", "files", "kills", "concurrency", "fuzz"}  # they need finished ones
SHARE_POOR = 0.05  # of all cases, at most


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the cases and prints the table; 1 where something fails, else 0.

    Nothing may be wrong, silent or crashed, nothing public untried, and few refusals poor.
    """
    arguments = _parser().parse_args(argv)
    chosen = {
        group: cases_of(group, arguments.seed, arguments.long) for group in arguments.only or GROUPS
    }
    if arguments.list:
        for group, cases in chosen.items():
            for case in cases:
                print(f"{group:12}  {case.name}  ->  {case.expected!r:.150}")
        return 0
    warm()
    start = time.perf_counter()
    try:
        if ON_RUNS & chosen.keys():
            places.prepare()
        verdicts = {group: _judged(group, cases, arguments.jobs) for group, cases in chosen.items()}
    finally:
        places.remove_kept()
    everything = not arguments.only
    untried = gaps(case for cases in chosen.values() for case in cases) if everything else []
    print("\n".join(table(verdicts, time.perf_counter() - start)))
    print("\n".join(complaints(verdicts)))
    if everything:
        print(
            f"\npublic parameters, options and kinds of files without a bad input: {len(untried)}"
        )
        print("\n".join(f"  {place}" for place in untried))
    return 1 if untried or fails(verdicts) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.scorecard", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        choices=list(GROUPS),
        metavar="GROUP",
        help=f"one of {', '.join(GROUPS)}",
    )
    parser.add_argument(
        "--long",
        action="store_true",
        help="100,000 mutations of each kind of file, more rounds of the rest",
    )
    parser.add_argument(
        "--list", action="store_true", help="the cases and their expected answers; nothing is run"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (default 0)")
    parser.add_argument("--jobs", type=int, default=2, help="cases at a time (default 2)")
    return parser


def cases_of(group: str, seed: int, long: bool) -> list[Case]:
    return importlib.import_module(f".{GROUPS[group]}", __package__).cases(seed, long)


def warm() -> None:
    """Loads and compiles, in one thread, what every case would load and compile anew.

    The cases are forks of this process.
    """
    import numpy as np
    import torch

    import fastmi

    torch.set_num_threads(1)
    for name in (
        "experiments.__main__",
        "fastmi.figures",
        "fastmi.compat.sklearn",
        "sklearn.metrics",
        "sklearn.feature_selection",
    ):
        importlib.import_module(name)
    rng = np.random.default_rng(0)
    for n in (50, 300_000):
        labels = rng.integers(0, 2**60, n)
        fastmi.conditional_mutual_information(labels, labels % 7, labels % 5)
        for units, edges in ((3, np.linspace(-1, 1, 30)), (40, np.sort(rng.uniform(-1, 1, 9)))):
            t = rng.normal(size=(n if units == 3 else 50, units)).astype(np.float32)
            y = labels[: len(t)] % 9
            fastmi.PlaneEstimator(t, y, fastmi.Edges(edges), sample="population").estimate(t)
    ensemble = fastmi.Ensemble(torch.nn.Linear(1, 1), 2)  # a first optimiser loads much of torch
    ensemble.step(torch.ones(2, 1, 1), torch.ones(2, 1, 1))
    ensemble.activations(torch.ones(1, 1))


def _judged(group: str, cases: Sequence[Case], jobs: int) -> list[tuple[Case, Verdict]]:
    order = {id(case): i for i, case in enumerate(cases)}
    verdicts = list(judged(cases, jobs))
    bad = sum(verdict.outcome not in GOOD for _, verdict in verdicts)
    said = f"{group}: {len(verdicts)} cases, {bad} not as they should be"
    print(said, file=sys.stderr, flush=True)
    return sorted(verdicts, key=lambda pair: order[id(pair[0])])


Verdicts = dict[str, list[tuple[Case, Verdict]]]


def table(verdicts: Verdicts, seconds: float) -> list[str]:
    """Writes a row for each group, their total, and the time."""
    head = (
        f"{'group':14}{'cases':>7}"
        + "".join(f"{outcome:>17}" for outcome in Outcome)
        + f"{'seconds':>9}"
    )
    rows, total, spent = [head], Counter(), 0.0
    for group, results in verdicts.items():
        counts = Counter(verdict.outcome for _, verdict in results)
        total, took = total + counts, sum(verdict.seconds for _, verdict in results)
        spent += took
        rows.append(_row(group, counts, took))
    return [*rows, _row("total", total, spent), f"{seconds:.0f} s by the clock"]


def _row(name: str, counts: Counter[Outcome], seconds: float) -> str:
    return (
        f"{name:14}{counts.total():7}"
        + "".join(f"{counts[outcome]:17}" for outcome in Outcome)
        + f"{seconds:9.1f}"
    )


def complaints(verdicts: Verdicts) -> list[str]:
    """Lists every case that is not as it should be, with what came out.

    And what was skipped, with the reason.
    """
    lines = []
    for group, results in verdicts.items():
        for case, verdict in results:
            if verdict.outcome not in GOOD or verdict.outcome is Outcome.SKIPPED:
                lines += [
                    f"\n{verdict.outcome}: {group}: {case.name}",
                    f"  expected {case.expected!r:.200}",
                    f"  came     {verdict.came}",
                ]
    return lines


def fails(verdicts: Verdicts) -> bool:
    outcomes = Counter(verdict.outcome for results in verdicts.values() for _, verdict in results)
    grave = outcomes[Outcome.WRONG] + outcomes[Outcome.SILENT] + outcomes[Outcome.CRASHED]
    return bool(grave or outcomes[Outcome.POOR] > SHARE_POOR * outcomes.total())


if __name__ == "__main__":
    sys.exit(main())
