"""tables -> words: why each layer has its verdict, and what a gap between two samples means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

__all__ = ["Gap", "gap", "reasons_at", "reasons_of"]

UNRESOLVED = VERDICTS.index("unresolved")
NO_POINT = "not judged: it has no point at {}"
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
    last = reasons_at(plane, [len(plane.epochs) - 1])
    return dict(zip(plane.layers, last[0], strict=True)) if last else {}


def reasons_at(plane: InformationPlane, at: Sequence[int]) -> list[list[str]]:
    """Says the same after the epochs at these places: a list for each, of a line a layer.

    Empty where there are no verdicts.
    """
    if plane.verdict is None:
        return []
    n_layers, places = len(plane.layers), np.asarray(at, np.intp)
    weakest = plane.verdict[places].argmin(axis=1)[:, None]
    # (n_places * n_layers,) of every column
    ends = {
        name: np.take_along_axis(column[places], weakest, axis=1).ravel()
        for name, column in plane.points.present.items()
    }
    lines = _of_counts(plane, ends)
    if plane.n_scored is not None and plane.mean_lower is not None:
        of_scored = lower_reasons(ends["mean_lower"], ends["n_scored"], plane.sample_kind or None)
        lines = [
            line if n != n else scores
            for line, n, scores in zip(lines, ends["n_scored"], of_scored, strict=True)
        ]
    epochs = [NO_POINT.format(when) for when in _whens(plane, places) for _ in range(n_layers)]
    missing = np.isnan(plane.i_ty[places]).any(axis=1).ravel()
    said = [none if lost else line for none, line, lost in zip(epochs, lines, missing, strict=True)]
    return [said[i : i + n_layers] for i in range(0, len(said), n_layers)]


def _whens(plane: InformationPlane, places: npt.NDArray[np.intp]) -> list[str]:
    last = len(plane.epochs) - 1
    return ["the last epoch" if i == last else f"epoch {plane.epochs[i]}" for i in places]


def _of_counts(plane: InformationPlane, ends: Mapping[str, npt.NDArray[Any]]) -> list[str]:
    """Says why each point has its verdict, as one that was counted; of its columns, (s,)."""
    if plane.method != "plugin":
        return [
            f"{VERDICTS[int(word)]}, by the plug-in" if word == word else "not judged"
            for word in ends["verdict"]
        ]

    def at_end(name: str) -> FloatArray:
        # None of a population
        return ends.get(name, np.full(ends["verdict"].shape, np.nan))

    kind = plane.sample_kind or None
    evidence = Evidence(
        at_end("pair_coverage"),
        at_end("i_ty"),
        at_end("mean_lower"),
        plane.entropy_y,
        plane.n_samples,
        kind,
    )
    grown = at_end("growth")
    of_y = _with_words(reasons(evidence), verdicts(evidence), at_end("verdict"), VERDICTS)
    of_x = _with_words(
        growth_reasons(grown, kind),
        growth_verdicts(grown, kind),
        at_end("verdict_xt"),
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
