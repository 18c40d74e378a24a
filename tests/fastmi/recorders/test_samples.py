"""Labels and rows of a sample, from whatever holds them; what is said of several."""

import warnings

import numpy as np
import pytest
import torch
from torch.utils.data import IterableDataset, TensorDataset

from fastmi.recorders.samples import by_name, moved, read_sample, warn_of_shared_rows
from tests.fastmi.recorders.models import samples

X, Y = samples(25)
CPU = torch.device("cpu")


def sample(given, name="held-out", unpack=None):
    return read_sample(name, given, unpack, 10)


class Words(torch.utils.data.Dataset):
    """Items are mappings, as of Hugging Face."""

    def __init__(self, key="labels"):
        self.key = key

    def __len__(self):
        return 25

    def __getitem__(self, i):
        return {"input_ids": X[i], self.key: Y[i]}


@pytest.mark.parametrize(
    ("given", "unpack"),
    [
        ((X, Y), None),
        (TensorDataset(X, Y), None),
        (Words(), None),
        (Words("label"), None),
        (Words("target"), lambda batch: (batch["input_ids"], batch["target"])),
        (TensorDataset(X, X, Y), lambda batch: ((batch[0], batch[1]), batch[2])),
    ],
)
def test_labels_and_batches(given, unpack):
    read = sample(given, unpack=unpack)
    assert read.labels["y"].tolist() == Y.tolist()
    assert (read.n_samples, read.kind) == (25, "held-out")
    sizes = []
    for x, n in read.batches(CPU):
        first = x["input_ids"] if isinstance(x, dict) else x[0] if isinstance(x, tuple) else x
        assert len(first) == n
        sizes.append(n)
    assert sizes == [10, 10, 5]
    assert repr(read) == "Sample 'held-out' of 25 rows, labels y"


def test_several_sets_of_labels():
    words = np.array(["even", "odd"])[Y.numpy()]
    read = sample((X, {"class": Y, "word": words, "pair": np.stack([Y, Y], 1)}))
    assert list(read.labels) == ["class", "word", "pair"]
    assert read.labels["word"].tolist() == words.tolist()
    assert read.labels["pair"].shape == (25, 2)
    unpacked = sample(TensorDataset(X, Y), unpack=lambda b: (b[0], {"a": b[1], "b": b[1] % 1}))
    assert list(unpacked.labels) == ["a", "b"]


def test_a_name_says_what_a_sample_is():
    kinds = [sample((X, Y), name).kind for name in ("training", "held-out", "validation")]
    assert kinds == ["training", "held-out", None]


def test_rows_that_two_samples_share_are_counted():
    other = X.clone()
    other[5:] += 1
    one, two = sample((X, Y)), sample((other, Y), "training")
    with pytest.warns(UserWarning, match=r"5 of the 25 rows of samples\['training'\] are in samp"):
        warn_of_shared_rows([one, two])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_shared_rows([one, sample((X + 1, Y), "training")])


def test_rows_are_told_apart_by_all_their_inputs():
    half = X.to(torch.bfloat16)
    one = sample(({"a": half, "b": X}, Y))
    two = sample(({"a": half, "b": X + 1}, Y))
    assert not np.isin(one.hashes, two.hashes).any()
    assert len(np.unique(one.hashes)) == 25


def test_one_sample_has_a_name():
    assert list(by_name((X, Y))) == ["sample"]
    assert list(by_name({"training": (X, Y)})) == ["training"]


def test_what_names_no_samples_is_refused():
    with pytest.raises(ValueError, match="samples is empty"):
        by_name({})
    for name in ("", "a/b", 3):
        with pytest.raises(ValueError, match="samples has the name"):
            by_name({name: (X, Y)})
    for array in (X, X.numpy()):
        with pytest.raises(TypeError, match="samples\\['x'\\] is a single array"):
            by_name({"x": array, "labels": Y})


class Ragged(IterableDataset):
    """Names of labels that change."""

    def __iter__(self):
        for i in range(20):
            yield X[i], {"a" if i < 10 else "b": Y[i]}


class Nothing(IterableDataset):
    def __iter__(self):
        return iter([])


@pytest.mark.parametrize(
    ("given", "unpack", "kind", "said"),
    [
        (TensorDataset(X), None, TypeError, r"batches that are not \(x, y\).*pass unpack="),
        (Words("target"), None, TypeError, r"\(names input_ids, target\): pass unpack="),
        (TensorDataset(X, Y), lambda b: b[0], TypeError, "unpack of samples.* returned"),
        (TensorDataset(X, Y), lambda b: (b[0], None), TypeError, "has no labels for a batch"),
        (TensorDataset(X, Y), lambda b: (b[0], {}), ValueError, "labels are an empty mapping"),
        (TensorDataset(X, Y), lambda b: (b[0], b[1][:3]), ValueError, "3 labels and inputs"),
        (TensorDataset(X, Y), lambda b: (b[0][:3], b[1][:3]), ValueError, "labels for 9 of its 25"),
        (Ragged(), None, ValueError, "has labels b after batches with a"),
        (Nothing(), None, ValueError, r"empty \(n = 0\)"),
        ((X, Y + 0.5), None, ValueError, "y of samples.*whole"),
        ((X, {"a": Y + 0.5}), None, ValueError, r"y\['a'\] of samples"),
    ],
)
def test_what_is_no_sample_is_refused(given, unpack, kind, said):
    with pytest.raises(kind, match=said):
        sample(given, unpack=unpack)


def test_inputs_are_moved_to_the_model():
    x = moved({"a": X.numpy(), "b": [X, "text"]}, torch.device("meta"))
    assert x["a"].is_meta
    assert x["b"][0].is_meta
    assert x["b"][1] == "text"
