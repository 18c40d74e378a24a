"""Laws: their information by its definition, and samples that are drawn from them."""

import math

import numpy as np
import pytest

from benchmarks.simulation.laws import Joint, apart, golden, told_by, two_classes, zipf


def test_information_that_is_known():
    flipped = two_classes((0.5, 0.5), np.array([0.11, 0.89]))
    expected = 1 + 0.11 * math.log2(0.11) + 0.89 * math.log2(0.89)
    assert flipped.information == pytest.approx(expected, abs=1e-14)
    assert told_by(np.ones(8), 1, np.ones(4)).information == pytest.approx(2, abs=1e-14)
    assert apart(zipf(9), (0.7, 0.2, 0.1)).information == 0
    assert told_by(np.ones(4), 0, np.ones(2)).information == 0


@pytest.mark.parametrize("law", [apart(zipf(9), (3, 2, 1)), told_by(zipf(5, 2), 0.3, np.ones(3))])
def test_every_law_adds_up(law):
    assert law.p.sum() == pytest.approx(1, abs=1e-14)
    assert (law.p >= 0).all()
    assert repr(law) == f"Joint of {len(law.p)} codes and 3 classes"


def test_cells_are_drawn_as_often_as_they_are_likely(rng):
    law = Joint(np.array([[0.5, 0.0], [0.2, 0.3]]))
    drawn = law.draw(rng, 40, 1000)
    assert (drawn.t.shape, drawn.y.shape, drawn.told.shape) == ((40, 1000), (40, 1000), (40,))
    assert set(drawn.told.tolist()) == {law.information}
    shares = np.bincount((2 * drawn.t + drawn.y).reshape(-1), minlength=4) / 40_000
    assert shares == pytest.approx([0.5, 0, 0.2, 0.3], abs=0.01)
    assert shares[1] == 0


def test_numbers_are_spread_between_their_limits():
    values = golden(200, 0.1, 0.9)
    assert values[0] == 0.1
    assert 0.1 <= values.min() < values.max() < 0.9
    assert len(set(values.tolist())) == 200
    assert zipf(3, 1).tolist() == pytest.approx([6 / 11, 3 / 11, 2 / 11])
