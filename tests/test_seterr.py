"""NumPy's settings for floating-point errors are the caller's: none of them reaches an answer."""

import itertools
import threading

import numpy as np
import pytest

import fastmi
from fastmi import Edges, PlaneEstimator, Stream, UniformBins
from fastmi.backends import numba_twin, threads

TINY = np.finfo(np.float32)
VALUES = [
    0,
    -0.0,
    1e-50,
    -1e-50,
    5e-324,
    1e-40,
    -1e-45,
    TINY.tiny,
    1e-30,
    0.3,
    -0.7,
    1,
    1e30,
    -3e38,
    1e39,
    -1e300,
    np.inf,
    -np.inf,
]
ARRAYS = {
    "float64": np.array(list(itertools.product(VALUES, VALUES))),
    "longdouble": (
        np.array(list(itertools.product(VALUES, VALUES)), np.longdouble) * np.longdouble("1e-4000")
    ),
    "float32": np.float32(
        [[1e-45, 1e-40], [TINY.max, -TINY.max], [TINY.tiny, 1e-38], [np.inf, 0]] * 4
    ),
    "float16": np.float16([[6e-8, 6e-5], [65504, -65504], [0, 1]] * 4),
}
BINNINGS = {
    "wide": lambda: UniformBins(30, range=(-1, 1)),
    "subnormal": lambda: UniformBins(4, range=(-1e-44, 1e-44)),
    "tiny": lambda: UniformBins(3, range=(1e-38, 2e-38)),
    "huge": lambda: UniformBins(7, range=(-3e38, 3e38)),
    "clipped": lambda: UniformBins(7, range=(0, 3), out_of_range="clip"),
    "edges": lambda: Edges([-1e38, -1e-45, 0, 1e-45, 1e-40, 3e38]),
    "edges that underflow": lambda: Edges([-1.0, 1e-60, 1.0]),
    "narrow": lambda: UniformBins(5, range=(1, 1.00001)),
}
LABELS = {
    "whole floats": np.array([0.0, -0.0, 2.0**62, -(2.0**62), 1, 3]),
    "half floats": np.float16([0, 65504, -65504, 1, 2, 3]),
    "integers": np.array([-(2**63), 2**63 - 1, 0, 1, 2, 3]),
    "unsigned": np.array([2**64 - 1, 2**63, 0, 1, 2, 3], np.uint64),
    "rows": np.arange(-60, 60).reshape(6, 20) * 2**55,
}


@pytest.fixture(params=["numba", "torch"])
def backend(request):
    with fastmi.use_backend(request.param):
        yield


def answers_of_activations(t, binning):
    numba_twin._search.cache_clear()
    n = len(t)
    plane = PlaneEstimator(np.arange(n)[:, None] // 2, np.arange(n) % 3, binning())
    stream = Stream(binning())
    stream.update(t[:5], np.arange(5))
    stream.update(t[5:], np.arange(n - 5))
    copies = np.stack([t, t[::-1]])
    return (
        *(
            fastmi.encode(t, binning()).tolist(),
            plane.estimate(t).tolist(),
            plane.mixture(copies).tolist(),
        ),
        *(
            plane.sampled(copies, np.arange(n) % 2).tolist(),
            plane.entropy_x,
            plane.entropy_y,
            str(binning()),
        ),
        *(
            stream.entropy,
            stream.entropy_y,
            stream.mutual_information,
            stream.coverage,
            stream.n_symbols,
        ),
    )


def answers_of_labels(x):
    y = np.arange(len(x)) % 2
    return (
        *(
            fastmi.entropy(x),
            fastmi.entropy(x, base=None),
            fastmi.entropy(np.zeros(4)),
            fastmi.mutual_information(x, y),
        ),
        *(
            fastmi.mutual_information(x, x, base=10),
            fastmi.conditional_mutual_information(x, y, y[::-1].copy()),
        ),
        fastmi.entropy(np.arange(24).reshape(2, 3, 4) * 2**58).tolist(),
    )


@pytest.mark.parametrize("binning", BINNINGS)
@pytest.mark.parametrize("array", ARRAYS)
def test_activations_are_counted_the_same_under_every_setting(backend, array, binning):
    expected = answers_of_activations(ARRAYS[array], BINNINGS[binning])
    for how in ("raise", "warn"):
        with np.errstate(all=how):
            assert answers_of_activations(ARRAYS[array], BINNINGS[binning]) == expected


@pytest.mark.filterwarnings("ignore:. is 6 rows of 20 columns")
@pytest.mark.parametrize("labels", LABELS)
def test_labels_are_counted_the_same_under_every_setting(backend, labels):
    expected = answers_of_labels(LABELS[labels])
    for how in ("raise", "warn"):
        with np.errstate(all=how):
            assert answers_of_labels(LABELS[labels]) == expected


def test_helpers_have_the_settings_of_the_call():
    """What kernels without a compiler overflow is silenced where they run."""
    both = threading.Barrier(2, timeout=30)

    def task():
        both.wait()  # passes only if two threads are at work
        return np.geterr()["over"], threads.n_threads()

    with np.errstate(all="ignore", over="raise"), fastmi.use_threads(2):
        assert threads.together([task, task]) == [("raise", 2)] * 2
