"""a layer, labels, binnings -> the binning that shows most of I(T;Y), charged for the choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmi import belief
from fastmi.arrays import Activations, LabelsLike
from fastmi.binning import Binning, Candidate, Candidates, as_binning, chosen_from, needs_data
from fastmi.inputs import shown
from fastmi.measures import Counted, Layers
from fastmi.measures.base import one_layer, variables
from fastmi.points import Points

__all__ = ["choose_binning"]

ONE_LAYER = (
    "bins are chosen for one layer (n, d) of one network; choose for one copy (layer[0]), and read "
    "the others with the bins found"
)


def choose_binning(
    layer: Activations,
    y: LabelsLike,
    candidates: Sequence[Binning],
    *,
    n_classes: int | None = None,
) -> Binning:
    """Chooses, of m binnings, the one with the largest mean_lower of I(T;Y), and charges log2(m)/n.

    The best of m looks better than it is: under independence the mean of 2^(n mean_lower) is at
    most 1 for each, and for the best of them at most m. So mean_lower pays log2(m) / n bits a
    sample (`fastmi.belief.charge`), here and wherever the binning is used: in readings and in the
    report of a stream, and with it the verdict and the bound of the p-value. Then the best may be
    chosen and judged on the same samples: its mean_lower is in mean at most the information of the
    layer itself, which may be more than that of its bins. Choices of choices add up.

    What is not charged: the plug-in, its chance and mean_upper are those of the chosen bins, as if
    there had been no others. A choice prefers a plug-in that the sample shows too large, and so the
    excess over chance is too large, too, and mean_upper as a rule. A permutation test is refused.

    On samples that the choice has not seen nothing is owed: `dataclasses.replace(bins,
    n_candidates=1)`.

    Args:
        layer: (n, d) activations of one layer of one network. y: as in `PlaneEstimator`.
        candidates: binnings that do not know the labels, fixed or fitted to the layer here; each
            counts, equal ones too. Bins that were fitted to labels need other samples than these.
        n_classes: as in `PlaneEstimator`.

    Returns:
        the candidate, fitted, the first of equally good ones. `n_candidates` is m; `candidates` the
        table of all in the order given, whose repr is a page.

    Raises:
        TypeError: no sequence of binnings. ValueError: an empty one, copies or epochs of a layer,
            other numbers of samples; else as `PlaneEstimator`.

    Example:
        >>> import fastmi, numpy as np
        >>> layer = np.linspace(-1, 1, 600, endpoint=False)[:, None]
        >>> y = np.arange(600) // 100 % 2
        >>> bins = fastmi.choose_binning(
        ...     layer, y, [fastmi.UniformBins(k, range=(-1, 1)) for k in (2, 4, 6, 100)]
        ... )
        >>> bins
        UniformBins(n_bins=6, range=(-1.0, 1.0), out_of_range='separate', n_candidates=4)
        >>> [round(candidate.mean_lower, 3) for candidate in bins.candidates]
        [0.063, 0.052, 0.959, 0.641]
    """
    activations, labels = one_layer(layer, y, ONE_LAYER)
    tried = _fitted(candidates, layer)
    charged = [chosen_from(binning, len(tried)) for binning in tried]
    points = _points(activations, labels, charged, n_classes)
    table = Candidates(
        _candidate(str(binning), charged[i], points.map(lambda column, i=i: column[i]))
        for i, binning in enumerate(tried)
    )
    return chosen_from(table.best.binning, 1, table)


def _fitted(candidates: Any, layer: Activations) -> list[Binning]:
    """Reads the candidates, those that depend on data fitted to the layer."""
    if not isinstance(candidates, Sequence) or isinstance(candidates, str | bytes):
        one = isinstance(candidates, Binning)
        raise TypeError(
            f"candidates is {shown(candidates)}: pass a list of binnings"
            + (" ([candidates])" if one else ", as [fastmi.UniformBins(k, range=(-1, 1)), ...]")
        )
    if not candidates:
        raise ValueError("candidates is empty: pass one binning at least")
    for i, candidate in enumerate(candidates):
        if isinstance(candidate, type):
            as_binning(candidate, f"candidates[{i}]")
        if not isinstance(candidate, Binning):
            raise TypeError(
                f"candidates[{i}] is {shown(candidate)}: pass binnings, fixed or to be fitted, as "
                "fastmi.UniformBins(8, range=(-1, 1)) or fastmi.QuantileBins(8)"
            )
    return [
        as_binning(candidate.fit(layer) if needs_data(candidate) else candidate, f"candidates[{i}]")
        for i, candidate in enumerate(candidates)
    ]


def _points(
    activations: Any, labels: Any, binnings: Sequence[Binning], n_classes: int | None
) -> Points:
    """Measures the layer under all binnings at once, (m,)."""
    names = [str(i) for i in range(len(binnings))]
    # X is not asked for, and every x is its own
    fixed = variables(np.arange(len(activations))[:, None], labels, None, n_classes)
    reader = Counted(dict(zip(names, binnings, strict=True))).reader(fixed)
    layers = Layers(names, ["layer"] * len(names), [activations] * len(names))
    return reader.points(reader.prepare(layers, for_points=True))


def _candidate(name: str, binning: Binning, point: Points) -> Candidate:
    """Makes a row of the table of one candidate's point, whose columns are single numbers."""
    said = {column: array.item() for column, array in point.present.items()}
    charge = belief.charge(binning.n_candidates, said["n_samples"])
    return Candidate(
        name=name,
        binning=binning,
        n_symbols=said["n_symbols"],
        coverage=said["coverage"],
        information=said["i_ty"],
        uncharged=said["mean_lower"] + charge,
        charge=charge,
        mean_lower=said["mean_lower"],
        verdict=belief.VERDICTS[said["verdict"]],
        outside=said["outside"],
    )
