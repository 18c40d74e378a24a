"""The recipes agree with each other and with fastmi."""

from __future__ import annotations

import numpy as np
import pytest

import fastmi
from benchmarks import recipes, reference


@pytest.mark.parametrize("symbols", [recipes.symbols_by_arithmetic, recipes.symbols_by_digitize])
@pytest.mark.parametrize("n_units", [1, 6, 14])  # packed, packed, the bytes of a row
@pytest.mark.parametrize("distinct", [True, False])
def test_the_recipes_agree_with_each_other_and_with_fastmi(symbols, n_units, distinct):
    rng = np.random.default_rng(n_units)
    x = np.arange(200)[:, None] if distinct else rng.integers(3, size=(200, 3))
    y = rng.integers(3, size=(200, 1))
    # beyond both ends of the edges
    prototypes = rng.normal(0, 0.7, (20, n_units)).astype(np.float32)
    t = prototypes[rng.integers(20, size=200)]
    published = reference.plane_point(
        reference.identify(x), reference.identify(y), t, reference.EDGES
    )
    numpy_recipe = recipes.NumpyPlane(x, y, reference.EDGES, symbols).point(t)
    plane = fastmi.PlaneEstimator(x, y, fastmi.Edges(reference.EDGES, out_of_range="wrap"))
    np.testing.assert_allclose(numpy_recipe, published, rtol=0, atol=1e-12)
    np.testing.assert_allclose(plane.estimate(t)[0], published, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n_edges", [2, 30, 50, 300])
@pytest.mark.parametrize("together", [7, 1 << 15])
def test_bins_by_arithmetic_are_digitize(monkeypatch, n_edges, together):
    monkeypatch.setattr(recipes, "TOGETHER_VALUES", together)
    edges = np.linspace(-1, 1, n_edges).astype(np.float32)
    beside = [np.nextafter(edges, np.float32(side)) for side in (-np.inf, np.inf)]
    t = np.concatenate([edges, *beside, np.array([-7, -0.0, 0.0, 7], np.float32)])[:, None]
    np.testing.assert_array_equal(recipes.symbols_by_arithmetic(t, edges), np.digitize(t, edges))
