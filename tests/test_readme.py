"""The README is run, not believed: its code, its commands, its links."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_code_runs_and_prints_what_a_reader_expects(capsys):
    code = blocks("python")
    assert len(code) >= 3
    scope: dict = {}
    for block in code:
        exec(compile(block, "README.md", "exec"), scope)
    first, *mixture = capsys.readouterr().out.splitlines()
    i_xt, i_ty = (float(number) for number in first.strip("[]").split())
    assert 0 < i_ty <= 1 < i_xt <= 12
    assert len(mixture) == 2  # two tanh layers


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
