"""Readings are asked for by their measures."""

import pytest

from experiments import measures
from experiments.measures import Counted


def test_a_reading_is_asked_for_by_its_measure():
    assert measures.from_fields("reading", {"measure": "counted", "edges": [0, 1, 9]}) == Counted(
        (0.0, 1.0, 9)
    )
    with pytest.raises(ValueError, match=r"reading\.measure is None: this version knows counted"):
        measures.from_fields("reading", 3)
    assert [*Counted((1.0, 0.0, 9)).faults()] == [
        "edges are 1.0, 0.0, 9: they are LOW below HIGH, and N from 2 to 16,777,216"
    ]
    assert str(Counted((0.0, 35.0, 501), "separate")) == "501 edges on 0..35, separate"
