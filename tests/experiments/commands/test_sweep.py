"""`sweep`: what is asked is refused before any work, and what became of it is said."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from experiments import __main__ as cli
from experiments import signals, sweeps, work
from experiments.catalog import CATALOG
from experiments.commands import sweep as sweep_command
from experiments.execution import execute
from tests.runs import names, rows_of


def sweep(*words, out):
    return cli.main(["sweep", *words, "--out", str(out)])


@pytest.fixture
def in_thread(monkeypatch, undrawn):
    """Its workers are a thread of this process."""
    real = sweeps.sweep

    def swept(plan, out, **options):
        asked.append((plan, options))
        with ThreadPoolExecutor(1) as executor:
            return real(plan, out, executor=executor, device=options["device"])

    asked = []
    monkeypatch.setattr(sweeps, "sweep", swept)
    return asked


AXES = ["--axis", "seed=0..1", "--axis", "edges=-1:1:9,-1:1:30"]


def test_a_grid_is_made_and_what_it_shows_is_written(tmp_path, in_thread, capsys):
    assert sweep("warm-up", *AXES, "--epochs", "3", out=tmp_path) == 0
    files = ["correlations.csv", "sweep.csv", "sweep.json", "sweep.png", "sweep.svg"]
    runs = [CATALOG["warm-up"].varied(epochs=3, seed=seed).id for seed in (0, 1)]
    assert names(tmp_path) == sorted(["attempts", *files, *runs])
    said = capsys.readouterr().out
    assert f"2 of 2 runs are finished; tables and figure in {tmp_path}/" in said
    assert "output   counted-" in said
    # a row for each of 2 seeds, 2 edges, 2 samples and 2 layers
    assert len((tmp_path / "sweep.csv").read_text().splitlines()) == 1 + 16
    assert sweep("warm-up", *AXES, "--epochs", "3", out=tmp_path) == 0
    assert [row["status"] for row in rows_of(tmp_path)] == ["done"] * 2


def test_the_options_of_run_hold_for_all_runs(tmp_path, in_thread):
    words = ["--epochs", "2", "--copies", "2", "--record", "1", "--init", "independent"]
    assert sweep("warm-up", "--axis", "seed=3", *words, "--shuffle-labels", out=tmp_path) == 0
    changes = {"epochs": 2, "copies": 2, "n_recorded": 1, "init": "independent"}
    run = CATALOG["warm-up"].varied(**changes, labels="shuffled", seed=3)
    assert [plan.runs for plan, _ in in_thread] == [[run]]


def test_the_folder_of_a_sweep_bears_the_name_of_its_run(tmp_path, in_thread, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["sweep", "warm-up", "--axis", "seed=0", "--epochs", "1"]) == 0
    assert names(tmp_path / "results") == ["sweep-warm-up"]


def test_workers_and_scheduler_are_passed_on(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(sweeps, "sweep", lambda plan, out, **options: asked.append(options) or {})
    assert sweep("warm-up", "--axis", "seed=0", "--workers", "3", out=tmp_path) == 0
    assert sweep("warm-up", "--axis", "seed=0", "--scheduler", "tcp://x:1", out=tmp_path) == 0
    assert [(one["n_workers"], one["scheduler"]) for one in asked] == [
        (3, None),
        (None, "tcp://x:1"),
    ]


def test_a_failed_run_is_said_and_the_status_is_1(tmp_path, in_thread, monkeypatch, capsys):
    def broken(run, *words, **options):
        if run.training.seed == 0:
            raise RuntimeError("the power went out")
        return execute(run, *words, **options)

    monkeypatch.setattr(work, "execute", broken)
    assert sweep("warm-up", *AXES, "--epochs", "1", out=tmp_path) == 1
    output = capsys.readouterr()
    assert "1 of 2 runs are finished" in output.out
    assert f"{CATALOG['warm-up'].varied(epochs=1).id} failed: " in output.err
    assert f"failed: 1; the reasons are in {tmp_path / 'attempts'}" in output.err
    assert len(list(tmp_path.glob("warm-up-*"))) == 1


def test_an_interrupted_sweep_says_how_it_goes_on(tmp_path, monkeypatch, capsys):
    def interrupted(*words, **options):
        raise signals.Stopped(15)

    monkeypatch.setattr(sweeps, "sweep", interrupted)
    assert sweep("warm-up", "--axis", "seed=0", out=tmp_path) == 143
    assert capsys.readouterr().err == (
        "interrupted (SIGTERM): what was finished before is whole, and the same command goes on "
        "with the rest\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["exp-9", "--axis", "seed=0"], "NAME is 'exp-9': the runs are warm-up, tishby"),
        (["tishby", "--axis", "lerning_rate=.1"], "did you mean learning_rate?"),
        (["tishby", "--axis", "seed=0", "--axis", "seed=1"], "axis seed is given twice"),
        (["tishby", "--axis", "seed="], "axis seed has '', which is no whole number"),
        (["tishby", "--axis", "seed=0", "--seed", "0"], "seed is an axis, and given by --seed too"),
        (
            ["tishby", "--axis", "labels=true", "--shuffle-labels"],
            "labels is an axis, and given by --shuffle-labels too",
        ),
        (["tishby", "--axis", "n_recorded=3", "--record", "2"], "given by --record too"),
        (
            ["tishby", "--axis", "seed=0", "--workers", "2", "--scheduler", "tcp://x:1"],
            "--workers is 2 and --scheduler 'tcp://x:1', which has workers of its own",
        ),
        (["tishby", "--axis", "seed=0", "--device", "tpu9"], "device is 'tpu9'"),
    ],
)
def test_what_is_wrong_is_said_before_any_work(words, said, tmp_path, capsys):
    assert sweep(*words, out=tmp_path / "new") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_every_option_of_a_field_is_known():
    assert set(sweep_command.OPTIONS) <= set(
        sweeps.make(CATALOG["tishby"], {"seed": "0"}).base.fields()["training"]
    )
