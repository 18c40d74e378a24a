"""layers of many sizes on the device -> what coding, counting and the whole estimate take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

import fastmi
from benchmarks.device.findings import Case
from benchmarks.device.inputs import FUNNEL, activations
from benchmarks.device.place import Place, judge
from benchmarks.device.seam import coded, counted, told
from benchmarks.estimating import BINNING
from benchmarks.timing import clock
from fastmi.arrays import Bits

__all__ = ["HUNDRED_MILLION", "LAYERS_30", "ONE_LAYER_3000", "cases"]

LARGEST_ESTIMATE = 10_000_000  # samples whose x and y are numbered on the host
LARGEST_CHECKED = 15_000_000  # rows that the Numba twin reads too
MOST_LINES = 16  # of a profile
KEY_LETTERS = 70  # of a line of it


class Size(NamedTuple):
    """Layers of so many units, of some copies, (copies, n, units) each; and the rehearsed sizes."""

    name: str
    n: int
    copies: int
    units: tuple[int, ...]
    small: tuple[int, int]  # n, copies

    @property
    def n_rows(self) -> int:
        """Counts the rows of all layers and copies."""
        return self.copies * len(self.units) * self.n


LAYERS_30 = Size("30 segments x 4096, 5 copies x 6 layers", 4096, 5, FUNNEL, (128, 2))
ONE_LAYER_3000 = Size("3000 segments x 4096 x 10", 4096, 3000, (10,), (128, 5))
LAYERS_3000 = Size("3000 segments x 4096, 500 copies x 6 layers", 4096, 500, FUNNEL, (128, 5))
HUNDRED_MILLION = Size("1e8 x 10", 100_000_000, 1, (10,), (5000, 1))
SIZES = (
    LAYERS_30,
    Size("600 segments x 4096, 100 copies x 6 layers", 4096, 100, FUNNEL, (128, 3)),
    ONE_LAYER_3000,
    LAYERS_3000,
    Size("1e6 x 10", 1_000_000, 1, (10,), (1000, 1)),
    Size("1e6 x 32", 1_000_000, 1, (32,), (1000, 1)),
    Size("1e7 x 10", 10_000_000, 1, (10,), (2000, 1)),
    Size("1e5 x 784", 100_000, 1, (784,), (100, 1)),
    HUNDRED_MILLION,
)


def cases(place: Place) -> Iterator[Case]:
    """Yields every size, the aims' among them, and where the time of the largest plane goes."""
    for size in SIZES:
        yield size.name, partial(_times, place, size)
    yield f"a profile of {LAYERS_3000.name}", lambda: _profile(place)


def _sized(place: Place, size: Size) -> Size:
    n, copies = size.small
    return size._replace(n=place.size(size.n, n), copies=place.size(size.copies, copies))


def _layers(place: Place, size: Size) -> list[Tensor]:
    return [activations(place, size.n, d, size.copies) for d in size.units]


def _times(place: Place, size: Size) -> dict[str, Any]:
    """Times the two halves of the seam, and the whole estimate while its x is not too long."""
    size = _sized(place, size)
    layers, rows = _layers(place, size), size.n_rows
    n_bytes = sum(layer.nbytes for layer in layers)
    y = np.random.default_rng(0).integers(0, 2, size.n)
    labels = place.put(y[None])  # where they stay, from one estimate to the next
    with place.twin():
        with told() as sentences:
            codes = coded(layers, BINNING)
            symbols = counted(codes, labels, (2,))
        record: dict[str, Any] = {
            "rows": rows,
            "n_bytes": n_bytes,
            "ways": sentences,
            "distinct": int(symbols.symbols[symbols.segment < len(codes.codes)].sum()),
            "encode": place.timed(lambda: coded(layers, BINNING), rows, n_bytes + 8 * rows),
            "tally": place.timed(lambda: counted(codes, labels, (2,)), rows, 8 * rows),
        }
        if size.n <= LARGEST_ESTIMATE:
            record |= _estimate(place, layers, y, rows)
    return record


def _estimate(place: Place, layers: list[Tensor], y: Any, rows: int) -> dict[str, Any]:
    """Times the estimate, and how much of it is launching: the same calls on two samples."""
    plane = fastmi.PlaneEstimator(np.arange(len(y)), y, BINNING)
    alone = fastmi.PlaneEstimator(np.arange(2), y[:2], BINNING)
    few = [layer[:, :2].contiguous() for layer in layers]
    n_bytes = sum(layer.nbytes for layer in layers)
    record: dict[str, Any] = {
        "estimate": place.timed(lambda: plane.estimate(layers), rows, n_bytes),
        "launching_ms": place.seconds(lambda: alone.estimate(few)) * 1e3,
    }
    if rows <= LARGEST_CHECKED:
        expected, seconds = _judged(plane, layers)
        record["judge_on_a_core_ms"] = seconds * 1e3
        record["equal"] = np.array_equal(plane.estimate(layers), expected)
    return record


def _judged(plane: fastmi.PlaneEstimator, layers: list[Tensor]) -> tuple[Bits, float]:
    """Estimates by the Numba twin on one core; warm, and its seconds."""
    with fastmi.use_backend(judge()):
        arrays = [layer.cpu().numpy() for layer in layers]
        plane.estimate([array[:1] for array in arrays])
        elapsed = clock()
        return plane.estimate(arrays), elapsed()


def _profile(place: Place) -> dict[str, Any]:
    """Lists what takes most of the time of the largest plane."""
    size = _sized(place, LAYERS_3000)
    layers = _layers(place, size)
    plane = fastmi.PlaneEstimator(np.arange(size.n), np.arange(size.n) % 2, BINNING)
    kinds = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * place.on_gpu
    with place.twin():
        plane.estimate(layers)
        with profile(activities=kinds) as seen:
            plane.estimate(layers)
            place.wait()
    key = "self_device_time_total" if place.on_gpu else "self_cpu_time_total"
    own: Callable[[Any], float] = lambda row: getattr(row, key)  # noqa: E731
    rows = sorted(seen.key_averages(), key=own, reverse=True)[:MOST_LINES]
    return {"ms": [f"{own(row) / 1e3:.3f} x{row.count} {row.key:.{KEY_LETTERS}}" for row in rows]}
