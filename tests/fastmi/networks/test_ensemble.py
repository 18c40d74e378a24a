"""network -> n copies trained in parallel: the same numbers as one ordinary loop per copy."""

import copy
import functools
import operator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn

from fastmi import Ensemble, LoopWarning
from fastmi.networks import guards
from tests.fastmi.networks.one_by_one import (
    DOUBLE,
    SGD,
    Counting,
    Idle,
    Recurrent,
    Tied,
    TwoNames,
    adam,
    assert_equal,
    assert_same_arrays,
    assert_same_state,
    assert_same_training,
    batches,
    conv_net,
    go_on,
    looped,
    mlp,
    numbers,
    repeated,
    stored,
    trained_one_by_one,
    two_parents,
)


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
    assert there.device == cuda
    assert_equal(there.draw(50, 8).cpu(), here.draw(50, 8))
    x, y = batches(3)[0]
    torch.testing.assert_close(
        there.step(x.to(cuda), y.to(cuda)).cpu(), here.step(x, y), rtol=0, atol=1e-12
    )
    for name, stacked in here.snapshot().items():
        torch.testing.assert_close(there.snapshot()[name].cpu(), stacked, rtol=0, atol=1e-12)
    for one, other in zip(there.activations(x[0].numpy()), here.activations(x[0]), strict=True):
        torch.testing.assert_close(one.cpu(), other, rtol=0, atol=1e-12)


@pytest.mark.gpu(alone="generators of its own")
def test_the_generators_of_cuda_are_left_as_they_were_found(cuda):
    network = mlp(nn.Dropout(0.5)).to(cuda)
    before = torch.get_rng_state(), torch.cuda.get_rng_state(cuda)
    made = Ensemble(network, 3, init="independent")
    made.step(*(batch.to(cuda) for batch in batches(3)[0]))
    made.activations(numbers(5, 3).to(cuda))
    assert_equal((torch.get_rng_state(), torch.cuda.get_rng_state(cuda)), before)


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


@pytest.mark.parametrize("option", ["loss", "optimizer"])
def test_a_loss_and_an_optimiser_are_called(option):
    with pytest.raises(TypeError, match=rf"{option} is 'mse', which cannot be called: pass "):
        Ensemble(torch.nn.Linear(3, 1), 2, **{option: "mse"})


# --- modules and tensors with several names -------------------------------------------------------


class OneWeight(nn.Module):
    """One parameter under two names of one module, and in a third place."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-1, 1, 9).reshape(3, 3))
        self.other, self.inner, self.out = self.weight, nn.Linear(3, 3), nn.Linear(3, 1)
        self.inner.weight = self.weight

    def forward(self, x):
        return self.out(self.inner(torch.tanh(x @ self.other)) @ self.weight)


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
