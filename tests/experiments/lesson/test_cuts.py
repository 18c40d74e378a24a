"""The sections on bins hold their numbers."""

from experiments.lesson import cuts


def test_the_best_bins_are_marked_as_chosen(material):
    text, best = cuts.bins(material), material.candidates.best
    assert text.count("(chosen)") == 1
    at = list(material.candidates).index(best)
    name = list(material.under_bins)[at]
    assert f"| {name} (chosen) | {best.n_symbols:,} | " in text
    assert f"log2 6 / n = {best.charge:.4f} bits" in " ".join(text.split())


def test_every_scale_is_a_row_under_both_kinds_of_bins(material):
    text = cuts.relu(material)
    for binning, plane in material.relu.items():
        for row, value in zip(plane.layers, plane.i_ty[0, 0], strict=True):
            assert f"| {binning} | {row} | " in text
            assert f" | {value:.3f} | " in text


def test_wide_layers_stand_in_a_table_for_each_n(material):
    text = cuts.wide(material)
    for n, plane in material.wide.items():
        assert f"n = {n:,}:" in text
        assert f"| 100 | {plane.n_symbols[0, 0, -1]:,.0f} | " in text
