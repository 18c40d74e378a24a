"""Heat maps: the order is that of the tree, and what is drawn is the matrix in it."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from fastmi import heatmaps


def near(k=6):
    """Two groups, whose members alternate."""
    i = np.arange(k)
    return np.where((i[:, None] - i) % 2 == 0, 0.8, 0.1)


def test_what_is_near_stands_together():
    clusters = heatmaps.clustered(near(), True)
    halves = clusters.order[:3], clusters.order[3:]
    assert {frozenset(half % 2) for half in map(np.asarray, halves)} == {
        frozenset([0]),
        frozenset([1]),
    }
    assert repr(clusters) == "Clusters of 6"
    looks = heatmaps.clustered(np.array([[1, 0.0], [0, 1], [1, 0]]), False)
    assert looks.order.tolist().index(1) in (0, 2)


def test_one_thing_is_in_order():
    assert heatmaps.clustered(np.ones((1, 1)), True).order.tolist() == [0]


@pytest.mark.parametrize("k", [1, 6, 90])
def test_the_image_is_the_matrix_in_its_order(k):
    matrix = near(k) + np.arange(k) / 1e3 + np.arange(k)[:, None] / 1e3
    clusters = heatmaps.clustered(near(k), True)
    names = [f"column {i} with a name that is too long" for i in range(k)]
    figure = heatmaps.heat_map(matrix, [names, names], (clusters, clusters), "bits", symmetric=True)
    figure.canvas.draw()
    axes = figure.axes[0]
    order = clusters.order
    drawn = np.ma.filled(axes.images[0].get_array().astype(float), np.nan)
    expected = matrix[np.ix_(order, order)]
    np.fill_diagonal(expected, np.nan)
    np.testing.assert_array_equal(drawn, expected)
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    assert labels == ([] if k > 80 else [f"{names[i][:23]}…" for i in order])


def test_what_is_below_zero_has_its_own_colour():
    clusters = heatmaps.clustered(near(), True)
    figure = Figure()
    axes = figure.add_subplot()
    values = near() - 0.3
    drawn = heatmaps.heat_map(
        values, [list("abcdef")] * 2, (clusters, clusters), "", symmetric=True, ax=axes
    )
    assert drawn is figure
    norm = axes.images[0].norm
    assert (norm.vmin, norm(0.0), norm.vmax) == (pytest.approx(-0.2), 0.5, pytest.approx(0.5))


def test_nothing_known_is_drawn_empty():
    clusters = heatmaps.clustered(near(2), True)
    figure = heatmaps.heat_map(
        np.full((2, 2), np.nan), ["ab", "ab"], (clusters, clusters), "", symmetric=True
    )
    figure.canvas.draw()
