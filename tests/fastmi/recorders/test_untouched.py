"""A reading changes nothing: trainings with and without readings end bit for bit alike."""

import contextlib
import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

import fastmi
from fastmi.recorders.untouched import untouched
from tests.fastmi.recorders.models import (
    Drawn,
    generators,
    loader,
    mlp,
    restless,
    same,
    samples,
    seed_all,
)


def trained(model, batches, watched=None, epochs=3, within=contextlib.nullcontext):
    """Trains, and reads within each epoch where there is a sample to watch."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    recorder = fastmi.watch(model, watched, layers=nn.ReLU) if watched is not None else None
    step, seen = 0, []
    for _ in range(epochs):
        for x, y in batches:
            with within():
                loss = nn.functional.cross_entropy(model(x).float(), y)
                if recorder is not None and step % 2 == 0:
                    recorder.update(step)  # between forward and backward
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seen.append(x.sum().item())
            if recorder is not None and step % 2:
                recorder.update(step)
            step += 1
    state = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    return state, optimizer.state_dict(), generators(), modes, seen, model.__dict__.get("n_calls")


LOADERS = {
    "in order": lambda: loader(TensorDataset(*samples())),
    "shuffled": lambda: loader(TensorDataset(*samples()), shuffle=True),
    "with a generator": lambda: loader(shuffle=True, generator=torch.Generator().manual_seed(1)),
    "a drawing data set": lambda: loader(Drawn(), shuffle=True),
    "workers": lambda: loader(Drawn(), shuffle=True, num_workers=1),
    "workers that persist": lambda: loader(
        Drawn(), shuffle=True, num_workers=1, persistent_workers=True
    ),
}


@pytest.mark.parametrize("kind", LOADERS)
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_watched_training_ends_as_an_unwatched_one(kind):
    ends = []
    for is_watched in (False, True):
        seed_all()
        model, batches = restless(), LOADERS[kind]()
        epochs = 2 if "workers" in kind else 3
        ends.append(trained(model, batches, {"training": batches} if is_watched else None, epochs))
    for plain, watched in zip(*ends, strict=True):
        assert same(plain, watched)


@pytest.mark.parametrize("dtype", [torch.bfloat16])
def test_a_reading_within_autocast_leaves_the_gradients(dtype):
    ends = []
    for is_watched in (False, True):
        seed_all()
        model, batches = restless(), loader(shuffle=True)
        within = lambda: torch.autocast("cpu", dtype)  # noqa: E731
        ends.append(trained(model, batches, samples() if is_watched else None, 2, within))
    for plain, watched in zip(*ends, strict=True):
        assert same(plain, watched)


def test_an_exception_leaves_the_model_as_it_was():
    seed_all()
    model = restless()
    before, drawn = copy.deepcopy(model.__dict__), generators()
    modes = [module.training for module in model.modules()]

    def fails():
        with untouched(model):
            model(torch.ones(3, 4))
            torch.rand(3)
            assert not any(module.training for module in model.modules())
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fails()
    assert modes == [module.training for module in model.modules()]
    assert (model.n_calls, model.kept, model.calls.item()) == (0, None, 0)
    assert before["_buffers"].keys() == model._buffers.keys()
    assert same(drawn, generators())
    assert torch.is_grad_enabled()


def test_buffers_that_are_replaced_come_back():
    class Replaces(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mean", torch.zeros(2))
            self.register_buffer("absent", None)

        def forward(self, x):
            self.mean = self.mean + x.mean(0)
            return x

    model = Replaces()
    buffer = model.mean
    with untouched(model):
        model(torch.ones(3, 2))
        assert model.mean.sum() == 2
    assert model.mean is buffer
    assert buffer.sum() == 0


def test_a_reading_draws_the_same_each_time():
    model, drawn = mlp(), []
    for seed in (1, 2):
        torch.manual_seed(seed)
        with untouched(model):
            drawn.append((torch.rand(1).item(), np.random.random()))  # noqa: NPY002
    assert drawn[0] == drawn[1]
