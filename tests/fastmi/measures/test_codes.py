"""Codes of any kind, with X and Y fixed: what a reader adds that only makes them."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from fastmi.belief import charge
from fastmi.measures.base import variables
from fastmi.measures.codes import CodesReader
from tests import naive


class Given(NamedTuple):
    codes: Any
    code_bits: int
    names: list[str]
    outside: Any = None


@pytest.fixture
def given(rng):
    x, y, codes = np.arange(60), rng.integers(0, 3, 60), rng.integers(0, 4, (2, 3, 60))
    return x, y, Given(codes, 2, ["a", "b"])


def test_points_are_those_of_the_codes(given):
    x, y, prepared = given
    points = CodesReader(variables(x, y)).points(prepared)
    assert points.i_ty.shape == (3, 2)
    for copy, layer in np.ndindex(3, 2):
        codes = prepared.codes[layer, copy].tolist()
        assert points.i_ty[copy, layer] == pytest.approx(
            naive.mutual_information(codes, y.tolist()), abs=1e-12
        )
        assert points.i_xt[copy, layer] == pytest.approx(naive.entropy(codes), abs=1e-12)
    assert (points.coding.tolist(), points.outside) == ([[0, 0]] * 3, None)
    assert np.array_equal(points.bits, CodesReader(variables(x, y)).bits(prepared))


class Chosen(CodesReader[Given]):
    def n_candidates(self, prepared):
        return [1, 8]


def test_a_choice_is_charged(given):
    x, y, prepared = given
    free, paid = (kind(variables(x, y)).points(prepared) for kind in (CodesReader, Chosen))
    assert free.charge is None
    assert np.isnan(paid.charge[:, 0]).all()
    assert (free.mean_lower - paid.mean_lower)[:, 1] == pytest.approx(charge(8, 60))


def test_batches_are_laid_end_to_end(given):
    x, y, prepared = given
    reader = CodesReader(variables(x, y))
    pieces = [prepared._replace(codes=prepared.codes[..., part]) for part in np.split(x, [7, 30])]
    assert np.array_equal(reader.joined(pieces).codes, prepared.codes)
