"""The sections that compare samples and copies hold their numbers."""

from experiments.lesson import several


def test_the_gap_is_a_difference_with_its_meaning(material):
    gap = material.training.gap(material.plane)
    text = several.held_out(material)
    for layer, value, meaning in zip(gap.layers, gap.bits[-1], gap.words, strict=True):
        assert f"| {value:+.3f} | {meaning} |" in text
        assert f"| {layer} | " in text


def test_copies_stand_in_three_readings(material):
    text = several.copies(material)
    assert "log2 5 = 2.32 bits" in " ".join(text.split())
    for plane in material.copies.values():
        assert f" {plane.i_xt[-1, 0, -1]:.2f}, {plane.i_ty[-1, 0, -1]:.3f} |" in text
