"""Coverage by Chao and Jost, against its definition in fractions."""

import numpy as np
import pytest

from fastmi import belief
from fastmi.counting import tally
from tests.fastmi.belief import definitions
from tests.fastmi.belief.samples import tally_of


@pytest.mark.parametrize(
    ("counts", "published"),
    [
        ([5, 3, 2, 1, 1], 1 - 2 / 12 * 22 / 24),
        ([1] * 10, 1 - 81 / 83),
        ([10], 1),
        ([4, 4, 4, 4], 1),
        ([3], 1),
        ([9, 1], 1),  # one alone and none twice: nothing more is expected
        ([2, 1], 1 - 1 / 3 * 2 / 4),
        ([1, 1], 1 - 1 / 3),
    ],
)
def test_coverage_worked_out_by_hand(counts, published):
    assert belief.chao_jost(tally_of(counts)).tolist() == pytest.approx([published], abs=1e-15)
    assert float(definitions.chao_jost(counts)) == pytest.approx(published, abs=1e-15)


def test_coverage_is_its_definition(rng):
    for n in rng.integers(2, 80, 60).tolist():
        codes = rng.integers(0, [[2], [20], [200]], (3, n))
        counts = [np.unique(row, return_counts=True)[1].tolist() for row in codes]
        exact = [float(definitions.chao_jost(row)) for row in counts]
        assert belief.chao_jost(tally(codes)).tolist() == pytest.approx(exact, abs=1e-15)


def test_one_sample_says_nothing_of_the_next():
    assert np.isnan(belief.chao_jost(tally_of([1], [1]))).tolist() == [True, True]
