"""What holds for every binning: frozen for good, with symbols for what falls outside."""

import copy
import dataclasses
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import fastmi
from fastmi import Edges, PlaneEstimator, QuantileBins, Stream, UniformBins, WidthBins
from fastmi.binning import Binning


def test_records_are_frozen():
    for binning in (Edges([0, 1]), UniformBins(2, range=(0, 1))):
        with pytest.raises(dataclasses.FrozenInstanceError):
            binning.out_of_range = "wrap"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("out_of_range", "ends"),
    [("separate", (0, 3)), ("clip", (1, 2)), ("wrap", (3, 3)), ("raise", (0, 3))],
)
def test_ends_are_the_symbols_of_what_falls_outside(out_of_range, ends):
    assert Edges([0, 1, 2], out_of_range=out_of_range).ends == ends
    assert UniformBins(2, range=(0, 2), out_of_range=out_of_range).ends == ends


@pytest.mark.parametrize(
    "make", [lambda how: Edges([0, 1], how), lambda how: UniformBins(1, (0, 1), how)]
)
def test_an_unknown_out_of_range_is_refused_with_the_known_ones(make):
    with pytest.raises(
        ValueError,
        match="out_of_range must be one of 'separate', 'clip', 'wrap', 'raise', not 'fold'",
    ):
        make("fold")


# --- frozen for good ------------------------------------------------------------------------------


FROZEN = [
    Edges([-1, 0, 1]),
    Edges([0.5]),
    UniformBins(3, range=(-1, 1)),
    Edges(np.linspace(-1, 1, 50), "wrap"),
]


ROADS = {
    "as made": lambda binning: binning,
    "pickle": lambda binning: pickle.loads(pickle.dumps(binning)),
    "an old pickle": lambda binning: pickle.loads(pickle.dumps(binning, 2)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "replace": lambda binning: (
        replace(binning) if isinstance(binning, UniformBins) else copy.copy(binning)
    ),
}


@pytest.mark.parametrize("binning", FROZEN, ids=str)
@pytest.mark.parametrize("road", ROADS)
def test_no_road_leads_to_edges_that_can_be_written_to(binning, road):
    other = ROADS[road](binning)
    with pytest.raises(ValueError, match="read-only"):
        other.edges[0] = 9
    with pytest.raises(ValueError, match="cannot set WRITEABLE"):
        other.edges.flags.writeable = True
    assert (other, hash(other), other.line, str(other)) == (
        binning,
        hash(binning),
        binning.line,
        str(binning),
    )
    t = np.float32([[-2], [-1], [0.5], [1], [2]])
    np.testing.assert_array_equal(fastmi.encode(t, other), fastmi.encode(t, binning))


class LookAlike:
    edges, ends, out_of_range = [0, 1], (0, 2), "separate"


@pytest.mark.parametrize("binning", [LookAlike(), Binning(), "tanh", 30, None, int])
def test_what_only_looks_like_a_binning_is_none(binning):
    for call in (lambda: fastmi.encode(np.zeros((2, 1)), binning), lambda: fastmi.Stream(binning)):
        with pytest.raises(TypeError, match=r"binning is .*pass fastmi\.Edges\(\.\.\.\)"):
            call()


# --- both -----------------------------------------------------------------------------------------


RULES = [WidthBins(0.25), QuantileBins(6)]


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("road", ROADS)
def test_a_rule_that_is_not_fitted_travels_too(rule, road):
    other = ROADS[road](rule)
    assert (other, hash(other), str(other), other.edges) == (rule, hash(rule), str(rule), None)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_fit_is_a_record_of_its_own_and_is_remembered(rule, rng):
    t = rng.normal(size=(50, 2)).astype(np.float32)
    fitted = rule.fit(t)
    assert fitted != rule
    assert fitted == rule.fit(torch.from_numpy(t)) == pickle.loads(pickle.dumps(fitted))
    assert hash(fitted) == hash(rule.fit(t))
    assert fitted.fit(2 * t) == rule.fit(2 * t)  # fitted anew, it forgets
    assert not fitted.edges.flags.writeable
    assert str(rule) != str(fitted)
    assert repr(rule) != repr(fitted)
    assert "\n" not in repr(fitted)
    with pytest.raises(dataclasses.FrozenInstanceError):
        fitted.out_of_range = "clip"


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_rule_that_was_not_fitted_is_sent_to_its_fit(rule, rng):
    t, y = rng.normal(size=(50, 2)).astype(np.float32), rng.integers(0, 2, 50)
    for call in (
        lambda: fastmi.encode(t, rule),
        lambda: PlaneEstimator(t, y, rule),
        lambda: Stream(rule),
        lambda: fastmi.measures.Counted(rule),
    ):
        with pytest.raises(
            ValueError,
            match=r"binning is .*, whose edges depend on data: fit it .*binning\.fit\(layer\)",
        ):
            call()
    with pytest.raises(ValueError, match=r"binning\['a'\] is .*, whose edges depend on data"):
        PlaneEstimator(t, y, {"a": rule})


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_each_layer_has_a_fit_of_its_own(rule, rng):
    layers = {
        name: (scale * rng.normal(size=(200, 2))).astype(np.float32)
        for name, scale in (("a", 1), ("b", 10))
    }
    y = rng.integers(0, 3, 200)
    bins = {name: rule.fit(layer) for name, layer in layers.items()}
    together = PlaneEstimator(np.arange(200), y, bins).estimate(layers)
    for i, (name, layer) in enumerate(layers.items()):
        assert np.array_equal(
            together[i], PlaneEstimator(np.arange(200), y, bins[name]).estimate(layer)[0]
        )


# --- a class in the place of one ------------------------------------------------------------------


TAKES = {
    "discretize": lambda kind: fastmi.discretize(np.array([[0.5], [1.5]]), kind),
    "a mapping": lambda kind: fastmi.discretize(np.array([[0.5], [1.5]]), {0: kind}),
    "nothing to bin": lambda kind: fastmi.discretize(pd.DataFrame({"k": [1, 2]}), kind),
    "encode": lambda kind: fastmi.encode(np.zeros((2, 1)), kind),
    "a plane": lambda kind: PlaneEstimator(np.array([0, 1]), [0, 1], kind),
    "a stream": lambda kind: Stream(kind),
    "candidates": lambda kind: fastmi.choose_binning(np.zeros((2, 1)), [0, 1], [kind]),
}


@pytest.mark.parametrize("taken", TAKES)
@pytest.mark.parametrize("kind", [Edges, UniformBins, WidthBins, QuantileBins])
def test_a_class_is_refused_with_how_one_is_made(kind, taken):
    with pytest.raises(TypeError, match=rf"is the class {kind.__name__}: pass fastmi\.") as caught:
        TAKES[taken](kind)
    made = eval(str(caught.value).partition(": pass ")[2], {"fastmi": fastmi})
    assert type(made) is kind


def test_a_class_that_is_not_ours_is_named():
    class Own(Binning):
        pass

    with pytest.raises(
        TypeError, match=r"binning is the class Own: pass an instance, Own\(\.\.\.\)"
    ):
        fastmi.encode(np.zeros((2, 1)), Own)
