"""Codes of rows: the nearest centre, bins of components, parts of units, against the definition."""

import numpy as np
import pytest
import torch

from fastmi.measures.codebooks import KINDS, Codebook, codebook, tamed


@pytest.fixture
def rows(rng):
    """Four clouds of rows far from the origin, of 6 units."""
    centres = 30 * rng.normal(size=(4, 6)) + 100
    return (centres[rng.integers(0, 4, 300)] + rng.normal(size=(300, 6))).astype(np.float32)


def brute_force(rows, centres):
    distances = ((rows[:, None].astype(float) - centres[None]) ** 2).sum(-1)
    return distances.argmin(-1)


def partition(codes):
    """Which rows have one code: names of codes aside."""
    return sorted(np.flatnonzero(codes == code).tolist() for code in np.unique(codes))


def test_k_means_gives_the_nearest_of_the_means_of_its_codes(rows):
    book = codebook(rows, 4, "kmeans", 0)
    codes = book.encode(rows)
    means = np.stack([rows[codes == code].mean(0) for code in range(4)])
    assert np.array_equal(codes, brute_force(rows, means))
    assert (book.n_codes, codes.dtype) == (4, np.int64)
    assert repr(book) == "Codebook of 4 codes, 6 units"


def test_a_part_is_coded_by_its_units_alone(rows):
    book = codebook(rows, 16, "product", 0)
    assert book.sizes == (4, 4)
    codes = book.encode(rows)
    halves = [codebook(np.ascontiguousarray(t), 4, "kmeans", 0) for t in np.split(rows, 2, axis=1)]
    symbols = [half.encode(t) for half, t in zip(halves, np.split(rows, 2, axis=1), strict=True)]
    assert np.array_equal(codes, symbols[0] + 4 * symbols[1])


def test_a_grid_cuts_components_at_their_quantiles(rng):
    rows = (rng.normal(size=(600, 3)) * [9, 3, 1]).astype(np.float32)
    book = codebook(rows, 9, "pca", 0)
    assert book.sizes == (3, 3)
    centred = rows.astype(float) - rows.mean(0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    bins = []
    for direction in directions[:2]:
        along = rows.astype(float) @ direction
        bins.append(np.searchsorted(np.quantile(along, [1 / 3, 2 / 3]), along))
    assert partition(book.encode(rows)) == partition(bins[0] + 3 * bins[1])
    assert np.bincount(bins[0]).tolist() == [200, 200, 200]


@pytest.mark.parametrize("by", KINDS)
@pytest.mark.parametrize("k", [1, 2, 3, 5, 20, 100])
def test_there_are_at_most_k_codes_and_every_row_has_one(rows, by, k):
    book = codebook(rows, k, by, 0)
    codes = book.encode(rows)
    assert book.n_codes <= k
    assert 0 <= codes.min() <= codes.max() < book.n_codes
    assert len(book.bias) == sum(book.sizes) == book.weights.shape[1]
    if k == 1:
        assert not codes.any()


@pytest.mark.parametrize("by", KINDS)
def test_the_same_rows_in_any_order_give_the_same_codes(rows, by, rng):
    for k in (5, 16):
        one, other = codebook(rows, k, by, 3), codebook(rng.permutation(rows), k, by, 3)
        assert np.array_equal(one.weights, other.weights)
        assert np.array_equal(one.bias, other.bias)


@pytest.mark.parametrize("by", KINDS)
def test_a_constant_layer_has_one_code(by):
    book = codebook(np.full((9, 5), 0.3, np.float32), 8, by, 0)
    assert book.n_codes == 1
    assert book.encode(np.full((2, 3, 5), 7, np.float32)).tolist() == [[0, 0, 0]] * 2


def test_rows_that_are_few_have_a_code_each():
    rows = np.float32([[0, 1], [0, 1], [2, 0], [-0.0, 1], [5, 5]])
    codes = codebook(tamed(rows, "layer"), 3, "kmeans", 0).encode(rows)
    assert partition(codes) == [[0, 1, 3], [2], [4]]
    for by in ("pca", "product"):
        assert codebook(rows[:2], 81, by, 0).n_codes == 1
        codebook(rows[[0, 2]], 81, by, 0).encode(rows)


@pytest.mark.parametrize("by", KINDS)
def test_a_tensor_has_the_codes_of_its_array_and_stays_where_it_is(rows, by):
    book = codebook(rows, 9, by, 0)
    codes = book.encode(torch.from_numpy(rows).reshape(2, 150, 6))
    assert isinstance(codes, torch.Tensor)
    assert np.array_equal(codes.numpy().reshape(-1), book.encode(rows))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(book.encode(torch.from_numpy(rows)), codes.reshape(-1))


def test_many_rows_are_coded_some_at_a_time(rows, monkeypatch):
    book = codebook(rows, 7, "kmeans", 0)
    whole = book.encode(rows)
    monkeypatch.setattr("fastmi.measures.codebooks.SCORES", 7 * 11)
    assert np.array_equal(book.encode(rows), whole)


def test_infinities_count_as_the_furthest_values_and_nan_is_refused(rows):
    book = codebook(rows, 4, "kmeans", 0)
    wild = rows[:4].copy()
    wild[0, 0], wild[1, 2], wild[2, 3] = np.inf, -np.inf, 3e38
    tame = wild.clip(-1e15, 1e15)
    for put in (np.asarray, torch.from_numpy):
        assert np.array_equal(book.encode(put(wild)), book.encode(put(tame)))
        with pytest.raises(ValueError, match="here holds 6 NaN, which is near no code"):
            book.encode(put(rows[:1] * np.float32("nan")), "here")
    for by in KINDS:
        codebook(tamed(wild, "layer"), 3, by, 0).encode(wild)


def test_scores_are_linear_and_codes_are_mixed_from_the_parts():
    book = Codebook(np.float32([[1, 0, 0, 2, 0]]), np.float32([0, 1, 0, 0, 3]), (2, 3))
    assert book.encode(np.float32([[0], [2], [-1]])).tolist() == [1 + 2 * 2, 0 + 2 * 1, 1 + 2 * 2]
