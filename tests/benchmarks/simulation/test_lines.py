"""The lines: what a simulation has to hold is among them."""

import pytest

from benchmarks.simulation.lines import ALTERNATIVE, EIGHT, INDEPENDENT, LINES
from benchmarks.simulation.quantised import Quantised


@pytest.mark.parametrize("lines", [LINES, INDEPENDENT])
def test_names_differ_and_seeds_with_them(lines):
    assert len({line.name for line in lines}) == len(lines)
    assert all(len(set(line.sizes)) == len(line.sizes) for line in lines)


def test_twenty_laws_and_sizes_and_all_kinds():
    assert sum(len(line.sizes) for line in LINES if line.known) >= 20
    assert sum(isinstance(line.law, Quantised) for line in LINES) == 3
    assert any(line.law.n_classes > min(line.sizes) for line in LINES)  # some do not occur
    assert any(not line.known for line in LINES)
    assert any(line.law.information == 0 for line in LINES)
    assert all(line.law.information == 0 for line in INDEPENDENT)


def test_eight_codes_and_two_classes():
    assert EIGHT.p.shape == ALTERNATIVE.p.shape == (8, 2)
    assert EIGHT.information > ALTERNATIVE.information > 0.02
