"""manifest -> what the page of the reproduction tabulates of one run, in Markdown."""

from __future__ import annotations

from typing import Any

import numpy as np

from .analyses.analysis import markdown
from .beliefs import gaps as between_samples
from .catalog import CATALOG, Run
from .drawing import by_reading
from .manifests import Layer, Manifest, Table
from .results import Finished

__all__ = ["answers", "at_epochs", "beliefs", "gaps", "published_reading", "values"]


def published_reading(manifest: Manifest) -> Table:
    """Finds the reading that was published: of several copies the sampled one."""
    readings = manifest["readings"]
    return next((reading for reading in readings if reading["reading"] == "sampled"), readings[0])


def values(run: Run, manifest: Manifest) -> list[str]:
    """Tabulates the published reading from start to end; then all others at the end."""
    readings, first = manifest["readings"], published_reading(manifest)
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
        "",
    ]


def beliefs(run: Run, manifest: Manifest) -> list[str]:
    """Tabulates what can be believed at the end, of the published reading of each sample.

    Cells are empty of what its table lacks, as those that were written before there was such.
    """
    name = published_reading(manifest)["reading"]
    rows = [
        [
            table["sample"],
            layer["layer"],
            f"{layer['i_ty_end']:.3f}",
            _optional(layer, "chance"),
            _bracket(layer),
            _optional(layer, "growth"),
            _optional(layer, "pair_coverage"),
            layer.get("verdict", ""),
            layer.get("reason", ""),
        ]
        for table in manifest["readings"]
        if table["reading"] == name
        for layer in table["layers"]
    ]
    head = [
        "sample",
        "layer",
        "I(T;Y)",
        "chance",
        "in mean between",
        "H(T) per doubling",
        "pair coverage",
        "verdict",
        "why" if run.training.seeds == 1 else "why, of the weakest seed",
    ]
    return ["What can be believed of I(T;Y) at the end:", "", *markdown(head, rows), ""]


def _optional(layer: Layer, key: str) -> str:
    return f"{layer[key]:.3f}" if key in layer else ""


def _bracket(layer: Layer) -> str:
    if "mean_lower" not in layer or "mean_upper" not in layer:
        return ""
    return f"{layer['mean_lower']:.3f} and {layer['mean_upper']:.3f}"


def gaps(finished: Finished) -> list[str]:
    """Says how much more of the labels the training sample shows, and what that means.

    Of the planes, where the manifest has gaps at all: their words are those of today.
    """
    rows = between_samples(finished.planes) if "gaps" in finished.manifest else []
    lines = []
    for pair in dict.fromkeys((row["training"], row["held_out"]) for row in rows):
        words = [
            f"{row['layer']} {row['gap']:+.3f} ({row['means']})"
            for row in rows
            if (row["training"], row["held_out"]) == pair
        ]
        lines += [f"I(T;Y) of single networks, {pair[0]} minus {pair[1]}: {', '.join(words)}.", ""]
    return lines


def at_epochs(finished: Finished) -> list[str]:
    """Tabulates the output layer at the recorded epochs nearest to the published ones."""
    epochs = CATALOG[finished.run.name].published_at
    if not epochs:
        return []
    first = next(iter(by_reading(finished.planes).values()))
    at = [int(np.abs(first[0].epochs - epoch).argmin()) for epoch in epochs]
    found = np.array([plane.mean().i_xt[at, 0, -1] for plane in first])
    sd = (
        [f" ± {value:.2f}" for value in found.std(axis=0, ddof=1)]
        if len(found) > 1
        else [""] * len(at)
    )
    cells = [f"{value:.2f}{width}" for value, width in zip(found.mean(axis=0), sd, strict=True)]
    head = [finished.run.training.unit[:-1], *(str(int(first[0].epochs[i])) for i in at)]
    return [*markdown(head, [["output, I(X;T)", *cells]]), ""]


def answers(manifest: Manifest) -> list[str]:
    """Says how many answers are right, and how often a layer stood above the one before it."""
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
        "",
    ]


def _name(reading: Table) -> str:
    words = {"each": "a single network", "mean": "mean of single copies"}
    return f"{reading['sample']}, {words.get(reading['reading'], reading['reading'])}"


def _cell(row: Any, key: str, form: str) -> str:
    if key not in row:
        return ""
    spread = f" ± {row[f'{key}_sd']:{form}}" if f"{key}_sd" in row else ""
    return f"{row[key]:{form}}{spread}"
