"""a layer, labels, bins -> what each unit by itself knows of the labels, and of each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastmi import belief, checks, entropies
from fastmi.arrays import Activations, FloatArray, IntArray, LabelsLike
from fastmi.belief import VERDICTS
from fastmi.binning import Binning, as_binning
from fastmi.counting import Tally, tally_cells
from fastmi.inputs import shortened
from fastmi.measures.base import Variables, one_layer, variables
from fastmi.measures.units import UnitTallies, cells_of, check_table, tallies_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from fastmi.figures import UnitMap

__all__ = ["BestUnits", "Unit", "UnitInformation", "unit_information"]

ONE_LAYER = (
    "units are those of one layer (n, d) of one network; pass one copy of one epoch (layer[0])"
)


class Unit(NamedTuple):
    """What one unit knows, in bits; None is not stated.

    Attributes:
        unit: its number. i_ty, chance, excess, mean_lower, pvalue_bound, verdict: as
            `UnitInformation`. best_class: the class that it knows most of. of_class: what it knows
            of that one, above chance.
    """

    unit: int
    i_ty: float
    chance: float | None
    excess: float
    mean_lower: float | None
    pvalue_bound: float | None
    verdict: str
    best_class: Any
    of_class: float

    @property
    def cells(self) -> tuple[str, ...]:
        """Says its numbers as a line of the table does."""
        return (
            str(self.unit),
            *("" if bits is None else f"{bits:.4f}" for bits in self[1:5]),
            "" if self.pvalue_bound is None else f"{self.pvalue_bound:.2g}",
            self.verdict,
            str(self.best_class),
            f"{self.of_class:.4f}",
        )


class BestUnits(tuple[Unit, ...]):
    """The best units, the best one first; its repr is a table."""

    __slots__ = ()

    def __repr__(self) -> str:
        rows = [Unit._fields, *(unit.cells for unit in self)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
            for row in rows
        )


@dataclass(frozen=True, eq=False, repr=False)
class UnitInformation:
    """What each of d units by itself knows of Y, and of each of its K classes, in bits.

    Attributes:
        i_ty: (d,) the plug-in I(t_d;Y). h_t: (d,) H(t_d). n_symbols: (d,).
        chance: (d,) the exact mean of i_ty over shuffles of Y. excess: i_ty less chance.
        mean_lower, mean_upper: (d,) the bracket, in mean over held-out samples. mean_lower, and the
            verdict with it, pay `charge`, log2(d m) / n bits for the choice among d units under one
            of m binnings: it holds of whichever unit is looked at, the best one, too.
        pvalue_bound: (d,) min(1, 2^(-n mean_lower)), the charge included: the probability that
            under independence any unit's is at most a is at most a. None of a training sample.
        verdict: (d,) numbers of `fastmi.belief.VERDICTS`. pair_coverage: (d,).
        classes: (K,) or (K, k) the labels. of_classes: (d, K) the plug-in I(t_d; 1[Y = k]), what a
            unit knows of whether it is class k. It is at most I(t_d;Y) and H(1[Y = k]), and does
            not add up over classes. chance_of_classes: (d, K) its exact chance.
            excess_of_classes: the one less the other.
        h_y: H(Y). n_samples: n. n_classes, sample: as given. binning: of all units.

    Over a population chance and the bracket are None, and excess is i_ty.
    """

    i_ty: FloatArray
    h_t: FloatArray
    n_symbols: IntArray
    pair_coverage: FloatArray | None
    chance: FloatArray | None
    mean_lower: FloatArray | None
    mean_upper: FloatArray | None
    verdict: npt.NDArray[Any]
    classes: npt.NDArray[Any]
    of_classes: FloatArray
    chance_of_classes: FloatArray | None
    h_y: float
    n_samples: int
    n_classes: int | None
    sample: str | None
    binning: Binning

    @property
    def n_units(self) -> int:
        """Counts the units, d."""
        return self.i_ty.size

    @property
    def charge(self) -> float:
        """Measures what the choice of a unit, and of the bins, costs: log2(d m) / n."""
        return belief.charge(self.n_units * self.binning.n_candidates, self.n_samples)

    @property
    def excess(self) -> FloatArray:
        """Subtracts chance from I(t_d;Y), (d,)."""
        return self.i_ty if self.chance is None else self.i_ty - self.chance

    @property
    def excess_of_classes(self) -> FloatArray:
        """Subtracts chance from I(t_d; 1[Y = k]), (d, K)."""
        chance = self.chance_of_classes
        return self.of_classes if chance is None else self.of_classes - chance

    @property
    def pvalue_bound(self) -> FloatArray | None:
        """Bounds the p-value of independence of each unit, adjusted for d of them, (d,)."""
        if self.mean_lower is None or self.sample == "training":
            return None
        return belief.pvalue_bound(self.mean_lower, self.n_samples)

    def best(self, n: int = 10) -> BestUnits:
        """Lists the n units with the largest mean_lower (over a population I(t_d;Y)), best first.

        Raises:
            TypeError, ValueError: n is no integer of at least 1.
        """
        score = self.i_ty if self.mean_lower is None else self.mean_lower
        order = np.argsort(-score, kind="stable")[: checks.positive_integer("n", n)]
        return BestUnits(self._unit(int(unit)) for unit in order)

    def to_pandas(self) -> DataFrame:
        """Makes a pandas.DataFrame, a row for each unit, in the order of the layer.

        Behind the fields of `Unit` stands excess_of_classes, a column for each class.

        Raises:
            ImportError: pandas is not installed.
        """
        import pandas

        frame = pandas.DataFrame([self._unit(i) for i in range(self.n_units)], columns=Unit._fields)
        excess = self.excess_of_classes
        names = [f"class {name}" for name in self._names]
        return frame.join(pandas.DataFrame(excess, columns=names))

    def plot(self) -> Figure:
        """Draws what each unit knows of each class, above chance: the units sorted by their best.

        Above the map stand I(t_d;Y), its chance and mean_lower.

        Returns:
            a matplotlib Figure; `.savefig(name)` writes PNG, SVG or PDF.
        """
        from fastmi import figures

        return figures.unit_map(self.map())

    def map(self, most: int | None = None) -> UnitMap:
        """Gives what `fastmi.figures` draws of it, the units in the order in which they stand.

        Args:
            most: units at most: of more those with the largest excess, as the caption says.

        Raises:
            TypeError, ValueError: most is no integer of at least 1.
        """
        from fastmi import figures

        order, told = self._by_class(), f"{self.n_units:,} units"
        if most is not None and checks.positive_integer("most", most) < self.n_units:
            order = order[np.isin(order, np.argsort(-self.excess, kind="stable")[:most])]
            told = f"the best {most:,} of {told} by I(t;Y) above chance"
        chance, lower = (
            None if column is None else column[order] for column in (self.chance, self.mean_lower)
        )
        return figures.UnitMap(
            units=order,
            classes=self._names,
            of_classes=self.excess_of_classes[order],
            i_ty=self.i_ty[order],
            chance=chance,
            lower=lower,
            ceiling=self.h_y,
            caption=(
                f"{told}, n = {self.n_samples:,}"
                f"{f', {self.sample} sample' if self.sample else ''}; plug-in estimate of each "
                f"unit by itself, {self.binning}"
            ),
        )

    @property
    def _names(self) -> list[str]:
        return [
            ", ".join(map(str, name)) if isinstance(name, list) else str(name)
            for name in self.classes.tolist()
        ]

    def _by_class(self) -> IntArray:
        """Sorts the units by the class that they know most of, those that know most first.

        Units that know nothing of any class stand at the end.
        """
        excess = self.excess_of_classes
        best, most = excess.argmax(axis=1), excess.max(axis=1)
        group = np.where(most > 0, best, len(self.classes))
        return np.lexsort((-most, group))

    def _unit(self, i: int) -> Unit:
        def of(column: FloatArray | None) -> float | None:
            return None if column is None else column[i].item()

        excess = self.excess_of_classes[i]
        return Unit(
            unit=i,
            i_ty=self.i_ty[i].item(),
            chance=of(self.chance),
            excess=self.excess[i].item(),
            mean_lower=of(self.mean_lower),
            pvalue_bound=of(self.pvalue_bound),
            verdict=VERDICTS[int(self.verdict[i])],
            best_class=self.classes.tolist()[excess.argmax()],
            of_class=excess.max().item(),
        )

    def __repr__(self) -> str:
        ((unit, *_, best_class, bits),) = self.best(1)
        of_class = shortened(str(best_class), 24)
        return (
            f"UnitInformation of {self.n_units:,} units, {len(self.classes):,} classes, n = "
            f"{self.n_samples:,}: best is unit {unit}, {bits:.3g} bits of class {of_class}"
        )


def unit_information(
    layer: Activations,
    y: LabelsLike,
    binning: Binning,
    *,
    n_classes: int | None = None,
    sample: str | None = None,
) -> UnitInformation:
    """Counts every unit of a layer by itself: I(t_d;Y), and what it knows of each class.

    Each I(t_d;Y) is `fastmi.mutual_information` of the unit's symbols and y, bit for bit, and each
    I(t_d; 1[Y = k]) that of its symbols and y == k; all of them come of one pass. What only several
    units together say of Y is not seen: of y = t_1 XOR t_2 each unit knows nothing.

    Args:
        layer: (n, d) activations of one layer of one network. y: as in `PlaneEstimator`.
        binning: of every unit.
        n_classes, sample: as in `PlaneEstimator`; the bracket and the verdicts rest on them.

    Returns:
        a record: arrays (d,) and (d, K); `best(10)` is the table of the best units, `plot()` the
        picture, `to_pandas()` all of it.

    Raises:
        TypeError, ValueError: copies or epochs of a layer, other numbers of samples, NaN, no
            binning or one that is to be fitted, bins x classes beyond 2^24; else as
            `PlaneEstimator`.

    Example:
        >>> import fastmi, numpy as np
        >>> y = np.arange(300) % 3
        >>> layer = np.stack([y == 2, np.arange(300) // 150, y], axis=1).astype(np.float32)
        >>> units = fastmi.unit_information(layer, y, fastmi.Edges([0.5, 1.5]))
        >>> units.i_ty.round(3).tolist()
        [0.918, 0.0, 1.585]
        >>> [unit.unit for unit in units.best(2)], units.best(2)[1].best_class
        ([2, 0], 2)
    """
    activations, labels = one_layer(layer, y, ONE_LAYER)
    bins = as_binning(binning)
    fixed = variables(np.arange(len(activations))[:, None], labels, sample, n_classes)
    order = _sorted(fixed.classes)
    cells = _cells(activations, bins, fixed)
    units, h_y = tallies_of(cells), float(fixed.entropies("plugin")[0])
    counts = np.bincount(fixed.ids_y)
    h_t = entropies.plugin(units.codes)
    d = h_t.size
    charge = belief.charge(d * bins.n_candidates, fixed.n_samples)
    said = fixed.statements.of(*units, np.full(d, charge))
    of_classes = [_of_class(cells, h_t, k) for k in order]
    chances = [_chance_of_class(units, counts[k]) for k in order] if "chance" in said else None
    return UnitInformation(
        i_ty=entropies.information(h_t, np.array(h_y), entropies.plugin(units.pairs)),
        h_t=h_t,
        n_symbols=units.codes.n_symbols,
        pair_coverage=said.get("pair_coverage"),
        chance=said.get("chance"),
        mean_lower=said.get("mean_lower"),
        mean_upper=said.get("mean_upper"),
        verdict=said["verdict"],
        classes=fixed.classes[order],
        of_classes=np.stack(of_classes, axis=1),
        chance_of_classes=None if chances is None else np.stack(chances, axis=1),
        h_y=h_y,
        n_samples=fixed.n_samples,
        n_classes=n_classes,
        sample=sample,
        binning=bins,
    )


def _cells(layer: Any, bins: Binning, fixed: Variables) -> IntArray:
    check_table("layer", layer.shape[1], bins, fixed.n_y)
    labels = fixed.labels_beside(layer, 1)[0]
    return cells_of(layer, bins, labels, fixed.n_y, "layer")[0]


def _sorted(classes: npt.NDArray[Any]) -> list[int]:
    """Finds the order of the labels, which a column holds in one kind."""
    given = classes.tolist()
    return sorted(range(len(given)), key=given.__getitem__)


def _of_class(cells: IntArray, h_t: FloatArray, k: int) -> FloatArray:
    """Computes I(t_d; 1[Y = k]) of tables (K, d, n_symbols), (d,) in bits."""
    others = cells.sum(axis=0) - cells[k]
    n_k, n_others = int(cells[k][0].sum()), int(others[0].sum())
    h_k = entropies.plugin(Tally.of_counts(np.array([n_k, n_others])))
    h_tk = entropies.plugin(tally_cells(np.concatenate([cells[k], others], axis=1)))
    return entropies.information(h_t, h_k, h_tk)


def _chance_of_class(units: UnitTallies, n_k: int) -> FloatArray:
    """Averages I(t_d; 1[Y = k]) of a class of n_k samples over all shuffles, (d,) in bits."""
    split = np.array([n_k, units.codes.n_samples - n_k])
    return belief.chance(units.codes, split[split > 0])
