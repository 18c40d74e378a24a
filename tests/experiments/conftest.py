"""Runs of the experiments, for the tests that do with them what users do."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from experiments import estimating, mnist, running
from experiments.runner import execute
from tests.experiments.shortened import RUNS, SEEDED, SHORT, every_epoch
from tests.runs import FORMAT_0, TINY, run, undraw


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are empty files."""
    undraw(monkeypatch)


@pytest.fixture
def idle(monkeypatch):
    """No work is done."""
    for module in (running, estimating):
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
    """A checkpoint after every epoch."""
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
    """As many images as MNIST has, but for the test images, of which there are 200; a bright rim at
    the top.
    """
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
