"""The README is run, not believed: its code, its commands, its links."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_code_runs_and_prints_what_a_reader_expects(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = blocks("python")
    assert len(code) >= 4
    scope: dict = {}
    for block in code:
        exec(compile(block, "README.md", "exec"), scope)
    first, *mixture = capsys.readouterr().out.splitlines()
    i_xt, i_ty = (float(number) for number in first.strip("[]").split())
    assert 0 < i_ty <= 1 < i_xt <= 12
    assert len(mixture) == 2  # two tanh layers
    assert len((tmp_path / "plane.csv").read_text().splitlines()) == 1 + 21 * 5 * 2
    assert (tmp_path / "plane.png").stat().st_size > 10_000


def test_the_promises_in_the_comments_hold():
    scope: dict = {}
    exec(blocks("python")[0], scope)
    assert scope["bits"].shape == (5, 1, 2)
    assert len([line for line in blocks("python")[0].splitlines() if line.strip()]) <= 10
    for line in blocks("python")[1].splitlines():
        expression, _, comment = line.partition("  #")
        if "bit" in comment:
            assert eval(expression, scope) == float(comment.split()[0])


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")
@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_lines_without_make_are_those_that_make_runs(target):
    shown = subprocess.run(["make", "-n", "-B", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    install, demo, test = blocks("sh")[1].splitlines()
    assert install in shown
    assert {"demo": demo, "test": test}[target] in shown


def test_the_two_commands_stand_where_the_ci_reads_them():
    assert re.findall(r"^(make [a-z-]+)", README, re.MULTILINE) == ["make demo", "make test"]


def test_every_link_to_a_file_has_its_file():
    targets = [target for target in re.findall(r"\]\(([^)#]+)[^)]*\)", README) if not target.startswith("http")]
    assert len(targets) >= 4
    assert [target for target in targets if not (ROOT / target).exists()] == []


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")
def test_a_python_that_is_too_old_is_told_so(tmp_path):
    old = tmp_path / "python-old"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.8.1" && exit 0\nexit 1\n')
    old.chmod(0o755)
    command = ["make", "-B", "test", f"PYTHON={old}", f"VENV={tmp_path}/venv"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode != 0
    assert "fastmi needs Python 3.11 or newer" in said.stdout
    assert "Python 3.8.1" in said.stdout
    assert "make PYTHON=python3.12 test" in said.stdout


def test_the_ratios_are_those_of_the_committed_rounds():
    """Within the fifth by which the README says that they vary; and the case that it names as the promise is kept."""
    record = json.loads((ROOT / "benchmarks/results/cpu.json").read_text())
    ratios = {
        (case["name"], candidate["name"]): candidate["ratio"]["median"]
        for case in record["cases"]
        for candidate in case["candidates"]
    }
    said = {
        ("segments-30", "NumPy, np.digitize"): r"30 segments.*?\| (\d+) times faster",
        ("segments-30", "published recipe"): r"30 segments.*?\| ([\d,]+) times \|$",
        ("one-layer", "NumPy, np.digitize"): r"one layer, 4096 x 10.*?\| (\d+) times \|",
        ("one-layer", "published recipe"): r"one layer, 4096 x 10.*\| ([\d,]+) times \|$",
        ("wide", "NumPy, np.digitize"): r"100,000 x 32.*?\| (\d+) times \|",
        ("exp-2", "published loop"): r"whole of exp 2.*\| ([\d,]+) times \|$",
        ("segments-30", "NumPy, bins by arithmetic"): r"it comes within (\d+)\s+times of fastmi",
        ("exp-2-readings", "and all three readings"): r"training and forwarding about ([\d.]+) times as long",
    }
    for key, pattern in said.items():
        (number,) = re.findall(pattern, README, re.MULTILINE)
        assert float(number.replace(",", "")) == pytest.approx(ratios[key], rel=0.2), key
    assert ratios["segments-30", "NumPy, np.digitize"] >= 10
    assert ratios["exp-2", "published loop"] >= 100
    assert ratios["exp-2-readings", "and all three readings"] <= 1.5
