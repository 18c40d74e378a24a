"""samples, rules for bins and X -> an estimator for each sample, set of labels and measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fastmi.binning import Edges
from fastmi.inputs import on_host, shown
from fastmi.measures.base import Fittable, placed, spread
from fastmi.planes import PlaneEstimator
from fastmi.recorders import rules
from fastmi.recorders.samples import Sample

__all__ = ["Estimators", "Place"]

Place = tuple[str, str, str]  # of a table: sample, set of labels, measure
STAND_IN = Edges([0.0])  # for bins that are not fitted yet


class Estimators:
    """Makes estimators once their bins are fixed, and keeps them.

    Measures that are to be fitted to layers (`Fittable`) are so at each update, to rows of the
    first sample that training has: `of` knows them as they were given, `fitted` as they read now.

    Attributes:
        rules: name of a measure -> what is given, or what it was fixed to. fit_on: the sample that
            measures are fitted to.
        places: of all tables, in their order.
    """

    def __init__(
        self, samples: Sequence[Sample], given: Mapping[str, Any], inputs: Any, n_classes: Any
    ) -> None:
        self._samples = {sample.name: sample for sample in samples}
        self._inputs, self._n_classes = _inputs(inputs, list(self._samples)), n_classes
        self._made: dict[Place, PlaneEstimator] = {}
        self._fitted: dict[Place, PlaneEstimator] = {}
        self.fit_on = self._samples.get("training", samples[0])
        self.rules = dict(given)
        self.places: list[Place] = [
            (sample.name, labels, measure)
            for sample in samples
            for labels in sample.labels
            for measure in given
        ]
        for place in self.places:  # what cannot be counted is said before the training
            rule = self.rules[place[2]]
            self._make(place, STAND_IN if rules.needs_values(rule) else rule)

    @property
    def needs_values(self) -> bool:
        """Tells whether bins are to be fitted to a first reading."""
        return any(rules.needs_values(rule) for rule in self.rules.values())

    def fix(self, layers: Sequence[str], values: Mapping[str, Any]) -> None:
        """Fixes what measures each layer, by the values of a first reading where bins need it."""
        self.rules = {name: rules.fitted(rule, layers, values) for name, rule in self.rules.items()}

    def take(self, bins: Mapping[str, Mapping[str, Any]], layers: Sequence[str]) -> None:
        """Takes bins that were fixed before, as of a file."""
        for name, held in bins.items():
            of_layers = {layer: rules.rule_of(self.rules[name], layer) for layer in layers}
            self.rules[name] = {**of_layers, **held}

    @property
    def bins(self) -> dict[str, dict[str, Any]]:
        """Lists what each layer is measured by, where layers have rules of their own."""
        return {
            name: dict(rule)
            for name, rule in self.rules.items()
            if isinstance(rule, Mapping) and not rules.needs_values(rule)
        }

    def says_x(self, measure: str) -> bool:
        """Tells whether I(X;T) of a measure says something of every layer, in the plane."""
        rule = self.rules[measure]
        every = rule.values() if isinstance(rule, Mapping) else [rule]
        return all(map(placed, every))

    @property
    def most_rows(self) -> int:
        """Counts the most rows that a measure is fitted to at each update; 0 where none is."""
        several = len(self._samples) > 1
        return max(
            (
                one.max_fit
                for rule in self.rules.values()
                for one in _to_fit(rule)
                if several or not one.needs_labels
            ),
            default=0,
        )

    def fit(
        self, rows: Mapping[str, tuple[Any, Any]], agreed: Callable[[Any], Any] = lambda own: own
    ) -> None:
        """Fits measures to rows (m, d) of each layer, of samples (m,) of `fit_on`.

        What needs labels is fitted for each set of them by itself. It reads the other samples;
        `fit_on` is read by the measure as it was given, which has its own way to part what it is
        fitted to from what it scores. A layer that holds NaN is left to the pass, which gives it
        up.

        Args:
            agreed: what was fitted here, layer -> measure, -> what is taken, as that of one process
                of several.
        """
        for name, rule in self.rules.items():
            if not _to_fit(rule):
                continue
            common = agreed(_fitted(rule, rows, None))
            for labels, y in self.fit_on.labels.items():
                own = self.by_labels(name)
                others = agreed(_fitted(common, rows, on_host(y))) if own else common
                for sample in self._samples:
                    place = sample, labels, name
                    measures = common if sample == self.fit_on.name else others
                    self._fitted[place] = self.of(place).measured_by(measures)

    def by_labels(self, measure: str) -> bool:
        """Tells whether each set of labels has its own fitted measure."""
        return any(one.needs_labels for one in _to_fit(self.rules[measure]))

    def fitted(self, place: Place) -> PlaneEstimator:
        """Gives the estimator that reads at this update what a table shows."""
        return self._fitted.get(place) or self.of(place)

    def of(self, place: Place) -> PlaneEstimator:
        """Gives the estimator of a table."""
        if place not in self._made:
            self._made[place] = self._make(place, self.rules[place[2]])
        return self._made[place]

    def x_of(self, place: Place) -> str:
        """Says what X is."""
        return "an input that was given" if place[0] in self._inputs else "the row's index"

    def _make(self, place: Place, rule: Any) -> PlaneEstimator:
        sample, n_classes = self._samples[place[0]], self._n_classes
        return PlaneEstimator(
            self._inputs.get(sample.name, np.arange(sample.n_samples)),
            sample.labels[place[1]],
            rule,
            n_classes=n_classes.get(place[1]) if isinstance(n_classes, Mapping) else n_classes,
            sample=sample.kind,
        )


def _to_fit(rule: Any) -> list[Fittable]:
    each = rule.values() if isinstance(rule, Mapping) else [rule]
    return [one for one in each if isinstance(one, Fittable) and one.needs_fit]


def _fitted(rule: Any, rows: Mapping[str, tuple[Any, Any]], y: Any) -> dict[str, Any]:
    """Fits the measure of each layer; without labels not those that need them."""
    measures = {}
    for layer, (values, at) in rows.items():
        measure = measures[layer] = rules.rule_of(rule, layer)
        for one in _to_fit(measure):
            if (one.needs_labels and y is None) or bool(values.isnan().any()):
                continue
            some = spread(len(values), one.max_fit)
            labels = None if y is None or not one.needs_labels else y[at[some]]
            measures[layer] = one.fit(values[some], labels)
    return measures


def _inputs(given: Any, names: Sequence[str]) -> dict[str, Any]:
    """Reads X by the name of its sample."""
    if given is None:
        return {}
    by_sample = given if isinstance(given, Mapping) else {names[0]: given}
    if (len(names) > 1 and not isinstance(given, Mapping)) or not set(by_sample) <= set(names):
        raise ValueError(
            f"inputs is {shown(given)}: pass a mapping of the samples {', '.join(map(repr, names))}"
            " to the X of each"
        )
    return dict(by_sample)
