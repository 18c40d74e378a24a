"""PlaneEstimator: layers (..., n, d) -> points of the plane (..., n_layers), in three readings."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastmi import backends, checks, entropies
from fastmi.arrays import Assignment, Bits, FloatArray, Inputs, LabelsLike, LayersOf
from fastmi.belief import VERDICTS
from fastmi.binning import Binning, as_binning
from fastmi.counting import CoverageWarning
from fastmi.inputs import container, is_tensor, shortened, shown
from fastmi.measures import Counted, Layers, Measure, Reader
from fastmi.measures.base import points_of, through, variables
from fastmi.points import Points, joined
from fastmi.resampling import PermutationTest, Segments, pvalues_of, resamples

__all__ = ["PlaneEstimator", "Points", "Readings", "unsized", "warn_of_unresolved"]

UNRESOLVED = VERDICTS.index("unresolved")
ALONE = ("layers[0]",)  # the name of a layer that was passed by itself


class Readings(dict[str, Points]):
    """Points by the name of their reading."""

    def __repr__(self) -> str:
        shapes = (f"{name} {np.shape(points.i_xt)}" for name, points in self.items())
        return f"Readings: {', '.join(shapes)}"

    def __missing__(self, name: object) -> Points:
        ways = {
            "mean": (
                'the mean over copies is InformationPlane.collect(..., [readings["each"]],'
                " ...).mean()"
            ),
            "sampled": "pass assignment= to `readings`, the copy of each sample",
            "mixture": (
                "a layer is measured by what has no mixture, as KDEBounds (`PlaneEstimator.mixture`"
                " gives its reason)"
            ),
        }
        way = ways.get(str(name), "take one of these")
        # KeyError shows its repr: one kind of quotes
        raise KeyError(f'no reading "{name}" among {", ".join(self)}; {way}')


class PlaneEstimator:
    """Estimates I(X;T) = H(T) - H(T|X) and I(T;Y) = H(T) - H(T|Y) of layers T, in bits.

    X and Y are fixed once. Plug-in estimates over the given samples. A symbol of X or Y is a
    distinct row. Where every row of X is distinct and T is a function of X, H(T|X) is 0 and I(X;T)
    = H(T) exactly: a measure of how the activations cluster under this binning, not of information
    lost. (The recipe of Shwartz-Ziv and Tishby 2017, arXiv:1703.00810.)

    Args:
        x: (n, d) inputs of any real type, or (n, ...), flattened.
        y: (n,) labels or (n, k) rows of labels (one-hot is fine): integers, bools, strings or whole
            floats.
        binning: a binning, which is short for counting with it; a measure of `fastmi.measures`; or
            a mapping name -> either, for layers that are measured each in its own way.
        method: how counting estimates entropies, one of `fastmi.entropies.METHODS`. Over a
            population only "plugin", which is exact there.
        n_classes: how many classes Y has, known beforehand, seen or not; None where it is not
            known. The bracket of I(T;Y) rests on it.
        sample: what these samples are, which decides what is said of the numbers: "held-out", used
            for nothing else (not for stopping, nor for bins that are fitted to labels);
            "training"; "population", all there is; None where it is not known.
        chance_sd: whether `readings` state the standard deviation of chance, too. It costs more
            than all the rest: up to .15 s for a point, exactly; from 200 resamples beyond that.

    Attributes:
        method: of counting; the names of the measures that do not count. measured: how layers are
            measured, in a line.
        n_samples: n.
        n_x: the number of distinct rows of x; n_y: of y. variables: both, as readers take them.
        entropy_x, entropy_y: H(X) and H(Y) in bits, the ceilings of I(X;T) and I(T;Y).

    Raises:
        TypeError: an unknown container or dtype.
        ValueError: n = 0, different numbers of samples, NaN in x, labels that are not whole, an
            unknown method or sample, a corrected method over a population, n_classes below the
            classes seen.

    Example:
        >>> import fastmi, numpy as np
        >>> x, y = np.arange(4)[:, None], np.array([0, 0, 1, 1])
        >>> plane = fastmi.PlaneEstimator(x, y, fastmi.UniformBins(2, range=(-1, 1)))
        >>> plane.estimate(np.array([[-0.9], [-0.8], [0.8], [0.9]]))
        array([[1., 1.]])
    """

    def __init__(
        self,
        x: Inputs,
        y: LabelsLike,
        binning: Binning | Measure | Mapping[str, Binning | Measure],
        *,
        method: str = "plugin",
        n_classes: int | None = None,
        sample: str | None = None,
        chance_sd: bool = False,
    ) -> None:
        fixed = variables(x, y, sample, n_classes, chance_sd)
        self.sample, self.n_classes, self.variables = sample, n_classes, fixed
        self._judged = fixed.judged
        self.n_samples, self.n_x, self.n_y = fixed.n_samples, fixed.n_x, fixed.n_y
        self._measure_by(binning, method)

    def measured_by(
        self, binning: Binning | Measure | Mapping[str, Binning | Measure]
    ) -> PlaneEstimator:
        """Makes an estimator of the same X and Y that measures layers in another way.

        Raises:
            TypeError, ValueError: as at first.
        """
        other = copy.copy(self)
        other._measure_by(binning, "plugin")
        return other

    def _measure_by(self, binning: Any, method: str) -> None:
        fixed = self.variables
        self.binning = binning
        self.measures = _measures(binning, method)
        self.method = ", ".join(
            dict.fromkeys(
                getattr(measure, "method", type(measure).__name__) for measure, _ in self.measures
            )
        )
        self._readers = [(measure.reader(fixed), names) for measure, names in self.measures]
        counting = next(
            (measure.method for measure, _ in self.measures if isinstance(measure, Counted)),
            "plugin",
        )
        self.entropy_y, self.entropy_x = fixed.entropies(counting).tolist()

    def estimate(self, layers: LayersOf) -> Bits:
        """Estimates I(X;T) and I(T;Y) of each network by itself, and computes nothing else.

        Args:
            layers: a sequence of (..., n, d) activations, one array, or a mapping name -> array;
                the leading axes (epochs, copies) are the same in all.

        Returns:
            (..., n_layers, 2) bits; [..., 0] is I(X;T), [..., 1] is I(T;Y).

        Raises:
            TypeError, ValueError: arrays that are not real activations of these n samples, NaN,
                mixed devices, a layer without a measure.

        Warns:
            CoverageWarning: in some counted layer at most one sample in twenty shares its code and
                label with another, of twenty samples or more that are not all there is.
        """
        return self._bits(self._checked(layers))

    def sampled(self, layers: LayersOf, assignment: Assignment) -> Bits:
        """Estimates I(X;T) and I(T;Y) of every sample through one copy.

        T of sample i is layer[assignment[i], i]: the report's "extended" estimator. With distinct x
        I(X;T) is H(T) of that sample.

        Args:
            layers: as `estimate`, (..., n_copies, n, d).
            assignment: (..., n) integers, the copy of each sample.

        Returns:
            (..., n_layers, 2) bits.

        Raises:
            TypeError, ValueError: as `estimate`; an assignment that does not name a copy for each
                sample.

        Warns:
            CoverageWarning: as `estimate`.
        """
        checked = self._checked(layers)
        first = checked.arrays[0]
        copy_of: Any = checks.assignment(assignment, first.shape)
        if is_tensor(first):  # once for all layers
            copy_of = backends.twin_for(first).beside(copy_of, first).long()
        return self._bits(
            checked._replace(arrays=[through(layer, copy_of) for layer in checked.arrays])
        )

    def mixture(self, layers: LayersOf) -> Bits:
        """Estimates I(X;T) and I(T;Y) of every sample through every copy.

        p(t|x) is the average over the copies. So H(T|X) <= log2(n_copies). It does not grow with
        the number of copies: quote that number beside it.

        Args:
            layers: as `estimate`, (..., n_copies, n, d).

        Returns:
            (..., n_layers, 2) bits.

        Raises:
            TypeError, ValueError: as `estimate`; no axis of copies; a measure that has no mixture,
                with its reason.
        """
        checked = self._checked(layers)
        n_copies = checks.copies(checked.arrays[0].shape)
        groups = self._groups(checked)
        return _bits(
            [
                reader.bits(reader.mixture(reader.prepare(group_layers, n_copies)))
                for reader, group_layers, _ in groups
            ],
            groups,
        )

    def readings(self, layers: LayersOf, assignment: Assignment | None = None) -> Readings:
        """Estimates the three readings side by side, with everything that stands beside each point.

        What the readings share is done once.

        Args:
            layers: as `estimate`, (..., n_copies, n, d); or (n, d) of a single network, which is
                one copy.
            assignment: (..., n) integers, the copy of each sample; None leaves "sampled" out.

        Returns:
            a dict: "each": (..., n_copies, n_layers); "sampled" and "mixture": (..., n_layers), the
                latter where the measures have one. Asked for another reading it raises a KeyError
                that says where to find it.

        Raises:
            TypeError, ValueError: as `sampled`.

        Warns:
            CoverageWarning: some layer is unresolved, by its verdict in "each" or "sampled", of
                twenty samples or more that are not all there is.
        """
        checked = self._checked(layers)
        if checked.arrays[0].ndim == 2:
            checked = checked._replace(arrays=[layer[None] for layer in checked.arrays])
        shape = checked.arrays[0].shape
        n_copies = checks.copies(shape)
        copy_of = None if assignment is None else checks.assignment(assignment, shape)
        groups = self._groups(checked)
        ready = [
            (group.reader, group.reader.prepare(group.layers, n_copies, for_points=True))
            for group in groups
        ]
        each = [reader.points(prepared) for reader, prepared in ready]
        readings = Readings(each=_points(each, groups))
        if copy_of is not None:
            sampled = [
                reader.points(reader.sampled(prepared, copy_of)) for reader, prepared in ready
            ]
            readings["sampled"] = _points(sampled, groups)
        if self._judged:
            warn_of_unresolved(readings, checked.places, self.n_samples)
        if all(reader.mixes for reader, _ in ready):
            mixture = [reader.points(reader.mixture(prepared)) for reader, prepared in ready]
            readings["mixture"] = _points(mixture, groups)
        return readings

    def permutation_test(
        self,
        layers: LayersOf,
        *,
        n_resamples: int = 999,
        rng: int | np.random.Generator | None = None,
        of: str = "i_ty",
    ) -> PermutationTest:
        """Tests I(T;Y) = 0 of each network by itself, and of the whole plane, by permutations of Y.

        p = (1 + #{I(T;Y permuted) >= I(T;Y)}) / (1 + n_resamples), as `fastmi.permutation_test`.
        One permutation serves all layers, copies and epochs, so that what hangs together in them
        does under the null, too; pvalue_adjusted compares the largest (I - chance) / scale of all
        points (Westfall and Young 1993): the probability that any is at most a is at most a.

        It is said of held-out samples, or of networks that were never trained. Where `sample` is
        None this is yours to know: after training on these very samples T depends on the labels,
        and a small p says nothing of others.

        The statistic is the plug-in under every method; there is no test of a mixture, whose rows
        hang together.

        Args:
            layers: as `estimate`; the layers themselves, for the labels are permuted beside them.
            n_resamples: the permutations, at least 1. rng: a seed of 0..2^64 - 1, a NumPy
                Generator, or None for other permutations at each call.
            of: "i_ty"; I(X;T) has no null.

        Returns:
            a record: statistic (bits), pvalue, pvalue_adjusted, each (..., n_layers); n_resamples.

        Raises:
            TypeError, ValueError: as `estimate`; a finished table, a training sample or a
                population, I(X;T), a measure that does not count, bins that were chosen with
                labels, n_resamples below 1, another rng.
        """
        permutations = resamples(n_resamples, rng)
        _check_testable(layers, of, self.sample, [measure for measure, _ in self.measures])
        groups = self._groups(self._checked(layers))
        encoded = [group.reader.prepare(group.layers) for group in groups]
        segments = [
            Segments(each.codes.reshape(-1, self.n_samples), each.code_bits) for each in encoded
        ]
        columns = pvalues_of(segments, self.variables.ids_y, self.n_y, permutations)
        shapes = [tuple(each.codes.shape[:-1]) for each in encoded]
        statistic, pvalue, adjusted = (
            _layers_last(column, shapes)[..., _order(groups)] for column in columns
        )
        return PermutationTest(statistic, pvalue, adjusted, permutations.n)

    def __repr__(self) -> str:
        return (
            f"PlaneEstimator of {self.n_samples} samples, {self.n_x} x, {self.n_y} y: "
            f"{shortened(self.measured)}"
        )

    @property
    def measured(self) -> str:
        """Says how layers are measured, in a line."""
        return "; ".join(
            (
                str(measure)
                if names is None or isinstance(measure, Counted)
                else f"{', '.join(names)}: {measure}"
            )
            # counting names its layers itself, each with its bins
            for measure, names in self.measures
        )

    def _checked(self, layers: LayersOf) -> Layers:
        return _checked_layers(layers, self.n_samples)

    def _bits(self, layers: Layers) -> Bits:
        reader, names = self._readers[0]
        if names is None:
            return reader.bits(reader.prepare(layers))
        groups = self._groups(layers)
        return _bits(
            [group.reader.bits(group.reader.prepare(group.layers)) for group in groups], groups
        )

    def _groups(self, layers: Layers) -> list[Group]:
        """Groups the layers that are measured together: by which reader, and where they stand."""
        if self._readers[0][1] is None:
            return [Group(self._readers[0][0], layers, range(len(layers.names)))]
        groups = []
        for reader, names in self._readers:
            at = [i for i, name in enumerate(layers.names) if name in (names or ())]
            if at:
                groups.append(Group(reader, layers.some(at), at))
        lost = set(range(len(layers.names))) - {i for group in groups for i in group.at}
        if lost:
            known = ", ".join(repr(name) for _, names in self._readers for name in names or ())
            raise ValueError(
                f"binning names {known}, and not {layers.places[min(lost)]}: pass layers as a "
                "mapping with these names, or one binning for all"
            )
        return groups


def warn_of_unresolved(
    readings: Mapping[str, Points], places: Sequence[str], n_samples: int
) -> None:
    """Warns, once for a call, of the layers that this sample cannot size."""
    if not readings:
        return
    unresolved = np.concatenate(
        [unsized(points).reshape(-1, len(places)) for points in readings.values()]
    )
    lost = unresolved.sum(axis=0).tolist()
    if any(lost):
        warnings.warn(
            f"unresolved: {points_of(places, lost, len(unresolved))}: n = {n_samples} cannot size "
            "them under these bins; I(T;Y) may be what chance gives (the column beside it), and "
            "I(X;T) how many samples there are; take more samples, fewer bins or units, or another "
            "measure",
            CoverageWarning,
            stacklevel=checks.depth_of_caller(),
        )


def unsized(points: Points) -> npt.NDArray[np.bool_]:
    """Finds the counted points that their sample cannot size.

    An unresolved probe is not one: its number is near 0 or below, and misleads nobody.
    """
    if points.verdict is None or points.pair_coverage is None:
        return np.zeros(np.shape(points.i_ty), bool)
    return (points.verdict == UNRESOLVED) & ~np.isnan(points.pair_coverage)


class Group(NamedTuple):
    """Layers that one reader measures, and where they stand among all."""

    reader: Reader[Any]
    layers: Layers
    at: Sequence[int]


def _bits(of_groups: Sequence[Bits], groups: Sequence[Group]) -> Bits:
    """Puts bits (..., layers of a group, 2) in the order of the layers, (..., n_layers, 2)."""
    if len(groups) == 1:
        return of_groups[0]
    return np.concatenate(of_groups, axis=-2)[..., _order(groups), :]


def _points(of_groups: Sequence[Points], groups: Sequence[Group]) -> Points:
    """Puts points (..., layers of a group) in the order of the layers, (..., n_layers)."""
    if len(groups) == 1:
        return of_groups[0]
    return joined(of_groups, axis=-1).map(lambda column: column[..., _order(groups)])


def _layers_last(column: FloatArray, shapes: Sequence[tuple[int, ...]]) -> FloatArray:
    """Lays a number for each segment of codes (n_layers, ..., n) out as (..., n_layers)."""
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
    return np.concatenate(
        [
            np.moveaxis(numbers.reshape(shape), 0, -1)
            for numbers, shape in zip(np.split(column, ends), shapes, strict=True)
        ],
        axis=-1,
    )


def _check_testable(layers: Any, of: Any, sample: str | None, measures: Sequence[Measure]) -> None:
    """Refuses to test what has no null, or what a p-value would say nothing of."""
    if of == "i_xt":
        raise ValueError(
            "of is 'i_xt', and I(X;T) has no null: T is a function of X, so a shuffle of X changes "
            "nothing (with distinct x it is H(T) before and after); test 'i_ty', and see the column"
            " growth for what n samples can say of I(X;T)"
        )
    checks.one_of("of", of, ("i_ty",))
    if isinstance(layers, Points | Readings) or isinstance(getattr(layers, "points", None), Points):
        raise TypeError(
            f"layers is {shown(layers)}, a finished table: a test is made on layers, whose samples "
            "stand beside their labels; pass the activations that it was made of (a table of "
            "readings has their exact mean under shuffled labels in its column chance)"
        )
    reasons = {
        "training": (
            "T was fitted to these labels, and a shuffle of them says nothing of other samples: "
            "test held-out samples, sample='held-out', and beside these show chance alone"
        ),
        "population": (
            "nothing is estimated, so there is nothing to test: I(T;Y) is what it is, and 0 only "
            "where it is 0"
        ),
    }
    if sample in reasons:
        raise ValueError(f"sample is {sample!r}: {reasons[sample]}")
    _check_not_chosen(measures)
    others = [measure for measure in measures if not isinstance(measure, Counted)]
    if others:
        raise ValueError(
            f"binning measures by {others[0]}, which does not count: the permutation test is one "
            "of counted layers; make an estimator of a binning for it"
        )


def _check_not_chosen(measures: Sequence[Measure]) -> None:
    """Refuses bins that were chosen with labels, of which permuted ones know nothing."""
    for measure in measures:
        for bins in measure.binnings if isinstance(measure, Counted) else ():
            if bins.n_candidates > 1:
                raise ValueError(
                    f"binning was chosen with labels ({shown(bins)}), of which a permutation of "
                    "them knows nothing: p would be too small; test other samples, with "
                    "dataclasses.replace(binning, n_candidates=1), or take "
                    "fastmi.belief.pvalue_bound of mean_lower, which pays for the choice"
                )


def _order(groups: Sequence[Group]) -> list[int]:
    return np.argsort([i for group in groups for i in group.at]).tolist()


def _measures(given: Any, method: str) -> list[tuple[Measure, tuple[str, ...] | None]]:
    """Reads `binning` as measures, and the names of each one's layers, None for all.

    Counting by one method is one measure for all of its layers.

    Raises:
        TypeError, ValueError: neither a binning nor a measure, an unknown method, one beside a
            measure that has its own.
    """
    entropies.method(method)
    if not isinstance(given, Mapping):
        return [(_measure("binning", given, method), None)]
    if not given:
        raise ValueError(
            "binning is empty: pass a mapping name -> binning of the layers that are to be measured"
        )
    by_name = {
        str(name): _measure(f"binning[{name!r}]", value, method) for name, value in given.items()
    }
    counted: dict[str, dict[str, Binning]] = {}
    for name, measure in by_name.items():
        if isinstance(measure, Counted):
            counted.setdefault(measure.method, {})[name] = measure.binning_of(name)
    measures: list[tuple[Measure, tuple[str, ...] | None]] = [
        (Counted(bins, its_method), tuple(bins)) for its_method, bins in counted.items()
    ]
    others = {id(other): other for other in by_name.values() if not isinstance(other, Counted)}
    return measures + [
        (other, tuple(name for name, measure in by_name.items() if measure is other))
        for other in others.values()
    ]


def _measure(name: str, given: Any, method: str) -> Measure:
    if isinstance(given, type) and hasattr(given, "reader"):
        raise TypeError(
            f"{name} is the class {given.__name__}: pass one of it, {given.__name__}(...)"
        )
    if isinstance(given, type) or not isinstance(given, Measure):
        return Counted(as_binning(given, name), method)
    if method != "plugin":
        raise ValueError(
            f"method is {method!r} beside the measure {given}: it belongs to counting, "
            f"Counted(binning, {method!r})"
        )
    return given


def _checked_layers(layers: Any, n_samples: int) -> Layers:
    """Reads one array, a sequence or a mapping as float32 (..., n, d) on one device.

    The leading axes are the same in all.
    """
    names: Sequence[str]
    if isinstance(layers, np.ndarray) or is_tensor(layers):
        given, names = [layers], ALONE
        places = names
    elif isinstance(layers, Mapping):
        given, names = list(layers.values()), list(map(str, layers))
        places = [f"layers[{name!r}]" for name in names]
        if len(set(names)) < len(names):
            raise ValueError(
                f"layers names {max(names, key=names.count)!r} twice: names are strings, and each "
                "stands once"
            )
    else:
        given = (
            list(layers)
            if isinstance(layers, Sequence) and not isinstance(layers, str | bytes)
            else []
        )
        names = places = [f"layers[{i}]" for i in range(len(given))]
    if not given:
        # a DataFrame, say: no sequence of layers, and its own way to one
        if hasattr(layers, "__array__"):
            container("layers", layers)
        raise TypeError(
            f"layers is {shown(layers)}: pass one array (..., n, d), a non-empty sequence of them "
            "(list(layers)) or a mapping"
        )
    if len(given) > 1:
        checks.same_device(**dict(zip(places, given, strict=True)))
    arrays = [
        checks.activations(place, layer, n_samples)
        for place, layer in zip(places, given, strict=True)
    ]
    for place, array in zip(places, arrays, strict=True):
        if array.shape[:-2] != arrays[0].shape[:-2]:
            raise ValueError(
                f"{place} has leading axes {tuple(array.shape[:-2])}, {places[0]} has "
                f"{tuple(arrays[0].shape[:-2])}: every layer needs the same copies and epochs in "
                "front of (n_samples, n_units)"
            )
    return Layers(names, places, arrays)
