"""The check on a GPU, rehearsed on the CPU."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

import fastmi
from benchmarks import command, gpu_check, limits, training
from benchmarks.timing import Disagreement
from tests import ROOT
from tests.benchmarks.small import SHORT, TINY

MEMORY = limits.Limits(1 << 20, 1e9, 1e9)


def test_gpu_check_says_that_there_is_no_gpu():
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    command_line = [sys.executable, "-m", "benchmarks", "gpu-check"]
    done = subprocess.run(
        command_line, cwd=ROOT, env=hidden, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("no CUDA device")


def test_a_run_on_a_gpu_that_is_not_there_fails(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert command.main(["--device", "cuda", "segments-30"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "error: no CUDA device here" in printed.err


def test_a_case_without_layers_is_refused_on_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(
        ValueError,
        match=r"exp-4: no such case on a GPU: choose from segments-30, .*exp-2-50-copies",
    ):
        gpu_check.run(["exp-4"], None)


def test_gpu_check_rehearsed_on_the_cpu(capsys):
    record = gpu_check.check(TINY, torch.device("cpu"), MEMORY)
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
    record = gpu_check.check(SHORT[1], torch.device("cpu"), MEMORY, quick=True)
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
        gpu_check.check(SHORT[1], torch.device("cpu"), MEMORY)


def test_gpu_check_refuses_twins_that_differ(monkeypatch, capsys):
    answers = iter([np.zeros(2), np.array([0, 1e-16])])
    monkeypatch.setattr(fastmi.PlaneEstimator, "estimate", lambda plane, layers: next(answers))
    with pytest.raises(
        Disagreement, match="Numba twin on the CPU differs from fastmi by 1e-16, more than 0"
    ):
        gpu_check.check(TINY, torch.device("cpu"), MEMORY)
    assert capsys.readouterr().out == ""


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_gpu_check_on_a_gpu():
    for case in (TINY, SHORT[1]):
        assert gpu_check.check(case, torch.device("cuda"), MEMORY, quick=True)["peak_bytes"] > 0
