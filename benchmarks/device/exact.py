"""the same inputs on the device and in the Numba twin -> whether every integer is the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

import fastmi
from benchmarks.device.findings import Case
from benchmarks.device.inputs import edge_values
from benchmarks.device.place import WAYS, Place, judge
from benchmarks.device.seam import coded, counted
from benchmarks.estimating import BINNING
from fastmi.arrays import IntArray
from fastmi.binning import Binning
from fastmi.inputs import on_host

__all__ = ["cases"]

BINNINGS: dict[str, Binning] = {
    "published": BINNING,
    "30 bins": fastmi.UniformBins(30, (-1, 1)),
    "two edges, clip": fastmi.Edges([-0.5, 0.5], "clip"),
    "uneven": fastmi.Edges(np.sort(np.random.default_rng(2).normal(size=17))),
    "1000 bins": fastmi.UniformBins(1000, (0, 1)),
    "one edge": fastmi.Edges([0.25]),
}
REHEARSED_PART = 16  # of the samples are left in a rehearsal
N_COPIES = 5


class Shape(NamedTuple):
    """Segments of n samples of d units, each label vector's size; `few` distinct rows, or any."""

    segments: int
    n: int
    d: int
    n_labels: tuple[int, ...]
    few: int = 0

    def __str__(self) -> str:
        labels = " and ".join(map(str, self.n_labels))
        few = f", {self.few} rows" if self.few else ""
        return f"{self.segments} x {self.n} x {self.d}{few}, labels of {labels}"


SHAPES = (
    Shape(30, 4096, 10, (2,)),
    Shape(1, 100_000, 1, (2, 500)),
    Shape(3, 5000, 11, (10,)),  # the first width that is hashed, where there are 50 edges
    Shape(2, 4097, 32, (2, 4097), few=700),
    Shape(7, 33, 100, (3,), few=5),
    Shape(300, 4096, 3, (2,)),
    Shape(2, 16_384, 6, (1000,)),
    Shape(2, 16_385, 6, (2,)),
    Shape(5, 2, 1, (2,)),
)


def cases(place: Place) -> Iterator[Case]:
    """Yields codes, censuses and tallies of many shapes, then what is made of them."""
    yield "judge", lambda: {"twin": judge()}
    for k, shape in enumerate(SHAPES):
        for name in list(BINNINGS)[k % 2 :: 2]:
            yield f"{name}, {shape}", partial(_twins, place, name, shape)
    yield "readings of a plane", lambda: _plane(place, on_device=False)
    yield "readings of a plane, x and y on the device", lambda: _plane(place, on_device=True)
    yield "NaN are counted", lambda: _nan(place)
    yield "labels", lambda: _labels(place)
    yield "half precisions, strided", lambda: _precisions(place)
    yield "a stream", lambda: _stream(place)


def _twins(place: Place, name: str, shape: Shape) -> dict[str, Any]:
    """Compares codes, census and tallies, as the container chooses and by torch's lines alone."""
    binning, rng = BINNINGS[name], np.random.default_rng(1)
    n = max(2, shape.n // place.size(1, REHEARSED_PART))
    t = edge_values(binning.edges, (shape.segments * n, shape.d), rng)
    if shape.few:
        t = t[rng.integers(0, min(shape.few, len(t)), len(t))]
    t = t.reshape(shape.segments, n, shape.d)
    labels = np.stack([rng.integers(0, size, n) for size in shape.n_labels])
    with fastmi.use_backend(judge()):
        expected = _integers(t, binning, labels, shape.n_labels)
    equal = {}
    for way, forced in WAYS.items():
        with place.twin(forced):
            given = _integers(place.put(t), binning, labels, shape.n_labels)
        equal[way] = {kind: np.array_equal(given[kind], expected[kind]) for kind in expected}
    return {"equal": equal}


def _integers(
    t: Any, binning: Binning, labels: IntArray, n_labels: tuple[int, ...]
) -> dict[str, npt.NDArray[Any]]:
    """Finds all that crosses the seam: of layers (s, n, d), and of their codes and labels."""
    layer = coded([t], binning)
    return {
        "codes": on_host(layer.codes),
        "census": np.array(layer.census),
        "tally": np.array(counted(layer, labels, n_labels)),
    }


def _plane(place: Place, on_device: bool) -> dict[str, Any]:
    """Compares every column of the three readings of three layers."""
    rng, n = np.random.default_rng(3), place.size(1000, 100)
    x, y, assignment = np.arange(n), rng.integers(0, 2, n), rng.integers(0, N_COPIES, n)
    layers = [
        np.tanh(rng.normal(0, gain, (N_COPIES, n, d))).astype(np.float32)
        for gain, d in ((2, 10), (1, 4), (0.5, 1))
    ]
    with fastmi.use_backend(judge()):
        expected = fastmi.PlaneEstimator(x, y, BINNING).readings(layers, assignment)
    fixed = (place.put(x), place.put(y)) if on_device else (x, y)
    with place.twin():
        given = fastmi.PlaneEstimator(*fixed, BINNING).readings(
            [place.put(layer) for layer in layers], assignment
        )
    return {
        "equal": {
            name: all(
                np.array_equal(column, vars(given[name])[field])
                for field, column in vars(points).items()
            )
            for name, points in expected.items()
        }
    }


def _nan(place: Place) -> dict[str, Any]:
    """Compares what is said of NaN, their number included."""
    t = edge_values(BINNING.edges, (999, 7), np.random.default_rng(4), nan=True)
    with fastmi.use_backend(judge()):
        expected = _refused(t)
    equal = {}
    for way, forced in WAYS.items():
        with place.twin(forced):
            equal[way] = _refused(place.put(t)) == expected
    return {"equal": equal, "said": expected}


def _refused(t: Any) -> str:
    try:
        fastmi.encode(t, BINNING)
    except ValueError as error:
        return str(error)
    return "nothing"


def _labels(place: Place) -> dict[str, Any]:
    """Compares entropies and information of labels, of rows that are not contiguous too."""
    rng, n = np.random.default_rng(5), place.size(5000, 500)
    x, y, z = (rng.integers(0, size, n) for size in (3, n // 5, 2))
    rows = np.stack([x, y]).T

    def information(*labels: Any) -> list[Any]:
        x, y, z, rows = labels
        return [
            fastmi.entropy(rows),
            fastmi.mutual_information(x, y),
            fastmi.conditional_mutual_information(x, y, z),
        ]

    with fastmi.use_backend(judge()):
        expected = information(x, y, z, rows)
    with place.twin():
        given = information(*(place.put(labels) for labels in (x, y, z)), place.put(rows.T).T)
    return {"equal": given == expected}


def _precisions(place: Place) -> dict[str, Any]:
    """Compares codes of the other precisions, and of a transposed tensor."""
    t = torch.tanh(torch.randn(4096, 10, generator=torch.Generator().manual_seed(0)))
    equal = {}
    for precision in (torch.float16, torch.bfloat16, torch.float64):
        rounded = t.to(precision)
        with fastmi.use_backend(judge()):
            expected = fastmi.encode(rounded, BINNING)
        with place.twin():
            given = fastmi.encode(rounded.to(place.device).T.contiguous().T, BINNING)
        equal[str(precision)] = np.array_equal(given, expected)
    return {"equal": equal}


def _stream(place: Place) -> dict[str, Any]:
    """Compares what three chunks of unlike length come to, packed and hashed."""
    rng, equal = np.random.default_rng(6), {}
    for d in (4, 20):
        t = edge_values(BINNING.edges, (1000, d), rng)[rng.integers(0, 300, 1000)]
        y = rng.integers(0, 7, 1000)
        with fastmi.use_backend(judge()):
            expected = _streamed(t, y)
        with place.twin():
            given = _streamed(place.put(t), y)
        equal[f"{d} units"] = given == expected
    return {"equal": equal}


def _streamed(t: Any, y: IntArray) -> list[float]:
    stream = fastmi.Stream(BINNING)
    for first, last in itertools.pairwise((0, 100, 107, len(t))):
        stream.update(t[first:last], y[first:last])
    return [stream.n_samples, stream.n_symbols, stream.entropy, stream.mutual_information]
