"""readings of one sample, one set of labels and one measure, step by step -> a table.

And of several measures the one that each layer's verdict supports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastmi.belief import VERDICTS
from fastmi.planes import PlaneEstimator
from fastmi.points import Points, joined
from fastmi.tables import InformationPlane

__all__ = ["Path", "described", "mixed", "supported"]

RESOLVED = VERDICTS.index("resolved")


@dataclass
class Path:
    """What was read so far of one sample, one set of labels, one measure.

    Attributes:
        sample, labels, measure: their names. steps: of the readings. points: (n_layers,) of each.
    """

    sample: str
    labels: str
    measure: str
    steps: list[int] = field(default_factory=list)
    points: list[Points] = field(default_factory=list)

    def plane(
        self,
        estimator: PlaneEstimator,
        layers: Sequence[str],
        data: str,
        how: str,
        seed: int = 0,
    ) -> InformationPlane:
        """Collects the readings in a table; `how` says how layers were measured and read."""
        stacked = joined([one.map(lambda column: column[None, None]) for one in self.points], 0)
        plain = Points(**{k: v for k, v in stacked.present.items() if k != "n_samples"})
        return InformationPlane(
            self.steps,  # type: ignore[arg-type]  # made an array by the table
            tuple(layers),
            plain,
            n_samples=estimator.n_samples,
            entropy_x=estimator.entropy_x,
            entropy_y=estimator.entropy_y,
            reading="each",
            n_copies=1,
            data=data,
            binning=how,
            sample=self.sample,
            seed=seed,
            method=estimator.method,
            sample_kind=estimator.sample or "",
        )


def supported(paths: Sequence[Path]) -> list[str]:
    """Finds the measure that the verdict after the last step supports, for each layer.

    The highest verdict, the weakest over the samples, of labels that show most; of verdicts alike
    below "resolved" the larger mean_lower, and else the measure that was given first.
    """
    best: list[str] = []
    for layer in range(len(paths[0].points[-1].i_ty)):
        of_measures: dict[str, dict[str, list[tuple[float, float]]]] = {}
        for path in paths:
            of_labels = of_measures.setdefault(path.measure, {})
            of_labels.setdefault(path.labels, []).append(_support(path.points[-1], layer))
        strength = {name: max(map(min, held.values())) for name, held in of_measures.items()}
        best.append(max(strength, key=lambda name, strength=strength: strength[name]))
    return best


def mixed(paths: Sequence[Path], measures: Sequence[str]) -> Path:
    """Makes one path of those of several measures, each layer by its own."""
    by_name = {path.measure: path for path in paths}
    first = paths[0]
    points = [
        joined(
            [
                by_name[name].points[step].map(lambda column, i=i: column[i : i + 1])
                for i, name in enumerate(measures)
            ],
            axis=-1,
        )
        for step in range(len(first.steps))
    ]
    return Path(first.sample, first.labels, "", first.steps, points)


def _support(points: Points, layer: int) -> tuple[float, float]:
    if points.verdict is None or points.mean_lower is None or points.verdict[layer] >= RESOLVED:
        return (0.0 if points.verdict is None else float(points.verdict[layer])), 0.0
    return float(points.verdict[layer]), float(np.nan_to_num(points.mean_lower[layer], nan=-np.inf))


def described(
    pools: dict[str, str], dtypes: dict[str, str], x: str, precision: str = "float32"
) -> str:
    """Says how layers were read: what was made of their axes, their precision, and what X is."""
    of_pools = _grouped(pools)
    lower = {layer: kind for layer, kind in dtypes.items() if kind != precision}
    said = [f"pool {of_pools}"]
    if lower:
        said.append(f"read in {_grouped(dtypes)}, counted in float32")
    return "; ".join([*said, f"X is {x}"])


def _grouped(words: dict[str, Any]) -> str:
    """Writes one word for all layers, or each word with its layers."""
    kinds = dict.fromkeys(words.values())
    if len(kinds) == 1:
        return str(next(iter(kinds)))
    return ", ".join(
        f"{kind} ({' '.join(layer for layer, one in words.items() if one == kind)})"
        for kind in kinds
    )
