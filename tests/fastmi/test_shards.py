"""Shards of every kind have the rows that they hold, block by block; others are refused."""

import sys

import numpy as np
import pytest
import torch

from fastmi.shards import Shard, as_shards, opened

T = np.arange(21, dtype=np.float32).reshape(7, 3)
Y = np.array(list("abacaba"))


def read(t, y=None, rows=3):
    (shard,) = as_shards([t], None if y is None else [y])
    blocks = list(shard.blocks(lambda d: rows))
    labels = [block[2] for block in blocks]
    joined = None if labels[0] is None else np.concatenate([np.asarray(part) for part in labels])
    assert [len(block[0]) for block in blocks] == [len(block[1]) for block in blocks]
    return np.concatenate([np.asarray(block[1]) for block in blocks]), joined


def npy(folder):
    np.save(folder / "t.npy", T)
    return folder / "t.npy"


def fortran(folder):
    np.save(folder / "t.npy", np.asfortranarray(T))
    return str(folder / "t.npy")


def npz(folder):
    np.savez(folder / "t.npz", anything=T)
    return folder / "t.npz"


def zarr(folder):
    store = pytest.importorskip("zarr")
    store.save_array(folder / "t.zarr", T)
    return folder / "t.zarr"


def parquet(folder):
    pytest.importorskip("pyarrow")
    frames = pytest.importorskip("pandas")
    frames.DataFrame(T, columns=list("abc")).to_parquet(folder / "t.parquet", row_group_size=2)
    return folder / "t.parquet"


KINDS = {
    "npy": npy,
    "columns first": fortran,
    "npz": npz,
    "zarr": zarr,
    "parquet": parquet,
    "array": lambda folder: T,
    "tensor": lambda folder: torch.from_numpy(T),
    "function": lambda folder: lambda: T,
    "function of a path": lambda folder: lambda: npy(folder),
    "one that reads as it is sliced": lambda folder: np.load(npy(folder), mmap_mode="r"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [1, 3, 100])
def test_a_shard_of_any_kind_is_its_rows(tmp_path, kind, rows):
    t, y = read(KINDS[kind](tmp_path), rows=rows)
    assert t.tolist() == T.tolist()
    assert y is None


def labels_npz(folder):
    np.savez(folder / "both.npz", t=T, y=Y)
    return folder / "both.npz"


def labels_parquet(folder):
    pytest.importorskip("pyarrow")
    frames = pytest.importorskip("pandas")
    frames.DataFrame({"y": Y}).to_parquet(folder / "y.parquet")
    return T, folder / "y.parquet"


LABELLED = {
    "npz of both": lambda folder: (labels_npz(folder),),
    "pair": lambda folder: ((T, Y),),
    "function that makes both": lambda folder: (lambda: (T, Y),),
    "array": lambda folder: (T, Y),
    "list": lambda folder: (T, Y.tolist()),
    "function": lambda folder: (T, lambda: Y),
    "parquet": labels_parquet,
}


@pytest.mark.parametrize("kind", LABELLED)
def test_labels_come_beside_their_rows(tmp_path, kind):
    t, y = read(*LABELLED[kind](tmp_path))
    assert (t.tolist(), y.tolist()) == (T.tolist(), Y.tolist())


def test_blocks_are_cut_by_their_width():
    (shard,) = as_shards([T])
    assert [rows for rows, *_ in shard.blocks(lambda d: 12 // d)] == [range(4), range(4, 7)]
    assert list(as_shards([T[:0]])[0].blocks(lambda d: 5)) == []


class Lazy:
    """What an array of Dask is to us."""

    dask = None

    def __init__(self, array, n=None):
        self.array = array
        self.shape = array.shape if n is None else (n, *array.shape[1:])
        self.chunks = ((4, len(array) - 4), *((size,) for size in array.shape[1:]))

    def __len__(self):
        return len(self.array)

    def __getitem__(self, rows):
        return Lazy(self.array[rows])

    def compute(self, scheduler):
        assert scheduler == "synchronous"
        return self.array


def test_an_array_of_dask_is_computed_where_it_is_read_and_cut_at_its_chunks():
    assert read(Lazy(T), Lazy(Y))[0].tolist() == T.tolist()
    shards = as_shards(Lazy(T), Y)
    assert [(shard.t.array.tolist(), shard.y.tolist()) for shard in shards] == [
        (T[:4].tolist(), list("abac")),
        (T[4:].tolist(), list("aba")),
    ]
    assert [shard.y for shard in as_shards(Lazy(T))] == [None, None]
    assert repr(shards[1]) == "Shard: shard 1"


@pytest.mark.parametrize(
    ("shards", "y", "error", "words"),
    [
        (
            T,
            None,
            TypeError,
            r"shards is array\(.*: pass a list, one for each shard, as \[shards\]",
        ),
        ("t.npy", None, TypeError, "shards is 't.npy': pass a list"),
        (None, None, TypeError, "shards is None: pass a list"),
        ([T], Y, TypeError, "y is array"),
        ([T], "y.npy", TypeError, "y is 'y.npy': pass a list"),
        ([T, T], [Y], ValueError, "shards are 2, and y has 1: give the labels of each shard"),
        (Lazy(T), Y[:3], ValueError, "shards has 7 rows, and y has 3: give one label each"),
        (Lazy(T, np.nan), None, ValueError, r"is \(nan, 3\): let it count its rows first"),
    ],
)
def test_what_are_no_shards_is_refused_before_any_is_read(shards, y, error, words):
    with pytest.raises(error, match=words):
        as_shards(shards, y)


def other_npz(folder):
    np.savez(folder / "t.npz", a=T, b=T)
    return folder / "t.npz"


def text(folder):
    (folder / "t.csv").write_text("1,2,3")
    return folder / "t.csv"


@pytest.mark.parametrize(
    ("t", "y", "error", "words"),
    [
        (lambda folder: folder / "no.npy", None, FileNotFoundError, "activations: there is no .*"),
        (lambda folder: folder / "no.npz", None, FileNotFoundError, "activations: there is no .*"),
        (text, None, ValueError, r"t\.csv, of a kind that is not known: pass \.npy, \.npz, \.zarr"),
        (other_npz, None, ValueError, "which holds 'a', 'b': one array is read, or 't' and 'y'"),
        (lambda folder: 3, None, TypeError, r"activations is 3: pass an array, a path \(\.npy"),
        (lambda folder: [[1, 2]], None, TypeError, r"activations is \[\[1, 2\]\]: pass an array"),
        (
            lambda folder: T[0],
            None,
            ValueError,
            r"activations has shape \(3,\): a shard has \(n, d",
        ),
        (lambda folder: T, T[None], ValueError, r"y has shape \(1, 7, 3\): a shard has \(n,\) or"),
        (lambda folder: T, Y[:6], ValueError, "it has 7 rows of activations, and y has 6"),
        (lambda folder: (T, Y), Y, ValueError, "it brings labels, and y has some for it"),
    ],
)
def test_what_is_no_shard_is_refused_where_it_is_opened(tmp_path, t, y, error, words):
    with pytest.raises(error, match=words):
        read(t(tmp_path), y)


def test_a_shard_says_what_it_is():
    assert [shard.name for shard in as_shards([T, "a/t.npy"])] == ["shard 0", "shard 1 (a/t.npy)"]
    assert isinstance(as_shards([T])[0], Shard)
    assert opened("y", [1, 2]).n_rows == 2


@pytest.mark.parametrize(("name", "package"), [("t.zarr", "zarr"), ("t.parquet", "pyarrow")])
def test_a_package_that_is_missing_is_named(tmp_path, monkeypatch, name, package):
    (tmp_path / name).mkdir()
    for module in ("zarr", "pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"{name} needs {package}: pip install {package}"):
        read(tmp_path / name)
