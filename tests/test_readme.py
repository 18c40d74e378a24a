"""The README is run, not believed: its code, its commands, its links."""

import json
import re
import shutil
import subprocess

import pytest

from tests import ROOT

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
    first, *page, one, other, points, kernels = capsys.readouterr().out.splitlines()
    mixture = [one, other]
    i_xt, i_ty = (float(number) for number in first.strip("[]").split())
    assert 0 < i_ty <= 1 < i_xt <= 12
    assert page[0].startswith("I(X;Y) = 0.1")
    assert [line.split()[0] for line in page[1:]][:2] == ["verdict", "interval"]
    assert all(line.startswith(("[", " [")) for line in mixture)  # two tanh layers
    assert points.startswith("Points (5, 2): i_xt, i_ty, n_symbols, coverage")
    upper_xt, upper_ty = (float(number) for number in kernels.strip("[]").split())
    assert 0 < upper_ty <= 1 < upper_xt <= 12
    assert (tmp_path / "planes.png").stat().st_size > 10_000
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
    shown = subprocess.run(
        ["make", "-n", "-B", target], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    install, demo, test = blocks("sh")[1].splitlines()
    assert install in shown
    assert {"demo": demo, "test": test}[target] in shown


def test_the_two_commands_stand_where_the_ci_reads_them():
    assert re.findall(r"^(make [a-z-]+)", README, re.MULTILINE) == ["make demo", "make test"]


def test_every_link_to_a_file_has_its_file():
    targets = [
        target
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", README)
        if not target.startswith("http")
    ]
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


@pytest.fixture
def rounds():
    """Those that the README tells of; `make bench` puts others in their place, of another day or
    machine.
    """
    record = json.loads((ROOT / "benchmarks/results/cpu.json").read_text())
    (said,) = re.findall(r"One thread of an (.*?) virtual machine \((\d{4}-\d\d-\d\d)", README)
    here = record["machine"]["processor"], record["machine"]["date"]
    if said != (here[0], here[1][:10]):
        pytest.skip(
            f"measured anew ({', '.join(here)}): these are not the rounds that the README tells of"
        )
    return record


def test_the_ratios_are_those_of_the_committed_rounds(rounds):
    """Within the fifth by which the README says that they vary; and the cases that are the promise
    are kept.
    """
    found = {
        (case["name"], candidate["name"]): candidate["ratio"]["median"]
        for case in rounds["cases"]
        for candidate in case["candidates"]
    }
    rows = {
        "30 segments": ("segments-30", None, "NumPy, np.digitize", "published recipe"),
        "one layer, 4096 x 10": ("one-layer", None, "NumPy, np.digitize", "published recipe"),
        "one layer, 100,000 x 32": ("wide", None, "NumPy, np.digitize", ""),
        "one layer, 1,000,000 x 32": ("million-wide", None, "NumPy, np.digitize", ""),
        "labels": ("labels", None, "NumPy, np.digitize", ""),
        "the whole of exp 2": ("exp-2", "", "", "published loop"),
        "the same with 50 copies": ("exp-2-50-copies", "", "", "published loop"),
        "the whole of exp 4": ("exp-4", "", "", "published loop"),
    }
    for start, (case, *others) in rows.items():
        (row,) = re.findall(rf"^\| ({start}.*) \|$", README, re.MULTILINE)
        for cell, other in zip(re.split(r" *\| *", row)[1:], others, strict=True):
            number = re.match(r"([\d.,]+) times", cell)
            assert bool(number) == (other != ""), (start, cell)
            if number:
                foreign = [
                    ratio
                    for (name, who), ratio in found.items()
                    if name == case and not who.startswith("fastmi")
                ]
                ratio = found[case, other] if other else min(foreign)
                assert float(number[1].replace(",", "")) == pytest.approx(ratio, rel=0.2), (
                    start,
                    other,
                )
    assert found["segments-30", "NumPy, np.digitize"] >= 18
    assert found["exp-2", "published loop"] >= 150
    assert found["exp-2-readings", "and all three readings"] <= 2.5


def test_what_is_said_of_the_curves_is_in_the_committed_rounds(rounds):
    points = {
        (curve["name"], point["at"]): point["candidates"]
        for curve in rounds["curves"]
        for point in curve["points"]
    }
    (said,) = re.findall(r"Two threads are ([\d.]+) times faster", README)
    assert float(said) == pytest.approx(points["threads", 2][1]["ratio"]["median"], rel=0.1)
    assert points["threads-busy", 2][1]["ratio"]["median"] > 1 / 1.2
    streamed = [points["chunks", n][0] for n in (10**7, 10**8)]
    assert streamed[1]["median"] / 10 == pytest.approx(streamed[0]["median"], rel=0.2)
    (said,) = re.findall(r"streamed, took (\d+) MB", README)
    assert float(said) == pytest.approx(streamed[1]["peak_bytes"] / 1e6, rel=0.1)
