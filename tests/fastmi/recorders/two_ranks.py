"""Recordings that one process makes alone, or two together: `python -m` this, RANK STORE OUT."""

import os
import pickle
import sys
import warnings
from pathlib import Path

import torch
from torch import distributed, nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

import fastmi
from fastmi.measures import KDEBounds, VectorQuantized
from tests.fastmi.measures.tiny import Means
from tests.fastmi.recorders.models import mlp, samples

X, Y = samples(60)
BINS = fastmi.UniformBins(4, range=(-2, 2))
WATCHED = {"layers": [nn.Tanh, nn.ReLU], "batch_size": 8}


class Rows(IterableDataset):
    def __iter__(self):
        return iter(list(zip(X, Y, strict=True)))


def convolution():
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2), nn.Tanh())


def spoiled():
    model = mlp()
    with torch.no_grad():
        model[2].weight[0, 0] = torch.nan
    return model


def spoiled_at_the_end():
    """Only the last sample, which one rank reads, holds NaN."""
    x = X.clone()
    x[-1, 0] = torch.nan
    return x, Y


IMAGES = samples(30, (1, 6, 6))
CASES = {
    "uneven": lambda **group: fastmi.watch(mlp(), (X, Y), BINS, **WATCHED, **group),
    "default bins": lambda **group: fastmi.watch(mlp(), (X, Y), **WATCHED, **group),
    "an empty share": lambda **group: fastmi.watch(mlp(), (X[:8], Y[:8]), BINS, **WATCHED, **group),
    "several of all": lambda **group: fastmi.watch(
        mlp(),
        {
            "training": DataLoader(TensorDataset(X, Y), shuffle=True),
            "held-out": (X[:7] + 9, Y[:7]),
        },
        [BINS, KDEBounds(0.1)],
        **WATCHED,
        **group,
    ),
    "repeated x": lambda **group: fastmi.watch(
        mlp(), (X, {"a": Y, "b": 1 - Y}), BINS, inputs=torch.arange(60) // 4, **WATCHED, **group
    ),
    "positions": lambda **group: fastmi.watch(
        convolution(), IMAGES, BINS, **WATCHED, pool={"1": "positions"}, **group
    ),
    "a stream": lambda **group: fastmi.watch(mlp(), Rows(), BINS, **WATCHED, **group),
    "nan": lambda **group: fastmi.watch(spoiled(), (X, Y), BINS, **WATCHED, **group),
    "nan of one rank": lambda **group: fastmi.watch(
        mlp(), spoiled_at_the_end(), BINS, **WATCHED, **group
    ),
}


def recorded(name, **group):
    """The numbers of an update, its marks and the columns of all tables."""
    torch.manual_seed(0)
    logged = []
    log = {"log": lambda numbers, step: logged.append(step)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        recorder = CASES[name](**group, **log)
        numbers = recorder.update(3)
    columns = [plane.points.present for plane in recorder.planes]
    return numbers, recorder.marked, columns, [plane.binning for plane in recorder.planes], logged


def refused(**group):
    """What is refused on every rank: other steps, measures that add up, and other samples."""
    said, rank = [], distributed.get_rank()
    recorder = CASES["uneven"](**group)
    for attempt in (
        lambda: recorder.update(rank + 1),
        lambda: fastmi.watch(mlp(), (X, Y), Means(), **WATCHED, **group).update(0),
        lambda: fastmi.watch(mlp(), (X[rank::2], Y[rank::2]), BINS, **WATCHED, **group).update(0),
        lambda: fastmi.watch(mlp(), (X, Y), BINS, batch_size=8 + rank, **group).update(0),
        lambda: fastmi.watch(mlp(), (X, Y), BINS, layers=f"{1 + 2 * rank}", **group).update(0),
    ):
        try:
            attempt()
        except ValueError as error:
            said.append(str(error))
    return said


def nearly_equal(rank, **group):
    """I(T;Y) of codes by models that differ by rounding, and number their centres otherwise."""
    model = nn.Sequential(nn.Linear(4, 2, bias=False), nn.Tanh())
    with torch.no_grad():
        model[0].weight.zero_()[:, 0] = torch.tensor([1e-7 * (-1) ** rank, 50])
    recorder = fastmi.watch(model, (X, Y), VectorQuantized(2), batch_size=8, **group)
    return recorder.update(0)["i_ty/1"]


def main(rank, store, out):
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=Path(store).as_uri(), rank=int(rank), world_size=2
    )
    group = {"process_group": distributed.group.WORLD}
    found = {name: recorded(name, **group) for name in CASES}
    found |= {"refused": refused(**group), "nearly equal": nearly_equal(int(rank), **group)}
    alone = distributed.new_group([0])
    if rank == "1":
        try:
            CASES["uneven"](process_group=alone)
        except TypeError as error:
            found["outside"] = str(error)
    Path(out).write_bytes(pickle.dumps(found))
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
    # gloo's threads may still let go of tensors, and a Python that ends meanwhile is aborted by it:
    # github.com/pytorch/pytorch/pull/179291
    os._exit(0)
