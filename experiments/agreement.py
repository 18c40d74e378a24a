"""read-offs, finished runs -> what was found beside what was published, and whether it agrees.

A published figure is of one network, or of the copies of one; a run has several seeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from fastmi import InformationPlane
from fastmi.arrays import FloatArray

from .analyses.analysis import markdown
from .drawing import by_reading
from .read_offs import BESIDE, READ_OFFS, Bits, ReadOff
from .results import Finished
from .run_tables import published_reading

__all__ = ["TOLERANCE", "Number", "compared", "nearest", "overview"]

TOLERANCE = 0.1  # bits, to which a figure can be read off at best
QUANTITIES = {"i_xt": ("I(X;T)", ".2f"), "i_ty": ("I(T;Y)", ".3f")}


class Number(NamedTuple):
    """One published number, or range, beside what each seed shows there."""

    layer: str
    at: str | int
    quantity: str
    published: Bits
    found: FloatArray

    @property
    def agrees(self) -> bool:
        """Tells whether the mean is within 0.1 bits or two standard deviations over the seeds."""
        width = 2 * self.found.std(ddof=1) if len(self.found) > 1 else 0.0
        return bool(self._beyond(self.found.mean()) <= max(TOLERANCE, width) + 1e-9)

    @property
    def distances(self) -> FloatArray:
        """How far each seed is from what was published, in bits: 0 within a range."""
        return self._beyond(self.found)

    def _beyond(self, values: FloatArray) -> FloatArray:
        published = self.published if isinstance(self.published, tuple) else (self.published,) * 2
        return np.maximum(0, np.maximum(published[0] - values, values - published[1]))


def compared(finished: Finished, read_offs: Sequence[ReadOff]) -> list[Number]:
    """Finds the published reading of the run at the place of each read-off."""
    table = published_reading(finished.manifest)
    seeds = by_reading(finished.planes)[table["sample"], table["reading"]]
    means = [plane.mean() for plane in seeds]
    return [
        Number(
            read_off.layer,
            read_off.at,
            quantity,
            published,
            np.array([_found(mean, read_off, quantity) for mean in means]),
        )
        for read_off in read_offs
        for quantity in QUANTITIES
        if (published := getattr(read_off, quantity)) is not None
    ]


def _found(mean: InformationPlane, read_off: ReadOff, quantity: str) -> float:
    path = getattr(mean, quantity)[:, 0, mean.layers.index(read_off.layer)]
    if read_off.at == "peak":
        return float(path.max())
    if isinstance(read_off.at, int):
        return float(path[np.abs(mean.epochs - read_off.at).argmin()])
    return float(path[0 if read_off.at == "start" else -1])


def overview(runs: Iterable[Finished]) -> list[str]:
    """Tabulates run / published / found / agrees? / resolved?, a row for each published layer.

    A run of which nothing was published has one row, of its output at the end.
    """
    rows = [row for finished in runs for row in _rows(finished)]
    return markdown(["run", "published", "found", "agrees?", "resolved?"], rows)


def _rows(finished: Finished) -> list[list[str]]:
    name = f"`{finished.run.name}`"
    read_offs = READ_OFFS.get(finished.run.name, ())
    if not read_offs:
        end = compared(finished, [ReadOff("output", "end", 0.0, 0.0)])
        return [[f"{name}, output", "", _words(end, found=True), "", _verdicts(finished, "output")]]
    numbers = compared(finished, read_offs)
    rows = []
    for layer in dict.fromkeys(number.layer for number in numbers):
        of_layer = [number for number in numbers if number.layer == layer]
        words = (_words(of_layer, found) for found in (False, True))
        rows.append([f"{name}, {layer}", *words, _judged(of_layer), _verdicts(finished, layer)])
    return rows


def _words(numbers: Sequence[Number], found: bool) -> str:
    """Writes numbers of one layer: "(8.2, 0.42) at the start, I(X;T) 6.5 at the peak"."""
    groups = {
        place: [number for number in numbers if _place(number) == place]
        for place in map(_place, numbers)
    }
    names = [QUANTITIES[number.quantity][0] for number in numbers]
    alike = f"{names[0]} " if len(set(names)) == 1 else ""
    words = []
    for place, here in groups.items():
        values = [_spread(number) if found else _bits(number.published) for number in here]
        text = f"({', '.join(values)})" if len(here) == len(QUANTITIES) else values[0]
        alone = "" if alike or len(here) > 1 else f"{QUANTITIES[here[0].quantity][0]} "
        words.append(f"{alone}{text} {place}")
    return alike + ", ".join(words)


def _spread(number: Number) -> str:
    form = QUANTITIES[number.quantity][1]
    spread = f" ± {number.found.std(ddof=1):{form}}" if len(number.found) > 1 else ""
    return f"{number.found.mean():{form}}{spread}"


def _bits(published: Bits) -> str:
    values = published if isinstance(published, tuple) else (published,)
    return "-".join(f"{value:g}" for value in values)


def _judged(numbers: Sequence[Number]) -> str:
    """Says "yes", "no", or which of the numbers do not agree."""
    without = [number for number in numbers if not number.agrees]
    if len(without) in (0, len(numbers)):
        return "no" if without else "yes"
    names = ", ".join(f"{QUANTITIES[number.quantity][0]} {_place(number)}" for number in without)
    return f"{len(numbers) - len(without)} of {len(numbers)}, not {names}"


def _place(number: Number) -> str:
    return f"at epoch {number.at}" if isinstance(number.at, int) else f"at the {number.at}"


def _verdicts(finished: Finished, layer: str) -> str:
    """Says the verdict of the layer at the end, of each sample where they differ."""
    name = published_reading(finished.manifest)["reading"]
    words = {
        table["sample"]: row["verdict"]
        for table in finished.manifest["readings"]
        for row in table["layers"]
        if table["reading"] == name and row["layer"] == layer and "verdict" in row
    }
    if len(set(words.values())) > 1:
        return ", ".join(f"{verdict} ({sample})" for sample, verdict in words.items())
    return next(iter(words.values()), "")


def nearest(finished: Finished) -> list[str]:
    """Says how near the seeds are to what was published, of this run or of one that it explains."""
    name = finished.run.name
    numbers = compared(finished, READ_OFFS.get(BESIDE.get(name, name), ()))
    training = finished.run.training
    if not numbers or training.seeds == 1:
        return []
    farthest = np.max([number.distances for number in numbers], axis=0)
    whose = f"the read-offs of `{BESIDE[name]}`" if name in BESIDE else "the read-offs"
    return [
        (
            f"Beside {whose}: the mean of all seeds agrees with "
            f"{sum(number.agrees for number in numbers)} of {len(numbers)} numbers; the nearest "
            f"seed, {training.seed + int(farthest.argmin())}, is within {farthest.min():.2f} bits "
            f"of each, the farthest within {farthest.max():.2f}."
        ),
        "",
    ]
