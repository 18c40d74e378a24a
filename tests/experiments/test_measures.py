"""Readings are asked for by their measures."""

from dataclasses import replace

import pytest

from experiments import measures
from experiments.catalog import CATALOG
from experiments.measures import KDE, MEASURES, Counted, Probe, SoftCodes


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


@pytest.mark.parametrize("kind", MEASURES.values())
def test_a_measure_is_itself_after_json(kind):
    measure = kind()
    assert measures.from_fields("reading", measure.fields()) == measure
    assert list(measure.faults()) == []
    assert measure.id.startswith(f"{measure.measure}-")


@pytest.mark.parametrize(
    ("measure", "fault"),
    [
        (Probe(hidden=-1), "hidden, seed and max_fit are -1, 0 and 5000"),
        (Probe(seed=-1), "hidden, seed and max_fit are 0, -1 and 5000"),
        (Probe(max_fit=0), "hidden, seed and max_fit are 0, 0 and 0"),
        (SoftCodes(n_anchors=1), "n_anchors and n_seeds are 1 and 8"),
        (SoftCodes(n_seeds=0), "n_anchors and n_seeds are 64 and 0"),
        (KDE(noise_variance=0.0), "noise_variance is 0.0: it is above 0"),
        (KDE(noise_variance=float("inf")), "noise_variance is inf: it is above 0"),
        (KDE(noise_variance=float("nan")), "noise_variance is nan: it is above 0"),
    ],
)
def test_what_no_measure_can_have_is_a_fault(measure, fault):
    (said,) = measure.faults()
    assert said.startswith(fault)


def test_more_samples_than_are_compared_are_refused_before_any_work():
    run = CATALOG["mnist-mlp"]
    with pytest.raises(ValueError, match=r"n_samples is 60,000, and kde compares all pairs of at"):
        replace(run, reads=(Counted(), KDE())).check()
    replace(run.varied(n_samples=20_000), reads=(KDE(),)).check()
