"""Sums of Gaussians over all pairs, against the definition: float64, and float32 nearly so."""

import math

import numpy as np
import pytest

import fastmi
from fastmi.backends import numba_gaussians
from fastmi.backends.numba_gaussians import TILE_SAMPLES, gaussian_sums


def by_definition(t, ids):
    """Lists: of each i the sums over all j, and over those of its class, of both Gaussians."""
    rows = []
    for one, label in zip(t, ids, strict=True):
        squares = [(math.dist(one, other) ** 2, of) for other, of in zip(t, ids, strict=True)]
        same = [square for square, of in squares if of == label]
        everything = [square for square, _ in squares]
        rows.append(
            [
                math.fsum(math.exp(-square / width) for square in chosen)
                for chosen in (everything, same)
                for width in (8, 2)
            ]
        )
    return np.transpose(rows)


@pytest.mark.parametrize(("dtype", "far"), [(np.float64, 1e-12), (np.float32, 2e-6)])
@pytest.mark.parametrize(("n", "d", "n_classes"), [(1, 1, 1), (7, 3, 2), (40, 4, 40), (60, 9, 3)])
def test_the_sums_are_those_of_the_definition(rng, dtype, far, n, d, n_classes):
    t, ids = rng.normal(size=(n, d)).astype(dtype), rng.integers(0, n_classes, n)
    sums = gaussian_sums(t, ids, n_classes)
    expected = by_definition(t.astype(float).tolist(), ids.tolist())
    assert sums.shape == (4, n)
    np.testing.assert_allclose(sums, expected, rtol=far)


def test_two_samples_by_hand():
    sums = gaussian_sums(np.array([[0.0], [2.0]]), np.array([0, 1]), 2)
    wide, narrow = 1 + math.exp(-0.5), 1 + math.exp(-2)
    np.testing.assert_allclose(sums, [[wide] * 2, [narrow] * 2, [1, 1], [1, 1]], rtol=1e-15)


def test_samples_that_are_far_away_have_themselves_alone():
    t = 1e4 * np.arange(5, dtype=np.float32)[:, None]
    np.testing.assert_allclose(gaussian_sums(t, np.zeros(5, int), 1), np.ones((4, 5)), rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_more_samples_than_a_tile_holds_leave_no_seam(rng, dtype):
    t = np.zeros((2 * TILE_SAMPLES + 3, 2), dtype)
    ids = np.arange(len(t)) % 2
    sums = gaussian_sums(t, ids, 2)
    sizes = np.bincount(ids)[ids]
    np.testing.assert_allclose(sums, [[len(t)] * len(t)] * 2 + [sizes] * 2, rtol=1e-6)


def test_threads_leave_no_trace(rng):
    t, ids = rng.normal(size=(90, 3)), rng.integers(0, 3, 90)
    alone = gaussian_sums(t, ids, 3)
    with fastmi.use_threads(3):
        np.testing.assert_array_equal(gaussian_sums(t, ids, 3), alone)


def test_exponentials_are_those_of_float64(rng):
    squares = rng.uniform(0, 600, 300).astype(np.float32)
    expected = np.exp(-squares.astype(float) / 8)
    scale = np.float32(-numba_gaussians.LOG2_E / 8)
    numba_gaussians.exponentials(squares, scale, squares.size)
    np.testing.assert_allclose(squares, expected, rtol=2e-5)
