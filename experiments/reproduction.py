"""finished runs -> docs/reproduction.md: what was published beside what was found.

Every number comes out of the results.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from experiments import analyses
from experiments.analyses.analysis import markdown
from experiments.catalog import CATALOG, Run
from experiments.drawing import Mark, by_reading, picture
from experiments.manifests import Manifest, Table
from experiments.results import Finished, folders, read
from experiments.saving import check_file, write_text
from fastmi import figures, files, from_json

__all__ = ["write"]

_log = logging.getLogger("fastmi.experiments")

LOOP = "published loop"


def write(results: Path, out: Path, times: Path, command: str) -> list[str]:
    """Writes the page and its figures -> the names of the runs that have no finished result there.

    The figures lie in a folder beside the page.

    Args:
        results: the folder in which `run` left results; of each run that with most seeds, of those
            the lowest, is shown.
        times: what `python -m benchmarks --json` wrote.

    Raises:
        ValueError: no result is there, the times cannot be read, out cannot be written.
    """
    check_file("out", out)
    if not results.is_dir():
        raise ValueError(
            f"results is '{results}', which holds no finished run: python -m experiments run all "
            "--seeds 10 first"
        )
    loops = _loops(times)
    chosen, left_out = _most_seeds(results)
    if not chosen:
        why = f" (left out: {left_out[0]})" if left_out else ""
        raise ValueError(
            f"results is '{results}', which holds no finished run{why}: python -m experiments run "
            "all --seeds 10 first"
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
    write_text(out, "\n".join([*_head(command, missing), *pages]))
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


class Timed(TypedDict):
    """One candidate of a case, and the seconds that it took."""

    name: str
    median: float


class Case(TypedDict):
    """One case of the benchmarks."""

    name: str
    candidates: list[Timed]


class Times(TypedDict):
    """What is used of what the benchmarks write."""

    cases: list[Case]


def _loops(times: Path) -> dict[str, float]:
    """Reads case -> seconds that one epoch of the published loop takes."""
    try:
        cases = from_json.typed("times", from_json.parse(files.read_text(times)), Times)["cases"]
    except (OSError, ValueError) as error:
        raise ValueError(
            f"times is '{times}', which is not what `python -m benchmarks --json` writes "
            f"({files.reason(error)})"
        ) from None
    candidates = {
        (case["name"], timed["name"]): timed["median"]
        for case in cases
        for timed in case["candidates"]
    }
    for (case, name), seconds in candidates.items():
        if not 0 < seconds < math.inf:
            raise ValueError(
                f"times is '{times}', where {name!r:.60} of {case!r:.60} took {seconds} seconds: "
                "write it again"
            )
    return {case: seconds for (case, name), seconds in candidates.items() if name == LOOP}


def _head(command: str, missing: Sequence[str]) -> list[str]:
    """Writes what stands above all runs."""
    return [
        "# The report's runs, reproduced",
        "",
        f"Written by `{command}` from finished runs; no number in it was typed.",
        "",
        (
            "*Published* are read-offs of the report's figures, good to about 0.1 bits at best. "
            "Tables are in bits; a number with"
        ),
        (
            "a spread is the mean and the standard deviation over seeds, each with data, an "
            "initialisation and batches of its own"
        ),
        (
            "(of a whole population, as `var-u` and `mnist`, only the latter two). Readings, "
            "samples and their limits: see the"
        ),
        (
            "[README](../README.md#what-the-numbers-mean); with distinct inputs I(X;T) of a single "
            "network is H(T), so a fall says"
        ),
        (
            "that activations moved into fewer bins. The published loop was timed over some steps "
            "by `python -m benchmarks` on a"
        ),
        (
            "machine of the same kind, and multiplied; it trains and reads one seed, on the "
            "training sample alone. Times are wall"
        ),
        "times, whatever else ran beside.",
        "",
        *([f"Not run: {', '.join(f'`{name}`' for name in missing)}.", ""] if missing else []),
    ]


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
        *_tables(run, manifest),
        "",
        *_at_epochs(finished),
        *_answers(manifest),
        "",
        *(line for table, _ in made for line in (*table, "")),
        f"![The information plane of {run.name}]({figure})",
        "",
        _time(run, manifest, loops),
        "",
    ]
    return "\n".join([*lines, f"*What it shows:* {entry.shows}", ""])


def _tables(run: Run, manifest: Manifest) -> list[str]:
    """Tabulates the published reading from start to end; then all others at the end.

    Of several copies the published one is the sampled one.
    """
    readings = manifest["readings"]
    first = next((reading for reading in readings if reading["reading"] == "sampled"), readings[0])
    further = [
        reading for reading in readings if reading is not first and reading["reading"] != "each"
    ]
    further = further or [reading for reading in readings if reading is not first]
    head = [
        "layer",
        "I(X;T) start",
        "peak",
        f"at {run.training.unit[:-1]}",
        "end",
        "I(T;Y) start",
        "end",
        "coverage at the end",
    ]
    rows = [
        [
            layer["layer"],
            *(_cell(layer, key, ".2f") for key in ("i_xt_start", "i_xt_peak")),
            _cell(layer, "peak_epoch", ".0f"),
            _cell(layer, "i_xt_end", ".2f"),
            *(_cell(layer, key, ".3f") for key in ("i_ty_start", "i_ty_end")),
            _cell(layer, "coverage_end", ".2f"),
        ]
        for layer in first["layers"]
    ]
    ends = [
        [
            layers[0]["layer"],
            *(
                f"{_cell(layer, 'i_xt_end', '.2f')}, {_cell(layer, 'i_ty_end', '.3f')}"
                for layer in layers
            ),
        ]
        for layers in zip(*(other["layers"] for other in further), strict=True)
    ]
    name = _name(first)
    return [
        f"{name[0].upper()}{name[1:]}, n = {manifest['n_samples']:,}:",
        "",
        *markdown(head, rows),
        "",
        "I(X;T), I(T;Y) at the end of the other readings and samples:",
        "",
        *markdown(["layer", *map(_name, further)], ends),
    ]


def _at_epochs(finished: Finished) -> list[str]:
    """Tabulates the output layer at the recorded epochs nearest to the published ones."""
    epochs = CATALOG[finished.run.name].published_at
    if not epochs:
        return []
    first = next(iter(by_reading(finished.planes).values()))
    at = [int(np.abs(first[0].epochs - epoch).argmin()) for epoch in epochs]
    values = np.array([plane.mean().i_xt[at, 0, -1] for plane in first])
    sd = (
        [f" ± {value:.2f}" for value in values.std(axis=0, ddof=1)]
        if len(values) > 1
        else [""] * len(at)
    )
    cells = [f"{value:.2f}{width}" for value, width in zip(values.mean(axis=0), sd, strict=True)]
    head = [finished.run.training.unit[:-1], *(str(int(first[0].epochs[i])) for i in at)]
    return [*markdown(head, [["output, I(X;T)", *cells]]), ""]


def _name(reading: Table) -> str:
    words = {"each": "a single network", "mean": "mean of single copies"}
    return f"{reading['sample']}, {words.get(reading['reading'], reading['reading'])}"


def _cell(row: Any, key: str, form: str) -> str:
    spread = f" ± {row[f'{key}_sd']:{form}}" if f"{key}_sd" in row else ""
    return f"{row[key]:{form}}{spread}"


def _answers(manifest: Manifest) -> list[str]:
    right = ", ".join(
        f"{score['sample']} {score['accuracy']:.1%}" for score in manifest["scores_end"]
    )
    first = manifest["readings"][0]
    funnel = first["funnel"]
    return [
        (
            f"Right answers at the end: {right}. Of {funnel['pairs']:,} pairs of neighbouring "
            f"layers ({_name(first)}) the later"
        ),
        (
            f"one stood higher in I(X;T) {funnel['i_xt']:,} times and in I(T;Y) {funnel['i_ty']:,} "
            "times: what this binning adds."
        ),
    ]


def _time(run: Run, manifest: Any, loops: dict[str, float]) -> str:
    """Says what the run took, beside the published loop where that was timed."""
    training, case = run.training, CATALOG[run.name].case
    seeds = f"{training.seeds} seeds" if training.seeds > 1 else "one seed"
    copies = f"{training.copies} copies" if training.copies > 1 else "one network"
    stages = ", ".join(f"{stage} {spent:.0f} s" for stage, spent in manifest["seconds"].items())
    samples = len({reading["sample"] for reading in manifest["readings"]})
    text = (
        f"*Time:* {_duration(manifest['wall_seconds'])} for {seeds} of {copies}, "
        f"{training.epochs:,} {training.unit}, {len(training.recorded):,} recorded and read on "
        f"{samples} samples ({stages})."
    )
    if manifest["remark"]:
        text += f" {manifest['remark']}."
    if manifest["resumed"]:
        text += " It was interrupted, and this is the time of its last part."
    if case in loops:
        epoch_seconds = loops[case]
        loop, unit = _duration(epoch_seconds * training.epochs), training.unit[:-1]
        text += (
            f" The published loop: {1e3 * epoch_seconds:.0f} ms a {unit}, {loop} for one seed, "
            f"{_duration(epoch_seconds * training.epochs * training.seeds)} for {training.seeds}."
            if training.seeds > 1
            else f" The published loop: {1e3 * epoch_seconds:.0f} ms a {unit}, {loop} in all."
        )
    return text


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
