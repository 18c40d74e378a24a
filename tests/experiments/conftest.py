"""Runs of the experiments, for the tests that do with them what users do."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from experiments import mnist, reproduction, rereading, work
from experiments.catalog import CATALOG
from experiments.execution import execute
from tests import runs
from tests.experiments.shortened import RUNS, SEEDED, SHORT, STOPPING, every_epoch, left_by
from tests.runs import FORMAT_0, TINY, reading_of, run, trained, undraw


@pytest.fixture(scope="session")
def material():
    """All that the page of a lesson shows, of networks that were hardly trained."""
    from experiments.lesson.material import Material

    return Material(steps=3)


@pytest.fixture(scope="session")
def lesson_page(material, tmp_path_factory):
    """The page of that lesson, by its command; its figures lie beside it."""
    from experiments import lesson

    page = tmp_path_factory.mktemp("lesson") / "page.md"
    lesson.write(page, material, f"python -m experiments reading-a-plane --steps {material.steps}")
    return page


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are empty files."""
    undraw(monkeypatch)


@pytest.fixture
def idle(monkeypatch):
    """No work is done."""
    for module in (work, rereading):
        monkeypatch.setattr(
            module, "execute", lambda *words, **options: pytest.fail("work was done")
        )


@pytest.fixture
def part(tmp_path):
    """An unfinished run."""
    return Path(shutil.copytree(FORMAT_0 / "unfinished", tmp_path / f"{TINY.id}.part"))


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A finished run of two copies."""
    out = tmp_path_factory.mktemp("once")
    with pytest.MonkeyPatch.context() as patch:
        undraw(patch)
        assert run("warm-up", "--epochs", "4", "--copies", "2", out=out) == 0
    return out / TINY.varied(copies=2).id


@pytest.fixture
def finished(tmp_path, once):
    """Another finished run than TINY, of two copies."""
    return Path(shutil.copytree(once, tmp_path / once.name))


@pytest.fixture
def at_every_epoch(monkeypatch):
    """Writes a checkpoint after every epoch."""
    every_epoch(monkeypatch)


@pytest.fixture(scope="module")
def whole():
    """The runs, never interrupted."""
    return {name: execute(run) for name, run in RUNS.items()}


@pytest.fixture(scope="module")
def result():
    return execute(SHORT)


@pytest.fixture(scope="module")
def seeded():
    return execute(SEEDED)


@pytest.fixture(scope="module")
def stand_in():
    """As many images as MNIST has, but of the test images 200; a bright rim at the top."""
    n = 60_200
    pixels = (
        np.frombuffer(np.random.default_rng(0).bytes(n * 784), np.uint8).reshape(n, 28, 28).copy()
    )
    pixels[:, :4] = 255
    return mnist.Images(pixels, np.arange(n, dtype=np.uint8) % 10)


@pytest.fixture
def images(monkeypatch, stand_in):
    monkeypatch.setattr(mnist, "find", lambda: stand_in)
    return stand_in


@pytest.fixture(scope="module")
def short_runs(tmp_path_factory):
    """A folder of finished runs, and their folders by a name."""
    out = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        undraw(patch)
        folders = {
            "warm-up": left_by("warm-up", "--epochs", "3", out=out),
            "ten": left_by("warm-up", "--epochs", "10", out=out),
            "seeds": left_by("warm-up", "--epochs", "3", "--seeds", "3", out=out),
            "other seeds": left_by(
                "warm-up", "--epochs", "3", "--seeds", "3", "--seed", "5", out=out
            ),
            "copies": left_by("warm-up", "--epochs", "3", "--copies", "2", out=out),
            "original": left_by("original", "--epochs", "3", out=out),
            "stopping": left_by(*STOPPING, out=out),
        }
        assert len(set(folders.values())) == len(folders)
        return folders


@pytest.fixture(scope="module")
def analysed(tmp_path_factory):
    """Makes folders of what was read, by a name."""
    out = tmp_path_factory.mktemp("results")

    def run(*words):
        before = set(trained(out)) if out.exists() else set()
        assert runs.run(*words, out=out) == 0
        (new,) = set(trained(out)) - before
        return reading_of(new)

    with pytest.MonkeyPatch.context() as patch:
        undraw(patch)
        return {
            "stopping": run(*STOPPING),
            "seed 0": run("tishby", "--epochs", "3"),
            "seeds": run("tishby", "--epochs", "3", "--seed", "1", "--seeds", "2"),
            "copies": run("tishby-extended", "--epochs", "3", "--copies", "2"),
        }


@pytest.fixture
def old_result(tmp_path):
    """A finished run of two copies, of format 0."""
    return Path(shutil.copytree(FORMAT_0 / "finished", tmp_path / "result"))


@pytest.fixture(scope="module")
def once_today(tmp_path_factory):
    out = tmp_path_factory.mktemp("once")
    with pytest.MonkeyPatch.context() as patch:
        undraw(patch)
        assert run("warm-up", "--epochs", "2", out=out) == 0
    return out / CATALOG["warm-up"].varied(epochs=2).id


@pytest.fixture
def today(tmp_path, once_today):
    """The folder of what was trained."""
    return Path(shutil.copytree(once_today, tmp_path / "today"))


@pytest.fixture(scope="module")
def times(tmp_path_factory):
    """Writes what the benchmarks would: the published loop of exp 1 took 120 s an epoch."""
    path = tmp_path_factory.mktemp("times") / "times.json"
    loop = {
        "name": "exp-1",
        "candidates": [
            {"name": "fastmi", "median": 1.0},
            {"name": "published loop", "median": 120.0},
        ],
    }
    path.write_text(
        json.dumps(
            {"cases": [loop, {"name": "exp-2", "candidates": [{"name": "fastmi", "median": 7.0}]}]}
        )
    )
    return path


@pytest.fixture(scope="module")
def short_runs_are_shown():
    """The page takes the catalogue's own runs alone, which are too long to be made here."""

    def short(result):
        return (
            "wall_seconds" in result.manifest
            and result.run.reads[0] in CATALOG[result.run.name].reads
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduction, "_as_catalogued", short)
        yield
