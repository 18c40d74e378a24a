"""Networks, batches, and the definition: an ordinary loop for each copy."""

import functools
import io

import numpy as np
import torch
from torch import nn

from fastmi import Ensemble

DOUBLE = torch.float64
SGD = functools.partial(torch.optim.SGD, lr=0.02)


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
    """The definition: an ordinary loop for each network, with an optimiser of its own.

    Returns losses (n_steps, n_copies).
    """
    losses = torch.empty(len(steps), len(networks), dtype=DOUBLE)
    for i, network in enumerate(networks):
        stepper = optimizer([leaf for leaf in network.parameters() if leaf.requires_grad])
        for step, (x, y) in enumerate(steps):
            value = loss(network(x[i]), y[i])
            stepper.zero_grad()
            value.backward()
            stepper.step()
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


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.down, self.up = nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)
        self.up.weight = self.down.weight

    def forward(self, x):
        return self.up(torch.tanh(self.down(x)))


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


def adam(**options):
    return functools.partial(torch.optim.Adam, lr=0.01, **options)


class Pair(nn.Module):
    def forward(self, x):
        return x, x


class Idle(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.unused = nn.Linear(3, 1), nn.Linear(3, 1)

    def forward(self, x):
        return self.used(x)


class TwoNames(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.again, self.out = self.first, nn.Linear(3, 1)

    def forward(self, x):
        return self.out(torch.tanh(self.again(torch.tanh(self.first(x)))))


class Parent(nn.Module):
    def __init__(self, child):
        super().__init__()
        self.child = child

    def forward(self, x):
        return torch.tanh(self.child(x))


def repeated():
    one = nn.Linear(3, 3)
    return nn.Sequential(one, nn.Tanh(), one, one, nn.Linear(3, 1))


def two_parents():
    child = nn.Linear(3, 3)
    return nn.Sequential(Parent(child), Parent(child), nn.Linear(3, 1))
