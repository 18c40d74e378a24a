"""PlaneEstimator.permutation_test: the tests of its pairs, one labeling for all, refusals."""

import pickle
import re

import numpy as np
import pytest

import fastmi
from fastmi import PlaneEstimator, UniformBins, measures
from fastmi.tables import InformationPlane

BINS = UniformBins(4, range=(-2, 2))
N = 80


@pytest.fixture
def plane_of(rng):
    x, y = np.arange(N)[:, None], rng.integers(0, 3, N)
    layers = {
        "first": rng.normal(size=(2, 3, N, 3)).astype(np.float32),
        "second": (rng.normal(size=(2, 3, N, 1)) + 0.5 * y[:, None]).astype(np.float32),
    }
    return lambda binning=BINS, **given: (PlaneEstimator(x, y, binning, **given), layers, y)


def same(test, other):
    return all(
        np.array_equal(getattr(test, name), getattr(other, name))
        for name in ("statistic", "pvalue", "pvalue_adjusted")
    )


@pytest.mark.parametrize("sample", [None, "held-out"])
def test_every_point_has_the_test_of_its_pair(twin, plane_of, sample):
    plane, layers, y = plane_of(sample=sample)
    layers = {name: twin.put(layer) for name, layer in layers.items()}
    test = plane.permutation_test(layers, n_resamples=199, rng=5)
    assert test.pvalue.shape == test.pvalue_adjusted.shape == test.statistic.shape == (2, 3, 2)
    np.testing.assert_array_equal(test.statistic, plane.estimate(layers)[..., 1])
    for k, layer in enumerate(layers.values()):
        for place in np.ndindex(2, 3):
            pair = fastmi.permutation_test(
                fastmi.encode(layer[place], BINS), y, n_resamples=199, rng=5
            )
            assert pair.pvalue == test.pvalue[(*place, k)]
            assert pair.statistic == test.statistic[(*place, k)]
    assert (test.pvalue_adjusted >= test.pvalue).all()
    assert test.n_resamples == 199
    assert test.pvalue[..., 1].max() < 0.2  # it was made of Y


def test_one_layer_alone_and_no_axis_of_copies(plane_of):
    plane, layers, _ = plane_of()
    test = plane.permutation_test(layers["second"][0, 0], rng=1)
    assert test.pvalue.shape == (1,)
    assert test.pvalue_adjusted.tolist() == test.pvalue.tolist()
    assert repr(test) == (
        f"PermutationTest (1,): smallest p = {test.pvalue[0]:.3g}, adjusted {test.pvalue[0]:.3g}, "
        "of 999 resamples"
    )


def test_layers_measured_each_in_its_own_way_are_one_plane(plane_of):
    plane, layers, _ = plane_of()
    whole = plane.permutation_test(layers, rng=3)
    each = {"second": measures.Counted(BINS, "miller-madow"), "first": BINS}
    apart, _, _ = plane_of(each)
    assert len(apart.measures) == 2
    assert same(apart.permutation_test(layers, rng=3), whole)


def test_a_layer_beside_many_needs_more(plane_of):
    plane, layers, _ = plane_of()
    alone = plane.permutation_test(layers["second"][0, 0], rng=2)
    beside = plane.permutation_test(layers, rng=2)
    assert beside.pvalue[0, 0, 1] == alone.pvalue[0]
    assert beside.pvalue_adjusted[0, 0, 1] > alone.pvalue_adjusted[0]


def test_x_that_repeats_and_pickled_estimators_leave_no_trace(plane_of):
    plane, layers, y = plane_of()
    test = plane.permutation_test(layers, n_resamples=99, rng=7)
    again = pickle.loads(pickle.dumps(plane))
    assert same(again.permutation_test(layers, n_resamples=99, rng=7), test)
    repeated = PlaneEstimator(np.arange(N)[:, None] // 2, y, BINS)
    assert same(repeated.permutation_test(layers, n_resamples=99, rng=7), test)


# --- refusals -------------------------------------------------------------------------------------


def refused(call, *words, kind=ValueError):
    with pytest.raises(kind) as error:
        call()
    assert "\n" not in str(error.value)
    for word in words:
        assert re.search(re.escape(word), str(error.value)), (word, str(error.value))


@pytest.mark.parametrize(
    ("sample", "word"), [("training", "held-out"), ("population", "estimated")]
)
def test_samples_of_which_a_shuffle_says_nothing(plane_of, sample, word):
    plane, layers, _ = plane_of(sample=sample)
    refused(lambda: plane.permutation_test(layers), f"sample is {sample!r}", word)


def test_finished_tables(plane_of):
    plane, layers, _ = plane_of()
    readings = plane.readings(layers)
    table = InformationPlane.collect(plane, [readings["each"]], epochs=[0, 1], layers=list(layers))
    for finished in (table, readings, readings["each"], readings["mixture"]):
        refused(
            lambda finished=finished: plane.permutation_test(finished),
            "layers is",
            "a finished table",
            "labels",
            kind=TypeError,
        )


def test_information_about_x_and_what_is_no_information(plane_of):
    plane, layers, _ = plane_of()
    refused(
        lambda: plane.permutation_test(layers, of="i_xt"),
        "of is 'i_xt'",
        "no null",
        "function of X",
    )
    refused(lambda: plane.permutation_test(layers, of="i_tt"), "of must be one of 'i_ty'")


def test_measures_that_do_not_count(plane_of):
    plane, layers, _ = plane_of({"first": BINS, "second": measures.KDEBounds(0.1)})
    refused(lambda: plane.permutation_test(layers), "binning measures by KDE upper bounds", "count")


def test_resamples_seeds_and_layers(plane_of):
    plane, layers, _ = plane_of()
    refused(lambda: plane.permutation_test(layers, n_resamples=0), "n_resamples", "at least 1")
    refused(lambda: plane.permutation_test(layers, rng=0.5), "rng is 0.5", kind=TypeError)
    refused(lambda: plane.permutation_test([]), "layers is []", kind=TypeError)
    refused(lambda: plane.permutation_test(layers["first"][:, :, 1:]), "79 samples", "80")
