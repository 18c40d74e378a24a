"""The one command for a GPU, rehearsed whole on the CPU."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
import torch

from benchmarks import command, gpu_check
from benchmarks.device import aims, exact, facts, kernels, runs, times
from benchmarks.device.findings import read
from benchmarks.device.parts import PARTS
from tests import ROOT


@pytest.fixture
def compiled_once(monkeypatch, pytestconfig):
    """Libraries are compiled once, not by every process, where no bytecode is kept otherwise."""
    cache = getattr(pytestconfig, "cache", None)  # which may be switched off
    if os.environ.get("PYTHONDONTWRITEBYTECODE") and cache:
        folder = cache.mkdir("bytecode")
        monkeypatch.delenv("PYTHONDONTWRITEBYTECODE")
        monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(folder))


def test_gpu_check_says_that_there_is_no_gpu(compiled_once):
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    command_line = [sys.executable, "-m", "benchmarks", "gpu-check"]
    done = subprocess.run(
        command_line, cwd=ROOT, env=hidden, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("no CUDA device")


def test_every_part_rehearsed_in_its_process(tmp_path, compiled_once, place):
    out = tmp_path / "found.json"
    assert command.main(["gpu-check", "--rehearse", "--out", str(out)]) == 0
    record = read(out)
    assert record["rehearsal"]
    assert list(record["parts"]) == list(PARTS)
    for part, module in zip(
        record["parts"].values(), (facts, exact, times, kernels, runs), strict=False
    ):
        assert list(part["cases"]) == [name for name, _ in module.cases(place)]
        assert part["WRONG"] == part["ERROR"] == []
    assert record["parts"]["tests"]["outcomes"] == {"PASSED": 3}


def test_without_a_case_the_benchmarks_of_a_gpu_are_the_parts_but_the_tests(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda *of: "Made-up GPU (80 GB)")
    monkeypatch.setattr(gpu_check, "check", lambda *args, **options: asked.append(args) or 0)
    assert command.main(["--device", "cuda"]) == 0
    (parts, out, header), *_ = asked
    assert parts == ("facts", "exact", "times", "kernels", "runs")
    assert out.as_posix() == "benchmarks/results/Made-up-GPU-80-GB-.json"
    assert (header["device"], header["rehearsal"]) == ("Made-up GPU (80 GB)", False)
    assert command.main(["gpu-check", "exact", "--limit", "9", "--out", "found.json"]) == 0
    assert asked[1][0] == ["exact"]
    assert str(asked[1][1]) == "found.json"


def test_without_a_device_the_benchmarks_of_one_fail(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert command.main(["--device", "cuda"]) == 2
    assert "error: no CUDA device here" in capsys.readouterr().err


def test_an_unknown_part_is_named_with_the_others(capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(["gpu-check", "exakt"])
    assert stop.value.code == 2
    assert "unknown part exakt: choose from facts, exact, times" in capsys.readouterr().err


def test_the_page_is_filled_without_a_device(monkeypatch, tmp_path, capsys):
    page = tmp_path / "gpu.md"
    page.write_text(f"{aims.BEGIN}{aims.END}")
    monkeypatch.setattr(aims, "PAGE", page)
    monkeypatch.setattr(gpu_check, "RESULTS", tmp_path)
    assert command.main(["gpu-check", "--page"]) == 0
    assert page.read_text() == f"{aims.BEGIN}{aims.table([])}{aims.END}"
    assert f"written to {page}" in capsys.readouterr().out


def test_help_lists_the_parts(capsys):
    with pytest.raises(SystemExit):
        command.main(["gpu-check", "--help"])
    printed = capsys.readouterr().out
    assert [name for name in PARTS if name not in printed] == []


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")
def test_make_runs_the_one_command_with_the_tests_in_it():
    shown = subprocess.run(
        ["make", "-n", "gpu-check"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "-m benchmarks gpu-check;" in shown
    assert "pytest" not in shown  # the command runs them whatever becomes of the rest


def test_the_page_tells_of_every_part_and_its_time():
    text = (ROOT / aims.PAGE).read_text(encoding="utf-8")
    assert [
        row for name, part in PARTS.items() if (row := f"| {name} | {part.seconds} s |") not in text
    ] == []
