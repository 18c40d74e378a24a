"""Short runs, checkpoints at every epoch, and what two of them have in common."""

from experiments import training
from experiments.catalog import CATALOG
from tests.runs import reading_of

TINY = CATALOG["warm-up"].varied(epochs=4, n_samples=120)
SHORT = CATALOG["tishby-extended"].varied(epochs=3, n_samples=200, copies=3)
SEEDED = SHORT.varied(seed=4, seeds=3, copies=2)
RUNS = {
    "sgd": TINY,
    "copies": TINY.varied(copies=2, seeds=2, init="independent", record_every=2),
    "adam, whole passes": CATALOG["original"].varied(epochs=4, copies=2, seeds=2),
}


class Killed(BaseException):
    """Not even `except Exception` stops it."""


def every_epoch(monkeypatch):
    monkeypatch.setattr(training, "EVERY", 0)
    monkeypatch.setattr(training, "SHARE", float("inf"))


def killed_at(epoch):
    def on_epoch(now):
        if now == epoch:
            raise Killed

    return on_epoch


def assert_same_files(one, other):
    """Of what was trained, and of what was read of it."""
    for name in (
        "scores.csv",
        f"{reading_of(one).name}/plane.csv",
        f"{reading_of(one).name}/planes.npz",
    ):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def contents(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
