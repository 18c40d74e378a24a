"""Compiles the kernels that most tests call, so that processes begun together need not each do so.

`python -m tests.compiled`: a quarter of a minute, once; what is kept on disk is loaded.
"""

from __future__ import annotations

import numpy as np

import fastmi
from fastmi import Edges, UniformBins, measures


def main() -> None:
    rng = np.random.default_rng(0)
    n = 2**16 + 1  # a segment that leaves the cache
    t = rng.uniform(-1, 1, (n, 3)).astype(np.float32)
    x, y = np.arange(n), np.arange(n) % 3
    for binning in (UniformBins(30, (-1, 1)), Edges([-1, 0.1, 0.5, 1])):
        fastmi.PlaneEstimator(x, y, binning).estimate([t])
        fastmi.unit_information(t[:100], y[:100], binning)
    few, labels = t[:100], y[:100]
    fastmi.PlaneEstimator(x[:100], labels, measures.KDEBounds(1e-3)).estimate([few])
    fastmi.mutual_information(x * 2**40, y)
    fastmi.permutation_test(labels[::-1], labels, rng=0)
    fastmi.pairwise_mutual_information(np.stack([labels, labels[::-1]], axis=1))


if __name__ == "__main__":
    main()
