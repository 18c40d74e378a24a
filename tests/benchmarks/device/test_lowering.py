"""The kernels compiled for a card that is not here: a new spill is noticed."""

import importlib.util
import subprocess
import sys

import pytest

from benchmarks.device import lowering
from benchmarks.device.lowering import SHAPES, Built
from fastmi.backends import triton_twin
from tests import ROOT

with_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="Triton is not installed"
)


@with_triton
def test_all_shapes_compile_for_hopper_and_spill_no_more_than_is_known():
    command = [sys.executable, "-m", "benchmarks.device.lowering"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(SHAPES)
    for line, shape in zip(lines, SHAPES, strict=True):
        assert line.startswith(f"{shape}: ")
        assert " registers, " in line
        assert f", {shape.spilled} bytes spilled, " in line


def test_where_one_key_fits_nothing_is_known_to_spill():
    two_sorts = [shape for shape in SHAPES if shape.spilled]
    assert [shape.constants["PACKED"] for shape in two_sorts] == [False]


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (Built(64, 0, 1024, False), ""),
        (Built(64, 8, 1024, False), "; A NEW SPILL: 0 bytes were known"),
        (Built(64, 0, 1024, True), "; THE SMALLEST NUMBERS ARE TAKEN FOR 0"),
    ],
)
def test_what_is_worse_than_known_is_said_and_fails(monkeypatch, capsys, found, told):
    monkeypatch.setattr(lowering, "SHAPES", SHAPES[:2])
    answers = iter([Built(80, 0, 8192, False), found])
    monkeypatch.setattr(lowering, "built", lambda shape: next(answers))
    assert lowering.main() == bool(told)
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"{SHAPES[0]}: 80 registers, 0 bytes spilled, 8192 bytes shared"
    assert second.startswith(f"{SHAPES[1]}: 64 registers, {found.spilled} bytes spilled, 1024")
    assert second.partition("shared")[2].startswith(told)


@with_triton
def test_a_process_that_interprets_kernels_compiles_none():
    if not triton_twin.interpreted():
        pytest.skip("kernels are compiled here")
    with pytest.raises(RuntimeError, match="start one without TRITON_INTERPRET"):
        lowering.built(SHAPES[0])
