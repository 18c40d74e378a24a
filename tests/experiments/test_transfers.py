"""Snapshots cross to a device and back in one transfer, bit for bit."""

import numpy as np
import pytest
import torch

from experiments.transfers import to_device, to_host

CPU = torch.device("cpu")


def bits(array):
    return array.dtype, array.shape, array.tobytes()


@pytest.fixture
def leaves():
    """Types of every size, the smallest first; a transposed, a NaN, a -0, a number, nothing."""
    drawn = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
    return {
        "switches": torch.tensor([True, False, True]),
        "half": torch.tensor([1.5, -2.0, 0.25], dtype=torch.float16),
        "weight": drawn,
        "transposed": drawn.transpose(0, 2),
        "special": torch.tensor([float("nan"), -0.0, float("inf")]),
        "counter": torch.tensor(7),
        "nothing": torch.zeros(3, 0, 2),
        "double": drawn.double() / 3,
    }


def test_to_the_host_and_back_bit_for_bit(leaves):
    arrays = to_host(leaves)
    back = to_device(arrays, CPU)
    assert list(arrays) == list(back) == list(leaves)
    for name, leaf in leaves.items():
        assert bits(arrays[name]) == bits(leaf.numpy())
        assert bits(back[name].numpy()) == bits(leaf.numpy())
        assert back[name].dtype == leaf.dtype


def test_what_arrives_is_a_copy(leaves):
    arrays = to_host(leaves)
    before = arrays["weight"].copy()
    leaves["weight"].zero_()
    assert np.array_equal(arrays["weight"], before)


def test_a_leaf_that_is_trained_is_taken_as_it_is():
    leaf = torch.ones(3, requires_grad=True)
    assert to_host({"leaf": leaf})["leaf"].tolist() == [1, 1, 1]


def test_one_transfer_each_way(leaves, monkeypatch):
    moves, move = [], torch.Tensor.to

    def counted(tensor, *where, **options):
        moves.append(tensor.nbytes)
        return move(tensor, *where, **options)

    monkeypatch.setattr(torch.Tensor, "to", counted)
    monkeypatch.setattr(torch.Tensor, "cpu", lambda leaf: pytest.fail("a leaf moves by itself"))
    to_device(to_host(leaves), CPU)
    assert moves == [sum(leaf.nbytes for leaf in leaves.values())] * 2
