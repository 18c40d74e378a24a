"""shards of samples, workers that share a folder -> the answers of one stream over all of them.

```
shard     each encoded and counted by a worker, in chunks    -> a run: pairs by mixed code, one file
   v  numbers      labels of all shards numbered alike (here)
   v  bucket       a part of the mixed codes, of all runs, by a worker   -> kinds of cells
   v  kinds        added up (here)                            -> answers
```
A file is written aside and takes its name when it is whole, so that a task may run twice.
"""

from __future__ import annotations

import os
import platform
import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fastmi import checks
from fastmi.answers import Answers
from fastmi.arrays import IntArray
from fastmi.binning import Binning
from fastmi.coding import scheme, warn_of_collisions
from fastmi.contingency import Kinds
from fastmi.inputs import on_host, shown
from fastmi.ranks import Ranks, ranks
from fastmi.shards import Shard, as_shards
from fastmi.spilling import ALL_CODES, Folder, Run, existing, kinds, label_counts_of, read_together
from fastmi.streams import MEMORY, Counted, Stream, added, as_run
from fastmi.tasks import ExecutorLike, Workers

__all__ = ["Answers", "count"]

BUCKET_PAIRS = 2**22  # that a task merges
MOST_BUCKETS = 2**10
ROW_BYTES = 100  # of a row while its chunk is encoded and counted, beside its units
UNIT_BYTES = 12  # as it is read, and in float32
MOST_ROWS = 2**20  # of a chunk
MOST_NAMED = 5  # rows that hold a NaN
TOKEN = "token"  # a file by which a worker knows the folder


class Job(NamedTuple):
    """What every worker is told."""

    folder: str
    token: str
    version: str
    binning: Binning
    memory: int
    device: str | None


def count(
    shards: Any,
    binning: Binning,
    *,
    y: Any = None,
    executor: ExecutorLike | None = None,
    process_group: Any = None,
    folder: str | os.PathLike[str] | None = None,
    memory: int = MEMORY,
    device: str | None = None,
    n_classes: int | None = None,
    sample: str | None = None,
) -> Answers:
    """Counts shards of samples, each by a worker, and answers as one `Stream` of all would.

    The same floats for any number of shards and workers, in whatever order they come. A worker
    encodes and counts its shard in chunks, within `memory` and beyond it in files, and leaves its
    distinct pairs of a row and a label in the folder, 8 to 24 bytes each; then each merges a part
    of the codes of all shards. Files lie in a folder of their own, which goes at the end, whatever
    the end is.

    Labels of two shards are the same where they are equal in Python, as those of two chunks of a
    `Stream`; what can never be equal is refused.

    Args:
        shards: a list of (n, d) activations, of any n each and one d: paths (.npy, .npz, .zarr,
            .parquet with a column for each unit), arrays, tensors, arrays of Dask, or functions
            that make one where it is read. A pair (t, y), a function that makes one, or an .npz of
            "t" and "y" brings its labels. An array of Dask by itself is cut at its chunks.
        binning: `Edges`, `UniformBins` or another that is fitted.
        y: a list of the labels of each shard, (n,) or (n, k), likewise; None where shards bring
            them, or there are none.
        executor: any concurrent.futures.Executor, as Dask's `client.get_executor()`; a function
            that makes one: then another is made where a worker has died, and what was finished is
            not done again; None is this process. With processes that are spawned the call stands
            under `if __name__ == "__main__":`.
        process_group: of torch.distributed: each rank calls with shards of its own, none where it
            has none, and all have the answers to all. All else has to be the same on every rank.
        folder: one that all workers see; the system's for temporary files unless given.
        memory: bytes for what a worker counts, beside what Python itself and a function or a
            compressed file takes to make its array.
        device: where a chunk is encoded, as "cuda"; None is where it lies.
        n_classes, sample: as in `PlaneEstimator`; what `report` says rests on them.

    Raises:
        TypeError: of an argument, shards of an unknown kind, labels that can never be equal.
        ValueError: no samples; as `Stream.update`, with the shard and its rows: NaN, another width,
            labels in some shards only or of another length; a device that a worker cannot use.
        FileNotFoundError: a file or the folder is not there, for a worker.
        OSError: the folder is full. ImportError: what reads a .zarr or .parquet is not installed.
        RuntimeError: a worker runs another version of fastmi; workers died, see executor.

    Warns:
        CollisionWarning: as `encode`, of all samples together.

    Example:
        >>> import fastmi, numpy as np
        >>> shards = [np.full((1024, 3), t) for t in (-0.5, 0.5)]
        >>> y = [np.zeros(1024, int), np.ones(1024, int)]
        >>> found = fastmi.distributed.count(shards, fastmi.UniformBins(2, range=(-1, 1)), y=y)
        >>> found.entropy, found.mutual_information
        (1.0, 1.0)
    """
    group = ranks(process_group)

    def judge() -> tuple[list[Shard], Workers, Stream, Path, int]:
        """Reads the arguments."""
        if not (device is None or isinstance(device, str)):
            raise TypeError(f'device is {shown(device)}: pass a name, as "cuda", or None')
        place = Path(tempfile.gettempdir()) if folder is None else existing("folder", folder)
        like = Stream(binning, n_classes=n_classes, sample=sample)
        of_rank = f" of rank {group.rank}" if group.size > 1 else ""
        n_bytes = checks.positive_integer("memory", memory)
        return as_shards(shards, y, of_rank), Workers(executor), like, place, n_bytes

    mine, workers, like, place, n_bytes = group.agreed(judge)
    group.check_same("binning", str(like.binning))
    group.check_same("n_classes and sample", (like.n_classes, like.sample))
    with workers, _shared(group, place) as (path, token):
        job = Job(path, token, version(), like.binning, n_bytes, device)
        calls = [
            partial(_count_shard, job, shard, f"{group.rank}-{i}.run")
            for i, shard in enumerate(mine)
        ]
        each = group.together(group.agreed(lambda: workers.run(calls)))
        state = _all_of(each)
        merging = [partial(_count_bucket, job, *bucket) for bucket in _buckets(state)]
        own = merging[group.rank :: group.size]
        parts = group.together(group.agreed(lambda: workers.run(own)))
    assert state.width is not None
    expected = scheme(state.width, like.binning.n_edges).expected_collisions(state.n_samples)
    warn_of_collisions(expected, state.n_samples)
    return Answers(
        Kinds.joined(list(chain.from_iterable(parts))),
        bool(state.kinds),
        n_classes=like.n_classes,
        sample=like.sample,
        n_candidates=like.binning.n_candidates,
    )


@contextmanager
def _shared(group: Ranks, place: Path) -> Iterator[tuple[str, str]]:
    """Lends a folder of our own, which the first rank makes and removes, and what is in it."""
    folder: Folder | None = None

    def make() -> tuple[str, str]:
        nonlocal folder
        folder, token = Folder(place), secrets.token_hex(16)
        (folder.path / TOKEN).write_text(token)
        return os.fspath(folder), token

    try:
        yield group.together(group.agreed(make if group.rank == 0 else lambda: ("", "")))[0]
    finally:
        if folder is not None:
            folder.remove()


def version() -> str:
    """Tells the version of fastmi in this process."""
    return str(sys.modules["fastmi"].__dict__["__version__"])


# --- what workers do ------------------------------------------------------------------------------


def _count_shard(job: Job, shard: Shard, file: str) -> tuple[str, Counted]:
    """Counts a shard in chunks, and leaves its pairs in a file: (its name, what was counted)."""
    _check_place(job)
    where = shard.name
    with Stream(job.binning, spill=job.folder, memory=max(1, job.memory // 2)) as stream:
        try:
            for rows, t, y in shard.blocks(partial(_rows_at_a_time, job.memory)):
                where = f"{shard.name}, rows {rows.start} to {rows.stop - 1}"
                try:
                    stream.update(t if job.device is None else _on(job.device, t), y)
                except ValueError:
                    where = f"{shard.name}, {_faulty(rows, t)}"
                    raise
                where = shard.name
        except (TypeError, ValueError, FileNotFoundError) as error:
            kinds_of_error = TypeError, FileNotFoundError, ValueError
            kind = next(kind for kind in kinds_of_error if isinstance(error, kind))
            raise kind(f"{where}: {error}") from error
        except Exception as error:
            error.add_note(f"while {where} was counted")
            raise
        return shard.name, as_run(stream, Path(job.folder) / file)


def _rows_at_a_time(memory: int, n_units: int) -> int:
    """Finds how many rows take a quarter of the memory."""
    return min(MOST_ROWS, memory // 4 // (ROW_BYTES + UNIT_BYTES * n_units))


def _faulty(rows: range, t: Any) -> str:
    """Names the rows of a chunk that hold a NaN, or else all of them."""
    array = np.asarray(on_host(t))
    if array.ndim == 2 and array.dtype.kind == "f":
        found = rows.start + np.flatnonzero(np.isnan(array).any(axis=1))
        if found.size:
            more = f" and {found.size - MOST_NAMED:,} more" if found.size > MOST_NAMED else ""
            listed = ", ".join(map(str, found[:MOST_NAMED].tolist()))
            return f"row{'s' if found.size > 1 else ''} {listed}{more}"
    return f"rows {rows.start} to {rows.stop - 1}"


def _on(device: str, t: Any) -> Any:
    import torch

    try:
        return torch.as_tensor(t).to(device)
    except (RuntimeError, AssertionError) as error:  # torch asserts that it knows CUDA
        raise ValueError(
            f"device is {device!r}, which process {os.getpid()} on {platform.node()} cannot use "
            f"({str(error).strip().splitlines()[0]}): leave it out, or take workers that have one"
        ) from None


def _count_bucket(
    job: Job, runs: Sequence[Run], of_labels: IntArray, codes: tuple[int, int]
) -> Kinds:
    """Merges some of the mixed codes of all runs."""
    _check_place(job)
    return kinds(runs, of_labels, codes, read_together(job.memory))


def _check_place(job: Job) -> None:
    """Refuses to work with another version, or in a folder that only seems to be the one."""
    here = f"process {os.getpid()} on {platform.node()}"
    if version() != job.version:
        raise RuntimeError(
            f"{here} has fastmi {version()}, and was given work by {job.version}: install one "
            "version for all workers"
        )
    try:
        token = (Path(job.folder) / TOKEN).read_text()
    except OSError:
        token = ""
    if token != job.token:
        raise FileNotFoundError(
            f"{here} does not see the files in {Path(job.folder).parent}: pass folder= one that "
            "all workers share"
        )


# --- what is done between -------------------------------------------------------------------------


def _all_of(each: Sequence[Sequence[tuple[str, Counted]]]) -> Counted:
    """Numbers the labels of all shards alike; those of each rank stand in a list of its own."""
    state = Counted.nothing()
    for name, counted in chain.from_iterable(each):
        try:
            state = added(state, counted) if counted.n_samples else state
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}: {error}") from error
    if not state.n_samples:
        raise ValueError("shards hold no samples (n = 0): there is nothing to count")
    return state


def _buckets(state: Counted) -> list[tuple[tuple[Run, ...], IntArray, tuple[int, int]]]:
    """Cuts the mixed codes into parts of some pairs each."""
    n_pairs = sum(run.n_pairs for run in state.spilled)
    n = min(MOST_BUCKETS, -(-n_pairs // BUCKET_PAIRS))
    cuts = [ALL_CODES[1] * i // n for i in range(n + 1)]
    of_labels = label_counts_of(state.spilled)
    return [(state.spilled, of_labels, codes) for codes in pairwise(cuts)]
