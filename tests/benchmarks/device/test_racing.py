"""Cases on a GPU, rehearsed on the CPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import fastmi
from benchmarks import command, limits, training
from benchmarks.device import racing
from benchmarks.estimating import SEGMENTS_30, SEGMENTS_3000
from benchmarks.timing import Disagreement
from tests.benchmarks.small import SHORT, TINY

MEMORY = limits.Limits(1 << 20, 1e9, 1e9)


def test_a_run_on_a_gpu_that_is_not_there_fails(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert command.main(["--device", "cuda", "segments-30"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "error: no CUDA device here" in printed.err


def test_named_cases_are_written_beside_the_whole_check(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda *of: "Made-up GPU")
    monkeypatch.setattr(racing, "limits", lambda *of: MEMORY)
    monkeypatch.setattr(racing, "check", lambda case, *of: {"name": case.name})
    monkeypatch.setattr(racing, "RESULTS", tmp_path)
    assert racing.run(["segments-30"], None) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["Made-up-GPU-cases.json"]
    assert "written to" in capsys.readouterr().out


def test_a_case_without_layers_is_refused_on_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(
        ValueError,
        match=r"exp-4: no such case on a GPU: choose from segments-30, .*exp-2-50-copies",
    ):
        racing.run(["exp-4"], None)


def test_a_case_rehearsed_on_the_cpu(capsys):
    record = racing.check(TINY, torch.device("cpu"), MEMORY)
    assert record["rows"] == 4 * 64
    assert [candidate["difference"] for candidate in record["candidates"][:2]] == [0.0, 0.0]
    assert [candidate["name"] for candidate in record["candidates"]] == [
        "fastmi",
        "fastmi, Numba twin on the CPU",
        "torch.unique(dim=0)",
    ]
    assert record["launching"] > 0
    printed = capsys.readouterr().out
    assert "answers agree" in printed
    assert f"bound by {record['bound']}: launching alone takes" in printed


def test_a_whole_run_on_a_device_rehearsed_on_the_cpu(capsys):
    record = racing.check(SHORT[1], torch.device("cpu"), MEMORY, quick=True)
    assert [(candidate["name"], candidate["difference"]) for candidate in record["candidates"]] == [
        ("fastmi", 0.0),
        ("fastmi on the CPU", 0.0),
    ]
    assert record["unit"] == "epoch"
    assert "answers agree" in capsys.readouterr().out


def test_a_whole_run_on_a_device_whose_readings_differ_is_not_timed(monkeypatch):
    answers = iter([np.zeros(2), np.array([0, 1e-16])])
    monkeypatch.setattr(training, "three_readings", lambda *arguments: next(answers))
    with pytest.raises(
        Disagreement, match="fastmi on the CPU differs from fastmi by 1e-16, more than 0"
    ):
        racing.check(SHORT[1], torch.device("cpu"), MEMORY)


def test_twins_that_differ_are_not_timed(monkeypatch, capsys):
    answers = iter([np.zeros(2), np.array([0, 1e-16])])
    monkeypatch.setattr(fastmi.PlaneEstimator, "estimate", lambda plane, layers: next(answers))
    with pytest.raises(
        Disagreement, match="Numba twin on the CPU differs from fastmi by 1e-16, more than 0"
    ):
        racing.check(TINY, torch.device("cpu"), MEMORY)
    assert capsys.readouterr().out == ""


@pytest.mark.gpu(alone="events to time by")
def test_cases_on_a_gpu(cuda):
    for case in (TINY, SHORT[1]):
        assert racing.check(case, cuda, MEMORY, quick=True)["peak_bytes"] > 0


def test_a_peer_that_would_take_seconds_there_is_named_with_the_reason(monkeypatch):
    data = TINY.numbered()
    monkeypatch.setattr(type(TINY), "numbered", lambda case: data)
    few, many = (racing.race_on(case, torch.device("cpu")) for case in (SEGMENTS_30, SEGMENTS_3000))
    assert "torch.unique(dim=0)" in few.candidates
    assert "torch.unique(dim=0)" not in many.candidates
    assert many.absent["torch.unique(dim=0)"] == "too slow: about 8 s expected"
