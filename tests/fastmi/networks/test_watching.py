"""Which layers are watched, under which names, and what their outputs must be."""

import pytest
import torch
from torch import nn

from fastmi import Ensemble
from tests.fastmi.networks.one_by_one import (
    DOUBLE,
    Idle,
    Pair,
    TwoNames,
    assert_equal,
    batches,
    conv_net,
    mlp,
    numbers,
    repeated,
    two_parents,
)

# --- watched layers -------------------------------------------------------------------------------


def watched(network, watch=None, x=None):
    made = Ensemble(network, 2, watch=watch)
    made.activations(numbers(4, 3) if x is None else x)
    return made.layers


def test_by_default_every_module_without_children_is_watched():
    assert watched(mlp()) == ("0", "1", "2", "3")


def test_watching_by_name():
    assert watched(mlp(), ["3", "1"]) == ("1", "3")
    assert watched(mlp(), "1") == ("1",)


def test_watching_by_type():
    assert watched(mlp(), [nn.Tanh]) == ("1", "3")
    assert watched(mlp(), nn.Tanh) == ("1", "3")


def test_watching_by_name_and_by_type():
    assert watched(mlp(), ["0", nn.Tanh, "1"]) == ("0", "1", "3")


def test_a_module_with_children_can_be_watched():
    network = nn.Sequential(mlp(), nn.Linear(1, 1).to(DOUBLE))
    assert watched(network, [nn.Sequential]) == ("0", "network")


def test_a_single_module_is_a_network():
    made = Ensemble(nn.Linear(3, 2).to(DOUBLE), 2, init="independent")
    (outputs,) = made.activations(numbers(4, 3))
    assert made.layers == ("network",)
    torch.testing.assert_close(
        outputs[1], made.networks()[1](numbers(4, 3)).detach(), rtol=0, atol=1e-12
    )


class Twice(nn.Module):
    """Calls `second` before `first`, and one activation after each."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.act = nn.Linear(3, 2), nn.Linear(3, 3), nn.Tanh()

    def forward(self, x):
        return self.act(self.first(self.act(self.second(x))))


def test_a_module_called_again_is_numbered():
    assert watched(Twice().to(DOUBLE), "act") == ("act", "act#2")


def test_layers_stand_in_the_order_of_their_calls():
    assert watched(Twice().to(DOUBLE)) == ("second", "act", "first", "act#2")


def test_the_numbering_starts_again_at_every_call():
    made = Ensemble(Twice().to(DOUBLE), 2, watch="act")
    for _ in range(2):
        assert [layer.shape for layer in made.activations(numbers(4, 3))] == [(2, 4, 3), (2, 4, 2)]
        assert made.layers == ("act", "act#2")


def test_a_later_in_place_operation_does_not_reach_what_was_captured():
    network = nn.Sequential(nn.Linear(3, 16), nn.ReLU(inplace=True)).to(DOUBLE)
    before, after = Ensemble(network, 2).activations(numbers(20, 3))
    assert before.min() < 0
    assert_equal(after, before.clamp(min=0))


def outputs_one_by_one(network, x):
    """Each module of a Sequential in turn, in evaluation mode: (n, d)."""
    network.eval()
    outputs = []
    with torch.no_grad():
        for module in network:
            x = module(x)
            outputs.append(x.clone().flatten(1))
    return outputs


@pytest.mark.parametrize(
    ("network", "shape"),
    [(mlp, (3,)), (lambda: mlp(nn.BatchNorm1d(4), nn.Dropout(0.5)), (3,)), (conv_net, (1, 6, 6))],
    ids=["mlp", "normalised, with dropout", "convolutional"],
)
@pytest.mark.parametrize(("dtype", "atol"), [(DOUBLE, 1e-12), (torch.float32, 1e-6)])
def test_activations_are_those_of_the_networks_one_by_one(network, shape, dtype, atol):
    network = network().to(dtype)
    made = Ensemble(network, 3, init="independent")
    n_outputs = 3 if shape != (3,) else 1
    # running averages move too
    made.step(numbers(3, 8, *shape, dtype=dtype), numbers(3, 8, n_outputs, dtype=dtype))
    x = numbers(5, *shape, dtype=dtype, seed=9)
    layers = made.activations(x)
    assert len(layers) == len(network)
    for i, copied in enumerate(made.networks()):
        for layer, expected in zip(layers, outputs_one_by_one(copied, x), strict=True):
            torch.testing.assert_close(layer[i], expected, rtol=0, atol=atol)


def test_further_axes_are_flattened():
    layers = Ensemble(conv_net(), 2).activations(numbers(5, 1, 6, 6))
    assert [tuple(layer.shape) for layer in layers] == [(2, 5, d) for d in (32, 32, 8, 8, 3, 3)]


def test_activations_carry_no_graph():
    made = Ensemble(mlp(), 2)
    assert not any(layer.requires_grad for layer in made.activations(numbers(5, 3)))


def modes(made):
    return [module.training for module in made._forwarding._network.modules()]


def test_activations_are_those_of_evaluation_and_training_goes_on_after_them():
    made = Ensemble(mlp(nn.Dropout(0.5)), 2)
    x = numbers(5, 3)
    assert_equal(made.activations(x), made.activations(x))
    assert modes(made) == [True] * 6


def test_the_mode_of_each_module_is_its_own_again():
    network = mlp(nn.Dropout(0.5))
    network[2].eval()  # somebody wants training without dropout
    made = Ensemble(network, 2)
    made.activations(numbers(5, 3))
    assert modes(made) == [True, True, True, False, True, True]


def test_the_mode_is_restored_after_an_exception():
    made = Ensemble(mlp(nn.Dropout(0.5)), 2)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        made.activations(numbers(5, 4))
    assert modes(made) == [True] * 6
    assert made.activations(numbers(5, 3))[0].shape == (2, 5, 4)


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("watch", "label"), [("tanh", "'tanh'"), (["1", "tanh"], "'tanh'"), (nn.ReLU, "ReLU")]
)
def test_a_layer_that_the_network_does_not_have_cannot_be_watched(watch, label):
    with pytest.raises(
        ValueError, match=f"watch holds {label}, .*its modules are network, 0, 1, 2, 3"
    ):
        Ensemble(mlp(), 2, watch=watch)


class First(nn.Module):
    def forward(self, pair):
        return pair[0]


def test_a_watched_module_must_return_a_tensor():
    made = Ensemble(nn.Sequential(nn.Linear(3, 1), Pair(), First()).to(DOUBLE), 2)
    with pytest.raises(TypeError, match="watched module '1' returns a tuple, not a tensor"):
        made.activations(numbers(5, 3))


def test_a_module_that_returns_a_tuple_is_fine_while_nobody_watches_it():
    made = Ensemble(
        nn.Sequential(nn.Linear(3, 1), Pair(), First()).to(DOUBLE), 2, watch=["0", First]
    )
    made.step(*batches(2)[0])
    assert len(made.activations(numbers(5, 3))) == 2


def test_watching_only_what_is_never_called_is_refused():
    with pytest.raises(
        ValueError, match="watch names modules that the network's forward never calls"
    ):
        Ensemble(Idle().to(DOUBLE), 2, watch="unused").activations(numbers(5, 3))


def test_a_layer_that_is_never_called_is_left_out():
    assert watched(Idle().to(DOUBLE)) == ("used",)


# --- found by a reader of the whole ---------------------------------------------------------------


@pytest.mark.parametrize("watch", [3, torch.nn.Tanh(), [torch.nn.Tanh()], [int]])
def test_what_cannot_be_watched_is_said(watch):
    with pytest.raises(TypeError, match=r"watch holds .*: pass names of modules or module types"):
        Ensemble(torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Tanh()), 2, watch=watch)


# --- modules and tensors with several names -------------------------------------------------------


def test_a_module_with_several_names_is_watched_by_any_of_them():
    network = TwoNames().to(DOUBLE)
    assert watched(network, "again") == watched(network, "first") == ("first", "first#2")
    assert watched(network, ["first", "again"]) == ("first", "first#2")
    assert watched(network) == ("first", "first#2", "out")
    assert watched(repeated().to(DOUBLE), "3") == ("0", "0#2", "0#3")
    assert watched(two_parents().to(DOUBLE), "1.child") == ("0.child", "0.child#2")


def test_networks_are_heard_by_nobody():
    made = Ensemble(mlp(), 2)
    made.activations(numbers(5, 3))
    for member in made.networks():
        assert not any(module._forward_hooks for module in member.modules())
