"""Facts of the device."""

from __future__ import annotations

import sys

import numpy as np

from benchmarks.device import facts


def test_facts_are_numbers_and_versions(place):
    cases = dict(facts.cases(place))
    assert list(cases) == ["machine", "memory", "transfers", "small things", "numba"]
    assert cases["machine"]()["packages"]["numpy"] == np.__version__
    assert cases["machine"]()["packages"]["cupy-cuda13x"] is None
    numbers = {**cases["memory"](), **cases["transfers"](), **cases["small things"]()}
    assert min(numbers.values()) > 0
    assert {"copied", "pageable_GB_per_s", "launch_us", "item_us"} < numbers.keys()


def test_a_program_that_is_not_there_is_an_answer(tmp_path):
    assert facts._asked([str(tmp_path / "nvidia-smi")]).startswith("FileNotFoundError")
    assert facts._asked([sys.executable, "-c", "print('a card')"]) == "a card"
