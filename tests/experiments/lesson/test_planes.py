"""The tables are those that any user would make of the same layers."""

import warnings

import numpy as np

import fastmi
from experiments.lesson.planes import BINS, Known, read, read_once


def test_a_sample_is_cut_and_named(material):
    sample = Known.of(material.network.data.trained, "training", 10, "some")
    assert (len(sample.x), len(sample.classes), sample.kind, sample.data) == (
        10,
        10,
        "training",
        "some",
    )


def test_a_copy_is_read_as_by_hand(material):
    sample = material.held_out()
    plane = read(material.network, sample, copy=1)
    (whole,) = material.network.layers(sample.x, copy=1)
    layers = {name: layer[-1, 0] for name, layer in whole.items()}
    estimator = fastmi.PlaneEstimator(sample.x, sample.classes, BINS)
    assert np.array_equal(plane.points.bits[-1, 0], estimator.estimate(layers))
    assert (plane.reading, plane.n_copies, plane.sample, plane.data) == (
        "each",
        1,
        "held-out",
        "simple",
    )
    assert np.array_equal(read_once(layers, sample).points.bits[0, 0], plane.points.bits[-1, 0])


def test_nothing_is_warned_of_what_the_page_is_about(material):
    sample = material.held_out(250)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plane = read_once(material.network.at_end(sample.x), sample)
    assert "unresolved" in {row["verdict"] for row in plane.rows()}
