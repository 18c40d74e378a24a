"""readings of one sample, one set of labels and one measure, step by step -> a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fastmi.planes import PlaneEstimator
from fastmi.points import Points, joined
from fastmi.tables import InformationPlane

__all__ = ["Path", "described"]


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
        self, estimator: PlaneEstimator, layers: tuple[str, ...], data: str, how: str
    ) -> InformationPlane:
        """Collects the readings in a table."""
        stacked = joined([one.map(lambda column: column[None, None]) for one in self.points], 0)
        plain = Points(**{k: v for k, v in stacked.present.items() if k != "n_samples"})
        return InformationPlane(
            self.steps,  # type: ignore[arg-type]  # made an array by the table
            layers,
            plain,
            n_samples=estimator.n_samples,
            entropy_x=estimator.entropy_x,
            entropy_y=estimator.entropy_y,
            reading="each",
            n_copies=1,
            data=data,
            binning=f"{estimator.measured}; {how}",
            sample=self.sample,
            method=estimator.method,
            sample_kind=estimator.sample or "",
        )


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
