"""activations -> codes, bit for bit, against np.digitize, Python integers and the naive oracle."""

import itertools
import tracemalloc
import warnings

import numpy as np
import pytest
import torch

import fastmi
from fastmi import CollisionWarning, Edges, UniformBins, coding, encode
from fastmi.coding import scheme
from tests import naive
from tests.fastmi.edge_sets import (
    F32,
    MASK,
    any_float32,
    edge_sets,
    python_codes,
    signed,
    splitmix64,
)

# --- the symbol of a value ------------------------------------------------------------------------


def special_values(edges):
    """Each edge and one ulp to either side, and the values that float code gets wrong."""
    with np.errstate(over="ignore"):
        beside = [np.nextafter(edges, np.float32(side)) for side in (-np.inf, np.inf)]
    known = [
        0.0,
        -0.0,
        1,
        -1,
        np.inf,
        -np.inf,
        F32.max,
        F32.min,
        F32.tiny,
        -F32.tiny,
        1e-45,
        -1e-45,
    ]
    return np.concatenate([edges, *beside, np.array(known, np.float32)])


def ordinary_values(rng, edges, n):
    """Half around the edges, half anywhere in float32."""
    low, span = float(edges[0]), float(edges[-1]) - float(edges[0])
    with np.errstate(over="ignore"):
        near = (low + span * rng.uniform(-0.3, 1.3, n // 2)).astype(np.float32)
    return np.concatenate([near, any_float32(rng, n - n // 2)])


def test_a_symbol_is_np_digitize_on_ten_million_values_and_on_every_edge(twin):
    rng = np.random.default_rng(2)
    n_values = n_sets = 0
    for given in edge_sets():
        binning = Edges(given)
        edges = binning.edges
        values = np.concatenate([special_values(edges), ordinary_values(rng, edges, 50_000)])
        # one unit: its code is its symbol
        found = fastmi.encode(twin.put(values[:, None]), binning)
        np.testing.assert_array_equal(found, np.digitize(values, edges), err_msg=f"{edges!r}")
        n_sets, n_values = n_sets + 1, n_values + values.size
    assert n_sets == 200
    assert n_values > 1e7


def test_the_special_values_are_told_apart_as_the_oracle_says(twin):
    for given in ([-1, 0, 1], [0, 1e-45], np.linspace(-1, 1, 30)):
        values = special_values(Edges(given).edges)
        expected = [naive.symbol(value, list(given)) for value in values.tolist()]
        assert fastmi.encode(twin.put(values[:, None]), Edges(given)).tolist() == expected


def test_saturated_tanh_lies_at_the_last_edge_and_beside_the_last_bin(twin):
    code = fastmi.encode(
        twin.put(np.float32([[1.0], [np.nextafter(np.float32(1), np.float32(0))]])),
        Edges(np.linspace(-1, 1, 50)),
    )
    assert code.tolist() == [50, 49]


# --- out of range ---------------------------------------------------------------------------------


OUTSIDE = np.float32([[-np.inf], [-1.1], [-1], [-0.2], [0], [0.7], [1], [1.5], [np.inf]])


# uniform, not uniform, a single bin
@pytest.mark.parametrize("edges", [[-1, 0, 1], [-1, -0.25, 1], [-1, 1]])
@pytest.mark.parametrize("out_of_range", ["separate", "clip", "wrap"])
def test_out_of_range_is_what_the_definition_says(twin, out_of_range, edges):
    expected = python_codes(OUTSIDE.tolist(), edges, out_of_range)
    assert fastmi.encode(twin.put(OUTSIDE), Edges(edges, out_of_range)).tolist() == expected


# the last edge itself is outside: bins are open there
@pytest.mark.parametrize("value", [-np.inf, -1.5, 1.0, np.inf])
def test_under_raise_what_lies_outside_is_an_error(twin, value):
    activations = twin.put(np.float32([[0.5], [value]]))
    with pytest.raises(
        ValueError,
        match=r"activations holds 1 activations outside 2 bins on \[-1, 1\).*widen the edges",
    ):
        fastmi.encode(activations, Edges([-1, 0, 1], "raise"))


def test_under_raise_what_lies_inside_keeps_its_symbol(twin):
    assert fastmi.encode(
        twin.put(np.float32([[-1], [0.5]])), Edges([-1, 0, 1], "raise")
    ).tolist() == [1, 2]


@pytest.mark.parametrize("edges", [[-1, 0, 1], [-1, -0.25, 1]])
def test_nan_is_an_error_that_counts_them(twin, edges):
    activations = np.zeros((5, 3), np.float32)
    activations[1, 2] = activations[4, 0] = np.nan
    with pytest.raises(
        ValueError, match=r"activations holds 2 NaN, and a NaN has no bin: .* drop those samples"
    ):
        fastmi.encode(twin.put(activations), Edges(edges))


# --- the code of a row ----------------------------------------------------------------------------


def test_splitmix64_gives_its_published_first_output():
    assert splitmix64(0) == 0xE220A8397B1DCDAF


def test_the_weights_of_a_hash_are_splitmix64():
    weights = coding.scheme(200, 30).weights
    assert [int(w) & MASK for w in weights] == [splitmix64(d) for d in range(200)]


@pytest.mark.parametrize(
    ("n_edges", "n_units", "packed"),
    [
        (2, 1, True),
        (3, 31, True),  # 62 bits
        (3, 32, False),  # 64
        (4, 21, True),  # 63: the sign bit stays free
        (4, 22, False),
        (7, 21, True),  # 7 edges are 8 symbols: 3 bits still
        (8, 16, False),  # 9 symbols: 4 bits, 64
        (8, 15, True),
        (30, 12, True),  # 60
        (30, 13, False),
        (100, 9, True),  # 63
        (100, 10, False),
        (500, 40, False),
        (5, 3000, False),  # wider than a tile of the Numba twin
    ],
)
def test_codes_are_the_sums_that_python_integers_give(twin, rng, n_edges, n_units, packed):
    edges = np.linspace(-1, 1, n_edges)
    n = 40 if n_units < 1000 else 3
    rows = rng.uniform(-1.3, 1.3, (n, n_units)).astype(np.float32)
    rows[0], rows[1] = 2, -2  # the highest and the lowest code
    assert coding.scheme(n_units, n_edges).packed is packed
    assert fastmi.encode(twin.put(rows), Edges(edges)).tolist() == python_codes(
        rows.tolist(), edges.tolist()
    )


def test_equal_codes_are_equal_rows_of_bins(twin, rng):
    for n_units in (3, 25):  # packed and hashed
        rows = rng.choice(np.float32([-0.5, 0.5]), (400, n_units))
        rows[200:] = rows[:200]
        codes = fastmi.encode(twin.put(rows), Edges([-1, -0.9, 0, 0.9, 1]))
        assert len(set(codes.tolist())) == len(set(map(tuple, rows.tolist())))
        np.testing.assert_array_equal(codes[:200], codes[200:])


def test_leading_axes_are_kept(twin, rng):
    activations = rng.uniform(-1, 1, (2, 3, 4, 7, 2)).astype(np.float32)
    codes = fastmi.encode(twin.put(activations), Edges([-1, 0, 1]))
    assert codes.shape == (2, 3, 4, 7)
    for at in itertools.product(range(2), range(3), range(4)):
        assert codes[at].tolist() == python_codes(activations[at].tolist(), [-1, 0, 1])


def test_codes_are_a_numpy_int64_array(twin):
    codes = fastmi.encode(twin.put(np.zeros((3, 2))), Edges([-1, 0, 1]))
    assert isinstance(codes, np.ndarray)
    assert codes.dtype == np.int64


# --- collisions of the hash -----------------------------------------------------------------------


def test_packed_codes_never_collide():
    assert coding.scheme(12, 30).expected_collisions(10**9) == 0


@pytest.mark.parametrize("n_edges", [2, 3, 4, 30, 31, 32, 511, 512])
def test_two_rows_meet_as_seldom_as_the_design_says(n_edges):
    floor_log2 = n_edges.bit_length() - 1
    assert coding.scheme(64, n_edges).expected_collisions(2) == 2.0 ** -(64 - floor_log2)


# 2^19 edges, 20 bits: a pair meets with probability 2^-45 at most
WIDE = UniformBins(2**19 - 1, range=(0, 1))


def test_more_than_a_thousandth_of_a_collision_warns(twin):
    rows = np.zeros((270_000, 4), np.float32)  # n (n - 1) / 2 * 2^-45 = 1.04e-3
    with pytest.warns(
        CollisionWarning,
        match=r"among 270000 distinct ones 0.001 colliding pairs are expected: use fewer bins",
    ):
        fastmi.encode(twin.put(rows), WIDE)


def test_a_mixture_counts_the_rows_of_all_copies_together():
    rows = np.zeros((3, 100_000, 4), np.float32)
    plane = fastmi.PlaneEstimator(np.arange(100_000), np.zeros(100_000, int), WIDE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plane.estimate(rows)
    with pytest.warns(CollisionWarning, match=r"among 300000 distinct ones 0.0013"):
        plane.mixture(rows)


def test_the_warning_points_to_the_caller():
    rows = np.zeros((270_000, 4), np.float32)
    plane = fastmi.PlaneEstimator(np.arange(270_000), np.zeros(270_000, int), WIDE)
    for call in (
        lambda: fastmi.encode(rows, WIDE),
        lambda: plane.estimate(rows),
        lambda: plane.readings(rows[None]),
    ):
        with pytest.warns(CollisionWarning) as caught:
            call()
        assert caught[0].filename == __file__


def test_less_than_a_thousandth_of_a_collision_does_not(twin):
    rows = np.zeros((260_000, 4), np.float32)  # 0.96e-3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert set(fastmi.encode(twin.put(rows), WIDE).tolist()) == {
            signed(sum(map(splitmix64, range(4))))
        }


def test_a_packed_code_of_any_length_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fastmi.encode(np.zeros((270_000, 3), np.float32), WIDE)  # 60 bits


# --- what the activations come in -----------------------------------------------------------------


def test_float64_is_rounded_to_float32_before_it_meets_the_edges(twin):
    edges = np.linspace(-1, 1, 30)
    just_below = edges.copy() - 1e-12  # below the edge in float64, on it in float32
    expected = np.digitize(just_below.astype(np.float32), edges.astype(np.float32))
    assert (expected != np.digitize(just_below, edges)).any()  # the case does tell the two apart
    np.testing.assert_array_equal(
        fastmi.encode(twin.put(just_below[:, None]), Edges(edges)), expected
    )


def test_what_overflows_float32_is_beyond_the_edges(twin):
    assert fastmi.encode(twin.put(np.array([[-1e300], [1e300]])), Edges([-1, 1])).tolist() == [0, 2]


@pytest.mark.parametrize(
    "dtype", [np.float16, np.float32, np.float64, np.int8, np.int32, np.int64, np.uint8, np.bool_]
)
def test_every_real_dtype_is_the_number_it_holds(twin, rng, dtype):
    values = rng.integers(0, 2, (20, 3)) if dtype is np.bool_ else 3 * rng.random((20, 3))
    values = values.astype(dtype)
    expected = python_codes(values.astype(np.float64).tolist(), [0.0, 0.3, 1, 1.7, 2])
    assert fastmi.encode(twin.put(values), Edges([0, 0.3, 1, 1.7, 2])).tolist() == expected


@pytest.mark.parametrize("dtype", ["<f4", ">f4", ">f8"])
def test_either_byte_order_is_read(rng, dtype):
    values = rng.normal(size=(20, 3)).astype(dtype)
    assert fastmi.encode(values, Edges([-1, 0, 1])).tolist() == python_codes(
        values.tolist(), [-1, 0, 1]
    )


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int16, torch.bool]
)
def test_tensors_of_every_real_dtype_are_encoded(twin, dtype):
    values = torch.linspace(-2, 2, 60).reshape(20, 3).to(dtype)
    device = twin.device
    expected = python_codes(values.double().tolist(), [-1, -0.3, 0.4, 1])
    assert fastmi.encode(values.to(device), Edges([-1, -0.3, 0.4, 1])).tolist() == expected


def test_a_tensor_that_requires_grad_is_read_without_touching_its_graph(twin):
    values = torch.zeros(4, 2, requires_grad=True, device=twin.device)
    assert fastmi.encode(values * 2, Edges([-1, 1])).tolist() == [5, 5, 5, 5]
    assert values.requires_grad


VIEWS = {
    "strided": lambda a: np.repeat(np.repeat(a, 2, axis=0), 3, axis=1)[::2, ::3],
    "negative strides": lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
    "Fortran order": np.asfortranarray,
    "transposed": lambda a: a.T.copy().T,
    "one column repeated": lambda a: np.broadcast_to(a[:, :1], a.shape),
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", ["numba", "torch"])
def test_any_memory_layout_gives_the_same_codes(rng, name, view):
    array = VIEWS[view](rng.normal(size=(11, 4)).astype(np.float32))
    with fastmi.use_backend(name):
        assert fastmi.encode(array, Edges([-1, 0, 1])).tolist() == python_codes(
            array.tolist(), [-1, 0, 1]
        )


@pytest.mark.parametrize("name", ["numba", "torch"])
def test_read_only_memory_is_read(rng, name):
    array = rng.normal(size=(11, 4)).astype(np.float32)
    array.flags.writeable = False
    with fastmi.use_backend(name):
        assert fastmi.encode(array, Edges([-1, 0, 1])).tolist() == python_codes(
            array.tolist(), [-1, 0, 1]
        )


def test_a_strided_tensor_gives_the_same_codes(twin, rng):
    array = rng.normal(size=(4, 22)).astype(np.float32)
    tensor = torch.from_numpy(array).to(twin.device).T[::2]
    assert fastmi.encode(tensor, Edges([-1, 0, 1])).tolist() == python_codes(
        array.T[::2].tolist(), [-1, 0, 1]
    )


def test_activations_are_not_written_to(twin, rng):
    array = rng.normal(size=(50, 4)).astype(np.float32)
    given = twin.put(array)
    fastmi.encode(given, Edges([-1, 0, 1], "wrap"))
    np.testing.assert_array_equal(given.cpu() if hasattr(given, "cpu") else given, array)


# --- labels -> ids --------------------------------------------------------------------------------


def ids_of(twin, labels):
    ids, n_symbols = coding.identify_rows(twin.put(labels))
    return np.asarray(ids.cpu() if hasattr(ids, "cpu") else ids), n_symbols


def partition(values):
    """Which samples go together: the same for two labellings exactly if one renames the other."""
    first = {}
    return [first.setdefault(value, len(first)) for value in values]


WIDTHS = {
    "one constant column": lambda rng: np.full((50, 1), 7),
    "narrow": lambda rng: rng.integers(-2, 3, (300, 4)),
    "many columns, packed in several rounds": lambda rng: (
        rng.integers(0, 2, (300, 200)) * (rng.random((300, 1)) < 0.5)
    ),
    "columns that differ in the last only": lambda rng: np.hstack(
        [np.zeros((90, 99), int), rng.integers(0, 5, (90, 1))]
    ),
    "31 bits": lambda rng: rng.choice([0, 2**31 - 1, 5], (200, 5)),
    "32 bits, numbered first": lambda rng: rng.choice([0, 2**32, 5], (200, 5)),
    "all of int64": lambda rng: rng.choice([-(2**63), 2**63 - 1, 0, -1], (200, 3)),
}


@pytest.mark.parametrize("width", WIDTHS)
def test_ids_are_one_for_each_distinct_row(twin, rng, width):
    rows = WIDTHS[width](rng)
    ids, n_symbols = ids_of(twin, rows)
    expected = partition(map(tuple, rows.tolist()))
    assert partition(ids.tolist()) == expected
    assert n_symbols == max(expected) + 1
    assert sorted(set(ids.tolist())) == list(range(n_symbols))


def test_strings_and_their_rows_have_ids(twin):
    ids, n_symbols = ids_of(twin, np.array([["a", "b"], ["a", "c"], ["a", "b"]]))
    assert partition(ids.tolist()) == [0, 1, 0]
    assert n_symbols == 2


def test_a_batch_is_numbered_together_and_keeps_its_shape(twin):
    ids, n_symbols = ids_of(twin, np.array([[[0, 1], [1, 0]], [[1, 0], [1, 1]]]))
    assert ids.shape == (2, 2)
    assert partition(ids.reshape(-1).tolist()) == [0, 1, 1, 2]
    assert n_symbols == 3


def test_the_cached_weights_cannot_be_written_to():
    for n_units in (3, 40):
        assert not coding.scheme(n_units, 50).weights.flags.writeable


# --- what is kept, and what the caller has set ----------------------------------------------------


def test_schemes_of_huge_widths_are_not_kept():
    held = sum(scheme(n_units, 30).weights.nbytes for n_units in range(2**14 - 20, 2**14 + 20))
    tracemalloc.start()
    try:
        for n_units in range(200_000, 200_060):
            scheme(n_units, 30)
        assert tracemalloc.get_traced_memory()[0] < held < 2**23
    finally:
        tracemalloc.stop()
    assert scheme(100, 30) is scheme(100, 30)


TINY_AND_HUGE = [1e-320, 5e-324, 1e-310, 1e-45, 3.5e38, 1e300, np.inf, -np.inf]


@pytest.mark.parametrize("value", TINY_AND_HUGE)
@pytest.mark.parametrize(
    "binning",
    [
        Edges([1e-45, 1]),
        UniformBins(30, range=(-1e-40, 1e-40)),
        UniformBins(3, range=(-3e38, 3e38)),
    ],
)
def test_a_caller_who_raises_at_every_rounding_gets_the_same_codes(twin, value, binning):
    t = np.array([[value, 0.0], [-value, 0.0], [0.0, value]])
    expected = encode(twin.put(t), binning)
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(encode(twin.put(t), binning), expected)
        plane = fastmi.PlaneEstimator(t, [0, 1, 1], binning)
        assert plane.estimate(twin.put(t)).shape == (1, 2)
