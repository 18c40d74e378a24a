"""Plans of runs that are hardly trained, and what their sweeps leave."""

from benchmarks.sweeping import KILLED, left
from experiments import sweeps
from experiments.catalog import CATALOG

__all__ = ["BASE", "EDGES", "KILLED", "left", "plan"]

BASE = CATALOG["warm-up"].varied(epochs=3, n_samples=120)
EDGES = ((-1.0, 1.0, 9), (-1.0, 1.0, 30))


def plan(n_seeds=3, **axes):
    return sweeps.make(BASE, {"seed": range(n_seeds)} | axes)
