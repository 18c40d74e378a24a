"""network -> n copies trained in parallel: the same numbers as one ordinary loop per copy."""

import copy
import functools
import operator

import numpy as np
import pytest
import torch
from torch import nn

from fastmi import Ensemble, checks, ensemble

DOUBLE = torch.float64
SGD = functools.partial(torch.optim.SGD, lr=0.02)


@pytest.fixture(autouse=True)
def _fixed_generator():
    """Networks here are drawn from torch's global generator: from the same state in every test, restored after it."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(11)
        yield


def mlp(*extra, dtype=DOUBLE):
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), *extra, nn.Linear(4, 1), nn.Tanh()).to(dtype)


def conv_net():
    layers = [nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3), nn.Softmax(dim=1)]
    return nn.Sequential(*layers).to(DOUBLE)


def numbers(*shape, dtype=DOUBLE, seed=0):
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def batches(n_copies, n_steps=3, x_shape=(3,), y_shape=(1,), n=8):
    """(x, y) of each step, every copy with a batch of its own."""
    return [
        (numbers(n_copies, n, *x_shape, seed=step), numbers(n_copies, n, *y_shape, seed=100 + step)) for step in range(n_steps)
    ]


def trained_one_by_one(networks, steps, optimizer, loss=nn.functional.mse_loss):
    """The definition: an ordinary loop for each network, with an optimiser of its own. -> losses (n_steps, n_copies)."""
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


# --- a step of all copies is a step of each ----------------------------------------------------------------------------


def test_one_step_of_the_default_sgd_is_one_step_of_each_copy():
    together = Ensemble(mlp(), 3, init="independent")
    alone, steps = together.networks(), batches(3, n_steps=1)
    trained_one_by_one(alone, steps, functools.partial(torch.optim.SGD, lr=0.2))
    together.step(*steps[0])
    for fast, slow in zip(together.networks(), alone, strict=True):
        assert_same_state(fast, slow, atol=1e-12)


def test_a_few_steps_from_shared_parameters():
    assert_same_training(mlp(), batches(3), SGD, init="shared")


@pytest.mark.parametrize("name", checks.ELEMENTWISE)
def test_every_optimiser_that_is_let_in_is_one_optimiser_per_copy(name):
    assert_same_training(mlp(), batches(3), functools.partial(getattr(torch.optim, name), lr=0.01))


@pytest.mark.parametrize("options", [{"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"weight_decay": 0.1}])
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
    expected = [nn.functional.mse_loss(network(x[i]), y[i]).item() for i, network in enumerate(made.networks())]
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
    losses = Ensemble(network, 2, loss=nn.functional.cross_entropy).step(np.ones((2, 4, 3)), np.ones((2, 4), np.int64))
    assert losses.shape == (2,)


def test_a_numpy_batch_is_not_written_to():
    x = -np.ones((2, 4, 3), np.float32)
    x.flags.writeable = False  # torch warns of such memory, and warnings are errors here
    Ensemble(nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 1)), 2).step(x, np.ones((2, 4, 1)))
    assert (x == -1).all()


# --- batches -----------------------------------------------------------------------------------------------------------


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
    assert_equal(Ensemble(mlp(), 2, init="shared").draw(100, 7), Ensemble(mlp(), 2, init="independent").draw(100, 7))


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


# --- generators --------------------------------------------------------------------------------------------------------


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
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("a GPU was reseeded"))
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


# --- initial parameters ------------------------------------------------------------------------------------------------


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
    with pytest.raises(TypeError, match=r"reset_parameters\(\), which Scale at '2' does not have.*use init=\"shared\""):
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


# --- watched layers ----------------------------------------------------------------------------------------------------


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
    torch.testing.assert_close(outputs[1], made.networks()[1](numbers(4, 3)).detach(), rtol=0, atol=1e-12)


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
    made.step(numbers(3, 8, *shape, dtype=dtype), numbers(3, 8, n_outputs, dtype=dtype))  # running averages move too
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
    return [module.training for module in made._network.modules()]


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


# --- snapshots ---------------------------------------------------------------------------------------------------------


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
    for later, then in zip(made.activations(x, snapshots), zip(*at_the_time, strict=True), strict=True):
        assert later.shape[:3] == (4, 3, 5)
        torch.testing.assert_close(later, torch.stack(then), rtol=0, atol=1e-12)


@pytest.mark.parametrize("models", [1, 3, 7])
def test_more_networks_than_are_forwarded_at_a_time(models, monkeypatch):
    made, x, snapshots, _ = snapshots_and_activations()
    at_once = made.activations(x, snapshots)
    monkeypatch.setattr(ensemble, "MODELS", models)
    for piecewise, whole in zip(made.activations(x, snapshots), at_once, strict=True):
        torch.testing.assert_close(piecewise, whole, rtol=0, atol=1e-12)


def test_a_snapshot_is_a_copy():
    made = Ensemble(mlp(nn.BatchNorm1d(4)), 2)
    taken = made.snapshot()
    kept = copy.deepcopy(taken)
    made.step(*batches(2)[0])
    made.step(*batches(2)[1])
    assert_equal(taken, kept)
    assert all(not torch.equal(taken[name], now) for name, now in made.snapshot().items() if name.startswith("0."))


def test_activations_of_snapshots_leave_the_ensemble_as_it_is():
    made, x, snapshots, _ = snapshots_and_activations()
    before = made.snapshot()
    made.activations(x, snapshots)
    assert_equal(made.snapshot(), before)


def test_the_report_loop_moves_the_loss_down():
    """Not a trajectory: only that training trains."""
    x, y = numbers(64, 3), numbers(64, 3).prod(1, keepdim=True).sign()
    made = Ensemble(nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1), nn.Tanh()).to(DOUBLE), 3)
    losses = []
    for _ in range(50):
        rows = made.draw(64, 32)
        losses.append(made.step(x[rows], y[rows]))
    assert (torch.stack(losses[-5:]).mean(0) < torch.stack(losses[:5]).mean(0)).all()


# --- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recurrent", [nn.GRU, nn.LSTM, nn.RNN])
def test_recurrent_layers_are_refused_by_name(recurrent):
    network = nn.Sequential(nn.Linear(3, 3), recurrent(3, 2))
    with pytest.raises(TypeError, match=f"network has {recurrent.__name__} at '1'.*recurrent layers.*one by one"):
        Ensemble(network, 2)
    with pytest.raises(TypeError, match=f"network is a {recurrent.__name__}: .*recurrent layers"):
        Ensemble(recurrent(3, 2), 2)


def test_running_averages_without_a_momentum_are_refused():
    with pytest.raises(TypeError, match=r"BatchNorm1d at '2' with momentum=None.*give it a momentum"):
        Ensemble(mlp(nn.BatchNorm1d(4, momentum=None)), 2)


def test_no_momentum_is_no_matter_where_nothing_is_averaged():
    assert_same_training(mlp(nn.BatchNorm1d(4, momentum=None, track_running_stats=False)), batches(3), SGD)


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 1)

    def forward(self, x):
        y = self.linear(x)
        return y if y.sum() > 0 else -y


@pytest.mark.parametrize("call", [lambda made: made.step(*batches(2)[0]), lambda made: made.activations(numbers(5, 3))])
def test_data_dependent_control_flow_is_refused_with_torchs_reason(call):
    made = Ensemble(Branching().to(DOUBLE), 2)
    with pytest.raises(TypeError, match=r"network \(Branching\) cannot be vectorised.*data-dependent control flow.*one by one"):
        call(made)


def test_an_optimiser_that_couples_elements_is_refused():
    with pytest.raises(TypeError, match=r"optimizer is LBFGS.*could couple the copies; use one of SGD, Adam"):
        Ensemble(mlp(), 2, optimizer=torch.optim.LBFGS)


def test_an_optimizer_must_return_an_optimiser():
    with pytest.raises(TypeError, match=r"optimizer returned a float: pass parameters -> a torch\.optim optimiser"):
        Ensemble(mlp(), 2, optimizer=lambda parameters: 0.2)


def test_an_optimiser_over_other_parameters_is_refused():
    network = mlp()
    with pytest.raises(ValueError, match="optimizer holds tensors that are not the ensemble's"):
        Ensemble(network, 2, optimizer=lambda parameters: SGD(network.parameters()))


def test_an_optimizer_may_split_the_parameters_into_groups():
    def split(parameters):
        return torch.optim.SGD([{"params": parameters[:1], "lr": 0.1}, {"params": parameters[1:]}], lr=0.02)

    assert_same_training(mlp(), batches(3), split)


def test_a_network_is_a_module():
    with pytest.raises(TypeError, match=r"network is a function: pass a torch\.nn\.Module"):
        Ensemble(mlp, 2)


def test_a_network_without_parameters_is_refused():
    with pytest.raises(ValueError, match=r"network \(Tanh\) has no parameters"):
        Ensemble(nn.Tanh(), 2)


def test_an_unknown_init_is_refused():
    with pytest.raises(ValueError, match="init must be one of 'shared', 'independent', not 'random'"):
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


@pytest.mark.parametrize(("watch", "label"), [("tanh", "'tanh'"), (["1", "tanh"], "'tanh'"), (nn.ReLU, "ReLU")])
def test_a_layer_that_the_network_does_not_have_cannot_be_watched(watch, label):
    with pytest.raises(ValueError, match=f"watch holds {label}, .*its modules are network, 0, 1, 2, 3"):
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
    made = Ensemble(nn.Sequential(nn.Linear(3, 1), Pair(), First()).to(DOUBLE), 2, watch=["0", First])
    made.step(*batches(2)[0])
    assert len(made.activations(numbers(5, 3))) == 2


class Turned(nn.Module):
    def forward(self, x):
        return x.T


def test_a_watched_output_without_a_sample_axis_is_refused():
    """(d, n) has the size of (n, d): reshaped, it would mix the samples without a word."""
    made = Ensemble(nn.Sequential(nn.Linear(3, 2), Turned()).to(DOUBLE), 2)
    with pytest.raises(ValueError, match=r"watched module '1' returns shape \(2, 5\) on 5 samples: .*first axis"):
        made.activations(numbers(5, 3))


class Idle(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.unused = nn.Linear(3, 1), nn.Linear(3, 1)

    def forward(self, x):
        return self.used(x)


def test_watching_only_what_is_never_called_is_refused():
    with pytest.raises(ValueError, match="watch names modules that the network's forward never calls"):
        Ensemble(Idle().to(DOUBLE), 2, watch="unused").activations(numbers(5, 3))


def test_a_layer_that_is_never_called_is_left_out():
    assert watched(Idle().to(DOUBLE)) == ("used",)


def test_parameters_that_are_never_used_stay():
    assert_same_training(Idle().to(DOUBLE), batches(3), functools.partial(torch.optim.Adam, lr=0.01))


@pytest.mark.parametrize("shape", [(8,), (8, 1, 1), (1, 8), (8, 2)])
@pytest.mark.parametrize("dtype", [DOUBLE, torch.int64])
def test_a_target_of_another_shape_than_the_prediction_is_refused(shape, dtype):
    """The report's targets were (101, 1, 1) against predictions (101, 1): torch broadcasts both, and the network dies."""
    x, y = numbers(2, 8, 3), torch.ones(2, *shape, dtype=dtype)
    message = rf"y has shape \({', ?'.join(map(str, shape))},?\) per copy, the prediction \(8, 1\).*y\[:, None\]"
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


@pytest.mark.parametrize(("x", "y", "wrong"), [((8, 3), (2, 8, 1), "x"), ((3, 8, 3), (2, 8, 1), "x"), ((2, 8, 3), (2,), "y")])
def test_the_axis_of_copies_must_be_there(x, y, wrong):
    with pytest.raises(ValueError, match=rf"{wrong} has shape .*step takes \(2 copies, batch, \.\.\.\).*ensemble\.draw"):
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
    with pytest.raises(ValueError, match=r"x is on 'meta', the ensemble on 'cpu': move one of them"):
        made.step(x.to("meta"), y)
    with pytest.raises(ValueError, match=r"y is on 'meta', the ensemble on 'cpu'"):
        made.step(x, y.to("meta"))
    with pytest.raises(ValueError, match=r"x is on 'meta', the ensemble on 'cpu'"):
        made.activations(x[0].to("meta"))


def test_other_containers_are_refused():
    with pytest.raises(TypeError, match="x is a list: pass a torch tensor or a NumPy array"):
        Ensemble(mlp(), 2).activations([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize(
    "call", [lambda made: made.step(numbers(2, 8, 4), numbers(2, 8, 1)), operator.methodcaller("activations", numbers(8, 4))]
)
def test_a_wrong_number_of_features_is_told_in_torchs_own_words(call):
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
        call(Ensemble(mlp(), 2))


# --- CUDA --------------------------------------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.parametrize("init", ["shared", "independent"])
def test_cuda_starts_draws_and_steps_as_the_cpu_does(cuda, init):
    network = mlp()
    here, there = Ensemble(network, 3, init=init), Ensemble(network.to(cuda), 3, init=init)
    assert there.device.type == "cuda"
    assert_equal(there.draw(50, 8).cpu(), here.draw(50, 8))
    x, y = batches(3)[0]
    torch.testing.assert_close(there.step(x.to(cuda), y.to(cuda)).cpu(), here.step(x, y), rtol=0, atol=1e-12)
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


# --- found by a reader of the whole -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loss",
    [torch.nn.MSELoss(), torch.nn.L1Loss(), torch.nn.functional.l1_loss, functools.partial(torch.nn.functional.mse_loss)],
    ids=["MSELoss", "L1Loss", "l1_loss", "partial"],
)
@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.float32])
def test_losses_on_numbers_never_broadcast_whatever_the_targets_type(loss, dtype):
    ensemble = Ensemble(torch.nn.Linear(3, 1), 2, loss=loss)
    with pytest.raises(ValueError, match=r"y has shape \(5,\) per copy, the prediction \(5, 1\): the loss would broadcast"):
        ensemble.step(torch.zeros(2, 5, 3), torch.zeros(2, 5, dtype=dtype))


def test_an_unknown_loss_is_given_no_class_numbers_for_a_single_output():
    ensemble = Ensemble(torch.nn.Linear(3, 1), 2, loss=lambda prediction, target: ((prediction - target) ** 2).mean())
    with pytest.raises(ValueError, match="would broadcast"):
        ensemble.step(torch.zeros(2, 5, 3), torch.zeros(2, 5, dtype=torch.int64))


def test_a_refused_step_leaves_the_running_averages_alone():
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2), torch.nn.Linear(2, 1))
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


def test_too_little_memory_is_not_blamed_on_the_network(monkeypatch):
    class Large(torch.nn.Linear):
        def forward(self, x):
            raise torch.OutOfMemoryError("out of memory")

    with pytest.raises(torch.OutOfMemoryError, match="out of memory"):
        Ensemble(Large(3, 1), 2).step(torch.zeros(2, 5, 3), torch.zeros(2, 5, 1))


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
