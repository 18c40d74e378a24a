"""A table of readings, and how it says that layers were read."""

import numpy as np

import fastmi
from fastmi import PlaneEstimator
from fastmi.recorders.tables import Path, described


def test_readings_become_a_table():
    t = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    estimator = PlaneEstimator(
        np.arange(30), np.arange(30) % 2, fastmi.UniformBins(2, range=(-1, 1)), sample="held-out"
    )
    points = estimator.readings([t, 2 * t])["each"].map(lambda column: column[0])
    plane = Path("held-out", "y", "", [3, 5], [points, points]).plane(
        estimator, ("a", "b"), "Net", "pool mean"
    )
    assert plane.epochs.tolist() == [3, 5]
    assert np.array_equal(plane.i_ty[1, 0], points.i_ty)
    assert plane.n_symbols.dtype == np.int64
    assert (plane.data, plane.sample, plane.sample_kind) == ("Net", "held-out", "held-out")
    assert plane.binning == "2 bins on [-1, 1), outside: separate; pool mean"


def test_how_layers_were_read_is_said_in_a_line():
    floats = {"a": "float32", "b": "float32"}
    assert described({"a": "mean", "b": "mean"}, floats, "the row's index") == (
        "pool mean; X is the row's index"
    )
    assert described({"a": "mean", "b": "flatten"}, {**floats, "b": "float16"}, "given") == (
        "pool mean (a), flatten (b); read in float32 (a), float16 (b), counted in float32; "
        "X is given"
    )
