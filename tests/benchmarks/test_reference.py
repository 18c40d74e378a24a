"""The published recipe and loop give the golden values."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks import reference
from experiments.networks import build
from tests import DATA
from tests.benchmarks.small import SHORT


@pytest.fixture(scope="module")
def golden():
    with np.load(DATA / "idnns.npz") as idnns, np.load(DATA / "blog.npz") as blog:
        yield {"idnns": dict(idnns), "blog": dict(blog)}


# --- the published recipe -------------------------------------------------------------------------


@pytest.mark.parametrize("layer", ["edges_dupX/L0", "edges_dupX/L2", "noisy_dupX/L4"])
def test_the_published_recipe_gives_the_golden_values(golden, layer):
    stored = golden["idnns"]
    case = layer.split("/")[0]
    x, y = (reference.identify(stored[f"{case}/{name}"]) for name in ("X", "labels"))
    point = reference.plane_point(x, y, stored[f"{layer}/T"], np.linspace(-1, 1, 30))
    # rows: 8, 30, 50, 100 edges
    np.testing.assert_allclose(point, stored[f"{layer}/IXT_ITY_bits"][1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("layer", range(3, 6))
def test_the_published_recipe_gives_the_golden_extended_values(golden, layer):
    stored = golden["blog"]
    x, y = reference.identify(stored["X"]), reference.identify(stored["labels_passed"])
    t = stored[f"L{layer}/T_all_nets"][stored["who"], np.arange(1000)]
    point = reference.plane_point(x, y, t, stored["bins"])
    np.testing.assert_allclose(point, stored[f"L{layer}/extended_bits"], rtol=0, atol=1e-12)


# --- the published run ----------------------------------------------------------------------------


@pytest.mark.parametrize("case", SHORT, ids=lambda case: case.name)
def test_the_published_loop_yields_points_of_the_plane(case):
    x, y = case.sample()
    epochs = list(
        reference.published_loop(case.network(), x, y, n_copies=case.run.copies, n_epochs=2)
    )
    n_layers = {"exp-1": 2, "exp-2": 6, "exp-3": 6, "exp-4": 2}[case.name]
    assert np.shape(epochs) == (2, n_layers, 2)
    assert np.isfinite(epochs).all()
    assert np.min(epochs) >= -1e-12
    assert np.max(epochs) <= np.log2(120) + 1e-12


@pytest.mark.parametrize(
    ("name", "widths", "n_inputs", "n_units"),
    [("tanh", (3, 4, 2), 3, [4, 2]), ("digits-cnn", (10, 5), 196, [10, 5])],
)
def test_samples_forwarded_one_by_one_went_through_the_drawn_copy(name, widths, n_inputs, n_units):
    networks = [build(name, widths, seed) for seed in range(2)]
    x, drawn = (
        torch.randn(10, n_inputs, generator=torch.Generator().manual_seed(0)),
        np.arange(10) % 2,
    )
    layers = reference.forward_one_by_one(networks, x, drawn)
    assert [layer.shape for layer in layers] == [(10, d) for d in n_units]
    with torch.no_grad():
        expected = np.stack([network(x).numpy() for network in networks])[drawn, np.arange(10)]
    np.testing.assert_allclose(layers[-1], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("make", [reference.simple_data, reference.complicated_data])
def test_the_tanh_data_are_twelve_numbers_and_a_class(make):
    x, classes = make(1000)
    assert (x.shape, x.min(), x.max(), set(classes)) == ((1000, 12), -1, 3, {0, 1})


def test_random_images_have_the_shape_the_range_and_the_repeats_of_pooled_mnist():
    x, classes = reference.image_data(1000)
    distinct, which = np.unique(x, axis=0, return_inverse=True)
    assert (x.shape, x.min(), x.max(), set(classes)) == ((1000, 196), 0, 12, set(range(10)))
    assert 980 <= len(distinct) < 1000
    # an image has one class
    assert len(np.unique(np.stack([which, classes]), axis=1).T) == len(distinct)


# --- the recipes ----------------------------------------------------------------------------------


def test_the_published_symbols_by_hand():
    t = np.array([[-2.0, -1.0, -0.1, 0.0, 0.9, 1.0, 2.0]])
    assert reference.symbols(t, [-1, 0, 1]).tolist() == [[2, 0, 0, 1, 1, 2, 2]]
