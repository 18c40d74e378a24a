"""The stream under a limit, small: as it is started, its numbers told, what is wrong said."""

import subprocess
import sys

import numpy as np
import pytest

from benchmarks import spilling
from tests import ROOT

RESOURCE = pytest.importorskip("resource", reason="limits are those of Unix")


def test_rows_are_different_and_tell_their_labels():
    (t, y), (later, _) = spilling.rows(0, 5000), spilling.rows(5000, 5000)
    assert len({tuple(row) for row in np.concatenate([t, later]).tolist()}) == 10_000
    assert np.bincount(y).tolist() == [313] * 8 + [312] * 8


def test_a_stream_under_a_limit_finds_what_arithmetic_says():
    command = [sys.executable, "-m", "benchmarks.spilling", "--rows", "32000", "--chunk", "2000"]
    run = subprocess.run(
        [*command, "--memory", "100000", "--limit", "3e9"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert run.returncode == 0, run.stderr
    assert "RLIMIT_AS 3,000,000,000" in run.stdout
    assert "H(T) = 14.965784284662087, H(Y) = 3.99999" in run.stdout


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ODD", 2**20, "expected H(T) = 11.6438"),
        ("CLASSES", 8, "expected H(Y) = I(T;Y) = 4"),
    ],
)
def test_another_number_is_said(tmp_path, monkeypatch, capsys, name, value, words):
    monkeypatch.setattr(spilling, name, value)
    assert spilling.main(["--rows", "3200", "--folder", str(tmp_path)]) == 1
    assert words in capsys.readouterr().out
