"""layers -> points of the plane: golden files, the oracle, and what holds for any layers."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import fastmi
from fastmi import Edges, PlaneEstimator
from fastmi.backends import numba_twin
from tests import naive

TOLERANCE = 1e-12  # bits


# --- the golden files -----------------------------------------------------------------------------


def test_every_golden_value_of_the_authors_estimator(twin, idnns):
    n_compared = 0
    for name in (name for name in idnns if name.endswith("/IXT_ITY_bits")):
        case, layer, _ = name.split("/")
        x, y, t = idnns[f"{case}/X"], idnns[f"{case}/labels"], twin.put(idnns[f"{case}/{layer}/T"])
        for n_edges, expected in zip((8, 30, 50, 100), idnns[name], strict=True):
            if np.isfinite(expected).all():
                plane = PlaneEstimator(
                    x, y, Edges(np.linspace(-1, 1, n_edges), out_of_range="wrap")
                )
                np.testing.assert_allclose(
                    plane.estimate(t), expected[None], rtol=0, atol=TOLERANCE, err_msg=name
                )
                n_compared += expected.size
    assert (
        n_compared
        == sum(np.isfinite(idnns[name]).sum() for name in idnns if name.endswith("_bits"))
        == 96
    )


def test_every_golden_value_of_the_report(twin, blog):
    names = [name.split("/")[0] for name in blog if name.endswith("/T_all_nets")]
    layers = [twin.put(blog[f"{name}/T_all_nets"]) for name in names]
    plane = PlaneEstimator(
        twin.put(blog["X"]), blog["labels_passed"], Edges(blog["bins"], out_of_range="wrap")
    )
    n_compared = 0
    for found, reading in (
        (plane.estimate([layer[0] for layer in layers]), "simple_net0_bits"),
        (plane.sampled(layers, blog["who"]), "extended_bits"),
        (plane.mixture(layers), "mixture_bits"),
    ):
        expected = np.stack([blog[f"{name}/{reading}"] for name in names])
        np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE, err_msg=reading)
        n_compared += expected.size
    assert n_compared == 6 * 3 * 2


# --- the oracle -----------------------------------------------------------------------------------

LABELS = {
    "constant": lambda rng, n: np.zeros(n, int),
    "few": lambda rng, n: rng.integers(0, 3, n),
    # n^2 pairs: the Numba twin hashes them
    "as many as samples": lambda rng, n: rng.permutation(n),
    "strings": lambda rng, n: rng.choice(["cat", "dog", "eel"], n),
    "bools": lambda rng, n: rng.random(n) < 0.3,
    "whole floats": lambda rng, n: rng.choice([-1.0, 1.0], (n, 1)),
    "one-hot": lambda rng, n: np.eye(4)[rng.integers(0, 4, n)],
    "several columns": lambda rng, n: rng.integers(0, 3, (n, 3)),
    "several columns of strings": lambda rng, n: rng.choice(["a", "b"], (n, 2)),
}
INPUTS = {
    "distinct": lambda rng, n: rng.permutation(n)[:, None],
    "distinct floats": lambda rng, n: rng.normal(size=(n, 2)),
    "repeated": lambda rng, n: rng.integers(0, 3, (n, 2)).astype(np.uint8),
    "repeated, signed zeros": lambda rng, n: rng.choice([-0.0, 0.0, 0.5], (n, 2)),
    "constant": lambda rng, n: np.ones((n, 1), bool),
    "short integers of both signs": lambda rng, n: rng.integers(-120, 121, (n, 1)).astype(np.int8),
    "one-dimensional": lambda rng, n: rng.integers(0, 5, n),
    "images": lambda rng, n: rng.integers(0, 2, (n, 2, 2)),
}
CUTS = [np.linspace(-1, 1, 5), [-1, -0.2, 0.1, 1], [-0.5, 0.5]]


def as_variable(labels):
    return [tuple(row) for row in labels.reshape(len(labels), -1).tolist()]


@st.composite
def cases(draw, labels=tuple(LABELS), max_copies=3):
    """x, y, two layers (n_copies, n, d), the copy of each sample, a binning."""
    n, n_copies = draw(st.integers(1, 30)), draw(st.integers(1, max_copies))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x = INPUTS[draw(st.sampled_from(list(INPUTS)))](rng, n)
    y = LABELS[draw(st.sampled_from(labels))](rng, n)
    edges = draw(st.sampled_from(range(len(CUTS))))
    step = draw(st.sampled_from([0.01, 0.5, 1]))
    layers = [
        (step * rng.integers(-2, 3, (n_copies, n, d))).astype(np.float32)
        for d in (1, draw(st.sampled_from([2, 40])))
    ]
    out_of_range = draw(st.sampled_from(["separate", "clip", "wrap"]))
    return x, y, layers, rng.integers(0, n_copies, n), Edges(CUTS[edges], out_of_range)


@given(cases())
def test_the_three_readings_agree_with_the_definition(twin, case):
    x, y, layers, who, binning = case
    plane = PlaneEstimator(twin.put(x), twin.put(y), binning)
    a, b, edges = as_variable(x), as_variable(y), binning.edges.tolist()
    given_ = [twin.put(layer) for layer in layers]
    each, sampled, mixture = (
        plane.estimate(given_),
        plane.sampled(given_, who),
        plane.mixture(given_),
    )
    assert plane.entropy_x == pytest.approx(naive.entropy(a), abs=TOLERANCE)
    assert plane.entropy_y == pytest.approx(naive.entropy(b), abs=TOLERANCE)
    for i, layer in enumerate(layer.tolist() for layer in layers):
        for copy, rows in enumerate(layer):
            expected = naive.each(a, b, rows, edges, binning.out_of_range)
            assert each[copy, i] == pytest.approx(expected, abs=TOLERANCE)
        expected = naive.sampled(a, b, layer, who.tolist(), edges, binning.out_of_range)
        assert sampled[i] == pytest.approx(expected, abs=TOLERANCE)
        assert mixture[i] == pytest.approx(
            naive.mixture(a, b, layer, edges, binning.out_of_range), abs=TOLERANCE
        )


@pytest.mark.parametrize("x_kind", INPUTS)
@pytest.mark.parametrize("y_kind", LABELS)
def test_every_kind_of_x_meets_every_kind_of_y(twin, rng, x_kind, y_kind):
    n = 25
    x, y, t = (
        INPUTS[x_kind](rng, n),
        LABELS[y_kind](rng, n),
        rng.normal(size=(n, 2)).astype(np.float32),
    )
    plane = PlaneEstimator(twin.put(x), twin.put(y), Edges(CUTS[0]))
    a, b = as_variable(x), as_variable(y)
    assert (plane.n_samples, plane.n_x, plane.n_y) == (n, len(set(a)), len(set(b)))
    assert plane.estimate(twin.put(t))[0] == pytest.approx(
        naive.each(a, b, t.tolist(), CUTS[0].tolist()), abs=TOLERANCE
    )


@pytest.mark.parametrize(
    "dtype", [np.int8, np.int16, np.int32, np.uint8, np.uint64, np.float16, np.float64]
)
def test_rows_of_x_are_told_apart_in_every_dtype(twin, rng, dtype):
    x = rng.integers(0, 100, (400, 12))
    x[200:] = x[:200]
    x[200:, 0] ^= rng.integers(0, 2, 200)  # half of the repeats differ in the first column
    plane = PlaneEstimator(twin.put(x.astype(dtype)), np.zeros(400, int), Edges([0, 1]))
    assert plane.n_x == len(set(map(tuple, x.tolist())))


def test_a_bfloat16_tensor_is_an_x(twin):
    x = torch.tensor(
        [[1.5], [-2.0], [1.5]],
        dtype=torch.bfloat16,
        device=twin.device,
    )
    assert PlaneEstimator(x, [0, 1, 0], Edges([0, 1])).n_x == 2


# --- what must hold -------------------------------------------------------------------------------


@given(cases(max_copies=5))
def test_the_mixture_never_exceeds_the_mean_over_its_copies(twin, case):
    x, y, layers, _, binning = case
    plane, layers = PlaneEstimator(x, y, binning), [twin.put(layer) for layer in layers]
    assert (plane.mixture(layers) <= plane.estimate(layers).mean(axis=0) + TOLERANCE).all()


@given(cases(max_copies=5))
def test_where_t_is_a_function_of_x_the_mixture_leaves_at_most_log_n_copies_unknown(twin, case):
    _, y, layers, who, binning = case
    layers = [twin.put(layer) for layer in layers]
    i_xt = PlaneEstimator(np.arange(len(who)), y, binning).mixture(layers)[:, 0]
    for layer, information in zip(layers, i_xt, strict=True):
        h_t = fastmi.entropy(fastmi.encode(layer, binning).reshape(-1))
        assert -TOLERANCE <= h_t - information <= math.log2(len(layer)) + TOLERANCE


@given(cases())
def test_a_point_lies_between_zero_and_its_ceilings(twin, case):
    x, y, layers, who, binning = case
    plane, layers = PlaneEstimator(x, y, binning), [twin.put(layer) for layer in layers]
    ceilings = np.array([plane.entropy_x, plane.entropy_y])
    for points in (plane.estimate(layers), plane.sampled(layers, who), plane.mixture(layers)):
        assert (points >= 0).all()
        assert (points <= ceilings).all()  # no tolerance


@given(cases())
def test_with_distinct_x_the_information_is_the_entropy_of_the_bins_to_the_last_bit(twin, case):
    _, y, layers, who, binning = case
    plane = PlaneEstimator(np.arange(len(who)), y, binning)
    codes = np.stack([fastmi.encode(twin.put(layer), binning) for layer in layers])
    h_t = fastmi.entropy(codes[..., None])
    np.testing.assert_array_equal(
        plane.estimate([twin.put(layer) for layer in layers])[..., 0], h_t.T
    )


@given(cases(), st.integers(0, 2**32))
def test_the_order_of_the_samples_changes_no_bit(twin, case, seed):
    x, y, layers, who, binning = case
    order = np.random.default_rng(seed).permutation(len(who))
    plane, t = PlaneEstimator(x, y, binning), [twin.put(layer) for layer in layers]
    other, shuffled = (
        PlaneEstimator(x[order], y[order], binning),
        [twin.put(layer[:, order]) for layer in layers],
    )
    np.testing.assert_array_equal(plane.estimate(t), other.estimate(shuffled))
    np.testing.assert_array_equal(plane.sampled(t, who), other.sampled(shuffled, who[order]))
    np.testing.assert_array_equal(plane.mixture(t), other.mixture(shuffled))


@given(cases())
def test_the_company_in_a_batch_changes_no_bit(twin, case):
    x, y, layers, _, binning = case
    plane = PlaneEstimator(x, y, binning)
    together = plane.estimate([twin.put(layer) for layer in layers])
    for i, layer in enumerate(layers):
        for copy, rows in enumerate(layer):
            np.testing.assert_array_equal(together[copy, i], plane.estimate(twin.put(rows))[0])
        np.testing.assert_array_equal(
            together[::-1, i], plane.estimate(twin.put(layer[::-1]))[:, 0]
        )


@given(cases())
def test_the_twins_agree_to_the_last_bit(twin, case):
    x, y, layers, who, binning = case
    plane, given_ = PlaneEstimator(x, y, binning), [twin.put(layer) for layer in layers]
    found = plane.estimate(given_), plane.sampled(given_, who), plane.mixture(given_)
    with fastmi.use_backend("numba"):
        plane = PlaneEstimator(x, y, binning)
        expected = plane.estimate(layers), plane.sampled(layers, who), plane.mixture(layers)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@given(cases())
def test_a_single_copy_has_one_reading_only(twin, case):
    x, y, layers, who, binning = case
    plane, first = PlaneEstimator(x, y, binning), [twin.put(layer[:1]) for layer in layers]
    each = plane.estimate(first)[0]
    np.testing.assert_array_equal(plane.sampled(first, 0 * who), each)
    np.testing.assert_allclose(plane.mixture(first), each, rtol=0, atol=TOLERANCE)


# --- shapes ---------------------------------------------------------------------------------------


@pytest.fixture
def small(rng):
    x, y = rng.integers(0, 3, (20, 2)), rng.integers(0, 2, 20)
    return PlaneEstimator(x, y, Edges(CUTS[0])), [
        rng.normal(size=(4, 3, 20, d)).astype(np.float32) for d in (2, 1, 5)
    ]


def test_leading_axes_stand_before_the_layers(twin, small):
    plane, layers = small
    found = plane.estimate([twin.put(layer) for layer in layers])
    assert isinstance(found, np.ndarray)
    assert found.shape == (4, 3, 3, 2)
    for epoch, copy, i in itertools.product(range(4), range(3), range(3)):
        np.testing.assert_array_equal(
            found[epoch, copy, i], plane.estimate(twin.put(layers[i][epoch, copy]))[0]
        )


def test_one_array_is_one_layer(twin, small):
    plane, layers = small
    np.testing.assert_array_equal(
        plane.estimate(twin.put(layers[0])), plane.estimate([twin.put(layers[0])])
    )
    assert plane.estimate(twin.put(layers[0][0, 0])).shape == (1, 2)


def test_readings_give_the_three_of_them_at_once(twin, small, rng):
    plane, layers = small
    given_, who = [twin.put(layer[0]) for layer in layers], rng.integers(0, 3, 20)
    found = plane.readings(given_, who)
    assert list(found) == ["each", "sampled", "mixture"]
    np.testing.assert_array_equal(found["each"].bits, plane.estimate(given_))
    np.testing.assert_array_equal(found["sampled"].bits, plane.sampled(given_, who))
    np.testing.assert_array_equal(found["mixture"].bits, plane.mixture(given_))
    assert list(plane.readings(given_)) == ["each", "mixture"]


def test_readings_over_epochs_are_those_of_each_epoch(twin, small, rng):
    plane, layers = small
    given_, who = [twin.put(layer) for layer in layers], rng.integers(0, 3, (4, 20))
    sampled, mixture, found = (
        plane.sampled(given_, who),
        plane.mixture(given_),
        plane.readings(given_, who),
    )
    assert sampled.shape == mixture.shape == (4, 3, 2)
    np.testing.assert_array_equal(found["sampled"].bits, sampled)
    for epoch in range(4):
        at = [twin.put(layer[epoch]) for layer in layers]
        np.testing.assert_array_equal(sampled[epoch], plane.sampled(at, who[epoch]))
        np.testing.assert_array_equal(mixture[epoch], plane.mixture(at))


def test_beside_each_point_stand_its_symbols_and_its_coverage(twin, small):
    plane, layers = small
    points = plane.readings([twin.put(layer[0]) for layer in layers])["each"]
    codes = [naive.digitise(layer[0, 1].tolist(), CUTS[0].tolist()) for layer in layers]
    assert points.n_symbols[1].tolist() == [len(set(rows)) for rows in codes]
    assert points.coverage[1] == pytest.approx(
        [1 - sum(rows.count(row) == 1 for row in rows) / 20 for rows in codes]
    )


def test_x_may_be_read_in_any_order_of_axes_in_memory(rng):
    x, y, t = rng.integers(0, 2, (20, 6)), rng.integers(0, 2, 20), rng.normal(size=(20, 2))
    expected = PlaneEstimator(x, y, Edges(CUTS[0])).estimate(t)
    for other in (np.asfortranarray(x), x[:, ::-1], np.repeat(x, 2, axis=0)[::2]):
        np.testing.assert_array_equal(
            PlaneEstimator(other, y, Edges(CUTS[0])).estimate(np.asfortranarray(t)), expected
        )


def test_an_assignment_may_be_a_list_or_a_tensor(twin, small, rng):
    plane, layers = small
    who, layer = rng.integers(0, 3, 20), twin.put(layers[0][0])
    expected = plane.sampled(layer, who)
    for other in (who.tolist(), torch.from_numpy(who), who.astype(np.uint8), twin.put(who)):
        np.testing.assert_array_equal(plane.sampled(layer, other), expected)


# --- sizes ----------------------------------------------------------------------------------------


def test_more_networks_than_the_numba_twin_tallies_at_once(twin, rng):
    n_networks = numba_twin.SEGMENTS + 5
    t = rng.normal(size=(n_networks, 6, 1)).astype(np.float32)
    plane = PlaneEstimator(rng.integers(0, 2, 6), rng.integers(0, 2, 6), Edges([-1, 0, 1]))
    found = plane.estimate(twin.put(t))
    for i in (0, 1, numba_twin.SEGMENTS - 1, numba_twin.SEGMENTS, n_networks - 1):
        np.testing.assert_array_equal(found[i], plane.estimate(twin.put(t[i])))


@pytest.mark.parametrize("n_labels", [10, 10**9])  # pairs in a table of all of them, and hashed
def test_many_samples_agree_with_the_definition(twin, rng, n_labels):
    n = 30_000
    t = np.tanh(rng.normal(size=(n, 3))).astype(np.float32)
    x, y = rng.integers(0, 1000, n), rng.integers(0, n_labels, n)
    edges = np.linspace(-1, 1, 30)
    symbols = np.digitize(t, edges.astype(np.float32)).tolist()
    rows, a, b = list(map(tuple, symbols)), x.tolist(), y.tolist()
    expected = naive.mutual_information(a, rows), naive.mutual_information(rows, b)
    assert PlaneEstimator(x, y, Edges(edges)).estimate(twin.put(t))[0] == pytest.approx(
        expected, abs=TOLERANCE
    )


@pytest.mark.parametrize("name", ["numba", "torch"])
def test_a_wide_layer_is_hashed_and_none_of_its_rows_meet(rng, name):
    rows = rng.choice(np.float32([-0.5, 0.5]), (500, 784))
    t = rows[rng.integers(0, 500, 2000)]
    with fastmi.use_backend(name):
        i_xt, _ = PlaneEstimator(t, np.zeros(2000, int), Edges(np.linspace(-1, 1, 30))).estimate(t)[
            0
        ]
    assert i_xt == pytest.approx(naive.entropy(list(map(tuple, t.tolist()))), abs=TOLERANCE)


# --- messages that lead somewhere -----------------------------------------------------------------


def test_a_reading_that_is_not_there_says_where_to_find_it():
    plane = PlaneEstimator(np.arange(6)[:, None], [0, 1] * 3, Edges([-1, 0, 1]))
    t = np.random.default_rng(0).uniform(-1, 1, (4, 3, 6, 2))  # 4 epochs of 3 copies
    readings = plane.readings(t)
    with pytest.raises(
        KeyError, match=r'no reading "mean" among each, mixture; .*InformationPlane\.collect'
    ):
        readings["mean"]
    # as it advises
    collected = fastmi.InformationPlane.collect(
        plane, [readings["each"]], epochs=range(4), layers=["t"]
    )
    assert collected.mean().i_ty.shape == (4, 1, 1)
    with pytest.raises(
        KeyError, match='no reading "sampled" among each, mixture; pass assignment= to `readings`'
    ):
        readings["sampled"]
    assert plane.readings(t, np.zeros((4, 6), int))["sampled"].i_ty.shape == (4, 1)
    with pytest.raises(KeyError, match='no reading "3" among each, mixture; take one of these'):
        readings[3]


@pytest.mark.parametrize("shape", [(6, 5, 2), (6, 5, 4, 4)])
def test_tokens_and_positions_are_told_what_they_can_be(shape):
    plane = PlaneEstimator(np.arange(6)[:, None], [0, 1] * 3, Edges([-1, 0, 1]))
    layer = np.random.default_rng(0).uniform(-1, 1, shape)
    with pytest.raises(
        ValueError, match=r"if axis 1 has 5 tokens.*layer\[:, 0\].*layer\.mean\(1\).*grows too wide"
    ) as caught:
        plane.estimate(layer)
    for way in ("layer[:, 0]", "layer.mean(1)", "layer.reshape(n, -1)"):
        assert way in str(caught.value)
        read = eval(way, {"layer": layer, "n": 6})
        assert plane.estimate(read.reshape(6, -1)).shape == (1, 2)
    with pytest.raises(ValueError, match=r"layers\[0\] has 5 samples.*give both the same samples"):
        plane.estimate(layer[0, :, :2].reshape(5, -1))
