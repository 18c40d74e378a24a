"""The same runs with one worker and several: bytes first. Here workers are threads."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks import sweeping
from benchmarks.timing import Disagreement
from experiments import sweeps
from tests.runs import undraw


@pytest.fixture
def in_threads(monkeypatch):
    """Sweeps of two steps, by a thread; `spoiled` changes what is left."""
    undraw(monkeypatch)
    monkeypatch.setattr(sweeping, "STEPS", 2)
    spoiled, real = [], sweeps.sweep

    def swept(plan, out, **where):
        with ThreadPoolExecutor(1) as executor:
            failed = real(plan, out, executor=executor)
        for name in spoiled:
            (out / name).write_text(str(where))
        return failed

    monkeypatch.setattr(sweeps, "sweep", swept)
    return spoiled


def test_bytes_are_compared_and_the_ratio_is_said(in_threads, capsys):
    assert sweeping.main(["--runs", "2"]) == 0
    assert capsys.readouterr().out.startswith("2 runs: the same bytes; one worker ")


def test_where_bytes_differ_nothing_is_timed(in_threads, capsys):
    in_threads.append("stray")
    with pytest.raises(Disagreement, match="one worker and 2 left other bytes"):
        sweeping.main(["--runs", "1"])
    assert capsys.readouterr().out == ""
