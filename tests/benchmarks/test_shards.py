"""The benchmark of shards, as small as may be, and what it counts."""

import numpy as np
import pytest

from benchmarks import shards

RESOURCE = pytest.importorskip("resource", reason="what a worker takes is read as on Linux")


def test_rows_come_some_times_each_and_are_those_of_any_cut():
    t, y = shards.rows(0, 3000, 3000)
    parts = [shards.rows(first, 1000, 3000) for first in (0, 1000, 2000)]
    assert np.concatenate([part for part, _ in parts]).tolist() == t.tolist()
    assert np.concatenate([part for _, part in parts]).tolist() == y.tolist()
    assert 800 < len({tuple(row) for row in t.tolist()}) <= 1000
    assert y.max() < 16


def test_all_ways_are_equal_and_leave_nothing(tmp_path, capsys):
    arguments = ["--rows", "6000", "--shards", "3", "--folder", str(tmp_path), "--memory", "1e9"]
    arguments += ["--workers", "1"]
    code = shards.main(arguments)
    said = capsys.readouterr().out
    assert "NOT EQUAL" not in said
    assert said.count(", equal") == 3
    assert "0 files left" in said
    # whether the kill comes in time hangs on the machine
    assert code == ("with 1 pools" in said)
    assert list(tmp_path.iterdir()) == []
