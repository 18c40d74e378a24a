"""Cases that are small enough to be run in a test."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.estimating import PlaneCase
from benchmarks.training import EXP_1, EXP_2, EXP_3, EXP_4

TINY = PlaneCase("tiny", 64, (5, 2), gains=(1, 4), n_copies=2, n_inputs=6)
SHORT = [
    replace(case, run=replace(case.run, n_samples=120, epochs=3))
    for case in (EXP_1, EXP_2, EXP_3, EXP_4)
]
