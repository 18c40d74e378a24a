"""A table of readings, and how it says that layers were read."""

import numpy as np

import fastmi
from fastmi import PlaneEstimator
from fastmi.belief import VERDICTS
from fastmi.points import Points
from fastmi.recorders.tables import Path, described, mixed, supported


def test_readings_become_a_table():
    t = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    estimator = PlaneEstimator(
        np.arange(30), np.arange(30) % 2, fastmi.UniformBins(2, range=(-1, 1)), sample="held-out"
    )
    points = estimator.readings([t, 2 * t])["each"].map(lambda column: column[0])
    plane = Path("held-out", "y", "", [3, 5], [points, points]).plane(
        estimator, ("a", "b"), "Net", "2 bins; pool mean"
    )
    assert plane.epochs.tolist() == [3, 5]
    assert np.array_equal(plane.i_ty[1, 0], points.i_ty)
    assert plane.n_symbols.dtype == np.int64
    assert (plane.data, plane.sample, plane.sample_kind) == ("Net", "held-out", "held-out")
    assert plane.binning == "2 bins; pool mean"


def test_how_layers_were_read_is_said_in_a_line():
    floats = {"a": "float32", "b": "float32"}
    assert described({"a": "mean", "b": "mean"}, floats, "the row's index") == (
        "pool mean; X is the row's index"
    )
    assert described({"a": "mean", "b": "flatten"}, {**floats, "b": "float16"}, "given") == (
        "pool mean (a), flatten (b); read in float32 (a), float16 (b), counted in float32; "
        "X is given"
    )


def path(measure, words, lower, sample="a", labels="y", i_ty=0.0, **columns):
    points = Points(
        np.ones(len(words)),
        np.full(len(words), i_ty),
        verdict=np.int8([VERDICTS.index(word) for word in words]),
        mean_lower=np.array(lower),
        **columns,
    )
    return Path(sample, labels, measure, [0], [points])


def test_a_layer_is_shown_by_the_measure_that_its_verdict_supports():
    words = ["resolved", "resolved", "unresolved", "bounded", "unresolved"]
    counted = path("counted", words, [0.5, 0.1, -3, 0.2, -1])
    words = ["resolved", "bounded", "bounded", "bounded", "unresolved"]
    codes = path("codes", words, [0.9, 0.9, 0.3, 0.7, -2])
    assert supported([counted, codes]) == ["counted", "counted", "codes", "codes", "counted"]
    assert supported([codes, counted])[0] == "codes"  # the first, where both are resolved
    bare = Path("a", "y", "bare", [0], [Points(np.ones(5), np.ones(5))])
    assert supported([bare, counted]) == ["counted"] * 5


def test_a_measure_is_as_strong_as_on_its_weakest_sample_and_on_its_best_labels():
    held = [
        path("counted", ["resolved"], [1.0], "training"),
        path("counted", ["unresolved"], [-1.0], "held-out"),
        path("codes", ["bounded"], [0.5], "training"),
        path("codes", ["bounded"], [0.3], "held-out"),
    ]
    assert supported(held) == ["codes"]
    shuffled = [path(one.measure, ["unresolved"], [-2.0], one.sample, "shuffled") for one in held]
    assert supported(held + shuffled) == ["codes"]


def test_one_path_of_several_measures():
    paths = [
        path("counted", ["resolved"] * 2, [0.5, 0.1], i_ty=1.0, outside=np.array([0.2, 0.3])),
        path("codes", ["bounded"] * 2, [0.9, 0.8], i_ty=2.0),
    ]
    both = mixed(paths, ["codes", "counted"])
    (points,) = both.points
    assert (both.sample, both.labels, both.steps) == ("a", "y", [0])
    assert points.i_ty.tolist() == [2, 1]
    assert points.mean_lower.tolist() == [0.9, 0.1]
    np.testing.assert_array_equal(points.outside, [np.nan, 0.3])
