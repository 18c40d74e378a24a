"""Closed forms, held against the sums over their own tables."""

import math

import numpy as np
import pytest

from benchmarks.laws import LAWS


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_the_closed_form_is_the_sum_over_the_table(law):
    joint = law.joint.tolist()
    assert math.fsum(map(math.fsum, joint)) == pytest.approx(1, abs=1e-15)
    p_t = [math.fsum(row) for row in joint]
    p_y = [math.fsum(column) for column in zip(*joint, strict=True)]
    cells = [(p, p_t[t] * p_y[y]) for t, row in enumerate(joint) for y, p in enumerate(row) if p]
    information = math.fsum(p * math.log2(p / apart) for p, apart in cells)
    assert law.information == pytest.approx(information, abs=1e-12)
    assert law.entropy == pytest.approx(-math.fsum(p * math.log2(p) for p, _ in cells), abs=1e-12)
    assert law.n_pairs == len(cells)


def test_they_are_different_laws_with_names_and_a_repr():
    assert len({law.name for law in LAWS}) == len(LAWS) == 8
    assert repr(LAWS[0]) == "Law binary symmetric channel: 2 x 2 symbols"
    assert np.isclose(LAWS[0].information, 0.5310044064107188)
