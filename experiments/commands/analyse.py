"""Writes the page of an analysis: of finished results, or of its own run, trained for the page.

The figure of the page, where the analysis has one, is a PNG of its name beside it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from fastmi import InformationPlane, figures
from fastmi.files import is_stream

from .. import analyses, resources, saving
from ..catalog import CATALOG, Run
from ..execution import Result, check_device, execute
from ..records import MOST
from ..results import read

__all__ = ["analyse"]

MOST_DRAWN = 100  # seeds; a line more would not be seen


def analyse(arguments: argparse.Namespace) -> int:
    """Writes the page of one analysis -> 0.

    Without finished results its own run is trained, for so many seeds, one after the other.

    Raises:
        ValueError: the request was wrong, or a result has not what the analysis is made of.
    """
    analysis, entry = analyses.load(arguments.analysis), analyses.ANALYSES[arguments.analysis]
    program = f"{arguments.prog} {arguments.analysis}"
    check_device(arguments.device)
    saving.check_file("out", arguments.out)
    image = None if is_stream(arguments.out) else arguments.out.with_suffix(".png")
    if image == arguments.out:
        raise ValueError(
            f"out is '{image}', but the figure of the page has that name: pass a name in .md"
        )
    if arguments.folders:
        results = [finished.result() for finished in map(read, arguments.folders)]
        command = f"{program} {' '.join(map(str, arguments.folders))}"
        run = _common_run(results)
        rows = [row for result in results for row in analysis.rows(result)]
        planes = [plane for result in results[:MOST_DRAWN] for plane in result.planes]
    else:
        run = CATALOG[entry.run].varied(epochs=arguments.epochs)
        command = f"{program} --seeds {arguments.seeds} --epochs {arguments.epochs}"
        if arguments.seeds > MOST["compression"]:
            raise ValueError(
                f"seeds is {arguments.seeds}: at most {MOST['compression']:,} are trained one after"
                " the other"
            )
        resources.check(run, arguments.out.parent)
        rows, planes = list[dict[str, Any]](), list[InformationPlane]()
        for seed in tqdm(range(arguments.seeds), desc="seeds", disable=None):
            result = execute(run.varied(seed=seed), arguments.device)
            rows += analysis.rows(result)
            planes += result.planes if seed < MOST_DRAWN else ()
    page, drawn = analysis.page(run, rows, command), analysis.figure(run, planes)
    if drawn and image:
        figure, words = drawn
        figures.save(figure, saving.check_file("out", image))
        title, written_by, rest = page.split("\n\n", 2)
        page = "\n\n".join([title, written_by, f"![{words}]({image.name})", rest])
    saving.write_text(arguments.out, page)
    print(f"written: {arguments.out}")
    return 0


def _common_run(results: Sequence[Result]) -> Run:
    """Finds the run of which all are, but for the seed: only such rows stand in one table."""
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
