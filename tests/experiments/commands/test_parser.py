"""The command line: what is asked is refused or understood before any work."""

import pytest

from experiments import __main__ as cli
from experiments import mnist, work
from tests.runs import run


def test_an_unknown_run_is_refused_before_any_work(tmp_path, capsys):
    assert run("warm-up", "exp-9", out=tmp_path / "new") == 2
    assert "NAME is 'exp-9': the runs are warm-up, tishby" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_mistyped_run_is_told_its_neighbour(tmp_path, capsys):
    assert run("warmup", out=tmp_path / "new") == 2
    assert "NAME is 'warmup': did you mean warm-up? the runs are" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("device", ["tpu9", "meta", "cuda:99"])
def test_a_device_that_is_not_there_is_refused_before_any_work(device, tmp_path, capsys):
    assert run("warm-up", "--device", device, out=tmp_path / "new") == 2
    assert f"device is '{device}'" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_an_output_folder_that_cannot_be_written_is_refused_before_any_work(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert run("warm-up", out=tmp_path / "file") == 2
    error = capsys.readouterr().err
    assert "cannot be written" in error
    assert "--out FOLDER" in error


def test_a_wrong_place_for_mnist_is_said_before_any_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(mnist.VARIABLE, "restored afterwards")
    assert run("mnist", "--mnist", str(tmp_path / "nowhere"), out=tmp_path / "out") == 2
    assert "neither a folder nor a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--epochs", "0"],
        ["--copies", "-1"],
        ["--seed", "x"],
        ["--epochs", "1.5"],
        ["--seeds", "0"],
        ["--record", "-"],
    ],
)
def test_numbers_out_of_range_are_refused(words, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        run("warm-up", *words, out=tmp_path)
    assert stopped.value.code == 2
    assert f"{words[1]!r} is not a whole number" in capsys.readouterr().err


def test_the_compression_command_writes_its_page(tmp_path):
    page = tmp_path / "compression.md"
    assert cli.main(["compression", "--seeds", "2", "--epochs", "2", "--out", str(page)]) == 0
    assert page.read_text().startswith("# Fitting, then compression")
    assert "--seeds 2 --epochs 2" in page.read_text()


def test_a_page_that_cannot_be_written_is_said_before_any_seed(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(work, "execute", lambda *arguments, **options: pytest.fail("work was done"))
    assert cli.main(["compression", "--out", str(tmp_path)]) == 2
    assert "which is a folder: pass the name of a file" in capsys.readouterr().err
