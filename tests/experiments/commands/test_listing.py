"""The commands that print: the runs of the catalogue, and the attempts."""

import csv
import io
import shutil
import subprocess
import sys

from experiments import __main__ as cli
from experiments import attempts
from experiments.catalog import CATALOG
from tests import DATA, ROOT


def test_list_names_every_run(capsys):
    assert cli.main(["list"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in CATALOG)


def test_list_loads_no_torch_and_calls_steps_steps():
    code = (
        "import sys; from experiments.__main__ import main; main(['list']); sys.exit('torch' in "
        "sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert list(lines) == list(CATALOG)
    assert lines["mnist-mlp"].endswith("; 1 copy, 1,200 steps of 256, 5.1 passes")
    assert lines["original"].endswith("; 1 copy, 8,000 epochs")
    assert all(line.endswith(CATALOG[name].training.length) for name, line in lines.items())


def test_attempts_are_printed_as_csv(tmp_path, capsys):
    attempts.record(tmp_path, run="tishby", status="failed", reason="the power, out")
    shutil.copy(DATA / "format-0" / "runs.csv", tmp_path)
    assert cli.main(["attempts", "--out", str(tmp_path)]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["run"], row["status"], row["reason"]) for row in rows] == [
        ("warm-up", "done", ""),
        ("tishby", "failed", "the power, out"),
    ]
    assert cli.main(["attempts", "--out", str(tmp_path / "nowhere")]) == 2
    assert "nowhere', which is no folder: pass --out FOLDER" in capsys.readouterr().err
