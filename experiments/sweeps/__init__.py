"""Many runs at once: a grid over the fields of a record, on workers here or elsewhere.

plan = sweeps.make(CATALOG["tishby"], {"learning_rate": [0.05, 0.1], "seed": range(10)})
failed = sweeps.sweep(plan, Path("results/rates"))   # or executor=..., or scheduler=...
sweeps.write(plan, Path("results/rates"))            # sweep.csv, correlations.csv, the figure
"""

from .outcome import write
from .plan import Plan, make
from .sweeping import sweep

__all__ = ["Plan", "make", "sweep", "write"]
