"""samples, rules for bins and X -> an estimator for each sample, set of labels and measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastmi.binning import Edges
from fastmi.inputs import shown
from fastmi.planes import PlaneEstimator
from fastmi.recorders import rules
from fastmi.recorders.samples import Sample

__all__ = ["Estimators", "Place"]

Place = tuple[str, str, str]  # of a table: sample, set of labels, measure
STAND_IN = Edges([0.0])  # for bins that are not fitted yet


class Estimators:
    """Makes estimators once their bins are fixed, and keeps them.

    Attributes:
        rules: name of a measure -> what is given, or what it was fixed to.
        places: of all tables, in their order.
    """

    def __init__(
        self, samples: Sequence[Sample], given: Mapping[str, Any], inputs: Any, n_classes: Any
    ) -> None:
        self._samples = {sample.name: sample for sample in samples}
        self._inputs, self._n_classes = _inputs(inputs, list(self._samples)), n_classes
        self._made: dict[Place, PlaneEstimator] = {}
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
