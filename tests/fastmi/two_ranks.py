"""Shards that two ranks count together over gloo: `python -m` this, RANK STORE FOLDER OUT."""

import os
import pickle
import sys
from pathlib import Path

import numpy as np
import torch
from torch import distributed

from fastmi import UniformBins
from fastmi.distributed import count
from tests.fastmi.made_shards import samples

BINS = UniformBins(30, range=(-1, 1))
CASES = {  # the shards of each rank, by their seeds
    "uneven": [[0, 1, 2], [3]],
    "one without": [[0, 1], []],
    "the other without": [[], [4]],
}


def shards(seeds, labels=str):
    """Labels of each shard are numbered apart, and are strings."""
    each = [samples(100 + 10 * seed, seed) for seed in seeds]
    return {"shards": [t for t, _ in each], "y": [list(map(labels, y.tolist())) for _, y in each]}


def answers(found):
    return {**found.report().to_dict(), "n_symbols": found.n_symbols, "entropy": found.entropy}


def refused(rank, **options):
    """What both are told where one of them is given what is wrong."""
    said = []
    for bad in (
        {**shards([0]), "binning": UniformBins(20 + rank, range=(-1, 1))},
        {**shards([0]), "n_classes": 30 + rank},
        shards([0], str if rank else int),
        {"shards": [np.full((3, 2), np.nan if rank else 0)]},
        {"shards": []},
        {**shards([0]), "memory": rank},
    ):
        try:
            count(**{"binning": BINS, **options, **bad})
        except (TypeError, ValueError) as error:
            said.append(f"{type(error).__name__}: {error}")
    return said


def main(rank, store, folder, out):
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=Path(store).as_uri(), rank=int(rank), world_size=2
    )
    options = {"process_group": distributed.group.WORLD, "folder": folder}
    found = {
        name: answers(count(binning=BINS, **shards(of_ranks[int(rank)]), **options))
        for name, of_ranks in CASES.items()
    }
    found["refused"] = refused(int(rank), **options)
    Path(out).write_bytes(pickle.dumps(found))
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
    # gloo's threads may still let go of tensors, and a Python that ends meanwhile is aborted by it:
    # github.com/pytorch/pytorch/pull/179291
    os._exit(0)
