"""Shards that workers make, in a module that they load quickly."""

import os

import numpy as np


def samples(n=1200, seed=0, d=2):
    """Rows of which some repeat, and labels that hang on them."""
    rng = np.random.default_rng(seed)
    t = rng.uniform(-1, 1, (n, d)).astype(np.float32)[rng.integers(0, n, n)]
    return t, (np.abs(t[:, 0] * 10).astype(int) + rng.integers(0, 2, n))


def made(seed, folder, dies=()):
    """Makes a shard, and in a process that dies as it does so, once."""
    if seed in dies:
        mark = folder / f"died-{seed}"
        if not mark.exists():
            mark.touch()
            os._exit(1)
    (folder / f"made-{seed}-{os.urandom(4).hex()}").touch()
    return samples(200, seed)
