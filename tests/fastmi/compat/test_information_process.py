"""The stand-in for information_process.py: its names and conventions, the authors' values."""

import re

import numpy as np
import pytest
import torch

import fastmi
from benchmarks import reference
from fastmi.compat import information_process
from fastmi.compat.information_process import (
    calc_information_for_layer_with_other,
    calc_information_sampling,
    extract_probs,
)
from tests import naive

N_EDGES = (8, 30, 50, 100)
BINS = np.linspace(-1, 1, 30)
NAMES = (
    "pys",
    "pys1",
    "p_YgX",
    "b1",
    "b",
    "unique_a",
    "unique_inverse_x",
    "unique_inverse_y",
    "pxs",
)


@pytest.fixture
def small(rng):
    """Repeated inputs, noisy labels, and a layer that leaves the edges on both sides."""
    x, label = rng.integers(-1, 3, (60, 2)), rng.integers(3, size=(60, 1)).astype(float)
    return label, x, rng.normal(0, 0.7, (60, 3)).astype(np.float32)


def parameters(label, x, bins):
    """As the report's ZivInformationPlane hands them on."""
    found = dict(zip(NAMES, extract_probs(label, x), strict=True))
    found |= {"bins": bins, "label": label, "len_unique_a": len(found["unique_a"])}
    del found["unique_a"], found["pys"]
    return found


def point(data, **changed):
    found = calc_information_for_layer_with_other(data, **changed)
    assert list(found) == ["local_IXT", "local_ITY"]
    assert {type(value) for value in found.values()} == {float}
    return list(found.values())


# --- values ---------------------------------------------------------------------------------------


def test_every_golden_value_of_the_authors(idnns):
    n_compared = 0
    for name in (name for name in idnns if name.endswith("/IXT_ITY_bits")):
        case, layer, _ = name.split("/")
        probs = parameters(idnns[f"{case}/labels"], idnns[f"{case}/X"], BINS)
        for n_edges, expected in zip(N_EDGES, idnns[name], strict=True):
            if np.isfinite(expected).all():
                found = point(
                    idnns[f"{case}/{layer}/T"], **(probs | {"bins": np.linspace(-1, 1, n_edges)})
                )
                np.testing.assert_allclose(
                    found, expected, rtol=0, atol=1e-12, err_msg=f"{name}, {n_edges} edges"
                )
                n_compared += 2
    assert n_compared == 96


def test_every_golden_value_of_the_report(blog):
    probs = parameters(blog["labels_passed"], blog["X"], blog["bins"])
    for i in range(6):
        copies = blog[f"L{i}/T_all_nets"]
        found = point(copies[0], **probs)
        np.testing.assert_allclose(found, blog[f"L{i}/simple_net0_bits"], rtol=0, atol=1e-12)
        found = point(copies[blog["who"], np.arange(1000)], **probs)
        np.testing.assert_allclose(found, blog[f"L{i}/extended_bits"], rtol=0, atol=1e-12)


def test_the_definition_gives_the_same(small):
    label, x, t = small
    x_symbols, y_symbols = (list(map(tuple, rows.tolist())) for rows in (x, label))
    expected = naive.each(x_symbols, y_symbols, t.tolist(), BINS.tolist(), "wrap")
    np.testing.assert_allclose(point(t, **parameters(label, x, BINS)), expected, rtol=0, atol=1e-12)


def test_float64_activations_beside_rounded_edges_are_compared_as_the_original_compares_them():
    """float64 against float32 edges: where an edge was rounded up, the float64 edge itself lies
    below it.
    """
    edges = np.linspace(-1, 1, 30)
    t = np.concatenate([edges, np.nextafter(edges, -2), np.nextafter(edges, 2), [2e38, -2e38]])[
        :, None
    ]
    assert (
        np.digitize(t, edges.astype(np.float32))
        != np.digitize(t.astype(np.float32), edges.astype(np.float32))
    ).any()
    x, label = np.arange(len(t))[:, None], (np.arange(len(t)) % 3)[:, None]
    symbols = (np.digitize(t, edges.astype(np.float32)) - 1) % 30
    expected = [
        reference.row_entropy(symbols)
        - reference.conditional_entropy(symbols, reference.identify(given))
        for given in (x, label)
    ]
    for data in (t, torch.from_numpy(t)):
        np.testing.assert_allclose(
            point(data, **parameters(label, x, edges)), expected, rtol=0, atol=1e-12
        )


def test_values_beyond_float32_lie_outside_like_any():
    t = np.array([[1e300], [-1e300], [np.inf], [-np.inf], [0.0]])
    assert information_process.narrowed(t)[:, 0].tolist() == [
        np.finfo(np.float32).max,
        -np.inf,
        np.inf,
        -np.inf,
        0.0,
    ]


def test_both_functions_give_the_same_and_draw_nothing(small):
    label, x, t = small
    probs = parameters(label, x, BINS)
    before = np.random.get_state()  # noqa: NPY002
    found = calc_information_sampling(t, **probs)
    assert found == (*point(t, **probs, percent_of_sampling=10),)
    after = np.random.get_state()  # noqa: NPY002
    assert (before[1] == after[1]).all()
    assert before[2] == after[2]


@pytest.mark.parametrize(
    "form", [torch.from_numpy, lambda t: t.reshape(60, 3, 1), np.asfortranarray]
)
def test_layers_may_come_as_tensors_or_with_more_axes(small, form):
    label, x, t = small
    probs = parameters(label, x, BINS)
    assert point(form(t), **probs) == point(t, **probs)


def test_one_unit_may_come_without_its_axis(small):
    label, x, t = small
    probs = parameters(label, x, BINS)
    assert point(t[:, 0], **probs) == point(t[:, :1], **probs)


# --- conventions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_the_shares_and_their_shapes(dtype):
    x = np.array([[3, 1], [0, 2], [3, 1], [0, 2], [0, 2]], dtype)
    label = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    pys, pys1, p_y_given_x, b1, b, unique_a, inverse_x, inverse_y, pxs = extract_probs(label, x)
    np.testing.assert_allclose(pys, [0.4, 0.6])
    assert sorted(pys1) == [0.4, 0.6]
    assert sorted(pxs) == [0.4, 0.6]
    assert inverse_x.shape == inverse_y.shape == (5,)  # on NumPy 2 too
    np.testing.assert_array_equal(unique_a[inverse_x], x)
    np.testing.assert_array_equal(pxs, np.bincount(inverse_x) / 5)
    np.testing.assert_array_equal(pys1, np.bincount(inverse_y) / 5)
    for i, row in enumerate(unique_a):
        np.testing.assert_allclose(p_y_given_x[:, i], label[(x == row).all(axis=1)].mean(axis=0))
    assert (b.shape, b1.shape, p_y_given_x.shape) == ((5, 1), (2, 1), (2, 2))
    assert [row.tobytes() for row in b[:, 0]] == [row.tobytes() for row in unique_a[inverse_x]]
    assert (b1[inverse_x] == b).all()


def test_the_distinct_rows_stand_in_the_order_of_their_bytes(small):
    label, x, _ = small
    unique_a = extract_probs(label, x)[5]
    in_bytes = [row.tobytes() for row in unique_a]
    assert in_bytes == sorted(in_bytes)


def test_labels_without_their_axis_and_negative_zeros():
    _, pys1, _, _, _, unique_a, *_ = extract_probs(
        np.array([0, 1, 1, 1]), np.array([[0.0], [-0.0], [2.0], [2.0]])
    )
    assert pys1.tolist() == [0.25, 0.75]
    assert unique_a.tolist() == [[0.0], [2.0]]


def test_inverses_of_either_shape_are_taken(small):
    label, x, t = small
    probs = parameters(label, x, BINS)
    column = probs | {
        name: probs[name][:, None] for name in ("unique_inverse_x", "unique_inverse_y")
    }
    assert point(t, **column) == point(t, **probs)


# --- what is kept from call to call ---------------------------------------------------------------


def test_x_and_y_are_prepared_once(small):
    label, x, t = small
    probs = parameters(label, x, BINS)
    information_process._estimator.cache_clear()
    values = {tuple(point(t, **probs)) for _ in range(5)}
    assert len(values) == 1
    assert information_process._estimator.cache_info()[:2] == (4, 1)  # hits, misses


def test_an_array_that_was_changed_in_place_is_seen(small):
    label, x, t = small
    coarse = np.array([-1.0, 0.0, 1.0])
    probs = parameters(label, x, coarse)
    before = point(t, **probs)
    probs["unique_inverse_y"][:] = probs["unique_inverse_y"][::-1].copy()
    expected = point(t, **parameters(label[::-1], x, coarse))
    assert point(t, **probs) == expected != before


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"calc_DKL": True}, "calc_DKL is True, which the original cannot run either"),
        (
            {"unique_inverse_x": np.zeros(60)},
            "unique_inverse_x has dtype float64 and shape (60,): pass the number",
        ),
        (
            {"unique_inverse_y": np.zeros((30, 2), int)},
            "unique_inverse_y has dtype int64 and shape (30, 2)",
        ),
        ({"unique_inverse_y": np.full(60, -1)}, "unique_inverse_y has dtype int64 and shape (60,)"),
        ({"pxs": np.ones(3) / 3}, "pxs holds 3 shares that are not those of the"),
        (
            {"pys1": np.array([0.5, 0.25, 0.25])},
            "pys1 holds 3 shares that are not those of the 3 symbols in unique_inverse_y",
        ),
        ({"bins": BINS[::-1]}, "edges must increase"),
        ({"data": np.full((60, 1), np.nan)}, "holds 60 NaN"),
        ({"data": np.zeros((59, 1))}, "has 59 samples"),
    ],
)
def test_what_does_not_belong_together_is_refused(small, changed, message):
    label, x, t = small
    with pytest.raises(ValueError, match=re.escape(message)):
        calc_information_sampling(**({"data": t} | parameters(label, x, BINS) | changed))


def test_labels_of_other_samples_are_refused():
    with pytest.raises(ValueError, match="different numbers of samples: label has 3, x has 4"):
        extract_probs(np.zeros((3, 1)), np.zeros((4, 2)))


@pytest.mark.parametrize("name", ["pxs", "pys1"])
@pytest.mark.parametrize("value", ["shares", None, [[1], [2, 3]], [1j], {0.5: 1}], ids=str)
def test_shares_are_numbers(small, name, value):
    label, x, data = small
    with pytest.raises((TypeError, ValueError), match=f"^{name} ") as error:
        point(data, **(parameters(label, x, BINS) | {name: value}))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "value", [5e-324, -5e-324, 1e-310, 1e-46, -1e-46, 0.0, 1e300, -1e300, np.inf]
)
def test_activations_too_small_or_too_large_for_float32_are_binned_where_numpy_raises(value):
    x = np.arange(4)
    data, bins = np.array([[value], [0.5], [-0.5], [value]]), [-1.0, 0.0, 1.0]
    arguments = parameters(x[:, None] % 2, x[:, None], bins)
    expected = point(data, **arguments)
    with np.errstate(all="raise"):
        assert point(data, **arguments) == expected
    # float64 beside edges that float32 holds; below is as above
    symbols = np.digitize(data[:, 0], bins) % 3
    assert expected[0] == pytest.approx(fastmi.entropy(symbols), abs=1e-12)
