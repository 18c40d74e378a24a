"""The command `fastmi`: it finds the experiments and the benchmarks of this very fastmi alone."""

import subprocess
import sys

import pytest

from fastmi import __main__ as program
from tests import ROOT


@pytest.fixture
def unloaded(monkeypatch):
    """No experiments under fastmi's name, before and after: the tests know them by another."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(program.EXPERIMENTS):
            del sys.modules[name]


def place(root, *files):
    """Makes an environment's folder of files, fastmi among them -> that of fastmi."""
    for file in ("fastmi/__main__.py", *files):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return root / "fastmi"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["fastmi/experiments/__main__.py"], "fastmi/experiments"),  # a wheel
        (["pyproject.toml", "experiments/__main__.py"], "experiments"),  # a checkout
        (["experiments/__main__.py", "fastmi/experiments/__main__.py"], "fastmi/experiments"),
    ],
)
def test_the_experiments_are_those_of_this_fastmi(files, found, tmp_path, monkeypatch):
    monkeypatch.setattr(program, "HERE", place(tmp_path, *files))
    assert program._folder("experiments") == tmp_path / found


@pytest.mark.parametrize("files", [[], ["experiments/__main__.py", "benchmarks/__main__.py"]])
@pytest.mark.parametrize("words", [["list"], ["bench", "--quick"]])
def test_what_only_bears_their_name_is_not_taken(
    files, words, tmp_path, monkeypatch, capsys, unloaded
):
    monkeypatch.setattr(program, "HERE", place(tmp_path, *files))
    assert program.main(words) == 2
    name = {"list": "experiments", "bench": "benchmarks"}[words[0]]
    line = f"error: the {name} are not with the fastmi in '{tmp_path / 'fastmi'}': the experiments"
    assert capsys.readouterr().err.startswith(line)
    assert program.EXPERIMENTS not in sys.modules


@pytest.mark.parametrize("prog", ["fastmi", "python -m fastmi"])
def test_every_command_of_the_experiments_comes_through(prog, capsys, unloaded):
    from experiments.commands import parser

    for _ in range(2):  # once loaded they are not loaded again
        with pytest.raises(SystemExit) as left:
            program.main(["--help"], prog)
        assert left.value.code == 0
        usage = capsys.readouterr().out
        assert usage == parser._parser(prog, {"bench": program.ABOUT_BENCH}).format_help()
        assert usage.startswith(f"usage: {prog} [-h]")


def test_words_of_the_process_are_taken_without_others(monkeypatch, capsys, unloaded):
    monkeypatch.setattr(sys, "argv", ["fastmi", "list"])
    assert program.main() == 0
    assert capsys.readouterr().out.startswith("warm-up ")


def test_the_benchmarks_are_run_in_a_process_of_their_own(monkeypatch):
    calls = []

    def call(command, env):
        calls.append((command, env["PYTHONPATH"], env["FASTMI_BENCH"]))
        return 3

    monkeypatch.setattr(subprocess, "call", call)
    monkeypatch.setenv("PYTHONPATH", "before")
    assert program.main(["bench", "entropy", "--quick"]) == 3
    monkeypatch.delenv("PYTHONPATH")
    assert program.main(["bench"], "python -m fastmi") == 3
    command = [sys.executable, "-P", "-m", "benchmarks"]
    assert calls == [
        ([*command, "entropy", "--quick"], f"{ROOT}{program.os.pathsep}before", "fastmi bench"),
        (command, str(ROOT), "python -m fastmi bench"),
    ]


def test_the_benchmarks_are_those_of_this_fastmi(tmp_path, monkeypatch, capfd):
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    call = subprocess.call
    found = "import importlib.util as u; print(u.find_spec('benchmarks').origin)"
    monkeypatch.setattr(
        subprocess, "call", lambda command, env: call([*command[:2], "-c", found], env=env)
    )
    assert program.main(["bench"]) == 0
    assert capfd.readouterr().out == f"{ROOT / 'benchmarks' / '__init__.py'}\n"


def test_benchmarks_that_are_interrupted_end_without_a_traceback(monkeypatch):
    def call(command, env):
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "call", call)
    assert program.main(["bench"]) == 130
