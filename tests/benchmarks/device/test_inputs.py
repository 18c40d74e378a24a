"""What the parts measure."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.device import inputs


def test_activations_are_those_of_a_network_and_the_same_again(place, monkeypatch):
    layer = inputs.activations(place, 50, 3, n_copies=4)
    assert layer.shape == (4, 50, 3)
    assert layer.dtype == torch.float32
    assert layer.abs().max() <= 1
    assert torch.equal(layer, inputs.activations(place, 50, 3, n_copies=4))
    spread = layer.abs().mean((1, 2))
    assert (spread.diff() > 0).all()  # later copies are saturated more
    monkeypatch.setattr(inputs, "CHUNK_ROWS", 20)
    assert len(inputs.activations(place, 50, 3)[0].unique(dim=0)) == 50


def test_edge_values_try_every_edge_from_both_sides(rng):
    edges = np.linspace(-1, 1, 5).astype(np.float32)
    values = set(inputs.edge_values(edges, (4000, 2), rng).ravel().tolist())
    for edge in edges:
        for tried in (edge, np.nextafter(edge, np.float32(-9)), np.nextafter(edge, np.float32(9))):
            assert float(tried) in values
    assert {np.inf, -np.inf} < values
    assert not any(np.isnan(list(values)))
    assert np.isnan(inputs.edge_values(edges, (4000, 2), rng, nan=True)).any()
