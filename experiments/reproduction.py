"""finished runs -> docs/reproduction.md: what was published beside what was found.

Every number comes out of the results.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from fastmi import figures

from . import agreement, analyses, run_tables
from .catalog import CATALOG
from .drawing import Mark, picture
from .results import Finished, folders, read
from .saving import check_file, write_text
from .times import time_of, times_of_loops

__all__ = ["write"]

_log = logging.getLogger("fastmi.experiments")


def write(results: Path, out: Path, times: Path | None, prog: str) -> list[str]:
    """Writes the page and its figures -> the names of the runs that have no finished result there.

    The figures lie in a folder beside the page.

    Args:
        results: the folder in which `run` left results; of each run that with most seeds, of those
            the lowest, is shown.
        times: what `python -m benchmarks --json` wrote; None leaves the published loop's out.
        prog: what is typed before `reproduction`, and before `run`.

    Raises:
        ValueError: no result is there, the times cannot be read, out cannot be written.
    """
    check_file("out", out)
    if not results.is_dir():
        raise ValueError(
            f"results is '{results}', which holds no finished run: {prog} run all --seeds 10 first"
        )
    loops = times_of_loops(times) if times else {}
    chosen, left_out = _most_seeds(results)
    if not chosen:
        why = f" (left out: {left_out[0]})" if left_out else ""
        raise ValueError(
            f"results is '{results}', which holds no finished run{why}: {prog} run all --seeds 10 "
            "first"
        )
    for other in left_out:
        _log.warning("left out: %s", other)
    pictures = out.with_suffix("")
    pictures.mkdir(exist_ok=True)
    pages = []
    for name in CATALOG:
        if name in chosen:
            made = _made(chosen[name])
            figure = picture(
                chosen[name].run, chosen[name].planes, [mark for _, marks in made for mark in marks]
            )
            figure.set_dpi(110)
            figures.save(figure, pictures / f"{name}.png")
            pages.append(_section(chosen[name], made, f"{pictures.name}/{name}.png", loops))
    missing = [name for name in CATALOG if name not in chosen]
    write_text(out, "\n".join([*_head(f"{prog} reproduction", chosen, missing), *pages]))
    return missing


def _most_seeds(results: Path) -> tuple[dict[str, Finished], list[str]]:
    """Picks one result of each run, and says why others are left out.

    Who keeps results may keep other things beside them.
    """
    chosen, left_out = dict[str, Finished](), list[str]()
    for folder in folders(results):
        try:
            result = read(folder)
        except ValueError as error:
            left_out.append(str(error))
            continue
        name = result.run.name
        if _as_catalogued(result) and (name not in chosen or _rank(chosen[name]) < _rank(result)):
            chosen[name] = result
    return chosen, left_out


def _rank(result: Finished) -> tuple[int, int]:
    """Ranks by the number of seeds, and among as many the first ones: no folder's name decides."""
    return result.run.training.seeds, -result.run.training.seed


def _as_catalogued(result: Finished) -> bool:
    """Tells whether it is the catalogue's run, read as it says.

    Seeds, and how many epochs were recorded, are free.
    """
    run, entry = result.run, CATALOG.get(result.run.name)
    # which what was only read again had not, in formats 0 and 1
    if entry is None or "wall_seconds" not in result.manifest:
        return False
    free = {key: getattr(entry.training, key) for key in ("seed", "seeds", "n_recorded")}
    return run.varied(**free).id == entry.id and run.reads[0] in entry.reads


Made = list[tuple[list[str], list[Mark]]]


def _made(finished: Finished) -> Made:
    """Makes the table and the marks of each analysis of the run.

    Raises:
        ValueError: its scores are not what `run` wrote.
    """
    made: Made = []
    for name in CATALOG[finished.run.name].analyses:
        analysis = analyses.load(name)
        rows = analysis.rows(finished.result())
        made.append((analysis.table(finished.run, rows), analysis.marks(finished.planes, rows)))
    return made


def _head(command: str, chosen: Mapping[str, Finished], missing: Sequence[str]) -> list[str]:
    """Writes what stands above all runs: first what was published beside what was found."""
    return [
        "# The report's runs, reproduced",
        "",
        f"Written by `{command}` from finished runs; no number that was found was typed.",
        "",
        *agreement.overview([chosen[name] for name in CATALOG if name in chosen]),
        "",
        *HEAD,
        "",
        *_seeds(chosen),
        *([f"Not run: {', '.join(f'`{name}`' for name in missing)}.", ""] if missing else []),
    ]


HEAD = (
    "Published and found are (I(X;T), I(T;Y)) in bits. *Published* are read-offs of the report's "
    f"figures, good to about {agreement.TOLERANCE} bits at best.",
    f"A number *agrees* if the mean over the seeds is within {agreement.TOLERANCE} bits of it, or "
    "within two standard deviations over the seeds: a published",
    "figure is of one network, or of the copies of one. *Resolved?* is the verdict on I(T;Y) of "
    "the layer at the end, of the weakest seed: *resolved*, this",
    "sample can size it under these bins; *bounded*, from below alone; *unresolved*, it cannot, "
    "and chance may give as much; *exact*, over a whole population.",
    "On the training sample it describes that sample, and nothing beyond it. An agreement of "
    "unresolved numbers says that the same was counted, not that it is so.",
    "",
    "A number with a spread is the mean and the standard deviation over seeds, each with data, an "
    "initialisation and batches of its own (of a whole population,",
    "as `var-u` and `mnist`, only the latter two). *Chance* is the mean of I(T;Y) if the labels "
    "are shuffled; *in mean between* are two ends that enclose the true",
    "I(T;Y) in mean over samples on which the layer was not trained: no confidence interval. "
    "Readings, samples and their limits:",
    "[what the numbers mean](numbers.md); with distinct inputs I(X;T) of a single "
    "network is H(T), so a fall says that activations moved into fewer bins.",
    "The published loop was timed over some steps by `python -m benchmarks` on a machine of the "
    "same kind, and multiplied; it trains and reads one seed, on the",
    "training sample alone. Times are wall times, whatever else ran beside; the stages in brackets "
    "are those of the last reading, which may be a later one.",
)


def _seeds(chosen: Mapping[str, Finished]) -> list[str]:
    """Says how many seeds each run has, and that fewer than ten are few."""
    names: dict[int, list[str]] = {}
    for name in CATALOG:
        if name in chosen:
            names.setdefault(chosen[name].run.training.seeds, []).append(f"`{name}`")
    words = [f"{n} of {', '.join(names[n])}" for n in sorted(names, reverse=True)]
    few = (
        "; fewer than ten, to save time, so take their spreads as rough" if min(names) < 10 else ""
    )
    return [f"Seeds: {'; '.join(words)}{few}.", ""]


def _section(finished: Finished, made: Made, figure: str, loops: dict[str, float]) -> str:
    """Writes what the page says of one run."""
    run, manifest, entry = finished.run, finished.manifest, CATALOG[finished.run.name]
    lines = [
        f"## `{run.name}`",
        "",
        f"{entry.about[0].upper()}{entry.about[1:]}; {run.training.length}.",
        "",
        f"*Published:* {entry.published or 'nothing; the run is not in the report'}.",
        "",
        *run_tables.values(run, manifest),
        *run_tables.at_epochs(finished),
        *agreement.nearest(finished),
        *run_tables.beliefs(run, manifest),
        *run_tables.gaps(finished),
        *run_tables.answers(manifest),
        *(line for table, _ in made for line in (*table, "")),
        f"![The information plane of {run.name}]({figure})",
        "",
        time_of(run, manifest, loops),
        "",
    ]
    return "\n".join([*lines, f"*What it shows:* {entry.shows}", ""])
