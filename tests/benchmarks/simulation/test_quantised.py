"""Bins of a number: what there is to tell, and what bins tell of it."""

import math

import numpy as np
import pytest

from benchmarks.simulation.quantised import Quantised, equal_mass, equal_width


def test_information_is_its_integral():
    """By the midpoint rule, in the standard library."""
    bits, step = 0.0, 1e-3
    for i in range(-9000, 9000):
        x = (i + 0.5) * step
        one = 1 / (1 + math.exp(-2 * x))
        h = -sum(p * math.log2(p) for p in (one, 1 - one) if p > 0)
        bits += step * math.exp(-x * x / 2) / math.sqrt(2 * math.pi) * (1 - h)
    assert Quantised(2.0, equal_mass(2)).information == pytest.approx(bits, abs=1e-6)


def test_a_label_that_is_the_sign_is_told_whole_and_by_a_threshold():
    steep = Quantised(1e6, lambda x: equal_mass(2)(np.array([[-1.0], [0.0]], np.float32)))
    assert steep.information == pytest.approx(1, abs=1e-3)
    drawn = steep.draw(np.random.default_rng(0), 3, 500)
    assert drawn.told == pytest.approx([1] * 3, abs=1e-3)
    assert (drawn.t == drawn.y).all()


@pytest.mark.parametrize("fit", [equal_mass(8), equal_width(8)])
def test_bins_are_those_of_the_sample_and_tell_no_more_than_x(fit, rng):
    law = Quantised(2.0, fit)
    drawn = law.draw(rng, 5, 400)
    assert len(set(drawn.told.tolist())) == 5
    assert (drawn.told < law.information).all()
    assert (drawn.told > 0.2).all()
    # the largest value lies at the last edge of equal bins, and has a symbol of its own
    assert {len(np.unique(t)) for t in drawn.t} <= {8, 9}


def test_more_bins_tell_nearly_all(rng):
    drawn = Quantised(2.0, equal_mass(100)).draw(rng, 2, 1000)
    assert drawn.told == pytest.approx([Quantised(2.0, equal_mass(2)).information] * 2, abs=1e-3)
