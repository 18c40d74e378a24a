"""planes -> what can be believed of each layer after the last epoch, in numbers and words."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmi import CoverageWarning, InformationPlane
from fastmi.arrays import FloatArray
from fastmi.belief import GROWTH_VERDICTS, VERDICTS

from .drawing import by_reading
from .records import SHUFFLED

__all__ = ["believed", "gaps", "unresolved", "warn_of_unresolved"]

NUMBERS = ("chance", "mean_lower", "mean_upper", "growth", "pair_coverage", "outside")
WORDS = {"verdict": VERDICTS, "verdict_xt": GROWTH_VERDICTS}
FEWEST_SEEDS = 3  # from which their scatter is judged
SINGLE = ("each", "mean")  # readings of single networks


def believed(planes: Sequence[InformationPlane]) -> list[dict[str, Any]]:
    """Tells what stands beside the points of each layer after the last epoch.

    Of planes of several seeds: numbers are averaged over copies and seeds, words are the weakest,
    and the reason is that of the weakest. Nothing of what some of the planes lack, as tables that
    were written before there were such columns, and those of a mixture.
    """
    ends = [plane.mean() for plane in planes]
    rows: list[dict[str, Any]] = [{} for _ in planes[0].layers]
    for name in (*WORDS, *NUMBERS):
        columns = [getattr(end, name) for end in ends]
        if any(column is None for column in columns):
            continue
        values = np.array([column[-1, 0] for column in columns])
        for row, of_layer in zip(rows, values.T, strict=True):
            if name in WORDS:
                row[name] = WORDS[name][int(of_layer.min())]
            elif not np.isnan(of_layer).any():
                row[name] = float(of_layer.mean())
    if all("verdict" in row for row in rows):
        verdicts = np.array([end.verdict[-1, 0] for end in ends])
        reasons = [plane.reasons() for plane in planes]
        for row, layer, weakest in zip(
            rows, planes[0].layers, verdicts.argmin(axis=0), strict=True
        ):
            row["reason"] = reasons[weakest][layer]
    return rows


def gaps(planes: Sequence[InformationPlane]) -> list[dict[str, Any]]:
    """Subtracts I(T;Y) on held-out samples from that on the training sample, of single networks.

    A row for each layer and held-out sample: the mean over seeds, and what it means of all of them:
    a word of `Gap`, or "overfitting" where at least three seeds with data of their own are all
    above the bracket, and their mean gap is above three of its standard errors. None where both
    samples were not read, or by other labels, or before tables had what it takes.
    """
    groups = {
        sample: found
        for (sample, reading), found in by_reading(planes).items()
        if reading == ("each" if found[0].n_copies == 1 else "mean")
        and not sample.endswith(SHUFFLED)
        and all(plane.mean_upper is not None for plane in found)
    }
    rows = []
    of_kind = {
        kind: [name for name, found in groups.items() if found[0].sample_kind == kind]
        for kind in ("training", "held-out")
    }
    for training in of_kind["training"]:
        for held_out in of_kind["held-out"]:
            found = [
                ours.gap(theirs)
                for ours, theirs in zip(groups[training], groups[held_out], strict=True)
            ]
            for i, layer in enumerate(found[0].layers):
                bits = np.array([gap.bits[-1, i] for gap in found])
                apart = len({plane.entropy_y for plane in groups[training]}) == len(bits)
                means = _of_all({gap.words[i] for gap in found}, bits, apart)
                row = {"layer": layer, "training": training, "held_out": held_out}
                rows.append(row | {"gap": float(bits.mean()), "means": means})
    return rows


def _of_all(words: set[str], bits: FloatArray, apart: bool) -> str:
    """Finds what all seeds agree on: what one cannot size, or does not show, all do not show.

    `apart`: each has data of its own, so that their scatter is that of samples.
    """
    for weakest in ("not judged", "unresolved", "within the brackets"):
        if weakest in words:
            return weakest
    n = len(bits)
    beyond = n >= FEWEST_SEEDS and bits.mean() > 3 * bits.std(ddof=1) / math.sqrt(n)
    return "overfitting" if apart and beyond else "above the bracket"


def unresolved(planes: Sequence[InformationPlane]) -> dict[str, list[str]]:
    """Lists the layers that a sample cannot size at the end: sample -> names.

    Of single networks.
    """
    lost = {}
    for (sample, reading), found in by_reading(planes).items():
        if reading in SINGLE and sample not in lost:
            layers = zip(found[0].layers, believed(found), strict=True)
            names = [layer for layer, row in layers if row.get("verdict") == "unresolved"]
            if names:
                lost[sample] = names
    return lost


def warn_of_unresolved(planes: Sequence[InformationPlane]) -> None:
    """Warns, once for a run, of the layers that its samples cannot size."""
    lost = unresolved(planes)
    if lost:
        layers = "; ".join(f"{sample}: {', '.join(names)}" for sample, names in lost.items())
        warnings.warn(
            f"unresolved: {layers}: these samples cannot size these layers under these bins; "
            "their I(T;Y) may be what chance gives, which stands beside it",
            CoverageWarning,
            stacklevel=2,
        )
