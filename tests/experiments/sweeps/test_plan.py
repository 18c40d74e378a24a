"""A grid is its points in order; runs that differ in their reading train once."""

import itertools

import pytest

from experiments import sweeps
from experiments.catalog import CATALOG
from experiments.measures import Counted, PerUnit, Probe, VectorQuantized

TISHBY, RESNET = CATALOG["tishby"], CATALOG["resnet"]


def test_the_points_are_all_combinations_in_order():
    plan = sweeps.make(TISHBY, {"learning_rate": [0.1, 0.2], "seed": range(3)})
    assert [tuple(point.values.values()) for point in plan.points] == list(
        itertools.product([0.1, 0.2], range(3))
    )
    assert [point.run for point in plan.points] == [
        TISHBY.varied(learning_rate=rate, seed=seed)
        for rate, seed in itertools.product([0.1, 0.2], range(3))
    ]
    assert plan.runs == [point.run for point in plan.points]
    assert all(point.reads == TISHBY.reads for point in plan.points)


def test_runs_that_differ_in_their_reading_train_once():
    edges = [(-1.0, 1.0, 30), (-1.0, 1.0, 50)]
    plan = sweeps.make(TISHBY, {"edges": edges, "seed": [0, 1]})
    assert plan.runs == [
        TISHBY.varied(seed=seed, reads=tuple(map(Counted, edges))) for seed in (0, 1)
    ]
    assert [(*point.reads, point.run.training.seed) for point in plan.points] == [
        (Counted(one), seed) for one in edges for seed in (0, 1)
    ]


def test_another_measure_takes_over_what_it_shares_with_the_run_s():
    run = TISHBY.varied(edges=(0.0, 1.0, 9))
    plan = sweeps.make(run, {"measure": "per-unit,counted,probe"})
    assert plan.runs[0].reads == (PerUnit((0.0, 1.0, 9)), Counted((0.0, 1.0, 9)), Probe())
    (point,) = sweeps.make(run, {"measure": ["probe"], "hidden": [8]}).points
    assert point.reads == (Probe(hidden=8),)
    # a measure that the run has itself stays as it is
    (point,) = sweeps.make(RESNET, {"measure": ["vector-quantized"], "k": [16]}).points
    assert point.reads == (VectorQuantized(16),)


def test_all_measures_of_a_run_get_the_value_of_a_point():
    run = RESNET.varied(reads=(Counted(), PerUnit()))
    plan = sweeps.make(run, {"out_of_range": "clip,separate"})
    assert [point.reads for point in plan.points] == [
        (Counted(out_of_range=rule), PerUnit(out_of_range=rule)) for rule in ("clip", "separate")
    ]
    assert len(plan.runs[0].reads) == 4


def test_a_plan_is_plain_data():
    plan = sweeps.make(TISHBY, {"widths": "12-3-1", "edges": "-1:1:30,-1:1:50"})
    assert plan.described() == {
        "run": TISHBY.fields(),
        "axes": {"widths": ((12, 3, 1),), "edges": ((-1.0, 1.0, 30), (-1.0, 1.0, 50))},
        "runs": [{"id": plan.runs[0].id, "values": {"widths": (12, 3, 1)}}],
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "a sweep has no axis"),
        ({"learning_rate": "-1"}, "learning_rate is -1.0: it is above 0"),
        ({"seed": "-1"}, "seed is -1: it is from 0 to"),
        ({"edges": "1:0:9"}, "edges are 1.0, 0.0, 9: they are LOW below HIGH"),
        ({"optimizer": "sdg"}, "optimizer is 'sdg': this version knows sgd, adam"),
        ({"data": "simpel"}, "data is 'simpel': this version knows simple"),
        (
            {"measure": "counted,probe", "edges": "-1:1:9"},
            "axis edges is no field of the measure probe, by which it would be read: leave one of "
            "both out",
        ),
    ],
)
def test_what_no_run_can_have_is_said(given, said):
    with pytest.raises(ValueError, match="^" + said):
        sweeps.make(TISHBY, given)


def test_a_field_of_one_measure_alone_is_no_axis_of_all():
    with pytest.raises(ValueError, match="axis k is no field of the measure counted"):
        sweeps.make(RESNET, {"k": "16,32"})
