"""Edges, weights, and the module behind a backend's name."""

import numpy as np

from fastmi.backends import numba_twin, torch_twin

ENDS = (0, 3)
EDGES = np.array([-1, 0, 1], np.float32)
WEIGHTS = np.array([1, 4], np.int64)


def module_of(twin):
    return numba_twin if twin.name == "numba" else torch_twin
