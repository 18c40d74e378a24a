"""KDE bounds against the broadcasting NumPy formula: python -m benchmarks.kernels; agree first,
then time, in one run.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import numpy.typing as npt

import fastmi
from fastmi.measures import KDEBounds

N, D, VARIANCE, ROUNDS = 4096, 10, 0.1, 5
TOLERANCE_BITS = 1e-5


def by_broadcasting(t: npt.NDArray[np.float64], y: npt.NDArray[np.int64]) -> list[float]:
    """I(X;T) and I(T;Y), the published upper pair and the lower one, as one writes it: all
    differences at once.
    """

    def h(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        squares = ((rows[:, None] - rows[None]) ** 2).sum(-1)
        kernels = (np.exp(-squares / (2 * variance)) for variance in (VARIANCE, 4 * VARIANCE))
        return np.array([-np.log2(kernel.mean(axis=1)).mean() for kernel in kernels])

    whole = h(t)
    within = np.sum([np.mean(y == c) * h(t[y == c]) for c in np.unique(y)], axis=0)
    return [whole[0], whole[0] - within[0], whole[1], whole[1] - within[1]]


def main() -> int:
    rng = np.random.default_rng(0)
    t, y = np.tanh(rng.normal(size=(N, D))).astype(np.float32), rng.integers(0, 2, N)
    plane = fastmi.PlaneEstimator(np.arange(N), y, KDEBounds(VARIANCE))
    wide = t.astype(np.float64)
    lower = fastmi.PlaneEstimator(np.arange(N), y, KDEBounds(VARIANCE, pair="lower"))
    ours = [*plane.estimate(t)[0], *lower.estimate(t)[0]]
    difference = np.abs(np.subtract(ours, by_broadcasting(wide, y))).max()
    print(f"{N} x {D}: largest difference {difference:.1e} bits")
    if difference > TOLERANCE_BITS:
        print("not equal, and so not timed")
        return 1
    seconds: dict[str, list[float]] = {"broadcasting": [], "fastmi": []}
    for _ in range(ROUNDS):
        for name, call in (
            ("broadcasting", lambda: by_broadcasting(wide, y)),
            ("fastmi", lambda: plane.estimate(t)),
        ):
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    published, own = (statistics.median(seconds[name]) for name in ("broadcasting", "fastmi"))
    print(
        f"broadcasting {published:.2f} s, fastmi {1e3 * own:.1f} ms (all four, float32): "
        f"{published / own:.0f} times"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
