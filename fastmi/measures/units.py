"""PerUnit: every unit of a layer counted by itself; the best of them stands for the layer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastmi import backends, belief, entropies
from fastmi.arrays import Activations, Bits, FloatArray, IntArray
from fastmi.backends import Census, Occurrences
from fastmi.binning import Binning
from fastmi.coding import encode_layers, judge_census
from fastmi.counting import Tally, tally, tally_cells
from fastmi.inputs import is_tensor, shortened
from fastmi.measures.base import Layers, Variables, through, warn_of_pairs
from fastmi.measures.counted import Counted
from fastmi.points import Points, joined

__all__ = ["PerUnit", "UnitTallies", "cells_of", "check_table", "count_units", "tallies_of"]

MOST_CELLS = 2**24  # counts (units x symbols x labels) that are held as a table
TOGETHER = 2**23  # symbols that are held where a table would be larger


@dataclass(frozen=True, repr=False)
class PerUnit:
    """Measures I(X;t) and I(t;Y) of the best unit t of a layer, each unit counted by itself.

    The best unit has the largest mean_lower of I(t_d;Y), or, where nothing is said of a sample (a
    mixture, a population), the largest I(t_d;Y); the first of equally good ones. Its point is the
    one that counting it alone gives, of which mean_lower, and the verdict with it, pay for the
    choice among d units as for one among bins: log2(d) / n bits (`fastmi.choose_binning`). So
    mean_lower is in mean at most I(T;Y) of the whole layer. What is not charged: I(t;Y), its chance
    and mean_upper are those of this unit, as if there had been no others, and the best of many
    stands above its chance by chance. The means over all units, units_i_ty beside units_chance, are
    no choice: under shuffled labels the one is in mean exactly the other.

    I(t_d;Y) <= I(T;Y) and I(X;t_d) <= I(X;T) for every unit. What only several units together say
    of Y is not seen: of y = t_1 XOR t_2 each unit knows nothing. A unit has few symbols at any
    width, so that n = 1000 says as much of a layer of 4096 units as of one of four.
    `fastmi.unit_information` gives the numbers of every unit, and what it knows of each class.

    Args:
        binning: `Edges`, `UniformBins`, ..., the same for every unit of a layer; one for all
            layers, or a mapping name -> binning.

    Raises:
        TypeError, ValueError: as `Counted`.
    """

    binning: Binning | Mapping[str, Binning]

    def __post_init__(self) -> None:
        object.__setattr__(self, "binning", Counted(self.binning).binning)

    def __hash__(self) -> int:
        return hash(str(self))

    def reader(self, variables: Variables) -> _Reader:
        """Fixes X and Y.

        Where every x is another, batches are added up in one table a layer.
        """
        adds_up = variables.n_x == variables.n_samples
        return (_Adding if adds_up else _Reader)(self, variables)

    def __repr__(self) -> str:
        return f"PerUnit({shortened(str(Counted(self.binning)))})"

    def __str__(self) -> str:
        return f"unit by unit: {Counted(self.binning)}"


class UnitTallies(NamedTuple):
    """Tallies of every unit's symbols, and of its pairs with a label, a segment each."""

    codes: Tally
    pairs: Tally


class _Prepared(NamedTuple):
    """Layers (..., n_repeats n, d), sample i at i, n + i, 2n + i, ... of each."""

    layers: Layers
    n_repeats: int = 1


class _Counts(NamedTuple):
    """The units of s networks, s d segments; their pairs with X, if these are counted.

    And the share of activations outside in each network, (s,).
    """

    units: UnitTallies
    with_x: Tally | None
    outside: FloatArray


class _Reader:
    """Counts units: what is prepared is the layers themselves, for a table has no samples."""

    mixes = True

    def __init__(self, measure: PerUnit, variables: Variables) -> None:
        self._variables, self._of_layer = variables, Counted(measure.binning).binning_of
        self._h_y, self._h_x = variables.entropies("plugin").tolist()

    def prepare(self, layers: Layers, n_copies: int = 1, for_points: bool = False) -> _Prepared:
        return _Prepared(layers)

    def sampled(self, prepared: _Prepared, assignment: IntArray) -> _Prepared:
        arrays = [through(layer, assignment) for layer in prepared.layers.arrays]
        return _Prepared(prepared.layers._replace(arrays=arrays))

    def mixture(self, prepared: _Prepared) -> _Prepared:
        layers, n_copies = prepared.layers, prepared.layers.arrays[0].shape[-3]
        arrays = [
            layer.reshape(*layer.shape[:-3], n_copies * layer.shape[-2], layer.shape[-1])
            for layer in layers.arrays
        ]
        return _Prepared(layers._replace(arrays=arrays), n_copies)

    def bits(self, prepared: _Prepared) -> Bits:
        points = self._points(prepared, for_points=False)
        if points.pair_coverage is not None:
            coverage = np.moveaxis(points.pair_coverage, -1, 0)
            warn_of_pairs(self._variables, prepared.layers.places, coverage)
        return points.bits

    def points(self, prepared: _Prepared) -> Points:
        return self._points(prepared, for_points=True)

    def _points(self, prepared: _Prepared, for_points: bool) -> Points:
        layers, n_repeats = prepared
        found = []
        for name, place, array in zip(*layers, strict=True):
            *leading, _, d = array.shape
            bins = self._of_layer(name)
            counts = self._counted(array.reshape(-1, *array.shape[-2:]), bins, n_repeats, place)
            columns = self._columns(counts, d, bins, n_repeats == 1, for_points)
            found.append(
                Points(**{key: column.reshape(*leading, 1) for key, column in columns.items()})
            )
        return joined(found, axis=-1)

    def _counted(self, networks: Any, bins: Binning, n_repeats: int, place: str) -> _Counts:
        """Counts the units of networks (s, n_repeats n, d)."""
        fixed = self._variables
        labels = _repeated(fixed.labels_beside(networks, 2), n_repeats)
        units, with_x, outside = [], [], []
        for network in networks:
            counted, n_outside = count_units(network, bins, labels[0], fixed.n_y, place)
            units.append(counted)
            outside.append(n_outside / math.prod(network.shape))
            if fixed.n_x < fixed.n_samples or n_repeats > 1:
                with_x.append(_by_codes(network, bins, labels[1], fixed.n_x, place)[0].pairs)
        return _Counts(
            UnitTallies(*(Tally.joined(tallies) for tallies in zip(*units, strict=True))),
            Tally.joined(with_x) if with_x else None,
            np.array(outside),
        )

    def _columns(
        self, counts: _Counts, d: int, bins: Binning, said: bool, for_points: bool
    ) -> dict[str, npt.NDArray[Any]]:
        """Finds the best of each network's d units and its columns, (s,).

        `said`: whether the rows are samples, of which something can be said.
        """
        (codes, pairs), fixed = counts.units, self._variables
        statements = fixed.statements
        h_t, h_y, h_x = entropies.plugin(codes), np.array(self._h_y), np.array(self._h_x)
        h_tx = h_x if counts.with_x is None else entropies.plugin(counts.with_x)
        columns: dict[str, npt.NDArray[Any]] = {
            "i_xt": entropies.information(h_t, h_x, h_tx),
            "i_ty": entropies.information(h_t, h_y, entropies.plugin(pairs)),
        }
        charge = belief.charge(d * bins.n_candidates, fixed.n_samples)
        if said and for_points:
            of_all = replace(statements, scatter=False)  # that of the best is enough, and dear
            columns |= of_all.of(codes, pairs, np.full(h_t.shape, charge))
        elif said:
            columns["pair_coverage"] = pairs.coverage
        score = columns["i_ty"]
        if said and statements.sample != "population":
            score = columns.get("mean_lower", self._lower(columns["i_ty"], codes) - charge)
        best = score.reshape(-1, d).argmax(axis=1) + d * np.arange(h_t.size // d)
        means = {
            f"units_{name}": columns[name].reshape(-1, d).mean(axis=1)
            for name in ("i_ty", "chance")
            if for_points and name in columns
        }
        if for_points:
            columns |= {"n_symbols": codes.n_symbols, "coverage": codes.coverage}
            if said:
                chosen = Tally.joined([codes.between(i, i + 1) for i in best.tolist()])
                means |= {"outside": counts.outside} | statements.scattered(chosen)
            means["n_samples"] = np.full(best.shape, fixed.n_samples)
        return {name: column[best] for name, column in columns.items()} | means

    def _lower(self, i_ty: FloatArray, codes: Tally) -> FloatArray:
        statements = self._variables.statements
        return belief.mean_lower(i_ty, codes, statements.class_counts, statements.n_classes)


class _State(NamedTuple):
    """What the batches of a layer have shown so far.

    Attributes:
        bins: of the layer. cells: (n_labels, d, n_symbols). n_outside, n_values: of activations.
            n_repeats: positions of a sample, each a row. with_x: (d, n_repeats + 1), how many
            pairs of a unit's symbol and a sample occur once, twice, ...
    """

    bins: Binning
    cells: IntArray
    n_outside: int
    n_values: int
    n_repeats: int
    with_x: IntArray


class _Adding(_Reader):
    """Adds up batches: the samples of one are in no other, and so are their pairs with X."""

    def accumulate(self, state: _State | None, layers: Layers, first: int) -> _State:
        ((name, place, array),) = zip(*layers, strict=True)
        *positions, n, d = array.shape
        bins, n_y, n_repeats = self._of_layer(name), self._variables.n_y, math.prod(positions)
        check_table(place, d, bins, n_y)
        rows = array.reshape(-1, d)
        labels = self._variables.labels_beside(rows, 1)[:, first : first + n]
        cells, census = cells_of(rows, bins, _repeated(labels, n_repeats)[0], n_y, place)
        with_x = np.zeros((d, n_repeats + 1), np.int64)
        if n_repeats > 1:
            samples = np.tile(np.arange(n), n_repeats)
            samples = backends.twin_for(rows).beside(samples, rows)
            found = _by_codes(rows, bins, samples, n, place)[0].pairs.occurrences
            with_x[found.segment, found.times] = found.symbols
        if state is None:
            return _State(bins, cells, census.outside, rows.shape[0] * d, n_repeats, with_x)
        return state._replace(
            cells=state.cells + cells,
            n_outside=state.n_outside + census.outside,
            n_values=state.n_values + rows.shape[0] * d,
            with_x=state.with_x + with_x,
        )

    def accumulated(self, state: _State) -> Points:
        d, n_repeats = state.cells.shape[1], state.n_repeats
        units, with_x = tallies_of(state.cells), None
        if n_repeats > 1:
            segment, times = np.nonzero(state.with_x)
            found = Occurrences(segment, times, state.with_x[segment, times])
            with_x = Tally(d, units.codes.n_samples, found)
        counts = _Counts(units, with_x, np.array([state.n_outside / state.n_values]))
        return Points(**self._columns(counts, d, state.bins, n_repeats == 1, for_points=True))


def check_table(place: str, d: int, bins: Binning, n_labels: int) -> None:
    """Refuses a table of a layer's units, their symbols and labels that would be too large."""
    n_cells = d * (bins.n_edges + 1) * n_labels
    if n_cells > MOST_CELLS:
        raise ValueError(
            f"{place} has {d} units, of which a table of {bins.n_edges + 1} symbols and {n_labels} "
            f"labels holds {n_cells} counts, and no more than {MOST_CELLS} are held: take fewer "
            "bins, labels of fewer classes, or some units at a time"
        )


def _repeated(labels: Any, n: int) -> Any:
    """Lays labels (l, n_samples) end to end n times."""
    if n == 1:
        return labels
    return labels.repeat(1, n) if is_tensor(labels) else np.tile(labels, n)


def count_units(
    layer: Activations, binning: Binning, labels: Any, n_labels: int, place: str = "layer"
) -> tuple[UnitTallies, int]:
    """Counts every unit's symbols, and their pairs with labels, of one network's layer (m, d).

    In one pass, in a table units x symbols x labels; where that is too large, by what occurs.

    Args:
        labels: (m,) in 0..n_labels - 1, where the layer is. place: what messages call it.

    Returns:
        tallies of d segments each, and how many activations lie outside.

    Raises:
        ValueError: NaN, or activations outside under out_of_range="raise".
    """
    if layer.shape[1] * (binning.n_edges + 1) * n_labels <= MOST_CELLS:
        cells, census = cells_of(layer, binning, labels, n_labels, place)
        return tallies_of(cells), census.outside
    return _by_codes(layer, binning, labels, n_labels, place)


def cells_of(
    layer: Activations, binning: Binning, labels: Any, n_labels: int, place: str
) -> tuple[IntArray, Census]:
    """Counts every unit's symbols beside each label in a table, (n_labels, d, n_symbols)."""
    twin = backends.twin_for(layer)
    cells, census = twin.count_units(layer, binning.cut, labels, n_labels)
    judge_census(place, *census, binning)
    return cells, census


def tallies_of(cells: IntArray) -> UnitTallies:
    """Tallies tables (n_labels, d, n_symbols), a segment for each unit."""
    n_labels, d, n_symbols = cells.shape
    by_unit = cells.swapaxes(0, 1).reshape(d, n_labels * n_symbols)
    return UnitTallies(tally_cells(cells.sum(axis=0)), tally_cells(by_unit))


def _by_codes(
    layer: Activations, binning: Binning, labels: Any, n_labels: int, place: str
) -> tuple[UnitTallies, int]:
    """Counts some units at a time, each as a layer of its own."""
    m, d = layer.shape
    found, n_outside, step = [], 0, max(1, TOGETHER // m)
    for first in range(0, d, step):
        part = layer[:, first : first + step]
        encoded = encode_layers([part.reshape(-1, 1)], [binning], [place])
        codes = encoded.codes.reshape(part.shape).T
        codes = codes.contiguous() if is_tensor(codes) else np.ascontiguousarray(codes)
        counts = tally(codes, labels[None], (n_labels,), encoded.code_bits)
        width = len(codes)
        found.append((counts.between(0, width), counts.between(width, 2 * width)))
        n_outside += encoded.censuses[0].outside
    return UnitTallies(*map(Tally.joined, zip(*found, strict=True))), n_outside
