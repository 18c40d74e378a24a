"""Counts of shards are those of one stream, on any workers; what goes wrong is said, once."""

import errno
import multiprocessing
import os
import pickle
import re
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastmi
from fastmi import Stream, UniformBins, distributed, spilling
from fastmi.distributed import count
from tests import ROOT
from tests.fastmi.made_shards import made, samples
from tests.fastmi.two_ranks import CASES, shards
from tests.fastmi.two_ranks import answers as ranked

BINS = UniformBins(30, range=(-1, 1))
NAMES = ("n_samples", "entropy", "entropy_y", "n_symbols", "coverage", "mutual_information")


def answers(found):
    report = found.report().to_dict()
    return {**{name: getattr(found, name) for name in NAMES}, **report}


def of_a_stream(t, y, **options):
    stream = Stream(BINS, **options)
    stream.update(t, y)
    return answers(stream)


def cut(array, cuts):
    return [array[first:last] for first, last in pairwise([0, *cuts, len(array)])]


@given(
    cuts=st.lists(st.integers(0, 1200), max_size=9).map(sorted),
    memory=st.sampled_from([1, 40_000, 2**30]),
    n_workers=st.sampled_from([0, 1, 3]),
    bucket=st.sampled_from([50, 2**22]),
    put=st.sampled_from([np.asarray, lambda y: y.astype(str), lambda y: np.stack([y, -y], 1)]),
)
@settings(max_examples=15, deadline=None)
def test_no_shards_and_no_workers_leave_a_trace(
    tmp_path_factory, cuts, memory, n_workers, bucket, put
):
    folder = tmp_path_factory.mktemp("counts")
    t, labels = samples()[0], put(samples()[1])
    # one row at a time takes long
    memory = max(memory, 100 * distributed.ROW_BYTES * 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributed, "BUCKET_PAIRS", bucket)
        patch.setattr(spilling, "MOST_RUNS", 3)
        found = count(
            cut(t, cuts),
            BINS,
            y=cut(labels, cuts),
            executor=partial(ThreadPoolExecutor, n_workers) if n_workers else None,
            folder=folder,
            memory=memory,
            n_classes=20,
            sample="held-out",
        )
    assert answers(found) == of_a_stream(t, labels, n_classes=20, sample="held-out")
    assert list(folder.iterdir()) == []


def test_without_labels_and_with_many():
    t, _ = samples()
    found = count([t[:500], t[500:]], BINS)
    stream = Stream(BINS)
    stream.update(t)
    assert (found.entropy, found.n_symbols) == (stream.entropy, stream.n_symbols)
    with pytest.raises(ValueError, match="no labels have been counted"):
        _ = found.mutual_information
    many = np.arange(1200)
    found = count(cut(t, [300, 700]), BINS, y=cut(many, [300, 700]))
    assert answers(found) == of_a_stream(t, many)


def test_labels_of_two_shards_are_the_same_where_python_says_so():
    t = np.zeros((2, 1), np.float32)
    found = count([t] * 3, BINS, y=[[1, 2], np.array([2.0, 1.0]), np.array([3, 1], ">u8")])
    assert found.entropy_y == pytest.approx(
        -(3 * np.log2(1 / 2) + 2 * np.log2(1 / 3) - np.log2(6)) / 6
    )
    strings = count([t] * 2, BINS, y=[["b", "a"], np.array(["a", "a long one"])])
    assert strings.entropy_y == 1.5


def test_bins_that_were_chosen_are_charged():
    t, y = samples()
    chosen = fastmi.choose_binning(t, y, [UniformBins(4, (-1, 1)), BINS])
    found = count([t], chosen, y=[y])
    assert found.report().charge == 1 / 1200


def test_chunks_are_encoded_where_they_are_told(twin):
    t, y = samples()
    assert answers(count(cut(t, [700]), BINS, y=cut(y, [700]), device="cpu")) == of_a_stream(t, y)
    assert answers(count([twin.put(t)], BINS, y=[twin.put(y)])) == of_a_stream(t, y)


def test_many_rows_of_all_shards_are_warned_of(monkeypatch):
    rows = np.zeros((4, 40), np.float32)
    monkeypatch.setattr(fastmi.coding, "MOST_COLLISIONS", 1e-16)
    with pytest.warns(fastmi.CollisionWarning, match="among 8 distinct ones"):
        count([rows, rows], UniformBins(200, range=(-1, 1)))


# --- workers in processes -------------------------------------------------------------------------


def spawned():
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def test_a_process_that_dies_is_replaced_and_what_was_done_is_not_done_again(tmp_path):
    marks, folder = tmp_path / "marks", tmp_path / "shared"
    marks.mkdir()
    folder.mkdir()
    parts = [samples(200, i) for i in range(4)]
    shards = [partial(made, seed, marks, dies=(2,)) for seed in range(4)]
    found = count(shards, BINS, executor=spawned, folder=folder)
    assert answers(found) == of_a_stream(*map(np.concatenate, zip(*parts, strict=True)))
    names = [path.name.rpartition("-")[0] for path in marks.iterdir()]
    assert sorted(names) == ["died", *(f"made-{seed}" for seed in range(4))]
    assert list(folder.iterdir()) == []


# --- what goes wrong ------------------------------------------------------------------------------


def wrong(t=None, y=None, at=1, **options):
    """Two shards of 60 rows, one of which is another."""
    shards, labels = [samples(60, i)[0] for i in range(2)], [samples(60, i)[1] for i in range(2)]
    shards[at] = shards[at] if t is None else t
    labels[at] = labels[at] if y is None else y
    return {"shards": shards, "y": labels, **options}


def with_nan():
    t = samples(60)[0]
    t[50, 1] = np.nan
    return t


BAD = {
    "NaN": (
        wrong(with_nan(), memory=4 * 20 * (distributed.ROW_BYTES + 2 * distributed.UNIT_BYTES)),
        ValueError,
        r"shard 1, row 50: activations holds 1 NaN",
    ),
    "another width": (
        wrong(samples(60, d=3)[0]),
        ValueError,
        r"shard 1: activations has shape \(60, 3",
    ),
    "other labels": (wrong(y=np.full(60, "a")), TypeError, "shard 1: y holds strings in column 0"),
    "too few labels": (wrong(y=[1, 2]), ValueError, "shard 1: it has 60 rows .* y has 2"),
    "a missing file": (
        wrong("no.npy"),
        FileNotFoundError,
        r"shard 1 \(no.npy\): activations: there",
    ),
    "an unknown file": (
        wrong(__file__),
        ValueError,
        r"shard 1 \(.*\.py\): activations is .*of a kind",
    ),
    "an unknown object": (
        wrong({1: 2}),
        TypeError,
        r"shard 1: activations is \{1: 2\}: pass an arr",
    ),
    "labels in some": (
        {"shards": [samples(60)[0], samples(60)]},
        ValueError,
        "shard 1: y is given, but the 60 samples before came without labels",
    ),
    "one that is no shards": (
        {"shards": samples(9)[0]},
        TypeError,
        "shards is array.* pass a list",
    ),
    "fewer labels": (wrong(y=[]) | {"y": [[1]]}, ValueError, "shards are 2, and y has 1"),
    "none": ({"shards": []}, ValueError, r"shards hold no samples \(n = 0\)"),
    "empty ones": ({"shards": [np.zeros((0, 2))] * 2}, ValueError, r"no samples \(n = 0\)"),
    "no executor": (wrong(executor=2), TypeError, "executor is 2: pass a concurrent"),
    "no folder": (wrong(folder="no/such"), FileNotFoundError, "folder is no/such, and there is no"),
    "no name of a folder": (wrong(folder=3), TypeError, "folder is 3"),
    "no memory": (wrong(memory=0), ValueError, "memory"),
    "no device": (wrong(device=0), TypeError, "device is 0: pass a name"),
    "a device that is not here": (
        wrong(device="cuda:99"),
        ValueError,
        r"shard [01], rows 0 to \d+: device is 'cuda:99', which process \d+ on .* cannot use \(",
    ),
    "no group": (wrong(process_group="WORLD"), TypeError, "process_group is a str"),
    "classes": (wrong(n_classes=0), ValueError, "n_classes"),
    "sample": (wrong(sample="test"), ValueError, "sample must be one of"),
    "binning": (wrong(binning=30), TypeError, "binning is 30"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("executor", [None, partial(ThreadPoolExecutor, 2)])
def test_what_is_wrong_is_one_error_and_leaves_no_file(tmp_path, case, executor):
    options, error, words = BAD[case]
    options = {"binning": BINS, "folder": tmp_path, "executor": executor, **options}
    with pytest.raises(error, match=words):
        count(**options)
    assert list(tmp_path.iterdir()) == []


def test_what_a_reader_raises_is_said_with_its_shard():
    def broken():
        raise KeyError("column")

    with pytest.raises(KeyError) as caught:
        count([samples()[0], broken], BINS)
    assert caught.value.__notes__ == ["while shard 1 was counted"]


def test_a_full_folder_is_one_error(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(spilling, "_records", full)
    with pytest.raises(OSError, match=r"takes no run of [\d,]+ bytes: No space left on device"):
        count([samples()[0]], BINS, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


class Older(ThreadPoolExecutor):
    """Workers that have another version."""

    def submit(self, call, /):
        def work():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(fastmi, "__version__", "0.0.1")
                return call()

        return super().submit(work)


def test_workers_of_another_version_are_refused(tmp_path):
    words = rf"has fastmi 0\.0\.1, and was given work by {fastmi.__version__}: install one version"
    with Older(1) as pool, pytest.raises(RuntimeError, match=words):
        count([samples()[0]], BINS, executor=pool, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


class Elsewhere(ThreadPoolExecutor):
    """Workers that see another folder under the same name, or none."""

    def __init__(self, folder, token):
        super().__init__(1)
        self.folder, self.token = folder, token

    def submit(self, call, /):
        (place,) = self.folder.iterdir()
        if self.token is None:
            (place / "token").unlink(missing_ok=True)
        else:
            (place / "token").write_text(self.token)
        return super().submit(call)


@pytest.mark.parametrize("token", [None, "another"])
def test_a_folder_that_a_worker_does_not_see_is_said(tmp_path, token):
    words = rf"does not see the files in {re.escape(str(tmp_path))}: pass folder= one that all"
    with Elsewhere(tmp_path, token) as pool, pytest.raises(FileNotFoundError, match=words):
        count([samples()[0]], BINS, executor=pool, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_other_files_of_the_folder_are_left_alone(tmp_path):
    (tmp_path / "mine").write_text("mine")
    count([samples()[0]], BINS, folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


# --- ranks ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """What each of two ranks found, over gloo on the loopback, and what they left."""
    folder = tmp_path_factory.mktemp("ranks")
    (folder / "shared").mkdir()
    places = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.fastmi.two_ranks"]
    places_of = [folder / "store", folder / "shared"]
    arguments = [[str(rank), *places_of, folder / str(rank)] for rank in (0, 1)]
    processes = [subprocess.Popen([*command, *each], cwd=ROOT, env=places) for each in arguments]
    try:
        assert [process.wait(timeout=240) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    found = [pickle.loads((folder / str(rank)).read_bytes()) for rank in (0, 1)]
    return found, list((folder / "shared").iterdir())


@pytest.mark.parametrize("name", CASES)
def test_all_ranks_have_the_answers_of_one_process(together, name):
    alone = ranked(count(binning=BINS, **shards([seed for of in CASES[name] for seed in of])))
    assert [found[name] for found in together[0]] == [alone] * 2
    assert together[1] == []


def test_what_one_rank_is_refused_is_refused_on_all(together):
    (first, second), _ = together
    bins, classes, kinds, nan, none, memory = first["refused"]
    assert "ValueError: binning is '20 bins" in bins
    assert "21 bins" in bins
    assert "n_classes and sample is (30, None) on rank 0 and (31, None) on rank 1" in classes
    assert kinds.startswith("TypeError: shard 0 of rank 1: y holds strings in column 0")
    assert nan.startswith("ValueError: shard 0 of rank 1, rows 0, 1, 2: activations holds 6 NaN")
    assert none.startswith("ValueError: shards hold no samples (n = 0)")
    assert memory.startswith("ValueError: memory")
    assert second["refused"][2:] == first["refused"][2:]
