"""Bins of equal width are the edges of linspace."""

import numpy as np
import pytest

from fastmi import UniformBins


@pytest.mark.parametrize(
    ("n_bins", "low", "high"),
    [(1, 0, 1), (49, -1, 1), (7, -3.5, 1e3), (3, 1e-40, 3e-40), (2, -3e38, 3e38)],
)
def test_uniform_bins_are_the_edges_of_linspace(n_bins, low, high):
    binning = UniformBins(n_bins, range=(low, high))
    assert binning.n_edges == n_bins + 1
    np.testing.assert_array_equal(
        binning.edges, np.linspace(low, high, n_bins + 1).astype(np.float32)
    )


@pytest.mark.parametrize(
    ("n_bins", "range_", "error", "message"),
    [
        (2.0, (0, 1), TypeError, "n_bins must be an integer, not 2.0"),
        (True, (0, 1), TypeError, "n_bins must be an integer, not True"),
        (0, (0, 1), ValueError, "n_bins must be at least 1, not 0"),
        (-3, (0, 1), ValueError, "n_bins must be at least 1, not -3"),
        (2, 1.0, TypeError, r"range must be a pair \(low, high\), not 1.0"),
        (2, (0, 1, 2), TypeError, r"range must be a pair \(low, high\), not \(0, 1, 2\)"),
        (2, ("low", "high"), TypeError, r"range must be a pair"),
        (2, (1, 0), ValueError, r"range must be finite with low < high, not \(1.0, 0.0\)"),
        (2, (1, 1), ValueError, r"low < high"),
        (2, (0, np.inf), ValueError, r"range must be finite"),
        (2, (np.nan, 1), ValueError, r"range must be finite"),
        (
            2,
            (1, 1 + 1e-9),
            ValueError,
            r"n_bins is 2 on range .*: float32 does not tell their edges apart",
        ),
        (
            2,
            (-1e39, 1e39),
            ValueError,
            r"range must be finite with low < high, not \(-1e\+39, 1e\+39\), and finite as float32",
        ),
        (2, (-1.7e308, 1.7e308), ValueError, r"range must be finite .* and finite as float32"),
    ],
)
def test_impossible_uniform_bins_are_refused(n_bins, range_, error, message):
    with pytest.raises(error, match=message):
        UniformBins(n_bins, range=range_)


def test_numpy_integers_count_bins():
    assert UniformBins(np.int16(3), range=(0, 1)).n_bins == 3  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("range_", "error"),
    [
        ("01", TypeError),
        (b"01", TypeError),
        ({5, 1}, TypeError),
        ({1: 0, 5: 0}, TypeError),
        (frozenset({0, 1}), TypeError),
    ],
)
def test_a_range_is_an_ordered_pair_of_numbers(range_, error):
    with pytest.raises(error, match=r"range must be a pair \(low, high\), not"):
        UniformBins(3, range=range_)
