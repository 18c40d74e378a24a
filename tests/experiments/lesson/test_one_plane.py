"""The sections on one plane hold its numbers."""

import numpy as np
import pytest

from experiments.lesson import one_plane
from experiments.lesson.material import SIZES
from experiments.lesson.planes import read_once


def test_a_citation_has_all_that_belongs_to_it(material):
    plane = material.plane
    cited = one_plane.cited(plane, "output")
    assert cited.startswith(f"output: I(T;Y) = {plane.i_ty[-1, 0, -1]:.3f} bits (chance ")
    for part in ("n = 1,000", "held-out", "30 bins on [-1, 1)"):
        assert part in cited


def test_of_a_bounded_layer_the_lower_end_is_cited(material):
    sample = material.held_out(250)
    spread = np.random.default_rng(0).uniform(0.01, 0.9, 250).astype(np.float32)
    plane = read_once({"told": (spread * (2 * sample.classes - 1))[:, None]}, sample)
    assert one_plane.words(plane, "bounded") == ["told"]
    lower = plane.mean_lower[0, 0, 0]
    assert one_plane.cited(plane, "told").endswith(f", bounded: at least {lower:.3f} in mean)")
    assert "told, bounded, shows more than the 0.100 bits" in one_plane._wrong(plane, 0.1)


def test_sections_show_their_planes(material):
    text = one_plane.point(material)
    assert text.count(f"{material.plane.chance[-1, 0, 0]:.3f}") >= 1
    ceilings = one_plane.ceilings(material)
    for n, plane in material.sizes.items():
        assert f"I(X;T), n = {n:,}" in ceilings
        assert f" {plane.i_xt[-1, 0, 0]:.2f} " in ceilings
    apart = np.abs(material.shuffled.i_ty - material.plane.chance)[-1, 0].max()
    assert f"within {apart:.3f} bits" in " ".join(one_plane.chance(material).split())
    bracket = one_plane.bracket(material)
    for plane in (material.plane, material.sizes[SIZES[-1]]):
        low, high = plane.mean_lower[-1, 0, 0], plane.mean_upper[-1, 0, 0]
        assert f" {low:.3f} to {high:.3f} " in bracket


def test_where_no_layer_shows_too_much_nothing_is_said(material):
    assert one_plane._wrong(material.plane, 10.0) == ""
    assert one_plane._from_to([]) == "no"
    assert one_plane._from_to([0.5, 0.25]) == "0.250 to 0.500"
    assert one_plane._from_to([0.5, 0.5]) == "0.500"


@pytest.mark.parametrize(("names", "verb"), [(["a"], "shows"), (["a", "b"], "show")])
def test_verbs_agree(names, verb):
    assert one_plane._show(names) == verb
