"""A network that was trained gives its layers after every recorded step."""

import numpy as np
import pytest

from experiments.lesson.network import AT_ONCE


def test_layers_come_in_chunks_and_end_where_the_network_does(material, monkeypatch):
    network, x = material.network, material.held_out(250).x[:7]
    whole = list(network.layers(x))
    assert len(whole) == -(-len(network.epochs) // AT_ONCE)
    assert list(whole[0]) == network.names
    assert whole[0]["layer 2"].shape == (len(network.epochs), 5, 7, 7)
    monkeypatch.setattr("experiments.lesson.network.AT_ONCE", 1)
    for name in network.names:
        single = np.concatenate([layers[name] for layers in network.layers(x, copy=2)])
        close = pytest.approx(whole[0][name][:, 2], abs=1e-6)  # matrices of other sizes
        assert single[:, 0] == close
        assert np.array_equal(network.at_end(x, copy=2)[name], single[-1, 0])


def test_it_starts_at_the_initialisation_and_learns(material):
    assert material.network.epochs == [0, 1, 2, 3]
    (layers,) = material.network.layers(material.held_out(250).x, copy=0)
    assert not np.array_equal(layers["output"][0], layers["output"][-1])
