"""What the page shows: one network, read in different ways."""

import numpy as np

from experiments.lesson.material import N_BINS, SIZES, USUAL, WIDTHS


def test_the_same_network_is_read_on_samples_that_hold_each_other(material):
    few, many = (material.held_out(n) for n in (SIZES[0], SIZES[-1]))
    assert len(few.x) == SIZES[0]
    assert np.array_equal(few.x, many.x[: len(few.x)])
    assert [plane.n_samples for plane in material.sizes.values()] == list(SIZES)
    assert material.plane is material.sizes[USUAL]
    assert {plane.sample_kind for plane in material.sizes.values()} == {"held-out"}
    assert material.training.sample_kind == "training"
    assert not set(map(bytes, material.network.data.trained.x)) & set(map(bytes, few.x))


def test_shuffling_labels_changes_them_alone(material):
    ours, theirs = material.plane, material.shuffled
    assert np.array_equal(ours.i_xt, theirs.i_xt)
    assert np.array_equal(ours.chance, theirs.chance)
    assert ours.entropy_y == theirs.entropy_y
    assert not np.array_equal(ours.i_ty, theirs.i_ty)


def test_copies_are_read_in_three_ways(material):
    assert list(material.copies) == ["mean", "sampled", "mixture"]
    assert {plane.n_copies for plane in material.copies.values()} == {5}
    assert material.copies["mixture"].verdict is None


def test_bins_are_tried_on_one_layer(material):
    assert len(material.candidates) == len(material.under_bins) == len(N_BINS)
    assert list(material.under_bins.values()) == sorted(material.under_bins.values())


def test_a_scale_moves_what_fixed_bins_show_and_nothing_else(material):
    fixed, fitted = material.relu.values()
    assert len(set(fixed.i_xt[0, 0])) == 3
    assert len(set(fitted.i_xt[0, 0])) == len(set(fitted.i_ty[0, 0])) == 1


def test_wide_layers_end_in_the_corner(material):
    plane = material.wide[USUAL]
    assert plane.layers == tuple(map(str, WIDTHS))
    assert plane.i_xt[0, 0, -1] == np.log2(USUAL)
    assert plane.i_ty[0, 0, -1] == plane.entropy_y
