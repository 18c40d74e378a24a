"""What a reading costs, in small: each process and each way to read runs, and costs are judged."""

import os

import pytest

from benchmarks import watching
from benchmarks.watching import ALONE, BARE, COUNTED, Cost

MIB = 2**20


def test_a_cost_is_judged_by_what_is_allowed():
    assert str(Cost("counting", 70, 70, "MiB")) == "counting: 70 of 70 MiB: holds"
    assert str(Cost("counting", 71, 70, "MiB")) == "counting: 71 of 70 MiB: TOO MUCH"


def test_memory_is_asked_above_the_model_and_started_libraries(monkeypatch, capsys):
    peaks = {ALONE: 100 * MIB, BARE: 150 * MIB, "default bins": 160 * MIB}
    monkeypatch.setattr(watching, "_in_a_process", lambda how, *_: peaks.get(how, 300 * MIB))
    few, many = watching.memory(2**20, 5)
    assert few == Cost("default bins", 10, 32 + 64, "MiB")
    assert (many.found, many.holds) == (150, False)
    assert "the model 100 MiB; the model, Numba started 150 MiB" in capsys.readouterr().out


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="peaks are read from /proc")
@pytest.mark.parametrize("how", [ALONE, BARE, *COUNTED])
def test_every_process_says_what_it_held(how):
    assert watching.held(how, 300, 20) > MIB


def test_every_reading_is_timed_beside_resnet():
    costs = watching.times(n=64, width=12, images=1, channels=1, rounds=1)
    assert len(costs) == 7
    assert all(cost.allowed == 0.5 for cost in costs)


@pytest.mark.parametrize(("found", "code"), [(0.1, 0), (0.6, 1)])
def test_the_command_says_whether_it_holds(monkeypatch, capsys, found, code):
    monkeypatch.setattr(watching, "memory", lambda: [Cost("counted", 1, 2, "MiB")])
    monkeypatch.setattr(watching, "times", lambda: [Cost("PerUnit", found, 0.5, "of it")])
    assert watching.main([]) == code
    assert "ResNet-18" in capsys.readouterr().out
