"""network -> n copies trained in parallel: the same numbers as one ordinary loop per copy."""

import copy
import functools
import io
import operator
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn

from fastmi import Ensemble, LoopWarning, PlaneEstimator, UniformBins
from fastmi.networks import forwarding, guards

DOUBLE = torch.float64
SGD = functools.partial(torch.optim.SGD, lr=0.02)


@pytest.fixture(autouse=True)
def _fixed_generator():
    """Networks here are drawn from torch's global generator: from the same state in every test,
    restored after it.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(11)
        yield


def mlp(*extra, dtype=DOUBLE):
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), *extra, nn.Linear(4, 1), nn.Tanh()).to(dtype)


def conv_net():
    layers = [
        nn.Conv2d(1, 2, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(8, 3),
        nn.Softmax(dim=1),
    ]
    return nn.Sequential(*layers).to(DOUBLE)


def numbers(*shape, dtype=DOUBLE, seed=0):
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def batches(n_copies, n_steps=3, x_shape=(3,), y_shape=(1,), n=8):
    """(x, y) of each step, every copy with a batch of its own."""
    return [
        (numbers(n_copies, n, *x_shape, seed=step), numbers(n_copies, n, *y_shape, seed=100 + step))
        for step in range(n_steps)
    ]


def trained_one_by_one(networks, steps, optimizer, loss=nn.functional.mse_loss):
    """The definition: an ordinary loop for each network, with an optimiser of its own. -> losses
    (n_steps, n_copies).
    """
    losses = torch.empty(len(steps), len(networks), dtype=DOUBLE)
    for i, network in enumerate(networks):
        own = optimizer([leaf for leaf in network.parameters() if leaf.requires_grad])
        for step, (x, y) in enumerate(steps):
            value = loss(network(x[i]), y[i])
            own.zero_grad()
            value.backward()
            own.step()
            losses[step, i] = value.detach()
    return losses


def assert_same_training(network, steps, optimizer, n_copies=3, init="independent", **options):
    together = Ensemble(network, n_copies, init=init, optimizer=optimizer, **options)
    alone = together.networks()
    expected = trained_one_by_one(alone, steps, optimizer, **options)
    losses = torch.stack([together.step(x, y) for x, y in steps])
    torch.testing.assert_close(losses, expected, rtol=0, atol=1e-12)
    for fast, slow in zip(together.networks(), alone, strict=True):
        assert_same_state(fast, slow, atol=1e-12)


def assert_same_state(one, other, atol=0.0):
    assert one.state_dict().keys() == other.state_dict().keys()
    for name, value in one.state_dict().items():
        torch.testing.assert_close(value, other.state_dict()[name], rtol=0, atol=atol)


def assert_equal(one, other):
    """Bit for bit, through lists and dicts."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        one, other = list(one.values()), list(other.values())
    if isinstance(one, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_equal(a, b)
    else:
        assert torch.equal(one, other)


def trajectory(network, **options):
    made = Ensemble(network, 3, **options)
    for _ in range(3):
        rows = made.draw(20, 8)
        made.step(numbers(20, 3)[rows], numbers(20, 1)[rows])
    return made.snapshot()


# --- a step of all copies is a step of each -------------------------------------------------------


def test_one_step_of_the_default_sgd_is_one_step_of_each_copy():
    together = Ensemble(mlp(), 3, init="independent")
    alone, steps = together.networks(), batches(3, n_steps=1)
    trained_one_by_one(alone, steps, functools.partial(torch.optim.SGD, lr=0.2))
    together.step(*steps[0])
    for fast, slow in zip(together.networks(), alone, strict=True):
        assert_same_state(fast, slow, atol=1e-12)


def test_a_few_steps_from_shared_parameters():
    assert_same_training(mlp(), batches(3), SGD, init="shared")


@pytest.mark.parametrize("name", guards.ELEMENTWISE)
def test_every_optimiser_that_is_let_in_is_one_optimiser_per_copy(name):
    assert_same_training(mlp(), batches(3), functools.partial(getattr(torch.optim, name), lr=0.01))


@pytest.mark.parametrize(
    "options", [{"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"weight_decay": 0.1}]
)
def test_the_options_of_sgd(options):
    assert_same_training(mlp(), batches(3), functools.partial(torch.optim.SGD, lr=0.02, **options))


def test_a_convolutional_network():
    assert_same_training(conv_net(), batches(3, x_shape=(1, 6, 6), y_shape=(3,)), SGD)


def test_cross_entropy_with_class_numbers():
    network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 5)).to(DOUBLE)
    steps = [(x, (y[..., 0].abs() * 10).long() % 5) for x, y in batches(3)]
    assert_same_training(network, steps, SGD, loss=nn.functional.cross_entropy)


def test_batch_normalisation_with_its_running_averages():
    assert_same_training(mlp(nn.BatchNorm1d(4)), batches(3), SGD)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.up = nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)
        self.up.weight = self.down.weight

    def forward(self, x):
        return self.up(torch.tanh(self.down(x)))


def test_tied_weights_stay_tied():
    assert_same_training(Tied().to(DOUBLE), batches(3, y_shape=(3,)), SGD)
    made = Ensemble(Tied().to(DOUBLE), 2)
    assert list(made.parameters) == ["down.weight"]
    assert all(network.up.weight is network.down.weight for network in made.networks())


def test_frozen_parameters_stay():
    network = mlp()
    network[0].requires_grad_(False)
    assert_same_training(network, batches(3), SGD)
    made = Ensemble(network, 2)
    made.step(*batches(2)[0])
    for copied in made.networks():
        assert_same_state(copied[0], network[0])
        assert not torch.equal(copied[2].weight, network[2].weight)
        assert not copied[0].weight.requires_grad


class Counting(nn.Module):
    """A buffer that state_dict leaves out."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 1)
        self.register_buffer("calls", torch.zeros(1), persistent=False)

    def forward(self, x):
        if self.training:
            self.calls.add_(1)
        return self.linear(x)


def test_networks_hold_the_buffers_that_a_state_dict_leaves_out():
    made = Ensemble(Counting().to(DOUBLE), 2)
    made.step(*batches(2)[0])
    assert [network.calls.item() for network in made.networks()] == [1, 1]


def test_losses_are_those_before_the_step():
    made = Ensemble(mlp(), 2, init="independent")
    (x, y), *_ = batches(2)
    expected = [
        nn.functional.mse_loss(network(x[i]), y[i]).item()
        for i, network in enumerate(made.networks())
    ]
    losses = made.step(x, y)
    assert losses.tolist() == pytest.approx(expected, abs=1e-12)
    assert not losses.requires_grad


def test_one_copy_is_an_ensemble_too():
    assert_same_training(mlp(), batches(1), SGD, n_copies=1)


def test_numpy_arrays_are_taken_in_the_type_of_the_parameters():
    network, (x, y) = mlp(dtype=torch.float32), batches(2)[0]
    from_numpy, from_tensors = Ensemble(network, 2), Ensemble(network, 2)
    assert_equal(from_numpy.step(x.numpy(), y.numpy()), from_tensors.step(x.float(), y.float()))
    assert_equal(from_numpy.activations(x[0].numpy()), from_tensors.activations(x[0].float()))


def test_numpy_class_numbers_stay_integers():
    network = nn.Sequential(nn.Linear(3, 5))
    losses = Ensemble(network, 2, loss=nn.functional.cross_entropy).step(
        np.ones((2, 4, 3)), np.ones((2, 4), np.int64)
    )
    assert losses.shape == (2,)


def test_a_numpy_batch_is_not_written_to():
    x = -np.ones((2, 4, 3), np.float32)
    x.flags.writeable = False  # torch warns of such memory, and warnings are errors here
    Ensemble(nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 1)), 2).step(x, np.ones((2, 4, 1)))
    assert (x == -1).all()


# --- batches --------------------------------------------------------------------------------------


def test_batches_are_drawn_without_replacement():
    rows = Ensemble(mlp(), 4).draw(30, 30)
    assert rows.shape == (4, 30)
    assert rows.dtype == torch.int64
    assert_equal(rows.sort().values, torch.arange(30).repeat(4, 1))


def test_copies_draw_different_batches():
    rows = Ensemble(mlp(), 4).draw(1000, 10)
    assert len({tuple(row) for row in rows.tolist()}) == 4


def test_successive_batches_differ():
    made = Ensemble(mlp(), 1)
    assert not torch.equal(made.draw(1000, 10), made.draw(1000, 10))


@pytest.mark.parametrize("init", ["shared", "independent"])
def test_copy_i_draws_and_starts_the_same_whatever_the_number_of_copies(init):
    network = mlp()
    few, many = (Ensemble(network, n_copies, init=init) for n_copies in (2, 5))
    assert_equal(few.snapshot(), {name: stacked[:2] for name, stacked in many.snapshot().items()})
    for _ in range(3):
        assert_equal(few.draw(100, 7), many.draw(100, 7)[:2])


def test_the_draws_are_the_same_for_either_init():
    assert_equal(
        Ensemble(mlp(), 2, init="shared").draw(100, 7),
        Ensemble(mlp(), 2, init="independent").draw(100, 7),
    )


def test_the_seed_decides_the_batches():
    first, same, other = (Ensemble(mlp(), 2, seed=seed).draw(100, 10) for seed in (1, 1, 2))
    assert_equal(first, same)
    assert not torch.equal(first, other)


def test_what_is_computed_between_two_draws_does_not_change_the_second():
    busy, idle = Ensemble(mlp(nn.Dropout()), 2), Ensemble(mlp(nn.Dropout()), 2)
    busy.draw(100, 8), idle.draw(100, 8)
    busy.step(*batches(2)[0])
    busy.activations(numbers(5, 3))
    assert_equal(busy.draw(100, 8), idle.draw(100, 8))


# --- generators -----------------------------------------------------------------------------------


@pytest.mark.parametrize("init", ["shared", "independent"])
def test_torchs_global_generator_is_left_as_it_was_found(init):
    network = mlp(nn.Dropout(0.5))
    before = torch.get_rng_state()
    made = Ensemble(network, 3, init=init)
    assert_equal(torch.get_rng_state(), before)
    rows = made.draw(20, 8)
    assert_equal(torch.get_rng_state(), before)
    made.step(numbers(20, 3)[rows], numbers(20, 1)[rows])
    assert_equal(torch.get_rng_state(), before)
    made.activations(numbers(20, 3))
    made.networks()
    assert_equal(torch.get_rng_state(), before)


def test_the_global_generator_is_left_as_it_was_found_by_a_step_that_fails():
    made = Ensemble(mlp(nn.Dropout(0.5)), 2)
    before = torch.get_rng_state()
    with pytest.raises(ValueError, match="y has shape"):
        made.step(numbers(2, 8, 3), numbers(2, 8))
    assert_equal(torch.get_rng_state(), before)


def test_an_ensemble_on_the_cpu_leaves_the_generators_of_gpus_alone(monkeypatch):
    """torch.manual_seed reseeds every device: it must not be what seeds an ensemble."""
    monkeypatch.setattr(
        torch.cuda, "manual_seed_all", lambda seed: pytest.fail("a GPU was reseeded")
    )
    Ensemble(mlp(nn.Dropout(0.5)), 2, init="independent").step(*batches(2)[0])


def test_dropout_masks_differ_between_copies():
    network = nn.Sequential(nn.Linear(3, 64), nn.Dropout(0.5), nn.Linear(64, 1)).to(DOUBLE)
    made = Ensemble(network, 4)
    x, y = (batch[:1].expand(4, -1, -1) for batch in batches(1)[0])
    assert len(set(made.step(x, y).tolist())) == 4


def test_dropout_masks_differ_between_steps():
    network = nn.Sequential(nn.Linear(3, 64), nn.Dropout(0.5), nn.Linear(64, 1)).to(DOUBLE)
    made = Ensemble(network, 1, optimizer=functools.partial(torch.optim.SGD, lr=0.0))
    x, y = batches(1)[0]
    assert made.step(x, y).item() != made.step(x, y).item()


def test_dropout_does_not_hang_on_the_global_generator():
    network, batch = mlp(nn.Dropout(0.5)), batches(2)[0]
    losses = []
    for seed in (1, 2):
        torch.default_generator.manual_seed(seed)
        losses.append(Ensemble(network, 2).step(*batch))
    assert_equal(*losses)


@pytest.mark.parametrize("init", ["shared", "independent"])
def test_the_same_seed_gives_the_same_trajectory(init):
    network = mlp(nn.Dropout(0.5))
    assert_equal(*(trajectory(network, init=init, seed=4) for _ in range(2)))


@pytest.mark.parametrize("init", ["shared", "independent"])
def test_another_seed_gives_another_trajectory(init):
    network = mlp(nn.Dropout(0.5))
    one, other = (trajectory(network, init=init, seed=seed) for seed in (4, 5))
    assert not torch.equal(one["0.weight"], other["0.weight"])


# --- initial parameters ---------------------------------------------------------------------------


def test_shared_copies_all_start_as_the_network():
    network = mlp(nn.BatchNorm1d(4))
    for copied in Ensemble(network, 3).networks():
        assert_same_state(copied, network)


def test_independent_copies_start_apart_and_not_as_the_network():
    network = mlp()
    starts = [network, *Ensemble(network, 3, init="independent").networks()]
    assert len({tuple(start[0].weight.flatten().tolist()) for start in starts}) == 4


def test_independent_copies_are_the_same_at_every_construction():
    network = mlp()
    first = Ensemble(network, 3, init="independent", seed=5).snapshot()
    torch.rand(3)  # whatever happened to the global generator meanwhile
    assert_equal(Ensemble(network, 3, init="independent", seed=5).snapshot(), first)


def test_independent_copies_hang_on_the_seed():
    network = mlp()
    one, other = (Ensemble(network, 1, init="independent", seed=seed).snapshot() for seed in (5, 6))
    assert not torch.equal(one["0.weight"], other["0.weight"])


class Scale(nn.Module):
    """Parameters, but no way to draw them anew."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(1, dtype=DOUBLE))

    def forward(self, x):
        return self.factor * x


def test_a_module_that_cannot_be_drawn_anew_is_refused_by_name():
    network = mlp(Scale())
    with pytest.raises(
        TypeError,
        match=r"reset_parameters\(\), which Scale at '2' does not have.*use init=\"shared\"",
    ):
        Ensemble(network, 2, init="independent")
    assert Ensemble(network, 2).networks()[0][2].factor.item() == 1


@pytest.mark.parametrize("init", ["shared", "independent"])
@pytest.mark.parametrize("training", [True, False])
def test_the_given_network_is_never_changed(init, training):
    network = mlp(nn.BatchNorm1d(4), nn.Dropout(0.5)).train(training)
    before = copy.deepcopy(network.state_dict())
    made = Ensemble(network, 2, init=init)
    made.step(*batches(2)[0])
    made.activations(numbers(5, 3))
    made.networks()[0][0].weight.data.zero_()
    assert_equal(dict(network.state_dict()), dict(before))
    assert all(module.training is training for module in network.modules())
    assert not any(module._forward_hooks for module in network.modules())
    assert all(leaf.grad is None for leaf in network.parameters())


def test_a_change_of_the_network_does_not_reach_its_copies():
    network = mlp()
    made = Ensemble(network, 2)
    before = made.snapshot()
    network[0].weight.data.zero_()
    assert_equal(made.snapshot(), before)


def test_networks_are_copies():
    made = Ensemble(mlp(), 2)
    before = made.snapshot()
    for network in made.networks():
        network[0].weight.data.zero_()
    assert_equal(made.snapshot(), before)


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


# --- snapshots ------------------------------------------------------------------------------------


def snapshots_and_activations(n_steps=4):
    made, x = Ensemble(mlp(nn.BatchNorm1d(4)), 3), numbers(5, 3, seed=9)
    snapshots, at_the_time = [], []
    for batch in batches(3, n_steps):
        snapshots.append(made.snapshot())
        at_the_time.append(made.activations(x))
        made.step(*batch)
    return made, x, snapshots, at_the_time


def test_activations_of_snapshots_are_those_at_the_time():
    made, x, snapshots, at_the_time = snapshots_and_activations()
    for later, then in zip(
        made.activations(x, snapshots), zip(*at_the_time, strict=True), strict=True
    ):
        assert later.shape[:3] == (4, 3, 5)
        torch.testing.assert_close(later, torch.stack(then), rtol=0, atol=1e-12)


@pytest.mark.parametrize("models", [1, 3, 7])
def test_more_networks_than_are_forwarded_at_a_time(models, monkeypatch):
    made, x, snapshots, _ = snapshots_and_activations()
    at_once = made.activations(x, snapshots)
    monkeypatch.setattr(forwarding, "MODELS", models)
    for piecewise, whole in zip(made.activations(x, snapshots), at_once, strict=True):
        torch.testing.assert_close(piecewise, whole, rtol=0, atol=1e-12)


def test_a_snapshot_is_a_copy():
    made = Ensemble(mlp(nn.BatchNorm1d(4)), 2)
    taken = made.snapshot()
    kept = copy.deepcopy(taken)
    made.step(*batches(2)[0])
    made.step(*batches(2)[1])
    assert_equal(taken, kept)
    assert all(
        not torch.equal(taken[name], now)
        for name, now in made.snapshot().items()
        if name.startswith("0.")
    )


def test_activations_of_snapshots_leave_the_ensemble_as_it_is():
    made, x, snapshots, _ = snapshots_and_activations()
    before = made.snapshot()
    made.activations(x, snapshots)
    assert_equal(made.snapshot(), before)


def test_the_report_loop_moves_the_loss_down():
    """Not a trajectory: only that training trains."""
    x, y = numbers(64, 3), numbers(64, 3).prod(1, keepdim=True).sign()
    made = Ensemble(
        nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1), nn.Tanh()).to(DOUBLE), 3
    )
    losses = []
    for _ in range(50):
        rows = made.draw(64, 32)
        losses.append(made.step(x[rows], y[rows]))
    assert (torch.stack(losses[-5:]).mean(0) < torch.stack(losses[:5]).mean(0)).all()


# --- chunks of networks and samples ---------------------------------------------------------------


@pytest.fixture
def forwarded(monkeypatch):
    """(networks, samples, numbers) of each chunk that is forwarded."""
    sizes, forward = [], forwarding.Forwarding._layers

    def spy(self, x, state, own=False):
        n_models = len(state["0.weight"])
        sizes.append((n_models, x.shape[own], x.numel() // (n_models if own else 1)))
        return forward(self, x, state, own)

    monkeypatch.setattr(forwarding.Forwarding, "_layers", spy)
    return sizes


@pytest.mark.parametrize("models", [1, 4, 64])
@pytest.mark.parametrize("limit", [1, 3, 7, 40, 100, 250])
@pytest.mark.parametrize("dtype", [DOUBLE, torch.float32])
def test_chunks_of_any_size_give_the_same_activations(models, limit, dtype, monkeypatch, forwarded):
    made = Ensemble(mlp(nn.BatchNorm1d(4), nn.Dropout(0.5), dtype=dtype), 3, init="independent")
    snapshots = [made.snapshot()]
    for x, y in batches(3):
        made.step(x.to(dtype), y.to(dtype))
        snapshots.append(made.snapshot())
    x = numbers(10, 3, seed=9).to(dtype)
    whole, now = made.activations(x, snapshots), made.activations(x)
    assert forwarded == [(12, 10, 30), (3, 10, 30)]
    forwarded.clear()
    monkeypatch.setattr(forwarding, "MODELS", models)
    monkeypatch.setattr(forwarding, "NUMBERS", limit)
    for pieces, expected in ((made.activations(x, snapshots), whole), (made.activations(x), now)):
        for piece, layer in zip(pieces, expected, strict=True):
            torch.testing.assert_close(piece, layer, rtol=0, atol=1e-6)
    assert sum(networks * samples for networks, samples, _ in forwarded) == 15 * 10
    assert all(
        networks <= models and networks * numbers_ <= max(limit, 3)
        for networks, _, numbers_ in forwarded
    )
    # networks first, then samples
    assert all(networks == 1 or samples == 10 for networks, samples, _ in forwarded)


def test_images_are_forwarded_a_few_at_a_time(monkeypatch, forwarded):
    made, x = Ensemble(conv_net(), 2, init="independent"), numbers(5, 1, 6, 6)
    whole = made.activations(x)
    monkeypatch.setattr(forwarding, "NUMBERS", 2 * 36)
    for piece, layer in zip(made.activations(x), whole, strict=True):
        torch.testing.assert_close(piece, layer, rtol=0, atol=1e-12)
    assert forwarded == [(2, 5, 180), *[(1, 2, 72), (1, 2, 72), (1, 1, 36)] * 2]


def test_small_networks_are_forwarded_sixty_four_at_a_time(forwarded):
    made = Ensemble(nn.Sequential(nn.Linear(12, 1)), 64)
    made.activations(torch.zeros(4096, 12), [made.snapshot()] * 2)
    assert [sizes[:2] for sizes in forwarded] == [(64, 4096)] * 2


# --- each sample through one copy -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("models", "limit"), [(64, 2**25), (1, 2**25), (2, 2**25), (64, 20), (64, 1)]
)
def test_assigned_samples_are_those_of_all_activations(models, limit, monkeypatch):
    made, x, snapshots, _ = snapshots_and_activations()
    assignment = np.random.default_rng(0).integers(3, size=(4, 5))
    assignment[1] = 2  # no sample of the others
    whole, now = made.activations(x, snapshots), made.activations(x)
    monkeypatch.setattr(forwarding, "MODELS", models)
    monkeypatch.setattr(forwarding, "NUMBERS", limit)
    epochs, samples = np.arange(4)[:, None], np.arange(5)
    for assigned, layer in zip(made.activations(x, snapshots, assignment), whole, strict=True):
        torch.testing.assert_close(assigned, layer[epochs, assignment, samples], rtol=0, atol=1e-12)
    for assigned, layer in zip(
        made.activations(x, assignment=torch.tensor(assignment[0])), now, strict=True
    ):
        torch.testing.assert_close(assigned, layer[assignment[0], samples], rtol=0, atol=1e-12)


def test_assigned_samples_alone_are_forwarded(forwarded):
    made = Ensemble(nn.Sequential(nn.Linear(12, 1)), 50)
    made.activations(torch.zeros(4096, 12), assignment=np.arange(4096) % 50)
    assert [sizes[:2] for sizes in forwarded] == [(50, 82)]


def test_assigned_samples_of_networks_that_are_looped_over():
    with pytest.warns(LoopWarning):
        made = Ensemble(Recurrent(nn.GRU).to(DOUBLE), 3, watch=nn.Linear, init="independent")
    x, assignment = numbers(5, 4, 3), np.array([2, 0, 0, 2, 2])
    (whole,), (assigned,) = made.activations(x), made.activations(x, assignment=assignment)
    torch.testing.assert_close(assigned, whole[assignment, np.arange(5)], rtol=0, atol=1e-12)


def test_what_is_assigned_is_the_sampled_reading():
    made, x, snapshots, _ = snapshots_and_activations()
    plane = PlaneEstimator(x.numpy(), np.array([0, 0, 1, 1, 1]), UniformBins(9, range=(-1, 1)))
    assignment = np.random.default_rng(1).integers(3, size=(4, 5))
    expected = plane.sampled(made.activations(x, snapshots), assignment)
    np.testing.assert_array_equal(
        plane.estimate(made.activations(x, snapshots, assignment)), expected
    )


@pytest.mark.parametrize("wrong", [[0, 1, 2], [0, 1, 2, 3, 0], [0.0] * 5, [[0] * 5]])
def test_an_assignment_names_a_copy_for_each_sample(wrong):
    with pytest.raises(ValueError, match=r"^assignment "):
        Ensemble(mlp(), 3).activations(numbers(5, 3), assignment=np.array(wrong))


def test_no_samples_have_no_activations():
    assigned = Ensemble(mlp(), 2).activations(numbers(0, 3), assignment=np.zeros(0, int))
    assert [tuple(layer.shape) for layer in assigned] == [(0, 4)] * 2 + [(0, 1)] * 2
    assert [tuple(layer.shape) for layer in Ensemble(mlp(), 2).activations(numbers(0, 3))] == [
        (2, 0, 4)
    ] * 2 + [(2, 0, 1)] * 2


# --- networks that vmap cannot take ---------------------------------------------------------------


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.layer, self.out = kind(3, 2, batch_first=True), nn.Linear(2, 1)

    def forward(self, x):
        return self.out(self.layer(x)[0][:, -1])


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 1)

    def forward(self, x):
        y = self.linear(x)
        return y if y.sum() > 0 else -y


def branching(*before):
    return nn.Sequential(*before, Branching()).to(DOUBLE)


def looped(network, n_copies=3, **options):
    """An ensemble that never tries vmap."""
    made = Ensemble(network, n_copies, **options)
    made._forwarding.reason = "the test wants it"
    return made


CONTROL_FLOW = (
    r"network \(.*\) cannot be vectorised over copies by torch.func.vmap: .*data-dependent control "
    r"flow"
)


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM, nn.RNN])
def test_recurrent_networks_train_as_one_by_one(kind):
    with pytest.warns(
        LoopWarning,
        match=f"network has {kind.__name__} at 'layer': .*no rule for recurrent layers; its copies",
    ):
        assert_same_training(Recurrent(kind).to(DOUBLE), batches(3, x_shape=(4, 3)), SGD)


def test_networks_with_data_dependent_control_flow_train_as_one_by_one():
    with pytest.warns(LoopWarning, match=CONTROL_FLOW):
        assert_same_training(branching(), batches(3), SGD)


def test_running_averages_without_a_momentum_are_those_of_one_by_one():
    with pytest.warns(
        LoopWarning,
        match="network has BatchNorm1d at '2' with momentum=None, which reads a counter",
    ):
        assert_same_training(mlp(nn.BatchNorm1d(4, momentum=None)), batches(3), SGD)


def test_no_momentum_is_no_matter_where_nothing_is_averaged():
    assert_same_training(
        mlp(nn.BatchNorm1d(4, momentum=None, track_running_stats=False)), batches(3), SGD
    )


@pytest.mark.parametrize(
    "network",
    [lambda: mlp(nn.BatchNorm1d(4)), lambda: Tied().to(DOUBLE), lambda: Counting().to(DOUBLE)],
    ids=["normalised", "tied", "counting"],
)
def test_a_loop_steps_as_vmap_does(network):
    network = network()
    at_once, one_by_one = Ensemble(network, 3), looped(network)
    for x, y in batches(3, y_shape=(3,) if isinstance(network, Tied) else (1,)):
        torch.testing.assert_close(one_by_one.step(x, y), at_once.step(x, y), rtol=0, atol=1e-12)
    assert at_once.vectorised
    for name, expected in at_once.snapshot().items():
        torch.testing.assert_close(one_by_one.snapshot()[name], expected, rtol=0, atol=1e-12)


def test_a_loop_gives_the_activations_of_snapshots(monkeypatch):
    with pytest.warns(LoopWarning):
        made = Ensemble(
            Recurrent(nn.GRU).to(DOUBLE), 3, watch=nn.Linear, init="independent", optimizer=SGD
        )
    x, snapshots, expected = numbers(5, 4, 3, seed=9), [], []
    for batch in batches(3, x_shape=(4, 3)):
        snapshots.append(made.snapshot())
        expected.append(torch.stack([network(x).detach() for network in made.networks()]))
        made.step(*batch)
    for limit in (2**25, 30, 1):
        monkeypatch.setattr(forwarding, "NUMBERS", limit)
        (found,) = made.activations(x, snapshots)
        torch.testing.assert_close(found, torch.stack(expected), rtol=0, atol=1e-12)
    assert made.layers == ("out",)


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM, nn.RNN])
def test_recurrent_layers_are_known_before_the_first_step(kind):
    with pytest.warns(LoopWarning) as said:
        made = Ensemble(kind(3, 2), 2)
    reason = f"network is a {kind.__name__}: torch.func.vmap has no rule for recurrent layers"
    assert (made.vectorised, made.reason) == (False, reason)
    assert [str(warning.message) for warning in said] == [
        f"{reason}; its copies train one after the other: slower, the same numbers"
    ]
    assert said[0].filename == __file__


@pytest.mark.parametrize(
    "call", [lambda made: made.step(*batches(2)[0]), lambda made: made.activations(numbers(5, 3))]
)
def test_control_flow_is_noticed_at_the_first_call_and_said_once(call):
    made = Ensemble(branching(), 2)
    assert (made.vectorised, made.reason) == (True, "")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(3):
            call(made)
        made.activations(numbers(5, 3))
    assert [warning.category for warning in said] == [LoopWarning]
    assert said[0].filename == __file__
    assert not made.vectorised
    assert (
        str(said[0].message)
        == f"{made.reason}; its copies train one after the other: slower, the same numbers"
    )


def test_an_attempt_of_vmap_that_failed_has_drawn_nothing():
    network, batch = branching(nn.Dropout(0.5)), batches(3)[0]
    surprised, prepared = Ensemble(network, 3), looped(network)
    with pytest.warns(LoopWarning, match=CONTROL_FLOW):
        assert_equal(surprised.step(*batch), prepared.step(*batch))
    assert_equal(surprised.step(*batch), prepared.step(*batch))
    assert_equal(surprised.snapshot(), prepared.snapshot())


def test_an_attempt_of_vmap_that_failed_has_counted_no_batch():
    made = Ensemble(branching(nn.BatchNorm1d(3)), 2)
    with pytest.warns(LoopWarning):
        made.step(*batches(2)[0])
    assert made.snapshot()["0.num_batches_tracked"].tolist() == [1, 1]


def test_dropout_in_a_loop_is_another_for_each_copy_and_step_and_the_same_for_the_same_seed():
    network = mlp(nn.Dropout(0.5))
    x, y = (batch.expand(4, -1, -1) for batch in batches(1)[0])
    losses = []
    for seed in (1, 1, 2):
        made = looped(network, 4, seed=seed, optimizer=functools.partial(torch.optim.SGD, lr=0.0))
        losses.append(torch.stack([made.step(x, y), made.step(x, y)]))
    assert_equal(losses[0], losses[1])
    assert len(set(losses[0].flatten().tolist())) == 8
    assert not torch.equal(losses[0], losses[2])


class Doubling(nn.Module):
    """Writes into its input."""

    def forward(self, x):
        return x.mul_(2)


@pytest.mark.parametrize("make", [Ensemble, looped])
def test_what_a_network_does_to_its_input_reaches_neither_the_next_copy_nor_the_caller(
    make, monkeypatch
):
    monkeypatch.setattr(forwarding, "MODELS", 2)
    network = nn.Sequential(Doubling(), nn.Linear(3, 1)).to(DOUBLE)
    made, (x, y) = make(network, 3), batches(3)[0]
    before = x.clone()
    expected = [nn.functional.mse_loss(network[1](2 * x[i]), y[i]).item() for i in range(3)]
    torch.testing.assert_close(
        made.activations(x[0])[0], 2 * x[:1].expand(3, -1, -1), rtol=0, atol=0
    )
    assert made.step(x, y).tolist() == pytest.approx(expected, abs=1e-12)
    assert_equal(x, before)


@pytest.mark.parametrize(
    "call",
    [
        lambda made: made.step(numbers(2, 8, 4), numbers(2, 8, 1)),
        operator.methodcaller("activations", numbers(8, 4)),
    ],
)
def test_a_network_that_fails_for_one_copy_alone_raises_its_own_error_and_stays_vectorised(call):
    made = Ensemble(mlp(nn.BatchNorm1d(4)), 2)
    before = made.state()
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied") as caught:
        call(made)  # a warning would be an error here
    assert caught.value.__context__ is None
    assert made.vectorised
    assert_same_arrays(made.state(), before)


class Failing(nn.Module):
    def forward(self, x):
        if x.sum() > 0:
            raise ZeroDivisionError("only for some batches")
        return x


def test_a_step_that_fails_for_a_later_copy_changes_nothing():
    made = looped(
        nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(), nn.Linear(3, 1), Failing()).to(DOUBLE), 2
    )
    with torch.no_grad():
        made.parameters["2.bias"].copy_(torch.tensor([[-100.0], [100.0]]))
    before = made.state()
    with pytest.raises(ZeroDivisionError, match="only for some batches"):
        made.step(*batches(2)[0])
    assert_same_arrays(made.state(), before)


def test_a_parameter_that_no_copy_uses_is_not_stepped_in_a_loop_either():
    network = Idle().to(DOUBLE)
    made = looped(
        network, 2, optimizer=functools.partial(torch.optim.Adam, lr=0.01, weight_decay=0.1)
    )
    made.step(*batches(2)[0])
    assert made.parameters["unused.weight"].grad is None
    assert_equal(made.snapshot()["unused.weight"][1], network.unused.weight.detach())


class Fickle(nn.Module):
    """Calls its activation or not, by its weights."""

    def __init__(self):
        super().__init__()
        self.linear, self.act = nn.Linear(3, 1), nn.Tanh()

    def forward(self, x):
        return self.act(self.linear(x)) if self.linear.bias > 0 else self.linear(x)


def test_copies_that_call_different_layers_cannot_be_compared():
    made = looped(Fickle(), 2)
    with torch.no_grad():
        made.parameters["linear.bias"].copy_(torch.tensor([[-1.0], [1.0]]))
    message = (
        "one copy calls the watched layers linear, act, another, or on other samples, linear: watch"
        " modules that every copy"
    )
    with pytest.raises(ValueError, match=message):
        made.activations(torch.zeros(4, 3))


def test_copies_may_call_other_layers_later_if_they_do_so_together():
    made = looped(Fickle(), 2)
    for bias, layers in ((1.0, ("linear", "act")), (-1.0, ("linear",))):
        with torch.no_grad():
            made.parameters["linear.bias"].fill_(bias)
        assert len(made.activations(torch.zeros(4, 3))) == len(layers)
        assert made.layers == layers


# --- ensembles that train as one ------------------------------------------------------------------


def several(sizes=(2, 3), network=mlp, **options):
    """Ensembles of their own networks and seeds."""
    options = {"optimizer": SGD, "init": "independent", **options}
    return [
        Ensemble(network(), n_copies, seed=seed, **options) for seed, n_copies in enumerate(sizes)
    ]


@pytest.mark.parametrize(
    "network",
    [mlp, lambda: mlp(nn.BatchNorm1d(4)), conv_net],
    ids=["mlp", "normalised", "convolutional"],
)
def test_joined_ensembles_train_as_they_do_apart(network):
    apart = several(network=network)
    together = Ensemble.joined(apart)
    shape, n_outputs = (
        ((1, 6, 6), 3) if isinstance(apart[0].networks()[0][0], nn.Conv2d) else ((3,), 1)
    )
    data = [(numbers(30, *shape, seed=k), numbers(30, n_outputs, seed=10 + k)) for k in range(2)]
    assert together.n_copies == 5
    for _ in range(3):
        rows = [part.draw(30, 8) for part in apart]
        assert_equal(together.draw(30, 8), torch.cat(rows))
        batch = [(x[own], y[own]) for (x, y), own in zip(data, rows, strict=True)]
        losses = torch.cat([part.step(x, y) for part, (x, y) in zip(apart, batch, strict=True)])
        x, y = (torch.cat(pieces) for pieces in zip(*batch, strict=True))
        torch.testing.assert_close(together.step(x, y), losses, rtol=0, atol=1e-12)
    for own, part in zip(together.parts(together.snapshot()), apart, strict=True):
        for name, expected in part.snapshot().items():
            torch.testing.assert_close(own[name], expected, rtol=0, atol=1e-12)


def test_joining_leaves_the_parts_as_they_were():
    apart = several(network=lambda: mlp(nn.BatchNorm1d(4), nn.Dropout(0.5)))
    before = [part.state() for part in apart]
    together = Ensemble.joined(apart)
    together.draw(30, 8)
    together.step(*batches(5)[0])
    together.activations(numbers(4, 3))
    for part, state in zip(apart, before, strict=True):
        assert_same_arrays(part.state(), state)
        assert part.layers == ()


def test_the_parts_evaluate_their_slices_of_a_joined_snapshot():
    apart = several(network=lambda: mlp(nn.BatchNorm1d(4)))
    together, x = Ensemble.joined(apart), numbers(6, 3, seed=9)
    snapshots = []
    for batch in batches(5):
        together.step(*batch)
        snapshots.append(together.snapshot())
    whole = together.activations(x, snapshots)
    own = zip(*(together.parts(snapshot) for snapshot in snapshots), strict=True)
    for part, states, chosen in zip(apart, own, (slice(2), slice(2, 5)), strict=True):
        for layer, all_copies in zip(part.activations(x, states), whole, strict=True):
            torch.testing.assert_close(layer, all_copies[:, chosen], rtol=0, atol=1e-12)


def test_an_ensemble_that_was_not_joined_is_its_own_part():
    made = Ensemble(mlp(), 2)
    assert_equal(made.parts(made.snapshot()), [made.snapshot()])
    with pytest.raises(ValueError, match="is not a snapshot of this ensemble"):
        made.parts(Ensemble(mlp(), 3).snapshot())


def test_joined_ensembles_can_be_joined_again():
    first, second, third = several((1, 2, 3))
    together = Ensemble.joined([Ensemble.joined([first, second]), third])
    assert [len(part["0.weight"]) for part in together.parts(together.snapshot())] == [3, 3]
    assert_equal(
        together.draw(9, 4), torch.cat([part.draw(9, 4) for part in (first, second, third)])
    )


def test_one_ensemble_joined_is_that_ensemble_with_its_dropout():
    (alone,) = several((3,), network=lambda: mlp(nn.Dropout(0.5)))
    together = Ensemble.joined([alone])
    for batch in batches(3):
        assert_equal(together.step(*batch), alone.step(*batch))


def test_what_is_frozen_stays_frozen_when_joined():
    def network():
        made = mlp()
        made[0].requires_grad_(False)
        return made

    together = Ensemble.joined(several(network=network))
    before = together.snapshot()
    together.step(*batches(5)[0])
    assert_equal(together.snapshot()["0.weight"], before["0.weight"])
    assert not torch.equal(together.snapshot()["2.weight"], before["2.weight"])


def test_ensembles_that_loop_loop_when_joined_and_say_no_more():
    with pytest.warns(LoopWarning):
        apart = several(network=lambda: Recurrent(nn.GRU).to(DOUBLE))
    together = Ensemble.joined(apart)
    assert together.reason == apart[0].reason
    assert together.step(*batches(5, x_shape=(4, 3))[0]).shape == (5,)


def relu_net():
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1), nn.Tanh()).to(DOUBLE)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            {"network": relu_net},
            r"the network Sequential\( .*ReLU.*, ensembles\[0\] has Sequential\(.*Tanh",
        ),
        (
            {"network": conv_net},
            (
                r"the tensor 0\.weight \(2, 1, 3, 3, torch\.float64, True\), ensembles\[0\] has "
                r"\(4, 3,"
            ),
        ),
        (
            {"network": lambda: mlp(dtype=torch.float32)},
            r"the tensor 0\.weight \(4, 3, torch\.float32, True\)",
        ),
        ({"network": lambda: mlp().eval()}, "the modules in training "),
        (
            {"optimizer": functools.partial(torch.optim.SGD, lr=0.3)},
            r"the optimizer SGD .* lr: 0\.3 ",
        ),
        ({"optimizer": torch.optim.Adam}, "the optimizer Adam "),
        ({"loss": nn.L1Loss()}, r"the loss L1Loss\(\), ensembles\[0\] has <function mse_loss"),
        ({"watch": nn.Tanh}, r"the watch \['1', '3'\], ensembles\[0\] has \['0', '1', '2', '3'\]"),
    ],
    ids=["activation", "shape", "dtype", "mode", "lr", "optimiser", "loss", "watch"],
)
def test_only_ensembles_that_are_built_alike_are_joined(other, message):
    message = (
        rf"ensembles\[1\] has {message}.*give them the same arguments, but for n_copies and seed"
    )
    with pytest.raises(ValueError, match=message):
        Ensemble.joined(several((2,)) + several((2,), **other))


def test_ensembles_whose_optimisers_remember_steps_are_not_joined():
    options = {"optimizer": functools.partial(torch.optim.SGD, lr=0.02, momentum=0.9)}
    fresh, stepped = several((2, 2), **options)
    stepped.step(*batches(2)[0])
    with pytest.raises(
        ValueError,
        match=r"ensembles\[1\] has been trained, .*\(SGD\).*join ensembles before their first step",
    ):
        Ensemble.joined([fresh, stepped])


def test_a_memory_of_no_steps_is_none():
    """Adagrad has its sums from the start."""
    together = Ensemble.joined(several(optimizer=functools.partial(torch.optim.Adagrad, lr=0.02)))
    assert together.step(*batches(5)[0]).shape == (5,)
    (stepped,) = several((2,), optimizer=functools.partial(torch.optim.Adagrad, lr=0.02))
    stepped.step(*batches(2)[0])
    with pytest.raises(ValueError, match=r"ensembles\[0\] has been trained"):
        Ensemble.joined([stepped])


@pytest.mark.parametrize(
    ("given", "wrong"),
    [([], r"ensembles is \[\]"), (3, "ensembles is 3"), ([mlp], r"ensembles\[0\] is a func")],
)
def test_what_is_joined_is_a_list_of_ensembles(given, wrong):
    with pytest.raises(TypeError, match=rf"{wrong}.*: pass a non-empty list of Ensembles"):
        Ensemble.joined(given)


# --- interrupted and resumed ----------------------------------------------------------------------


def assert_same_arrays(one, other):
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert array.dtype == other[name].dtype, name
        assert array.tobytes() == other[name].tobytes(), name


def stored(state):
    """Through a file, without pickle."""
    file = io.BytesIO()
    np.savez(file, **state)
    file.seek(0)
    return np.load(file, allow_pickle=False)


def go_on(made, n_steps=3, n=20, x_shape=(3,)):
    """-> rows and losses."""
    found, dtype = [], next(iter(made.parameters.values())).dtype
    x, y = numbers(n, *x_shape).to(made.device, dtype), numbers(n, 1).to(made.device, dtype)
    for _ in range(n_steps):
        rows = made.draw(n, 8)
        found += [rows, made.step(x[rows], y[rows])]
    return found


def assert_resumed(build, **options):
    """Three steps, a file, three more in an ensemble that was built anew, of another network and
    seed: as if in one go.
    """
    first = build(1)
    go_on(first, **options)
    kept = stored(first.state())
    second = build(2)
    second.restore(kept)
    assert_equal(go_on(second, **options), go_on(first, **options))
    assert_same_arrays(second.state(), first.state())


OPTIONS = [
    *((name, {}) for name in guards.ELEMENTWISE),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("Adam", {"amsgrad": True, "betas": (0.5, 0.9)}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("ASGD", {"t0": 1, "lambd": 0.1}),
    ("NAdam", {"foreach": False}),
]


@pytest.mark.parametrize(("name", "options"), OPTIONS, ids=str)
@pytest.mark.parametrize("dtype", [DOUBLE, torch.float32])
def test_a_restored_ensemble_goes_on_bit_for_bit(name, options, dtype):
    def build(seed):
        network = mlp(nn.BatchNorm1d(4), nn.Dropout(0.5), dtype=dtype)
        optimizer = functools.partial(getattr(torch.optim, name), lr=0.01, **options)
        return Ensemble(network, 3, init="independent", seed=seed, optimizer=optimizer)

    assert_resumed(build)


def test_bfloat16_is_stored_as_bytes():
    def build(seed):
        return Ensemble(
            mlp(dtype=torch.bfloat16),
            2,
            seed=seed,
            optimizer=functools.partial(torch.optim.Adam, lr=0.01),
        )

    assert build(1).state()["parameters/0.weight"].dtype == np.dtype("V2")
    assert_resumed(build)


def test_joined_ensembles_are_restored_too():
    def build(seed):
        return Ensemble.joined(
            [Ensemble(mlp(nn.Dropout(0.5)), 2, seed=10 * seed + k) for k in range(2)]
        )

    assert_resumed(build)


def test_a_loop_is_restored_too():
    def build(seed):
        with pytest.warns(LoopWarning):
            return Ensemble(Recurrent(nn.GRU), 2, seed=seed)

    assert_resumed(build, x_shape=(4, 3))


def test_a_loop_that_was_found_by_surprise_is_restored_and_said():
    network = branching(nn.Dropout(0.5))
    made = Ensemble(network, 2)
    with pytest.warns(LoopWarning):
        go_on(made)
    fresh = Ensemble(network, 2)
    with pytest.warns(LoopWarning, match=CONTROL_FLOW):
        fresh.restore(made.state())
    assert_equal(go_on(fresh), go_on(made))


def test_a_learning_rate_that_was_changed_is_restored():
    network = mlp()
    made, fresh = Ensemble(network, 2), Ensemble(network, 2)
    torch.optim.lr_scheduler.ExponentialLR(made.optimizer, gamma=0.5)
    made.optimizer.param_groups[0]["lr"] = 0.025
    fresh.restore(stored(made.state()))
    assert fresh.optimizer.param_groups[0]["lr"] == 0.025
    assert_equal(go_on(fresh), go_on(made))


def test_the_state_before_the_first_step_can_be_restored_after_some():
    made = Ensemble(
        mlp(nn.BatchNorm1d(4)), 2, optimizer=functools.partial(torch.optim.Adam, lr=0.01)
    )
    start = made.state()
    first = go_on(made)
    made.restore(start)
    assert_same_arrays(made.state(), start)
    assert_equal(go_on(made), first)


def test_parameters_that_were_never_stepped_have_no_memory():
    def build(seed):
        return Ensemble(
            Idle(), 2, seed=seed, optimizer=functools.partial(torch.optim.Adam, lr=0.01)
        )

    assert_resumed(build)
    made = build(1)
    go_on(made)
    assert {name.split("/")[1] for name in made.state() if name.endswith("exp_avg")} == {"0", "1"}


def test_a_state_is_a_copy():
    made = Ensemble(
        mlp(nn.BatchNorm1d(4)), 2, optimizer=functools.partial(torch.optim.Adam, lr=0.01)
    )
    go_on(made)
    kept = made.state()
    before = {name: array.copy() for name, array in kept.items()}
    go_on(made)
    assert_same_arrays(kept, before)
    fresh = Ensemble(
        mlp(nn.BatchNorm1d(4)), 2, optimizer=functools.partial(torch.optim.Adam, lr=0.01)
    )
    fresh.restore(kept)
    go_on(fresh)
    assert_same_arrays(kept, before)


def adam(**options):
    return functools.partial(torch.optim.Adam, lr=0.01, **options)


@pytest.mark.parametrize(
    ("build", "fault"),
    [
        (
            lambda: Ensemble(mlp(), 2, optimizer=adam()),
            r"it has 'parameters/3\.weight', and this ensemble has not",
        ),
        (lambda: Ensemble(mlp(nn.BatchNorm1d(4)), 3, optimizer=adam()), r"it has no 'batches/2'"),
        (
            lambda: Ensemble(mlp(nn.BatchNorm1d(4)), 1, optimizer=adam()),
            r"it has 'batches/1', and this ensemble has not",
        ),
        (
            lambda: Ensemble(mlp(nn.BatchNorm1d(4), dtype=torch.float32), 2, optimizer=adam()),
            r"its 'parameters/0\.weight' is float64 \(2, 4, 3\), here float32 \(2, 4, 3\)",
        ),
        (lambda: Ensemble(mlp(nn.BatchNorm1d(4)), 2), r"it has no 'optimizer/SGD/0/lr'"),
        (
            lambda: Ensemble(mlp(nn.BatchNorm1d(4)), 2, optimizer=torch.optim.AdamW),
            r"it has no 'optimizer/AdamW/0/lr'",
        ),
        (
            lambda: Ensemble(mlp(nn.BatchNorm1d(4)), 2, optimizer=adam(amsgrad=True)),
            "it has no 'optimizer/0/max_exp_avg_sq'",
        ),
    ],
    ids=["network", "more copies", "fewer copies", "dtype", "optimiser", "kin", "options"],
)
def test_the_state_of_another_ensemble_is_refused_and_changes_nothing(build, fault):
    given = Ensemble(mlp(nn.BatchNorm1d(4)), 2, optimizer=adam())
    go_on(given)
    made = build()
    go_on(made)
    before = made.state()
    with pytest.raises(
        ValueError,
        match=f"state is not that of an ensemble like this one: {fault}; restore it into one that",
    ):
        made.restore(given.state())
    assert_same_arrays(made.state(), before)


@pytest.mark.parametrize(
    "name", ["parameters/0.weight", "batches/1", "dropout/0", "loop/reason", "optimizer/0/exp_avg"]
)
def test_a_state_that_lacks_something_is_refused(name):
    made = Ensemble(mlp(), 2, optimizer=adam())
    go_on(made)
    state = made.state()
    del state[name]
    with pytest.raises(ValueError, match=f"it has no '{name}'"):
        Ensemble(mlp(), 2, optimizer=adam()).restore(state)


def test_a_state_of_other_shapes_is_refused():
    wide = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1), nn.Tanh()).to(DOUBLE)
    with pytest.raises(
        ValueError,
        match=r"its 'parameters/0\.weight' is float64 \(2, 5, 3\), here float64 \(2, 4, 3\)",
    ):
        Ensemble(mlp(), 2).restore(Ensemble(wide, 2).state())


def test_a_state_is_a_mapping():
    with pytest.raises(
        TypeError, match=r"state is a list: pass what `state` returned, or np\.load"
    ):
        Ensemble(mlp(), 2).restore([])


# --- refusals -------------------------------------------------------------------------------------


def test_an_optimiser_that_couples_elements_is_refused():
    with pytest.raises(
        TypeError, match=r"optimizer is LBFGS.*could couple the copies; use one of SGD, Adam"
    ):
        Ensemble(mlp(), 2, optimizer=torch.optim.LBFGS)


def test_an_optimizer_must_return_an_optimiser():
    with pytest.raises(
        TypeError, match=r"optimizer returned a float: pass parameters -> a torch\.optim optimiser"
    ):
        Ensemble(mlp(), 2, optimizer=lambda parameters: 0.2)


def test_an_optimiser_over_other_parameters_is_refused():
    network = mlp()
    with pytest.raises(ValueError, match="optimizer holds tensors that are not the ensemble's"):
        Ensemble(network, 2, optimizer=lambda parameters: SGD(network.parameters()))


def test_an_optimizer_may_split_the_parameters_into_groups():
    def split(parameters):
        return torch.optim.SGD(
            [{"params": parameters[:1], "lr": 0.1}, {"params": parameters[1:]}], lr=0.02
        )

    assert_same_training(mlp(), batches(3), split)


def test_a_network_is_a_module():
    with pytest.raises(TypeError, match=r"network is a function: pass a torch\.nn\.Module"):
        Ensemble(mlp, 2)


def test_a_network_without_parameters_is_refused():
    with pytest.raises(ValueError, match=r"network \(Tanh\) has no parameters"):
        Ensemble(nn.Tanh(), 2)


def test_an_unknown_init_is_refused():
    with pytest.raises(
        ValueError, match="init must be one of 'shared', 'independent', not 'random'"
    ):
        Ensemble(mlp(), 2, init="random")


@pytest.mark.parametrize(
    ("n_copies", "error", "message"),
    [
        (0, ValueError, "n_copies must be at least 1, not 0"),
        (-1, ValueError, "n_copies must be at least 1, not -1"),
        ("5", TypeError, "n_copies must be an integer, not '5'"),
        (2.0, TypeError, "n_copies must be an integer, not 2.0"),
        (True, TypeError, "n_copies must be an integer, not True"),
    ],
)
def test_n_copies_is_an_integer_of_at_least_one(n_copies, error, message):
    with pytest.raises(error, match=message):
        Ensemble(mlp(), n_copies)


def test_n_copies_may_be_numpys():
    assert Ensemble(mlp(), np.int64(3)).draw(5, 2).shape == (3, 2)


@pytest.mark.parametrize("seed", [-1, 1.5, None])
def test_a_seed_is_an_integer_of_at_least_zero(seed):
    with pytest.raises(ValueError, match=f"seed must be an integer of at least 0, not {seed}"):
        Ensemble(mlp(), 2, seed=seed)


@pytest.mark.parametrize(
    ("watch", "label"), [("tanh", "'tanh'"), (["1", "tanh"], "'tanh'"), (nn.ReLU, "ReLU")]
)
def test_a_layer_that_the_network_does_not_have_cannot_be_watched(watch, label):
    with pytest.raises(
        ValueError, match=f"watch holds {label}, .*its modules are network, 0, 1, 2, 3"
    ):
        Ensemble(mlp(), 2, watch=watch)


class Pair(nn.Module):
    def forward(self, x):
        return x, x


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


class Turned(nn.Module):
    def forward(self, x):
        return x.T


def test_a_watched_output_without_a_sample_axis_is_refused():
    """(d, n) has the size of (n, d): reshaped, it would mix the samples without a word."""
    made = Ensemble(nn.Sequential(nn.Linear(3, 2), Turned()).to(DOUBLE), 2)
    with pytest.raises(
        ValueError, match=r"watched module '1' returns shape \(2, 5\) on 5 samples: .*first axis"
    ):
        made.activations(numbers(5, 3))


def test_a_watched_output_without_a_sample_axis_is_refused_in_chunks_too(monkeypatch):
    monkeypatch.setattr(forwarding, "NUMBERS", 6)
    made = Ensemble(nn.Sequential(nn.Linear(3, 2), Turned()).to(DOUBLE), 2)
    with pytest.raises(ValueError, match=r"watched module '1' returns shape \(2, 1\) on 1 samples"):
        made.activations(numbers(5, 3))  # the chunks of two samples are square


class Idle(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.unused = nn.Linear(3, 1), nn.Linear(3, 1)

    def forward(self, x):
        return self.used(x)


def test_watching_only_what_is_never_called_is_refused():
    with pytest.raises(
        ValueError, match="watch names modules that the network's forward never calls"
    ):
        Ensemble(Idle().to(DOUBLE), 2, watch="unused").activations(numbers(5, 3))


def test_a_layer_that_is_never_called_is_left_out():
    assert watched(Idle().to(DOUBLE)) == ("used",)


def test_parameters_that_are_never_used_stay():
    assert_same_training(
        Idle().to(DOUBLE), batches(3), functools.partial(torch.optim.Adam, lr=0.01)
    )


@pytest.mark.parametrize("shape", [(8,), (8, 1, 1), (1, 8), (8, 2)])
@pytest.mark.parametrize("dtype", [DOUBLE, torch.int64])
def test_a_target_of_another_shape_than_the_prediction_is_refused(shape, dtype):
    """The report's targets were (101, 1, 1) against predictions (101, 1): torch broadcasts both,
    and the network dies.
    """
    x, y = numbers(2, 8, 3), torch.ones(2, *shape, dtype=dtype)
    message = (
        rf"y has shape \({', ?'.join(map(str, shape))},?\) per copy, the prediction \(8, 1\).*y\[:,"
        r" None\]"
    )
    with pytest.raises(ValueError, match=message):
        Ensemble(mlp(), 2).step(x, y)


def test_float_targets_of_another_shape_are_refused_for_any_loss():
    with pytest.raises(ValueError, match=r"y has shape \(8,\)"):
        Ensemble(mlp(), 2, loss=nn.L1Loss()).step(numbers(2, 8, 3), numbers(2, 8))


def test_a_refused_step_changes_nothing():
    made = Ensemble(mlp(), 2)
    before = made.snapshot()
    with pytest.raises(ValueError, match="y has shape"):
        made.step(numbers(2, 8, 3), numbers(2, 8))
    assert_equal(made.snapshot(), before)


@pytest.mark.parametrize(
    ("x", "y", "wrong"),
    [((8, 3), (2, 8, 1), "x"), ((3, 8, 3), (2, 8, 1), "x"), ((2, 8, 3), (2,), "y")],
)
def test_the_axis_of_copies_must_be_there(x, y, wrong):
    with pytest.raises(
        ValueError,
        match=rf"{wrong} has shape .*step takes \(2 copies, batch, \.\.\.\).*ensemble\.draw",
    ):
        Ensemble(mlp(), 2).step(numbers(*x), numbers(*y))


def test_a_batch_has_at_least_one_sample():
    with pytest.raises(ValueError, match="batch_size must be at least 1, not 0"):
        Ensemble(mlp(), 2).draw(10, 0)


def test_a_batch_holds_at_most_all_samples():
    with pytest.raises(ValueError, match="batch_size is 11, but only 10 samples"):
        Ensemble(mlp(), 2).draw(10, 11)


def test_the_number_of_samples_is_an_integer():
    with pytest.raises(TypeError, match="n_samples must be an integer, not '10'"):
        Ensemble(mlp(), 2).draw("10", 3)


def test_a_loss_that_does_not_reduce_is_refused():
    with pytest.raises(ValueError, match=r"loss returned shape \(8, 1\): it must reduce"):
        Ensemble(mlp(), 2, loss=nn.MSELoss(reduction="none")).step(*batches(2)[0])


def test_tensors_of_another_device_are_refused():
    made, (x, y) = Ensemble(mlp(), 2), batches(2)[0]
    with pytest.raises(
        ValueError, match=r"x is on 'meta', the ensemble on 'cpu': move one of them"
    ):
        made.step(x.to("meta"), y)
    with pytest.raises(ValueError, match=r"y is on 'meta', the ensemble on 'cpu'"):
        made.step(x, y.to("meta"))
    with pytest.raises(ValueError, match=r"x is on 'meta', the ensemble on 'cpu'"):
        made.activations(x[0].to("meta"))


def test_other_containers_are_refused():
    with pytest.raises(TypeError, match="x is a list: pass a torch tensor or a NumPy array"):
        Ensemble(mlp(), 2).activations([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize(
    "call",
    [
        lambda made: made.step(numbers(2, 8, 4), numbers(2, 8, 1)),
        operator.methodcaller("activations", numbers(8, 4)),
    ],
)
def test_a_wrong_number_of_features_is_told_in_torchs_own_words(call):
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
        call(Ensemble(mlp(), 2))


# --- CUDA -----------------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.parametrize("init", ["shared", "independent"])
def test_cuda_starts_draws_and_steps_as_the_cpu_does(cuda, init):
    network = mlp()
    here, there = Ensemble(network, 3, init=init), Ensemble(network.to(cuda), 3, init=init)
    assert there.device.type == "cuda"
    assert_equal(there.draw(50, 8).cpu(), here.draw(50, 8))
    x, y = batches(3)[0]
    torch.testing.assert_close(
        there.step(x.to(cuda), y.to(cuda)).cpu(), here.step(x, y), rtol=0, atol=1e-12
    )
    for name, stacked in here.snapshot().items():
        torch.testing.assert_close(there.snapshot()[name].cpu(), stacked, rtol=0, atol=1e-12)
    for one, other in zip(there.activations(x[0].numpy()), here.activations(x[0]), strict=True):
        torch.testing.assert_close(one.cpu(), other, rtol=0, atol=1e-12)


@pytest.mark.gpu
def test_the_generators_of_cuda_are_left_as_they_were_found(cuda):
    network = mlp(nn.Dropout(0.5)).to(cuda)
    before = torch.get_rng_state(), torch.cuda.get_rng_state(cuda)
    made = Ensemble(network, 3, init="independent")
    made.step(*(batch.to(cuda) for batch in batches(3)[0]))
    made.activations(numbers(5, 3).to(cuda))
    assert_equal((torch.get_rng_state(), torch.cuda.get_rng_state(cuda)), before)


@pytest.mark.gpu
def test_recurrent_networks_on_cuda_step_as_on_the_cpu(cuda):
    network = Recurrent(nn.GRU).to(DOUBLE)
    with pytest.warns(LoopWarning):
        here, there = (
            Ensemble(network, 3, watch=nn.Linear),
            Ensemble(network.to(cuda), 3, watch=nn.Linear),
        )
    for x, y in batches(3, x_shape=(4, 3)):  # cuDNN would warn of weights that lie apart
        torch.testing.assert_close(
            there.step(x.to(cuda), y.to(cuda)).cpu(), here.step(x, y), rtol=0, atol=1e-12
        )
    torch.testing.assert_close(
        there.activations(x[0].to(cuda))[0].cpu(), here.activations(x[0])[0], rtol=0, atol=1e-12
    )


@pytest.mark.gpu
@pytest.mark.parametrize("name", guards.ELEMENTWISE)
def test_an_ensemble_on_cuda_is_restored_with_its_dropout(cuda, name):
    def build(seed):
        network = mlp(nn.BatchNorm1d(4), nn.Dropout(0.5)).to(cuda)
        return Ensemble(
            network, 3, seed=seed, optimizer=functools.partial(getattr(torch.optim, name), lr=0.01)
        )

    assert_resumed(build)


# --- found by a reader of the whole ---------------------------------------------------------------


@pytest.mark.parametrize(
    "loss",
    [
        torch.nn.MSELoss(),
        torch.nn.L1Loss(),
        torch.nn.functional.l1_loss,
        functools.partial(torch.nn.functional.mse_loss),
    ],
    ids=["MSELoss", "L1Loss", "l1_loss", "partial"],
)
@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.float32])
def test_losses_on_numbers_never_broadcast_whatever_the_targets_type(loss, dtype):
    ensemble = Ensemble(torch.nn.Linear(3, 1), 2, loss=loss)
    with pytest.raises(
        ValueError,
        match=r"y has shape \(5,\) per copy, the prediction \(5, 1\): the loss would broadcast",
    ):
        ensemble.step(torch.zeros(2, 5, 3), torch.zeros(2, 5, dtype=dtype))


def test_an_unknown_loss_is_given_no_class_numbers_for_a_single_output():
    ensemble = Ensemble(
        torch.nn.Linear(3, 1),
        2,
        loss=lambda prediction, target: ((prediction - target) ** 2).mean(),
    )
    with pytest.raises(ValueError, match="would broadcast"):
        ensemble.step(torch.zeros(2, 5, 3), torch.zeros(2, 5, dtype=torch.int64))


def test_a_refused_step_leaves_the_running_averages_alone():
    network = torch.nn.Sequential(
        torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2), torch.nn.Linear(2, 1)
    )
    ensemble = Ensemble(network, 2)
    before = ensemble.snapshot()
    with pytest.raises(ValueError, match="would broadcast"):
        ensemble.step(torch.ones(2, 5, 3), torch.ones(2, 5))
    assert all(torch.equal(leaf, before[name]) for name, leaf in ensemble.snapshot().items())
    ensemble.step(torch.ones(2, 5, 3), torch.ones(2, 5, 1))
    assert ensemble.snapshot()["1.num_batches_tracked"].tolist() == [1, 1]


@pytest.mark.parametrize("given", [[], {}, 3])
def test_snapshots_are_a_list_of_snapshots(given):
    with pytest.raises(TypeError, match="pass a non-empty list of what `snapshot` returned"):
        Ensemble(torch.nn.Linear(3, 1), 2).activations(torch.zeros(4, 3), given)


def test_snapshots_of_another_ensemble_are_refused():
    others = [Ensemble(torch.nn.Linear(3, 1), n).snapshot() for n in (2, 3)]
    with pytest.raises(ValueError, match=r"snapshots\[1\] is not a snapshot of this ensemble"):
        Ensemble(torch.nn.Linear(3, 1), 2).activations(torch.zeros(4, 3), others)


def test_too_little_memory_is_not_blamed_on_the_network():
    class Large(torch.nn.Linear):
        def forward(self, x):
            if torch._C._functorch.is_batchedtensor(x):
                raise torch.OutOfMemoryError("out of memory")
            return super().forward(x)

    made = Ensemble(Large(3, 1), 2)
    with pytest.raises(torch.OutOfMemoryError, match="out of memory"):
        made.step(torch.zeros(2, 5, 3), torch.zeros(2, 5, 1))
    assert made.vectorised


@pytest.mark.parametrize("watch", [3, torch.nn.Tanh(), [torch.nn.Tanh()], [int]])
def test_what_cannot_be_watched_is_said(watch):
    with pytest.raises(TypeError, match=r"watch holds .*: pass names of modules or module types"):
        Ensemble(torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Tanh()), 2, watch=watch)


@pytest.mark.parametrize("option", ["loss", "optimizer"])
def test_a_loss_and_an_optimiser_are_called(option):
    with pytest.raises(TypeError, match=rf"{option} is 'mse', which cannot be called: pass "):
        Ensemble(torch.nn.Linear(3, 1), 2, **{option: "mse"})


def test_a_network_that_returns_no_tensor_is_refused():
    class Pair(torch.nn.Linear):
        def forward(self, x):
            return super().forward(x), x

    with pytest.raises(TypeError, match="the network returns a tuple, not a tensor"):
        Ensemble(Pair(3, 1), 2).step(torch.zeros(2, 5, 3), torch.zeros(2, 5, 1))


# --- modules and tensors with several names -------------------------------------------------------


class TwoNames(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.again, self.out = self.first, nn.Linear(3, 1)

    def forward(self, x):
        return self.out(torch.tanh(self.again(torch.tanh(self.first(x)))))


class OneWeight(nn.Module):
    """One parameter under two names of one module, and in a third place."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-1, 1, 9).reshape(3, 3))
        self.other, self.inner, self.out = self.weight, nn.Linear(3, 3), nn.Linear(3, 1)
        self.inner.weight = self.weight

    def forward(self, x):
        return self.out(self.inner(torch.tanh(x @ self.other)) @ self.weight)


class Parent(nn.Module):
    def __init__(self, child):
        super().__init__()
        self.child = child

    def forward(self, x):
        return torch.tanh(self.child(x))


class SharedBuffer(nn.Module):
    """Two modules count on one tensor, one of them in place; another buffer is assigned anew."""

    def __init__(self):
        super().__init__()
        self.counting, self.out = Counting(), nn.Linear(1, 1)
        self.register_buffer("calls", self.counting.calls)
        self.register_buffer("assigned", torch.zeros(1))

    def forward(self, x):
        self.assigned = self.assigned + 2
        return self.out(self.counting(x)) + 0.01 * self.calls


def repeated():
    one = nn.Linear(3, 3)
    return nn.Sequential(one, nn.Tanh(), one, one, nn.Linear(3, 1))


def two_parents():
    child = nn.Linear(3, 3)
    return nn.Sequential(Parent(child), Parent(child), nn.Linear(3, 1))


class Listed(nn.Module):
    """Tied weights in a list, and a second way to some modules."""

    def __init__(self):
        super().__init__()
        self.norm, self.layers, self.out = (
            nn.BatchNorm1d(3),
            nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)]),
            nn.Linear(3, 1),
        )
        self.layers[1].weight = self.layers[0].weight
        self.again = nn.ModuleDict({"norm": self.norm, "first": self.layers[0]})

    def forward(self, x):
        x = self.norm(x)
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return self.out(self.again["first"](x))


SHARING = {
    "two names": TwoNames,
    "one weight": OneWeight,
    "repeats": repeated,
    "two parents": two_parents,
    "tied": Listed,
    "buffers": SharedBuffer,
}


def places(network):
    """{place: number of what it holds}, the same number where it is the same tensor."""
    found = [
        *network.named_parameters(remove_duplicate=False),
        *network.named_buffers(remove_duplicate=False),
    ]
    numbers = {}
    return {name: numbers.setdefault(id(leaf), len(numbers)) for name, leaf in found}


@pytest.mark.parametrize("kind", SHARING)
@pytest.mark.parametrize(
    "optimizer", [SGD, functools.partial(torch.optim.Adam, lr=0.01)], ids=["SGD", "Adam"]
)
def test_what_has_several_names_trains_as_one_by_one_and_keeps_its_ties(kind, optimizer):
    network = SHARING[kind]().to(DOUBLE)
    assert_same_training(network, batches(3), optimizer, init="shared")
    made = Ensemble(network, 3, optimizer=optimizer)
    for batch in batches(3):
        made.step(*batch)
        made.activations(numbers(5, 3))
    assert [places(member) for member in made.networks()] == [places(network)] * 3
    assert len(made.parameters) == len(list(network.parameters()))


@pytest.mark.parametrize("kind", SHARING)
def test_what_has_several_names_is_read_joined_and_restored(kind):
    network = SHARING[kind]().to(DOUBLE)
    parts = [Ensemble(network, 2, seed=seed, optimizer=SGD) for seed in range(2)]
    x = numbers(5, 3)
    for part in parts:
        part.step(*batches(2)[0])  # whose template would hold what it was lent
    made = Ensemble.joined(parts)
    made.step(*batches(4)[0])
    snapshot = made.snapshot()
    for layers, member in zip(zip(*made.activations(x), strict=True), made.networks(), strict=True):
        torch.testing.assert_close(layers[-1], member.eval()(x).detach(), rtol=0, atol=1e-12)
    fresh = Ensemble.joined([Ensemble(network, 2, seed=seed, optimizer=SGD) for seed in (8, 9)])
    fresh.restore(stored(made.state()))
    assert_equal(fresh.snapshot(), snapshot)
    assert_equal(fresh.step(*batches(4)[1]), made.step(*batches(4)[1]))
    assert places(fresh.networks()[3]) == places(network)


def test_a_module_with_several_names_is_watched_by_any_of_them():
    network = TwoNames().to(DOUBLE)
    assert watched(network, "again") == watched(network, "first") == ("first", "first#2")
    assert watched(network, ["first", "again"]) == ("first", "first#2")
    assert watched(network) == ("first", "first#2", "out")
    assert watched(repeated().to(DOUBLE), "3") == ("0", "0#2", "0#3")
    assert watched(two_parents().to(DOUBLE), "1.child") == ("0.child", "0.child#2")


class Keeping(nn.Module):
    """Keeps its last output, as networks do that are to be looked into."""

    def __init__(self):
        super().__init__()
        self.linear, self.seen = nn.Linear(3, 1), []

    def forward(self, x):
        self.last = self.linear(x)
        self.seen.append(self.last)
        return self.last


def test_what_a_network_keeps_of_a_call_does_not_reach_its_copies():
    network = Keeping().to(DOUBLE)
    made = Ensemble(network, 2, optimizer=SGD)
    made.step(*batches(2)[0])
    made.activations(numbers(5, 3))
    joined = Ensemble.joined([made, made])
    joined.step(*batches(4)[0])
    for member in (*made.networks(), *joined.networks()):
        assert member.seen == []
        assert not hasattr(member, "last")
        member(numbers(5, 3))


def test_networks_are_heard_by_nobody():
    made = Ensemble(mlp(), 2)
    made.activations(numbers(5, 3))
    for member in made.networks():
        assert not any(module._forward_hooks for module in member.modules())


# --- whatever the caller has set in torch ---------------------------------------------------------


@contextmanager
def default_device(name):
    """Where torch makes tensors unless told otherwise."""
    torch.set_default_device(name)
    try:
        yield
    finally:
        torch.set_default_device(None)


def everything(network, optimizer=None, init="shared", seed=0):
    """A life of an ensemble -> all that it computed."""
    made = Ensemble(network, 2, optimizer=optimizer, init=init, seed=seed)
    x, y = (torch.from_numpy(np.linspace(-1, 1, n).reshape(20, -1)) for n in (60, 20))
    found = []
    for _ in range(2):
        rows = made.draw(20, 8)
        found += [
            rows,
            made.step(x[rows], y[rows]),
            *made.activations(x, assignment=np.arange(20) % 2),
        ]
    made.restore(made.state())
    joined = Ensemble.joined(
        [Ensemble(network, 2, optimizer=optimizer, init=init, seed=seed), made]
    )
    rows = joined.draw(20, 8)
    found += [
        made.snapshot(),
        joined.step(x[rows], y[rows]),
        *(dict(member.state_dict()) for member in joined.networks()),
    ]
    return found


@pytest.mark.parametrize("init", ["shared", "independent"])
@pytest.mark.parametrize(
    ("setting", "name"), [(default_device, "meta"), (default_device, "cpu"), (torch.device, "meta")]
)
def test_a_default_device_changes_nothing(setting, name, init):
    network = mlp(nn.BatchNorm1d(4), nn.Dropout(0.5))
    expected = everything(network, init=init)
    with setting(name):
        assert_equal(everything(network, init=init), expected)


@pytest.mark.parametrize("name", guards.ELEMENTWISE)
def test_optimisers_count_their_steps_where_they_do_by_default(name):
    network = mlp()

    def build():
        made = Ensemble(
            network, 2, optimizer=functools.partial(getattr(torch.optim, name), lr=0.01)
        )
        losses = [made.step(*batch) for batch in steps]
        made.restore(made.state())
        return [*losses, made.step(*steps[0]), made.snapshot()]

    steps = batches(2)
    expected = build()
    with default_device("meta"):
        found = build()
    assert_equal(found, expected)


@pytest.mark.parametrize("default", [DOUBLE, torch.float32, torch.float16])
def test_a_default_type_changes_nothing(default):
    network = mlp(nn.BatchNorm1d(4), nn.Dropout(0.5))
    expected, before = everything(network), torch.get_default_dtype()
    torch.set_default_dtype(default)
    try:
        assert_equal(everything(network), expected)
        made, fresh = (Ensemble(network, 2, optimizer=adam()) for _ in range(2))
        go_on(made)
        fresh.restore(stored(made.state()))
        assert_equal(go_on(fresh), go_on(made))
    finally:
        torch.set_default_dtype(before)


@pytest.mark.parametrize(
    "mode", [torch.no_grad, torch.inference_mode, lambda: torch.set_grad_enabled(False)]
)
@pytest.mark.parametrize("loop", [False, True])
def test_an_ensemble_trains_where_its_caller_needs_no_gradients(mode, loop):
    def life(network, seed):
        made = (looped if loop else Ensemble)(network, 2, seed=seed)
        x, y = numbers(20, 3), numbers(20, 1)  # made in the caller's mode
        rows = made.draw(20, 8)
        losses = made.step(x[rows], y[rows])
        found = [
            losses,
            *made.activations(x),
            made.snapshot(),
            *(dict(member.state_dict()) for member in made.networks()),
        ]
        made.restore(made.state())
        return [*found, Ensemble.joined([made]).step(x[rows], y[rows])], made, rows

    network = mlp(nn.BatchNorm1d(4), nn.Dropout(0.5))
    expected, *_ = life(network, 3)
    with mode():
        found, made, rows = life(network, 3)
        in_mode = Ensemble(mlp(), 2)  # a network that was made in it
        in_mode.step(numbers(2, 8, 3), numbers(2, 8, 1))
        assert all(
            leaf.requires_grad for member in in_mode.networks() for leaf in member.parameters()
        )
    assert_equal(found, expected)
    made.step(numbers(20, 3)[rows], numbers(20, 1)[rows])
    in_mode.step(*batches(2)[0])
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()


def test_no_more_than_can_be_counted_is_drawn_from():
    with pytest.raises(ValueError, match="n_samples has 3000000000 samples: at most 2147483647"):
        Ensemble(mlp(), 2).draw(3_000_000_000, 8)


@pytest.mark.parametrize(
    ("n_samples", "batch_size"),
    [(True, 1), (5, True), (5.0, 2), (5, None), (np.array(5), 2), (5, [2])],
)
def test_what_is_drawn_is_counted_in_whole_numbers(n_samples, batch_size):
    with pytest.raises(TypeError, match=r"^(n_samples|batch_size) must be an integer, not "):
        Ensemble(mlp(), 2).draw(n_samples, batch_size)


@pytest.mark.parametrize("init", [np.array(["shared"]), ["shared"], None, "", 0])
def test_an_init_is_a_word(init):
    with pytest.raises(ValueError, match="init must be one of 'shared', 'independent', not "):
        Ensemble(mlp(), 2, init=init)
