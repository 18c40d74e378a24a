"""Replayed steps are plain steps, bit for bit; and what could not be is not replayed."""

import copy
import functools
import random

import pytest
import torch
from torch import nn

import fastmi
from fastmi.networks import recordings, replay
from fastmi.networks.ensemble import one_thread

N_STEPS, N_SAMPLES, BATCH, N_COPIES = 200, 64, 16, 3


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """A few plain steps are as good as many, and one thread is faster for networks this small."""
    monkeypatch.setattr(replay, "PLAIN_STEPS", 2)
    with one_thread():
        yield


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(12, 12)
        self.out = nn.Linear(12, 1)

    def forward(self, x):
        return self.out(torch.tanh(self.linear(torch.tanh(self.linear(x)))))


class Attending(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.out = nn.Linear(12, 1)

    def forward(self, x):
        x = x.reshape(-1, 3, 4)
        return self.out(self.attention(x, x, x)[0].flatten(1))


def mlp(*between, activation=nn.Tanh):
    layers = []
    for n_in, n_out in ((12, 8), (8, 5), (5, 1)):
        layers += [nn.Linear(n_in, n_out), *(make(n_out) for make in between), activation()]
    return nn.Sequential(*layers[: -1 - len(between)])


def frozen():
    network = mlp()
    network[0].weight.requires_grad_(False)
    return network


NETWORKS = {
    "tanh": mlp,
    "relu in place": lambda: mlp(activation=functools.partial(nn.ReLU, inplace=True)),
    "gelu, layer norm": lambda: mlp(nn.LayerNorm, activation=nn.GELU),
    "batch norm": lambda: mlp(nn.BatchNorm1d),
    "group norm": lambda: mlp(lambda width: nn.GroupNorm(1, width)),
    "dropout": lambda: mlp(lambda width: nn.Dropout(0.3)),
    "convolution": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 4, 3)),
        nn.Conv2d(1, 3, 2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(3, 1),
    ),
    "average pooling, softmax": lambda: nn.Sequential(
        nn.Unflatten(1, (2, 6)), nn.AvgPool1d(2), nn.Flatten(), nn.Linear(6, 4), nn.Softmax(1)
    ),
    "frozen weights": frozen,
    "tied weights": Tied,
    "attention": Attending,
    "double": lambda: mlp().double(),
    "bfloat16": lambda: mlp().bfloat16(),
}
OPTIMIZERS = {
    "SGD": functools.partial(torch.optim.SGD, lr=0.2),
    "momentum": functools.partial(torch.optim.SGD, lr=0.05, momentum=0.9, weight_decay=1e-3),
    "Adam": functools.partial(torch.optim.Adam, lr=1e-2),
    "AdamW": functools.partial(torch.optim.AdamW, lr=1e-2, amsgrad=True),
    "RMSprop": functools.partial(torch.optim.RMSprop, lr=1e-3, centered=True),
    "Adagrad": functools.partial(torch.optim.Adagrad, lr=1e-2),
}


def made(network, asked, **options):
    torch.manual_seed(7)
    return fastmi.Ensemble(network(), N_COPIES, seed=3, replay=asked, **options)


def samples(ensemble, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(N_SAMPLES, 12, generator=generator, dtype=ensemble._type)
    return x, torch.sign(x[:, :1] * x[:, 1:2]).contiguous()


def trained(ensemble, n_steps, batch=BATCH, width=1):
    """The losses of so many steps, (n_steps, n_copies)."""
    x, y = samples(ensemble)
    losses = []
    for _ in range(n_steps):
        rows = ensemble.draw(N_SAMPLES, batch)
        losses.append(ensemble.step(x[rows], y[rows].expand(-1, -1, width).contiguous()))
    return torch.stack(losses)


def same_bits(one, other):
    return replay._same_bits(one, other)


def assert_same(plain, replayed):
    """All that the next step depends on."""
    ours, theirs = replayed.state(), plain.state()
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        assert array.tobytes() == theirs[name].tobytes(), name
    for name, leaf in plain.parameters.items():
        gradients = leaf.grad, replayed.parameters[name].grad
        assert (gradients[0] is None) == (gradients[1] is None), name
        assert gradients[0] is None or same_bits(*gradients), name


def raced(network, n_steps=N_STEPS, asked=True, width=1, **options):
    plain, replayed = (made(network, how, **options) for how in (False, asked))
    assert same_bits(*(trained(each, n_steps, width=width) for each in (plain, replayed)))
    assert_same(plain, replayed)
    assert plain._replay.n_recordings == 0
    return replayed


# --- the same bits --------------------------------------------------------------------------------


@pytest.mark.parametrize("network", NETWORKS)
def test_networks_train_to_the_same_bits(network):
    replayed = raced(NETWORKS[network], width=4 if "softmax" in network else 1)
    assert replayed._replay.n_recordings == 1
    assert replayed.replay_reason == ""


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimisers_train_to_the_same_bits(optimizer):
    assert raced(mlp, optimizer=OPTIMIZERS[optimizer])._replay.n_recordings == 1


@pytest.mark.parametrize("loss", [nn.functional.l1_loss, nn.HuberLoss(), nn.SmoothL1Loss(beta=0.3)])
def test_torchs_own_losses_are_replayed_unasked(loss):
    assert raced(mlp, 20, asked=None, loss=loss)._replay.n_recordings == 1


def test_classes_and_embeddings():
    class Words(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(9, 4)
            self.out = nn.Linear(4, 3)

        def forward(self, words):
            return self.out(self.table(words).mean(1))

    runs = []
    for asked in (False, True):
        torch.manual_seed(1)
        ensemble = fastmi.Ensemble(Words(), 2, loss=nn.functional.cross_entropy, replay=asked)
        words, classes = torch.arange(2 * 8 * 5).reshape(2, 8, 5) % 9, torch.arange(16) % 3
        runs.append([ensemble.step(words, classes.reshape(2, 8)) for _ in range(30)])
        assert ensemble._replay.n_recordings == asked
    assert same_bits(*map(torch.stack, runs))


def test_weights_of_a_loss_that_change_in_place_count():
    weights = {asked: torch.tensor([1.0, 2.0, 0.5]) for asked in (False, None)}
    runs, x = [], torch.randn(2, 8, 4, generator=torch.Generator().manual_seed(0))
    classes = torch.arange(16).reshape(2, 8) % 3
    for asked, weight in weights.items():
        torch.manual_seed(1)
        loss = nn.CrossEntropyLoss(weight=weight)
        ensemble = fastmi.Ensemble(nn.Linear(4, 3), 2, loss=loss, replay=asked)
        losses = [ensemble.step(x, classes) for _ in range(8)]
        weight[1] = 9.0
        runs.append([*losses, *(ensemble.step(x, classes) for _ in range(8))])
    assert ensemble._replay.n_recordings == 1
    assert same_bits(*map(torch.stack, runs))
    assert not torch.equal(runs[0][7], runs[0][8])


def changed_beta():
    loss = nn.SmoothL1Loss(beta=0.3)
    return loss, lambda: setattr(loss, "beta", 5.0)


def changed_weight():
    loss = nn.BCEWithLogitsLoss(pos_weight=torch.ones(1))
    return loss, lambda: setattr(loss, "pos_weight", torch.full((1,), 7.0))


def changed_option():
    loss = functools.partial(nn.functional.huber_loss, delta=0.1)
    return loss, lambda: loss.keywords.update(delta=5.0)


@pytest.mark.parametrize("lossy", [changed_beta, changed_weight, changed_option])
def test_what_a_loss_is_told_later_counts(lossy):
    """Losses are their owner's, who may anneal them."""
    runs = []
    for asked in (False, None):
        loss, change = lossy()
        ensemble = made(mlp, asked, loss=loss)
        before = trained(ensemble, 6)
        change()
        runs.append(torch.cat([before, trained(ensemble, 6)]))
    assert same_bits(*runs)
    assert ensemble._replay.n_recordings == 2


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize("network", ["tanh", "dropout", "batch norm"])
def test_a_restored_ensemble_goes_on_to_the_same_bits(network, optimizer):
    options = {"optimizer": OPTIMIZERS[optimizer]}
    plain, replayed = (made(NETWORKS[network], how, **options) for how in (False, True))
    trained(plain, 30)
    trained(replayed, 30)
    kept = replayed.state()
    trained(replayed, 7)  # and back
    replayed.restore(kept)
    fresh = made(NETWORKS[network], True, **options)
    fresh.restore(kept)
    truth = trained(plain, 30)
    for ensemble in (replayed, fresh):
        assert same_bits(truth, trained(ensemble, 30))
        assert_same(plain, ensemble)
        assert ensemble._replay.n_recordings >= 1


def test_a_joined_ensemble_has_recordings_of_its_own():
    parts = {how: [made(mlp, how), made(mlp, how)] for how in (False, True)}
    trained(parts[True][0], 10)
    trained(parts[False][0], 10)
    plain, replayed = (fastmi.Ensemble.joined(parts[how]) for how in (False, True))
    assert replayed._replay.n_recordings == 0
    assert same_bits(trained(plain, 50), trained(replayed, 50))
    assert_same(plain, replayed)
    assert replayed._replay.n_recordings == 1
    before = {name: leaf.clone() for name, leaf in parts[True][0].parameters.items()}
    trained(replayed, 5)
    assert all(same_bits(leaf, before[name]) for name, leaf in parts[True][0].parameters.items())


def test_several_shapes_in_turn():
    plain, replayed = (made(mlp, how) for how in (False, None))
    for n_rows in (16, 9, 16, 9, 16, 9, 16, 9, 5):
        losses = [trained(each, 3, batch=n_rows) for each in (plain, replayed)]
        assert same_bits(*losses)
    assert_same(plain, replayed)
    assert replayed._replay.n_recordings == 3


def test_old_recordings_are_forgotten(monkeypatch):
    monkeypatch.setattr(replay, "MOST_SHAPES", 2)
    ensemble = made(mlp, None)
    for n_rows in (4, 5, 6, 7):
        trained(ensemble, 4, batch=n_rows)
    assert ensemble._replay.n_recordings == 2


def test_shapes_that_never_come_again_leave_nothing_behind():
    ensemble = made(mlp, None)
    for n_rows in range(3, 30):
        trained(ensemble, 1, batch=n_rows)
    assert len(ensemble._replay._steps) == replay.MOST_SHAPES


def test_a_copy_of_an_ensemble_begins_without_recordings():
    ensemble = made(mlp, None)
    trained(ensemble, 6)
    copied = copy.deepcopy(ensemble)
    assert (ensemble._replay.n_recordings, copied._replay.n_recordings) == (1, 0)
    assert same_bits(trained(ensemble, 6), trained(copied, 6))
    assert_same(ensemble, copied)
    assert copied._replay.n_recordings == 1


def test_torchs_generator_is_left_as_it_was():
    ensemble = made(NETWORKS["dropout"], True)
    before = torch.get_rng_state()
    trained(ensemble, 10)
    assert ensemble._replay.n_recordings == 1
    assert torch.equal(before, torch.get_rng_state())


def test_losses_that_were_returned_do_not_change():
    ensemble = made(mlp, None)
    trained(ensemble, 10)
    losses = trained(ensemble, 1)
    kept = losses.clone()
    trained(ensemble, 3)
    assert torch.equal(losses, kept)


def test_snapshots_and_networks_are_those_of_now():
    plain, replayed = (made(NETWORKS["batch norm"], how) for how in (False, None))
    for ensemble in (plain, replayed):
        trained(ensemble, 12)
    kept = replayed.snapshot()
    for name, leaf in plain.snapshot().items():
        assert same_bits(leaf, kept[name])
    trained(replayed, 3)
    assert any(not same_bits(leaf, kept[name]) for name, leaf in replayed.snapshot().items())
    for ours, theirs in zip(plain.networks(), made(mlp, None).networks(), strict=True):
        assert type(ours) is type(theirs)


def test_steps_are_plain_for_a_while(monkeypatch):
    monkeypatch.setattr(replay, "PLAIN_STEPS", 20)
    ensemble = made(mlp, None)
    trained(ensemble, 20)
    assert ensemble._replay.n_recordings == 0
    trained(ensemble, 1)
    assert ensemble._replay.n_recordings == 1


# --- what is not replayed -------------------------------------------------------------------------


class Counting(nn.Module):
    """Anneals by a counter that torch does not see."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(12, 1)
        self.n_calls = 0

    def forward(self, x):
        self.n_calls += 1
        return self.linear(x) / self.n_calls


class Drawing(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(12, 1)

    def forward(self, x):
        return self.linear(x) * random.random()


def hooked():
    network = mlp()
    network[1].register_forward_hook(lambda module, inputs, output: output * 2)
    return network


class Acting:
    """An activation that torch's own module calls, and that counts."""

    n_calls = 0

    def __call__(self, x):
        self.n_calls += 1
        return torch.tanh(x)


def activated():
    return nn.Sequential(
        nn.Unflatten(1, (3, 4)),
        nn.TransformerEncoderLayer(4, 2, 8, 0.0, activation=Acting(), batch_first=True),
        nn.Flatten(),
        nn.Linear(12, 1),
    )


def own_forward():
    network = mlp()
    network[0].forward = lambda x: nn.functional.linear(x, network[0].weight)
    return network


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (Counting, "the network is a Counting, not a module of torch.nn"),
        (lambda: nn.Sequential(mlp(), Drawing()), "the network's '1' is a Drawing"),
        (hooked, "the network's '1' has hooks"),
        (own_forward, "the network's '0' has a forward of its own"),
    ],
)
def test_what_torch_does_not_see_is_not_replayed_unasked(network, reason):
    if network is not Counting and isinstance(network()[-1], Drawing):
        network = lambda: nn.Sequential(nn.Linear(12, 12), Drawing())  # noqa: E731
    ensemble = made(network, None)
    assert reason in ensemble.replay_reason
    trained(ensemble, 6)
    assert ensemble._replay.n_recordings == 0


def test_a_loss_of_ones_own_is_not_replayed_unasked():
    def distance(prediction, target):
        return (prediction - target).abs().mean()

    ensemble = made(mlp, None, loss=distance)
    assert "distance, not one of torch's" in ensemble.replay_reason
    trained(ensemble, 6)
    assert ensemble._replay.n_recordings == 0
    assert raced(mlp, 30, loss=distance)._replay.n_recordings == 1  # and is, when asked


def test_a_function_that_torchs_own_module_calls_is_seen():
    reason = "the network's '1' has 'activation', which is not one of torch's"
    assert made(activated, None).replay_reason == reason


def test_a_name_that_begins_like_torchs_is_not_torchs():
    def distance(prediction, target):
        return (prediction - target).abs().mean()

    distance.__module__ = "torchmetrics.functional"
    assert "distance, not one of torch's" in made(mlp, None, loss=distance).replay_reason
    assert made(mlp, None, loss=torch.dist).replay_reason == ""  # of torch's C functions


def test_not_asked_for():
    assert made(mlp, False).replay_reason == "it was not asked for (replay=False)"


@pytest.mark.parametrize("network", [Counting, Drawing])
def test_asked_in_vain_it_trains_as_it_would_have(network):
    """The plain step and the recorded one differ: the reason is kept, and the truth."""
    runs = []
    for asked in (False, True):
        random.seed(5)
        ensemble = made(network, asked)
        runs.append(trained(ensemble, 8))
    assert ensemble._replay.n_recordings == 0
    assert ensemble.replay_reason == "a replayed step was not the plain one, bit for bit"
    if network is Counting:  # tracing has drawn from `random` once more
        assert same_bits(*runs)


def test_what_cannot_be_traced_is_said():
    class Untraceable(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(12, 1)

        def forward(self, x):
            if torch._C._len_torch_dispatch_stack():
                raise RuntimeError("not while somebody writes it down")
            return self.linear(x)

    ensemble = raced(Untraceable, 8)
    assert ensemble._replay.n_recordings == 0
    assert ensemble.replay_reason == "it cannot be traced (not while somebody writes it down)"


def test_a_recording_that_would_be_too_large_is_not_kept(monkeypatch):
    monkeypatch.setattr(recordings, "MOST_BYTES", 1000)
    ensemble = raced(mlp, 8)
    assert ensemble._replay.n_recordings == 0
    assert "a recording would hold" in ensemble.replay_reason


def test_looped_copies_are_not_replayed():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = nn.GRU(12, 4, batch_first=True), nn.Linear(4, 1)

        def forward(self, x):
            return self.out(self.cell(x[:, None])[0][:, 0])

    with pytest.warns(fastmi.LoopWarning):
        ensemble = made(Recurrent, True)
    trained(ensemble, 5)
    assert ensemble.replay_reason == "its copies are looped over"


@pytest.mark.parametrize("watch", ["anomaly", "autocast", "mode", "hook", "global hook"])
def test_a_step_that_is_watched_is_plain(watch):
    class Seen(torch.utils._python_dispatch.TorchDispatchMode):
        def __init__(self):
            super().__init__()
            self.names = []

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            self.names.append(function.overloadpacket.__name__)
            return function(*args, **(kwargs or {}))

    ensemble, heard = made(mlp, True), []
    trained(ensemble, 5)
    assert ensemble._replay.n_recordings == 1
    seen = Seen()
    if watch == "hook":
        next(iter(ensemble.parameters.values())).register_hook(heard.append)
        trained(ensemble, 1)
        assert len(heard) == 1
    elif watch == "global hook":
        handle = nn.modules.module.register_module_forward_hook(lambda *words: heard.append(words))
        try:
            trained(ensemble, 1)
        finally:
            handle.remove()
        assert len(heard) == 6  # five modules, and all of them
    elif watch == "mode":
        with seen:
            trained(ensemble, 1)
        assert "tanh_backward" in seen.names
        assert "bmm" in seen.names
    else:
        plain = made(mlp, False)
        trained(plain, 5)
        losses = [trained_under(watch, each) for each in (plain, ensemble)]
        assert same_bits(*losses)


def trained_under(watch, ensemble):
    """One step under a mode of torch's."""
    if watch == "autocast":
        with torch.autocast("cpu", torch.bfloat16):
            return trained(ensemble, 1)
    with pytest.warns(UserWarning, match="Anomaly Detection"):  # noqa: SIM117
        with torch.autograd.detect_anomaly():
            return trained(ensemble, 1)


def test_a_step_that_fails_leaves_everything_as_it_was():
    class Words(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.norm, self.out = (
                nn.Embedding(9, 4),
                nn.BatchNorm1d(4),
                nn.Linear(4, 1),
            )

        def forward(self, words):
            return self.out(self.norm(self.table(words).mean(1)))

    ensemble = fastmi.Ensemble(Words(), 2, replay=True)
    words, y = torch.arange(2 * 8 * 5).reshape(2, 8, 5) % 9, torch.ones(2, 8, 1)
    for _ in range(5):
        ensemble.step(words, y)
    assert ensemble._replay.n_recordings == 1
    before = ensemble.state()
    with pytest.raises((IndexError, RuntimeError)):
        ensemble.step(words + 5, y)
    after = ensemble.state()
    assert all(array.tobytes() == after[name].tobytes() for name, array in before.items())
    ensemble.step(words, y)


@pytest.mark.parametrize("asked", ["yes", 1, "auto"])
def test_what_replay_may_be(asked):
    with pytest.raises(ValueError, match=r"replay is .*: pass None \(where it is safe\), True"):
        made(mlp, asked)
