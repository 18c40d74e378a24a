"""tables -> words: why each layer has its verdict, and what a gap between two samples means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi.arrays import FloatArray, IntArray
from fastmi.belief import (
    GROWTH_VERDICTS,
    VERDICTS,
    Evidence,
    growth_reasons,
    growth_verdicts,
    lower_reasons,
    reasons,
    verdicts,
)
from fastmi.inputs import shown
from fastmi.tables.plane import InformationPlane

__all__ = ["Gap", "gap", "reasons_of"]

UNRESOLVED = VERDICTS.index("unresolved")
NO_POINT = "not judged: it has no point at the last epoch"
COLUMNS = ("i_ty", "mean_lower", "mean_upper", "verdict")


@dataclass(frozen=True, eq=False, repr=False)
class Gap:
    """I(T;Y) on the training sample less I(T;Y) on the held-out one, averaged over the paths.

    Attributes:
        epochs, layers: of both tables. bits: (n_epochs, n_layers).
        words: what it means of each layer after the last epoch. "above the bracket": the lower end
            of the training sample is above the upper end of the held-out one, so that no one value
            of I(T;Y) could show both in mean. Overfitting shows so, and in a single pair of samples
            their scatter may, as often as not where the brackets are narrow: compare several pairs.
            "within the brackets": it need not mean anything. "unresolved": one of the samples
            cannot size the layer, and the gap says nothing. "not judged": its measure has no
            brackets.
    """

    epochs: IntArray
    layers: tuple[str, ...]
    bits: FloatArray
    words: tuple[str, ...]

    def __repr__(self) -> str:
        ends = zip(self.layers, self.bits[-1], self.words, strict=True)
        return "Gap: " + ", ".join(f"{layer} {bits:+.3f} ({word})" for layer, bits, word in ends)


def gap(training: InformationPlane, held_out: InformationPlane) -> Gap:
    """Subtracts the held-out I(T;Y) from that of the training sample, and says what it means.

    Raises:
        TypeError: no table. ValueError: tables of other epochs, layers, readings, bins or data;
            columns that are missing, as of a mixture; samples that are said to be others than these
            two, as where they are swapped.
    """
    if not isinstance(held_out, InformationPlane):
        raise TypeError(f"held_out is {shown(held_out)}: pass the table of the held-out sample")
    _check_comparable(training, held_out)
    ours, theirs = training.mean(), held_out.mean()
    lost = (ours.verdict[-1, 0] == UNRESOLVED) | (theirs.verdict[-1, 0] == UNRESOLVED)
    above = ours.mean_lower[-1, 0] > theirs.mean_upper[-1, 0]
    words = np.where(
        lost, "unresolved", np.where(above, "above the bracket", "within the brackets")
    )
    words[np.isnan(ours.mean_lower[-1, 0]) | np.isnan(theirs.mean_upper[-1, 0])] = "not judged"
    bits = ours.i_ty[:, 0] - theirs.i_ty[:, 0]
    return Gap(training.epochs, training.layers, bits, tuple(words.tolist()))


def _check_comparable(training: InformationPlane, held_out: InformationPlane) -> None:
    for name in ("layers", "reading", "binning", "method", "data"):
        mine, other = getattr(training, name), getattr(held_out, name)
        if mine != other:
            raise ValueError(
                f"held_out has {name} {shown(other)}, the training sample {shown(mine)}: only "
                "readings of the same networks by the same rule are compared"
            )
    if not np.array_equal(training.epochs, held_out.epochs):
        raise ValueError("held_out was read at other epochs: read both samples at the same")
    for plane in (training, held_out):
        lacking = [name for name in COLUMNS if getattr(plane, name) is None]
        if lacking:
            raise ValueError(
                f"the table of {plane.sample!r} ({plane.reading}) has no {lacking[0]}: compare "
                "counted readings of single networks, or sampled ones, of a sample"
            )
    for plane, name, kind in (
        (training, "the table that is asked", "training"),
        (held_out, "held_out", "held-out"),
    ):
        if plane.sample_kind not in (kind, ""):
            raise ValueError(
                f"{name} is of a {plane.sample_kind} sample: ask the table of the training sample, "
                "and pass that of the held-out one, training.gap(held_out)"
            )


def reasons_of(plane: InformationPlane) -> dict[str, str]:
    """Says why each layer has its verdict after the last epoch, by the path with the weakest.

    Empty where there are no verdicts, as of a mixture. A layer without a point there has none
    either, and that is said. The weakest word of several copies need not
    be that of their means (reading "mean"): where the two differ, the reason says so. A table of
    corrected numbers does not hold the plug-in that its verdicts rest on: there the word stands
    alone. Of what was scored, as by a probe, the lower end says all.
    """
    if plane.verdict is None:
        return {}
    weakest = plane.verdict[-1].argmin(axis=0)
    lines = _of_counts(plane, weakest)
    if plane.n_scored is not None and plane.mean_lower is not None:
        lower, scored = (
            column[-1, weakest, np.arange(len(plane.layers))]
            for column in (plane.mean_lower, plane.n_scored)
        )
        of_scored = lower_reasons(lower, scored, plane.sample_kind or None)
        lines = [
            line if n != n else scores
            for line, n, scores in zip(lines, scored, of_scored, strict=True)
        ]
    missing = np.isnan(plane.i_ty[-1]).any(axis=0)
    return {
        layer: NO_POINT if lost else line
        for layer, line, lost in zip(plane.layers, lines, missing, strict=True)
    }


def _of_counts(plane: InformationPlane, weakest: npt.NDArray[np.int64]) -> list[str]:
    """Says why each layer has its verdict, as one that was counted."""
    if plane.method != "plugin":
        words = plane.verdict[-1].min(axis=0)
        return [
            f"{VERDICTS[int(word)]}, by the plug-in" if word == word else "not judged"
            for word in words
        ]

    def at_end(column: npt.NDArray[np.float64] | None) -> FloatArray:
        if column is None:  # of a population
            return np.full(len(plane.layers), np.nan)
        return column[-1, weakest, np.arange(len(plane.layers))]

    kind = plane.sample_kind or None
    evidence = Evidence(
        at_end(plane.pair_coverage),
        at_end(plane.i_ty),
        at_end(plane.mean_lower),
        plane.entropy_y,
        plane.n_samples,
        kind,
    )
    grown = at_end(plane.growth)
    of_y = _with_words(reasons(evidence), verdicts(evidence), at_end(plane.verdict), VERDICTS)
    of_x = _with_words(
        growth_reasons(grown, kind),
        growth_verdicts(grown, kind),
        at_end(plane.verdict_xt),
        GROWTH_VERDICTS,
    )
    return [y if y == x else f"{y}; {x}" for y, x in zip(of_y, of_x, strict=True)]


def _with_words(
    lines: Sequence[str],
    judged: npt.NDArray[np.int8],
    said: npt.NDArray[Any],
    names: Sequence[str],
) -> list[str]:
    """Puts the word that the table has before a reason which is that of another word."""
    return [
        line
        if word != word or word == found
        else f"{names[int(word)]}, by the counts; the table's numbers say: {line}"
        for line, found, word in zip(lines, judged.tolist(), said.tolist(), strict=True)
    ]
