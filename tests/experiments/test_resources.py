"""Paths and numbers that nobody can mean are refused before any work."""

import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from experiments import __main__ as cli
from experiments import mnist, networks, resources
from experiments.catalog import CATALOG
from experiments.commands import run as run_command
from tests.runs import TINY, names, run

posix = pytest.mark.skipif(os.name != "posix", reason="links, signals and locks of POSIX")


pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.mark.parametrize(
    "words",
    [
        ["run", "warm-up", "--out", ""],
        ["run", "warm-up", "--out="],
        ["run", "mnist", "--mnist", ""],
        ["estimate", "", "--edges", "0", "1", "9"],
        ["draw", ""],
        ["draw", "x", "--out", ""],
        ["reproduction", "--results", ""],
        ["reproduction", "--times="],
        ["compression", "--out", ""],
    ],
)
def test_a_path_of_nothing_is_refused(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        cli.main(words)
    assert stopped.value.code == 2
    assert (
        "'' is no path: pass the name of a file or folder, or . for this one"
        in capsys.readouterr().err
    )
    assert names(tmp_path) == []


@posix
def test_a_leading_tilde_is_the_home_folder(tmp_path, monkeypatch, capsys):
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    tried = []
    monkeypatch.setattr(
        run_command, "_attempt", lambda record, arguments, out: tried.append(out) or True
    )
    assert cli.main(["run", "warm-up", "--out=~/x"]) == 0
    assert cli.main(["run", "warm-up", "--out", "a~b/~c"]) == 0
    assert tried == [home / "x", Path("a~b/~c")]
    assert (names(home), names(here)) == (["x"], ["a~b"])
    for words in (["draw", "~/r"], ["estimate", "~/r", "--edges", "0", "1", "9"]):
        assert cli.main(words) == 2
        assert f"RESULT is '{home / 'r'}'" in capsys.readouterr().err
    monkeypatch.setenv(mnist.VARIABLE, "restored afterwards")
    assert cli.main(["run", "mnist", "--mnist=~/m"]) == 2
    assert f"'{home / 'm'}' is neither a folder nor a file" in capsys.readouterr().err
    monkeypatch.setenv(mnist.VARIABLE, "~/n")
    with pytest.raises(mnist.NoMnist, match=f"'{home / 'n'}' is neither"):
        mnist.find()
    assert cli.main(["reproduction", "--results=~/r", "--out=~/page.md"]) == 2
    assert f"results is '{home / 'r'}'" in capsys.readouterr().err


ABSURD = [
    (
        "--copies",
        "1000000000",
        r"1,000,000,000 copies, 1 seeds and 301 recorded of 300 steps would need about [\d,.]+ .B",
    ),
    ("--seeds", "1000000000", r"with 1 copies, 1,000,000,000 seeds and"),
    (
        "--epochs",
        "1000000000000",
        r"1,000,000,000,001 recorded of 1,000,000,000,000 steps would need",
    ),
    ("--copies", "9" * 18, "would need about"),
    ("--copies", "9" * 19, r"copies is 9+: it is from 1 to 9,223,372,036,854,775,807"),
    ("--record", "1000000000", r"n_recorded \(--record\) is 1000000000: it is from 1 to 1,048,576"),
    ("--seed", "9" * 25, r"seed is 9+: it is from 0 to"),
]


@pytest.mark.parametrize(("option", "value", "message"), ABSURD)
def test_what_could_never_be_held_is_refused_at_once(
    tmp_path, idle, capsys, option, value, message
):
    out = tmp_path / "out"
    assert run("warm-up", option, value, out=out) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not out.exists()


def test_the_way_out_of_an_absurd_size_is_one(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(run_command, "_attempt", lambda record, arguments, out: True)
    assert run("warm-up", "--copies", "1000000000", out=tmp_path) == 2
    assert "and this machine has" in capsys.readouterr().err
    assert run("warm-up", "--copies", "100", out=tmp_path) == 0


def test_epochs_that_could_never_be_held_are_refused_by_compression_too(tmp_path, idle, capsys):
    assert cli.main(["compression", "--epochs", "9" * 15, "--out", str(tmp_path / "page.md")]) == 2
    assert "would need about" in capsys.readouterr().err


@pytest.mark.parametrize("n", ["16777217", "10000000000", "9" * 4000])
def test_edges_that_could_never_be_held_are_refused_at_once(tmp_path, finished, idle, capsys, n):
    assert (
        cli.main(
            ["estimate", str(finished), "--edges", "-1", "1", n, "--out", str(tmp_path / "out")]
        )
        == 2
    )
    assert (
        "pass LOW below HIGH, and N, a whole number from 2 to 16,777,216" in capsys.readouterr().err
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("value", ["9" * 5000, "-", "--5", "1e3", "²", "0x10", "1_000", " 7", ""])
def test_what_is_no_number_is_refused(tmp_path, capsys, value):
    with pytest.raises(SystemExit) as stopped:
        run("warm-up", f"--epochs={value}", out=tmp_path)
    assert stopped.value.code == 2
    assert "is not a whole number of at least 1" in capsys.readouterr().err


@pytest.mark.parametrize("name", list(CATALOG))
def test_the_catalogue_s_runs_fit_a_small_machine(name, monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "memory", lambda: 8 * 10**9)
    resources.check(CATALOG[name].varied(seeds=10, n_recorded=400), tmp_path)


def test_parameters_are_counted_as_they_are():
    run = CATALOG["original"].varied(copies=3, seeds=2)
    n = sum(
        leaf.numel()
        for leaf in networks.build(run.training.network, run.training.widths, 0).parameters()
    )
    # Adam remembers two numbers of each
    assert resources.needed(run)["parameters"] == 6 * n * 4 * (3 + 2)


def test_snapshots_that_the_disk_cannot_hold_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(resources.shutil, "disk_usage", lambda path: SimpleNamespace(free=10**6))
    with pytest.raises(
        ValueError,
        match=r"would leave 0\.0 GB of snapshots, and the disk of .* has 0\.0 GB left: pass",
    ):
        resources.check(CATALOG["tishby"].varied(copies=10), tmp_path / "not" / "there" / "yet")


def test_where_the_system_does_not_say_its_memory_there_is_no_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "memory", lambda: None)
    monkeypatch.setattr(resources, "_free", lambda out: 10**30)
    resources.check(TINY.varied(copies=10**9), tmp_path)


@posix
def test_the_memory_is_that_of_the_machine_or_of_its_container(monkeypatch):
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for text, expected in (("max\n", machine), ("1000000\n", 1_000_000), (f"{10**18}\n", machine)):
        monkeypatch.setattr(resources.Path, "read_text", lambda self, text=text: text)
        assert resources.memory() == expected
