"""Pairs that outgrow the memory: the same floats from files, which leave no trace of themselves."""

import copy
import errno
import gc
import itertools
import os
import pickle
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastmi import Stream, UniformBins, spilling
from fastmi.coding import splitmix64
from fastmi.spilling import Folder, Held, Pairs, bounded, kinds, merged, written

BINS = UniformBins(40, range=(-1, 1))
NAMES = ("n_samples", "entropy", "entropy_y", "n_symbols", "coverage")
LABELS = {
    "none": lambda y: None,
    "few": lambda y: y % 3,
    "many": lambda y: y,
    "strings": lambda y: np.char.add("class ", y.astype(str)),
    "rows": lambda y: np.stack([y % 2, y % 5], axis=1),
}


def samples(n, seed=0, d=2, n_labels=400):
    """Rows of which some repeat, and labels that hang on them."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(-1, 1, (n, d)).astype(np.float32)
    t = t[rng.integers(0, n, n)]
    return t, (np.abs(t[:, 0] * 100).astype(int) + rng.integers(0, 2, n)) % n_labels


def filled(stream, t, y, cuts=()):
    for part in np.split(np.arange(len(t)), cuts):
        if len(part):
            stream.update(t[part], None if y is None else y[part])
    return stream


def answers(stream):
    found = {name: getattr(stream, name) for name in NAMES}
    if not stream._now().kinds:
        return found
    report = stream.report()
    return {**found, "information": stream.mutual_information, **report.to_dict()}


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@given(
    cuts=st.lists(st.integers(0, 600), max_size=12).map(sorted),
    n_held=st.integers(0, 500),
    labels=st.sampled_from(sorted(LABELS)),
    limits=st.tuples(st.integers(20, 300), st.integers(2, 5)),
    seed=st.integers(0, 20),
)
@settings(max_examples=12, deadline=None)
def test_no_budget_and_no_chunks_leave_a_trace(
    tmp_path_factory, cuts, n_held, labels, limits, seed
):
    folder = tmp_path_factory.mktemp("spill")
    t, y = samples(600, seed)
    y = LABELS[labels](y)
    whole = answers(filled(Stream(BINS), t, y))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spilling, "MOST_RUNS", limits[1])
        patch.setattr(spilling, "FEWEST_PAIRS", limits[0])
        stream = Stream(BINS, spill=folder, memory=1 + n_held * spilling.PAIR_BYTES)
        assert answers(filled(stream, t, y, cuts)) == whole
        half = Stream(BINS, spill=folder, memory=1 + n_held * spilling.PAIR_BYTES // 2)
        half = filled(half, t[300:], None if y is None else y[300:], (17,))
        both = filled(Stream(BINS), t[:300], None if y is None else y[:300])
        both.merge(half)
        half.close()
        assert answers(both) == whole
    del stream, both, half
    gc.collect()
    assert list(folder.iterdir()) == []


def test_thousands_of_pairs_in_a_hundred_kilobytes(tmp_path):
    t, y = samples(20_000)
    whole, stream = Stream(BINS), Stream(BINS, spill=tmp_path, memory=100_000)
    for part in np.split(np.arange(20_000), 100):
        stream.update(t[part], y[part])
        held = sum(len(run.codes) for run in stream._now().runs)
        assert held * spilling.PAIR_BYTES <= 100_000
    assert len(stream._now().spilled) > 5
    assert answers(stream) == answers(filled(whole, t, y))
    assert stream._now() is stream._now()


def test_runs_are_few_and_their_files_are_those_that_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(spilling, "MOST_RUNS", 4)
    t, y = samples(3000)
    stream = Stream(BINS, spill=tmp_path, memory=1)
    for part in np.split(np.arange(3000), 60):
        stream.update(t[part], y[part])
        runs = stream._now().spilled
        assert all(count < 4 for count in Counter(run.level for run in runs).values())
        assert files(tmp_path) == sorted(os.path.basename(run.file) for run in runs)
    assert {run.level for run in runs} == {1, 2}
    assert answers(stream) == answers(filled(Stream(BINS), t, y))


def test_a_pair_takes_few_bytes_on_the_disk(tmp_path):
    rows = np.arange(1000, dtype=np.float32)[:, None]
    bins = UniformBins(1000, range=(0, 1000))
    for y, n_bytes in ((None, 8), (np.arange(1000) % 5, 9), (np.arange(1000), 10)):
        stream = Stream(bins, spill=tmp_path, memory=1)
        stream.update(rows, y)
        (path,) = tmp_path.rglob("*.run")
        assert path.stat().st_size == 1000 * n_bytes
        assert stream.entropy == np.log2(1000)
        stream.update(np.repeat(rows, 300, axis=0), None if y is None else np.repeat(y, 300))
        assert stream.n_symbols == 1000
        stream.close()


# --- files ----------------------------------------------------------------------------------------


def spilled(folder, n=500, seed=0, **options):
    return filled(Stream(BINS, spill=folder, memory=1, **options), *samples(n, seed), [n // 2])


def test_files_go_when_a_stream_is_closed_or_let_go_and_others_stay(tmp_path):
    (tmp_path / "mine.run").write_text("somebody else's")
    first, second = spilled(tmp_path), spilled(tmp_path, seed=1)
    assert len(list(tmp_path.iterdir())) == 3
    expected = second.entropy
    with first:
        assert first.n_samples == 500
    assert first.n_samples == 0
    with pytest.raises(ValueError, match="the stream is empty"):
        _ = first.entropy
    assert second.entropy == expected
    first.update(*samples(50))
    assert first.n_samples == 50
    del first, second
    gc.collect()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.run"]


def test_files_go_with_their_process_and_not_with_a_fork(tmp_path):
    code = (
        "import os, sys\n"
        "from tests.fastmi.test_spilling import spilled\n"
        "stream = spilled(sys.argv[1])\n"
        "pid = os.fork()\n"
        "if not pid:\n"
        "    del stream\n"
        "    sys.exit()\n"
        "os.waitpid(pid, 0)\n"
        "print(stream.n_symbols, len(os.listdir(sys.argv[1])))"
    )
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split()[1] == "1"
    assert list(tmp_path.iterdir()) == []


def test_a_copy_shares_files_that_the_last_of_them_removes(tmp_path):
    stream = spilled(tmp_path)
    expected = answers(stream)
    copies = [copy.copy(stream), copy.deepcopy(stream)]
    copies[0].update(*samples(50, 3))
    assert answers(stream) == answers(copies[1]) == expected
    stream.close()
    assert answers(copies[1]) == expected
    assert copies[0].n_samples == 550
    copies.clear()
    gc.collect()
    assert files(tmp_path) == []


def test_what_lies_on_the_disk_is_not_pickled(tmp_path):
    with pytest.raises(
        TypeError, match=r"a stream that has spilled cannot be pickled: its pairs lie"
    ):
        pickle.dumps(spilled(tmp_path))
    light = filled(Stream(BINS, spill=tmp_path), *samples(50))
    assert answers(pickle.loads(pickle.dumps(light))) == answers(light)


def test_a_full_folder_is_one_error_and_the_stream_holds_what_it_held(tmp_path, monkeypatch):
    stream = spilled(tmp_path)
    before, there = answers(stream), files(tmp_path)
    folder = next(tmp_path.iterdir())

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(spilling, "_records", full)
        with pytest.raises(
            OSError, match=rf"{folder} takes no run of [\d,]+ bytes: No space left on device; what"
        ) as caught:
            stream.update(*samples(50, 5))
        assert caught.value.errno == errno.ENOSPC
    assert (answers(stream), files(tmp_path)) == (before, there)
    stream.update(*samples(50, 5))
    assert stream.n_samples == 550


def test_a_file_that_was_cut_is_said(tmp_path):
    stream = spilled(tmp_path)
    path = next(tmp_path.rglob("*.run"))
    with path.open("rb+") as file:
        file.truncate(100)
    with pytest.raises(OSError, match=r"\.run is shorter than it was written: count anew"):
        _ = stream.entropy


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"spill": 3}, TypeError, "spill is 3"),
        ({"spill": "no/such"}, FileNotFoundError, "spill is no/such, and there is no such folder"),
        ({"spill": __file__}, FileNotFoundError, "there is no such folder: make it first"),
        ({"memory": 0}, ValueError, "memory"),
        ({"memory": 1.5}, TypeError, "memory"),
        ({"memory": 10}, ValueError, "memory is 10, and there is no folder.*: pass spill="),
    ],
)
def test_a_folder_and_a_number_of_bytes_are_needed(options, error, words):
    with pytest.raises(error, match=words):
        Stream(BINS, **options)


# --- runs, by themselves --------------------------------------------------------------------------


def pairs(rng, n, n_labels, codes=None):
    """Pairs that stand once."""
    codes = rng.integers(-(2**63), 2**63, 40) if codes is None else codes
    counted = Counter(
        (int(rng.choice(codes)), int(label)) for label in rng.integers(0, n_labels, n)
    )
    columns = zip(*((*pair, count) for pair, count in counted.items()), strict=True)
    return Pairs(*(np.array(column, np.int64) for column in columns))


def test_a_part_of_the_codes_is_a_part_of_the_table(tmp_path, rng):
    folder, codes = Folder(tmp_path), rng.integers(-(2**63), 2**63, 40)
    some = [pairs(rng, 200, 6, codes) for _ in range(3)]
    runs = [Held(some[0], 6), *(written([Held(one, 6)], folder.new()) for one in some[1:])]
    whole = kinds(runs)
    columns = (np.concatenate(column) for column in zip(*some, strict=True))
    by_hand = Counter()
    for code, label, count in zip(*columns, strict=True):
        by_hand[code, label] += count
    rows, classes = Counter(), Counter()
    for (code, label), count in by_hand.items():
        rows[code] += count
        classes[label] += count
    expected = Counter(
        (count, rows[code], classes[label]) for (code, label), count in by_hand.items()
    )
    assert (
        dict(zip(zip(whole.k, whole.a, whole.b, strict=True), whole.cells, strict=True)) == expected
    )
    of_labels = np.array([classes[label] for label in range(6)])
    for n_parts in (1, 3, 16):
        cuts = [2**64 * i // n_parts for i in range(n_parts + 1)]
        parts = [kinds(runs, of_labels, part) for part in itertools.pairwise(cuts)]
        joined = whole.joined(parts)
        for name in ("k", "a", "b", "cells"):
            assert getattr(joined, name).tolist() == getattr(whole, name).tolist()


def test_runs_are_read_in_the_order_of_the_mixed_codes(tmp_path, rng):
    folder = Folder(tmp_path)
    runs = [written([Held(pairs(rng, 100, 3), 3)], folder.new()) for _ in range(4)]
    read = [part.codes.view(np.uint64) for part in merged(runs, 3, most_pairs=10)]
    assert all(first.max() < second.min() for first, second in itertools.pairwise(read))
    one = written(runs, folder.new(), 1)
    codes = one.read(0, one.n_pairs).codes.view(np.uint64)
    assert (np.diff(codes.astype(float)) >= 0).all()


def test_one_code_with_more_labels_than_are_read_at_a_time(tmp_path):
    n = 300
    one = Pairs(np.full(n, 7), np.arange(n), np.ones(n, np.int64))
    other = Pairs(np.full(n, 7), np.arange(n)[::-1].copy(), np.full(n, 2))
    runs = [written([Held(part, n)], Folder(tmp_path).new()) for part in (one, other)]
    (read,) = merged(runs, n, most_pairs=5)
    assert read.codes.view(np.uint64).tolist() == [int(splitmix64(np.uint64([7]))[0])] * n
    assert sorted(zip(read.labels.tolist(), read.counts.tolist(), strict=True)) == [
        (label, 3) for label in range(n)
    ]


def test_kinds_are_added_up_before_they_are_many(tmp_path, rng, monkeypatch):
    runs = [Held(pairs(rng, 200, 6), 6)]
    whole = kinds(runs)
    monkeypatch.setattr(spilling, "KEPT_KINDS", 1)
    assert kinds(runs, most_pairs=3).cells.tolist() == whole.cells.tolist()
    assert kinds([], np.array([1])).n_samples == 0


def test_runs_of_a_level_are_bounded(tmp_path, rng, monkeypatch):
    monkeypatch.setattr(spilling, "MOST_RUNS", 3)
    folder, runs = Folder(tmp_path), ()
    for i in range(1, 28):
        runs = bounded((*runs, written([Held(pairs(rng, 9, 2), 2)], folder.new())), folder)
        levels = Counter(run.level for run in runs)
        assert [levels[level] for level in range(4)] == [i // 3**level % 3 for level in range(4)]
