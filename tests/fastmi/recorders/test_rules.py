"""What measures a layer: names, bins that are fitted at the first reading, the default."""

import numpy as np
import pytest

import fastmi
from fastmi.measures import Counted, KDEBounds, SoftmaxChannel
from fastmi.recorders.rules import default_bins, fitted, needs_values, rule_of, rules

BINS = fastmi.UniformBins(4, range=(-1, 1))
VALUES = np.random.default_rng(0).normal(size=4000).astype(np.float32)


def symbols(values):
    return fastmi.encode(values[:, None], default_bins(values))


def test_the_default_has_bins_of_equal_mass_and_room_on_both_sides():
    tanh = np.tanh(VALUES)
    codes = np.bincount(symbols(tanh))
    assert codes.tolist() == [0, 0, 0, 2000, 2000]
    edges = default_bins(tanh).edges
    low, high = float(tanh.min()), float(tanh.max())
    reach = np.cumsum([1, 16, 256]) * (high - low)
    np.testing.assert_allclose(edges[[4, 5, 6]], high + reach, rtol=1e-6)
    np.testing.assert_allclose(edges[[2, 1, 0]], low - reach, rtol=1e-6)


def test_zero_is_a_symbol_of_its_own_where_it_is_common():
    relu = np.maximum(VALUES, 0)
    codes = symbols(relu)
    assert len(set(codes[relu == 0])) == 1
    assert not set(codes[relu == 0]) & set(codes[relu > 0])
    counts = np.bincount(codes)
    assert counts[0] == 0
    assert len(counts) == 4
    assert abs(counts[2] - counts[3]) <= 1
    assert default_bins(relu).edges[0] == 0
    rare = VALUES.copy()
    rare[:3] = 0
    assert 0 not in default_bins(rare).edges


def test_a_layer_that_grows_stays_inside_and_is_told_apart():
    relu = np.maximum(VALUES, 0)
    bins = default_bins(relu)
    for scale in (1, 10, 100):
        grown = scale * relu
        assert grown.max() < bins.edges[-1]
        assert len(set(fastmi.encode(grown[:, None], bins))) >= 3


def test_probabilities_stay_between_zero_and_beyond():
    p = np.random.default_rng(1).dirichlet(np.ones(3), 1000).astype(np.float32).reshape(-1)
    assert default_bins(p).edges[0] == 0
    assert np.bincount(symbols(p)).tolist() == [0, 1500, 1500]


@pytest.mark.parametrize("value", [0.0, 2.5, -1.0, 3e38, -3e38])
def test_a_layer_that_is_constant_has_bins(value):
    values = np.full(10, value, np.float32)
    edges = default_bins(values).edges
    assert (np.diff(edges.astype(float)) > 0).all()
    assert len(set(symbols(values))) == 1


def test_bins_are_fitted_to_each_layer_and_fixed_ones_stay():
    values = {"a": VALUES, "b": 2 * VALUES}
    assert fitted(BINS, ("a", "b"), {}) is BINS
    assert fitted(None, ("a", "b"), values) == {k: default_bins(v) for k, v in values.items()}
    rule = {"a": fastmi.QuantileBins(3), "b": KDEBounds(1.0)}
    made = fitted(rule, ("a", "a#2", "b"), {**values, "a#2": 3 * VALUES})
    assert made["a"] == fastmi.QuantileBins(3).fit(VALUES[:, None])
    assert made["a#2"].edges[0] == 3 * made["a"].edges[0]
    assert made["b"] is rule["b"]
    assert [needs_values(one) for one in (rule, made, None, BINS)] == [True, False, True, False]


def test_what_is_not_finite_is_left_out_of_a_fit():
    values = np.append(VALUES, [np.nan, np.inf]).astype(np.float32)
    assert fitted(None, ("a",), {"a": values}) == {"a": default_bins(VALUES)}
    with pytest.raises(ValueError, match="layer 'a' has no finite activation at its first reading"):
        fitted(None, ("a",), {"a": values[-2:]})


def test_measures_are_named():
    named = rules([None, BINS, KDEBounds(1.0), SoftmaxChannel(), Counted(BINS)])
    assert list(named) == ["counted-1", "counted-2", "kdebounds", "softmax-channel", "counted-3"]
    assert rules(BINS) == rules([BINS]) == {"": BINS}


@pytest.mark.parametrize("measures", [3, "counted", fastmi.UniformBins, {"a": 3}, [BINS, 3]])
def test_what_measures_nothing_is_refused(measures):
    with pytest.raises(
        TypeError, match=r"measures (holds .*|is the class UniformBins): pass fastmi"
    ):
        rules(measures)


def test_empty_measures_are_refused():
    with pytest.raises(ValueError, match="measures is empty"):
        rules([])
    with pytest.raises(ValueError, match="measures is an empty mapping"):
        rules({})


def test_a_layer_without_a_measure_is_refused():
    assert rule_of({"act": BINS}, "act#2") is BINS
    with pytest.raises(ValueError, match="measures names 'act', and not the layer 'b'"):
        rule_of({"act": BINS}, "b")
