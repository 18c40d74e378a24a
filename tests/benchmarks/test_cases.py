"""The cases as data: each has a name of its own, and its candidates are among those it names."""

import pytest

from benchmarks.cases import CASES, PEERS

BY_NAME = {case.name: case for case in CASES}


def test_no_two_cases_share_a_name():
    assert len(BY_NAME) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_says_what_it_measures_and_who_takes_part(case):
    assert case.description
    assert len(set(case.candidates)) == len(case.candidates) > 1
    assert case.unit in ("run", "epoch", "pair", "column")
    assert case.scale in ("bits", "nats", "codes")
    assert case.patience > 0


def test_every_peer_is_asked_wherever_planes_or_labels_are_estimated():
    asked = [case for case in CASES if set(PEERS) <= set(case.candidates)]
    assert {case.scale for case in asked} == {"bits", "nats"}
    assert {case.unit for case in asked} == {"run"}


def test_a_race_is_between_those_that_the_case_names():
    case = BY_NAME["joint-rows"]
    race = case.race(True)
    assert set(race.candidates) <= set(case.candidates)
    assert set(race.candidates) | set(race.absent) == set(case.candidates)
