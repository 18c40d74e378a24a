"""Short runs, checkpoints at every epoch, and what two of them have in common."""

import json
import os

import pytest

from experiments import __main__ as cli
from experiments import results, training
from experiments.catalog import CATALOG
from tests import runs
from tests.runs import reading_of, trained

TINY = CATALOG["warm-up"].varied(epochs=4, n_samples=120)
SHORT = CATALOG["tishby-extended"].varied(epochs=3, n_samples=200, copies=3)
SEEDED = SHORT.varied(seed=4, seeds=3, copies=2)
STOPPING = ("stopping", "--epochs", "30", "--copies", "2")
posix = pytest.mark.skipif(os.name != "posix", reason="links and pipes of POSIX")
RUNS = {
    "sgd": TINY,
    "copies": TINY.varied(copies=2, seeds=2, init="independent", record_every=2),
    "adam, whole passes": CATALOG["original"].varied(epochs=4, copies=2, seeds=2),
}


class Killed(BaseException):
    """Not even `except Exception` stops it."""


def every_epoch(monkeypatch):
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0)
    monkeypatch.setattr(training, "CHECKPOINT_SHARE", float("inf"))


def killed_at(epoch):
    def on_epoch(now):
        if now == epoch:
            raise Killed

    return on_epoch


def assert_same_files(first, second):
    """Asserts that what was trained, and what was read of it, has the same bytes."""
    for name in (
        "scores.csv",
        f"{reading_of(first).name}/plane.csv",
        f"{reading_of(first).name}/planes.npz",
    ):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def contents(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def left_by(*words, out):
    """The folder of what was read."""
    assert runs.run(*words, out=out) == 0
    return reading_of(max(trained(out), key=lambda path: path.stat().st_mtime_ns))


def draw(*words):
    return cli.main(["draw", *map(str, words)])


def page_of(tmp_path, *words):
    """The page that the command writes."""
    path = tmp_path / "page.md"
    assert cli.main([*map(str, words), "--out", str(path)]) == 0
    return path.read_text()


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text())


def rewrite(folder, **changes):
    """The manifest with other values; of its run those that begin with run_."""
    manifest = manifest_of(folder)
    manifest["run"] |= {
        key.removeprefix("run_"): value for key, value in changes.items() if key.startswith("run_")
    }
    manifest |= {key: value for key, value in changes.items() if not key.startswith("run_")}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def refused(folder, reason):
    with pytest.raises(
        ValueError, match=rf"RESULT is '.*', which is no folder that `run` left \(.*{reason}"
    ) as caught:
        results.read(folder)
    assert "\n" not in str(caught.value)
