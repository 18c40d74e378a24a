"""The seam: which twin works on what, and that the twins are twins."""

import inspect

import numpy as np
import pytest
import torch

import fastmi
from fastmi import backends
from fastmi.backends import Cut, numba_twin, torch_twin, triton_twin
from tests.fastmi.backends.seam import EDGES, ENDS, WEIGHTS, module_of


def numpy_of(array):
    return array.cpu().numpy() if isinstance(array, torch.Tensor) else array


# --- dispatch -------------------------------------------------------------------------------------


def test_the_container_chooses_the_twin():
    assert backends.twin_for(np.zeros(1)) is numba_twin
    # past the checks, a tensor is a CUDA tensor; on the CPU there are no kernels
    assert backends.twin_for(torch.zeros(1)) is torch_twin


def test_use_backend_forces_a_twin_inside_its_block_only():
    with fastmi.use_backend("torch"):
        assert backends.twin_for(np.zeros(1)) is torch_twin
        with fastmi.use_backend("numba"):
            assert backends.twin_for(np.zeros(1)) is numba_twin
        assert backends.twin_for(np.zeros(1)) is torch_twin
    assert backends.twin_for(np.zeros(1)) is numba_twin


def test_an_error_inside_the_block_ends_the_force():
    with pytest.raises(KeyError), fastmi.use_backend("torch"):
        raise KeyError
    assert backends.twin_for(np.zeros(1)) is numba_twin


@pytest.mark.parametrize("name", ["cuda", "", None, 3])
def test_an_unknown_backend_is_refused_with_the_known_ones(name):
    with (
        pytest.raises(ValueError, match=f"one of 'numba', 'torch', 'triton', not {name!r}"),
        fastmi.use_backend(name),
    ):
        pass


# --- the contract ---------------------------------------------------------------------------------


def test_both_twins_have_the_functions_of_the_protocol():
    verbs = {
        name
        for name, member in vars(backends.Twin).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }
    assert verbs == {
        "receive",
        "beside",
        "encode_layers",
        "count_units",
        "extent",
        "identify",
        "tally",
        "distinct",
        "permutation_sums",
        "tally_pairs",
    }
    assert verbs == set(numba_twin.__all__)
    # what one device twin asks of the other, and what says whether it runs
    assert verbs < set(torch_twin.__all__)
    assert verbs < set(triton_twin.__all__)


def test_receiving_copies_nothing(twin):
    array = twin.put(np.arange(6).reshape(2, 3))
    received = module_of(twin).receive(array)
    numpy_of(array)[0, 0] = 99
    assert int(received[0, 0]) == (99 if twin.device.type == "cpu" else 0)
    shared = np.arange(6)
    assert np.shares_memory(numpy_of(backends.twin_for(shared).receive(shared)), shared)


@pytest.mark.parametrize("edges", [EDGES, np.array([-1, 0.5, 1], np.float32)])  # uniform, and not
def test_the_census_counts_what_lies_outside(twin, edges):
    inside = np.float32([[0, -1], [0.75, 0.6], [-0.5, 0]])
    outside = np.float32([[-2, 1], [np.inf, 0], [-np.inf, -1.5]])
    layers = [twin.put(layer) for layer in (inside, outside)]
    codes, census, _ = module_of(twin).encode_layers(layers, [Cut(edges, ENDS)] * 2, [WEIGHTS] * 2)
    assert census == [(0, 0), (0, 5)]
    assert numpy_of(codes).tolist() == [
        [(np.digitize(row, edges) @ WEIGHTS).item() for row in t] for t in (inside, outside)
    ]


@pytest.mark.parametrize("edges", [EDGES, np.array([-1, 0.5, 1], np.float32)])
def test_the_census_counts_nan(twin, edges):
    layer = twin.put(np.float32([[0, np.nan], [np.nan, np.nan]]))
    _, [census], _ = module_of(twin).encode_layers([layer], [Cut(edges, ENDS)], [WEIGHTS])
    assert census.nan == 3


@pytest.mark.parametrize("edges", [EDGES, np.array([-1, 0.5, 1], np.float32)])
@pytest.mark.parametrize("d", [1, 3, 40])
def test_what_lies_outside_is_counted_by_row_where_it_is_asked_for(twin, rng, edges, d):
    layers = [rng.normal(0, 0.8, (3000, d)).astype(np.float32) for _ in range(2)]
    layers[1][7] = [np.nan, -np.inf, 1][d % 3]
    weights = [rng.integers(0, 9, d)] * 2
    cuts = [Cut(edges, ENDS)] * 2
    given = [twin.put(layer) for layer in layers]
    codes, census, outside = module_of(twin).encode_layers(given, cuts, weights, by_row=True)
    expected = [(~((t >= edges[0]) & (t < edges[-1]))).sum(axis=1) for t in layers]
    np.testing.assert_array_equal(numpy_of(outside), expected)
    assert numpy_of(outside).dtype == np.int32
    assert [each.outside for each in census] == [rows.sum() for rows in expected]
    without = module_of(twin).encode_layers(given, cuts, weights)
    assert without.outside is None
    np.testing.assert_array_equal(numpy_of(without.codes), numpy_of(codes))


def test_layers_of_several_widths_are_encoded_together(twin, rng):
    layers = [rng.uniform(-2, 2, (9, d)).astype(np.float32) for d in (1, 5, 31)]
    weights = [rng.integers(-(2**63), 2**63 - 1, d) for d in (1, 5, 31)]
    given = [twin.put(layer) for layer in layers]
    codes, *_ = module_of(twin).encode_layers(given, [Cut(EDGES, ENDS)] * 3, weights)
    for found, layer, weight in zip(numpy_of(codes), layers, weights, strict=True):
        # NumPy wraps modulo 2^64, as asked
        np.testing.assert_array_equal(found, np.digitize(layer, EDGES) @ weight)


@pytest.mark.parametrize("edges", [EDGES, np.array([-1, 0.5, 1], np.float32)])
@pytest.mark.parametrize("ends", [(0, 3), (1, 2), (3, 3)])
@pytest.mark.parametrize(("m", "d"), [(1, 1), (50, 3), (9, 3000), (9000, 40)])
def test_units_are_counted_beside_labels(twin, rng, edges, ends, m, d):
    layer, labels = rng.normal(0, 0.8, (m, d)).astype(np.float32), rng.integers(0, 4, m)
    expected = np.zeros((4, d, 4), np.int64)
    symbols = np.array([ends[0], 1, 2, ends[1]])[np.digitize(layer, edges)]
    np.add.at(expected, (labels[:, None], np.arange(d), symbols), 1)
    cut = Cut(edges, ends)
    with fastmi.use_threads(2):
        cells, census = module_of(twin).count_units(twin.put(layer), cut, labels, 4)
    assert cells.dtype == np.int64
    np.testing.assert_array_equal(cells, expected)
    assert census == (0, np.count_nonzero((layer < edges[0]) | (layer >= edges[-1])))


@pytest.mark.parametrize("edges", [EDGES, np.array([-1, 0.5, 1], np.float32)])
def test_what_units_leave_out_is_counted(twin, edges):
    layer = twin.put(np.float32([[0, np.nan], [np.nan, 7]]))
    _, census = module_of(twin).count_units(layer, Cut(edges, ENDS), np.array([0, 1]), 2)
    assert census == (2, 3)


@pytest.mark.parametrize("shape", [(1,), (7,), (400,), (30, 5)])
def test_the_extent_is_the_lowest_and_the_highest(twin, rng, shape):
    codes = rng.integers(-(2**63), 2**63, shape)
    codes.flat[0] = -(2**63)  # the first is one like any other
    assert module_of(twin).extent(twin.put(codes)) == (codes.min(), codes.max())
    assert module_of(twin).extent(twin.put(codes[::-1])) == (codes.min(), codes.max())


def test_identify_numbers_codes_densely(twin, rng):
    codes = rng.integers(-(2**62), 2**62, 50)[rng.integers(0, 50, 400)]
    ids, n_symbols = module_of(twin).identify(twin.put(codes))
    pairs = set(zip(codes.tolist(), numpy_of(ids).tolist(), strict=True))
    assert len(pairs) == n_symbols == len(set(codes.tolist()))
    assert {symbol for _, symbol in pairs} == set(range(n_symbols))


# few: a table of all pairs; many: only those that occur
@pytest.mark.parametrize("n_labels", [1, 2, 7, 400, 10**6])
def test_occurrences_are_sorted_and_complete(twin, rng, n_labels):
    codes, labels = rng.integers(0, 30, (6, 50)), rng.integers(0, n_labels, (1, 50))
    segment, times, symbols = module_of(twin).tally(twin.put(codes), labels, (n_labels,))
    keys = list(zip(segment.tolist(), times.tolist(), strict=True))
    assert keys == sorted(set(keys))
    assert (times > 0).all()
    assert (symbols > 0).all()
    assert np.bincount(segment, times * symbols).tolist() == [50] * 12  # six of codes, six of pairs


def test_the_codes_of_a_tally_are_not_written_to(twin, rng):
    codes = rng.integers(0, 9, (3, 20))
    given = twin.put(codes)
    module_of(twin).tally(given, codes[:1], (9,))
    np.testing.assert_array_equal(numpy_of(given), codes)
