"""The same cases under pytest-benchmark: `make bench-pytest`.

Its JSON can be compared with that of other days. The ordinary `pytest` collects nothing here: it
looks in tests and fastmi, and for files named test_*.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest

from benchmarks.cases import CASES, Case
from benchmarks.threads import hold
from benchmarks.timing import Race, differences
from fastmi.networks import one_thread


@pytest.fixture(autouse=True, scope="session")
def alone() -> Iterator[None]:
    """Holds every candidate to one thread; polars has not been loaded yet."""
    hold()
    with one_thread():
        yield


@lru_cache(maxsize=1)
def agreed(case: Case) -> Race:
    """Builds the race of a case, once its answers agree.

    The entries of one case follow each other, and one case at a time is held.
    """
    race = case.race(True)
    differences(race)
    return race


ENTRIES = [
    pytest.param(case, name, id=f"{case.name}: {name}")
    for case in CASES
    for name in case.candidates
]


@pytest.mark.parametrize(("case", "name"), ENTRIES)
def test_case(case: Case, name: str, benchmark: Any) -> None:
    race = agreed(case)
    if name not in race.candidates:
        pytest.skip(race.absent[name])
    benchmark.group = case.name
    benchmark(race.candidates[name])
