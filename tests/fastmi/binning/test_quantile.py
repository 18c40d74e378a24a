"""Bins of equal mass: each holds as many samples of the fitted layer."""

import numpy as np
import pytest

import fastmi
from fastmi import Edges, QuantileBins


@pytest.mark.parametrize("n_bins", [2, 3, 10, 30])
def test_each_bin_holds_as_many(n_bins, rng, twin):
    t = rng.permutation(3000).astype(np.float32).reshape(1000, 3)
    bins = QuantileBins(n_bins).fit(twin.put(t))
    symbols = np.digitize(t.reshape(-1), bins.edges)
    counts = np.bincount(symbols)
    assert len(counts) == n_bins
    assert counts.max() - counts.min() <= 1
    assert np.array_equal(fastmi.encode(twin.put(t), bins), fastmi.encode(t, Edges(bins.edges)))


def test_equal_values_share_a_bin_and_the_ends_take_what_comes_later():
    t = np.float32([[0], [0], [0], [0], [0], [0], [1], [2]])
    bins = QuantileBins(4).fit(t)
    assert bins.inner == (0, 1)
    assert fastmi.encode(t, bins).tolist() == [1] * 6 + [2, 2]
    assert fastmi.encode(np.float32([[-9], [9]]), bins).tolist() == [0, 2]
    constant = QuantileBins(5).fit(np.ones((3, 2)))
    assert len(set(fastmi.encode(np.ones((3, 2)), constant).tolist())) == 1


def test_codes_do_not_change_with_a_rising_map(rng):
    t = rng.normal(size=(500, 3)).astype(np.float32)
    stretched = (2 * t + 4).astype(np.float32)
    same = [fastmi.encode(layer, QuantileBins(7).fit(layer)) for layer in (t, stretched)]
    assert fastmi.mutual_information(*same) == pytest.approx(fastmi.entropy(same[0]), abs=1e-9)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: QuantileBins(3, 3), TypeError, "inner is 3: it is a tuple of edges of a fit"),
        (
            lambda: QuantileBins(4).fit(np.float32([[np.nan]])),
            ValueError,
            "activations hold nan: bins are fitted to finite",
        ),
        (
            lambda: QuantileBins(3, (1.0, 2.0, 3.0)),
            ValueError,
            r"inner is \(1.0, 2.0, 3.0\), 3 edges, and between 3 bins lie at most 2: call .fit",
        ),
        (lambda: QuantileBins(1), ValueError, "n_bins is 1: from 2 to"),
        (lambda: QuantileBins(2**24 + 1), ValueError, "n_bins is 16777217: from 2 to"),
        (lambda: QuantileBins(2.0), TypeError, "n_bins must be an integer"),
    ],
)
def test_what_is_no_number_of_bins_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
