"""Finished results -> a figure of several, the page of an analysis, the page of the reproduction:
what the commands do.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from experiments import analyses, outputs, reproduction, sizes
from experiments.catalog import CATALOG, Run
from experiments.drawing import overlaid, side_by_side
from experiments.records import MOST
from experiments.results import read
from experiments.runner import Result, check_device, execute
from fastmi import figures

__all__ = ["analyse", "draw", "reproduce"]


def draw(arguments: argparse.Namespace) -> int:
    """The planes of finished runs in one figure, side by side or overlaid.

    Raises:
        ValueError: a folder that is no result, is given twice, or lacks what was chosen; an ending
            that is no figure's.
    """
    out: Path = arguments.out
    if out.suffix not in (".png", ".svg", ".pdf"):
        raise ValueError(f"out is '{out}': a figure's name ends in .png, .svg or .pdf")
    outputs.check_file("out", out)
    runs = [(finished.run, finished.planes) for finished in map(read, arguments.folders)]
    drawn = overlaid if arguments.overlay else side_by_side
    figures.save(drawn(runs, arguments.reading, arguments.layers, arguments.color), out)
    print(f"drawn: {out}")
    return 0


def analyse(arguments: argparse.Namespace) -> int:
    """The page of an analysis: of finished results, or of its own run, trained for so many seeds,
    one after the other.

    Raises:
        ValueError: the request was wrong, or a result has not what the analysis is made of.
    """
    analysis, entry = analyses.load(arguments.analysis), analyses.ANALYSES[arguments.analysis]
    check_device(arguments.device)
    outputs.check_file("out", arguments.out)
    if arguments.folders:
        results = [finished.result() for finished in map(read, arguments.folders)]
        command = (
            f"python -m experiments {arguments.analysis} {' '.join(map(str, arguments.folders))}"
        )
        run = _one(results)
        rows = [row for result in results for row in analysis.rows(result)]
    else:
        run = CATALOG[entry.run].varied(epochs=arguments.epochs)
        command = (
            f"python -m experiments {arguments.analysis} --seeds {arguments.seeds} --epochs "
            f"{arguments.epochs}"
        )
        if arguments.seeds > MOST["compression"]:
            raise ValueError(
                f"seeds is {arguments.seeds}: at most {MOST['compression']:,} are trained one after"
                " the other"
            )
        sizes.check(run, arguments.out.parent)
        seeds = tqdm(range(arguments.seeds), desc="seeds", disable=None)
        rows = [
            row
            for seed in seeds
            for row in analysis.rows(execute(run.varied(seed=seed), arguments.device))
        ]
    outputs.write_text(arguments.out, analysis.page(run, rows, command))
    print(f"written: {arguments.out}")
    return 0


def _one(results: Sequence[Result]) -> Run:
    """The run of which all are, but for the seed: only such rows stand in one table."""
    first = results[0].run
    for result in results[1:]:
        if result.run.varied(seed=first.training.seed, seeds=first.training.seeds) != first:
            raise ValueError(
                f"RESULT is {result.run.ids[0]}, which differs from {first.ids[0]} in more than its"
                " seeds: write a page of each"
            )
    seeds = [
        seed for result in results for seed in (alone.seed for alone in result.run.training.alone)
    ]
    twice = next((seed for seed in seeds if seeds.count(seed) > 1), None)
    if twice is not None:
        raise ValueError(f"RESULT holds seed {twice} more than once: pass each result once")
    return first


def reproduce(arguments: argparse.Namespace) -> int:
    """What was published beside what finished runs found.

    Raises:
        ValueError: as `reproduction.write`.
    """
    missing = reproduction.write(
        arguments.results, arguments.out, arguments.times, "python -m experiments reproduction"
    )
    print(f"written: {arguments.out}" + (f"; not run: {', '.join(missing)}" if missing else ""))
    return 0
