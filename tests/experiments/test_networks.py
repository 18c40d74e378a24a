"""The networks are the published ones, and drawn from their seed."""

import pytest
import torch

from experiments import networks
from experiments.catalog import CATALOG
from experiments.networks import build, outline, watched

# --- networks -------------------------------------------------------------------------------------


def test_the_network_is_drawn_from_its_seed_and_leaves_torch_alone():
    before = torch.get_rng_state()
    a, b, c = (build("tanh", (12, 5, 1), seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    assert not torch.equal(a[0].weight, c[0].weight)
    assert [name for name, _ in a.named_children()] == ["linear 1", "layer 1", "linear 2", "output"]


def test_the_network_is_drawn_alike_whatever_the_default_device():
    """ "meta" stands in for a GPU, whose generator draws other numbers."""
    here = build("tanh-softmax", (12, 5, 2), 1)
    torch.set_default_device("meta")
    try:
        there = build("tanh-softmax", (12, 5, 2), 1)
    finally:
        torch.set_default_device(None)
    for leaf, other in zip(here.parameters(), there.parameters(), strict=True):
        assert torch.equal(leaf, other)


def test_the_convolutional_network_is_the_published_one():
    network = build("digits-cnn", (10, 10), seed=0)
    assert watched(network) == ["layer 1", "output"]
    out = network(torch.rand(5, 196))
    assert out.shape == (5, 10)
    assert torch.allclose(out.sum(dim=1), torch.ones(5))
    assert sum(parameter.numel() for parameter in network.parameters()) == (16 + 1) + (90 + 10) + (
        100 + 10
    )


def test_lenet_is_of_its_size():
    network = build("lenet", (120, 84, 10), seed=0)
    assert watched(network) == ["layer 1", "layer 2", "layer 3", "layer 4", "output"]
    assert torch.allclose(network(torch.rand(5, 784)).sum(dim=1), torch.ones(5))
    convolutions = 6 * (25 + 1) + 16 * (6 * 25 + 1)
    assert (
        sum(parameter.numel() for parameter in network.parameters())
        == convolutions + 257 * 120 + 121 * 84 + 85 * 10
    )


def test_resnet_is_the_published_one_in_little():
    """Eighteen layers with weights, and of 64 channels as many parameters as for small images."""
    weighted = (torch.nn.Conv2d, torch.nn.Linear)
    network = outline("resnet", (64, 10))
    assert sum(parameter.numel() for parameter in network.parameters()) == 11_173_962
    layers = [(name, m) for name, m in network.named_modules() if isinstance(m, weighted)]
    assert len([name for name, _ in layers if "shortcut" not in name]) == 18
    small = build("resnet", (2, 10), seed=0).eval()
    assert watched(small) == [*(f"layer {i}" for i in range(1, 6)), "output"]
    images = torch.rand(3, 784)
    assert torch.allclose(small(images).sum(dim=1), torch.ones(3))
    assert small[:6](images).shape == (3, 2, 28, 28)
    assert small[:9](images).shape == (3, 16, 4, 4)


def test_the_original_network_is_the_published_one():
    network = build("tanh-softmax", (12, 10, 7, 5, 4, 3, 2), seed=0)
    assert watched(network) == ["layer 1", "layer 2", "layer 3", "layer 4", "layer 5", "output"]
    assert [type(module).__name__ for module in network[1::2]] == ["Tanh"] * 5 + ["Softmax"]
    assert all(
        (module.bias == 0).all() and module.weight.abs().max() <= 2 * module.in_features**-0.5
        for module in network[::2]
    )
    assert type(build("relu-softmax", (12, 3, 2), seed=0)[1]).__name__ == "ReLU"


pytestmark = pytest.mark.usefixtures("undrawn")


# --- records --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(CATALOG))
def test_the_catalogue_is_without_fault_and_its_networks_have_outlines(name):
    run = CATALOG[name]
    run.check()
    training = run.training
    built = networks.build(training.network, training.widths, 0)
    outline = networks.outline(training.network, training.widths)
    assert networks.watched(outline) == networks.watched(built)
    assert [leaf.shape for leaf in outline.parameters()] == [
        leaf.shape for leaf in built.parameters()
    ]
    assert all(leaf.is_meta for leaf in outline.parameters())
    assert training.n_epochs >= len(training.recorded)


@pytest.mark.parametrize(
    ("name", "widths"), [("lenet", (1, 2)), ("digits-cnn", (1, 2, 3)), ("tanh", (2**62, 2**62))]
)
def test_a_network_that_cannot_be_built_is_named(name, widths):
    with pytest.raises(
        ValueError, match=rf"network is '{name}', which cannot be built of {len(widths)} widths"
    ):
        networks.outline(name, widths)


def test_an_outline_leaves_the_generator_alone():
    import torch

    before = torch.get_rng_state()
    networks.outline("tanh-softmax", (12, 10, 2))
    assert torch.equal(torch.get_rng_state(), before)
