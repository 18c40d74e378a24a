"""networks x samples, vectorised or in a loop -> the numbers of the networks one by one."""

import copy
import functools
import operator
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from fastmi import Ensemble, LoopWarning, PlaneEstimator, UniformBins
from fastmi.networks import forwarding
from tests.fastmi.networks.one_by_one import (
    CONTROL_FLOW,
    DOUBLE,
    SGD,
    Counting,
    Idle,
    Recurrent,
    Tied,
    assert_equal,
    assert_same_arrays,
    assert_same_training,
    batches,
    branching,
    conv_net,
    looped,
    mlp,
    numbers,
)

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
    monkeypatch.setattr(forwarding, "CHUNK_NETWORKS", models)
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

    def spy(self, x, state, each_its_own=False):
        n_networks = len(state["0.weight"])
        numbers_each = x.numel() // (n_networks if each_its_own else 1)
        sizes.append((n_networks, x.shape[each_its_own], numbers_each))
        return forward(self, x, state, each_its_own)

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
    monkeypatch.setattr(forwarding, "CHUNK_NETWORKS", models)
    monkeypatch.setattr(forwarding, "CHUNK_NUMBERS", limit)
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
    monkeypatch.setattr(forwarding, "CHUNK_NUMBERS", 2 * 36)
    for piece, layer in zip(made.activations(x), whole, strict=True):
        torch.testing.assert_close(piece, layer, rtol=0, atol=1e-12)
    assert forwarded == [(2, 5, 180), *[(1, 2, 72), (1, 2, 72), (1, 1, 36)] * 2]


def test_small_networks_are_forwarded_sixty_four_at_a_time(forwarded):
    made = Ensemble(nn.Sequential(nn.Linear(12, 1)), 64)
    made.activations(torch.zeros(4096, 12), [made.snapshot()] * 2)
    assert [sizes[:2] for sizes in forwarded] == [(64, 4096)] * 2


def test_a_gpu_forwards_more_at_a_time_the_more_memory_it_has(monkeypatch):
    """So many times more as it has 4 GiB: all of it counts, not what is free just now."""
    gibibytes = {0: 80, 1: 7, 2: 2}
    monkeypatch.setattr(
        torch.cuda,
        "get_device_properties",
        lambda device: SimpleNamespace(total_memory=gibibytes.pop(device.index) << 30),
    )
    assert [forwarding._scale(torch.device("cuda", i)) for i in range(3)] == [20, 1, 1]
    assert forwarding._scale(torch.device("cpu")) == 1


def test_both_limits_grow_with_the_device(monkeypatch, forwarded):
    made = Ensemble(nn.Sequential(nn.Linear(12, 1)), 64)
    monkeypatch.setattr(forwarding, "_scale", lambda device: 2)
    made.activations(torch.zeros(4096, 12), [made.snapshot()] * 3)
    assert [sizes[:2] for sizes in forwarded] == [(128, 4096), (64, 4096)]
    forwarded.clear()
    monkeypatch.setattr(forwarding, "CHUNK_NUMBERS", 12 * 1000)
    made.activations(torch.zeros(3000, 12))
    assert [sizes[:2] for sizes in forwarded] == [(1, 2000), (1, 1000)] * 64


# --- each sample through one copy -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("models", "limit"), [(64, 2**25), (1, 2**25), (2, 2**25), (64, 20), (64, 1)]
)
def test_assigned_samples_are_those_of_all_activations(models, limit, monkeypatch):
    made, x, snapshots, _ = snapshots_and_activations()
    assignment = np.random.default_rng(0).integers(3, size=(4, 5))
    assignment[1] = 2  # no sample of the others
    whole, now = made.activations(x, snapshots), made.activations(x)
    monkeypatch.setattr(forwarding, "CHUNK_NETWORKS", models)
    monkeypatch.setattr(forwarding, "CHUNK_NUMBERS", limit)
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
        monkeypatch.setattr(forwarding, "CHUNK_NUMBERS", limit)
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
    monkeypatch.setattr(forwarding, "CHUNK_NETWORKS", 2)
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


# --- refusals -------------------------------------------------------------------------------------


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
    monkeypatch.setattr(forwarding, "CHUNK_NUMBERS", 6)
    made = Ensemble(nn.Sequential(nn.Linear(3, 2), Turned()).to(DOUBLE), 2)
    with pytest.raises(ValueError, match=r"watched module '1' returns shape \(2, 1\) on 1 samples"):
        made.activations(numbers(5, 3))  # the chunks of two samples are square


# --- CUDA -----------------------------------------------------------------------------------------


@pytest.mark.gpu(alone="a recurrent layer in one call")
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


# --- found by a reader of the whole ---------------------------------------------------------------


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


@pytest.mark.parametrize(
    "error",
    [
        getattr(torch, "AcceleratorError", RuntimeError)(
            "CUDA error: an illegal memory access was encountered"
        ),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("CUDA error: device-side assert triggered"),
        RuntimeError("CUDA driver error: invalid argument"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED"),
        RuntimeError("cuBLAS error"),
        RuntimeError("HIP error: invalid device function"),
        RuntimeError("cusolver error: CUSOLVER_STATUS_INTERNAL_ERROR, when calling `syevd`"),
        RuntimeError("CUDA internal error"),
    ],
    ids=str,
)
@pytest.mark.parametrize("call", ["step", "activations"])
def test_what_a_device_fails_at_is_not_blamed_on_the_network(error, call):
    class Failing(torch.nn.Linear):
        def forward(self, x):
            if torch._C._functorch.is_batchedtensor(x + self.weight.sum()):
                raise error
            return super().forward(x)

    made = Ensemble(Failing(3, 1), 2)
    before = made.state()
    arrays = (torch.zeros(2, 5, 3), torch.zeros(2, 5, 1)) if call == "step" else (torch.ones(5, 3),)
    with pytest.raises(type(error)) as caught:
        getattr(made, call)(*arrays)
    assert caught.value is error
    assert made.vectorised
    assert_same_arrays(made.state(), before)


@pytest.mark.parametrize("words", ["CUDA has no rule for it", "an error that is not CUDA's", "hip"])
def test_a_word_is_no_failure_of_a_device(words):
    class Failing(torch.nn.Linear):
        def forward(self, x):
            if torch._C._functorch.is_batchedtensor(x + self.weight.sum()):
                raise RuntimeError(words)
            return super().forward(x)

    made = Ensemble(Failing(3, 1), 2)
    with pytest.warns(LoopWarning, match=words):
        made.step(torch.zeros(2, 5, 3), torch.zeros(2, 5, 1))
    assert not made.vectorised


def test_a_network_that_returns_no_tensor_is_refused():
    class Pair(torch.nn.Linear):
        def forward(self, x):
            return super().forward(x), x

    with pytest.raises(TypeError, match="the network returns a tuple, not a tensor"):
        Ensemble(Pair(3, 1), 2).step(torch.zeros(2, 5, 3), torch.zeros(2, 5, 1))


# --- modules and tensors with several names -------------------------------------------------------


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
