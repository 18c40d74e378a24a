"""The command of the reproduction: its page, or what it lacks."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from experiments import __main__ as cli
from experiments import reproduction

pytestmark = pytest.mark.usefixtures("short_runs_are_shown")


@pytest.mark.parametrize(
    "content", [None, "no JSON", "{}", '{"cases": [{"name": "exp-1"}]}', "[]", '{"cases": 3}']
)
def test_times_that_are_none_are_refused(short_runs, tmp_path, capsys, content):
    times = tmp_path / "bad.json"
    if content is not None:
        times.write_text(content)
    words = [
        "--results",
        str(short_runs["seeds"].parent.parent),
        "--times",
        str(times),
        "--out",
        str(tmp_path / "page.md"),
    ]
    assert cli.main(["reproduction", *words]) == 2
    assert (
        "bad.json', which is not what `python -m benchmarks --json` writes"
        in capsys.readouterr().err
    )
    assert not (tmp_path / "page.md").exists()


def test_without_a_finished_run_there_is_no_page(times, tmp_path, capsys):
    words = ["--results", str(tmp_path / "empty"), "--times", str(times)]
    assert cli.main(["reproduction", *words, "--out", str(tmp_path / "page.md")]) == 2
    assert (
        "empty', which holds no finished run: python -m experiments run all"
        in capsys.readouterr().err
    )
    assert cli.main(["reproduction", *words, "--out", str(tmp_path)]) == 2
    assert "which is a folder" in capsys.readouterr().err


@pytest.fixture
def undrawn_page(monkeypatch):
    """Makes figures empty files."""
    monkeypatch.setattr(
        reproduction,
        "picture",
        lambda run, planes, marks: SimpleNamespace(set_dpi=lambda dpi: None),
    )
    monkeypatch.setattr(
        reproduction, "figures", SimpleNamespace(save=lambda figure, path: path.touch())
    )


@pytest.mark.usefixtures("undrawn_page")
@pytest.mark.parametrize("there", [False, True])
def test_times_that_nobody_names_are_those_of_a_checkout_or_none(
    there, short_runs, times, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    if there:
        Path("benchmarks/results").mkdir(parents=True)
        shutil.copy(times, "benchmarks/results/cpu.json")
    results = str(short_runs["seeds"].parent.parent)
    assert cli.main(["reproduction", "--results", results, "--out", "page.md"]) == 0
    assert ("The published loop: " in Path("page.md").read_text()) == there


@pytest.mark.usefixtures("undrawn_page")
def test_the_command_names_what_was_not_run(short_runs, times, tmp_path, capsys):
    out = tmp_path / "page.md"
    words = [
        "--results",
        str(short_runs["seeds"].parent.parent),
        "--times",
        str(times),
        "--out",
        str(out),
    ]
    assert cli.main(["reproduction", *words]) == 0
    assert capsys.readouterr().out.startswith(f"written: {out}; not run: tishby, tishby-extended, ")
    assert "Written by `python -m experiments reproduction`" in out.read_text()
