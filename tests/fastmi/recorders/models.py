# ruff: noqa: NPY002 (the global generators are what is asked for)
"""Models of somebody else's, samples, and all that a training hangs on."""

import random
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset


def samples(n=60, shape=(4,), seed=3):
    """x and labels of two classes."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, *shape, generator=generator)
    return x, (x.flatten(1)[:, 0] > 0).long()


def mlp():
    return nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 2))


class Restless(nn.Module):
    """All that a careless reading would change: averages, dropout, caches, counts, modes."""

    def __init__(self):
        super().__init__()
        self.first, self.norm = nn.Linear(4, 8), nn.BatchNorm1d(8)
        self.relu, self.drop = nn.ReLU(inplace=True), nn.Dropout(0.3)
        self.frozen = nn.BatchNorm1d(8).eval()
        self.last = nn.utils.parametrizations.weight_norm(nn.Linear(8, 2))
        self.register_buffer("calls", torch.zeros(()))
        self.n_calls, self.kept = 0, None

    def forward(self, x):
        self.calls += 1
        self.n_calls += 1
        hidden = self.drop(self.relu(self.frozen(self.norm(self.first(x)))))
        self.kept = hidden  # of a training step it carries a graph
        return self.last(hidden + 0.01 * np.random.random() + 0.01 * random.random())


def restless():
    model = Restless()
    model.train()
    model.frozen.eval()  # somebody keeps these averages
    return model


class Drawn(Dataset):
    """Draws as transforms do: from torch, NumPy and Python."""

    def __init__(self, n=40):
        self.x, self.y = samples(n)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        noise = torch.rand(4) + np.random.random() + random.random()
        return self.x[i] + 0.01 * noise, self.y[i]


class Tuples(nn.Module):
    """Its layers return a tuple and a dataclass; it returns a mapping."""

    @dataclass
    class Out:
        loss: object
        hidden: torch.Tensor

    class Pair(nn.Module):
        def forward(self, x):
            return x, (x + 1, x + 2)

    class Record(nn.Module):
        def forward(self, x):
            return Tuples.Out(None, x * 2)

    class Text(nn.Module):
        def forward(self, x):
            return "nothing"

    def __init__(self):
        super().__init__()
        self.pair, self.record, self.text = self.Pair(), self.Record(), self.Text()

    def forward(self, x):
        self.text(x)
        return {"out": self.record(self.pair(x)[0])}


def loader(data=None, **options):
    data = TensorDataset(*samples()) if data is None else data
    return DataLoader(data, batch_size=options.pop("batch_size", 10), **options)


def generators():
    return torch.get_rng_state(), np.random.get_state(), random.getstate()


def seed_all(seed=5):
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


def same(one, other):
    """Whether two states are equal, tensors and arrays bit for bit."""
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other
