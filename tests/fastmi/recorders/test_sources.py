"""Samples are read in one order by a loader of our own, whatever holds them."""

import numpy as np
import pytest
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from fastmi.recorders.sources import is_pair, source
from tests.fastmi.recorders.models import generators, loader, same, samples

X, Y = samples(25)
DATA = TensorDataset(X, Y)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(zip(X, Y, strict=True))


class Once(IterableDataset):
    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration


def read(given, rows=None, batch_size=10):
    batches, n = source("a", given, batch_size)
    return list(batches(rows)), n


def joined(batches):
    x, y = (torch.cat([torch.as_tensor(batch[i]) for batch in batches]) for i in (0, 1))
    return x, y


GIVEN = {
    "tensors": (X, Y),
    "arrays": (X.numpy(), Y.numpy()),
    "a tensor and a list": (X, Y.tolist()),
    "a data set": DATA,
    "a list of pairs": list(zip(X, Y, strict=True)),
    "a loader": loader(DATA),
    "a shuffled loader": loader(DATA, shuffle=True, batch_size=7, drop_last=True),
    "a subset": Subset(TensorDataset(torch.cat([X, X]), torch.cat([Y, Y])), range(25)),
    "a loader of some rows": loader(
        TensorDataset(torch.cat([X, X]), torch.cat([Y, Y])),
        sampler=SubsetRandomSampler(list(range(24, -1, -1))),
    ),
    "a stream": Stream(),
    "a loader of a stream": loader(Stream()),
}


@pytest.mark.parametrize("kind", GIVEN)
def test_everything_gives_the_same_batches_again_and_again(kind):
    before = generators()
    for _ in range(2):
        batches, n = read(GIVEN[kind])
        assert [len(batch[1]) for batch in batches] == [10, 10, 5]
        x, y = joined(batches)
        assert torch.equal(x, X)
        assert torch.equal(y, Y)
        assert n == (None if "stream" in kind else 25)
    assert same(before, generators())


@pytest.mark.parametrize(
    "kind", ["tensors", "a data set", "a loader of some rows", "a stream", "a loader of a stream"]
)
def test_some_rows(kind):
    x, y = joined(read(GIVEN[kind], [3, 5, 24])[0])
    assert torch.equal(x, X[[3, 5, 24]])
    assert torch.equal(y, Y[[3, 5, 24]])


def test_mappings_and_strings():
    batches, n = read(
        ({"a": X, "b": X.numpy()}, {"y": Y, "word": np.array(["u", "v"] * 12 + ["u"])})
    )
    assert n == 25
    (inputs, labels), *_ = batches
    assert inputs["a"].shape == inputs["b"].shape == (10, 4)
    assert isinstance(inputs["b"], torch.Tensor)
    assert labels["word"].tolist()[:2] == ["u", "v"]


def test_what_is_a_pair():
    assert is_pair((X, Y))
    assert is_pair([X, Y])
    assert is_pair(({"a": X}, Y))
    assert not is_pair([(X[0], 0), (X[1], 1)])
    assert not is_pair([{"x": 1}, {"x": 2}])
    assert not is_pair(DATA)


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        (iter(loader()), TypeError, "can be read only once: pass what it was made of"),
        ((batch for batch in []), TypeError, "can be read only once"),
        (Once(), TypeError, "iterates over itself"),
        (X, TypeError, r"and its labels: \(x, y\)"),
        (3, TypeError, r"samples\['a'\] is 3: pass \(x, y\), a data set or a DataLoader"),
        ("data", TypeError, "pass"),
        (None, TypeError, "pass"),
        ([], ValueError, r"empty \(n = 0\)"),
        ((X[:0], Y[:0]), ValueError, r"empty \(n = 0\)"),
        (TensorDataset(X[:0], Y[:0]), ValueError, r"empty \(n = 0\)"),
        (
            (X, Y[:3]),
            ValueError,
            r"different numbers of samples in samples\[a: x has 25, a: y has 3",
        ),
        ((X, 3), TypeError, r"samples\[a: y\] is 3: pass arrays or tensors"),
        (
            loader(DATA, sampler=WeightedRandomSampler([1.0] * 25, 25)),
            TypeError,
            "with a WeightedRandomSampler, which may leave out or repeat rows",
        ),
        (DataLoader(DATA, batch_size=None), TypeError, "makes its batches in its own way"),
        (
            DataLoader(
                DATA,
                batch_sampler=type("Own", (BatchSampler,), {})(SequentialSampler(DATA), 5, False),
            ),
            TypeError,
            "makes its batches in its own way",
        ),
    ],
)
def test_what_cannot_be_read_again_is_refused(given, kind, said):
    with pytest.raises(kind, match=said):
        source("a", given, 10)
