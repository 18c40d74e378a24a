"""Counts of shards on two workers of Dask: the floats of one stream, whoever dies."""

import os
import signal
import time

import numpy as np
import pytest

from fastmi import Stream, UniformBins
from fastmi.distributed import count
from tests.cluster.local import cluster, need_dask
from tests.fastmi.made_shards import made, samples

need_dask()

from functools import partial  # noqa: E402

BINS = UniformBins(30, range=(-1, 1))


@pytest.fixture(scope="module")
def client():
    from distributed import Client

    with cluster() as local, Client(local) as client:
        yield client


def answers(found):
    return {**found.report().to_dict(), "n_symbols": found.n_symbols, "entropy": found.entropy}


def of_a_stream(t, y):
    stream = Stream(BINS)
    stream.update(t, y)
    return answers(stream)


def test_arrays_of_dask_are_counted_where_its_workers_are(client, tmp_path):
    arrays = pytest.importorskip("dask.array")
    t, y = samples(1000)
    chunked, labels = arrays.from_array(t, chunks=(300, 2)), arrays.from_array(y, chunks=170)
    expected = of_a_stream(t, y)
    with client.get_executor() as executor:
        for shards, of_y in (
            (chunked, labels),
            ([chunked[:400], chunked[400:]], [y[:400], y[400:]]),
        ):
            found = count(shards, BINS, y=of_y, executor=executor, folder=tmp_path)
            assert answers(found) == expected
    assert answers(count(chunked, BINS, y=labels)) == expected
    assert list(tmp_path.iterdir()) == []


def killing(seed, folder, victim):
    """Makes a shard, and kills the worker that it is made by, once."""
    mark = folder / "killed"
    if seed == victim and not mark.exists():
        mark.touch()
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)
    return made(seed, folder)


def test_a_worker_that_is_killed_is_made_good_by_the_scheduler(client, tmp_path):
    marks, folder = tmp_path / "marks", tmp_path / "shared"
    marks.mkdir()
    folder.mkdir()
    parts = [samples(200, seed) for seed in range(6)]
    shards = [partial(killing, seed, marks, 3) for seed in range(6)]
    with client.get_executor() as executor:
        found = count(shards, BINS, executor=executor, folder=folder)
    assert answers(found) == of_a_stream(*map(np.concatenate, zip(*parts, strict=True)))
    assert (marks / "killed").exists()
    assert list(folder.iterdir()) == []


def test_what_is_wrong_is_the_same_error(client, tmp_path):
    shards = [samples(60)[0], np.full((60, 2), np.nan)]
    with (
        client.get_executor() as executor,
        pytest.raises(
            ValueError, match="shard 1, rows 0, 1, 2, 3, 4 and 55 more: activations holds 120 NaN"
        ),
    ):
        count(shards, BINS, executor=executor, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
