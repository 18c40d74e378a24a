"""The benchmark of shards, as small as may be, and what it counts."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from benchmarks import shards
from benchmarks.shards import BINS

RESOURCE = pytest.importorskip("resource", reason="what a worker takes is read as on Linux")


def test_rows_come_some_times_each_and_are_those_of_any_cut():
    t, y = shards.rows(0, 3000, 3000)
    parts = [shards.rows(first, 1000, 3000) for first in (0, 1000, 2000)]
    assert np.concatenate([part for part, _ in parts]).tolist() == t.tolist()
    assert np.concatenate([part for _, part in parts]).tolist() == y.tolist()
    assert 800 < len({tuple(row) for row in t.tolist()}) <= 1000
    assert y.max() < 16


class Spared(shards._Killing):
    """Kills nobody: here workers are threads of this process."""

    def __call__(self):
        self.n_made = 2
        return ThreadPoolExecutor(self.n_workers)


def test_all_ways_are_equal_and_leave_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shards, "_pool", ThreadPoolExecutor)
    monkeypatch.setattr(shards, "_Killing", Spared)
    arguments = ["--rows", "6000", "--shards", "3", "--folder", str(tmp_path)]
    assert shards.main([*arguments, "--memory", "1e9"]) == 0
    said = capsys.readouterr().out
    assert said.count(", equal") == 3
    assert "0 files left" in said
    assert list(tmp_path.iterdir()) == []


def test_answers_that_differ_are_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shards, "_pool", ThreadPoolExecutor)
    monkeypatch.setattr(shards, "_Killing", Spared)
    monkeypatch.setattr(
        shards, "_of_stream", lambda *_: shards.count([(np.eye(3), [0, 1, 1])], BINS)
    )
    assert shards.main(["--rows", "300", "--shards", "2", "--folder", str(tmp_path)]) == 1
    assert capsys.readouterr().out.count("NOT EQUAL") == 3
