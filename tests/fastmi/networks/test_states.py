"""An ensemble that is interrupted goes on bit for bit, and no other state is taken for its own."""

import functools

import numpy as np
import pytest
import torch
from torch import nn

from fastmi import Ensemble, LoopWarning
from fastmi.networks import guards
from tests.fastmi.networks.one_by_one import (
    CONTROL_FLOW,
    DOUBLE,
    Idle,
    Recurrent,
    adam,
    assert_equal,
    assert_same_arrays,
    branching,
    go_on,
    mlp,
    stored,
)

# --- interrupted and resumed ----------------------------------------------------------------------


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


# --- CUDA -----------------------------------------------------------------------------------------


def on_a_device(name):
    """ASGD asks for a function of torch that the stand-in lacks."""
    marks = pytest.mark.gpu(alone="all that ASGD asks for") if name == "ASGD" else pytest.mark.gpu
    return pytest.param(name, marks=marks)


@pytest.mark.parametrize("name", [on_a_device(name) for name in guards.ELEMENTWISE])
def test_an_ensemble_on_cuda_is_restored_with_its_dropout(cuda, name):
    def build(seed):
        network = mlp(nn.BatchNorm1d(4), nn.Dropout(0.5)).to(cuda)
        return Ensemble(
            network, 3, seed=seed, optimizer=functools.partial(getattr(torch.optim, name), lr=0.01)
        )

    assert_resumed(build)
