"""Runs as panels: side by side, overlaid, seeds with their band."""

import numpy as np

from experiments.drawing import picture
from fastmi import tables

# --- the runner -----------------------------------------------------------------------------------


def test_several_seeds_are_drawn_as_their_mean_with_a_band(seeded, result, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "experiments.drawing.figures.information_plane",
        lambda grid, **options: drawn.append((grid, options)),
    )
    for found in (seeded, result):
        picture(found.run, found.planes)
    (banded, options), (single, _) = drawn
    assert options["rows"] == ["training", "held-out"]
    assert [len(row) for row in banded] == [3, 3]  # "mean" stands for "each"
    bits = np.stack([seeded.plane("mixture", "held-out", seed).i_ty[:, 0] for seed in (4, 5, 6)])
    np.testing.assert_array_equal(banded[1][2].i_ty, bits.mean(axis=0))
    np.testing.assert_array_equal(banded[1][2].spread_ty, bits.std(axis=0, ddof=1))
    assert all(panel.spread_xt.shape == (4, 6) for row in banded for panel in row)
    assert all(panel.spread_xt is None for row in single for panel in row)


# --- the words ------------------------------------------------------------------------------------


def test_a_panel_of_seeds_is_that_of_their_planes(seeded):
    panel = tables.panel([seeded.plane("each", "training", seed) for seed in (4, 5, 6)])
    means = np.stack([seeded.plane("mean", "training", seed).i_xt[:, 0] for seed in (4, 5, 6)])
    np.testing.assert_array_equal(panel.i_xt, means.mean(axis=0))
    assert "2 copies, 3 seeds" in panel.caption
