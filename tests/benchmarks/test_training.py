"""Whole runs are raced, and no run is timed whose network differs."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import reference, training
from benchmarks.timing import Disagreement, compare
from tests.benchmarks.small import SHORT


@pytest.mark.parametrize("case", SHORT, ids=lambda case: case.name)
def test_every_run_of_the_report_is_raced_per_epoch(case):
    race = case.race(quick=True)
    comparison = compare(race, rounds=1, patience=0.0)
    assert comparison.largest_difference <= 1e-12
    assert [timed.name for timed in comparison.timed] == ["fastmi", "published loop"]
    assert race.work == {"fastmi": 3, "published loop": 2}
    points, published = (
        np.concatenate(race.candidates["fastmi"]()),
        race.candidates["published loop"](),
    )
    assert (len(points), len(published)) == (3, 2)
    assert points[0].shape == np.shape(published[0])


def test_the_readings_are_added_one_after_the_other():
    comparison = compare(SHORT[1].readings(quick=True), rounds=1, patience=0.0)
    assert [timed.name for timed in comparison.timed] == [
        "training",
        "and the sampled reading",
        "and all three readings",
    ]


@pytest.mark.parametrize("case", SHORT, ids=lambda case: case.name)
@pytest.mark.parametrize(
    ("step", "wrong", "message"),
    [
        ("train_step", lambda *arguments: None, "the training step differs"),
        (
            "forward_one_by_one",
            lambda networks, x, drawn: reference.forward_one_by_one(networks, -x, drawn),
            "forward pass",
        ),
    ],
)
def test_no_run_is_timed_whose_network_differs(monkeypatch, case, step, wrong, message):
    monkeypatch.setattr(training, step, wrong)
    with pytest.raises(Disagreement, match=message):
        case.race(quick=True)
