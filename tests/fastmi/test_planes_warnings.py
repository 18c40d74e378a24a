"""One warning for a call that reads what the sample cannot size, naming the layers."""

import warnings

import numpy as np
import pytest

import fastmi
from fastmi import measures

N = 200
X, Y = np.arange(N)[:, None], np.arange(N) % 2
BINS = fastmi.UniformBins(8, range=(-1, 1))
COPY_OF = np.zeros(N, int)


@pytest.fixture
def layers(rng):
    """Two copies: one layer whose rows all differ, one of few codes, one half and half."""
    wide = rng.uniform(-1, 1, (2, N, 30))
    known = np.where(Y[:, None], 0.5, -0.5) + 0 * wide[..., :1]
    half = np.stack([wide[0, :, :20], 0 * wide[0, :, :20]])
    return {"wide": wide, "known": known, "half": half}


def plane(**given):
    return fastmi.PlaneEstimator(X, Y, BINS, **given)


def warned(call):
    """The messages of all warnings, and where they point to."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert all(one.category is fastmi.CoverageWarning for one in caught)
    assert all(one.filename == __file__ for one in caught)
    return [str(one.message) for one in caught]


def test_readings_name_the_layers_without_a_verdict(layers, twin):
    layers = {name: twin.put(np.float32(layer)) for name, layer in layers.items()}
    (message,) = warned(lambda: plane().readings(layers))
    assert message.startswith(
        "unresolved: layers['wide'], layers['half'] (1 of 2 points): n = 200 cannot size them under"
        " these bins"
    )
    (message,) = warned(lambda: plane().readings(layers, COPY_OF))
    assert "layers['wide'], layers['half'] (2 of 3 points)" in message


def test_estimates_are_judged_by_the_coverage_of_pairs_alone(layers, twin):
    layers = {name: twin.put(np.float32(layer)) for name, layer in layers.items()}
    starts = "unresolved: layers['wide'], layers['half'] (1 of 2 points): at most one sample in tw"
    (message,) = warned(lambda: plane().estimate(layers))
    assert message.startswith(starts)
    (message,) = warned(lambda: plane().sampled(layers, COPY_OF))
    assert message.startswith("unresolved: layers['wide'], layers['half']: at most one sample")
    x = np.arange(N)[:, None] // 2  # rows of x that repeat are counted beside
    repeated = fastmi.PlaneEstimator(x, Y, BINS)
    (message,) = warned(lambda: repeated.estimate(layers))
    assert message.startswith(starts)


def test_nothing_is_warned_of_where_nothing_is_amiss(layers):
    known = {"known": layers["known"]}
    assert warned(lambda: plane().estimate(known)) == []
    assert warned(lambda: plane().readings(known, COPY_OF)) == []


def test_a_population_is_what_it_is(layers):
    whole = plane(sample="population")
    assert warned(lambda: whole.estimate(layers)) == []
    assert warned(lambda: whole.readings(layers)) == []


def test_of_a_mixture_nothing_is_said(layers):
    assert warned(lambda: plane().mixture(layers)) == []


def test_few_samples_are_not_judged(layers):
    few = {name: layer[:, :19] for name, layer in layers.items()}
    small = fastmi.PlaneEstimator(X[:19], Y[:19], BINS)
    assert warned(lambda: small.estimate(few)) == []
    assert warned(lambda: small.readings(few)) == []


def test_what_does_not_count_has_no_verdict(layers):
    kernels = fastmi.PlaneEstimator(X, Y, measures.KDEBounds(noise_variance=0.1))
    assert warned(lambda: kernels.estimate(layers)) == []
    assert warned(lambda: kernels.readings(layers)) == []


def test_it_can_be_made_an_error_and_nothing_else_changes(layers):
    with warnings.catch_warnings():
        warnings.simplefilter("error", fastmi.CoverageWarning)
        with pytest.raises(fastmi.CoverageWarning, match="layers\\['wide'\\]"):
            plane().readings(layers)
