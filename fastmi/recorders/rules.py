"""measures as they are given, values of a first reading -> measures whose bins are fixed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastmi.binning import Binning, Edges, as_binning
from fastmi.inputs import shown
from fastmi.measures import Counted, Measure, VectorQuantized

__all__ = ["Rule", "default_bins", "fitted", "needs_values", "rule_of", "rules"]

Values = npt.NDArray[np.float32]
Rule = Any  # a binning, a measure, a mapping layer -> either; None is the default bins

COMMON = 0.01  # share of exact zeros from which 0 is a symbol of its own
GROWTH = (1.0, 16.0, 256.0)  # widths of the bins beyond what was seen, in ranges of what was
TINY = float(np.finfo(np.float32).tiny)


def rules(measures: Any) -> dict[str, Rule]:
    """Names what is measured: one rule "", or of a list each by its measure, numbered if need be.

    None is counting by the default bins, and codes that speak of layers of any width.

    Raises:
        TypeError, ValueError: what measures nothing.
    """
    if measures is None:
        measures = [None, VectorQuantized()]
    listed = list(measures) if isinstance(measures, list | tuple) else [measures]
    if not listed:
        raise ValueError("measures is empty: pass a binning or a measure, or leave it out")
    for rule in listed:
        _check_rule(rule)
    if len(listed) == 1:
        return {"": listed[0]}
    words = [_word(rule) for rule in listed]
    return {
        word if words.count(word) == 1 else f"{word}-{words[: i + 1].count(word)}": rule
        for i, (word, rule) in enumerate(zip(words, listed, strict=True))
    }


def needs_values(rule: Rule) -> bool:
    """Tells whether bins are to be fitted to a first reading."""
    each = rule.values() if isinstance(rule, Mapping) else [rule]
    return any(one is None or _unfitted(one) for one in each)


def fitted(
    rule: Rule, layers: Sequence[str], values: Mapping[str, Values]
) -> Binning | Measure | dict[str, Any]:
    """Fixes the bins of each layer by the values of a first reading; what is fixed stays.

    Values are asked for where bins are to be fitted.

    Raises:
        ValueError: a layer without a finite value, or that a mapping does not name.
    """
    if not needs_values(rule) and not isinstance(rule, Mapping):
        return rule
    return {name: _of_layer(rule_of(rule, name), name, values) for name in layers}


def rule_of(rule: Rule, layer: str) -> Rule:
    """Finds the rule of a layer: of "act#2" that of "act", unless it has its own.

    Raises:
        ValueError: there is none.
    """
    if not isinstance(rule, Mapping):
        return rule
    for name in (layer, layer.partition("#")[0]):
        if name in rule:
            return rule[name]
    raise ValueError(
        f"measures names {', '.join(map(repr, rule))}, and not the layer {layer!r}: name every "
        "layer that is watched, or pass one measure for all"
    )


def default_bins(values: Values) -> Edges:
    """Cuts at the median of what is not 0; 0 is a symbol of its own where it is common.

    Beyond what was seen lie three bins more on each side, 1, 16 and 256 times as wide as the range,
    so that a layer that grows in training stays inside and is still told apart; below 0 there are
    none where no value is. A ReLU has 0 and two bins above it, tanh, GELU and softmax have two.

    Chosen among 18 rules by the largest mean_lower on held-out digits, over the layers of three
    networks (tanh, ReLU, a GELU CNN; each with a softmax; five seeds; steps 0, 5 and 25), of those
    that leave less than 1 % of a layer outside.
    """
    rest = values[values != 0].astype(np.float64)
    edges: list[float] = []
    if rest.size:
        low, high = float(rest.min()), float(rest.max())
        spread = (high - low) or max(abs(high), 1.0)
        steps = spread * np.cumsum(GROWTH)
        edges += [*(high + steps), float(np.partition(rest, rest.size // 2)[rest.size // 2])]
        edges += [0.0] if values.min() >= 0 else [*(low - steps)]
    if rest.size <= (1 - COMMON) * values.size:
        edges += [0.0, TINY]
    limit = float(np.finfo(np.float32).max)
    return Edges(np.unique(np.clip(edges, -limit, limit).astype(np.float32)))


def _of_layer(rule: Rule, name: str, given: Mapping[str, Values]) -> Any:
    if rule is not None and not _unfitted(rule):
        return rule
    values = given[name]
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise ValueError(
            f"the layer {name!r} has no finite activation at its first reading, to which bins could"
            " be fitted: did the training diverge before it? pass fixed bins (measures=)"
        )
    return default_bins(finite) if rule is None else rule.fit(finite[:, None])


def _unfitted(rule: Any) -> bool:
    return isinstance(rule, Binning) and hasattr(rule, "fit") and rule.edges is None


def _check_rule(rule: Any) -> None:
    if isinstance(rule, Mapping):
        if not rule:
            raise ValueError("measures is an empty mapping: name the layers, each with a measure")
        for one in rule.values():
            _check_measure(one)
    elif rule is not None:
        _check_measure(rule)


def _check_measure(rule: Any) -> None:
    if isinstance(rule, type) and issubclass(rule, Binning):
        as_binning(rule, "measures")
    if isinstance(rule, type) or not isinstance(rule, Binning | Measure):
        raise TypeError(
            f"measures holds {shown(rule)}: pass fastmi.UniformBins(...), another binning, a "
            "measure of fastmi.measures, a mapping layer -> either, or a list of these"
        )


def _word(rule: Rule) -> str:
    """Names a measure as its numbers are named: VectorQuantized is "vector-quantized"."""
    if rule is None or isinstance(rule, Binning | Mapping | Counted):
        return "counted"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(rule).__name__).lower()
